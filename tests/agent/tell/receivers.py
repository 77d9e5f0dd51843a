"""Receivers that answer what a test tells them to, and a clock that moves by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from reconciler.agent.http import Response
from tests.agent.tell.looks import AT


class HandClock:
    """Moves when slept on."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1_000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += max(0.0, seconds)


class Always(Random):
    """No jitter: the upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


@dataclass
class Request:
    method: str
    url: str
    headers: dict[str, str]
    body: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body) if isinstance(self.body, bytes) else self.body


@dataclass
class FakeAsk:
    """Answers by the beginning of ``METHOD URL``: a Response, an error to raise, or a list of them, one a time."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def __call__(self, method: str, url: str, *, headers: Any = None, body: Any = None) -> Response:
        request = Request(method, url, dict(headers or {}), body)
        self.asked.append(request)
        found = max((key for key in self.answers if f"{method} {url}".startswith(key)), key=len, default="")
        answer = self.answers.get(found, Response(200))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def made(self, method: str) -> list[Request]:
        return [it for it in self.asked if it.method == method]


def answer(status: int = 200, body: Any = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps(body).encode() if body is not None else b"")
