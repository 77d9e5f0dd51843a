"""What the board shows, as JSON: what ``status -o json`` and ``plan -o json`` print, and what only an agent knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from reconciler.agent.board import Look, News
from reconciler.model.errors import Problem
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.status import HealthWord, Status
from reconciler.report import problems, redact
from reconciler.report.durations import rfc3339
from reconciler.report.plan_json import plan_json
from reconciler.report.status import condition_json, status_json

FORMAT_VERSION = "1.0"

Shown = Callable[[str], bool]
"""Whether an app is to be shown."""


def status_document(look: Look, shown: Shown) -> dict[str, Any]:
    """An environment as last seen. One that nobody has looked at yet is not ready: nothing is known of it."""
    status = look.status or Status(look.environment, look.commit)
    status = replace(status, resources=tuple(it for it in status.resources if shown(it.key.app)))
    found = status_json(status)
    if look.status is None:
        found |= {"ready": False, "phase": "Unknown", "health": str(HealthWord.UNKNOWN)}
    told = problems.to_json(it for it in look.problems if _speaks_of(it, shown))
    return found | _of_the_agent(look) | {"problems": told}


def environment_document(look: Look, _shown: Shown) -> dict[str, Any]:
    """That there is such an environment, and where the agent stands with it."""
    return {"environment": look.environment, **_of_the_agent(look)}


def plan_document(look: Look, shown: Shown) -> dict[str, Any]:
    """What was left to do; ``planDigests`` are what stands for each app's plan, as ``approve`` wants it."""
    plan = look.plan or Plan(look.environment, look.commit)
    return plan_json(_narrowed(plan, shown)) | {
        "commit": look.commit,
        "head": look.head,
        "lookedAt": _looked_at(look),
        "planDigests": {app: digest for app, digest in sorted(look.digests.items()) if shown(app)},
    }


def together(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Several environments."""
    return {"formatVersion": FORMAT_VERSION, "environments": list(documents)}


def news_document(news: Iterable[News]) -> dict[str, Any]:
    """What happened, oldest first."""
    return {"formatVersion": FORMAT_VERSION, "news": [_news(it) for it in news]}


def apps_of(look: Look) -> frozenset[str]:
    """Every app of an environment that the agent has heard of."""
    found = {resource.key.app for resource in look.status.resources} if look.status else set()
    found |= {key.app for key in _keys(look.plan)} if look.plan else set()
    found |= {app for problem in look.problems if (app := _app_of(problem))}
    return frozenset(found | look.digests.keys())


def _of_the_agent(look: Look) -> dict[str, Any]:
    return {
        "commit": look.commit,
        "head": look.head,
        "source": condition_json(look.source) if look.source else None,
        "held": look.held,
        "writer": look.writer,
        "lookedAt": _looked_at(look),
        "waiting": look.waiting,
    }


def _narrowed(plan: Plan, shown: Shown) -> Plan:
    return replace(
        plan,
        changes=tuple(it for it in plan.changes if shown(it.key.app)),
        unchanged=tuple(key for key in plan.unchanged if shown(key.app)),
        warnings=tuple(it for it in plan.warnings if _speaks_of(it, shown)),
        lookups=tuple(it for it in plan.lookups if any(shown(key.app) for key in it.used_by)),
    )


def _keys(plan: Plan) -> Collection[Key]:
    return [*(change.key for change in plan.changes), *plan.unchanged]


def _speaks_of(problem: Problem, shown: Shown) -> bool:
    """Whether a problem is that of an app that is shown, or everybody's."""
    app = _app_of(problem)
    return app is None or shown(app)


def _app_of(problem: Problem) -> str | None:
    return problem.app or (problem.key.app if problem.key else None)


def _looked_at(look: Look) -> str | None:
    return rfc3339(look.at) if look.at else None


def _news(news: News) -> dict[str, Any]:
    return {
        "kind": news.kind,
        "environment": news.environment,
        "app": news.app,
        "at": rfc3339(news.at),
        "message": redact.text(news.message),
        "by": redact.text(news.by),
        "commit": news.commit,
        "severity": news.severity,
    }
