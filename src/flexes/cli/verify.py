"""`verify`: proof that what is stored is what was decided."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flexes.cli.failures import DONE, FOUND
from flexes.cli.opening import find_run, reading
from flexes.cli.options import DEFAULT_STORE, AsJson, EveryRun, StoreUrl
from flexes.cli.output import emit_json, say

if TYPE_CHECKING:
    from flexes.shell.verify import Holes, Verified

OneRun = Annotated[
    str | None, typer.Argument(metavar="RUN", help="A run id, or its first characters; leave it out with --all.")
]


def verify(
    run: OneRun = None, every: EveryRun = False, store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False
) -> None:
    """Check stored runs: the digest chain, the lifecycle, and every decision made again; names the first break.

    Also looks for events that were removed from the end of a run or with a whole run: they leave a hole in the log.
    With --json: one object a run, one a line; if the log has holes, then one of type "log".

    Exit status: 0 all is well, 1 a check found something, 2 bad input.
    """
    from flexes.shell.verify import holes_after, log_holes, recorded_runs, verify_run

    if run is not None and every:
        raise typer.BadParameter("name one run, or give --all")
    is_well = True
    with reading(store) as kept:
        wanted = [find_run(kept, run)] if run is not None else recorded_runs(kept)
        if not wanted and not as_json:
            say("no runs")
        for run_id in wanted:
            verified = verify_run(kept, run_id)
            is_well &= not verified.findings
            _tell(verified, as_json)
        holes = log_holes(kept) if run is None else holes_after(kept, wanted[0])
        is_well &= not (holes.found and holes.proven)
        _tell_holes(holes, as_json)
    raise typer.Exit(DONE if is_well else FOUND)


def _tell(verified: "Verified", as_json: bool) -> None:
    if as_json:
        emit_json(_document(verified))
        return
    skipped = f"; {verified.not_redecided} decided by other rules, not decided again" if verified.not_redecided else ""
    told = "broken" if verified.findings else "ok"
    say(f"run {verified.run_id}: {told}: {verified.events} events, {verified.commits} commits{skipped}")
    for finding in verified.findings:
        say(f"  {finding.check}: version {finding.version}: {finding.message}")


def _document(verified: "Verified") -> dict[str, Any]:
    return {
        "runId": verified.run_id,
        "ok": not verified.findings,
        "events": verified.events,
        "commits": verified.commits,
        "notRedecided": verified.not_redecided,
        "findings": [finding._asdict() for finding in verified.findings],
    }


def _tell_holes(holes: "Holes", as_json: bool) -> None:
    if not holes.found:
        return
    if as_json:
        emit_json({"type": "log", "ok": not holes.proven, "holes": [hole._asdict() for hole in holes.found]})
        return
    places = ", ".join(f"{first}-{last}" if first < last else f"{first}" for first, last in holes.found)
    told = "broken: events were removed" if holes.proven else "perhaps events were removed, or appends failed"
    say(f"log: {told}: positions without an event: {places}")
