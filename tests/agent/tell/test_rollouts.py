"""Real rollouts of the simulated ECS, tick by tick: what people are told of a day, and how its commits are marked."""

from __future__ import annotations

import pytest

from reconciler.agent.board import Look
from reconciler.agent.tell.statuses import Marked, marks
from reconciler.model.status import Memory
from tests.agent.tell.looks import Listener
from tests.lab import Lab, edit, shop

BREAKER = "deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"


class Day:
    """A laboratory whose every tick is looked at."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.listener, self.marked, self.marks = lab, Listener(), Marked(), []
        self.memory, self.number, self.still = Memory(), 0, 0
        self.commit()

    def commit(self) -> None:
        self.number += 1
        self.lab.commit = str(self.number) * 40

    def tick(self) -> list[str]:
        result = self.lab.tick(self.memory)
        self.memory = result.memory
        seen = Look("staging", self.lab.commit, self.lab.commit, status=result.status, plan=result.plan, held=True)
        self.listener.at = self.lab.clock.now()
        said = self.listener.saw(seen, minutes=0)
        self.marked, new = marks(self.marked, seen, self.listener.told, "default")
        self.marks += [(it.sha[0], it.context, it.state.name) for it in new]
        self.still = self.still + 1 if result.again is None else 0
        self.lab.clock.sleep(result.again or 60.0)
        return said

    def rest(self) -> list[str]:
        """What is told until nothing moves any more, and for a while after that."""
        self.still, said = 0, []
        while self.still < 3:
            said += self.tick()
        return said


@pytest.fixture
def day() -> Day:
    found = Day(shop())
    found.rest()
    found.marks.clear()
    return found


def test_a_first_rollout_is_told_by_what_comes_of_it():
    day = Day(shop())
    assert sorted(day.rest()) == ["deployed shop/Service/web", "deployed shop/Service/worker", "sync-succeeded shop"]
    assert day.marks[-2:] == [("1", "reconciler/staging", "SUCCESS"), ("1", "reconciler/staging/shop", "SUCCESS")]


def test_a_new_image(day):
    edit(day.lab, "shop:1", "shop:2")
    day.commit()
    said = day.rest()
    assert said[0] == "sync-running shop"
    assert said[-1] == "sync-succeeded shop"
    assert sorted(said[1:-1]) == ["deployed shop/Service/web", "deployed shop/Service/worker"]
    assert day.marks == [
        ("2", "reconciler/staging", "RUNNING"),
        ("2", "reconciler/staging/shop", "RUNNING"),
        ("2", "reconciler/staging", "SUCCESS"),
        ("2", "reconciler/staging/shop", "SUCCESS"),
    ]


def test_a_bad_image_that_ecs_takes_back_is_one_failure_and_going_back_in_git_is_no_deployment(day):
    edit(day.lab, "taskDefinition: web, desiredCount: 2}", f"taskDefinition: web, desiredCount: 2, {BREAKER}}}")
    edit(day.lab, "taskDefinition: web, desiredCount: 1}", f"taskDefinition: web, desiredCount: 1, {BREAKER}}}")
    day.commit()
    day.rest()
    day.lab.simulator.script("shop:bad", cannot_pull="not found")
    edit(day.lab, "shop:1", "shop:bad")
    day.commit()
    day.marks.clear()
    assert sorted(day.rest()) == ["sync-failed shop/Service/web", "sync-failed shop/Service/worker", "sync-running shop"]
    assert day.marks[-2:] == [("3", "reconciler/staging", "FAILURE"), ("3", "reconciler/staging/shop", "FAILURE")]
    day.commit()
    assert day.rest() == []
    edit(day.lab, "shop:bad", "shop:1")
    day.commit()
    day.marks.clear()
    assert [it for it in day.rest() if not it.startswith("sync-running")] == ["sync-succeeded shop"]
    assert ("5", "reconciler/staging", "SUCCESS") in day.marks


def test_a_crash_loop_without_a_circuit_breaker_is_one_failure_a_service(day):
    day.lab.simulator.script("shop:bad", exits=1, after=5)
    edit(day.lab, "shop:1", "shop:bad")
    day.commit()
    said = day.rest()
    assert sorted(said) == ["sync-failed shop/Service/web", "sync-failed shop/Service/worker", "sync-running shop"]


def test_a_service_that_begins_to_crash_long_after_it_was_deployed_is_ill_and_recovers(day):
    day.lab.simulator.script("shop:1", exits=1, after=5)
    assert sorted(day.rest()) == ["health-degraded shop/Service/web", "health-degraded shop/Service/worker"]
    day.lab.simulator.script("shop:1")
    day.lab.clock.sleep(3600)
    assert sorted(day.rest()) == ["health-recovered shop/Service/web", "health-recovered shop/Service/worker"]
    assert day.marks == []


def test_nothing_is_told_of_scaling_and_of_a_task_that_is_replaced(day):
    day.lab.ecs().update_service(cluster="main", service="worker", forceNewDeployment=True)
    assert day.rest() == []
    [task, *_] = day.lab.ecs().list_tasks(cluster="main", serviceName="web")["taskArns"]
    day.lab.ecs().stop_task(cluster="main", task=task)
    assert day.rest() == []


def test_an_agent_that_starts_again_in_the_middle_tells_the_end_once(day):
    edit(day.lab, "shop:1", "shop:2")
    day.commit()
    day.tick()
    day.tick()
    day.listener, day.memory = Listener(), Memory()
    said = day.rest()
    assert sorted(said) == ["deployed shop/Service/web", "deployed shop/Service/worker", "sync-succeeded shop"]
    day.listener, day.memory = Listener(), Memory()
    assert day.rest() == []
