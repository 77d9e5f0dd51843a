"""A fault as a value: what goes wrong, and with which calls. Its text, a clause of a plan, reads back the same."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from .errors import SimulatorError

What = Literal[
    "closed", "timeout", "500", "503", "throttled", "denied", "crash", "duplicate", "latency",
    "stale", "past", "eventual", "truncated", "lag", "ghosts", "quoted", "cut",
]  # fmt: skip
"""closed, timeout: no answer arrives. 500, 503, throttled, denied: an error does. crash: the caller dies.
duplicate: the effect happens twice. latency: seconds pass. stale: a read some writes old; past: some seconds old;
eventual: a read within so many seconds of a write may be either. truncated: a page says it is the last.
lag, ghosts: the tagging view is so many seconds behind, and lists what is gone for so many seconds.
quoted: an error whose text repeats the request, in the spelling of that number. cut: an answer's body breaks off."""
When = Literal["before", "after"]
Kind = Literal["call", "read", "write"]
WHATS: Final = get_args(What)
READING: Final = ("stale", "past", "eventual")


@dataclass(frozen=True)
class Arrival:
    """A request as faults see it. ``page`` counts from 1; None for what is no listing."""

    service: str
    operation: str
    mutating: bool
    resource: str = "*"
    page: int | None = None
    now: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``service`` (a signing name), ``operation`` and ``resource`` are patterns; all that is named has to fit.

    Of the calls that fit, counted from the arming on, it meets the ``on``-th and those after it, ``times`` in all
    (None: no end), each with probability ``odds``; none from epoch second ``until`` on.
    """

    what: What
    amount: float = 0.0
    when: When = "before"
    calls: Kind = "call"
    service: str = "*"
    operation: str = "*"
    resource: str = "*"
    page: int | None = None
    on: int = 1
    times: int | None = 1
    odds: float = 1.0
    until: float | None = None

    def __post_init__(self) -> None:
        if self.what not in WHATS:
            raise SimulatorError(f"no such fault: {self.what}")
        if self.on < 1 or (self.times is not None and self.times < 1) or not 0 <= self.odds <= 1:
            raise SimulatorError(
                f"a fault meets the 1st call or a later one, at least once, with odds of 0 to 1: {self}"
            )
        for pattern, not_in in ((self.service, " \t\n;:"), (self.operation, " \t\n;:"), (self.resource, " \t\n;")):
            if not pattern or set(pattern) & set(not_in):
                raise SimulatorError(f"not a pattern that a plan can name: {pattern!r}")

    def fits(self, call: Arrival) -> bool:
        """Whether this call counts at all."""
        if self.until is not None and call.now >= self.until:
            return False
        if self.calls != "call" and call.mutating != (self.calls == "write"):
            return False
        if self.what in READING and call.mutating:
            return False
        if self.page is not None and call.page != self.page:
            return False
        return (
            fnmatchcase(call.operation, self.operation)
            and fnmatchcase(call.service, self.service)
            and (self.resource == "*" or fnmatchcase(call.resource, self.resource))
        )

    def __str__(self) -> str:
        words = [f"{self.what}={number(self.amount)}" if self.amount else self.what]
        if self.when == "after":
            words.append("after")
        if self.calls != "call":
            words.append(self.calls)
        if (self.service, self.operation) != ("*", "*"):
            words.append(f"{self.service}:{self.operation}")
        words.append(f"#{self.on}")
        if self.times != 1:
            words.append(f"x{'*' if self.times is None else self.times}")
        words += [f"p={number(self.odds)}"] if self.odds != 1 else []
        words += [f"page={self.page}"] if self.page is not None else []
        words += [f"resource={self.resource}"] if self.resource != "*" else []
        words += [f"until={number(self.until)}"] if self.until is not None else []
        return " ".join(words)


def number(value: float) -> str:
    """The shortest text that reads back the same."""
    return str(int(value)) if value == int(value) else repr(value)


def parse(text: str) -> Fault:
    """The fault that a clause such as ``closed after write ecs:Create* #3 x2 p=0.5`` names. SimulatorError if none."""
    first, *words = text.split()
    what, _, amount = first.partition("=")
    taken: dict[str, object] = {"what": what, "amount": float(amount or 0)}
    try:
        for word in words:
            taken |= _word(word)
    except ValueError:
        raise SimulatorError(f"not a fault: {text!r} (at {word!r})") from None
    known = {f.name for f in fields(Fault)}
    assert taken.keys() <= known
    return Fault(**taken)  # type: ignore[arg-type]


def _word(word: str) -> dict[str, object]:
    if word in ("before", "after"):
        return {"when": word}
    if word in get_args(Kind):
        return {"calls": word}
    if word.startswith("#"):
        return {"on": int(word[1:])}
    if word.startswith("x") and (word[1:].isdigit() or word == "x*"):
        return {"times": None if word == "x*" else int(word[1:])}
    name, equals, value = word.partition("=")
    if equals and name == "p":
        return {"odds": float(value)}
    if equals and name == "until":
        return {"until": float(value)}
    if equals and name == "page":
        return {"page": int(value)}
    if equals and name == "resource":
        return {"resource": value}
    service, colon, operation = word.partition(":")
    if not colon:
        service, operation = "*", word
    return {"service": service, "operation": operation}
