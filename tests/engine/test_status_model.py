"""How a service is told to fare while AWS is throttled, fails and comes back: in ticks that share one memory."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.status import Memory
from tests.lab import SHOP, Lab, edit


@pytest.fixture
def lab() -> Lab:
    """The small app with one service, applied and at rest."""
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    assert lab.apply().ending is Ending.CONVERGED
    return lab


class Looks:
    """Looks at the laboratory with one memory; nothing is written."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.memory = lab, Memory()

    def web(self, after: float = 5):
        """The status of the service, so many seconds later."""
        self.lab.simulator.advance(after)
        self.result = self.lab.tick(self.memory, write=False)
        self.memory = self.result.memory
        [found] = [item for item in self.result.status.resources if str(item.key) == "shop/Service/web"]
        return found


@pytest.fixture
def looks(lab: Lab) -> Looks:
    return Looks(lab)


@pytest.mark.parametrize("how", ["500", "throttled", "closed"])
def test_looks_that_fail_keep_the_last_verdict_and_the_third_makes_it_unknown(lab, looks, how):
    assert looks.web().ready
    lab.simulator.faults.fail("DescribeServices", how=how, times=None)
    for _ in range(2):
        kept = looks.web()
        assert (kept.phase, kept.condition("Healthy").status) == ("Ready", "True")
        assert "not read since" in kept.condition("Ready").message
        assert looks.result.again is not None
    lost = looks.web()
    assert [(item.status, item.reason) for item in lost.conditions[:3]] == [("Unknown", "ObserveFailed")] * 3
    assert (lost.phase, lost.kstatus) == ("Unknown", "Unknown")
    lab.simulator.faults.clear()
    back = looks.web()
    assert (back.phase, back.misses) == ("Ready", 0)
    assert back.condition("Ready").since == back.read


@pytest.mark.parametrize(
    ("operation", "healthy"), [("DescribeClusters", "Unknown"), ("DescribeTaskDefinition", "True")]
)
def test_nothing_is_concluded_of_a_service_while_what_it_refers_to_cannot_be_read(lab, looks, operation, healthy):
    assert looks.web().ready
    lab.simulator.faults.fail(operation, how="500", times=None)
    for _ in range(2):
        kept = looks.web()
        assert (kept.phase, kept.misses > 0) == ("Ready", True)
    lost = looks.web()
    assert lost.condition("Stalled") is None
    assert [(item.type, item.status) for item in lost.conditions[:3]] == [
        ("Ready", "Unknown"),
        ("Synced", "Unknown"),
        ("Healthy", healthy),
    ]
    assert looks.result.again is not None
    assert looks.result.plan.blocked == ()
    lab.simulator.faults.clear()
    assert looks.web().phase == "Ready"


def test_what_is_not_read_for_a_while_stops_no_apply(lab):
    edit(lab, "shop:1", "shop:2")
    lab.simulator.faults.fail("DescribeClusters", how="500", on=2, times=20)
    assert lab.apply().ending is Ending.CONVERGED


def test_a_service_whose_cluster_may_not_be_looked_at_is_unknown_and_not_waited_for(lab, looks):
    lab.simulator.faults.deny("DescribeClusters")
    denied = looks.web()
    assert (denied.phase, denied.condition("Healthy").status) == ("Unknown", "Unknown")
    assert looks.result.again is None


def test_a_look_by_whoever_remembers_nothing_is_told_as_it_is(lab):
    lab.simulator.faults.fail("DescribeServices", how="500", times=None)
    assert Looks(lab).web().phase == "Unknown"
    lab.simulator.faults.clear()
    assert Looks(lab).web().phase == "Ready"


def test_a_denied_look_is_unknown_at_once_and_says_what_to_allow(lab, looks):
    assert looks.web().ready
    lab.simulator.faults.deny("DescribeServices")
    denied = looks.web()
    assert (denied.phase, denied.condition("Stalled").reason) == ("Unknown", "AccessDenied")
    assert "ecs:DescribeServices" in denied.hint


def test_a_rollout_that_cannot_be_watched_for_a_while_is_still_applied_to_its_end(lab):
    edit(lab, "shop:1", "shop:2")
    lab.simulator.faults.fail("DescribeServices", how="500", on=3, times=12)
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    assert [item.desired for item in outcome.last.status.resources[-1].deployments] == [2]


def test_no_apply_ends_well_on_a_look_that_failed(lab):
    edit(lab, "desiredCount: 2", "desiredCount: 3")
    lab.apply()
    lab.simulator.faults.fail("DescribeServices", how="500", times=None)
    outcome = lab.apply(timeout=120)
    assert outcome.ending is Ending.TIMED_OUT
    assert not outcome.last.status.ready


def test_a_service_with_its_deployments_and_their_counts(lab, looks):
    edit(lab, "shop:1", "shop:2")
    lab.tick()
    web = looks.web(1)
    assert [(item.role, item.revision, item.desired) for item in web.deployments] == [
        ("PRIMARY", "web:2", 2),
        ("ACTIVE", "web:1", 2),
    ]
    assert web.deployments[0].created is not None
    assert web.phase == "RollingOut"


def test_a_service_that_was_degraded_is_ready_with_the_second_clean_look():
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    breaker = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: false}}"
    edit(lab, "desiredCount: 2", breaker)
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "shop:1", "shop:2")
    memory, phases = Memory(), []
    for _ in range(200):
        result = lab.tick(memory)
        memory = result.memory
        phases.append(result.status.resources[-1].phase)
        if phases[-1] == "Failed" and "shop:3" not in lab.files["apps/shop/all.yaml"]:
            edit(lab, "shop:2", "shop:3")
        if "Failed" in phases and phases[-1] == "Ready":
            break
        lab.simulator.advance(5)
    assert phases[-2:] == ["Stabilizing", "Ready"]
    assert phases.count("Stabilizing") == 1
