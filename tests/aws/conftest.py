"""An AWS that says what a test tells it to, behind botocore's own serialising, signing and parsing."""

from __future__ import annotations

import io
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.loaders import Loader, create_loader

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.reader import AwsReader
from reconciler.aws.writer import AwsWriter
from reconciler.model.desired import Environment

DATE = "Thu, 02 Jan 2025 03:04:05 GMT"


@dataclass
class Fault:
    """An error as AWS answers it."""

    code: str
    message: str = "no"
    status: int = 400
    more: dict[str, Any] = field(default_factory=dict)


class FakeClock:
    """Moves only when somebody sleeps on it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += max(0.0, seconds)


class FakeAws:
    """Answers by operation: a body, a Fault, an exception, a function of the parameters, or a list of them in turn.

    The last of a list stands for all that follow. ``calls`` are (operation, parameters, request).
    """

    def __init__(self, session: Any) -> None:
        self.calls: list[tuple[str, Any, Any]] = []
        self.answers: dict[str, Any] = {}
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        session.events.register("before-send", self._send)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _, _ in self.calls]

    def _send(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        _, service, name = event_name.split(".")
        service = _NAMES.get(service, service)
        operation = f"{service}:{name}"
        query = service in ("sts", "elbv2")
        params = request.body if query else json.loads(request.body or "{}")
        with self._lock:
            self.calls.append((operation, params, request))
            answer = self.answers[operation]
            if isinstance(answer, list):
                answer = answer[min(self._asked[operation], len(answer) - 1)]
            self._asked[operation] += 1
        if callable(answer) and not isinstance(answer, type):
            answer = answer(params)
        if isinstance(answer, BaseException):
            raise answer
        headers = {"Date": DATE, "x-amzn-RequestId": "1"}
        if isinstance(answer, Fault):
            if query:
                body = f"<ErrorResponse><Error><Code>{answer.code}</Code><Message>{answer.message}</Message></Error>"
                return _response(request.url, answer.status, headers, (body + "</ErrorResponse>").encode())
            said = {"__type": answer.code, "message": answer.message, **answer.more}
            return _response(request.url, answer.status, headers, json.dumps(said).encode())
        if query:
            body = f"<{name}Response><{name}Result>{_xml(answer)}</{name}Result></{name}Response>"
            return _response(request.url, 200, headers, body.encode())
        return _response(request.url, 200, headers, json.dumps(answer).encode())


# Events name services by their id.
_NAMES = {"secrets-manager": "secretsmanager", "elastic-load-balancing-v2": "elbv2", "cloudwatch-logs": "logs"}


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _response(url: str, status: int, headers: dict[str, str], body: bytes) -> AWSResponse:
    return AWSResponse(url, status, headers, _Raw(body))


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_xml(member)}</{name}>" for name, member in value.items())
    return str(value)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
                 "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_RETRY_MODE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@cache
def _models() -> Loader:
    """Reading AWS's models is most of what making a client costs: once for all tests."""
    return create_loader()


@pytest.fixture
def session() -> Any:
    session = boto3.Session(aws_access_key_id="AKIDTEST", aws_secret_access_key="sesame-key")
    session._session.register_component("data_loader", _models())
    return session


@pytest.fixture
def aws(session: Any) -> FakeAws:
    return FakeAws(session)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fault() -> type[Fault]:
    return Fault


@pytest.fixture
def clients(session: Any) -> Clients:
    return Clients(Environment("production", region="eu-west-1"), session=session)


@pytest.fixture
def budget(clock: FakeClock) -> Budget:
    return Budget(clock)


@pytest.fixture
def reader(clients: Clients, budget: Budget, clock: FakeClock, aws: FakeAws) -> Iterator[AwsReader]:
    with AwsReader(clients, budget, clock, threads=4, jitter=Random(1)) as reader:
        yield reader


@pytest.fixture
def writer(clients: Clients, budget: Budget, clock: FakeClock, aws: FakeAws) -> AwsWriter:
    return AwsWriter(clients, budget, clock, jitter=Random(1))


@pytest.fixture
def make_reader(clients: Clients, clock: FakeClock, aws: FakeAws) -> Callable[..., AwsReader]:
    def make(**settings: Any) -> AwsReader:
        return AwsReader(clients, Budget(clock), clock, jitter=Random(1), **settings)

    return make
