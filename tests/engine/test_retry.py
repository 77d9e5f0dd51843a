"""What failed, or was pinned, is released by a person's word, and by that once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.people import retry
from reconciler.kinds.service import Service
from reconciler.model.errors import Denied, UsageError
from reconciler.model.key import Key
from reconciler.model.observed import NEVER, Observed
from reconciler.model.record import Pin, Said, short
from tests.lab import SHOP, Lab, edit, record, said

ALICE = Said("alice", datetime(2026, 1, 5, 10, 0, tzinfo=UTC))
BREAKER = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"


@pytest.fixture
def lab():
    """The small app, whose second image could not be pulled: ECS rolled it back."""
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    edit(lab, "desiredCount: 2", BREAKER)
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.AT_REST
    lab.writes()
    return lab


def let(lab, *names, **more):
    return retry(lab.target(), lab.wish(), "shop", names, **more)


def reason(outcome):
    return next(it for it in outcome.last.status.resources if it.key.kind == "Service").condition("Stalled").reason


def test_what_failed_is_tried_once_more(lab):
    lab.simulator.script("shop:2")
    [released] = let(lab)
    assert str(released.key) == "shop/Service/web"
    assert "ROLLBACK_SUCCESSFUL" in released.what
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]


def test_a_failure_after_the_retry_is_held_again(lab):
    let(lab)
    outcome = lab.apply()
    assert (lab.writes(), reason(outcome)) == (["UpdateService"], "RolledBack")
    lab.apply()
    assert lab.writes() == []


def test_the_word_holds_whatever_else_is_committed(lab):
    let(lab)
    edit(lab, "retentionInDays: 30", "retentionInDays: 60")
    lab.simulator.script("shop:2")
    assert lab.apply().ending is Ending.CONVERGED


def test_retry_itself_changes_nothing_but_the_record(lab):
    let(lab)
    assert lab.writes() == []
    assert record(lab).retried["Service/web"].startswith("arn:aws:ecs:eu-west-1:123456789012:service-deployment/")


def test_a_pin_is_removed_and_the_failure_behind_it_released(lab):
    web = next(item for key, item in lab.wish().desired.items() if key.kind == "Service")
    revision = lab.service("web")["taskDefinition"]
    said(lab, pins={"Service/web": Pin(revision, short(web.digest), ALICE)})
    assert reason(lab.apply()) == "Pinned"
    lab.simulator.script("shop:2")
    assert [item.what[:10] for item in let(lab)] == ["its pin to", "its last d"]
    assert record(lab).pins == {}
    assert lab.apply().ending is Ending.CONVERGED


def test_a_rollback_in_the_console_is_released(lab):
    edit(lab, "shop:2", "shop:3")
    lab.apply()
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:1")
    lab.simulator.settle()
    assert reason(lab.apply()) == "Pinned"
    [released] = let(lab)
    assert "somebody moved it back to web:1" in released.what
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.service("web")["taskDefinition"].endswith("web:3")


def test_a_second_rollback_in_the_console_after_a_retry_is_pinned_again(lab):
    edit(lab, "shop:2", "shop:3")
    lab.apply()
    for _ in range(2):
        lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:1")
        lab.simulator.settle()
        assert reason(lab.apply()) == "Pinned"
        let(lab)
        assert lab.apply().ending is Ending.CONVERGED


def test_only_what_is_named_is_released(lab):
    assert let(lab, "TaskDefinition/web") == []
    assert record(lab).retried == {}


@pytest.mark.parametrize(("status", "id"), [("ROLLBACK_SUCCESSFUL", "d1"), ("ROLLBACK_IN_PROGRESS", None)])
def test_while_ecs_rolls_back_there_is_nothing_to_release(status, id):
    seen = Observed(Key("shop", "Service", "web"), NEVER, live={"failed": {"id": "d1", "status": status}})
    assert Service().released(seen) == id


def test_nothing_held_is_no_error_and_writes_nothing(lab):
    edit(lab, "shop:2", "shop:1")
    lab.apply()
    lab.simulator.calls.clear()
    assert let(lab) == []
    assert list(lab.simulator.writes()) == []


def test_words_on_what_is_no_longer_declared_are_dropped(lab):
    said(lab, retried={"Service/gone": "x"})
    let(lab)
    assert set(record(lab).retried) == {"Service/web"}


def test_what_is_not_declared_is_told_with_what_is_near(lab):
    with pytest.raises(UsageError, match="Service/wbe") as caught:
        let(lab, "Service/wbe")
    assert "Service/web" in caught.value.hint


def test_done_is_for_runs_and_said_by_name(lab):
    with pytest.raises(UsageError, match="no run"):
        let(lab, "Service/web", done=True)
    with pytest.raises(UsageError, match="by name"):
        let(lab, done=True)


def test_without_permission_to_read_the_record_nothing_is_written_over_it(lab):
    lab.simulator.faults.deny("GetParametersByPath", service="ssm")
    with pytest.raises(Denied):
        let(lab)
