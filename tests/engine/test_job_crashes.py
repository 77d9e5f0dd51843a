"""Killed between any two calls of a sync with a migration, with old reads: the migration ran once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.agent.converge import Ending, converge
from tests.engine.test_crashes import Fragile, Killed
from tests.engine.test_jobs import JOB, runs, shop
from tests.lab import SHOP, Lab, edit

SMALL = (
    SHOP[: SHOP.index("---")]
    + JOB
    + """
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web, dependsOn: [Job/db-migrate]}
spec: {cluster: main, taskDefinition: migrate, desiredCount: 0}
"""
)
"""A migration before a service that runs nothing, so that little time is spent on what is not the matter here."""
HOW = ["killed before", "killed after", "answer lost", "throttled"]


def by_marker(*values: object) -> list[object]:
    """Parameters of the longer search."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def first(lab: Lab) -> None:
    """The first apply of all."""


def newer(lab: Lab) -> None:
    """A release: image, migration and service move."""
    text = lab.files["apps/shop/all.yaml"]
    lab.files["apps/shop/all.yaml"] = text.replace("shop:1", "shop:2")


def variable(lab: Lab) -> None:
    """A variable of the migration changes while it has run already: it does not run."""
    edit(lab, "{name: LEVEL, value: info}", "{name: LEVEL, value: debug}")


SCENARIOS: dict[Callable[[Lab], None], int] = {first: 1, newer: 2, variable: 1}


def prepared(scenario: Callable[[Lab], None]) -> Lab:
    lab = shop(SMALL, exits=0, after=20.0)
    if scenario is not first:
        assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    scenario(lab)
    return lab


def started(lab: Lab) -> int:
    """How many tasks of the migration there have ever been."""
    [cluster] = lab.simulator.region("eu-west-1").clusters.values()
    return sum(task.started_by.startswith("db-migrate/") for task in cluster.tasks.values())


def made_until_rest(lab: Lab) -> int:
    target = lab.target()
    counting = Fragile(target.write, 10_000, "")
    assert converge(replace(target, write=counting), lab.wish(), lab.clock, timeout=3600).ending is Ending.CONVERGED
    return counting.sent


def crashed(lab: Lab, at: int, how: str, timeout: float = 3600) -> None:
    target = lab.target()
    with suppress(Killed):
        converge(replace(target, write=Fragile(target.write, at, how)), lab.wish(), lab.clock, timeout=timeout)


@pytest.mark.parametrize("scenario", [newer, *by_marker(first, variable)], ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("how", ["killed after", "answer lost", *by_marker("killed before", "throttled")])
def test_a_fault_at_any_call_and_the_migration_ran_once(scenario, how):
    for at in range(made_until_rest(prepared(scenario))):
        lab = prepared(scenario)
        crashed(lab, at, how)
        assert lab.apply().ending is Ending.CONVERGED, f"{how} at call {at}"
        assert started(lab) == SCENARIOS[scenario], f"{how} at call {at}"
        assert lab.plan().empty
        lab.writes()
        lab.apply()
        assert lab.writes() == [], f"{how} at call {at}"


def at_rest(lab: Lab) -> bool:
    """Whether the migration is Ready and has run once for the first release and once for the second."""
    [resource] = [it for it in lab.apply().last.status.resources if it.key.kind == "Job"]
    return resource.ready and started(lab) == 2


@pytest.mark.parametrize(
    "operation", ["*", *by_marker("GetResources", "DescribeTaskDefinition", "ListTasks", "DescribeTasks")]
)
@pytest.mark.parametrize("how", ["killed after", "answer lost"])
@pytest.mark.parametrize("versions", [1, *by_marker(3)])
def test_a_fault_at_any_call_and_old_reads_after_it(operation, how, versions):
    service = {"service": "tagging"} if operation == "GetResources" else {}
    for at in range(made_until_rest(prepared(newer))):
        lab = prepared(newer)
        lab.simulator.faults.stale(operation, versions=versions, times=40, **service)
        crashed(lab, at, how)
        lab.apply()
        lab.simulator.faults.fresh()
        assert at_rest(lab), f"{how} at call {at}, old {operation}"


@pytest.mark.parametrize("seed", [0, 1, *by_marker(*range(2, 12))])
def test_reads_that_may_be_old_for_a_while_after_each_write(seed):
    for at in range(made_until_rest(prepared(newer))):
        lab = prepared(newer)
        lab.simulator.faults.seed(seed)
        lab.simulator.faults.eventual(60.0)
        crashed(lab, at, HOW[seed % 3])
        lab.apply()
        lab.simulator.faults.fresh()
        assert at_rest(lab), f"seed {seed}, call {at}"


@pytest.mark.parametrize("seed", [0, 1, *by_marker(*range(2, 12))])
def test_no_capacity_at_first_and_reads_that_may_be_old(seed):
    lab = prepared(newer)
    instance = lab.simulator.add_instance("main", cpu=128, memory=128, region="eu-west-1")
    lab.simulator.faults.seed(seed)
    lab.simulator.faults.eventual(60.0)
    for at in range(6):
        crashed(lab, at % 3, HOW[(seed + at) % 3], timeout=60)
        lab.simulator.advance(40)
    lab.simulator.add_instance("main", region="eu-west-1")
    lab.simulator.terminate_instance(instance)
    for at in range(6):
        crashed(lab, at % 3, HOW[(seed + at) % 3], timeout=60)
        lab.simulator.advance(40)
    lab.simulator.faults.fresh()
    assert at_rest(lab)


def test_a_process_killed_again_and_again_makes_one_run_in_the_end():
    lab = prepared(newer)
    for _ in range(40):
        crashed(lab, 1, "killed before")
        lab.simulator.advance(1)
    assert lab.apply().ending is Ending.CONVERGED
    assert started(lab) == 2
    assert runs(lab) >= 1


class Overtaken:
    """A Writer before one of whose calls another process makes a whole tick."""

    def __init__(self, lab: Lab, write, at: int) -> None:
        self._lab, self._write, self._at, self.sent = lab, write, at, 0

    def send(self, call):
        self.sent += 1
        if self.sent == self._at + 1:
            self._lab.tick()
        return self._write.send(call)


@pytest.mark.parametrize("at", range(7))
@pytest.mark.parametrize("scenario", [first, newer], ids=lambda scenario: scenario.__name__)
def test_two_people_at_once_make_one_run(scenario, at):
    lab = prepared(scenario)
    target = lab.target()
    converge(replace(target, write=Overtaken(lab, target.write, at)), lab.wish(), lab.clock, timeout=600)
    lab.apply()
    assert started(lab) == SCENARIOS[scenario]


@pytest.mark.parametrize("hours", [2, 22])
@pytest.mark.parametrize("changed", [False, True], ids=["same", "other parameters"])
def test_a_task_that_ended_while_nobody_looked_is_asked_about_and_not_run_again(hours, changed):
    lab = prepared(first)
    crashed(lab, 3, "killed after")
    assert started(lab) == 1
    lab.simulator.advance(hours * 3600)
    assert started(lab) == 0, "AWS has forgotten the task"
    if changed:
        variable(lab)
    lab.writes()
    [resource] = [it for it in lab.apply().last.status.resources if it.key.kind == "Job"]
    stalled = resource.condition("Stalled")
    assert stalled is not None
    assert stalled.reason == "JobOutcomeUnknown"
    assert started(lab) == 0
    lab.writes()
    for _ in range(3):
        lab.simulator.advance(7200)
        lab.apply()
    assert lab.writes() == []


def test_an_outcome_on_a_deregistered_revision_counts_although_the_inventory_is_behind():
    lab = prepared(variable)
    [old] = lab.ecs().list_task_definitions(familyPrefix="migrate")["taskDefinitionArns"]
    lab.ecs().deregister_task_definition(taskDefinition=old)
    lab.simulator.faults.tagging(behind=86400)
    assert lab.apply().ending is Ending.CONVERGED
    assert started(lab) == 1
