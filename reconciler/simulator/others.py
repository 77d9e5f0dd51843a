"""Every AWS service that is not simulated here: moto's, in process, imported when first called."""

from __future__ import annotations

import copy
import re
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from .errors import SimulatorError, unsupported
from .secret_store import correct
from .wire import Request, Response, Target

OURS = ("ecs", "tagging", "application-autoscaling")
GLOBAL = ("budgets", "cloudfront")
HOSTS = {"memorydb": "memory-db", "ecr": "api.ecr", "sagemaker": "api.sagemaker", "eventbridge": "events"}
AWS = re.compile(r"\.(amazonaws\.com|api\.aws)$")
NOT_THERE: Any = (404, {}, "Not yet implemented")
NOTHING_OF: dict[tuple[str, str], bytes] = {
    ("ecr", "DescribePullThroughCacheRules"): b'{"pullThroughCacheRules": []}',
}
"""What moto does not know at all, answered as an account that has none of it."""
BACKENDS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
CODE = re.compile(rb'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"|<Code>([^<]+)</Code>')


class Others:
    """moto keeps one state a process: it belongs to the simulator that called it last for the first time."""

    _owner: ClassVar[Others | None] = None
    _moto: ClassVar[Any] = None

    def __init__(self, account: str, seed: int, now: Callable[[], float]) -> None:
        self._account = account
        self._now = now
        self._seed = seed
        self._used = False

    def handle(self, request: Request, target: Target) -> Response:
        """The answer of moto, which never sees a service of ours."""
        if target.service in OURS:
            raise SimulatorError(f"{target.service} is simulated here")
        if nothing := NOTHING_OF.get((target.service, target.operation)):
            return Response(200, {"Content-Type": "application/x-amz-json-1.1"}, nothing)
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
            stubber = self._stubber()
            correct(target.service, _owners_now)
            answer = stubber.process_request(prepared)
        if answer is None or answer == NOT_THERE:
            raise unsupported(target.service, target.operation)
        status, given, body = answer
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        return Response(int(status), {str(k): str(v) for k, v in dict(given).items()}, content)

    def freeze(self, service: str, account: str, region: str) -> Any:
        """A service's state as it is, to be answered from later; None where moto has not been asked yet."""
        place = self._place(service, account, region)
        return frozen(*place) if place else None

    @contextmanager
    def seen_as(self, was: Any, service: str, account: str, region: str) -> Iterator[None]:
        """While it is open this service answers from a frozen state."""
        place = self._place(service, account, region)
        if place is None or was is None:
            yield
            return
        if isinstance(was, SimulatorError):
            raise was
        backends, where = place
        now = backends[where]
        backends[where] = was
        try:
            yield
        finally:
            backends[where] = now

    def _place(self, service: str, account: str, region: str) -> tuple[Any, str] | None:
        """Where moto keeps a service: a map, and its key in it."""
        if not self._mine:
            return None
        import moto.backends

        backend_of: Any = moto.backends.get_backend
        try:
            backends = backend_of(BACKENDS.get(service, service))[account]
        except (ImportError, KeyError):
            return None
        where = "aws" if service in ("iam", "s3", "sts", "route53") else region
        return (backends, where) if where in backends else None

    def account_of(self, access_key: str) -> str:
        """The account of credentials that moto has handed out; else the simulator's."""
        if not self._mine or not access_key.startswith(("ASIA", "AKIA", "LKIA", "LSIA")):
            return self._account
        from moto.iam.models import iam_backends

        for account, partitions in list(iam_backends.items()):
            if any(access_key in backend.access_keys for backend in partitions.values()):
                return str(account)
        return self._account

    def backend(self, service: str, account: str, region: str) -> Any:
        """moto's own object for a service, where it has been asked already; else None."""
        place = self._place(service, account, region)
        return place[0][place[1]] if place else None

    def ready(self, service: str, account: str, region: str) -> Any:
        """moto's own object for a service, made if need be."""
        self._stubber()
        import moto.backends

        backend_of: Any = moto.backends.get_backend
        return backend_of(BACKENDS.get(service, service))[account][region]

    def target_group(self, account: str, region: str, arn: str) -> Any:
        """moto's target group, or None."""
        backend = self.backend("elasticloadbalancing", account, region)
        return backend.target_groups.get(arn) if backend else None

    def tagged(self, account: str, region: str) -> Iterator[tuple[str, str, dict[str, str]]]:
        """(ARN, resource type, tags) of what moto holds that has tags. What is ours is not moto's."""
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


def _owners_now() -> float:
    owner = Others._owner
    assert owner is not None
    return owner._now()


def frozen(backends: Any, where: str) -> Any:
    """A copy of one backend that shares all others with it; a SimulatorError, not raised, when it has no copy."""
    from moto.core.base_backend import BackendDict

    backend = backends[where]
    memo: dict[int, Any] = {}
    known: Any = BackendDict
    for one in list(known._instances):
        for regions in one.values():
            memo |= {id(other): other for other in regions.values() if other is not backend}
    clone = object.__new__(type(backend))
    try:
        memo[id(backend)] = clone
        clone.__dict__ |= {name: _copied(value, memo) for name, value in vars(backend).items()}
    except TypeError as error:
        return SimulatorError(f"moto's {type(backend).__name__} cannot be shown as it was: {error}")
    return clone


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    """A deep copy, also of maps whose class wants more than a map to be made of. A lock is no state: it is shared."""
    if isinstance(value, type(threading.RLock())):
        return value
    if not isinstance(value, defaultdict) or type(value) is defaultdict:
        return copy.deepcopy(value, memo)
    taken = type(value).__new__(type(value))
    taken.__dict__ |= vars(value)
    taken.default_factory = value.default_factory
    for key, inner in value.items():
        dict.__setitem__(taken, key, copy.deepcopy(inner, memo))
    return taken


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
