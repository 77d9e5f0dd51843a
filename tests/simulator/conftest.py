"""A fresh simulator for each test, and the shortest way to have a cluster, a definition and a service in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.simulator import Simulator

FARGATE: dict[str, Any] = {
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
}


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def ecs(sim: Simulator) -> Any:
    client = sim.client("ecs")
    client.create_cluster(clusterName="main")
    return client


@pytest.fixture
def define(ecs: Any) -> Callable[..., Any]:
    """Register a revision; keywords are members of the task definition, ``container`` adds to its only container."""

    def register(family: str = "web", container: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        one = {"name": "app", "image": "nginx", "memory": 128, **(container or {})}
        members.setdefault("containerDefinitions", [one])
        return ecs.register_task_definition(family=family, **members)["taskDefinition"]

    return register


@pytest.fixture
def service(ecs: Any, define: Callable[..., Any], sim: Simulator) -> Callable[..., Any]:
    """Describe ``web`` of cluster main; the first call creates it, with these members, and lets it settle."""
    made: list[str] = []

    def one(name: str = "web", **members: Any) -> dict[str, Any]:
        if name not in made:
            made.append(name)
            if "taskDefinition" not in members:
                members["taskDefinition"] = define(name)["taskDefinitionArn"]
            ecs.create_service(**{"cluster": "main", "serviceName": name, "desiredCount": 2} | members)
            sim.settle()
        return ecs.describe_services(cluster="main", services=[name])["services"][0]

    return one


@pytest.fixture
def refused() -> Callable[..., Any]:
    """``with refused(code, text)``: the call in it is answered with this error."""

    @contextmanager
    def expect(code: str, text: str = "") -> Iterator[None]:
        with pytest.raises(ClientError) as caught:
            yield
        error = caught.value.response["Error"]
        assert error["Code"] == code, error
        assert text in error["Message"], error

    return expect


@pytest.fixture
def fargate() -> dict[str, Any]:
    return FARGATE
