"""Outcomes of directives as groups: fewer bytes, and nothing lost."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from flexes.store.grouping import Outcomes, grouped, ungrouped

ids = st.text("ab", max_size=2)
said = st.sampled_from([("skipped", "false"), ("skipped", "missing"), ("matched", None), ("exhausted", "null")])
outcomes = st.lists(st.tuples(ids, said).map(lambda found: (found[0], *found[1]))).map(tuple)


@given(outcomes)
def test_groups_keep_every_outcome_in_its_place(found: Outcomes) -> None:
    """What is stored in groups is read back as it was, with its order, which is total and stored (semantics 7)."""
    assert ungrouped(orjson.loads(orjson.dumps(grouped(found)))) == found


@given(outcomes)
def test_groups_are_never_longer(found: Outcomes) -> None:
    """An outcome that is alone in its group takes the bytes that it takes by itself; with neighbours, less."""
    assert len(orjson.dumps(grouped(found))) <= len(orjson.dumps(found))


def test_only_neighbours_are_a_group() -> None:
    """Outcomes that are alike but stand apart stay apart."""
    found = (("a", "skipped", "false"), ("b", "skipped", "false"), ("c", "matched", None), ("d", "skipped", "false"))
    assert grouped(found) == [("skipped", "false", "a", "b"), ("matched", None, "c"), ("skipped", "false", "d")]
