"""What a plan is checked against, and how a finding is written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import OutputContract
from flexes.policy.authored import PlannerPolicies

MAX_SUGGESTIONS: Final = 20
"""Names for which one rule looks for a similar one; looking costs a pass over all names."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What every plan of a run must meet.

    Attributes:
        given: Names of the facets in the envelope's inputs.
        known_policies: Directive ids that a node may opt out of; None when they are not known here.
    """

    catalog: Catalog
    given: frozenset[str]
    contract: OutputContract
    policies: PlannerPolicies
    max_rewrites_per_node: int = 2
    known_policies: frozenset[str] | None = None


def terms(
    catalog: Catalog,
    inputs: Collection[str],
    contract: OutputContract,
    policies: PlannerPolicies,
    max_rewrites_per_node: int = 2,
    known_policies: Collection[str] | None = None,
) -> Terms:
    """Return the terms; `inputs` are the names of the given facets."""
    known = None if known_policies is None else frozenset(known_policies)
    return Terms(catalog, frozenset(inputs), contract, policies, max_rewrites_per_node, known)


def did_you_mean(name: str, names: Sequence[str], place: int) -> str | None:
    """Return a suggestion for a name that is not among the names; None when nothing is near.

    Args:
        place: How many names the rule has asked about before; beyond MAX_SUGGESTIONS nothing is searched.
    """
    close = get_close_matches(name, names, n=1) if place < MAX_SUGGESTIONS else []
    return f"did you mean '{close[0]}'?" if close else None
