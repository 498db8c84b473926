"""The options and arguments that commands share."""

from typing import Annotated, Final

import typer

DEFAULT_STORE: Final = "sqlite:///flexes.db"

StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="FLEXES_STORE",
        metavar="URL",
        help="Where runs are kept: sqlite:///path, postgresql://..., memory://.",
    ),
]
UnusedStore = Annotated[str, typer.Option("--store", envvar="FLEXES_STORE", metavar="URL", hidden=True)]
"""Commands that keep nothing take the option too, so that a script can give it to every command."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; errors too, on standard error.")]
RunRef = Annotated[str, typer.Argument(metavar="RUN", help="A run id, or its first characters, at least 4.")]
App = Annotated[
    str,
    typer.Option(
        "--app",
        metavar="MODULE:REGISTRY",
        help="The CapabilityRegistry to drive with, or a function that returns one.",
    ),
]
OptionalApp = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:REGISTRY",
        help="Also drive the run on, with this CapabilityRegistry or function that returns one.",
    ),
]
By = Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who decides; your user name by default.")]
Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", metavar="KEY", help="The same key twice has one effect and one answer."),
]
EveryRun = Annotated[bool, typer.Option("--all", help="Every run of the store.")]
