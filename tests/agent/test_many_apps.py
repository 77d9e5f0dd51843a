"""Many apps under one agent: what a resync costs, and that a bad one is nobody else's burden."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from reconciler.agent import controller as module
from reconciler.engine.reconcile import reconcile
from tests.agency import Agency
from tests.lab import ENVIRONMENT, Lab, edit

APP = """
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: {name}}}
spec: {{containerDefinitions: [{{name: web, image: "{name}:1", memory: 128}}]}}
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: {name}}}
spec: {{cluster: main, taskDefinition: {name}, desiredCount: 1}}
"""


def many(number: int) -> Lab:
    """So many apps of one service each."""
    lab = Lab()
    lab.files["environments/staging.yaml"] = ENVIRONMENT + "  policy: {drift: correct}\n"
    lab.app("platform", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: main}\n")
    for place in range(number):
        lab.app(f"app{place:03}", APP.format(name=f"app{place:03}"))
    return lab


def released(agency: Agency, number: int) -> None:
    """A new image for each app."""
    for place in range(number):
        edit(agency.lab, f"app{place:03}:1", f"app{place:03}:2", f"apps/app{place:03}/all.yaml")
    agency.commit()


def others_ready(agency: Agency, number: int, bad: str) -> float:
    """Virtual seconds until all but one app are Ready at the new commit."""
    began = agency.lab.clock.monotonic()
    wanted = {f"app{place:03}" for place in range(number)} - {bad}
    while True:
        look = agency.look
        if look.status is not None and look.commit == agency.source.now.head:
            busy = {change.key.app for change in look.plan.changes}
            ready = {app.name for app in look.status.apps if app.ready} - busy
            if wanted <= ready:
                return agency.lab.clock.monotonic() - began
        assert agency.lab.clock.monotonic() - began < 7200
        agency.run(1)


def a_bug(agency: Agency, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(target, wish, memory):
        if any(key.app == bad for key in wish.desired if wish.apps is None or key.app in wish.apps):
            raise ZeroDivisionError
        return reconcile(target, wish, memory)

    monkeypatch.setattr(module, "reconcile", buggy)


def denied(agency: Agency, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    agency.lab.simulator.faults.deny("UpdateService", resource=f"*{bad}*")


def invalid(agency: Agency, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(agency.lab, "memory: 128", "memory: lots", f"apps/{bad}/all.yaml")


@pytest.mark.parametrize("how", [a_bug, denied, invalid])
@pytest.mark.parametrize("number", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_a_bad_app_costs_the_others_less_than_a_tenth_more_time(how, number, monkeypatch):
    def took(spoil: bool) -> float:
        agency = Agency(many(number))
        agency.commit()
        agency.until_ready(7200)
        agency.run(400)
        if spoil:
            how(agency, "app003", monkeypatch)
        released(agency, number)
        return others_ready(agency, number, "app003")

    without = took(spoil=False)
    assert took(spoil=True) <= 1.1 * without + 1


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_an_unchanged_world_costs_the_floor_of_reads_and_no_write(rounds):
    agency = Agency(many(25))
    agency.commit()
    agency.until_ready()
    agency.run(1000)
    agency.lab.simulator.calls.clear()
    before = agency.controller._ticks
    while agency.controller._ticks - before < rounds:
        agency.run(330)
    done = agency.controller._ticks - before
    reads = Counter(agency.lab.reads())
    assert agency.lab.simulator.writes() == []
    floor = {
        "DescribeServices": math.ceil(25 / 10),
        "GetResources": math.ceil(51 / 100),
        "GetParametersByPath": math.ceil(25 / 10),  # a record for each app that has services
        "DescribeClusters": 1,
        "DescribeScalableTargets": 1,
    }
    assert {name: count / done for name, count in reads.items()} == floor
