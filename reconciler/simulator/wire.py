"""What travels: a request taken apart (service, region, operation, parameters), an answer put together."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from . import cbor
from .errors import AwsError

SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")
HOST = re.compile(r"^([a-z0-9.-]+?)(?:\.([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com$")
READS = re.compile(
    r"^(Describe|Get|List|Head|BatchGet|Search|Query|Scan|Lookup|Filter|Select|Simulate|Test|Check|Assume|Discover"
    r"|Decrypt$|Encrypt$|ReEncrypt$|GenerateDataKey|GenerateRandom$)"
)
OURS = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "ResourceGroupsTaggingAPI_20170126": "tagging",
    "AnyScaleFrontendService": "application-autoscaling",
}
UNSIGNED = {"AssumeRoleWithSAML": "sts", "AssumeRoleWithWebIdentity": "sts"}


@dataclass(frozen=True)
class Request:
    """``headers`` by lower-case name. ``url`` is whole, as the client meant it.

    ``caller`` tells the attached sessions apart, one process each; 0 for whoever comes through HTTP.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    caller: int = 0


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Target:
    """Whom a request is for. ``protocol``: json, cbor, query, rest."""

    service: str
    region: str
    operation: str
    access_key: str
    protocol: str
    params: dict[str, Any]

    @property
    def mutating(self) -> bool:
        name, _, _ = self.operation.partition(" ")
        if self.protocol == "rest":
            return name not in ("GET", "HEAD")
        return not READS.match(name)


def identify(request: Request, default_region: str) -> Target:
    """Service by signature or host; operation by X-Amz-Target, rpc path, Action, or method and path."""
    headers, parts = request.headers, urlsplit(request.url)
    scope = SCOPE.search(headers.get("authorization", ""))
    host = HOST.match(parts.hostname or "")
    if scope:
        access_key, region, service = scope.groups()
    else:
        access_key, region = "", (host and host.group(2)) or default_region
        service = host.group(1) if host else ""
    target, kind = headers.get("x-amz-target", ""), headers.get("content-type", "")
    path = unquote(parts.path)
    rpc = re.match(r"^/service/([^/]+)/operation/(\w+)$", path)
    if rpc:
        service = OURS.get(rpc.group(1), service)
        operation, protocol, params = rpc.group(2), "cbor", _cbor(request.body)
    elif target:
        service = OURS.get(target.rpartition(".")[0], service)
        operation, protocol, params = target.rpartition(".")[2], "json", _json(request.body)
    elif kind.startswith("application/x-www-form-urlencoded") or "Action=" in parts.query:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace") or parts.query, keep_blank_values=True))
        operation, protocol, params = form.pop("Action", ""), "query", form
        service = service or UNSIGNED.get(operation, "")
    else:
        params = _json(request.body) if kind.startswith("application/json") else {}
        operation, protocol = f"{request.method} {path}", "rest"
    return Target(service, region, operation, access_key, protocol, params)


def stamp(response: Response, now: float, request_id: str) -> Response:
    """The headers every answer carries: AWS's clock and the request's id."""
    headers = {k: v for k, v in response.headers.items() if k.lower() not in ("date", "x-amzn-requestid")}
    headers["x-amzn-RequestId"] = request_id
    headers["Date"] = formatdate(now, usegmt=True)
    return Response(response.status, headers, response.body)


def answer(protocol: str, members: dict[str, Any]) -> Response:
    """A success of one of our own services."""
    if protocol == "cbor":
        return Response(
            200, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, cbor.dumps(members)
        )
    return Response(200, {"Content-Type": "application/x-amz-json-1.1"}, _dumps(members))


def failure(protocol: str, error: AwsError, service: str = "") -> Response:
    """The error as the caller's protocol words it; services of rest-xml have no protocol that a request would tell."""
    members = {"__type": error.code, "message": error.message, **error.members}
    if protocol == "cbor":
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Response(error.status, headers, cbor.dumps(members))
    if service == "ec2":
        text = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        text = f"<Response><Errors><Error>{text}</Error></Errors></Response>"
        return Response(error.status, {"Content-Type": "text/xml"}, text.encode())
    if service == "s3":
        text = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        return Response(error.status, {"Content-Type": "application/xml"}, text.encode())
    if protocol == "query" or service in ("route53", "cloudfront"):
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
        )
        return Response(error.status, {"Content-Type": "text/xml"}, text.encode())
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
    return Response(error.status, headers, _dumps(members))


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body.strip() else {}
    except ValueError:
        raise AwsError("SerializationException", "The request body is not JSON.") from None
    if not isinstance(value, dict):
        raise AwsError("SerializationException", "The request body is not a JSON object.")
    return value


def _cbor(body: bytes) -> dict[str, Any]:
    try:
        value = cbor.loads(body) if body else {}
    except (ValueError, KeyError):
        raise AwsError("SerializationException", "The request body is not CBOR.") from None
    if not isinstance(value, dict):
        raise AwsError("SerializationException", "The request body is not a CBOR map.")
    return value
