"""Events from ECS to SQS queues, as EventBridge delivers them: at least once, in no certain order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from . import trail
from .ecs import Scope
from .ecs.state import Service
from .errors import SimulatorError
from .watch import Notice, Watch, action, moment
from .wire import Request, Response, Target
from .world import World

HELD: Final = 1.0
"""Seconds after which a reordered event goes even if nothing overtakes it."""


@dataclass(eq=False)
class Subscription:
    """A queue that gets events until ``close``."""

    queue: str
    types: tuple[str, ...]
    place: tuple[str, str]
    notices: Notices

    def close(self) -> None:
        self.notices.subscriptions.remove(self)


@dataclass
class Notices:
    """Looks at ECS after every step of the clock and every write, while somebody listens."""

    world: World
    duplicates: float = 0.0
    """Probability that an event comes twice."""
    reordered: float = 0.0
    """Probability that an event comes after its successor."""
    dropped: float = 0.0
    """Probability that an event never comes. EventBridge promises that it does; a rule or a queue may not."""
    trail: float | None = None
    """Seconds after which rules are told of a call that changed something, as by CloudTrail; None: there is no trail.
    A real one may take minutes."""
    caller: str = ""
    """Who makes the calls that a trail tells of, an ARN; empty: the simulated caller."""
    subscriptions: list[Subscription] = field(default_factory=list)
    _watches: dict[tuple[str, str], Watch] = field(default_factory=dict)
    _held: list[tuple[tuple[str, str], dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lots = Random(f"notices-{self.world.settings.seed}")
        self.world.clock.after_step.append(self.look)
        self.world.noticed = self._noticed

    def subscribe(self, queue_url: str, types: tuple[str, ...], region: str) -> Subscription:
        """SimulatorError when the queue is not there."""
        _, _, rest = queue_url.partition("://")
        account, _, name = rest.partition("/")[2].partition("/")
        place = (account, region)
        backend = self.world.others.backend("sqs", *place)
        if backend is None or name not in backend.queues:
            raise SimulatorError(f"no queue {queue_url} in {region}")
        made = Subscription(name, types, place, self)
        self.subscriptions.append(made)
        self.look()
        return made

    def look(self) -> None:
        """See what has changed, and send it."""
        for place, state in list(self.world.regions.items()):
            if not self._heard(place):
                self._watches.pop(place, None)
                continue
            at = self.world.scope(state)
            for notice in self._watches.setdefault(place, Watch()).look(at):
                self._send(place, notice)

    def called(self, request: Request, target: Target, response: Response, account: str) -> None:
        """A call has changed something."""
        place = (account, target.region)
        if self.trail is None or target.service == "sqs" or not self._heard(place):  # receiving is no management event
            return
        caller = self.caller or self.world.settings.caller_arn
        detail = trail.told(request, target, response, caller, account, moment(self.world.clock.now))
        event = self._event(place, trail.CALL, f"aws.{target.service}", [], detail)
        self.world.clock.after(self.trail, lambda: self._deliver(place, event))

    def _noticed(self, at: Scope, service: Service, name: str) -> None:
        place = (at.state.account, at.state.name)
        if self._heard(place):
            self._send(place, action(at, service, name, "INFO", at.now))

    def _heard(self, place: tuple[str, str]) -> bool:
        if any(s.place == place for s in self.subscriptions):
            return True
        return any(rule.targets for rule in self._rules(place))

    def _rules(self, place: tuple[str, str]) -> list[Any]:
        """moto's rules that are on."""
        backend = self.world.others.backend("events", *place)
        bus = backend.event_buses.get("default") if backend else None
        return [r for r in bus.rules.values() if r.state == "ENABLED"] if bus else []

    def _event(
        self, place: tuple[str, str], type: str, source: str, resources: list[str], detail: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "version": "0",
            "id": self.world.ids.request(),
            "detail-type": type,
            "source": source,
            "account": place[0],
            "time": moment(self.world.clock.now)[:19] + "Z",
            "region": place[1],
            "resources": resources,
            "detail": detail,
        }

    def _send(self, place: tuple[str, str], notice: Notice) -> None:
        event = self._event(place, notice.type, "aws.ecs", [notice.resource], notice.detail)
        if self.dropped and self._lots.random() < self.dropped:
            return
        if self.reordered and self._lots.random() < self.reordered:
            self._held.append((place, event))
            self.world.clock.after(HELD, self._release)
            return
        copies = 2 if self.duplicates and self._lots.random() < self.duplicates else 1
        for _ in range(copies):
            self._deliver(place, event)
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        for place, event in held:
            self._deliver(place, event)

    def _deliver(self, place: tuple[str, str], event: dict[str, Any]) -> None:
        for subscription in self.subscriptions:
            if subscription.place == place and (not subscription.types or event["detail-type"] in subscription.types):
                self._put(place, subscription.queue, event, {})
        for rule in self._rules(place):
            if not rule.event_pattern.matches_event(event):
                continue
            for target in rule.targets:
                arn = target["Arn"].split(":")
                if arn[2] == "sqs":
                    self._put((arn[4], arn[3]), arn[5], event, target)

    def _put(self, place: tuple[str, str], queue: str, event: dict[str, Any], target: dict[str, Any]) -> None:
        backend = self.world.others.backend("sqs", *place)
        if backend is None or queue not in backend.queues:
            return
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        backend.send_message(
            queue, _body(event, target), group_id=group, deduplication_id=event["id"] if group else None
        )


def _body(event: dict[str, Any], target: dict[str, Any]) -> str:
    """What the target is sent: a constant, a template filled from the event, a part of the event, or the event."""
    if "Input" in target:
        return str(target["Input"])
    if transformer := target.get("InputTransformer"):
        values = {name: _part(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
        return _filled(transformer["InputTemplate"], values)
    return json.dumps(_part(event, target.get("InputPath", "$")), ensure_ascii=False)


def _part(event: Any, path: str) -> Any:
    """What is at ``$.detail.containers[0]``; None where there is nothing."""
    for name in re.findall(r"[^.\[\]]+", path.removeprefix("$")):
        try:
            event = event[int(name)] if isinstance(event, list) else event[name]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return event


def _filled(template: str, values: dict[str, Any]) -> str:
    """``<name>`` replaced: within quotes by the bare text, else by JSON."""

    def put(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        quoted = template[: match.start()].count('"') % 2 == 1
        return value if quoted and isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return re.sub(r"<([\w.-]+)>", put, template)
