"""A recorder: what a boto3 session asks of AWS and what AWS answers, as a redacted trace file.

    from reconciler.simulator.recorder import Recorder

    session = boto3.Session()
    with Recorder(session, "traces/rollout.jsonl"):
        session.client("ecs").describe_services(cluster="main", services=["web"])

Only clients made after the recorder was opened are heard. ``replay`` compares a trace with the simulator.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from .redact import Redactor

FORMAT: Final = 1


@dataclass(frozen=True)
class Exchange:
    """One call. ``after``: seconds since the one before. ``answer`` of an error: {"Error": {"Code", "Message"}}."""

    service: str
    operation: str
    request: dict[str, Any]
    status: int
    answer: dict[str, Any]
    after: float = 0.0
    region: str = ""


class Recorder:
    """Writes one JSON line a call, as soon as it is answered. Reads nothing but what passes by."""

    def __init__(self, session: Any, path: str | Path, *, names: bool = False) -> None:
        self._path = Path(path)
        self._redactor = Redactor(names=names)
        self._events = session.events if hasattr(session, "events") else session.get_component("event_emitter")
        self._lock = threading.Lock()
        self._last: float | None = None
        self._open = False

    def __enter__(self) -> Recorder:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._events.register("provide-client-params", self._asked)
        self._events.register("after-call", self._answered)
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Clients have copies of the session's handlers: those stay, and from here on write nothing.
        self._open = False
        self._events.unregister("provide-client-params", self._asked)
        self._events.unregister("after-call", self._answered)

    def _asked(self, params: dict[str, Any], context: dict[str, Any] | None = None, **_: Any) -> None:
        if context is not None:
            context["recorded"] = dict(params)

    def _answered(self, http_response: Any, parsed: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
        if not self._open:
            return
        request = (context or {}).get("recorded", {})
        answer = {k: v for k, v in parsed.items() if k != "ResponseMetadata"}
        now = time.monotonic()
        with self._lock:
            redactor = self._redactor
            redactor.learn(request)
            redactor.learn(answer)
            line = {
                "format": FORMAT,
                "service": model.service_model.service_name,
                "operation": model.name,
                "region": str((context or {}).get("client_region", "")),
                "after": round(now - self._last, 3) if self._last is not None else 0.0,
                "status": http_response.status_code,
                "request": redactor.value(request),
                "answer": redactor.value(answer),
            }
            self._last = now
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def read(path: str | Path) -> list[Exchange]:
    """The exchanges of a trace file; ValueError when it is none."""
    found = []
    for number, text in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        line = json.loads(text)
        if line.pop("format", None) != FORMAT:
            raise ValueError(f"{path}:{number}: not a trace of format {FORMAT}")
        found.append(Exchange(**line))
    return found
