"""Random rollouts with scripted failures: Ready is said of our deployment, completed, and of nothing else. Ever.

A failure prints its seed; the test of that seed alone plays it again.
"""

from __future__ import annotations

from random import Random

import pytest

from reconciler.model.status import Memory
from tests.lab import Lab

SERVICES = 25
ROUNDS = 4
SUITE = 20
"""Histories in the suite: with SERVICES and ROUNDS 2,000 rollouts."""

BEHAVIOURS = (
    {}, {}, {"starts_in": 90}, {"cannot_pull": "not found"}, {"cannot_pull": "timeout", "first": 2}, {"secret": "denied"},
    {"exits": 1, "after": 2}, {"exits": 1, "after": 50}, {"exits": 0, "after": 30, "first": 1}, {"out_of_memory": True, "after": 20},
    {"exits": 3, "after_healthy": 20}, {"cannot_start": "exec format error"},
)  # fmt: skip
CONFIGURATIONS = (
    "{}",
    "{deploymentCircuitBreaker: {enable: true, rollback: true}}",
    "{deploymentCircuitBreaker: {enable: true, rollback: false}}",
    "{minimumHealthyPercent: 50, maximumPercent: 150}",
)
TASK = 'apiVersion: reconciler/v1\nkind: TaskDefinition\nmetadata: {{name: {name}}}\nspec:\n  containerDefinitions: [{{name: app, image: "{image}", memory: 64}}]\n---\n'
SERVICE = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: {name}, policy: {{{policy}}}}}\nspec: {{cluster: main, taskDefinition: {name}, desiredCount: {count}, deploymentConfiguration: {configuration}}}\n---\n"


class History:
    """One seed: services that roll at the same time, each with a fate of its own."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.lab = Lab()
        self.memory = Memory()
        self.images: dict[str, str] = {}
        self.policies = {
            f"s{n}": self.random.choice(("", "rollback: previous", "rollback: previous, timeout: 3m", "minReady: 20s"))
            for n in range(SERVICES)
        }
        self.configurations = {name: self.random.choice(CONFIGURATIONS) for name in self.policies}
        self.counts = {name: self.random.randint(1, 3) for name in self.policies}

    def commit(self, number: int) -> None:
        """Every service gets a new image with a behaviour of its own; some get another count instead."""
        text = "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: main}\n---\n"
        for name in self.policies:
            if number == 0 or self.random.random() < 0.9:
                self.images[name] = f"{name}:{number}"
                behaviour = self.random.choice(BEHAVIOURS) if number else {}
                if behaviour:
                    self.lab.simulator.script(self.images[name], **behaviour)
            elif self.random.random() < 0.5:
                self.counts[name] = self.random.randint(1, 3)
            text += TASK.format(name=name, image=self.images[name])
            text += SERVICE.format(
                name=name, policy=self.policies[name], count=self.counts[name], configuration=self.configurations[name]
            )
        self.lab.app("shop", text.removesuffix("---\n"))

    def tick(self) -> None:
        if self.random.random() < 0.3:
            self.memory = Memory()
        result = self.lab.tick(self.memory)
        self.memory = result.memory
        for resource in result.status.resources:
            if resource.key.kind == "Service" and resource.ready:
                self.must_be_true(resource.key.name)

    def must_be_true(self, name: str) -> None:
        """What the simulator itself knows: the deployment that counts runs our image, and ECS calls it completed."""
        service = self.lab.simulator.region("eu-west-1").clusters["main"].services[name]
        deployment = service.primary
        [container] = deployment.definition.members["containerDefinitions"]
        assert container["image"] == self.images[name], f"{name}: Ready, but it runs {container['image']}"
        assert deployment.rollout == "COMPLETED", f"{name}: Ready, but its deployment is {deployment.rollout}"

    def meddle(self) -> None:
        """Somebody does something by hand."""
        ecs, name = self.lab.ecs(), self.random.choice(list(self.policies))
        what = self.random.random()
        if what < 0.3:
            listed = ecs.list_service_deployments(cluster="main", service=name)["serviceDeployments"]
            if listed and listed[0]["status"] == "IN_PROGRESS":
                ecs.stop_service_deployment(serviceDeploymentArn=listed[0]["serviceDeploymentArn"], stopType="ROLLBACK")
        elif what < 0.6:
            ecs.update_service(cluster="main", service=name, taskDefinition=f"{name}:1")
        else:
            tasks = ecs.list_tasks(cluster="main", serviceName=name)["taskArns"]
            if tasks:
                ecs.stop_task(cluster="main", task=self.random.choice(tasks))

    def play(self) -> None:
        self.commit(0)
        self.lab.apply(timeout=600)
        for number in range(1, ROUNDS + 1):
            self.commit(number)
            for _ in range(self.random.randint(1, 3)):
                self.tick()
                self.lab.simulator.advance(self.random.choice((1, 5, 5, 20, 60, 200)))
                if self.random.random() < 0.3:
                    self.meddle()


@pytest.mark.parametrize("seed", range(SUITE))
def test_ready_is_said_of_our_deployment_completed_and_of_nothing_else(seed):
    History(seed).play()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SUITE, 10 * SUITE))
def test_the_same_of_many_more(seed):
    History(seed).play()
