"""The journal that shows whether anything ran twice."""

from pathlib import Path

from flexes.demo.campaign import registry
from flexes.demo.journal import Invocation, Journal
from flexes.demo.performance import Kill, ran_twice

KILL = Kill(pid=1, version=9, completed=(("draft", 1), ("check", 2)), in_flight=("slow",))


def test_a_completed_attempt_that_another_process_invokes_is_found() -> None:
    """Only a completed attempt counts: what was in flight may, and another attempt must, be invoked again."""
    first = [Invocation(1, "draft", 1, "a"), Invocation(1, "check", 2, "b"), Invocation(1, "slow", 1, "c")]
    fine = [Invocation(2, "slow", 1, "c"), Invocation(2, "check", 3, "d")]
    assert ran_twice(KILL, (*first, *fine)) == ()
    assert ran_twice(KILL, (*first, *fine, Invocation(2, "draft", 1, "a"))) == ("draft",)


def test_a_witnessed_registry_is_the_same_catalog(tmp_path: Path) -> None:
    """Watching invocations changes nothing that a run is started with."""
    journal = Journal(tmp_path / "journal")
    assert journal.witnessed(registry).catalog == registry.catalog
    assert journal.read() == ()
