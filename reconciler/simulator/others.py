"""Every AWS service that is not simulated here: moto's, in process, imported when first called."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from .errors import SimulatorError, unsupported
from .wire import Request, Response, Target

OURS = ("ecs", "tagging")
GLOBAL = ("budgets", "cloudfront")
HOSTS = {"memorydb": "memory-db", "ecr": "api.ecr", "sagemaker": "api.sagemaker", "eventbridge": "events"}
AWS = re.compile(r"\.(amazonaws\.com|api\.aws)$")
NOT_THERE: Any = (404, {}, "Not yet implemented")
CODE = re.compile(rb'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"|<Code>([^<]+)</Code>')


class Others:
    """moto keeps one state a process: it belongs to the simulator that called it last for the first time."""

    _owner: ClassVar[Others | None] = None
    _moto: ClassVar[Any] = None

    def __init__(self, account: str, seed: int) -> None:
        self._account = account
        self._seed = seed
        self._used = False

    def handle(self, request: Request, target: Target) -> Response:
        """The answer of moto, which never sees a service of ours."""
        if target.service in OURS:
            raise SimulatorError(f"{target.service} is simulated here")
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.compat import HTTPHeaders

        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name] = value
        headers["x-moto-account-id"] = self.account_of(target.access_key)
        url = real_url(request.url, target)
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = self._stubber().process_request(prepared)
        if answer is None or answer == NOT_THERE:
            raise unsupported(target.service, target.operation)
        status, given, body = answer
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        return Response(int(status), {str(k): str(v) for k, v in dict(given).items()}, content)

    def account_of(self, access_key: str) -> str:
        """The account of credentials that moto has handed out; else the simulator's."""
        if not self._mine or not access_key.startswith(("ASIA", "AKIA", "LKIA", "LSIA")):
            return self._account
        from moto.iam.models import iam_backends

        for account, partitions in list(iam_backends.items()):
            if any(access_key in backend.access_keys for backend in partitions.values()):
                return str(account)
        return self._account

    def tagged(self, account: str, region: str) -> Iterator[tuple[str, str, dict[str, str]]]:
        """(ARN, resource type, tags) of what moto holds that has tags."""
        for backend in self._backends(account, region):
            for resource in backend.iter_tagged_resources():
                if resource.tags and not resource.arn.startswith("arn:aws:ecs:"):
                    yield resource.arn, resource.resource_type, dict(resource.tags)

    def tagger(self, account: str, region: str, arn: str) -> Any:
        """What can tag this ARN, with ``tag_resource`` and ``untag_resource``; or None."""
        return next((b for b in self._backends(account, region) if b.owns_arn(arn)), None)

    def _backends(self, account: str, region: str) -> list[Any]:
        if not self._mine:
            return []
        from moto.core.resource_tagging import iter_taggable_backends

        return list(iter_taggable_backends(account, region))

    @property
    def _mine(self) -> bool:
        return Others._owner is self

    def _stubber(self) -> Any:
        if self._mine:
            return Others._moto
        if self._used:
            raise SimulatorError("a newer simulator has taken moto's state: one process holds one at a time")
        from moto.core.base_backend import BackendDict
        from moto.core.botocore_stubber import BotocoreStubber
        from moto.core.model_instances import reset_model_data
        from moto.moto_api._internal import mock_random

        BackendDict.reset()
        reset_model_data()
        mock_random.seed(self._seed)
        Others._owner, self._used = self, True
        Others._moto = Others._moto or BotocoreStubber()
        return Others._moto


def real_url(url: str, target: Target) -> str:
    """The URL with the host AWS would have: moto knows services by it."""
    parts = urlsplit(url)
    if AWS.search(parts.hostname or "") or not target.service:
        return url
    name = HOSTS.get(target.service, target.service)
    host = f"{name}.amazonaws.com" if name in GLOBAL else f"{name}.{target.region}.amazonaws.com"
    return urlunsplit(("https", host, parts.path, parts.query, ""))


def error_code(response: Response) -> str | None:
    """AWS's code in an error answer, whatever the protocol."""
    if response.status < 400:
        return None
    for name, value in response.headers.items():
        if name.lower() in ("x-amzn-errortype", "x-amzn-query-error"):
            return value.partition(";")[0].partition(":")[0]
    match = CODE.search(response.body)
    return (match.group(1) or match.group(2)).decode() if match else str(response.status)
