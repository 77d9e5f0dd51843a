"""What a poll costs while many services roll: calls are batched over all of them."""

from __future__ import annotations

from collections import Counter
from math import ceil

from reconciler.model.status import Memory
from tests.lab import Lab

COUNT = 200
HEAD = """
apiVersion: reconciler/v1
kind: Cluster
metadata: {name: main}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: web}
spec:
  containerDefinitions: [{name: app, image: "shop:1", memory: 64}]
"""
SERVICE = """---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: s{number}}}
spec: {{cluster: main, taskDefinition: web, desiredCount: 1}}
"""


def polls(lab: Lab, most: int) -> list[Counter[str]]:
    """The reads of each tick until all is Ready."""
    found, memory = [], Memory()
    for _ in range(most):
        lab.simulator.calls.clear()
        result = lab.tick(memory)
        memory = result.memory
        found.append(Counter(lab.reads()))
        if result.status.ready:
            return found
        lab.simulator.advance(result.again or 5)
    raise AssertionError("never ready")


def test_two_hundred_services_that_roll_at_once_are_described_ten_a_call():
    lab = Lab()
    lab.app("shop", HEAD + "".join(SERVICE.format(number=number) for number in range(COUNT)))
    polls(lab, 60)
    lab.app("shop", lab.files["apps/shop/all.yaml"].replace("shop:1", "shop:2"))
    found = polls(lab, 60)
    assert len(found) > 5
    for reads in found:
        assert reads["DescribeServices"] <= ceil(COUNT / 10)
        assert reads["DescribeServiceDeployments"] <= ceil(COUNT / 20)
        assert reads["DescribeTasks"] <= ceil(3 * COUNT / 100)  # old, new and just stopped ones, in the worst of polls
        assert reads["ListTasks"] <= 20  # however many services there are


def test_at_rest_nothing_is_asked_but_whether_it_still_is():
    lab = Lab()
    lab.app("shop", HEAD + "".join(SERVICE.format(number=number) for number in range(20)))
    polls(lab, 60)
    lab.simulator.calls.clear()
    lab.tick()
    asked = Counter(lab.reads())
    assert asked["DescribeServices"] == 2
    assert not {"ListTasks", "DescribeTasks", "DescribeServiceDeployments", "DescribeTargetHealth"} & asked.keys()
