"""The first plan of the built-in planner: backward chaining from the output contract (semantics 9).

Rules:
1. Goals are the facets that the contract names; where it names none, the terminal facets: those that can be
   made and that no other capability reads, by machines alone if that gives any.
2. Capabilities required by id are put in first, then what makes the goals, then those required by tag or
   kind, each nearest to what is there.
3. If the preferred plan breaks a rule, such as a maximal depth, the plan of shortest derivations is tried.
4. What cannot be derived is declined with the chain of needs down to what is missing.
"""

from collections.abc import Collection, Iterator, Sequence

from flexes.envelope.capability import Capability
from flexes.envelope.contract import contract_facets
from flexes.plan.assembly import Assembly
from flexes.plan.derivation import derivable, why_not
from flexes.plan.handshake import Decline, Diagnostic, Draft, PlannerRequest
from flexes.plan.selection import is_named
from flexes.plan.validate import draft_diagnostics, errors_of


def drafted(request: PlannerRequest) -> Draft | Decline:
    """Return the first plan, or why there is none."""
    faults: dict[str, None] = {}
    for shortest in (False, True):
        assembly = Assembly(request, shortest=shortest)
        lacking = next(_lacking(assembly), None)
        if lacking or not assembly.chosen:
            return Decline(reason=lacking or "nothing to plan: all that the contract asks for is given")
        draft = _draft(assembly)
        found = _faults(draft, request)
        if not found:
            return draft
        faults.update(dict.fromkeys(fault.message for fault in found))
    return Decline(reason="; ".join(faults))


def goals(assembly: Assembly) -> tuple[str, ...]:
    """Return the facets that the plan is for (rule 1)."""
    given = assembly.request.inputs
    named = contract_facets(assembly.request.contract)
    return named or _terminal(assembly.machines, given) or _terminal(assembly.usable, given)


def _lacking(assembly: Assembly) -> Iterator[str]:
    """Fill the assembly, yielding why something cannot be put in."""
    yield from _required_ids(assembly)
    yield from _goals(assembly)
    yield from _required_rest(assembly)


def _required_ids(assembly: Assembly) -> Iterator[str]:
    request = assembly.request
    for entry in request.policies.selection.require:
        if entry in request.catalog.by_id and not assembly.include((entry,)):
            reason = _why_not_capability(request.catalog.by_id[entry], assembly)
            yield f"planner.selection requires '{entry}': {reason}"


def _goals(assembly: Assembly) -> Iterator[str]:
    request = assembly.request
    for facet in goals(assembly):
        if not assembly.cover(facet):
            reason = why_not(facet, request.catalog, request.policies, request.inputs)
            yield f"cannot derive '{facet}': {reason}"


def _required_rest(assembly: Assembly) -> Iterator[str]:
    policies = assembly.request.policies
    for entry in policies.selection.require:
        if not assembly.include([one.id for one in assembly.usable if is_named(one, entry)]):
            yield f"planner.selection requires '{entry}': no usable capability has this id or tag"
    for kind in policies.topology.required_kinds:
        if not assembly.include([one.id for one in assembly.usable if one.kind == kind]):
            yield f"planner.topology requires a node of kind '{kind}': no usable capability is of this kind"


def _why_not_capability(capability: Capability, assembly: Assembly) -> str:
    request = assembly.request
    if capability not in assembly.usable:
        return "it is not available, or the policies forbid it"
    rounds = derivable(assembly.usable, request.inputs)
    made = {facet for one in assembly.usable if one.id in rounds for facet in one.outputs}
    lacking = next(facet for facet in capability.inputs if facet not in made and facet not in request.inputs)
    reason = why_not(lacking, request.catalog, request.policies, request.inputs)
    return f"it needs '{lacking}', {reason}"


def _terminal(capabilities: Sequence[Capability], given: Collection[str]) -> tuple[str, ...]:
    """Return what can be made and no other capability reads; where all is read, all that can be made."""
    rounds = derivable(capabilities, given)
    reached = tuple(one for one in capabilities if one.id in rounds)
    made = dict.fromkeys(facet for one in reached for facet in one.outputs if facet not in given)
    read = {facet for one in capabilities for facet in one.inputs if facet not in one.outputs}
    return tuple(facet for facet in made if facet not in read) or tuple(made)


def _draft(assembly: Assembly) -> Draft:
    made = ", ".join(goals(assembly))
    return Draft(nodes=assembly.nodes(), rationale=f"derives {made} by way of {', '.join(assembly.chosen)}")


def _faults(draft: Draft, request: PlannerRequest) -> tuple[Diagnostic, ...]:
    terms = (request.catalog, request.inputs, request.contract, request.policies)
    return errors_of(draft_diagnostics(draft, *terms))
