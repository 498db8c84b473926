"""flexes: an event-sourced state machine core for policy-governed runs.

Everything that a program needs stands here; the modules behind it are imported when a name is first used, so that
`import flexes` costs almost nothing.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flexes.errors import CommandRejected as CommandRejected
    from flexes.errors import FlexesError as FlexesError
    from flexes.errors import InvalidDocument as InvalidDocument
    from flexes.errors import NodeError as NodeError
    from flexes.plan.handshake import Decline as Decline
    from flexes.plan.handshake import Delta as Delta
    from flexes.plan.handshake import Draft as Draft
    from flexes.plan.handshake import PlannerRequest as PlannerRequest
    from flexes.plan.plan import PlanNode as PlanNode
    from flexes.policy.envelope import TaskEnvelope as TaskEnvelope
    from flexes.policy.signal import SignalEnvelope as SignalEnvelope
    from flexes.policy.signal import Validation as Validation
    from flexes.run.commands import Flags as Flags
    from flexes.run.decide import decide as decide
    from flexes.run.evolve import evolve as evolve
    from flexes.run.evolve import fold as fold
    from flexes.run.outstanding import outstanding as outstanding
    from flexes.run.state import State as State
    from flexes.shell.facade import Flexes as Flexes
    from flexes.shell.registry import CapabilityRegistry as CapabilityRegistry
    from flexes.shell.registry import NodeContext as NodeContext
    from flexes.shell.registry import NodeResult as NodeResult
    from flexes.shell.report import RunReport as RunReport

__version__ = "0.1.0"

_HOME = {
    "CapabilityRegistry": "flexes.shell.registry",
    "CommandRejected": "flexes.errors",
    "Decline": "flexes.plan.handshake",
    "Delta": "flexes.plan.handshake",
    "Draft": "flexes.plan.handshake",
    "Flags": "flexes.run.commands",
    "Flexes": "flexes.shell.facade",
    "FlexesError": "flexes.errors",
    "InvalidDocument": "flexes.errors",
    "NodeContext": "flexes.shell.registry",
    "NodeError": "flexes.errors",
    "NodeResult": "flexes.shell.registry",
    "PlanNode": "flexes.plan.plan",
    "PlannerRequest": "flexes.plan.handshake",
    "RunReport": "flexes.shell.report",
    "SignalEnvelope": "flexes.policy.signal",
    "State": "flexes.run.state",
    "TaskEnvelope": "flexes.policy.envelope",
    "Validation": "flexes.policy.signal",
    "decide": "flexes.run.decide",
    "evolve": "flexes.run.evolve",
    "fold": "flexes.run.evolve",
    "outstanding": "flexes.run.outstanding",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Import a public name from where it is defined, on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'flexes' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
