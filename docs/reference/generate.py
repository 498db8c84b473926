"""The reference pages that are made from the code: `python docs/reference/generate.py` writes them.

cli.md from the Typer app, api.md from the docstrings of the public names, events.md and frames.md from the models,
errors.md from the errors, the rules of plan checks and policy checks, and CODES in error_codes.yaml beside this file.
A test compares each page with what is made here.
"""

import inspect
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any, get_args, get_type_hints

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOTE = "<!-- made by docs/reference/generate.py; change that, or the code -->\n"


def cli() -> str:
    """Return the page of the command line."""
    from flexes.cli.app import app_of

    app = app_of()

    assert app.registered_callback is not None
    assert app.registered_callback.callback is not None
    intro = (
        "Exit status: 0 done; 1 the run failed or a check found something; 2 bad input, a refused"
        " command, or a store that"
        " cannot be used (the message says where and what to do, never a traceback); 130 interrupted."
        " The reader of a pipe"
        " may leave at any time.\n\n"
        "Where no terminal reads, tables are not cut or wrapped. `flexes --install-completion` installs"
        " completion for the"
        " current shell, `flexes --show-completion` prints it.\n"
    )
    about = _clean(inspect.getdoc(app.registered_callback.callback) or "")
    return "".join(["# Command line\n\n", NOTE, "\n", about, "\n\n", intro, *_commands(app, "flexes")])


def _commands(app: Any, name: str) -> Iterator[str]:
    for command in app.registered_commands:
        callback = command.callback
        options = list(_options(callback))
        arguments = [metavar for metavar, _, _, is_argument in options if is_argument]
        help_text = _clean(command.help or inspect.getdoc(callback) or "")
        epilog = f"\n{_clean(command.epilog)}\n" if command.epilog else ""
        usage = " ".join([name, command.name or callback.__name__, *arguments, "[OPTIONS]"])
        yield f"\n## {name} {command.name or callback.__name__}\n\n```text\n{usage}\n```\n\n{help_text}\n{epilog}\n"
        rows: list[tuple[str, ...]] = [(f"`{shown}`", meaning, default) for shown, meaning, default, _ in options]
        yield _table(("argument or option", "meaning", "default"), rows)
    for group in app.registered_groups:
        yield from _commands(group.typer_instance, f"{name} {group.name}")


def _options(callback: Any) -> Iterator[tuple[str, str, str, bool]]:
    hints = get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = get_args(hints[name])[:2]
        if getattr(info, "hidden", False):
            continue
        is_argument = type(info).__name__ == "ArgumentInfo"
        is_needed = parameter.default is parameter.empty
        default = "" if is_needed or parameter.default in (None, False) else f"`{_plain(parameter.default)}`"
        env = f" Environment: `{info.envvar}`." if info.envvar else ""
        metavar = info.metavar or _choices(kind) or ("" if kind is bool else name.upper())
        if is_argument:
            yield metavar if is_needed else f"[{metavar}]", _clean(info.help or ""), default, True
            continue
        declared = [each for each in (info.default, *(info.param_decls or ())) if str(each).startswith("-")]
        names = ", ".join(sorted(declared or [f"--{name.replace('_', '-')}"], key=len, reverse=True))
        required = " Required." if is_needed else ""
        yield f"{names} {metavar}".strip(), _clean(info.help or "") + required + env, default, False


def _choices(kind: Any) -> str:
    members = getattr(kind, "__members__", {})
    return "\\|".join(str(member.value) for member in members.values())


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))


def api() -> str:
    """Return the page of the public Python names."""
    import flexes

    parts = [
        "# Python\n\n", NOTE,
        "\nEverything here is imported from `flexes`: `from flexes import Flexes`. Names that are not on this page are"
        " free to change.\n",
    ]  # fmt: skip
    for name in _in_reading_order(flexes.__all__):
        parts.append(_documented(name, getattr(flexes, name)))
    return "".join(parts)


def _in_reading_order(names: Iterable[str]) -> list[str]:
    first = [
        "Flexes", "RunReport", "CapabilityRegistry", "NodeContext", "NodeResult", "Validation", "NodeError",
        "TaskEnvelope", "SignalEnvelope", "Flags", "PlannerRequest", "Draft", "Delta", "Decline", "PlanNode",
        "decide", "evolve", "fold", "outstanding", "State", "FlexesError", "InvalidDocument", "CommandRejected",
    ]  # fmt: skip
    return sorted(names, key=lambda name: (first.index(name) if name in first else len(first), name))


def _documented(name: str, value: Any) -> str:
    if inspect.isfunction(value):
        return f"\n## {name}\n\n```text\n{name}{_signature(value)}\n```\n\n{_docstring(value)}\n"
    text = f"\n## {name}\n\n"
    if name == "NodeError":
        text += f"```text\n{name}{_signature(value.__init__)}\n```\n\n"
    text += _docstring(value, has_table=_has_fields(value)) + "\n"
    if _has_fields(value):
        text += "\n" + _fields(value)
    for key, member in _members(value):
        text += f"\n### {name}.{key}\n\n```text\n{key}{_signature(member)}\n```\n\n{_docstring(member)}\n"
    return text


def _has_fields(value: Any) -> bool:
    return hasattr(value, "model_fields") or hasattr(value, "__dataclass_fields__")


def _members(value: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    if hasattr(value, "model_fields") or value.__name__ == "State":
        return
    for key, member in vars(value).items():
        inner = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        inner = inspect.unwrap(inner) if callable(inner) else inner
        if not key.startswith("_") and inspect.isfunction(inner):
            yield key, inner


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    parameters = [each for key, each in signature.parameters.items() if key not in ("self", "cls")]
    text = str(signature.replace(parameters=parameters))
    text = re.sub(r"<function (\w+) at [^>]+>", r"\1", text)
    text = re.sub(r"Annotated\[(.+?), FieldInfo\(.*?\)\]", r"\1", text).replace(" -> None", "").replace("~", "")
    return re.sub(r"(?:[A-Za-z_]\w*\.)+(\w+)", r"\1", text)


def events() -> str:
    """Return the page of the event types."""
    from flexes.run.events import EVENT_TYPES, TERMINAL, Event

    common = ("run_id", "version", "at", "actor", "command_id", "plan_version", "decider", "schema_version")
    parts = [
        "# Events\n\n", NOTE,
        "\nA run is its events. Each is stored once, is never changed, and has its place in the run"
        " (`version`, from 1) and"
        " in the log of all runs. `flexes events RUN` lists them, `--json` with all fields. Names of"
        " types and fields are a"
        " storage format: they are added to, never renamed. An event of an unknown type is refused"
        " ([`unreadable_event`](errors.md)), never skipped.\n\n"
        "The commit order is: the fact; `SignalEvaluated`; for each acting directive `PolicyTriggered`"
        " and then its effect;"
        " `RewriteStarted` and `NodeStarted` of what is dispatched next.\n\n"
        "## Fields of every event\n\n", _docstring(Event, has_table=True), "\n\n",
        _fields(Event),
    ]  # fmt: skip
    for name, event in EVENT_TYPES.items():
        ending = " Terminal: nothing follows it." if name in TERMINAL else ""
        parts.append(f"\n## {name}\n\n{_docstring(event, has_table=True)}{ending}\n")
        if set(event.model_fields) - set(common):
            parts.append("\n" + _fields(event, leave_out=common))
    return "".join(parts)


def frames() -> str:
    """Return the page of the frames, with the payload keys that the scenarios of the tests show."""
    from flexes.view import frames as view
    from flexes.view.frame import Frame, FrameType

    seen, logs, examples = _simulated_frames()
    parts = [
        "# Frames\n\n", NOTE,
        "\nA frame is what a client of the feed sees of an event. `flexes frames RUN` prints a run's"
        " feed as server-sent"
        " events, `--format json` as JSON lines, `--follow` goes on as events come, and `--all` gives every run.\n\n"
        "```text\nid: 0000000000000001-0\nevent: start\ndata: {\"type\":\"start\", ...}\n```\n\n"
        "The `id` is opaque, and the same in a run's feed and in the feed of all runs. Send the last one back as"
        " `Last-Event-ID` (`--after ID`): after any cut the concatenation equals the uncut feed. Fields are only ever"
        " added, so a client that knows the earlier ones keeps working; clients should pass over types"
        " and fields that they"
        " do not know. Values under keys named like secrets (`token`, `password`, `apiKey`, ...) are redacted.\n\n"
        "Which events have which frames:\n\n",
        _table_of(view.__doc__ or ""),
        "\n## Fields of every frame\n\n", _docstring(Frame, has_table=True), "\n\n", _fields(Frame),
        "\n## Types and payloads\n\nKeys in brackets are there only where they apply; all others always are, null where"
        " there is nothing.\n\n",
    ]  # fmt: skip
    rows = []
    for kind in get_args(FrameType):
        if kind != "log":
            rows.append((f"`{kind}`", _meaning_of(kind), _keys(seen[kind])))
    parts.append(_table(("type", "when", "payload"), rows))
    parts.append("\nA `log` says which kind it is in `payload.kind`:\n\n")
    parts.append(_table(("kind", "payload"), [(f"`{kind}`", _keys(logs[kind])) for kind in sorted(logs)]))
    for kind in ("policy_triggered", "plan_updated", "complete"):
        parts.append(f"\n## Example: {kind}\n\n```json\n{json.dumps(examples[kind], indent=2)}\n```\n")
    return "".join(parts)


def _simulated_frames() -> tuple[dict[str, list[set[str]]], dict[str, list[set[str]]], dict[str, Any]]:
    from flexes.policy.problems import validated
    from flexes.scenario.documents import load_document
    from flexes.scenario.model import Scenario
    from flexes.scenario.simulate import simulate
    from flexes.view.frames import frames_of

    seen: dict[str, list[set[str]]] = defaultdict(list)
    logs: dict[str, list[set[str]]] = defaultdict(list)
    examples: dict[str, Any] = {}
    for path in sorted((ROOT / "tests/transcripts/scenarios").glob("*.yaml")):
        state = None
        for commit in simulate(validated(Scenario, load_document(path), "scenario")).commits:
            for event, before, after in _steps(commit, state):
                for frame in (each.wire() for each in frames_of(event, before, after)):
                    kind, keys = frame["type"], set(frame["payload"])
                    (logs[frame["payload"]["kind"]] if kind == "log" else seen[kind]).append(keys)
                    if path.stem == "quality-rewrite":
                        examples.setdefault(kind, frame)
            state = commit.after
    return seen, logs, examples


def _steps(commit: Any, state: Any) -> Iterator[tuple[Any, Any, Any]]:
    from flexes.run.evolve import evolve

    for event in commit.events:
        before = state
        state = evolve(before, event)
        yield event, before, state


def _keys(seen: list[set[str]]) -> str:
    always = set.intersection(*seen)
    return ", ".join(f"`{key}`" if key in always else f"[`{key}`]" for key in sorted(set.union(*seen)))


def _meaning_of(kind: str) -> str:
    meanings = {
        "start": "a run begins; shows the inputs, the contract and the warnings of the normalizer",
        "plan_requested": "the planner is asked",
        "plan_rejected": "its answer was refused, or it declined or crashed",
        "plan_generated": "plan version 1",
        "plan_updated": "a later plan version, with delta, rationale and the directives that caused it",
        "rewrite_started": "a node that rewrites another one is about to start",
        "node_start": "an attempt begins; `cause` says why a node runs again",
        "node_complete": "an attempt delivered",
        "node_error": "an attempt failed",
        "validation_error": "outputs broke their contract; a node_error follows",
        "policy_evaluated": "directives looked at a signal; every outcome, with expression and reason",
        "policy_triggered": "an action takes effect; one shape for all six",
        "hitl_request": "a person is asked",
        "hitl_resolved": "a person, or the time limit, decided",
        "paused": "the run was suspended",
        "resumed": "a paused run goes on",
        "complete": "the one terminal frame, whatever ended the run",
    }
    return meanings[kind]


def errors() -> str:
    """Return the page of the codes."""
    import flexes.errors as tree
    from flexes.plan import check_delta, check_facets, check_nodes, check_policies
    from flexes.policy import check_loops, check_names, check_predicates, check_triggers

    codes = _authored_codes()
    drawn = next(part for part in (tree.__doc__ or "").split("\n\n") if "├──" in part)
    parts = [
        "# Errors\n\n", NOTE,
        "\nEvery refusal has a stable code. Programs compare codes; people read messages, which name the"
        " place, the value and"
        " the remedy. With `--json` the command line prints errors as one JSON object on standard error:"
        " `{\"error\": {\"code\", \"message\", \"problems\"?, \"facts\"?}}`.\n\n"
        "## Exceptions\n\n```text\n", drawn, "\n```\n\n",
        _table(("code", "raised", "meaning"), list(_exceptions(tree))),
    ]  # fmt: skip
    for group in codes:
        parts.append(f"\n## {group['title']}\n\n{group['intro']}\n\n")
        entries = group["codes"]
        parts.append(_table(("code", "meaning and remedy"), [(f"`{code}`", text) for code, text in entries.items()]))
    parts.append(
        "\n## Plan diagnostics\n\nWhy an answer of a planner was refused: `diagnostics` of a"
        " `plan_rejected` frame, which also"
        " go back to the planner with the next request.\n"
    )
    for module in (check_nodes, check_facets, check_policies, check_delta):
        parts.append(f"\n{_rules(module.__doc__ or '')}\n")
    parts.append(
        "\n## Findings of `flexes policy check`\n\nErrors make the check fail (exit status 1); warnings"
        " and infos do not.\n"
    )
    for module in (check_names, check_predicates, check_triggers, check_loops):
        heading = (module.__doc__ or "").splitlines()[0]
        parts.append(f"\n{heading}\n\n{_coded(_table_of(module.__doc__ or ''))}")
    return "".join(parts)


def _authored_codes() -> Any:
    from flexes.scenario.documents import load_document

    return load_document(HERE / "error_codes.yaml")


def _exceptions(tree: Any) -> Iterator[tuple[str, str, str]]:
    import flexes_projections.errors as projections

    for module in (tree, projections):
        for name, found in vars(module).items():
            is_error = inspect.isclass(found) and issubclass(found, tree.FlexesError)
            if is_error and found.__module__ == module.__name__ and "code" in vars(found):
                yield f"`{found.code}`", f"`{name}`", _clean(inspect.getdoc(found) or "").partition("\n\n")[0]


def _rules(doc: str) -> str:
    title, _, rest = doc.strip().partition("\n")
    joined = re.sub(r"\n +", " ", rest)
    rules = re.findall(r"^\d+\. (.+)$", joined, re.MULTILINE)
    lines = "\n".join(f"- {rule}" for rule in rules if "`" in rule)
    return f"{re.sub(r' [(]semantics [0-9]+(?: and [0-9]+)*[)]', '', title)}\n\n{lines}"


def _coded(table: str) -> str:
    return re.sub(r"^\| (\w+) \|(?! severity)", r"| `\1` |", table, flags=re.MULTILINE)


def _table_of(doc: str) -> str:
    return "".join(f"{line}\n" for line in doc.splitlines() if line.startswith("|"))


def _fields(model: Any, leave_out: tuple[str, ...] = ()) -> str:
    meanings = _attributes(model)
    fields = getattr(model, "model_fields", None) or model.__dataclass_fields__
    rows: list[tuple[str, ...]] = []
    for key, field in fields.items():
        if key not in leave_out:
            annotation = getattr(field, "annotation", None) or field.type
            name = getattr(field, "alias", None) or key
            rows.append((f"`{name}`", f"`{_type(annotation)}`", _default(field), meanings.get(key, "")))
    if not any(row[3] for row in rows):
        rows = [row[:3] for row in rows]
    return _table(("field", "type", "default", "meaning")[: len(rows[0])], rows)


def _attributes(model: Any) -> dict[str, str]:
    doc = inspect.getdoc(model) or ""
    _, _, listed = doc.partition("Attributes:\n")
    entries = [" ".join(entry.split()) for entry in re.split(r"\n {4}(?! )", "\n" + listed) if entry.strip()]
    named = [entry.partition(": ") for entry in entries]
    return {name.strip(): meaning for names, _, meaning in named for name in names.split(",")}


def _default(field: Any) -> str:
    if hasattr(field, "is_required"):
        if field.is_required():
            return "required"
        value = field.get_default(call_default_factory=True)
    elif field.default_factory is not MISSING:
        value = field.default_factory()
    elif field.default is not MISSING:
        value = field.default
    else:
        return "required"
    if hasattr(value, "model_dump") or "immutables" in repr(type(value)):
        return "`{}`"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, default=str)}`"


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if not text or "[" in str(annotation) or "|" in str(annotation) or "Annotated" in str(annotation):
        text = str(annotation)
    text = re.sub(r"(?:\w+\.)+(\w+)", r"\1", text.replace("NoneType", "None"))
    text = re.sub(r"Annotated\[([^,\[\]]+(?:\[[^\[\]]*\])?), .*?\](?=[,\]\s]|$)", r"\1", text)
    text = re.sub(r"Optional\[(.+)\]$", r"\1 | None", text)
    text = text.replace("JsonValue", "JSON").replace("dict[str, Any]", "object").replace("Document", "object")
    text = re.sub(r"tuple\[([\w\[\], |]+), \.\.\.\]", r"list[\1]", text)
    return text.replace("|", "\\|").replace("<class '", "").replace("'>", "")


def _docstring(value: Any, *, has_table: bool = False) -> str:
    text = inspect.getdoc(value) or ""
    paragraphs = re.split(r"\n\n(?=(?:Attributes|Args|Raises|Returns|Yields):\n)", text)
    kept = [each for each in paragraphs if not (has_table and each.startswith("Attributes:"))]
    return "\n\n".join(_section(paragraph) for paragraph in kept)


def _section(paragraph: str) -> str:
    named = re.match(r"(Attributes|Args|Raises|Returns|Yields):\n", paragraph)
    if not named:
        return _clean(paragraph)
    listed = re.split(r"\n {4}(?! )", "\n" + paragraph[named.end() :])
    entries = [" ".join(entry.split()) for entry in listed if entry.strip()]
    shown = [re.sub(r"^([\w, ]+): ", lambda found: _names(found[1]) + ": ", entry) for entry in entries]
    return f"{named[1]}:\n\n" + "\n".join(f"- {entry}" for entry in shown)


def _names(text: str) -> str:
    return ", ".join(f"`{name.strip()}`" for name in text.split(","))


def _clean(text: str) -> str:
    return re.sub(r"(?<!\n)\n(?![\n-])", " ", inspect.cleandoc(text)).replace("\x08", "").strip()


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "api.md": api,
    "events.md": events,
    "frames.md": frames,
    "errors.md": errors,
}


def made(page: str) -> str:
    """Return a page as it is to stand in the file."""
    return re.sub(r" \((?:semantics|interfaces|issue|story|stories) [^)]*\)", "", PAGES[page]())


if __name__ == "__main__":
    for name in PAGES:
        (HERE / name).write_text(made(name), encoding="utf-8")
