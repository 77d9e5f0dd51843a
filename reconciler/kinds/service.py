"""Service: an ECS service, created, updated by one call a plan, and judged by its own deployment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from reconciler.kinds import service_preflight, service_uses
from reconciler.kinds.service_checks import findings
from reconciler.kinds.service_deadline import patience
from reconciler.kinds.service_evidence import primary
from reconciler.kinds.service_failures import asked_again, held, holding
from reconciler.kinds.service_fields import FIELDS
from reconciler.kinds.service_health import verdict
from reconciler.kinds.service_history import deployed, revisions
from reconciler.kinds.service_inquiry import collected
from reconciler.kinds.service_reading import describe, read_service, scaled, with_namespaces, with_scaling
from reconciler.kinds.service_retreat import retreat, rolled_elsewhere, stopping
from reconciler.model import tags
from reconciler.model.errors import AwsError, Finding
from reconciler.model.history import Deployed, Revision
from reconciler.model.key import Key
from reconciler.model.kind import NO_POLICY, Answer, Kind, Reader, Referent, Sight
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.permission import Place
from reconciler.model.plan import Action, Call, Change
from reconciler.model.policy import Policy
from reconciler.model.shapes import Shape
from reconciler.model.status import Health
from reconciler.model.tree import Pending, Tree, leaves


class Service(Kind):
    """Members are CreateService's; the client token is ours."""

    name = "Service"
    Spec = Shape("ecs", "CreateService", without=("clientToken",))
    fields = FIELDS
    runs = "taskDefinition"
    restarting: ClassVar[Mapping[str, Any]] = {"forceNewDeployment": True}
    uses = service_uses.USES

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        return service_uses.places(spec, referent)

    def leads_to(self, spec: Tree, referent: Referent) -> Iterable[tuple[str, str]]:
        return service_uses.leads_to(spec, referent)

    def address(self, spec: Tree) -> str | None:
        cluster, name = spec.get("cluster", "default"), spec.get("serviceName")
        if isinstance(cluster, Pending) or isinstance(name, Pending):
            return None
        return f"{_short(str(cluster))}/{name}"

    def named(self, value: str) -> str | None:
        return value.rpartition("service/")[2] if value.startswith("arn:") else value

    def normal(self, spec: Tree) -> Tree:
        form: dict[str, Any] = dict(spec)
        for member in ("cluster", "taskDefinition", "role"):
            if isinstance(form.get(member), str):
                form[member] = _short(form[member])
        if form.get("schedulingStrategy") == "DAEMON":
            # ECS counts a daemon's tasks itself, and its percentages have defaults of their own
            form.pop("desiredCount", None)
            form["deploymentConfiguration"] = _daemon(form.get("deploymentConfiguration"))
        if form.get("propagateTags") == "":
            del form["propagateTags"]
        if strategy := form.get("placementStrategy"):
            form["placementStrategy"] = [_placement(element) for element in strategy]
        return form

    def check(self, spec: Tree) -> Iterable[Finding]:
        return findings(spec)

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterable[Observed]:
        places = {want.key: self._place(want) for want in wanted}
        found = describe(read, places.values())
        minima = scaled(read, [f"service/{cluster}/{name}" for cluster, name in places.values()])
        readings = []
        for key, (cluster, name) in places.items():
            answer = found[cluster, name]
            if isinstance(answer, AwsError):
                readings.append(Observed.failed(key, answer))
            else:
                readings.append(with_scaling(read_service(key, *answer), minima, f"service/{cluster}/{name}"))
        return with_namespaces(read, wanted, readings)

    def second_look(self, read: Reader, changes: Sequence[Change]) -> Iterable[Observed]:
        return asked_again(read, changes, self.normal)

    def closer_look(
        self, read: Reader, readings: Sequence[Observed], policy_of: Callable[[Key], Policy]
    ) -> Iterable[Observed]:
        return collected(read, readings, policy_of)

    def _place(self, want: Wanted) -> tuple[str, str]:
        address = self.address(want.spec) if want.spec else self.named(want.owned[0])
        cluster, _, name = (address or "").rpartition("/")
        return cluster, name

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.CREATE:
            return [Call("ecs:CreateService", self._creation(change))]
        assert change.observed is not None and change.observed.arn is not None
        cluster, _, name = change.observed.arn.rpartition("service/")[2].rpartition("/")
        which = {"cluster": cluster or "default", "service": name}
        if change.step is Action.DELETE:
            # force scales to zero and drains in the same call: there is no state between that a crash could leave
            return [Call("ecs:DeleteService", {**which, "force": True})]
        return [*tags.ecs_calls(change), *self._update(change, which)]

    def _creation(self, change: Change) -> dict[str, Any]:
        spec = {**change.spec, "tags": tags.to_list(tags.all_of(change))}
        live = change.observed.live if change.observed else {}
        if "desiredCount" not in spec and spec.get("schedulingStrategy") != "DAEMON":
            carried = change.observed.carry.get("desiredCount") if change.observed else None
            spec["desiredCount"] = carried if carried is not None else live.get("scalableMinimum", 1)
        pending = next((leaf for _, leaf in leaves(spec) if isinstance(leaf, Pending)), None)
        created = change.observed.created if change.observed else None
        return {**spec, "clientToken": pending or _token(spec, created)}

    def _update(self, change: Change, which: Tree) -> Iterator[Call]:
        values = {name: value for name, value in change.values.items() if name != "tags"}
        if not values:
            return
        if "capacityProviderStrategy" in values:
            # running tasks keep the provider they have until a deployment moves them
            values["forceNewDeployment"] = True
        yield Call("ecs:UpdateService", {**which, **values})

    def beside(self, spec: Tree, sight: Sight) -> Iterable[tuple[str, str]]:
        return service_preflight.beside(spec, sight)

    def warnings(self, spec: Tree, sight: Sight) -> Iterable[Finding]:
        return service_preflight.findings(spec, sight)

    def hold(self, change: Change) -> Finding | None:
        return rolled_elsewhere(change) or held(change)

    def patience(self, spec: Tree, policy: Policy) -> float:
        live = {name: spec[name] for name in ("deploymentConfiguration", "desiredCount") if name in spec}
        return policy.timeout or patience(Observed(Key("", self.name, ""), NEVER, spec, live=live))

    def retreat(self, seen: Observed, health: Health) -> Iterable[Call]:
        return retreat(seen, health)

    def released(self, seen: Observed) -> str | None:
        return holding(seen)

    def deployment(self, seen: Observed) -> str | None:
        found = primary(seen)
        return str(found["id"]) if found else None

    def began(self, seen: Observed) -> datetime | None:
        found = primary(seen)
        began: datetime | None = found.get("createdAt") if found else None
        return began

    def history(self, read: Reader, seen: Observed, most: int) -> Sequence[Deployed]:
        return deployed(read, seen, most)

    def revisions(self, read: Reader, seen: Observed, names: Sequence[str]) -> Sequence[Revision]:
        return revisions(read, seen, names)

    def carry(self, seen: Observed) -> Mapping[str, Any]:
        return {"desiredCount": seen.live["desiredCount"]} if "desiredCount" in seen.live else {}

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        last = answers[-1]
        if "serviceDeploymentArn" in last:
            return stopping(change.observed, last.at)
        services = [answer for answer in answers if "service" in answer]
        if not services:
            return tags.tagged(change, last.at)
        seen = read_service(change.key, services[-1]["service"], services[-1].at)
        if seen.spec is None:
            return seen
        # the answers of Create and Update carry no tags
        now = tags.all_of(change) if change.step is Action.CREATE else tags.tagged(change, last.at).tags
        before = change.observed.live if change.observed else {}
        kept = {name: before[name] for name in ("failed", "scalableMinimum") if name in before}
        spec = {**seen.spec, "tags": tags.to_list(tags.people_s(now))}
        driven = change.observed.driven if change.observed else frozenset()
        return replace(seen, tags=now, spec=spec, live={**seen.live, **kept}, driven=driven)

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        return verdict(seen, policy)


def _token(spec: Tree, created: Any) -> str:
    """The client token of a creation: of the content and of the incarnation it follows, so that a lost answer repeats
    it and a service made anew after a deletion does not."""
    content = json.dumps([spec, str(created)], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _short(value: str) -> str:
    """An ARN's last part: a cluster's name, a role's name, family:revision."""
    return value.rpartition("/")[2] if value.startswith("arn:") else value


def _daemon(configuration: Any) -> dict[str, Any]:
    form = dict(configuration or {})
    if form.get("maximumPercent") in (None, 100):
        form["maximumPercent"] = 200  # the table's default: equal to saying nothing
    if form.get("minimumHealthyPercent") in (None, 0):
        form["minimumHealthyPercent"] = 100
    return form


def _placement(element: Any) -> Any:
    """``host`` is ``instanceId``, and fields are not case-sensitive."""
    if not isinstance(element, Mapping) or not isinstance(element.get("field"), str):
        return element
    field = element["field"]
    known = {"host": "instanceId", "instanceid": "instanceId", "memory": "memory", "cpu": "cpu"}
    return {**element, "field": known.get(field.lower(), field)}
