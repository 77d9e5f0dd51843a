"""The JSON of an app's record, checked where it comes in: what people said in one text, what was synced in another."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from reconciler.model.record import Approval, Pin, Record, Said, Terms

FORMAT = "1.0"
LONGEST_WHY = 200
"""Characters of a reason that are kept: a record has little room."""

_Text = Annotated[str, Field(max_length=2048)]


class _Read(BaseModel):
    """A member that is not known might be a word that holds something back: it is never passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formatVersion: Literal["1.0"]


_M = TypeVar("_M", bound=_Read)


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    by: _Text
    at: AwareDatetime
    why: _Text = ""

    def noun(self) -> Said:
        return Said(self.by, self.at, self.why)


class _Pin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: _Text
    instead: _Text
    said: _Said
    commit: _Text | None = None

    def noun(self) -> Pin:
        return Pin(self.revision, self.instead, self.said.noun(), self.commit)


class _Approval(BaseModel):
    """``calls`` and ``later`` are digests one behind the other: there is room for the calls of a large app."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    aim: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    calls: Annotated[str, Field(pattern=r"^([0-9a-f]{16})*$")]
    later: Annotated[str, Field(pattern=r"^([0-9a-f]{8})*$")] = ""
    said: _Said

    def noun(self) -> Approval:
        terms = Terms(self.digest, self.aim, _apart(self.calls, 16), _apart(self.later, 8))
        return Approval(terms, self.said.noun())


class _People(_Read):
    suspended: _Said | None = None
    approved: _Approval | None = None
    pins: dict[_Text, _Pin] = {}
    retried: dict[_Text, _Text] = {}


class _Synced(_Read):
    synced: dict[_Text, _Text] = {}
    commit: _Text | None = None
    spent: _Text | None = None
    whole: _Text = ""
    behind: dict[_Text, _Text] = {}


def people(text: str) -> Record:
    """The record of what people said. Raises ValueError with a message that quotes nothing of the text."""
    body = _parsed(_People, text)
    pins = {name: pin.noun() for name, pin in body.pins.items()}
    approved = body.approved.noun() if body.approved else None
    return Record(body.suspended.noun() if body.suspended else None, pins, body.retried, approved)


def synced(text: str) -> Record:
    """The record of what was synced. Raises ValueError as ``people`` does."""
    body = _parsed(_Synced, text)
    return Record(synced=body.synced, commit=body.commit, spent=body.spent, whole=body.whole, behind=body.behind)


def people_text(record: Record) -> str:
    """What people said, as it is written."""
    body: dict[str, Any] = {"formatVersion": FORMAT}
    if record.suspended:
        body["suspended"] = _said(record.suspended)
    if record.pins:
        body["pins"] = {name: _pin(pin) for name, pin in sorted(record.pins.items())}
    if record.retried:
        body["retried"] = dict(sorted(record.retried.items()))
    if record.approved:
        body["approved"] = _approval(record.approved)
    return _compact(body)


def synced_text(record: Record) -> str:
    """What was synced, as it is written."""
    said = (("commit", record.commit), ("spent", record.spent), ("whole", record.whole))
    more: dict[str, Any] = {name: value for name, value in said if value}
    if record.behind:
        more["behind"] = dict(sorted(record.behind.items()))
    return _compact({"formatVersion": FORMAT, "synced": dict(sorted(record.synced.items())), **more})


def _pin(pin: Pin) -> dict[str, Any]:
    commit = {"commit": pin.commit} if pin.commit else {}
    return {"revision": pin.revision, "instead": pin.instead, "said": _said(pin.said), **commit}


def _approval(approval: Approval) -> dict[str, Any]:
    terms = approval.terms
    calls, later = "".join(sorted(terms.calls)), "".join(sorted(terms.later))
    return {"digest": terms.digest, "aim": terms.aim, "calls": calls, "later": later, "said": _said(approval.said)}


def _apart(text: str, length: int) -> frozenset[str]:
    return frozenset(text[start : start + length] for start in range(0, len(text), length))


def _said(said: Said) -> dict[str, Any]:
    why = {"why": said.why[:LONGEST_WHY]} if said.why else {}
    return {"by": said.by, "at": _seconds(said.at), **why}


def _seconds(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _compact(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


def _parsed(model: type[_M], text: str) -> _M:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = f"{place}: {first['msg']}" if place else first["msg"]
    except RecursionError:
        what = "it is nested too deeply"
    raise ValueError(what.replace("Input should be", "should be"))
