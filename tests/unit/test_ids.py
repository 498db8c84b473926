from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from flexes.ids import RunId, derived_id, instant, moment, ms_between, plus_ms

_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(st.uuids(), st.lists(st.text() | st.integers(), min_size=1).filter(lambda parts: "\ud800" not in str(parts)))
def test_a_derived_id_is_the_uuid_of_version_5(run: UUID, parts: list[str | int]) -> None:
    """Derived ids are those that the standard library makes of the run and the parts."""
    name = "\x1f".join(str(part) for part in parts)
    assert derived_id(RunId(str(run)), *parts) == str(uuid5(run, name))


@given(_MOMENTS, st.integers(-12, 12))
def test_an_instant_is_utc_with_six_decimals(at: datetime, hours: int) -> None:
    """An instant is the same text whatever the zone of the moment is, and reads back as the moment."""
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    assert instant(elsewhere) == at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert moment(instant(elsewhere)) == at


@given(_MOMENTS, _MOMENTS)
def test_instants_sort_as_their_moments(one: datetime, other: datetime) -> None:
    """The order of the texts is the order in time."""
    assert (instant(one) < instant(other)) == (one < other)


@given(_MOMENTS, st.integers(0, 10**9))
def test_the_time_between_is_what_was_added(at: datetime, duration_ms: int) -> None:
    """Adding milliseconds and asking for the time between gives the same number."""
    start = instant(at)
    assert ms_between(start, plus_ms(start, duration_ms)) == duration_ms
