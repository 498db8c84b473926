"""`run` and `resume`: the commands that drive a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from flexes.cli.driving import drive, in_loop, new_progress, opened
from flexes.cli.failures import DONE
from flexes.cli.opening import find_run, must_exist, who
from flexes.cli.options import DEFAULT_STORE, App, AsJson, By, Key, OptionalApp, RunRef, StoreUrl
from flexes.cli.output import say
from flexes.cli.standing import status_code, tell_report
from flexes.errors import InvalidDocument

EnvelopeFile = Annotated[
    str, typer.Argument(metavar="ENVELOPE", help="A task envelope, YAML or JSON; - reads standard input.")
]
RunId = Annotated[
    str | None, typer.Option("--run-id", metavar="UUID", help="The id of the new run; made up by default.")
]


def run(
    envelope: EnvelopeFile,
    app: App,
    run_id: RunId = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Start a run and drive it, showing each frame as it happens.

    Ends when the run completes, fails or is cancelled, and when it rests: paused, or awaiting a human. Kill it at any
    moment; `flexes resume` goes on where it was. With --json: frames as JSON lines, then one line of type "report".

    Exit status: 0 completed or at rest, 1 failed or cancelled, 2 bad input.
    """
    raise typer.Exit(in_loop(_run(envelope, app, run_id, idempotency_key, store, as_json)))


def resume(
    run: RunRef,
    app: OptionalApp = None,
    by: By = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Let a paused run go on, or take up a run whose driver died; says plan version and triggering policies.

    With --app the run is driven on, as `flexes run` does. A run that awaits a human is refused: approve or reject
    its request. A run that has ended stays as it is.

    Exit status: 0 completed or at rest, 1 failed or cancelled, 2 bad input.
    """
    must_exist(store)
    raise typer.Exit(in_loop(_resume(run, app, by, idempotency_key, store, as_json)))


async def _run(envelope: str, app: str, run_id: str | None, key: str | None, store: str, as_json: bool) -> int:
    from flexes.scenario.documents import load_document
    from flexes.shell.run_ids import checked_run_id

    document = load_document(envelope)
    async with opened(store, app) as flexes:
        with naming(envelope):
            started = await flexes.start(document, run_id=run_id, idempotency_key=key)
        identity = checked_run_id(started.id)
        if not as_json:
            say(f"run {identity}")
        progress = new_progress(flexes, identity, 0, as_json=as_json)
        progress.show()
        await drive(flexes, identity, progress)
        return progress.report(flexes.state(identity))


async def _resume(reference: str, app: str | None, by: str | None, key: str | None, store: str, as_json: bool) -> int:
    async with opened(store, app) as flexes:
        run_id = find_run(flexes.store, reference)
        state = flexes.state(run_id)
        if state.is_final:
            tell_report(state, as_json=as_json)
            return status_code(state.status)
        progress = new_progress(flexes, run_id, state.version, as_json=as_json)
        await flexes.resume(run_id, by=who(by), idempotency_key=key)
        if not as_json:
            say(resumed_line(flexes.state(run_id)))
        progress.show()
        if app is not None:
            await drive(flexes, run_id, progress)
            return progress.report(flexes.state(run_id))
        progress.report(flexes.state(run_id))
        if not as_json:
            say(f"nothing drives it yet: flexes resume {run_id} --app MODULE:REGISTRY")
        return DONE


def resumed_line(state: Any) -> str:
    """Return under which plan, and by whose will, a run goes on."""
    triggers = ", ".join(state.triggered_by) or "none"
    return f"resumed under plan version {state.plan_version}; triggering policies: {triggers}"


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Let a refusal of a document name the file that it came from."""
    try:
        yield
    except InvalidDocument as error:
        raise InvalidDocument(error.problems, f"{error.what} {path}") from None
