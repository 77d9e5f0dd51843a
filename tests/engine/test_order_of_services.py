"""Order across services: a dependent moves as soon as what it depends on is Ready as git wants it now, and not before."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.status import Memory
from tests.lab import Lab

HEAD = "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: main}\n"
PART = """---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: {name}}}
spec:
  containerDefinitions: [{{name: app, image: "{name}:{version}", memory: 64}}]
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: {name}, dependsOn: [{needs}]}}
spec: {{cluster: main, taskDefinition: {name}, desiredCount: 1}}
"""


def part(name: str, version: int, *needs: str) -> str:
    return PART.format(name=name, version=version, needs=", ".join(f"Service/{need}" for need in needs))


class Course:
    """Ticks, and when each service was told to move and became Ready."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.memory = lab, Memory()
        self.moved: dict[str, float] = {}
        self.ready: dict[str, float] = {}

    def run(self, most: int = 120) -> Course:
        for _ in range(most):
            self.lab.simulator.calls.clear()
            now = self.lab.clock.monotonic()
            result = self.lab.tick(self.memory)
            self.memory = result.memory
            for call in self.lab.simulator.writes():
                name = str(call.params.get("service") or call.params.get("serviceName"))
                if call.operation in ("UpdateService", "CreateService"):
                    self.moved.setdefault(name, now)
            for resource in result.status.resources:
                if resource.key.kind == "Service" and resource.ready:
                    self.ready.setdefault(resource.key.name, now)
            if result.again is None:
                break
            self.lab.clock.sleep(result.again)
        return self


def laboratory(version: int, lab: Lab | None = None, **more: int) -> Lab:
    """db ← api ← web, and db ← worker; worker's tasks may need longer."""
    lab = lab or Lab()
    versions = {name: more.get(name, version) for name in ("db", "api", "web", "worker")}
    lab.app(
        "shop",
        HEAD + part("db", versions["db"]) + part("api", versions["api"], "db") + part("web", versions["web"], "api")
        + part("worker", versions["worker"], "db"),
    )  # fmt: skip
    return lab


def test_each_is_created_in_the_very_tick_that_sees_what_it_needs_ready():
    course = Course(laboratory(1)).run()
    assert course.moved["db"] < course.ready["db"] == course.moved["api"] == course.moved["worker"]
    assert course.ready["api"] == course.moved["web"]


def test_a_dependency_that_rolls_is_waited_for_although_its_old_version_is_healthy():
    lab = laboratory(1)
    lab.apply()
    course = Course(laboratory(2, lab)).run()
    assert course.moved["db"] < course.moved["api"] < course.moved["web"]
    assert course.moved["api"] == course.ready["db"]


def test_branches_that_do_not_need_each_other_do_not_wait_for_each_other():
    lab = laboratory(1)
    lab.apply()
    lab.simulator.script("worker:2", starts_in=400)
    course = Course(laboratory(2, lab)).run()
    assert course.ready["web"] < course.ready["worker"]


def test_what_depends_on_something_that_did_not_change_does_not_wait():
    lab = laboratory(1)
    lab.apply()
    course = Course(laboratory(1, lab, web=2, worker=2)).run()
    assert course.moved.keys() == {"web", "worker"}
    assert course.moved["web"] == course.moved["worker"]


def test_dependents_of_a_failure_are_untouched_and_everything_else_goes_on():
    lab = laboratory(1)
    lab.apply()
    lab.simulator.script("api:2", cannot_pull="not found")
    outcome = laboratory(2, lab).apply()
    assert outcome.ending is Ending.AT_REST
    images = {
        name: lab.ecs().describe_task_definition(taskDefinition=lab.service(name)["taskDefinition"])["taskDefinition"][
            "containerDefinitions"
        ][0]["image"]
        for name in ("db", "api", "web", "worker")
    }
    assert images == {"db": "db:2", "api": "api:2", "web": "web:1", "worker": "worker:2"}
    [web] = [
        change for change in outcome.last.plan.changes if change.key.name == "web" and change.key.kind == "Service"
    ]
    assert [str(key) for key in web.waits_on] == ["shop/Service/api"]


@pytest.mark.parametrize("how", ["resource", "app"])
def test_a_service_waits_for_one_of_another_app(how):
    lab = Lab()
    lab.app("platform", HEAD + part("db", 1))
    needs = "metadata: {name: web, dependsOn: [platform/Service/db]}"
    web = part("web", 1).removeprefix("---\n")
    if how == "resource":
        web = web.replace("kind: Service\nmetadata: {name: web, dependsOn: []}", f"kind: Service\n{needs}")
    else:
        web += "---\napiVersion: reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {dependsOn: [platform]}\n"
    lab.app("shop", web)
    course = Course(lab).run()
    assert course.ready["db"] == course.moved["web"]


def test_a_newer_commit_preempts_a_wait():
    lab = laboratory(1)
    lab.apply()
    lab.simulator.script("db:2", starts_in=4000)
    course = Course(laboratory(2, lab))
    course.run(most=5)
    assert course.moved.keys() == {"db"}
    laboratory(3, lab)
    began = lab.clock.monotonic()
    course.run()
    assert course.moved.keys() == {"db", "api", "web", "worker"}
    assert all(ready - began < 600 for ready in course.ready.values())
