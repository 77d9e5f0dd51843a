"""The JSON of an app's record, checked where it comes in: what people said in one text, what was synced in another."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from reconciler.model.record import Pin, Record, Said

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


class _People(_Read):
    suspended: _Said | None = None
    pins: dict[_Text, _Pin] = {}
    retried: dict[_Text, _Text] = {}


class _Synced(_Read):
    synced: dict[_Text, _Text] = {}
    commit: _Text | None = None
    whole: _Text = ""
    behind: dict[_Text, _Text] = {}


def people(text: str) -> Record:
    """The record of what people said. Raises ValueError with a message that quotes nothing of the text."""
    body = _parsed(_People, text)
    pins = {name: pin.noun() for name, pin in body.pins.items()}
    return Record(body.suspended.noun() if body.suspended else None, pins, body.retried)


def synced(text: str) -> Record:
    """The record of what was synced. Raises ValueError as ``people`` does."""
    body = _parsed(_Synced, text)
    return Record(synced=body.synced, commit=body.commit, whole=body.whole, behind=body.behind)


def people_text(record: Record) -> str:
    """What people said, as it is written."""
    body: dict[str, Any] = {"formatVersion": FORMAT}
    if record.suspended:
        body["suspended"] = _said(record.suspended)
    if record.pins:
        body["pins"] = {name: _pin(pin) for name, pin in sorted(record.pins.items())}
    if record.retried:
        body["retried"] = dict(sorted(record.retried.items()))
    return _compact(body)


def synced_text(record: Record) -> str:
    """What was synced, as it is written."""
    body: dict[str, Any] = {"formatVersion": FORMAT, "synced": dict(sorted(record.synced.items()))}
    if record.commit:
        body["commit"] = record.commit
    if record.whole:
        body["whole"] = record.whole
    if record.behind:
        body["behind"] = dict(sorted(record.behind.items()))
    return _compact(body)


def _pin(pin: Pin) -> dict[str, Any]:
    commit = {"commit": pin.commit} if pin.commit else {}
    return {"revision": pin.revision, "instead": pin.instead, "said": _said(pin.said), **commit}


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
