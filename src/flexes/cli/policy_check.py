"""What `policy check` looks at: which document a file holds, what is known around its policies, what is found."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flexes.errors import InvalidDocument, Problem

if TYPE_CHECKING:
    from flexes.envelope.capability import Catalog
    from flexes.policy.authored import TaskPolicies
    from flexes.policy.check_finding import PlannedNode, Surroundings
    from flexes.scenario.model import Scenario

_SCENARIO_KEYS: Final = frozenset({"envelope", "capabilities"})
_POLICY_KEYS: Final = frozenset({"planner", "thresholds", "runtime", "overrides", "guardRails", "guard_rails"})
_PLACES: Final = {"policies": "", "envelope": "/policies", "scenario": "/envelope/policies"}


class Checked(NamedTuple):
    """What a file was taken for, and what is found: `{severity, code, pointer, message, ...}`."""

    kind: str
    findings: tuple[Mapping[str, Any], ...]


def checked(document: Any, catalog: "Catalog | None") -> Checked:
    """Return what is wrong with, or to be known of, the policies of any document; faults of the schema alone."""
    from flexes.policy.check import findings
    from flexes.policy.check_places import as_authored

    kind = _kind(document)
    try:
        policies, around = _looked_at(kind, document, catalog)
        found = findings(policies, around)
    except InvalidDocument as error:
        return Checked(kind, tuple(_from_problems(error.problems)))
    placed = (one.model_copy(update={"pointer": as_authored(document, _PLACES[kind] + one.pointer)}) for one in found)
    return Checked(kind, tuple(one.wire() for one in placed))


def _kind(document: object) -> str:
    keys = set(document) if isinstance(document, dict) else set()
    if keys & _SCENARIO_KEYS:
        return "scenario"
    return "policies" if keys & _POLICY_KEYS else "envelope"


def _looked_at(kind: str, document: Any, catalog: "Catalog | None") -> "tuple[TaskPolicies, Surroundings]":
    from flexes.envelope.capability import Catalog
    from flexes.policy.authored import TaskPolicies
    from flexes.policy.check_finding import Surroundings
    from flexes.policy.problems import validated
    from flexes.scenario.model import Scenario
    from flexes.shell.submission import checked_envelope

    if kind == "policies":
        return validated(TaskPolicies, document, kind), Surroundings(catalog)
    if kind == "envelope":
        envelope, _ = checked_envelope(document, catalog or Catalog())
        return envelope.policies, Surroundings(catalog, envelope.inputs)
    scenario = validated(Scenario, document, kind)
    known = catalog or scenario.catalog
    checked_envelope(scenario.envelope, known)
    return scenario.envelope.policies, _of_scenario(scenario, known)


def _of_scenario(scenario: "Scenario", catalog: "Catalog") -> "Surroundings":
    from flexes.policy.check_finding import Surroundings

    answers = scenario.planner or ()
    added = (node for answer in answers for node in _listed(answer, "add") if isinstance(node, Mapping))
    scripted = (outcome.metrics for capability in scenario.capabilities for outcome in capability.script)
    outside = (step.signal.metrics for step in scenario.steps if step.signal is not None)
    return Surroundings(
        catalog,
        scenario.envelope.inputs,
        _first_plan(scenario, catalog),
        frozenset(str(node["id"]) for node in added if "id" in node),
        frozenset(name for metrics in (*scripted, *outside) for name in metrics),
        own_planner=scenario.planner is not None,
    )


def _listed(answer: Mapping[str, Any], key: str) -> Iterable[Any]:
    found = answer.get(key)
    return found if isinstance(found, list | tuple) else ()


def _first_plan(scenario: "Scenario", catalog: "Catalog") -> "tuple[PlannedNode, ...] | None":
    """Return the nodes that the run begins with; None where the built-in planner can draft none."""
    from flexes.plan.handshake import Draft, PlannerRequest
    from flexes.plan.outline import outlined
    from flexes.plan.plan import Plan
    from flexes.plan.planner import plan_answer

    envelope = scenario.envelope
    if scenario.plan is not None:
        return outlined(Plan(version=1, nodes=scenario.plan.nodes), catalog)
    request = PlannerRequest(
        run_id="check",
        request_id="check",
        attempt=1,
        objective=envelope.objective,
        contract=envelope.output_contract,
        inputs=envelope.inputs,
        constraints=envelope.constraints,
        special_instructions=envelope.special_instructions,
        catalog=catalog,
        policies=envelope.policies.planner,
    )
    answer = plan_answer(request)
    return outlined(Plan(version=1, nodes=answer.nodes), catalog) if isinstance(answer, Draft) else None


def _from_problems(problems: Iterable[Problem]) -> Iterator[Mapping[str, Any]]:
    for found in problems:
        shown = {"value": found.value} if found.value else {}
        yield {"severity": "error", "code": found.code, "pointer": found.pointer, "message": found.message, **shown}
