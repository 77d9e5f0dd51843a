"""A laboratory: manifests in memory, the simulator on its virtual clock, and the product between them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import boto3

from reconciler.agent.converge import Outcome, converge
from reconciler.core.world import World
from reconciler.engine.apply import Target
from reconciler.engine.bases import Bases
from reconciler.engine.connect import Connected, connect
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import observe
from reconciler.engine.reconcile import reconcile
from reconciler.engine.settle import Draft, draft, settle
from reconciler.kinds import KINDS
from reconciler.model.errors import SourceError
from reconciler.model.key import Scope
from reconciler.model.plan import Plan, Preflight
from reconciler.model.policy import Policy
from reconciler.model.record import NO_RECORD, Record
from reconciler.model.status import Memory, Result
from reconciler.simulator import Settings, Simulator
from reconciler.simulator.before_send import loader
from reconciler.source.revision import Revision

ENVIRONMENT = """
apiVersion: reconciler/v1
kind: Environment
metadata: {name: staging}
spec:
  region: eu-west-1
  accountId: "123456789012"
"""


@dataclass
class SimulatedClock:
    """Sleeping on it lets the simulated world go on."""

    simulator: Simulator
    slept: float = 0

    def now(self) -> datetime:
        return self.simulator.now()

    def monotonic(self) -> float:
        return self.simulator.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.simulator.advance(seconds)


@dataclass
class Lab:
    """One account and one repository. ``files`` are paths and texts; every reading of them is a fresh commit."""

    files: dict[str, str] = field(default_factory=lambda: {"environments/staging.yaml": ENVIRONMENT})
    simulator: Simulator = field(default_factory=lambda: Simulator(Settings()))
    commit: str | None = None
    preflight: Preflight = Preflight.CHANGES
    root: str = ""
    commits: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(self.simulator)
        self._connected: Connected | None = None
        self._ecs: Any = None

    def write(self, path: str, text: str) -> None:
        self.files[path] = textwrap.dedent(text)

    def app(self, name: str, text: str) -> None:
        self.write(f"apps/{name}/all.yaml", text)

    def draft(self, environment: str = "staging") -> Draft:
        """What the files say, nobody having been asked."""
        if self.commit is not None:
            self.commits.setdefault(self.commit, dict(self.files))
        return draft(self._revision(self.commit, self.files), environment, KINDS)

    def commit_all(self) -> str:
        """What the files say now is a commit of its own, and the one that is planned."""
        self.commit = f"{len(self.commits) + 1:040x}"
        self.commits[self.commit] = dict(self.files)
        return self.commit

    def read(self, commit: str) -> Revision:
        """The files of an earlier commit. Raises SourceError where there is no such commit any more."""
        if commit not in self.commits:
            raise SourceError(f"there is no commit {commit!r}")
        return self._revision(commit, self.commits[commit])

    def _revision(self, commit: str | None, files: dict[str, str]) -> Revision:
        return Revision(commit, {path: text.encode() for path, text in files.items()}, root=self.root)

    def wish(self, environment: str = "staging") -> Wish:
        """What the files want; what they look up is asked for through the laboratory's own connection."""
        made = self.draft(environment)
        if not made.rendered.needs and not any(it.policy.images for it in made.rendered.documents):
            return made.wish
        connected = self.connect()
        return settle(made, connected.read, connected.lookups)

    def connect(self) -> Connected:
        """One connection a laboratory: clients take longer to make than a tick."""
        if self._connected is None:
            session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
            session._session.register_component("data_loader", loader())
            self.simulator.attach(session)
            self._connected = connect(self.draft().wish.environment, self.clock, session)
        return self._connected

    def target(self, **asked: Any) -> Target:
        connected = self.connect()
        scope, restart = Scope("default", "staging"), frozenset(asked.pop("restart", ()))
        read, write, records = connected.read, connected.write, connected.records
        more = {name: asked.pop(name) for name in ("unattended", "who") if name in asked}
        base = Bases(self.read, "staging")
        asked_for = Policy(**asked)
        return Target(scope, read, write, asked_for, records, restart, preflight=self.preflight, base=base, **more)

    def plan(self, **asked: Any) -> Plan:
        return self.tick(Memory(), write=False, **asked).plan

    def tick(self, memory: Memory | None = None, *, write: bool = True, **asked: Any) -> Result:
        wish = self.wish()
        assert not wish.errors, wish.errors
        target = self.target(**asked)
        return reconcile(target if write else replace(target, write=None), wish, memory or Memory())

    def look(self, memory: Memory | None = None) -> World:
        """Everything one tick would read, with its verdicts."""
        target = self.target()
        return observe(target.read, target.scope, self.wish(), memory or Memory(), target.asked)

    def apply(self, *, timeout: float = 3600, wait: bool = True, **asked: Any) -> Outcome:
        wish = self.wish()
        assert not wish.errors, wish.errors
        return converge(self.target(**asked), wish, self.clock, timeout=timeout, wait=wait)

    def writes(self) -> list[str]:
        """The mutating calls since the last time of asking; what was written into records is not among them."""
        calls = self.simulator.writes()
        self.simulator.calls.clear()
        return [it.operation for it in calls if not str(it.params.get("Name", "")).startswith("/reconciler/")]

    def reads(self) -> list[str]:
        """The reading calls so far."""
        return [call.operation for call in self.simulator.calls if not call.mutating]

    def ecs(self) -> Any:
        if self._ecs is None:
            self._ecs = self.simulator.client("ecs", region="eu-west-1")
        return self._ecs

    def service(self, name: str, cluster: str = "main") -> dict[str, Any]:
        [found] = self.ecs().describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"]
        return dict(found)


def actions(plan: Plan) -> dict[str, str]:
    """The actions of a plan by key."""
    return {str(change.key): str(change.action) for change in plan.changes}


SHOP = """
apiVersion: reconciler/v1
kind: Cluster
metadata: {name: main}
---
apiVersion: reconciler/v1
kind: LogGroup
metadata: {name: shop}
spec: {logGroupName: /ecs/shop, retentionInDays: 30}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: web}
spec:
  containerDefinitions:
    - name: web
      image: shop:1
      memory: 256
      command: [bundle, exec, puma]
      environment: [{name: RAILS_ENV, value: staging}, {name: PORT, value: "3000"}]
      portMappings: [{containerPort: 3000}]
      logConfiguration:
        logDriver: awslogs
        options: {awslogs-group: /ecs/shop, awslogs-region: eu-west-1}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web}
spec: {cluster: main, taskDefinition: web, desiredCount: 2}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: worker}
spec: {cluster: main, taskDefinition: web, desiredCount: 1}
"""
"""A small app: a cluster, a log group, one task definition and two services that run it."""


def shop() -> Lab:
    """A laboratory with the small app, not applied yet."""
    lab = Lab()
    lab.app("shop", SHOP)
    return lab


def edit(lab: Lab, old: str, new: str, path: str = "apps/shop/all.yaml") -> None:
    """Change one text of the repository; it must be there."""
    assert old in lab.files[path]
    lab.files[path] = lab.files[path].replace(old, new)


def said(lab: Lab, app: str = "shop", **words: Any) -> None:
    """Write what people said of an app, as the verbs do: the members of a Record that are given."""
    connected, scope = lab.connect(), Scope("default", "staging")
    known = connected.records.read(scope).records.get(app, NO_RECORD)
    connected.records.said(scope, app, replace(known, **words))


def record(lab: Lab, app: str = "shop") -> Record:
    """An app's record as it stands."""
    return lab.connect().records.read(Scope("default", "staging")).records.get(app, NO_RECORD)
