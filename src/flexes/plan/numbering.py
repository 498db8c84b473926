"""Numbers of derived nodes: `ORIGINAL~roleN`, each role of an original counted from 1 (semantics 9)."""

import re
from collections.abc import Iterable
from typing import Final

from flexes.policy.selector import DERIVED_MARK, base_id

_ROLE_AND_NUMBER: Final = re.compile(r"(\D+)(\d{1,9})")


class Numbering:
    """The numbers that are taken so far."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._highest: dict[tuple[str, str], int] = {}
        for node in ids:
            original, _, derived = node.partition(DERIVED_MARK)
            found = _ROLE_AND_NUMBER.fullmatch(derived)
            if found:
                key = (original, found[1])
                self._highest[key] = max(self._highest.get(key, 0), int(found[2]))

    def highest(self, node: str, role: str) -> int:
        """Return the highest number in this role that the node's original has; 0 for none."""
        return self._highest.get((base_id(node), role), 0)

    def take(self, node: str, role: str) -> str:
        """Return the next id in this role of the node's original, and count it as taken."""
        number = self.highest(node, role) + 1
        self._highest[base_id(node), role] = number
        return f"{base_id(node)}{DERIVED_MARK}{role}{number}"
