"""First plans of the built-in planner: backward chaining from the output contract (semantics 9)."""

from typing import Any

import pytest
from tests.unit.plan.plans import capability, catalog, declined, drafted, policies, request, shape

from flexes.envelope.contract import JsonSchemaContract
from flexes.plan.planner import plan_answer

WRITER = capability("writer", "brief", "copy", cost=1.0, latency_ms=100.0, fallbacks=["lite"])
LITE = capability("lite", "brief", "copy", cost=0.1, latency_ms=900.0)
QA = capability("qa", "copy", "score", kind="validation")
EDITOR = capability("editor", "copy score", "copy", tags=["rewrite"], cost=0.01)
PERSON = capability("person", "brief", "copy", kind="human")


def test_a_chain_is_derived_from_its_end() -> None:
    """Each facet that is needed gets a producer, its inputs theirs; nodes are named by capability."""
    known = catalog(QA, WRITER, capability("publish", "copy score", "post"))
    assert shape(drafted(request(known, "post")).nodes) == {
        "writer": ("writer", []),
        "qa": ("qa", ["writer"]),
        "publish": ("publish", ["writer", "qa"]),
    }


def test_what_is_given_needs_no_producer() -> None:
    """A facet in the inputs is there."""
    assert shape(drafted(request(catalog(WRITER, QA), "score", given="copy")).nodes) == {"qa": ("qa", [])}


def test_freeform_aims_at_terminal_facets() -> None:
    """Without a contract the plan makes what can be made and nothing else reads."""
    known = catalog(WRITER, QA, capability("stray", "mood", "tone"))
    assert list(shape(drafted(request(known, "")).nodes)) == ["writer", "qa"]


def test_freeform_brings_in_a_person_only_where_machines_make_nothing() -> None:
    """A human capability that is there for escalation does not become a part of every freeform plan."""
    review = capability("review", "copy", "approval", kind="human")
    assert list(shape(drafted(request(catalog(WRITER, review), "")).nodes)) == ["writer"]
    assert list(shape(drafted(request(catalog(PERSON), "")).nodes)) == ["person"]


def test_a_json_schema_contract_names_facets_by_its_properties() -> None:
    """The top-level properties of the schema are the goals."""
    contract = JsonSchemaContract.model_validate({"mode": "json_schema", "schema": {"properties": {"score": {}}}})
    asked = request(catalog(WRITER, QA)).model_copy(update={"contract": contract})
    assert list(shape(drafted(asked).nodes)) == ["writer", "qa"]


@pytest.mark.parametrize(
    ("groups", "chosen"),
    [
        ({}, "plain"),
        ({"optimisation": {"objective": "speed"}}, "fast"),
        ({"optimisation": {"objective": "token_efficiency"}}, "plain"),
        ({"optimisation": {"objective": "quality"}}, "fine"),
        ({"selection": {"prefer": ["slow", "fast"]}}, "slow"),
        ({"selection": {"prefer": ["eu"]}}, "slow"),
        ({"selection": {"avoid": ["plain"]}}, "fast"),
        ({"selection": {"prefer": ["plain"], "avoid": ["plain"]}}, "fast"),
        ({"selection": {"forbid": ["plain", "fast"]}}, "fine"),
        ({"selection": {"require": ["slow"]}}, "slow"),
        ({"topology": {"forbiddenKinds": ["execution"]}}, "fine"),
        ({"selection": {"prefer": ["off"]}}, "plain"),
    ],
)
def test_ties_break_by_policy_then_cost(groups: dict[str, Any], chosen: str) -> None:
    """Prefer and avoid, by id and tag, come before the objective, and that before cost and latency."""
    known = catalog(
        capability("off", "brief", "copy", available=False),
        capability("slow", "brief", "copy", cost=9.0, latency_ms=900.0, tags=["eu"]),
        capability("fine", "brief", "copy", cost=5.0, latency_ms=500.0, tags=["quality"], kind="transformation"),
        capability("fast", "brief", "copy", cost=2.0, latency_ms=10.0),
        capability("plain", "brief", "copy", cost=1.0, latency_ms=100.0),
    )
    assert list(shape(drafted(request(known, policies=policies(**groups))).nodes)) == [chosen]


def test_diversity_avoids_what_is_like_the_rest() -> None:
    """The fewest tags in common with the plan so far."""
    known = catalog(
        capability("first", "brief", "copy", tags=["gpt"]),
        capability("same", "copy", "image", tags=["gpt"]),
        capability("other", "copy", "image", tags=["flux"], cost=1.0),
    )
    diverse = policies(optimisation={"objective": "diversity"})
    assert list(shape(drafted(request(known, "copy image", policies=diverse)).nodes)) == ["first", "other"]
    assert list(shape(drafted(request(known, "copy image")).nodes)) == ["first", "same"]


def test_a_stand_in_waits_until_it_is_needed() -> None:
    """A listed fallback is not planned for what it stands in for, unless the objective asks for it."""
    known = catalog(LITE, WRITER)
    assert list(shape(drafted(request(known)).nodes)) == ["writer"]
    thrifty = policies(optimisation={"objective": "token_efficiency"})
    assert list(shape(drafted(request(known, policies=thrifty)).nodes)) == ["lite"]


def test_a_machine_comes_before_a_person() -> None:
    """A person is asked only where no machine can do it, however dear, at any depth."""
    dear = capability("dear", "brief", "copy", cost=99.0)
    assert list(shape(drafted(request(catalog(PERSON, dear))).nodes)) == ["dear"]
    asks = capability("asks", "opinion", "copy")
    opinion = capability("opinion", "brief", "opinion", kind="human")
    assert list(shape(drafted(request(catalog(asks, opinion, dear))).nodes)) == ["dear"]
    assert list(shape(drafted(request(catalog(asks, opinion))).nodes)) == ["opinion", "asks"]


def test_a_producer_whose_inputs_cannot_be_made_is_passed_over() -> None:
    """The best producer is no use if what it needs is missing, or needs it."""
    missing = capability("needs-mood", "mood", "copy")
    circular = capability("needs-score", "score", "copy")
    known = catalog(missing, circular, QA, WRITER)
    assert list(shape(drafted(request(known, "score")).nodes)) == ["writer", "qa"]


def test_a_transformer_needs_an_upstream_producer() -> None:
    """What reads the facet that it writes is no first producer of it, but may serve for others."""
    summarise = capability("summarise", "copy", "copy summary")
    assert list(shape(drafted(request(catalog(EDITOR, QA, LITE))).nodes)) == ["lite"]
    assert shape(drafted(request(catalog(summarise, LITE), "summary copy")).nodes) == {
        "lite": ("lite", []),
        "summarise": ("summarise", ["lite"]),
    }


def test_required_capabilities_and_kinds_are_added_in_order() -> None:
    """What policies require is put in behind earlier writers of the same facets."""
    known = catalog(WRITER, QA, EDITOR)
    required = policies(selection={"require": ["rewrite"]}, topology={"requiredKinds": ["validation"]})
    assert shape(drafted(request(known, policies=required)).nodes) == {
        "writer": ("writer", []),
        "qa": ("qa", ["writer"]),
        "editor": ("editor", ["writer", "qa"]),
    }
    other = capability("other", "brief", "copy extra", cost=5.0)
    assert shape(
        drafted(request(catalog(WRITER, other), policies=policies(selection={"require": ["other"]}))).nodes
    ) == {"other": ("other", [])}
    assert shape(drafted(request(catalog(WRITER, other), "copy extra")).nodes) == {
        "writer": ("writer", []),
        "other": ("other", ["writer"]),
    }


def test_a_required_kind_is_taken_where_its_inputs_are_at_hand() -> None:
    """A validation of what the plan makes is nearer than one that needs more nodes."""
    image = capability("image", "brief", "image")
    look = capability("look", "image", "verdict", kind="validation")
    dear = capability("dear-qa", "copy", "score", kind="validation", cost=9.0)
    needs = policies(topology={"requiredKinds": ["validation"]})
    assert list(shape(drafted(request(catalog(WRITER, image, look, dear), policies=needs)).nodes)) == [
        "writer",
        "dear-qa",
    ]


def test_a_shorter_plan_is_tried_if_the_preferred_one_is_too_long() -> None:
    """Limits of the topology outrank preferences."""
    known = catalog(
        capability("outline", "brief", "outline"),
        capability("cheap", "outline", "copy", cost=0.1),
        capability("direct", "brief", "copy", cost=9.0),
    )
    assert list(shape(drafted(request(known)).nodes)) == ["outline", "cheap"]
    assert list(shape(drafted(request(known, policies=policies(topology={"maxDepth": 1}))).nodes)) == ["direct"]


@pytest.mark.parametrize(
    ("facets", "given", "groups", "reason"),
    [
        ("mood", "brief", {}, "cannot derive 'mood': nothing makes 'mood'"),
        (
            "score",
            "",
            {},
            "cannot derive 'score': qa needs 'copy', writer needs 'brief', nothing makes 'brief'",
        ),
        ("copy", "brief", {"selection": {"forbid": ["writer"]}}, "'copy' is made only by writer, editor"),
        ("brief", "brief", {}, "nothing to plan"),
        ("copy", "brief", {"selection": {"require": ["person"]}}, "requires 'person'"),
        (
            "copy",
            "brief",
            {"selection": {"require": ["later"]}},
            "requires 'later': it needs 'mood', nothing makes",
        ),
        ("copy", "brief", {"selection": {"require": ["off"]}}, "requires 'off': it is not available"),
        ("copy", "brief", {"topology": {"requiredKinds": ["human"]}}, "requires a node of kind 'human'"),
        ("score", "brief", {"topology": {"maxNodes": 1}}, "the plan has 2 nodes, at most 1"),
    ],
)
def test_declines_say_what_is_missing(facets: str, given: str, groups: dict[str, Any], reason: str) -> None:
    """What cannot be planned is declined with the facet and the chain of needs down to what is missing."""
    later = capability("later", "mood", "x")
    off = capability("off", "brief", "y", available=False)
    forbidden = groups.get("selection", {}).get("forbid")
    known = catalog(WRITER, QA, *((EDITOR.model_copy(update={"available": False}),) if forbidden else ()), later, off)
    assert reason in declined(request(known, facets, given=given, policies=policies(**groups)))


def test_a_circle_of_needs_is_named() -> None:
    """Capabilities that need each other's facets make nothing."""
    assert "editor needs 'copy' to make it" in declined(request(catalog(EDITOR, QA)))


def test_same_request_same_draft() -> None:
    """Nothing but the request decides."""
    asked = request(catalog(WRITER, LITE, QA, EDITOR, PERSON), "")
    assert plan_answer(asked) == plan_answer(asked)


def test_a_long_chain_is_derived_without_recursion() -> None:
    """Depth of derivation is limited by the catalog, not by the call stack."""
    links = [capability(f"c{place}", f"f{place}", f"f{place + 1}") for place in range(2000)]
    assert len(drafted(request(catalog(*links), "f2000", given="f0")).nodes) == 2000
