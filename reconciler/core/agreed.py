"""Calls that were agreed to, known again by their digests: a value may stand where one was not known yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.order import fingerprint
from reconciler.model.key import Key
from reconciler.model.plan import Call, Change, Plan
from reconciler.model.tree import Momentary, Path, Pending, leaves, map_leaves

OUTSIDE_WINDOW, AWAITING_APPROVAL = "OutsideWindow", "AwaitingApproval"
"""Codes of changes that are only held back until it is time, or until a person agrees: the plan itself is settled."""


@dataclass(frozen=True)
class AgreedCall:
    """A call as agreed to: its operation, the digest of its parameters, and where a value was not known yet."""

    key: Key
    operation: str
    digest: str
    pending: tuple[tuple[Path, str], ...]
    gate: str

    def allows(self, call: Call) -> bool:
        """Whether this is the call: equal, save that a value stands where one was not known."""
        if call.operation != self.operation:
            return False
        unknown = dict(self.pending)
        return self.digest == digest(call.params, lambda path, leaf: unknown.get(path, leaf))


def agreed(plan: Plan) -> list[AgreedCall]:
    """The calls of a plan that are made once it is agreed to: not those that something stands in the way of."""
    return [
        AgreedCall(change.key, call.operation, digest(call.params), tuple(not_known(call)), str(call.gate or ""))
        for change in plan.changes
        if settled(change)
        for call in change.calls
    ]


def settled(change: Change) -> bool:
    """Whether nothing stands in the way of a change but the time, or a word of a person."""
    return change.blocked is None or change.blocked.code in (OUTSIDE_WINDOW, AWAITING_APPROVAL)


def not_known(call: Call) -> Iterator[tuple[Path, str]]:
    """Where a call holds what is known only later, or only at its moment."""
    return ((path, leaf.text) for path, leaf in leaves(call.params) if isinstance(leaf, Pending | Momentary))


def digest(params: Any, told: Callable[[Path, Any], Any] = lambda path, leaf: leaf) -> str:
    """The digest of parameters, their leaves replaced first; what is not known yet counts by its text."""

    def text(path: Path, leaf: Any) -> Any:
        leaf = told(path, leaf)
        return leaf.text if isinstance(leaf, Pending | Momentary) else leaf

    return fingerprint(map_leaves(params, text))


def digest_of(plan: Plan, options: Mapping[str, Any]) -> str:
    """What stands for a plan: its changes field by field and its calls value by value."""
    changes = [
        {
            "key": str(change.key),
            "action": change.action,
            "fields": [[field.text, repr(field.before), repr(field.after)] for field in change.fields],
            "waitsOn": [str(key) for key in change.waits_on],
            "blocked": change.blocked.code if change.blocked and not settled(change) else None,
            "calls": [[call.operation, digest(call.params), str(call.gate or "")] for call in change.calls],
        }
        for change in plan.changes
    ]
    return fingerprint([plan.environment, plan.revision, dict(options), changes])
