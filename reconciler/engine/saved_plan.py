"""A plan kept in a file: what was agreed to, and nothing else, is what gets applied.

The file holds the plan as JSON shows it and, of each call, a digest instead of its values: applying plans again at the
saved commit anyway, so a file needs to recognise a call, not to contain it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from reconciler.core.order import fingerprint
from reconciler.engine.apply import Writer
from reconciler.model.errors import StalePlan, UsageError
from reconciler.model.key import Key
from reconciler.model.kind import Answer
from reconciler.model.plan import Call, Change, Plan
from reconciler.model.tree import Momentary, Path, Pending, leaves, map_leaves
from reconciler.report.plan_json import plan_json

FORMAT = "1.0"


@dataclass(frozen=True)
class SavedCall:
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
        return self.digest == _digest(map_leaves(call.params, lambda path, leaf: unknown.get(path, leaf)))


@dataclass(frozen=True)
class SavedPlan:
    """What a file says. ``options`` are the flags it was made with, ``digest`` stands for all of it."""

    environment: str
    revision: str | None
    options: Mapping[str, Any]
    calls: tuple[SavedCall, ...]
    digest: str


def to_json(plan: Plan, options: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a plan file."""
    calls = [_saved(change, call) for change in plan.changes if not change.blocked for call in change.calls]
    body = {
        **plan_json(plan),
        "options": dict(options),
        "plannedCalls": [
            {
                "key": str(call.key),
                "operation": call.operation,
                "digest": call.digest,
                "pending": [{"path": list(path), "text": text} for path, text in call.pending],
                "gate": call.gate,
            }
            for call in calls
        ],
        "planDigest": digest_of(plan, options),
    }
    return {**body, "formatVersion": FORMAT}


def digest_of(plan: Plan, options: Mapping[str, Any]) -> str:
    """What stands for a plan: its changes field by field and its calls value by value."""
    changes = [
        {
            "key": str(change.key),
            "action": change.action,
            "fields": [[field.text, repr(field.before), repr(field.after)] for field in change.fields],
            "waitsOn": [str(key) for key in change.waits_on],
            "blocked": change.blocked.code if change.blocked else None,
            "calls": [[call.operation, _digest(call.params), str(call.gate or "")] for call in change.calls],
        }
        for change in plan.changes
    ]
    return fingerprint([plan.environment, plan.revision, dict(options), changes])


def load(text: str, file: str) -> SavedPlan:
    """Read a plan file; UsageError when it is none, whatever it holds instead."""
    try:
        made_in = _Format.model_validate_json(text).formatVersion
        if made_in != FORMAT:
            raise UsageError(f"made in format {made_in}, this program reads {FORMAT}", where=file, hint="plan again")
        body = _Body.model_validate_json(text)
        calls = tuple(
            SavedCall(
                Key.parse(call.key),
                call.operation,
                call.digest,
                tuple((tuple(item.path), item.text) for item in call.pending),
                call.gate,
            )
            for call in body.plannedCalls
        )
    except (ValueError, RecursionError) as error:
        raise UsageError("is not a plan file", where=file, hint="make one with: reconciler plan --out FILE") from error
    options = body.options.model_dump(exclude_unset=True)
    return SavedPlan(body.environment, body.revision, options, calls, body.planDigest)


class _Read(BaseModel):
    """What is read of a file, and no type taken for another."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Format(_Read):
    formatVersion: Annotated[str, Field(pattern=r"^[0-9]{1,3}\.[0-9]{1,3}$")]


class _Pending(_Read):
    path: list[str | int]
    text: str


class _Call(_Read):
    key: str
    operation: str
    digest: str
    pending: list[_Pending]
    gate: str


class _Options(_Read):
    """Those of a command line that a plan depends on. One that is not known here must not be passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    installation: str | None = None
    apps: list[str] = []
    prune: bool | None = None
    adopt: bool | None = None
    noPreflight: bool | None = None
    deletionLimit: Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^[0-9]{1,3}%$")] | None = None


class _Body(_Read):
    environment: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")] | None
    options: _Options
    plannedCalls: list[_Call]
    planDigest: str


def check(saved: SavedPlan, plan: Plan) -> None:
    """StalePlan unless planning again gave the very plan that was saved."""
    if digest_of(plan, saved.options) != saved.digest:
        raise StalePlan(
            "the world or the repository is no longer what this plan was made for; nothing was written",
            hint="plan again, and look at what is different",
        )


class OnlySaved:
    """A Writer that makes the saved calls, once each, and stops at any other."""

    def __init__(self, write: Writer, calls: Iterable[SavedCall]) -> None:
        self._write = write
        self._left = list(calls)

    def send(self, call: Call) -> Answer:
        saved = next((item for item in self._left if item.allows(call)), None)
        if saved is None:
            raise StalePlan(
                f"{call.operation} is not among the calls of the saved plan that are left; stopped before it",
                hint="see where things stand with: reconciler status; then plan again",
            )
        answer = self._write.send(call)
        self._left.remove(saved)
        return answer


def _saved(change: Change, call: Call) -> SavedCall:
    pending = tuple((path, leaf.text) for path, leaf in leaves(call.params) if isinstance(leaf, Pending | Momentary))
    return SavedCall(change.key, call.operation, _digest(call.params), pending, str(call.gate or ""))


def _digest(params: Any) -> str:
    return fingerprint(map_leaves(params, lambda _, leaf: leaf.text if isinstance(leaf, Pending | Momentary) else leaf))
