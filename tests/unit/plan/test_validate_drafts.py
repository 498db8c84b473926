"""Validation of first plans: each diagnostic code, with what it names and suggests (semantics 9)."""

from time import perf_counter
from typing import Any

import pytest
from tests.unit.plan.plans import capability, catalog, codes, findings, node, policies, request

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import JsonSchemaContract
from flexes.plan.handshake import Diagnostic, Draft
from flexes.plan.plan import PlanNode

WRITER = capability("writer", "brief", "copy", tags=["llm"])
QA = capability("qa", "copy", "score", kind="validation")
KNOWN = catalog(WRITER, QA)


def check(*nodes: PlanNode, known: Catalog = KNOWN, facets: str = "copy", **fields: Any) -> tuple[Diagnostic, ...]:
    """Return the findings about a draft of these nodes."""
    known_policies = fields.pop("known_policies", None)
    asked = request(known, facets, **fields)
    return findings(asked, Draft(nodes=nodes), known_policies=known_policies)


def test_a_sound_draft_has_no_findings() -> None:
    """A DAG of known capabilities whose inputs and outputs are covered is accepted."""
    assert check(node("draft", "writer"), node("qa", "qa", "draft")) == ()


def test_duplicate_node() -> None:
    """An id names one node."""
    (found,) = check(node("draft", "writer"), node("draft", "writer"))
    assert (found.code, found.node) == ("duplicate_node", "draft")


def test_unknown_dependency_suggests_the_nearest_id() -> None:
    """A dependency that the plan does not have is named, with the id that was probably meant."""
    found = check(node("draft", "writer"), node("qa", "qa", "draft darft"))
    assert codes(found) == ["unknown_dependency"]
    assert found[0].node == "qa"
    assert found[0].suggestion == "did you mean 'draft'?"


def test_cycle_names_its_nodes_only() -> None:
    """One cycle is spelled out; what merely waits behind it is not part of it, and facets are not judged."""
    found = check(node("a", "writer", "b"), node("b", "qa", "a"), node("behind", "qa", "b"))
    assert codes(found) == ["cycle"]
    assert found[0].message.endswith("a -> b -> a")


def test_a_node_that_depends_on_itself_is_a_cycle() -> None:
    """The shortest cycle is one node."""
    assert codes(check(node("a", "writer", "a"))) == ["cycle"]


def test_unknown_capability_suggests_the_nearest() -> None:
    """A capability that the catalog does not have is named, with the one that was probably meant."""
    found = check(node("draft", "writer"), node("more", "writr"))
    assert [(one.code, one.capability, one.suggestion) for one in found] == [
        ("unknown_capability", "writr", "did you mean 'writer'?")
    ]


def test_unavailable_capability_suggests_a_fallback() -> None:
    """A capability that is switched off cannot be planned."""
    off = capability("pro", "brief", "copy", available=False, fallbacks=["writer"])
    (found,) = check(node("draft", "pro"), known=catalog(WRITER, off))
    assert (found.code, found.suggestion) == ("unavailable_capability", "use its fallback 'writer'")


@pytest.mark.parametrize(
    ("nodes", "suggestion"),
    [
        ([node("draft", "writer"), node("qa", "qa")], "add 'draft' to its dependsOn"),
        ([node("qa", "qa")], "add a node that invokes 'writer' and depend on it"),
        (
            [node("draft", "writer"), node("x", "needy")],
            "give 'mood' in the inputs: no available capability writes it",
        ),
    ],
)
def test_missing_input_suggests_a_source(nodes: list[PlanNode], suggestion: str) -> None:
    """An input must be given or written upstream: a writer elsewhere in the plan does not count."""
    known = catalog(WRITER, QA, capability("needy", "mood", "tone"))
    found = check(*nodes, known=known, facets="copy" if len(nodes) > 1 else "score")
    assert [(one.code, one.suggestion) for one in found] == [("missing_input", suggestion)]


def test_a_nodes_own_inputs_replace_those_of_its_capability() -> None:
    """Inputs on the node are what it is handed, more or less than the capability declares."""
    assert codes(check(node("draft", "writer", inputs=("mood",)))) == ["missing_input"]
    assert check(node("draft", "writer", inputs=()), given="") == ()


def test_facet_conflict() -> None:
    """Two nodes that write one facet need an order; an indirect one will do."""
    apart = check(node("a", "writer"), node("b", "writer"))
    assert [(one.code, one.node, one.facet) for one in apart] == [("facet_conflict", "b", "copy")]
    assert check(node("a", "writer"), node("qa", "qa", "a"), node("b", "writer", "qa")) == ()


def test_output_uncovered() -> None:
    """The contract's facets are written or given."""
    (found,) = check(node("draft", "writer"), facets="copy score")
    assert (found.code, found.facet, found.suggestion) == (
        "output_uncovered",
        "score",
        "add a node that invokes 'qa'",
    )
    assert check(node("draft", "writer"), facets="copy score", given="brief score") == ()


def test_bad_schema() -> None:
    """Schemas of the facets in use compile; those of others are not looked at."""
    known = catalog(WRITER, QA, copy={"type": "text"}, score={"type": "nonsense"})
    (found,) = check(node("draft", "writer"), known=known)
    assert (found.code, found.facet) == ("bad_schema", "copy")


def test_bad_schema_of_the_contract() -> None:
    """The contract's own schema compiles, too."""
    contract = JsonSchemaContract.model_validate(
        {"mode": "json_schema", "schema": {"type": "text", "properties": {"copy": {}}}}
    )
    asked = request(KNOWN).model_copy(update={"contract": contract})
    assert codes(findings(asked, Draft(nodes=(node("draft", "writer"),)))) == ["bad_schema"]


@pytest.mark.parametrize(
    ("groups", "code"),
    [
        ({"topology": {"maxNodes": 1}}, "max_nodes"),
        ({"topology": {"maxDepth": 1}}, "max_depth"),
        ({"topology": {"requiredKinds": ["human"]}}, "required_kind_missing"),
        ({"topology": {"forbiddenKinds": ["validation"]}}, "forbidden_kind"),
        ({"selection": {"require": ["editor"]}}, "required_capability_missing"),
        ({"selection": {"forbid": ["llm"]}}, "forbidden_capability"),
    ],
)
def test_planner_policies(groups: dict[str, Any], code: str) -> None:
    """Topology and selection are enforced, by id, tag and kind."""
    found = check(node("draft", "writer"), node("qa", "qa", "draft"), policies=policies(**groups))
    assert codes(found) == [code]


@pytest.mark.parametrize(
    "groups",
    [
        {
            "topology": {
                "maxNodes": 2,
                "maxDepth": 2,
                "requiredKinds": ["validation"],
                "forbiddenKinds": ["human"],
            }
        },
        {"selection": {"require": ["qa", "llm"], "forbid": ["editor"]}},
    ],
)
def test_planner_policies_that_hold(groups: dict[str, Any]) -> None:
    """A plan on the edge of the policies is accepted."""
    assert check(node("draft", "writer"), node("qa", "qa", "draft"), policies=policies(**groups)) == ()


def test_a_nodes_own_kind_counts() -> None:
    """A node's kind is its own before its capability's."""
    forbidding = policies(topology={"forbiddenKinds": ["transformation"]})
    assert codes(check(node("draft", "writer", kind="transformation"), policies=forbidding)) == ["forbidden_kind"]


def test_unknown_policy_is_a_warning() -> None:
    """An opt-out of a directive that the run does not have is pointed out, and does not refuse the plan."""
    opting = node("draft", "writer", policy_overrides={"opt_out": ["copy-qualty"], "rationale": "legal text"})
    (found,) = check(opting, known_policies={"copy-quality"})
    assert (found.code, found.severity, found.suggestion) == (
        "unknown_policy",
        "warning",
        "did you mean 'copy-quality'?",
    )
    assert check(opting) == ()


def test_all_faults_are_reported_at_once() -> None:
    """A planner learns every fault of its answer in one go."""
    found = check(node("a", "writr"), node("a", "qa"), node("b", "qa", "c"), facets="copy")
    assert codes(found) == [
        "duplicate_node",
        "unknown_dependency",
        "unknown_capability",
        "missing_input",
        "output_uncovered",
    ]


def test_ten_thousand_nodes_are_checked_in_seconds() -> None:
    """Checks do not scan the plan once per node."""
    nodes = [node("n0", "writer")]
    nodes += [node(f"n{place}", "writer" if place % 2 else "qa", f"n{place - 1}") for place in range(1, 10_000)]
    begin = perf_counter()
    assert check(*nodes) == ()
    assert perf_counter() - begin < 5
