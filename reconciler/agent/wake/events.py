"""What an event says may have changed, and who did it. Anything may stand in one; nothing of it is taken for a fact.

Sources: the EventBridge user guide (envelope), the ECS developer guide (types of events), the SNS guide (envelope).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.agent.blame import Who
from reconciler.agent.desk import Wake
from reconciler.agent.index import Account, Index, Owned
from reconciler.agent.wake import trail

LARGEST: Final = 1 << 20
"""Characters; SQS takes no larger message."""
_RESOURCES: Final = 20

TASK: Final = "ECS Task State Change"
CALL: Final = "AWS API Call via CloudTrail"
TYPES: Final[Mapping[str, str]] = {
    TASK: "aws.ecs",
    "ECS Deployment State Change": "aws.ecs",
    "ECS Service Action": "aws.ecs",
    "Parameter Store Change": "aws.ssm",
    CALL: "",
    "AWS Service Event via CloudTrail": "",
}
"""The types that are listened to, and the source each must come from; without one it is the call that says it."""


@dataclass(frozen=True)
class Event:
    """``type`` is one of TYPES."""

    type: str
    at: Account
    resources: tuple[str, ...]
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Heard:
    """What one message tells.

    type      of the event, empty where there is none
    ignored   why nothing follows from it, as a slug; empty: something does
    owned     what may have changed
    by_hand   somebody who is no service of AWS made a call, so what is there has changed
    who       who made it, where its time is told
    """

    type: str = ""
    ignored: str = ""
    owned: frozenset[Owned] = frozenset()
    by_hand: bool = False
    who: tuple[Who, ...] = ()


def hear(body: str, index: Index, ourselves: Collection[str] = ()) -> Heard:
    """Never raises. ``ourselves`` are the ARNs of our own callers: what they did is known."""
    event = read(body)
    if isinstance(event, str):
        return Heard(ignored=event)
    call = TYPES[event.type] == ""
    if call and not trail.changes_something(event.detail):
        return Heard(event.type, "no-change")
    if call and trail.is_ours(event.detail, ourselves):
        return Heard(event.type, "our-own")
    owned = _OF.get(event.type, _named)(event, index)
    if not owned:
        return Heard(event.type, "nobody-s")
    by = trail.principal(event.detail) if call else ""
    return Heard(event.type, "", owned, bool(by), _who(event, owned, by) if by else ())


def hints(body: str, index: Index, ourselves: Collection[str] = ()) -> list[Wake]:
    """The apps that a message names, one Wake for each environment; none for what says nothing of ours."""
    return collapsed([hear(body, index, ourselves)])


def who(body: str, index: Index, ourselves: Collection[str] = ()) -> list[Who]:
    """Who changed what, by a message: persons and programs, but neither AWS's services nor ourselves."""
    return list(hear(body, index, ourselves).who)


def collapsed(heard: Iterable[Heard]) -> list[Wake]:
    """One Wake for each environment, however many messages there are."""
    apps: dict[str, set[str]] = {}
    types: dict[str, set[str]] = {}
    reset: set[str] = set()
    for one in heard:
        for owned in one.owned:
            apps.setdefault(owned.environment, set()).add(owned.key.app)
            types.setdefault(owned.environment, set()).add(one.type)
            reset |= {owned.environment} if one.by_hand else set()
    return [
        Wake(environment=name, apps=frozenset(of), why=f"events: {', '.join(sorted(types[name]))}", reset=name in reset)
        for name, of in sorted(apps.items())
    ]


def read(body: str) -> Event | str:
    """The event in a message, whether or not it came through a topic; else why it is none."""
    for _ in range(2):
        if len(body) > LARGEST:
            return "too-large"
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return "not-json"
        if not isinstance(told, dict):
            return "not-an-event"
        if told.get("Type") != "Notification" or not isinstance(told.get("Message"), str):
            return _event(told)
        body = told["Message"]
    return "not-an-event"


def _event(told: Mapping[str, Any]) -> Event | str:
    type, detail, source = told.get("detail-type"), told.get("detail"), told.get("source")
    account, region, resources = told.get("account"), told.get("region"), told.get("resources")
    if not isinstance(type, str) or not isinstance(source, str) or not isinstance(detail, dict):
        return "not-an-event"
    if type not in TYPES:
        return "other-type"
    if not (isinstance(account, str) and isinstance(region, str) and source.startswith(TYPES[type] or "aws.")):
        return "other-source"
    named = resources[:_RESOURCES] if isinstance(resources, list) else []
    return Event(type, Account(account, region), tuple(it for it in named if isinstance(it, str)), detail)


def _named(event: Event, index: Index) -> frozenset[Owned]:
    return frozenset().union(*(index.named(event.at, "", arn) for arn in event.resources))


_OF: Final[Mapping[str, Callable[[Event, Index], frozenset[Owned]]]] = {
    TASK: lambda event, index: trail.of_task(event.detail, event.at, index),
    **dict.fromkeys(
        [type for type, source in TYPES.items() if not source],
        lambda event, index: trail.touched(event.detail, event.at, index),
    ),
}


def _who(event: Event, owned: Iterable[Owned], by: str) -> tuple[Who, ...]:
    at = trail.when(event.detail)
    action = f"{trail.service_of(event.detail)}:{event.detail['eventName']}"
    return tuple(Who(one, by, action, at) for one in sorted(owned)) if at is not None else ()
