"""Commands to a run: pause, cancel, approve, reject, trigger, signal. Each is one atomic append, or refused."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flexes.cli.driving import drive, in_loop, new_progress, opened
from flexes.cli.failures import DONE
from flexes.cli.opening import find_run, must_exist, who
from flexes.cli.options import DEFAULT_STORE, AsJson, By, Key, OptionalApp, RunRef, StoreUrl
from flexes.errors import RequestNotFound

if TYPE_CHECKING:
    from flexes.ids import RunId
    from flexes.shell.facade import Flexes

Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with the run.")]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="A remark; kept with the run.")]
RequestRef = Annotated[
    str | None, typer.Argument(metavar="REQUEST", help="The request, or its first characters; the only open one.")
]
Edits = Annotated[
    str | None,
    typer.Option("--edits", metavar="FILE|JSON", help="Facets to replace: an object, or a YAML or JSON file of one."),
]
PolicyId = Annotated[str, typer.Argument(metavar="POLICY", help="A directive whose trigger is `manual`.")]
Metrics = Annotated[
    list[str],
    typer.Option("--metrics", metavar="NAME=NUMBER|JSON|FILE", help="One measure, or an object of some; repeatable."),
]
Node = Annotated[str | None, typer.Option("--node", metavar="ID", help="The node that was measured.")]
Source = Annotated[str | None, typer.Option("--source", metavar="TEXT", help="Who measured.")]


def pause(
    run: RunRef,
    reason: Reason = None,
    by: By = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Suspend a run: nodes in flight finish, nothing new starts."""
    _command(
        run, None, store, as_json,
        lambda flexes, run_id: flexes.pause(run_id, reason, by=who(by), idempotency_key=idempotency_key),
    )  # fmt: skip


def cancel(
    run: RunRef,
    reason: Reason = None,
    by: By = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """End a run, whatever it is doing."""
    _command(
        run, None, store, as_json,
        lambda flexes, run_id: flexes.cancel(run_id, reason, by=who(by), idempotency_key=idempotency_key),
    )  # fmt: skip


def approve(
    run: RunRef,
    request: RequestRef = None,
    by: By = None,
    note: Note = None,
    edits: Edits = None,
    app: OptionalApp = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Approve an open human request, with edits of whole facets if need be. The first decision wins."""
    facets = _object(edits, "--edits") if edits is not None else {}
    _resolve(run, request, "approve", by, note, facets, app, idempotency_key, store, as_json)


def reject(
    run: RunRef,
    request: RequestRef = None,
    by: By = None,
    note: Note = None,
    app: OptionalApp = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Reject an open human request; the run does what its policy says, else it fails with the note."""
    _resolve(run, request, "reject", by, note, {}, app, idempotency_key, store, as_json)


def trigger(
    run: RunRef,
    policy: PolicyId,
    by: By = None,
    app: OptionalApp = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Fire a `manual` policy of a run."""
    _command(
        run, app, store, as_json,
        lambda flexes, run_id: flexes.trigger(run_id, policy, by=who(by), idempotency_key=idempotency_key),
    )  # fmt: skip


def signal(
    run: RunRef,
    metrics: Metrics,
    node: Node = None,
    source: Source = None,
    by: By = None,
    app: OptionalApp = None,
    idempotency_key: Key = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Give a run measures that were taken outside; onMetricBelow and onMetricAbove policies hear them."""
    measured: dict[str, Any] = {}
    for text in metrics:
        measured.update(_measures(text))
    document = {"metrics": measured, "node": node, "source": source}
    _command(
        run, app, store, as_json,
        lambda flexes, run_id: flexes.signal(run_id, document, by=who(by), idempotency_key=idempotency_key),
    )  # fmt: skip


def _resolve(
    run: str,
    request: str | None,
    decision: Literal["approve", "reject"],
    by: str | None,
    note: str | None,
    edits: dict[str, Any],
    app: str | None,
    key: str | None,
    store: str,
    as_json: bool,
) -> None:
    async def resolve(flexes: "Flexes", run_id: "RunId") -> None:
        request_id = _given_before(flexes, run_id, request, key) or _request(flexes, run_id, request)
        await flexes.resolve_hitl(
            run_id, request_id, decision=decision, by=who(by), note=note, edits=edits, idempotency_key=key
        )

    _command(run, app, store, as_json, resolve)


def _given_before(flexes: "Flexes", run_id: "RunId", request: str | None, key: str | None) -> str | None:
    """Return the request that the same key decided before, where this call names none."""
    given = flexes.given(run_id, key) if request is None and key is not None else None
    return getattr(given, "request_id", None)


def _command(
    run: str,
    app: str | None,
    store: str,
    as_json: bool,
    give: "Callable[[Flexes, RunId], Awaitable[object]]",
) -> None:
    """Give the command, show what came of it, and drive on if an app is there to drive with."""

    async def work() -> int:
        async with opened(store, app) as flexes:
            run_id = find_run(flexes.store, run)
            progress = new_progress(flexes, run_id, flexes.state(run_id).version, as_json=as_json)
            await give(flexes, run_id)
            progress.show()
            if app is not None:
                await drive(flexes, run_id, progress)
            status = progress.report(flexes.state(run_id))
            return status if app is not None else DONE

    must_exist(store)
    raise typer.Exit(in_loop(work()))


def _request(flexes: "Flexes", run_id: "RunId", reference: str | None) -> str:
    """Return the request that is meant; a decided one too, so that the refusal can say who decided it."""
    state = flexes.state(run_id)
    if reference is not None:
        found = [each for each in state.requests if each.startswith(reference)]
        return found[0] if len(found) == 1 else reference
    if not state.open_requests:
        raise RequestNotFound(f"run {run_id} awaits no decision: it is {state.status}", run_id=run_id)
    if len(state.open_requests) > 1:
        listed = ", ".join(state.open_requests)
        raise typer.BadParameter(f"several requests are open ({listed}); name one", param_hint="REQUEST")
    return next(iter(state.open_requests))


def _measures(text: str) -> dict[str, Any]:
    name, equals, number = text.partition("=")
    if not equals or text.lstrip().startswith("{"):
        return _object(text, "--metrics")
    try:
        return {name: float(number)}
    except ValueError:
        raise typer.BadParameter(f"{text!r}: {number!r} is not a number", param_hint="--metrics") from None


def _object(text: str, option: str) -> dict[str, Any]:
    from flexes.scenario.documents import load_document, parse_document

    found = parse_document(text, option) if text.lstrip().startswith("{") else load_document(text)
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{text[:60]!r} holds no object", param_hint=option)
    return found
