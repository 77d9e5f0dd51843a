"""Who looks: status, plan and news, of one environment or all, as far as whoever asks may see them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from reconciler.agent.board import Look
from reconciler.agent.server.answers import encode, encoded
from reconciler.agent.server.documents import (
    Shown,
    apps_of,
    environment_document,
    news_document,
    plan_document,
    status_document,
    together,
)
from reconciler.agent.server.doors import Who
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.refusals import RETRY_AFTER, Refused
from reconciler.model.suggest import did_you_mean, listing

Document = Callable[[Look, Shown], dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """What somebody wants to see. ``environment`` None: all; no ``apps``: all."""

    who: Who
    environment: str | None = None
    apps: frozenset[str] = frozenset()

    def shown(self, environment: str) -> Shown:
        return lambda app: self.who.about(environment, app) and (not self.apps or app in self.apps)


def question(handed: Handed, request: Request, *more: str) -> Question:
    """Whoever asks, and what about. Raises Refused: 401, 403, and 404 for what is not there.

    What a token does not reach is refused whether or not it is there: else it could be found out by asking.
    """
    who = handed.doors.reader(request)
    said = request.query_params
    known = ("environment", "app", *more)
    for name in said:
        if name not in known:
            hint = did_you_mean(name, known, otherwise=f"parameters are: {listing(known)}")
            raise Refused(400, "unknown-parameter", f"there is no parameter {name[:100]!r}", hint)
    environments, apps = said.getlist("environment"), frozenset(said.getlist("app"))
    if len(environments) > 1:
        raise Refused(400, "two-environments", "one environment can be asked for, or all of them")
    if not environments:
        return Question(who, None, apps)
    [environment] = environments
    within_reach(who, environment, apps)
    there(handed, who, environment, apps)
    return Question(who, environment, apps)


def within_reach(who: Who, environment: str, apps: Collection[str]) -> None:
    """Raises Refused: 403."""
    hint = "its apps are in server.tokens of the agent's settings"
    if not who.about_some(environment):
        raise Refused(403, "out-of-reach", f"the token {who.name} is not for this environment", hint)
    for app in sorted(apps):
        if not who.about(environment, app):
            raise Refused(403, "out-of-reach", f"the token {who.name} is not for this app", hint)


def there(handed: Handed, who: Who, environment: str, apps: Collection[str]) -> Look:
    """An environment that the agent has, with these apps, as far as that is known yet. Raises Refused: 404."""
    looks = handed.board.looks()
    if environment not in looks:
        seen = [name for name in sorted(looks) if who.about_some(name)]
        hint = did_you_mean(environment, seen, otherwise=f"environments are: {listing(seen)}" if seen else "")
        raise Refused(404, "unknown-environment", f"there is no environment {environment[:100]!r}", hint)
    look = looks[environment]
    known = apps_of(look)
    for app in sorted(apps) if look.status is not None else ():
        if app not in known:
            seen = [name for name in sorted(known) if who.about(environment, name)]
            hint = did_you_mean(app, seen, otherwise=f"apps are: {listing(seen)}" if seen else "")
            raise Refused(404, "unknown-app", f"there is no app {app[:100]!r} in environment {environment}", hint)
    return look


def shown(handed: Handed, asked: Question, document: Document) -> dict[str, Any]:
    """The document of the environment that was asked for, or those of all."""
    looks = handed.board.looks()
    if asked.environment is not None:
        look = looks.get(asked.environment) or Look(asked.environment)
        return document(look, asked.shown(asked.environment))
    seen = (looks[name] for name in sorted(looks) if asked.who.about_some(name))
    return together(document(look, asked.shown(look.environment)) for look in seen)


async def status(handed: Handed, request: Request) -> Response:
    asked = question(handed, request)
    return encoded(await handed.looking.do(lambda: encode(shown(handed, asked, status_document))))


async def environments(handed: Handed, request: Request) -> Response:
    """Which there are: what to ask for."""
    asked = Question(handed.doors.reader(request))
    return encoded(encode(shown(handed, asked, environment_document)))


async def plan(handed: Handed, request: Request) -> Response:
    """Of an environment that has not been looked at there is no plan, which is another thing than an empty one."""
    asked = question(handed, request)
    look = handed.board.looks().get(asked.environment) if asked.environment else None
    if look is not None and look.plan is None:
        raise Refused(503, "no-look-yet", "the agent has not looked at it yet", wait=RETRY_AFTER)
    return encoded(await handed.looking.do(lambda: encode(shown(handed, asked, plan_document))))


async def news(handed: Handed, request: Request) -> Response:
    asked = question(handed, request)
    seen = [
        it
        for it in handed.board.news()
        if asked.environment in (None, it.environment)
        and (asked.who.about(it.environment, it.app) if it.app else asked.who.about_some(it.environment))
        and (not asked.apps or it.app in asked.apps)
    ]
    return encoded(await handed.looking.do(lambda: encode(news_document(seen))))
