"""Checking policies before they run: what an author wrote against what is known around it.

The codes are listed in the modules that find them: names, predicates, triggers, loops.
"""

from flexes.policy.authored import TaskPolicies
from flexes.policy.check_finding import Finding, Surroundings, in_order
from flexes.policy.check_loops import loop_findings
from flexes.policy.check_names import name_findings
from flexes.policy.check_places import subjects
from flexes.policy.check_predicates import predicate_findings
from flexes.policy.check_triggers import trigger_findings


def findings(policies: TaskPolicies, around: Surroundings | None = None) -> tuple[Finding, ...]:
    """Return what is to be said of policies that the schema accepts: errors first, then in the document's order.

    Disabled directives are not looked at. Pointers are into the policies, with the keys of the wire. What is called
    an error, never or always holds for every run.

    Raises:
        InvalidDocument: A channel's facet is no path.
    """
    around = around or Surroundings()
    found = subjects(policies, around.catalog, around.inputs)
    return in_order(
        (
            *name_findings(policies, found, around),
            *(finding for subject in found for finding in predicate_findings(subject, around)),
            *trigger_findings(policies, found, around),
            *loop_findings(policies, found, around),
        )
    )
