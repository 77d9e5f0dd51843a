"""A trace of AWS against the simulator: the same requests, and where the answers differ in shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .recorder import Exchange

if TYPE_CHECKING:
    from .simulator import Simulator


@dataclass(frozen=True)
class Difference:
    """``kind``: missing (AWS has it, the simulator has not), extra, type, value (of an enum), error, count."""

    call: int
    operation: str
    path: str
    kind: str
    real: str
    simulated: str

    def __str__(self) -> str:
        return f"call {self.call} {self.operation} {self.path or '.'}: {self.kind}: {self.real} / {self.simulated}"


VALUES = frozenset({
    "status", "lastStatus", "desiredStatus", "rolloutState", "launchType", "schedulingStrategy", "healthStatus",
    "networkMode", "platformVersion", "platformFamily", "propagateTags", "availabilityZoneRebalancing", "strategy",
    "type", "State", "desiredCount", "runningCount", "pendingCount", "failedTasks", "reason", "protocol",
})  # fmt: skip
"""Members whose values are compared, too; of the others only the kind is."""


def compare(
    trace: list[Exchange],
    simulator: Simulator,
    *,
    values: bool = True,
    ignore: Callable[[Difference], bool] = lambda difference: False,
) -> list[Difference]:
    """Put the trace's requests to the simulator, with its time between them, and compare the answers.

    Identifiers that an answer of the trace gave are replaced, in later requests, by those the simulator gave in the
    same place. Calls that read what was there before the trace began differ for that reason alone: begin a trace by
    making what it looks at.
    """
    return [d for d in Replay(simulator, values).run(trace) if not ignore(d)]


class Replay:
    def __init__(self, simulator: Simulator, values: bool) -> None:
        self._simulator = simulator
        self._values = values
        self._clients: dict[tuple[str, str], Any] = {}
        self._ours: dict[str, str] = {}
        """The trace's identifiers → the simulator's."""

    def run(self, trace: list[Exchange]) -> Iterator[Difference]:
        for number, exchange in enumerate(trace, 1):
            self._simulator.advance(exchange.after)
            answer = self._ask(exchange)
            for path, kind, real, simulated in self._differ(exchange.answer, answer, ""):
                yield Difference(number, exchange.operation, path, kind, real, simulated)

    def _ask(self, exchange: Exchange) -> dict[str, Any]:
        from botocore import xform_name
        from botocore.exceptions import ClientError, ParamValidationError

        place = (exchange.service, exchange.region or self._simulator.settings.region)
        if place not in self._clients:
            self._clients[place] = self._simulator.client(exchange.service, place[1])
        try:
            answer = getattr(self._clients[place], xform_name(exchange.operation))(**self._translated(exchange.request))
        except ClientError as error:
            answer = error.response
        except ParamValidationError as error:
            answer = {"Error": {"Code": "ParamValidationError", "Message": str(error)}}
        return {k: v for k, v in answer.items() if k != "ResponseMetadata"}

    def _translated(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self._translated(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._translated(v) for v in value]
        return self._ours.get(value, value) if isinstance(value, str) else value

    def _differ(self, real: Any, ours: Any, path: str) -> Iterator[tuple[str, str, str, str]]:
        if "Error" in (real if isinstance(real, dict) else ()) or "Error" in (ours if isinstance(ours, dict) else ()):
            codes = [a.get("Error", {}).get("Code", "success") for a in (real, ours)]
            if codes[0] != codes[1]:
                yield path, "error", codes[0], codes[1]
            return
        if _kind(real) != _kind(ours):
            yield path, "type", _kind(real), _kind(ours)
        elif isinstance(real, dict):
            for name in sorted(real.keys() | ours.keys()):
                inner = f"{path}.{name}" if path else name
                if name not in ours:
                    yield inner, "missing", _kind(real[name]), "-"
                elif name not in real:
                    yield inner, "extra", "-", _kind(ours[name])
                else:
                    yield from self._differ(real[name], ours[name], inner)
        elif isinstance(real, list):
            if bool(real) != bool(ours) or (self._values and len(real) != len(ours)):
                yield path, "count", str(len(real)), str(len(ours))
            for one, other in zip(real, ours, strict=False):
                yield from self._differ(one, other, f"{path}[]")
        elif isinstance(real, str) and real != ours:
            self._ours.setdefault(real, ours)
            if self._values and _last(path) in VALUES:
                yield path, "value", real, ours
        elif self._values and real != ours and _last(path) in VALUES:
            yield path, "value", str(real), str(ours)


def _last(path: str) -> str:
    return path.rpartition(".")[2].removesuffix("[]")


def _kind(value: Any) -> str:
    """JSON's kinds; a time is a number, as in a trace."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | datetime):
        return "number"
    if isinstance(value, str | bytes):
        return "text"
    return "object" if isinstance(value, dict) else "list" if isinstance(value, list) else "null"
