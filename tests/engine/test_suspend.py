"""A suspended app is observed and not changed; nor is one of which it is not known what people said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.people import resume, suspend
from reconciler.model.key import Scope
from reconciler.model.record import Said
from tests.lab import actions, edit, record, said, shop

SCOPE = Scope("default", "staging")
ALICE = Said("alice", datetime(2026, 1, 5, 10, 0, tzinfo=UTC), "sale")


@pytest.fixture
def lab():
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def blocked(lab):
    return {str(change.key): change.blocked for change in lab.plan().changes}


def test_nothing_of_a_suspended_app_is_changed_and_it_is_said_who_said_so(lab):
    suspend(lab.connect().records, SCOPE, "shop", ALICE)
    edit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.AT_REST
    assert lab.writes() == []
    problem = blocked(lab)["shop/TaskDefinition/web"]
    assert problem.code == "Suspended"
    assert problem.message == "the app shop was suspended by alice at 2026-01-05 10:00 UTC: sale"
    assert "reconciler resume shop" in problem.hint


def test_a_suspended_app_that_is_in_sync_and_healthy_is_ready(lab):
    suspend(lab.connect().records, SCOPE, "shop", ALICE)
    assert lab.apply().last.status.ready


def test_resumed_it_goes_on(lab):
    records = lab.connect().records
    suspend(records, SCOPE, "shop", ALICE)
    edit(lab, "shop:1", "shop:2")
    assert resume(records, SCOPE, "shop") == ALICE
    assert lab.apply().ending is Ending.CONVERGED


def test_resuming_what_nobody_suspended_writes_nothing(lab):
    assert resume(lab.connect().records, SCOPE, "shop") is None
    assert list(lab.simulator.writes()) == []


def test_suspending_again_keeps_everything_else_that_was_said(lab):
    said(lab, retried={"Service/web": "x"})
    records = lab.connect().records
    assert suspend(records, SCOPE, "shop", ALICE) is None
    assert suspend(records, SCOPE, "shop", Said("bob", ALICE.at)) == ALICE
    assert (record(lab).suspended.by, record(lab).retried) == ("bob", {"Service/web": "x"})


def test_a_pin_and_a_suspension_hold_together(lab):
    suspend(lab.connect().records, SCOPE, "shop", ALICE)
    lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    lab.writes()
    lab.apply()
    assert lab.writes() == []


def test_another_app_goes_on_beside_a_suspended_one(lab):
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    suspend(lab.connect().records, SCOPE, "shop", ALICE)
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    assert lab.writes() == ["CreateCluster"]


# what is not known


def put(lab, value):
    lab.simulator.client("ssm", region="eu-west-1").put_parameter(
        Name="/reconciler/default/staging/shop", Value=value, Type="String", Overwrite=True
    )


def test_a_record_that_cannot_be_understood_holds_back_its_app_alone_and_says_how_to_mend_it(lab):
    put(lab, "{nonsense")
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    edit(lab, "shop:1", "shop:2")
    plan = lab.plan()
    [warning] = [item for item in plan.warnings if item.code == "record-unreadable"]
    assert warning.app == "shop"
    assert "/reconciler/default/staging/shop" in warning.hint
    assert blocked(lab)["shop/TaskDefinition/web"].code == "RecordUnreadable"
    outcome = lab.apply()
    assert lab.writes() == ["CreateCluster"]
    assert outcome.ending is Ending.AT_REST


def test_who_may_not_read_records_can_plan_and_is_warned_once(lab):
    lab.simulator.faults.deny("GetParametersByPath", service="ssm")
    edit(lab, "shop:1", "shop:2")
    plan = lab.plan()
    assert actions(plan)["shop/TaskDefinition/web"] == "create" or not plan.blocked
    assert not plan.blocked
    [warning] = [item for item in plan.warnings if item.code == "records-not-read"]
    assert "ssm:GetParametersByPath" in warning.hint


def test_who_may_not_read_records_cannot_write(lab):
    lab.simulator.faults.deny("GetParametersByPath", service="ssm")
    edit(lab, "shop:1", "shop:2")
    outcome = lab.apply()
    assert lab.writes() == []
    assert outcome.ending is Ending.AT_REST
    assert {change.blocked.code for change in outcome.last.plan.changes} == {"AccessDenied"}


def test_nothing_is_pruned_while_it_is_not_known_whether_the_app_is_suspended(lab):
    put(lab, "{nonsense")
    lab.files["apps/shop/all.yaml"] = lab.files["apps/shop/all.yaml"].rpartition("---")[0]
    outcome = lab.apply(prune=True, deletion_limit=5)
    assert lab.writes() == []
    assert any("not known whether the app shop is suspended" in it.message for it in outcome.last.plan.warnings)


def test_a_look_that_failed_is_made_again_and_until_then_nothing_is_written(lab):
    edit(lab, "shop:1", "shop:2")
    lab.simulator.faults.fail("GetParametersByPath", how="500", times=5)
    result = lab.tick()
    assert lab.writes() == []
    assert result.again is not None
    assert not result.status.stalled
    assert lab.apply().ending is Ending.CONVERGED
