"""CreateService's client token: the same service for as long as the token is remembered."""

import pytest

from reconciler.simulator import AwsError, Settings, Simulator

WISH = {"serviceName": "web", "taskDefinition": "web", "desiredCount": 1}


@pytest.fixture
def sim():
    simulator = Simulator(Settings(service_token_lifetime=3600))
    simulator.ask("CreateCluster")
    container = {"name": "app", "image": "nginx", "memory": 128}
    simulator.ask("RegisterTaskDefinition", family="web", containerDefinitions=[container])
    return simulator


def test_the_same_wish_with_the_same_token_is_the_same_service(sim):
    first = sim.ask("CreateService", **WISH, clientToken="t")["service"]
    sim.advance(1800)
    again = sim.ask("CreateService", **WISH, clientToken="t")["service"]
    assert (again["createdAt"], len(again["deployments"])) == (first["createdAt"], 1)


@pytest.mark.parametrize(
    ("wait", "changed", "token"), [(3600, {}, "t"), (0, {"desiredCount": 2}, "t"), (0, {}, "other"), (0, {}, None)]
)
def test_otherwise_creation_is_not_idempotent(sim, wait, changed, token):
    sim.ask("CreateService", **WISH, clientToken="t")
    sim.advance(wait)
    with pytest.raises(AwsError, match="Creation of service was not idempotent"):
        sim.ask("CreateService", **WISH | changed, **({"clientToken": token} if token else {}))
