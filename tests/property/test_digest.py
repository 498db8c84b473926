"""The digest chain against everything that can be done to a run's rows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flexes.ids import RunId
from flexes.store.digest import first_digest, next_digest, verify_chain
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent, Row

RUN = RunId("00000000-0000-4000-8000-000000000001")
payloads = st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=20)), min_size=1, max_size=12)


def rows_of(content: list[tuple[str, bytes]]) -> list[Row]:
    """Return the rows of a run with the given types and bytes."""
    store = MemoryStore()
    store.append([NewEvent(RUN, version, type_, data) for version, (type_, data) in enumerate(content, start=1)])
    return list(store.read(RUN))


@given(payloads)
def test_what_was_appended_verifies(content: list[tuple[str, bytes]]) -> None:
    """Rows as appended have no break, whatever their bytes."""
    assert verify_chain(rows_of(content)) is None


@given(payloads, st.data())
def test_any_edit_is_found_where_it_was_made(content: list[tuple[str, bytes]], data: st.DataObject) -> None:
    """Another type, other bytes or another digest of one event is named as the break."""
    rows = rows_of(content)
    at = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(["type", "data", "digest"]))
    value: Any = data.draw(st.text(max_size=5) if field == "type" else st.binary(max_size=32))
    edited = rows[at]._replace(**{field: value})
    found = verify_chain([*rows[:at], edited, *rows[at + 1 :]])
    assert (found is None) == (edited == rows[at])
    assert found is None or found.version == at + 1


@given(payloads, st.data())
def test_any_drop_but_of_the_end_is_found(content: list[tuple[str, bytes]], data: st.DataObject) -> None:
    """Every event that is missing before the last one is named; a cut-off end is what a chain cannot see."""
    rows = rows_of(content)
    kept = data.draw(st.lists(st.sampled_from(rows), unique=True).map(sorted))
    found = verify_chain(kept)
    first_gap = next((row.version for row in rows if row not in kept), None)
    if first_gap is None or all(row.version < first_gap for row in kept):
        assert found is None
    else:
        assert found is not None
        assert found.version == first_gap


@given(payloads, st.data())
def test_any_reordering_is_found(content: list[tuple[str, bytes]], data: st.DataObject) -> None:
    """Rows in any other order, also with versions and positions dealt out anew, are a break."""
    rows = rows_of(content)
    shuffled = data.draw(st.permutations(rows))
    renumbered = [
        new._replace(version=old.version, position=old.position) for new, old in zip(shuffled, rows, strict=True)
    ]
    assert (verify_chain(shuffled) is None) == (shuffled == rows)
    assert (verify_chain(renumbered) is None) == (renumbered == rows)


@given(st.text(min_size=1), st.binary(), st.integers(1, 5))
def test_no_byte_moves_between_fields(type_: str, data: bytes, cut: int) -> None:
    """Fields are length-prefixed: moving bytes from the type to the payload changes the digest."""
    moved = type_.encode()[-cut:] + data
    rest = type_.encode()[:-cut].decode(errors="ignore")
    start = first_digest(RUN)
    assert next_digest(start, RUN, 1, type_, data) != next_digest(start, RUN, 1, rest, moved)


def test_the_digest_is_a_storage_format() -> None:
    """These bytes never change: stored chains of every release are verified with them."""
    first = first_digest(RUN)
    assert first.hex() == "11e594f481958c10e3015d0bf0447a22f068a8a647f475df15ce2c7ab4b8f3f1"
    assert next_digest(first, RUN, 1, "Happened", b"{}").hex() == (
        "e9a6dce77a1f1a0ed5c4609ac69b98ea06d4af3d18b576ccf7c5c635c2f4643e"
    )
