"""The programmatic command API: answers, refusals and idempotency keys (semantics 10, interfaces 1)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.integration.driver_cases import ENVELOPE, answer, asynchronous, registry_of, with_policies

from flexes import CommandRejected, Flexes, InvalidDocument, RunReport
from flexes.errors import (
    AlreadyResolved,
    HitlPending,
    IdempotencyConflict,
    InvalidEdits,
    InvalidRunState,
    NodeNotFound,
    PolicyNotFound,
    PolicyNotManual,
    RequestNotFound,
    RunExists,
    RunNotFound,
)

NOBODY = "00000000-0000-4000-8000-000000000000"
GATE = {"id": "gate", "action": {"type": "hitl", "rationale": "look"}}
BY_HAND = {"id": "by-hand", "trigger": {"kind": "manual"}, "action": {"type": "emit", "event": "seen"}}
POLICIES = with_policies(runtime=[GATE, BY_HAND])


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[Flexes]:
    """Open a store in memory with one capability."""
    async with Flexes.open("memory://", registry=registry_of(answer), **options) as flexes:
        yield flexes


async def waiting(flexes: Flexes) -> RunReport:
    """Return a run that waits for a decision."""
    report = await flexes.run(POLICIES)
    assert report.status == "awaiting_hitl"
    return report


Command = Callable[[Flexes, RunReport, str | None], Awaitable[RunReport]]
COMMANDS: dict[str, tuple[Command, Command]] = {
    "pause": (
        lambda flexes, run, key: flexes.pause(run.id, "lunch", idempotency_key=key),
        lambda flexes, run, key: flexes.pause(run.id, "dinner", idempotency_key=key),
    ),
    "cancel": (
        lambda flexes, run, key: flexes.cancel(run.id, "enough", idempotency_key=key),
        lambda flexes, run, key: flexes.cancel(run.id, "too much", idempotency_key=key),
    ),
    "trigger": (
        lambda flexes, run, key: flexes.trigger(run.id, "by-hand", idempotency_key=key),
        lambda flexes, run, key: flexes.trigger(run.id, "by-hand", by="somebody else", idempotency_key=key),
    ),
    "signal": (
        lambda flexes, run, key: flexes.signal(run.id, {"metrics": {"q": 0.5}}, idempotency_key=key),
        lambda flexes, run, key: flexes.signal(run.id, {"metrics": {"q": 0.6}}, idempotency_key=key),
    ),
    "resolve_hitl": (
        lambda flexes, run, key: flexes.resolve_hitl(
            run.id, run.pending_hitl[0], decision="approve", by="lead", edits={"copy": 1}, idempotency_key=key
        ),
        lambda flexes, run, key: flexes.resolve_hitl(
            run.id, run.pending_hitl[0], decision="approve", by="lead", edits={"copy": 2}, idempotency_key=key
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
@asynchronous
async def test_a_key_has_one_effect_and_one_answer(name: str) -> None:
    """The same key with the same content has one effect and the same answer, whatever happened since (semantics 10)."""
    same, _ = COMMANDS[name]
    async with opened() as flexes:
        run = await waiting(flexes)
        first = await same(flexes, run, "k")
        if first.status not in ("cancelled", "completed"):
            await flexes.pause(run.id, "something else")
        version = flexes.state(run.id).version
        assert await same(flexes, run, "k") == first
        assert flexes.state(run.id).version == version
        again = Flexes(flexes.store, flexes.registry)  # another process
        assert await same(again, run, "k") == first
        assert flexes.state(run.id).version == version


@pytest.mark.parametrize("name", COMMANDS)
@asynchronous
async def test_a_key_with_other_content(name: str) -> None:
    """The same key with other content is idempotency_conflict and changes nothing (semantics 10)."""
    same, other = COMMANDS[name]
    async with opened() as flexes:
        run = await waiting(flexes)
        await same(flexes, run, "k")
        version = flexes.state(run.id).version
        with pytest.raises(IdempotencyConflict) as refused:
            await other(flexes, run, "k")
        assert refused.value.code == "idempotency_conflict"
        assert flexes.state(run.id).version == version


@asynchronous
async def test_a_key_of_another_command() -> None:
    """One key for two different commands is idempotency_conflict (semantics 10)."""
    async with opened() as flexes:
        run = await waiting(flexes)
        await flexes.pause(run.id, idempotency_key="k")
        with pytest.raises(IdempotencyConflict):
            await flexes.resume(run.id, idempotency_key="k")


@asynchronous
async def test_a_key_to_start() -> None:
    """A start under a key happens once; another envelope under it is idempotency_conflict (semantics 10)."""
    async with opened() as flexes:
        first = await flexes.start(ENVELOPE, idempotency_key="k")
        await flexes.drive(first.id)
        assert await flexes.start(ENVELOPE, idempotency_key="k") == first
        with pytest.raises(IdempotencyConflict):
            await flexes.start({**ENVELOPE, "objective": "else"}, idempotency_key="k")
        assert len(flexes.runs()) == 1


@asynchronous
async def test_a_key_to_resume() -> None:
    """A resume under a key resumes once: given again after a later pause it does nothing (semantics 10)."""
    async with opened() as flexes:
        run = await flexes.start(ENVELOPE)
        await flexes.pause(run.id)
        first = await flexes.resume(run.id, idempotency_key="k")
        await flexes.pause(run.id, "again")
        assert await flexes.resume(run.id, idempotency_key="k") == first
        assert flexes.state(run.id).status == "paused"


@asynchronous
async def test_commands_at_once_under_one_key() -> None:
    """Many callers with one key at once: one effect, one answer (semantics 10)."""
    async with opened() as flexes:
        run = await waiting(flexes)
        others = [Flexes(flexes.store, flexes.registry) for _ in range(4)]
        request = run.pending_hitl[0]
        answers = await asyncio.gather(
            *(
                other.resolve_hitl(run.id, request, decision="approve", by="lead", idempotency_key="k")
                for other in others
            )
        )
        assert len({found.version for found in answers}) == 1
        assert [event.kind for event in flexes.events(run.id)].count("HitlResolved") == 1


@asynchronous
async def test_resume_on_each_status() -> None:
    """Resume: appends nothing on an active run, goes on from a pause, also with open requests; refused while a decision
    is awaited, and at the end. It reports version, plan version and the last action (semantics 2).
    """
    async with opened() as flexes:
        run = await flexes.start(POLICIES)
        assert (await flexes.resume(run.id)).version == run.version
        run = await flexes.drive(run.id)
        with pytest.raises(HitlPending) as pending:
            await flexes.resume(run.id)
        assert pending.value.facts["requests"] == run.pending_hitl
        await flexes.pause(run.id)
        resumed = await flexes.resume(run.id)
        assert (resumed.status, resumed.pending_hitl) == ("awaiting_hitl", run.pending_hitl)
        assert resumed.plan_version == 1
        assert resumed.last_action is not None
        assert resumed.last_action["policyId"] == "gate"
        await flexes.pause(run.id)
        decided = await flexes.resolve_hitl(run.id, run.pending_hitl[0], decision="approve", by="lead")
        assert (decided.status, decided.pending_hitl) == ("paused", ())
        assert (await flexes.resume(run.id)).status == "completed"
        with pytest.raises(InvalidRunState):
            await flexes.resume(run.id)


@asynchronous
async def test_the_first_decision_wins() -> None:
    """A second decision is already_resolved and says who and when, also after the end of the run (semantics 8)."""
    async with opened() as flexes:
        run = await waiting(flexes)
        await flexes.resolve_hitl(run.id, run.pending_hitl[0], decision="reject", by="ann", note="off brand")
        decided_at = flexes.state(run.id).requests[run.pending_hitl[0]].decided_at
        with pytest.raises(AlreadyResolved) as refused:
            await flexes.resolve_hitl(run.id, run.pending_hitl[0], decision="approve", by="bob")
        facts = refused.value.facts
        assert (facts["by"], facts["at"], facts["decision"]) == ("ann", decided_at, "reject")
        assert "ann" in str(refused.value)
        report = await flexes.drive(run.id)
        assert report.error is not None
        assert report.error["message"] == "off brand"


NOT_FOUND: dict[str, Callable[[Flexes, str], Awaitable[Any]]] = {
    "drive": lambda flexes, run: flexes.drive(run),
    "pause": lambda flexes, run: flexes.pause(run),
    "resume": lambda flexes, run: flexes.resume(run),
    "cancel": lambda flexes, run: flexes.cancel(run),
    "trigger": lambda flexes, run: flexes.trigger(run, "p"),
    "signal": lambda flexes, run: flexes.signal(run, {"metrics": {"q": 1.0}}),
    "resolve": lambda flexes, run: flexes.resolve_hitl(run, "r", decision="approve", by="lead"),
    "keyed": lambda flexes, run: flexes.pause(run, idempotency_key="k"),
}


@pytest.mark.parametrize("name", NOT_FOUND)
@pytest.mark.parametrize("run_id", [NOBODY, "no uuid", "", "\ud800"])
@asynchronous
async def test_an_unknown_run(name: str, run_id: str) -> None:
    """Each command on a run that there is not is run_not_found, whatever the id looks like (interfaces 1)."""
    async with opened() as flexes:
        with pytest.raises(RunNotFound) as refused:
            await NOT_FOUND[name](flexes, run_id)
        assert refused.value.code == "run_not_found"
        with pytest.raises(RunNotFound):
            flexes.state(run_id)


@asynchronous
async def test_what_a_run_does_not_have() -> None:
    """Unknown requests, policies and nodes, and policies that are not manual, are refused by code (interfaces 1)."""
    async with opened() as flexes:
        run = await waiting(flexes)
        version = flexes.state(run.id).version
        request = run.pending_hitl[0]
        with pytest.raises(RequestNotFound):
            await flexes.resolve_hitl(run.id, "no request", decision="approve", by="lead")
        with pytest.raises(PolicyNotFound):
            await flexes.trigger(run.id, "no policy")
        with pytest.raises(PolicyNotManual):
            await flexes.trigger(run.id, "gate")
        with pytest.raises(NodeNotFound):
            await flexes.signal(run.id, {"metrics": {"q": 0.1}, "node": "no node"})
        with pytest.raises((InvalidDocument, CommandRejected)):
            await flexes.resolve_hitl(run.id, request, decision="perhaps", by="lead")  # type: ignore[arg-type]
        assert flexes.state(run.id).version == version


@asynchronous
async def test_edits_that_break_a_schema() -> None:
    """An edit that breaks its facet's schema is refused with the pointer; the request stays open (semantics 8)."""
    registry = registry_of(answer)
    registry.facet("copy", schema={"type": "object"})
    async with Flexes.open("memory://", registry=registry) as flexes:
        run = await waiting(flexes)
        with pytest.raises(InvalidEdits) as refused:
            await flexes.resolve_hitl(run.id, run.pending_hitl[0], decision="approve", by="lead", edits={"copy": 5})
        assert refused.value.facts["facet"] == "copy"
        assert flexes.state(run.id).open_requests == run.pending_hitl


BAD_VALUES: dict[str, Callable[[Flexes, RunReport], Awaitable[Any]]] = {
    "ill-formed reason": lambda flexes, run: flexes.pause(run.id, "\ud800"),
    "reason that is no text": lambda flexes, run: flexes.cancel(run.id, 5),  # type: ignore[arg-type]
    "ill-formed note": lambda flexes, run: flexes.resolve_hitl(
        run.id, run.pending_hitl[0], decision="approve", by="lead", note="\ud800"
    ),
    "nobody": lambda flexes, run: flexes.resolve_hitl(run.id, run.pending_hitl[0], decision="approve", by=""),
    "an ill-formed person": lambda flexes, run: flexes.resolve_hitl(
        run.id, run.pending_hitl[0], decision="approve", by="\ud800"
    ),
    "an edit that is not JSON": lambda flexes, run: flexes.resolve_hitl(
        run.id, run.pending_hitl[0], decision="approve", by="lead", edits={"copy": float("nan")}
    ),
    "a huge edit": lambda flexes, run: flexes.resolve_hitl(
        run.id, run.pending_hitl[0], decision="approve", by="lead", edits={"copy": 10**400}
    ),
    "a signal without metrics": lambda flexes, run: flexes.signal(run.id, {"metrics": {}}),
    "a signal that is not a number": lambda flexes, run: flexes.signal(run.id, {"metrics": {"q": float("nan")}}),
    "a signal with an unknown key": lambda flexes, run: flexes.signal(run.id, {"metrics": {"q": 1.0}, "n": 1}),
    "an ill-formed source": lambda flexes, run: flexes.signal(run.id, {"metrics": {"q": 1.0}, "source": "\ud800"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_VALUES)
@asynchronous
async def test_a_command_that_cannot_be_stored(name: str) -> None:
    """What could not be stored is refused as a document, with the place; the run is unchanged (semantics, head)."""
    async with opened() as flexes:
        run = await waiting(flexes)
        before = flexes.state(run.id)
        with pytest.raises(InvalidDocument) as refused:
            await BAD_VALUES[name](flexes, run)
        assert all(problem.pointer for problem in refused.value.problems)
        assert flexes.state(run.id) == before


BAD_ENVELOPES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({**ENVELOPE, "colour": "red"}, "/colour"),
    "no objective": ({key: ENVELOPE[key] for key in ("inputs", "outputContract")}, "/objective"),
    "empty objective": ({**ENVELOPE, "objective": ""}, "/objective"),
    "ill-formed objective": ({**ENVELOPE, "objective": "\ud800"}, "/objective"),
    "no contract": ({"objective": "o"}, "/outputContract"),
    "unknown mode": ({**ENVELOPE, "outputContract": {"mode": "poem"}}, "/outputContract"),
    "no facets": ({**ENVELOPE, "outputContract": {"mode": "facets", "facets": []}}, "/outputContract/facets"),
    "bad schema": (
        {**ENVELOPE, "outputContract": {"mode": "json_schema", "schema": {"type": 5}}},
        "/outputContract/schema",
    ),
    "input": ({**ENVELOPE, "inputs": {"brief": float("inf")}}, "/inputs/brief"),
    "unknown action": (
        with_policies(runtime=[{"id": "a", "action": {"type": "dance"}}]),
        "/policies/runtime/0/action/type",
    ),
    "bad when": (
        with_policies(runtime=[{"id": "a", "when": {"copy": {"%": 1}}, "action": {"type": "pause"}}]),
        "/policies/runtime/0/when",
    ),
    "duplicate": (
        with_policies(runtime=[GATE], thresholds={"latency": [{"id": "gate", "maxMs": 5.0}]}),
        "/policies/runtime/0/id",
    ),
}


@pytest.mark.parametrize("name", BAD_ENVELOPES)
@asynchronous
async def test_a_bad_envelope(name: str) -> None:
    """An envelope with a fault is InvalidDocument with its JSON pointer, and no run is made (semantics, head)."""
    envelope, pointer = BAD_ENVELOPES[name]
    async with opened() as flexes:
        with pytest.raises(InvalidDocument) as refused:
            await flexes.start(envelope)
        assert any(problem.pointer.startswith(pointer) for problem in refused.value.problems), refused.value
        assert not flexes.runs()


@asynchronous
async def test_run_ids_of_callers() -> None:
    """A chosen run id is a UUID in any spelling, used once (interfaces 1)."""
    async with opened() as flexes:
        run = await flexes.start(ENVELOPE, run_id=NOBODY.upper())
        assert run.id == NOBODY
        with pytest.raises(RunExists):
            await flexes.start(ENVELOPE, run_id=NOBODY)
        with pytest.raises(InvalidDocument) as refused:
            await flexes.start(ENVELOPE, run_id="mine")
        assert refused.value.problems[0].code == "bad_run_id"
        assert (await flexes.drive(NOBODY.upper())).status == "completed"


@asynchronous
async def test_states_of_the_past() -> None:
    """state(at_version) is the fold up to that event; none before the first or after the last (interfaces 1)."""
    async with opened() as flexes:
        run = await waiting(flexes)
        last = flexes.state(run.id)
        for version in range(1, last.version + 1):
            assert flexes.state(run.id, version).version == version
        assert flexes.state(run.id, last.version) == last
        assert flexes.state(run.id, 1).status == "planning"
        for version in (0, -1, last.version + 1):
            with pytest.raises(RunNotFound):
                flexes.state(run.id, version)


@asynchronous
async def test_cancel_in_every_open_state() -> None:
    """Cancel is accepted in every state that is not final, closes requests, abandons what runs (semantics 2)."""
    async with opened() as flexes:
        planning = await flexes.start(ENVELOPE)
        assert (await flexes.cancel(planning.id, "no")).status == "cancelled"
        asked = await waiting(flexes)
        cancelled = await flexes.cancel(asked.id)
        assert (cancelled.status, cancelled.pending_hitl) == ("cancelled", ())
        paused = await flexes.start(ENVELOPE)
        await flexes.pause(paused.id)
        assert (await flexes.cancel(paused.id)).status == "cancelled"
        with pytest.raises(InvalidRunState):
            await flexes.cancel(paused.id)
        assert (await flexes.drive(paused.id)).status == "cancelled"


@pytest.mark.parametrize("by", ["", "x" * 257, "\ud800", 5])
@asynchronous
async def test_whoever_gives_a_command_has_a_name(by: Any) -> None:
    """A name that cannot be stored is refused as every other fault of a document, at the start too."""
    async with opened() as flexes:
        with pytest.raises(InvalidDocument, match="/actor"):
            await flexes.start(ENVELOPE, by=by)
        run = await waiting(flexes)
        with pytest.raises(InvalidDocument, match="/actor"):
            await flexes.pause(run.id, by=by)


@pytest.mark.parametrize("key", ["", "\ud800", 5])
@asynchronous
async def test_an_idempotency_key_is_a_text(key: Any) -> None:
    """A key that no caller means, or that is no text, is refused before anything is stored."""
    async with opened() as flexes:
        with pytest.raises(InvalidDocument, match="/idempotencyKey"):
            await flexes.start(ENVELOPE, idempotency_key=key)
        run = await waiting(flexes)
        with pytest.raises(InvalidDocument, match="/idempotencyKey"):
            await flexes.pause(run.id, idempotency_key=key)
        assert [head.run_id for head in flexes.runs()] == [run.id]


@pytest.mark.parametrize("run_id", ["", "x", 5, None, b"x"])
@asynchronous
async def test_what_is_no_run_id_names_no_run(run_id: Any) -> None:
    """Whatever is given in place of a run id, a command says that there is no such run."""
    async with opened() as flexes:
        with pytest.raises(RunNotFound):
            await flexes.cancel(run_id)
        if run_id is not None:
            with pytest.raises(InvalidDocument, match="/runId"):
                await flexes.start(ENVELOPE, run_id=run_id)
