"""The programmatic command API: one object for a store and a registry.

Every command is atomic, idempotent under its key, and either appends events or raises a `CommandRejected`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Literal, Self
from weakref import WeakValueDictionary

from flexes.errors import IdempotencyConflict, RunExists
from flexes.ids import CommandId, RunId, derived_id, derived_run_id
from flexes.plan.handshake import PlannerRequest
from flexes.plan.planner import plan_answer
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.problems import validated
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run.events import Event
from flexes.run.state import State
from flexes.shell.clock import Clock, SystemClock
from flexes.shell.driver import Driver
from flexes.shell.invoke import Planner
from flexes.shell.ledger import Ledger
from flexes.shell.registry import CapabilityRegistry
from flexes.shell.report import RunReport, report_of
from flexes.shell.run_ids import checked_key, checked_run_id, known_run_id
from flexes.shell.submission import checked_envelope
from flexes.shell.telemetry import Telemetry
from flexes.store.port import Head, Store
from flexes.store.urls import open_store


async def built_in_planner(request: PlannerRequest) -> Any:
    """Answer with the built-in deterministic planner."""
    return plan_answer(request)


class Flexes:
    """Runs of one store, driven with the capabilities of one registry. Open it with `Flexes.open`."""

    def __init__(
        self,
        store: Store,
        registry: CapabilityRegistry,
        *,
        planner: Planner = built_in_planner,
        flags: cmd.Flags | None = None,
        planner_timeout_s: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        self.registry = registry
        self.store = store
        self.ledger = Ledger(store, clock or SystemClock())
        self.ledger.observers.append(Telemetry())
        self._planner = planner
        self._planner_timeout_s = planner_timeout_s
        self._flags = flags or cmd.Flags()
        self._turns: WeakValueDictionary[RunId, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        registry: CapabilityRegistry | None = None,
        planner: Planner = built_in_planner,
        flags: cmd.Flags | None = None,
        planner_timeout_s: float = 120.0,
    ) -> AsyncIterator[Self]:
        """Open the store that a URL names (`memory://`, `sqlite:///path`, `postgresql://...`) for the block.

        Args:
            planner: Any callable from PlannerRequest to Draft, Delta, Decline or a dict of one; may be async.
            flags: Recorded in every run that is started here.
            planner_timeout_s: How long one planner call may take.

        Raises:
            UnknownStore, StoreUnavailable: The URL cannot be opened.
        """
        with closing(open_store(url)) as store:
            flexes = cls(
                store,
                registry or CapabilityRegistry(),
                planner=planner,
                flags=flags,
                planner_timeout_s=planner_timeout_s,
            )
            try:
                yield flexes
            finally:
                flexes.ledger.commits.flush()

    async def start(
        self,
        envelope: TaskEnvelope | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        run_id: str | None = None,
        by: str = "system",
    ) -> RunReport:
        """Submit a task and return at once; `drive` does the work.

        Raises:
            InvalidDocument: The envelope is refused; says every fault.
            RunExists: `run_id` is taken.
            IdempotencyConflict: The key was used for another envelope.
        """
        catalog = self.registry.catalog
        parsed, context = checked_envelope(envelope, catalog)
        key = checked_key(idempotency_key)
        chosen = self._run_id(run_id, key)
        document = {
            "run_id": chosen,
            "id": derived_id(chosen, "start", key) if key else self.ledger.clock.new_command_id(),
            "at": self.ledger.clock.now(),
            "actor": by,
            "envelope": parsed.wire(),
            "context": context,
            "catalog": catalog,
            "flags": self._flags,
        }
        command = validated(cmd.StartRun, document, "command")
        try:
            return report_of((await self.ledger.apply(command)).state)
        except RunExists as error:
            if idempotency_key is None:
                raise
            raise IdempotencyConflict(
                f"idempotency key {idempotency_key!r} already started run {chosen}; use a new key",
                run_id=chosen,
            ) from error

    async def drive(self, run_id: str) -> RunReport:
        """Do what the run waits for until it is completed, failed, cancelled, paused or awaiting_hitl.

        Several processes may drive the same run: capabilities may then be invoked more than once under the same
        operation id, and one outcome counts.

        Raises:
            RunNotFound: There is no such run.
        """
        identity = known_run_id(run_id)
        async with self._turns.setdefault(identity, asyncio.Lock()):
            driver = Driver(self.ledger, self.registry, self._planner, self._planner_timeout_s, identity)
            return report_of(await driver.drive())

    async def run(self, envelope: TaskEnvelope | Mapping[str, Any], **options: Any) -> RunReport:
        """Start and drive; `options` are those of `start`."""
        started = await self.start(envelope, **options)
        return await self.drive(started.id)

    async def resolve_hitl(
        self,
        run_id: str,
        request_id: str,
        *,
        decision: Literal["approve", "reject"],
        by: str,
        note: str | None = None,
        edits: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> RunReport:
        """Decide an open human request; `edits` are whole facets, ignored on reject. The first decision wins.

        Raises:
            AlreadyResolved, RequestNotFound, InvalidEdits, InvalidRunState: The decision was refused.
        """
        fields = {"request_id": request_id, "decision": decision, "note": note, "edits": dict(edits or {})}
        return await self._command(cmd.ResolveHitl, run_id, by, idempotency_key, fields)

    async def pause(
        self,
        run_id: str,
        reason: str | None = None,
        *,
        by: str = "operator",
        idempotency_key: str | None = None,
    ) -> RunReport:
        """Suspend the run; what is in flight finishes, nothing new starts."""
        return await self._command(cmd.PauseRun, run_id, by, idempotency_key, {"reason": reason})

    async def resume(self, run_id: str, *, by: str = "operator", idempotency_key: str | None = None) -> RunReport:
        """Let a paused run go on; on an active run nothing is appended. Says plan version, triggers, last action.

        Raises:
            HitlPending: A decision is awaited.
            InvalidRunState: The run has ended.
        """
        return await self._command(cmd.ResumeRun, run_id, by, idempotency_key, {})

    async def cancel(
        self,
        run_id: str,
        reason: str | None = None,
        *,
        by: str = "operator",
        idempotency_key: str | None = None,
    ) -> RunReport:
        """End the run, in any state that is not final."""
        return await self._command(cmd.CancelRun, run_id, by, idempotency_key, {"reason": reason})

    async def trigger(
        self, run_id: str, policy_id: str, *, by: str = "operator", idempotency_key: str | None = None
    ) -> RunReport:
        """Fire a `manual` directive."""
        return await self._command(cmd.TriggerPolicy, run_id, by, idempotency_key, {"policy_id": policy_id})

    async def signal(
        self,
        run_id: str,
        signal: SignalEnvelope | Mapping[str, Any],
        *,
        by: str = "outside",
        idempotency_key: str | None = None,
    ) -> RunReport:
        """Take in a signal from outside: `{metrics, node?, source?}`."""
        parsed = signal if isinstance(signal, SignalEnvelope) else validated(SignalEnvelope, signal, "signal")
        return await self._command(cmd.ReceiveSignal, run_id, by, idempotency_key, {"signal": parsed})

    def state(self, run_id: str, at_version: int | None = None) -> State:
        """Return the folded run, also as it was after an earlier event.

        What a long run's facets hold may be read from the store only when it is looked at: look before `close`.

        Raises:
            RunNotFound: There is no such run, or no such version.
        """
        identity = known_run_id(run_id)
        return self.ledger.require(identity) if at_version is None else self.ledger.at_version(identity, at_version)

    def events(self, run_id: str, after: int = 0, upto: int | None = None) -> Sequence[Event]:
        """Return the run's events in order; empty for an unknown run."""
        return self.ledger.events(known_run_id(run_id), after, upto)

    def given(self, run_id: str, idempotency_key: str) -> Event | None:
        """Return the first event of the command that was given under this key, or None if none was."""
        state = self.state(run_id)
        seen = state.commands.get(derived_id(state.run_id, "key", idempotency_key))
        return self.events(state.run_id, seen.first_version - 1, seen.first_version)[0] if seen else None

    def runs(self, limit: int = 1_000) -> Sequence[Head]:
        """Return the runs, the one started last first."""
        return self.store.heads(limit)

    def _run_id(self, run_id: str | None, key: str | None) -> RunId:
        if run_id is not None:
            return checked_run_id(run_id)
        return derived_run_id(key) if key is not None else self.ledger.clock.new_run_id()

    async def _command(self, kind: Any, run_id: str, by: str, key: str | None, fields: Mapping[str, Any]) -> RunReport:
        identity = known_run_id(run_id)
        self.ledger.require(identity)
        chosen = checked_key(key)
        command_id = CommandId(derived_id(identity, "key", chosen)) if chosen else self.ledger.clock.new_command_id()
        document = {"run_id": identity, "id": command_id, "at": self.ledger.clock.now(), "actor": by, **fields}
        return report_of((await self.ledger.apply(validated(kind, document, "command"))).state)
