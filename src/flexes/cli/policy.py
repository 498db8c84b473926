"""`policy check` and `policy schema`: what is wrong with a policy, and what is allowed, before it runs."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from flexes.cli import predicates
from flexes.cli.failures import DONE, FOUND
from flexes.cli.opening import load_app
from flexes.cli.options import DEFAULT_STORE, AsJson, UnusedStore
from flexes.cli.output import dumps, emit, emit_json, say
from flexes.errors import InvalidDocument, Problem

if TYPE_CHECKING:
    from flexes.envelope.capability import Catalog
    from flexes.policy.context import PolicyContext

PolicyFile = Annotated[
    str,
    typer.Argument(metavar="FILE", help="An envelope, its policies alone, or a scenario; - reads standard input."),
]
CatalogOf = Annotated[
    str | None,
    typer.Option("--app", metavar="MODULE:REGISTRY", help="Also check against the capabilities of this app."),
]
_SCENARIO_KEYS: Final = frozenset({"envelope", "capabilities"})
_POLICY_KEYS: Final = frozenset({"planner", "thresholds", "runtime", "overrides", "guardRails", "guard_rails"})

app = typer.Typer(no_args_is_help=True, help="Check, describe and try policies; nothing is stored.")


class Checked(NamedTuple):
    """What a file was taken for, and what is wrong with it: `{severity, code, pointer, message, value?}`."""

    kind: str
    findings: tuple[Mapping[str, Any], ...]


@app.command("check")
def check(
    file: PolicyFile, app: CatalogOf = None, _store: UnusedStore = DEFAULT_STORE, as_json: AsJson = False
) -> None:
    """Check the policies of an envelope, a bare policies document or a scenario.

    What names a facet or a capability that nothing offers is found with --app, and in scenarios, which bring their
    own. With --json: one object.

    Exit status: 0 no errors, 1 errors, 2 the file cannot be read.
    """
    from flexes.scenario.documents import load_document

    document = load_document(file)
    checked = _checked(document, load_app(app).catalog if app is not None else None)
    is_fine = not any(finding["severity"] == "error" for finding in checked.findings)
    if as_json:
        emit_json({"file": file, "kind": checked.kind, "ok": is_fine, "findings": checked.findings})
    else:
        for finding in checked.findings:
            say(f"{file}: {finding['severity']}: {finding['pointer'] or '/'}: {finding['message']} [{finding['code']}]")
        say(f"{file}: {checked.kind}: {'ok' if is_fine else 'refused'}, {len(checked.findings)} finding(s)")
    raise typer.Exit(DONE if is_fine else FOUND)


@app.command("schema")
def schema(_store: UnusedStore = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Print the JSON Schema of task envelopes, for editors."""
    from flexes.policy.envelope import TaskEnvelope

    emit(dumps(TaskEnvelope.model_json_schema(by_alias=True), indent=not as_json) + "\n")


app.command("eval")(predicates.evaluate)
app.command("explain")(predicates.explain)


def _checked(document: object, catalog: "Catalog | None") -> Checked:
    kind = _kind(document)
    try:
        context, is_complete = _context(kind, document, catalog)
    except InvalidDocument as error:
        return Checked(kind, tuple(_from_problems(error.problems)))
    warned = (
        {"severity": "error", "code": found.code, "pointer": found.where, "message": found.message}
        for found in (context.warnings if is_complete else ())
    )
    return Checked(kind, tuple(warned))


def _kind(document: object) -> str:
    keys = set(document) if isinstance(document, dict) else set()
    if keys & _SCENARIO_KEYS:
        return "scenario"
    return "policies" if keys & _POLICY_KEYS else "envelope"


def _context(kind: str, document: object, catalog: "Catalog | None") -> "tuple[PolicyContext, bool]":
    """Return the policy context, and whether the catalog that it was made over is known."""
    from flexes.envelope.capability import Catalog
    from flexes.policy.authored import TaskPolicies
    from flexes.policy.normalize import normalize
    from flexes.policy.problems import validated
    from flexes.scenario.model import Scenario
    from flexes.shell.submission import checked_envelope

    if kind == "policies":
        return normalize(validated(TaskPolicies, document, kind), catalog or Catalog()), False
    if kind == "scenario":
        scenario = validated(Scenario, document, kind)
        return checked_envelope(scenario.envelope, catalog or scenario.catalog)[1], True
    return checked_envelope(document, catalog or Catalog())[1], catalog is not None  # type: ignore[arg-type]


def _from_problems(problems: Iterable[Problem]) -> Iterable[Mapping[str, Any]]:
    for found in problems:
        shown = {"value": found.value} if found.value else {}
        yield {"severity": "error", "code": found.code, "pointer": found.pointer, "message": found.message, **shown}
