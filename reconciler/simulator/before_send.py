"""The door inside a process: clients of a session serialise, sign and parse as ever, and nothing is sent."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

from .errors import AnswerLost
from .wire import Request

if TYPE_CHECKING:
    from .simulator import Simulator


CALLERS = count(1)


class Raw(BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        while chunk := self.read(65536):
            yield chunk


def attach(simulator: Simulator, session: Any) -> None:
    """Answer every request of this boto3 or botocore session's clients made from here on: they are one process."""
    caller = next(CALLERS)
    emitter = session.events if hasattr(session, "events") else session.get_component("event_emitter")

    def answer(request: Any, **_: Any) -> Any:
        return send(simulator, request, caller)

    emitter.register_first("before-send", answer)


def send(simulator: Simulator, prepared: Any, caller: int = 0) -> Any:
    """An AWSPreparedRequest in, an AWSResponse out; lost answers as botocore's own exceptions."""
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

    body = prepared.body
    if hasattr(body, "read"):
        body = body.read()
    raw = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = {str(k).lower(): v.decode() if isinstance(v, bytes) else str(v) for k, v in prepared.headers.items()}
    try:
        response = simulator.handle(Request(prepared.method, prepared.url, headers, raw, caller))
    except AnswerLost as lost:
        if lost.how == "timeout":
            raise ReadTimeoutError(endpoint_url=prepared.url) from None
        raise ConnectionClosedError(endpoint_url=prepared.url) from None
    return AWSResponse(prepared.url, response.status, response.headers, Raw(response.body))


@lru_cache(maxsize=1)
def loader() -> Any:
    """Models are read once a process, not once a client."""
    from botocore.loaders import Loader

    return Loader()


def client(simulator: Simulator, service: str, region: str, **options: Any) -> Any:
    """A client of a session made for it; one attempt a call unless ``config`` says otherwise."""
    import boto3
    import botocore.session
    from botocore.config import Config

    inner = botocore.session.Session()
    inner.register_component("data_loader", loader())
    session = boto3.session.Session("simulator", "simulator", region_name=region, botocore_session=inner)
    attach(simulator, session)
    options.setdefault("config", Config(retries={"total_max_attempts": 1}))
    return session.client(service, **options)
