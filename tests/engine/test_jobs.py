"""Jobs: run once for each run key, before what depends on them and after what they depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.agent.converge import Ending, converge
from reconciler.engine.reconcile import reconcile
from reconciler.model.plan import Action
from reconciler.model.status import Memory
from tests.lab import SHOP, Lab, actions, edit

JOB = """
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: migrate}
spec:
  containerDefinitions:
    - name: rails
      image: shop:1
      memory: 256
      command: [bin/rails, "db:migrate"]
      environment: [{name: LEVEL, value: info}]
---
apiVersion: reconciler/v1
kind: Job
metadata: {name: db-migrate}
spec: {cluster: main, taskDefinition: migrate, timeout: 30m}
"""
WAITS = SHOP.replace("metadata: {name: web}\nspec: {cluster", "metadata: {name: web, dependsOn: [Job/db-migrate]}\nspec: {cluster")
KEY = "shop/Job/db-migrate"


def shop(text: str = WAITS + JOB, **script: object) -> Lab:
    lab = Lab()
    lab.app("shop", text)
    lab.simulator.script("migrate", **{"exits": 0, "after": 20.0, **script})
    return lab


@pytest.fixture
def lab() -> Lab:
    """The app with a migration before its web service, applied; the migration ends well after 20 s."""
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def tasks(lab: Lab) -> list[dict]:
    """The tasks of the migration, running and stopped."""
    ecs = lab.ecs()
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster="main", family="migrate", desiredStatus=status)["taskArns"]
    ]
    found = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
    return [task for task in found if task["startedBy"].startswith("db-migrate/")]


def runs(lab: Lab) -> int:
    return sum(call.operation == "RunTask" and call.error is None for call in lab.simulator.writes())


def job(result):
    [resource] = [item for item in result.status.resources if str(item.key) == KEY]
    return resource


def test_a_migration_runs_before_the_service_that_depends_on_it():
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    made = lab.writes()
    assert made.count("RunTask") == 1
    assert made.index("RunTask") < max(index for index, name in enumerate(made) if name == "CreateService")
    [task] = tasks(lab)
    [web] = [it for it in lab.ecs().describe_services(cluster="main", services=["web"])["services"]]
    assert web["createdAt"] > task["stoppedAt"]
