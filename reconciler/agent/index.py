"""Which app a name that AWS tells of belongs to, in which environment: by what the last ticks have read."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.model.key import Key

_ARN: Final = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d*):(\S.{0,1023})", re.DOTALL)
_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}$")
"""What Secrets Manager puts behind a name in an ARN."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a name holds: names are told apart by account and region."""

    id: str
    region: str


@dataclass(frozen=True, order=True, slots=True)
class Owned:
    """A resource of an environment."""

    environment: str
    key: Key


_Token = tuple[Account, str]
"""Where, and a name as it is looked up: ``service/main/web``."""


class Index:
    """Thread-safe. What it does not know is nobody's: forged and foreign names lead nowhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arns: dict[str, dict[str, dict[Key, str]]] = {}
        self._known: dict[_Token, set[Owned]] = {}

    def learn(self, environment: str, arns: Mapping[Key, str], apps: Collection[str] | None = None) -> None:
        """What a tick has read of these apps (None: of all) takes the place of what was known of them."""
        told: dict[str, dict[Key, str]] = {}
        for key, arn in arns.items():
            if apps is None or key.app in apps:
                told.setdefault(key.app, {})[key] = arn
        with self._lock:
            known = self._arns.setdefault(environment, {})
            for app in [*known] if apps is None else apps:
                if app in known and app not in told:
                    self._exchange(environment, known.pop(app), {})
            for app, now in told.items():
                before = known.get(app, {})
                if before != now:
                    self._exchange(environment, before, now)
                    known[app] = now

    def drop(self, environment: str) -> None:
        """Forget an environment that is not worked on any more."""
        self.learn(environment, {})
        with self._lock:
            self._arns.pop(environment, None)

    def arn(self, arn: str) -> frozenset[Owned]:
        """Whose an ARN is: of a service (long or short), a cluster, a task of a job, a group, a parameter; of a
        revision whose family it is, of a secret with its suffix or without."""
        found = _parts(arn)
        return self._of(found[0], _looked_up(*found[1:])) if found else frozenset()

    def service(self, at: Account, cluster: str, name: str) -> frozenset[Owned]:
        """Whose a service is, by its name and the name or ARN of its cluster."""
        return self._of(at, _service_names(_within(at, cluster), name))

    def named(self, at: Account, kind: str, name: str) -> frozenset[Owned]:
        """Whose a name is that may as well be an ARN, which then has to be of this account and region.

        ``kind``: ``cluster``, ``task-definition``, ``secret``, ``parameter`` or ``log-group``.
        """
        if not name.startswith("arn:"):
            return self._of(at, _spelled(kind, name))
        found = _parts(name)
        return self.arn(name) if found and found[0] == at else frozenset()

    @property
    def size(self) -> int:
        """How many resources are known."""
        with self._lock:
            return sum(len(arns) for apps in self._arns.values() for arns in apps.values())

    def _of(self, at: Account, names: Iterable[str]) -> frozenset[Owned]:
        with self._lock:
            return frozenset(owned for name in names for owned in self._known.get((at, name), ()))

    def _exchange(self, environment: str, before: Mapping[Key, str], now: Mapping[Key, str]) -> None:
        """Only what differs; called with the lock held."""
        for key, arn in before.items():
            if now.get(key) != arn:
                for token in _tokens(arn):
                    owners = self._known.get(token, set())
                    owners.discard(Owned(environment, key))
                    if not owners:
                        self._known.pop(token, None)
        for key, arn in now.items():
            if before.get(key) != arn:
                for token in _tokens(arn):
                    self._known.setdefault(token, set()).add(Owned(environment, key))


def account_of(arn: str) -> Account | None:
    """Where an ARN says it is; None for what is no ARN."""
    found = _parts(arn)
    return found[0] if found else None


def _parts(arn: str) -> tuple[Account, str, str] | None:
    """Where, the service, and the resource."""
    match = _ARN.fullmatch(arn)
    return (Account(match[3], match[2]), match[1], match[4]) if match else None


def _tokens(arn: str) -> Iterator[_Token]:
    """The names by which a resource is found."""
    found = _parts(arn)
    if found is None:
        return
    at, service, resource = found
    kind, _, name = resource.partition("/")
    if service == "ecs" and kind == "service":
        cluster, _, last = name.rpartition("/")
        names = [f"service/{cluster}/{last}", f"anywhere/{last}"]
    elif service == "secretsmanager":
        full = resource.removeprefix("secret:")
        names = [f"secret/{full}", f"secret/{_SUFFIX.sub('', full)}"]
    else:
        names = list(_looked_up(service, resource))
    yield from ((at, name) for name in dict.fromkeys(names))


def _looked_up(service: str, resource: str) -> list[str]:
    """The names that an ARN is looked up by."""
    kind, _, name = resource.partition("/")
    if service == "ecs":
        if kind == "service":
            cluster, _, last = name.rpartition("/")
            return _service_names(cluster, last) if not name.startswith("/") else []
        if kind in ("service-deployment", "service-revision") and name.count("/") == 2:
            cluster, last, _ = name.split("/")
            return _service_names(cluster, last)
        if kind == "task-definition":
            return _spelled(kind, name)
        return [resource] if kind in ("cluster", "task") else []
    if service == "secretsmanager" and resource.startswith("secret:"):
        return _spelled("secret", resource.removeprefix("secret:"))
    if service == "logs" and resource.startswith("log-group:"):
        return _spelled("log-group", resource.removeprefix("log-group:").split(":")[0])
    return _spelled("parameter", name) if service == "ssm" and kind == "parameter" else []


def _spelled(kind: str, name: str) -> list[str]:
    """A name as it is kept: a family without its revision, a parameter without the slash that its ARN hides."""
    if kind == "task-definition":
        name = name.partition(":")[0]
    return [f"{kind}/{name.removeprefix('/') if kind == 'parameter' else name}"]


def _service_names(cluster: str, name: str) -> list[str]:
    """In a cluster, or in one that its short ARN does not tell; without a cluster: wherever it is."""
    return [f"service/{cluster}/{name}", f"service//{name}"] if cluster else [f"anywhere/{name}"]


def _within(at: Account, cluster: str) -> str:
    """The name of a cluster; of an ARN from elsewhere one that no cluster has."""
    if not cluster.startswith("arn:"):
        return cluster or "default"
    found = _parts(cluster)
    return found[2].removeprefix("cluster/") if found and found[0] == at else "//"
