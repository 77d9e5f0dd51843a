"""Reading what is sent: no more of it than is bearable, not for longer than that, and as one flat JSON object."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection
from typing import Any, Final

from starlette.requests import Request

from reconciler.agent.server.refusals import Refused
from reconciler.model.suggest import did_you_mean, listing

PATIENCE: Final = 15.0
"""Seconds that a body may take to arrive."""

_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)


async def body_of(request: Request, most: int, patience: float = PATIENCE) -> bytes:
    """The raw bytes. Raises Refused: 413 before the first one is read where the length is said, else while reading."""
    declared = set(request.headers.getlist("content-length"))
    if len(declared) > 1 or not all(map(_LENGTH.fullmatch, declared)):
        raise Refused(400, "content-length", "Content-Length is no one number")
    too_large = Refused(413, "too-large", f"the body is larger than {most} bytes")
    if any(int(length) > most for length in declared):
        raise too_large
    read = bytearray()
    try:
        async with asyncio.timeout(patience):
            async for chunk in request.stream():
                if len(read) + len(chunk) > most:
                    raise too_large
                read += chunk
    except TimeoutError:
        raise Refused(408, "too-slow", f"the body did not arrive within {patience:g} seconds") from None
    return bytes(read)


def wants_json(request: Request) -> None:
    """Raises Refused for any other type: what a form on somebody's page can send is none."""
    said = request.headers.getlist("content-type")
    if len(said) != 1 or said[0].partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "media-type", "the body has to be JSON", "send Content-Type: application/json")


def members_of(body: bytes, known: Collection[str]) -> dict[str, Any]:
    """The members of a JSON object. Raises Refused for what is none, and for a member that is not known."""
    try:
        found = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused(400, "no-json", "the body is no JSON object with each member once") from None
    if not isinstance(found, dict):
        raise Refused(400, "no-json", "the body is JSON, but no object")
    for name in found:
        if name not in known:
            hint = did_you_mean(name, known, otherwise=f"members are: {listing(known)}")
            raise Refused(400, "unknown-member", f"there is no member {name[:100]!r}", hint)
    return found


def text_of(members: dict[str, Any], name: str, longest: int) -> str:
    """A member that is a text of one line; empty where it is not there. Raises Refused."""
    found = members.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Refused(400, "wrong-type", f"{name} has to be a text")
    told = " ".join(found.split())
    if len(told) > longest or not told.isprintable():
        raise Refused(400, "unreadable", f"{name} has to be printable, and no longer than {longest} characters")
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_number(_text: str) -> Any:
    raise ValueError
