"""A plan kept in a file: what was agreed to, and nothing else, is what gets applied.

The file holds the plan as JSON shows it and, of each call, a digest instead of its values: applying plans again at the
saved commit anyway, so a file needs to recognise a call, not to contain it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from reconciler.core.agreed import AgreedCall, agreed, digest_of
from reconciler.engine.apply import Writer
from reconciler.model.errors import StalePlan, UsageError
from reconciler.model.key import Key
from reconciler.model.kind import Answer
from reconciler.model.plan import Call, Plan
from reconciler.report.plan_json import plan_json

FORMAT = "1.0"


@dataclass(frozen=True)
class SavedPlan:
    """What a file says. ``options`` are the flags it was made with, ``digest`` stands for all of it."""

    environment: str
    revision: str | None
    options: Mapping[str, Any]
    calls: tuple[AgreedCall, ...]
    digest: str


def to_json(plan: Plan, options: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a plan file."""
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
            for call in agreed(plan)
        ],
        "planDigest": digest_of(plan, options),
    }
    return {**body, "formatVersion": FORMAT}


def load(text: str, file: str) -> SavedPlan:
    """Read a plan file; UsageError when it is none, whatever it holds instead."""
    try:
        made_in = _Format.model_validate_json(text).formatVersion
        if made_in != FORMAT:
            raise UsageError(f"made in format {made_in}, this program reads {FORMAT}", where=file, hint="plan again")
        body = _Body.model_validate_json(text)
        calls = tuple(
            AgreedCall(
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
    outsideWindow: bool | None = None
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

    def __init__(self, write: Writer, calls: Iterable[AgreedCall]) -> None:
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
