"""Questions about the dependencies of a plan."""

from flexes.plan.graph import Graph

DIAMOND = Graph({"end": ("left", "right"), "left": ("start",), "right": ("start", "?"), "start": ()})


def test_order_is_dependencies_first() -> None:
    """Topological order is stable, and any ids can be put into it."""
    assert DIAMOND.topological == ("start", "left", "right", "end")
    assert DIAMOND.in_order(["end", "?", "start", "end"]) == ("start", "end")


def test_relatives_come_in_a_fixed_order() -> None:
    """Ancestors nearest last, descendants and sinks in the order of the ids."""
    assert DIAMOND.ancestors("end") == ("start", "left", "right")
    assert DIAMOND.descendants("start") == ("end", "left", "right")
    assert DIAMOND.sinks == ("end",)
    assert DIAMOND.depth == 3


def test_many_are_asked_at_once() -> None:
    """A set of ids is turned into a mask once, and asked of many nodes; an id is not its own ancestor."""
    mask = DIAMOND.mask_of(["left", "?"])
    assert [DIAMOND.depends_on_any(node, mask) for node in ("end", "left", "right", "?")] == [True, False, False, False]


def test_unknown_ids_and_cycles_are_no_errors() -> None:
    """Ids that the graph does not have are nobody's relatives; what waits for a cycle is never placed."""
    looped = Graph({"a": ("b",), "b": ("a",), "behind": ("b",), "free": ()})
    assert looped.cyclic == ("a", "b", "behind")
    assert looped.topological == ("free",)
    assert looped.ancestors("behind") == ()
    assert looped.nearest(["a"], "behind") is None
    assert not looped.is_ancestor("nowhere", "free")
