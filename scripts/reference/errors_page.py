"""The page of the codes: the tree of errors, the codes of error_codes.yaml, the rules of checks."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from scripts.reference.docstrings import clean, table_of
from scripts.reference.markdown import table

import flexes.errors as tree
import flexes_projections.errors as projections
from flexes.plan import check_delta, check_facets, check_nodes, check_policies
from flexes.policy import check_loops, check_names, check_predicates, check_triggers
from flexes.scenario.documents import load_document

_CODES: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "error_codes.yaml"
_INTRODUCTION: Final = """\
# Errors

Every refusal has a stable code. Programs compare codes; people read messages, which name the place, the value and the \
remedy. With `--json` the command line prints errors as one JSON object on standard error: \
`{{"error": {{"code", "message", "problems"?, "facts"?}}}}`.

## Exceptions

```text
{drawn}
```

"""
_DIAGNOSTICS: Final = """
## Plan diagnostics

Why an answer of a planner was refused: `diagnostics` of a `plan_rejected` frame, which also go back to the planner \
with the next request.
"""
_FINDINGS: Final = """
## Findings of `flexes policy check`

Errors make the check fail (exit status 1); warnings and infos do not.
"""


def errors() -> str:
    """Return the page of the codes."""
    drawn = next(part for part in (tree.__doc__ or "").split("\n\n") if "├──" in part)
    parts = [
        _INTRODUCTION.format(drawn=drawn),
        _lines(("code", "raised", "meaning"), _exceptions()),
        *(_group(group) for group in load_document(_CODES)),
        _DIAGNOSTICS,
        *(f"\n{_rules(module.__doc__ or '')}\n" for module in (check_nodes, check_facets, check_policies, check_delta)),
        _FINDINGS,
        *(_found(module) for module in (check_names, check_predicates, check_triggers, check_loops)),
    ]
    return "".join(parts)


def _group(group: Mapping[str, Any]) -> str:
    rows = [(f"`{code}`", text) for code, text in group["codes"].items()]
    return f"\n## {group['title']}\n\n{group['intro']}\n\n{_lines(('code', 'meaning and remedy'), rows)}"


def _found(module: ModuleType) -> str:
    heading = (module.__doc__ or "").splitlines()[0]
    return f"\n{heading}\n\n{_coded(table_of(module.__doc__ or ''))}"


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return table(head, rows) + "\n"


def _exceptions() -> Iterator[tuple[str, str, str]]:
    for module in (tree, projections):
        for name, found in vars(module).items():
            is_error = inspect.isclass(found) and issubclass(found, tree.FlexesError)
            if is_error and found.__module__ == module.__name__ and "code" in vars(found):
                yield f"`{vars(found)['code']}`", f"`{name}`", clean(inspect.getdoc(found) or "").partition("\n\n")[0]


def _rules(doc: str) -> str:
    title, _, rest = doc.strip().partition("\n")
    joined = re.sub(r"\n +", " ", rest)
    rules = re.findall(r"^\d+\. (.+)$", joined, re.MULTILINE)
    lines = "\n".join(f"- {rule}" for rule in rules if "`" in rule)
    return f"{re.sub(r' [(]semantics [0-9]+(?: and [0-9]+)*[)]', '', title)}\n\n{lines}"


def _coded(table: str) -> str:
    return re.sub(r"^\| (\w+) \|(?! severity)", r"| `\1` |", table, flags=re.MULTILINE)
