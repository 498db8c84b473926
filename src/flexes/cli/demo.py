"""`demo`: the main job on the shipped example."""

import sys
from typing import Annotated

import typer

from flexes.cli.driving import in_loop
from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with its default; nobody is asked.")]


def demo(yes: Yes = False, store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Watch a campaign brief go through plan, rewrite, fallback and approval, narrated.

    Exit status: 0 completed or at rest, 1 failed or cancelled, 2 bad input.
    """
    from rich.console import Console

    from flexes.demo.narrate import run_demo

    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    raise typer.Exit(in_loop(run_demo(console, store_url=store, yes=yes, json=as_json)))
