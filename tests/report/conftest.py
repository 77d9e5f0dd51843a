"""Golden files and the plans they show. RECONCILER_UPDATE_GOLDEN=1 writes the files anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.desired import Desired, Document
from reconciler.model.errors import Position, Problem, Severity
from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import Key
from reconciler.model.plan import Action, Call, Change, FieldChange, Plan
from reconciler.model.tree import Pending, pending_after

GOLDEN = Path(__file__).parent / "golden"
COMMIT = "3f2a91c4d5e60718293a4b5c6d7e8f9012345678"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/bookstore/puma"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        file = GOLDEN / name
        if os.environ.get("RECONCILER_UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return check


def key(text: str) -> Key:
    return Key.parse(text)


def desired(name: str, spec: Mapping[str, Any]) -> Desired:
    return Desired(Document(key(name), spec, {}, Position("apps/bookstore/puma.yaml", 1, 1)), spec, "digest")


def differs(path: str, before: Any, after: Any, effect: Effect = Effect.IN_PLACE) -> FieldChange:
    return FieldChange(tuple(path.split(".")), before, after, effect)


def change(name: str, action: Action, **members: Any) -> Change:
    return Change(key(name), action, members.pop("step", action), **members)


DEFINITION = {
    "family": "puma",
    "networkMode": "awsvpc",
    "cpu": "512",
    "memory": "1024",
    "executionRoleArn": "arn:aws:iam::123456789012:role/bookstore-execution",
    "requiresCompatibilities": ["FARGATE"],
    "containerDefinitions": [
        {
            "name": "web",
            "image": f"{IMAGE}:5d1f7cd",
            "cpu": 256,
            "essential": True,
            "command": ["bundle", "exec", "puma", "--token=abc123"],
            "environment": [
                {"name": "RAILS_ENV", "value": "production"},
                {"name": "DB_PASSWORD", "value": "hunter2"},
                {"name": "DATABASE_URL", "value": "postgres://shop:hunter2@db:5432/shop"},
            ],
            "secrets": [{"name": "API_TOKEN", "valueFrom": "arn:aws:secretsmanager:eu-central-1:1:secret:token-abc"}],
            "portMappings": [{"containerPort": 3000}],
        },
        {"name": "log", "image": "fluent/fluent-bit:3", "essential": False, "memoryReservation": 64},
    ],
}

CREATE = change(
    "bookstore/TaskDefinition/puma",
    Action.CREATE,
    desired=desired("bookstore/TaskDefinition/puma", DEFINITION),
    calls=(Call("ecs:RegisterTaskDefinition", DEFINITION),),
)
UPDATE = change(
    "bookstore/Service/puma",
    Action.UPDATE,
    effect=Effect.ROLLS_TASKS,
    fields=(
        differs("deploymentConfiguration.maximumPercent", 200, UNSET),
        differs("desiredCount", 2, 4),
        differs("loadBalancers", UNSET, [{"containerName": "web", "containerPort": 3000, "targetGroupArn": "arn:tg"}]),
        differs(
            "taskDefinition",
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/puma:7",
            pending_after("TaskDefinition/puma"),
            Effect.ROLLS_TASKS,
        ),
    ),
    waits_on=(key("bookstore/TaskDefinition/puma"), key("platform/Cluster/main")),
    calls=(Call("ecs:UpdateService", {}), Call("ecs:TagResource", {}, Pending("(known after Service/puma is Ready)"))),
)
CONTAINERS = change(
    "bookstore/TaskDefinition/worker",
    Action.UPDATE,
    effect=Effect.NEW_TASKS_ONLY,
    fields=tuple(
        differs(f"containerDefinitions.{path}", before, after, Effect.NEW_TASKS_ONLY)
        for path, before, after in (
            ("datadog", UNSET, {"name": "datadog", "image": "datadog/agent:7", "environment": {"DD_API_KEY": "d4d4"}}),
            ("web.command", ["a", "b"], ["a", "b", "--password", "hunter2"]),
            ("web.environment.DB_PASSWORD", "hunter2", "hunter3"),
            ("web.environment.DATABASE_URL", "postgres://shop:hunter2@db/shop", "postgres://shop:hunter3@db/shop"),
            ("web.environment.GREETING", "Grüße, 世界 👋", "two\nlines\x1b[31m and a \u202eturn"),
            ("web.environment.RAILS_ENV", "staging", "production"),
            ("web.environment.SESSION_SECRET", "hunter2", UNSET),
            ("web.image", f"{IMAGE}@sha256:{'0' * 30}aa{'1' * 32}", f"{IMAGE}@sha256:{'0' * 30}bb{'1' * 32}"),
            ("web.logConfiguration.options.splunk-token", UNSET, "hunter2"),
            (
                "web.secrets.API_TOKEN",
                "arn:aws:ssm:eu-central-1:1:parameter/a",
                "arn:aws:ssm:eu-central-1:1:parameter/b",
            ),
        )
    ),
)
DOWNTIME = change(
    "bookstore/Service/cron",
    Action.REPLACE,
    step=Action.DELETE,
    effect=Effect.REPLACES_WITH_DOWNTIME,
    fields=(differs("schedulingStrategy", "REPLICA", "DAEMON", Effect.REPLACES_WITH_DOWNTIME),),
)
CREATE_FIRST = change(
    "bookstore/Service/api",
    Action.REPLACE,
    step=Action.CREATE,
    effect=Effect.REPLACES_CREATE_FIRST,
    fields=(differs("serviceName", "api", "api-v2", Effect.REPLACES_CREATE_FIRST), differs("desiredCount", 1, 2)),
)
DELETE = change("bookstore/Service/old", Action.DELETE, note="no manifest declares it any more")
ADOPT = change("bookstore/LogGroup/web", Action.ADOPT, note="tags alone are written")
RUN = change("bookstore/Job/db-migrate", Action.RUN, waits_on=(key("bookstore/TaskDefinition/puma"),))
HOLD = change(
    "bookstore/Service/search",
    Action.HOLD,
    effect=Effect.IN_PLACE,
    fields=(differs("desiredCount", 3, 2),),
    waiting="a deployment somebody else began is in flight",
)
BLOCKED = change(
    "bookstore/Service/legacy",
    Action.REPLACE,
    step=Action.DELETE,
    effect=Effect.REPLACES_WITH_DOWNTIME,
    fields=(differs("launchType", "EC2", "FARGATE", Effect.REPLACES_WITH_DOWNTIME),),
    blocked=Problem(
        "replace-refused",
        "launchType cannot be changed in place, and replacing is not allowed",
        at=Position("apps/bookstore/legacy.yaml", 9, 3),
        hint="set policy.replace: true to allow it",
    ),
)
WARNING = Problem(
    "commit-rolls-tasks",
    "git.sha in what rolls tasks: every commit will roll them",
    Position("apps/bookstore/puma.yaml", 14, 18, "        value: ${{ git.sha }}", 14),
    hint="use the image's tag or digest",
    severity=Severity.WARNING,
)
UNCHANGED = tuple(key(f"bookstore/Parameter/p{number}") for number in range(7))


def plan(*changes: Change, **members: Any) -> Plan:
    return Plan("production", COMMIT, changes, **{"unchanged": UNCHANGED, **members})


PLANS = {
    "create": plan(CREATE),
    "update": plan(UPDATE),
    "masked": plan(CONTAINERS),
    "replace": plan(DOWNTIME, CREATE_FIRST),
    "delete": plan(DELETE),
    "adopt": plan(ADOPT),
    "hold": plan(HOLD),
    "blocked": plan(BLOCKED),
    "nothing": plan(),
    "warnings": plan(RUN, warnings=(WARNING,)),
    "everything": plan(
        CREATE, RUN, UPDATE, CONTAINERS, CREATE_FIRST, DOWNTIME, DELETE, ADOPT, HOLD, BLOCKED, warnings=(WARNING,)
    ),
}


@pytest.fixture(params=PLANS)
def named_plan(request: pytest.FixtureRequest) -> tuple[str, Plan]:
    return request.param, PLANS[request.param]


@pytest.fixture
def named_plans() -> dict[str, Plan]:
    return PLANS


@pytest.fixture
def everything() -> Plan:
    return PLANS["everything"]


@pytest.fixture
def many_apps() -> Plan:
    """300 apps, each with a service that is updated."""
    changes = [
        change(
            f"app-{number:03}/Service/web",
            Action.UPDATE,
            effect=Effect.ROLLS_TASKS,
            fields=tuple(differs(f"containerDefinitions.web.environment.V{i}", "old" * 9, "new" * 9) for i in range(9)),
        )
        for number in range(300)
    ]
    return plan(*changes)
