"""`policy check` and `policy schema`: what is wrong with a policy, and what is allowed, before it runs."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from flexes.cli import predicates
from flexes.cli.failures import DONE, FOUND
from flexes.cli.opening import load_app
from flexes.cli.options import DEFAULT_STORE, AsJson, UnusedStore
from flexes.cli.output import dumps, emit, emit_json, say
from flexes.cli.policy_check import checked

PolicyFile = Annotated[
    str,
    typer.Argument(metavar="FILE", help="An envelope, its policies alone, or a scenario; - reads standard input."),
]
CatalogOf = Annotated[
    str | None,
    typer.Option("--app", metavar="MODULE:REGISTRY", help="Also check against the capabilities of this app."),
]


class Document(StrEnum):
    """What there is a schema of."""

    envelope = "envelope"
    policies = "policies"


SchemaOf = Annotated[Document, typer.Option("--of", help="The document that the schema is of.")]

app = typer.Typer(no_args_is_help=True, help="Check, describe and try policies; nothing is stored.")


@app.command("check")
def check(
    file: PolicyFile, app: CatalogOf = None, _store: UnusedStore = DEFAULT_STORE, as_json: AsJson = False
) -> None:
    """Check the policies of an envelope, a bare policies document or a scenario.

    What names a facet or a capability that nothing offers is found with --app, and in scenarios, which bring their
    own, and their plan, too. With --json: one object.

    Exit status: 0 no errors, 1 errors, 2 the file cannot be read.
    """
    from flexes.scenario.documents import load_document

    document = load_document(file)
    kind, findings = checked(document, load_app(app).catalog if app is not None else None)
    counts = Counter(finding["severity"] for finding in findings)
    is_fine = not counts["error"]
    if as_json:
        emit_json({"file": file, "kind": kind, "ok": is_fine, "findings": findings})
    else:
        for finding in findings:
            _say(file, finding)
        summary = ", ".join(
            f"{counts[severity]} {severity}(s)" for severity in ("error", "warning") if counts[severity]
        )
        say(f"{file}: {kind}: {'ok' if is_fine else 'refused'}{f', {summary}' if summary else ''}")
    raise typer.Exit(DONE if is_fine else FOUND)


@app.command("schema")
def schema(of: SchemaOf = Document.envelope, _store: UnusedStore = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Print the JSON Schema of task envelopes, or of their policies alone, for editors.

    Keys are the camelCase ones of the wire. What JSON Schema cannot say, such as ids that are used twice, is left to
    `policy check`.
    """
    from flexes.policy.schema import envelope_schema, policies_schema

    found = envelope_schema() if of is Document.envelope else policies_schema()
    emit(dumps(found, indent=not as_json) + "\n")


app.command("eval")(predicates.evaluate)
app.command("explain")(predicates.explain)


def _say(file: str, finding: Mapping[str, Any]) -> None:
    about = f"{finding['directive']}: " if "directive" in finding else ""
    place = f"{file}: {finding['severity']}: {finding['pointer'] or '/'}"
    shown = f", as with {dumps(finding['example'])}" if "example" in finding else ""
    say(f"{place}: {about}{finding['message']}{shown} [{finding['code']}]")
