"""Validation and graphs against slow versions that share no code with them."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.property.plan_cases import IDS, PLENTY, deltas, replan_requests

from flexes.envelope.capability import Catalog
from flexes.plan.graph import Graph
from flexes.plan.handshake import Delta, PlannerRequest, applied
from flexes.plan.plan import PlanNode
from flexes.plan.validate import delta_diagnostics

NAMES = tuple("abcdefg")
SLOW_CODES = ("unknown_dependency", "missing_input", "node_locked")
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from((*NAMES, "?")), max_size=3).map(tuple))


def reached(depends_on: Mapping[str, Sequence[str]], node: str) -> set[str]:
    """Return everything that the node depends on, by walking."""
    found: set[str] = set()
    pending = list(depends_on[node])
    while pending:
        parent = pending.pop()
        if parent in depends_on and parent not in found:
            found.add(parent)
            pending.extend(depends_on[parent])
    return found


@PLENTY
@given(GRAPHS)
def test_graphs_say_what_a_walk_says(depends_on: dict[str, tuple[str, ...]]) -> None:
    """Ancestors, descendants, order, cycles, sinks and depth agree with plain walks over the dependencies."""
    graph = Graph(depends_on)
    above = {node: reached(depends_on, node) for node in depends_on}
    on_cycle = {node for node in depends_on if node in above[node]}
    stuck = {node for node in depends_on if node in on_cycle or above[node] & on_cycle}
    assert set(graph.cyclic) == stuck
    assert set(graph.topological) == set(depends_on) - stuck
    for node in graph.topological:
        assert set(graph.ancestors(node)) == above[node]
        place = graph.topological.index(node)
        assert above[node] <= set(graph.topological[:place])
    assert set(graph.sinks) == {node for node in depends_on if all(node not in depends_on[one] for one in depends_on)}
    for node in depends_on:
        assert set(graph.descendants(node)) - {node} == {one for one in depends_on if node in above[one]} - {node}
    if not stuck:
        assert graph.depth == max((longest(depends_on, node) for node in depends_on), default=0)


def longest(depends_on: Mapping[str, Sequence[str]], node: str) -> int:
    """Return the length of the longest chain that ends with the node."""
    return 1 + max((longest(depends_on, parent) for parent in depends_on[node] if parent in depends_on), default=0)


@PLENTY
@given(GRAPHS, st.data())
def test_the_nearest_candidate_is_an_ancestor_behind_the_others(
    depends_on: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    """The nearest of some candidates is one that the node depends on and that no other such candidate follows."""
    graph = Graph(depends_on)
    if graph.cyclic or not depends_on:
        return
    node = data.draw(st.sampled_from(sorted(depends_on)))
    candidates = data.draw(st.lists(st.sampled_from(NAMES), max_size=4))
    above = reached(depends_on, node) & set(candidates)
    nearest = graph.nearest(candidates, node)
    assert (nearest is None) == (not above)
    if nearest is not None:
        assert nearest in above
        assert not any(nearest in reached(depends_on, other) for other in above)
    assert graph.depends_on_any(node, graph.mask_of(candidates)) == bool(above)


@PLENTY
@given(replan_requests(), st.data())
def test_any_delta_is_judged_as_a_slow_checker_does(request: PlannerRequest, data: st.DataObject) -> None:
    """No delta raises; missing inputs, dangling dependencies and locks are found where a slow look finds them."""
    assert request.plan is not None
    delta = data.draw(deltas(request.plan, [one for one in IDS if one in request.catalog.by_id]))
    found = delta_diagnostics(
        delta,
        request.plan,
        request.progress,
        (),
        (),
        request.catalog,
        request.inputs,
        request.contract,
        request.policies,
        1,
    )
    if delta.base_version == 99:
        assert [one.code for one in found] == ["stale_base"]
        return
    nodes: dict[str, PlanNode] = {}
    for node in applied(request.plan, delta):
        nodes.setdefault(node.id, node)
    looked_at = {(one.code, one.node, one.facet) for one in found if one.code in SLOW_CODES}
    assert looked_at == slow_findings(request, delta, nodes)


def slow_findings(
    request: PlannerRequest, delta: Delta, nodes: Mapping[str, PlanNode]
) -> set[tuple[str, str | None, str | None]]:
    """Return what is plainly wrong, by walking from each node."""
    named = {*(one.id for one in delta.replace), *delta.remove} & set(request.progress)
    locked = {one for one in named if request.progress[one].status in ("completed", "running")}
    found: set[tuple[str, str | None, str | None]] = {("node_locked", one, None) for one in locked}
    depends_on = {name: node.depends_on for name, node in nodes.items()}
    for name, node in nodes.items():
        found |= {("unknown_dependency", name, None) for parent in node.depends_on if parent not in nodes}
    if any(name in reached(depends_on, name) for name in nodes):
        return found
    for name, node in nodes.items():
        there = {
            "given",
            *(facet for other in reached(depends_on, name) for facet in outputs(nodes[other], request.catalog)),
        }
        known = request.catalog.by_id.get(node.capability)
        found |= {("missing_input", name, facet) for facet in (known.inputs if known else ()) if facet not in there}
    return found


def outputs(node: PlanNode, catalog: Catalog) -> tuple[str, ...]:
    """Return what the node writes."""
    known = catalog.by_id.get(node.capability)
    return known.outputs if known else ()
