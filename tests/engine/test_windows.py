"""Outside its windows nothing of an app is changed; what is under way goes on, and it is known when to look again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.agent.converge import Ending, converge
from reconciler.engine.people import approve, propose
from reconciler.model.record import Pin, Said, short
from reconciler.model.status import Memory
from tests.engine.test_jobs import JOB
from tests.engine.test_jobs import shop as with_job
from tests.lab import ENVIRONMENT, SHOP, Lab, actions, edit, said, shop

BY = Said("alice", datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


def windows(lab: Lab, *said: str, more: str = "") -> None:
    """Windows of the environment; ``soon`` and ``now`` stand for times as seen from the simulated clock."""
    lines = "".join(f"    - {one}\n" for one in said)
    lab.files["environments/staging.yaml"] = ENVIRONMENT + f"  windows:\n{lines}" + more


def at(lab: Lab, minutes: float) -> str:
    """The schedule of the minute that begins after so many minutes, each day, in UTC."""
    time = lab.simulator.now() + timedelta(minutes=minutes)
    return f"{time.minute} {time.hour} * * *"


@pytest.fixture
def lab() -> Lab:
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def shut(lab: Lab) -> None:
    """It opens in an hour, for half an hour."""
    windows(lab, f'{{allow: "{at(lab, 60)}", duration: 30m}}')


def codes(lab: Lab, **asked) -> dict[str, str | None]:
    return {str(it.key): it.blocked.code if it.blocked else None for it in lab.plan(**asked).changes}


def test_outside_nothing_is_changed_and_it_says_which_window_and_when_it_opens(lab):
    shut(lab)
    edit(lab, "shop:1", "shop:2")
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == []
    opens = (lab.simulator.now() + timedelta(minutes=60)).replace(second=0)
    [message] = {it.blocked.message for it in outcome.last.plan.changes}
    assert message.endswith(f"is not open; changes may be made from {opens:%Y-%m-%d %H:%M} UTC on")
    phases = {str(it.key): it.phase for it in outcome.last.status.resources}
    assert phases["shop/Service/web"] == "Blocked"
    assert outcome.last.status.apps[0].resources[0].condition("Synced") is not None


def test_the_next_look_is_at_the_minute_when_it_opens_and_then_it_is_made(lab):
    shut(lab)
    edit(lab, "shop:1", "shop:2")
    memory = Memory()
    result = lab.tick(memory)
    assert not result.moves
    assert 59 * 60 - 1 <= result.again <= 60 * 60
    lab.simulator.advance(result.again - 2)
    again = lab.tick(result.memory)
    assert lab.writes() == []
    assert again.again <= 3
    lab.simulator.advance(again.again)
    lab.tick(again.memory)
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]


def test_who_has_nothing_to_do_is_not_woken_by_a_window(lab):
    shut(lab)
    result = lab.tick()
    assert result.again is None
    assert result.status.ready


def test_a_person_says_that_windows_do_not_matter(lab):
    shut(lab)
    edit(lab, "shop:1", "shop:2")
    target = replace(lab.target(), anytime=True)
    assert converge(target, lab.wish(), lab.clock, timeout=3600).ending is Ending.CONVERGED
    assert "UpdateService" in lab.writes()


def test_what_denies_wins_and_inside_what_allows_changes_are_made(lab):
    windows(lab, f'{{allow: "{at(lab, -5)}", duration: 1h}}')
    edit(lab, "shop:1", "shop:2")
    assert set(codes(lab).values()) == {None}
    windows(lab, f'{{allow: "{at(lab, -5)}", duration: 1h}}', f'{{deny: "{at(lab, -2)}", duration: 10m}}')
    assert set(codes(lab).values()) == {"OutsideWindow"}


def test_an_app_has_windows_of_its_own_besides_and_another_goes_on(lab):
    lab.write("apps/shop/app.yaml", f"""
        apiVersion: reconciler/v1
        kind: App
        spec: {{windows: [{{deny: "{at(lab, -5)}", duration: 1h}}]}}
        """)
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    assert lab.writes() == ["CreateCluster"]
    lab.write("apps/shop/app.yaml", "apiVersion: reconciler/v1\nkind: App\nspec: {}\n")
    lab.write("apps/shop/environments/staging.yaml", f"""
        apiVersion: reconciler/v1
        kind: Environment
        spec: {{windows: [{{deny: "{at(lab, -5)}", duration: 1h}}]}}
        """)
    assert set(codes(lab).values()) == {"OutsideWindow"}


def test_deletions_are_changes_too_and_those_of_an_app_that_is_gone(lab):
    shut(lab)
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    del lab.files["apps/shop/all.yaml"]
    deleted = [it for it in lab.plan(prune=True, deletion_limit=9).changes if it.action == "delete"]
    assert deleted
    assert {it.blocked.code for it in deleted} == {"OutsideWindow"}
    lab.apply(prune=True, deletion_limit=9)
    assert lab.writes() == []


def test_what_somebody_changed_by_hand_is_not_corrected_outside(lab):
    shut(lab)
    lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    lab.writes()
    lab.apply()
    assert lab.writes() == []


def test_a_rollout_in_flight_is_left_to_ecs_and_becomes_ready(lab):
    edit(lab, "shop:1", "shop:2")
    result = lab.tick()
    assert "UpdateService" in lab.writes()
    shut(lab)
    for _ in range(60):
        if result.status.ready:
            break
        lab.simulator.advance(30)
        result = lab.tick(result.memory)
    assert result.status.ready
    assert lab.writes() == []


def test_a_job_that_was_started_is_recorded_and_what_waits_for_it_is_held():
    text = SHOP[: SHOP.index("---")] + JOB + """
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web, dependsOn: [Job/db-migrate]}
spec: {cluster: main, taskDefinition: migrate, desiredCount: 0}
"""
    lab = with_job(text, exits=0, after=120.0)
    lab.tick()
    assert "RunTask" in lab.writes()
    shut(lab)
    lab.simulator.advance(200)
    lab.apply()
    assert lab.writes() == ["TagResource"]
    assert codes(lab) == {"shop/Service/web": "OutsideWindow"}


def test_a_job_is_not_started_outside():
    lab = with_job(SHOP[: SHOP.index("---")] + JOB, exits=0)
    shut(lab)
    lab.apply()
    assert lab.writes() == []


def test_what_failed_is_taken_back_though_the_window_has_closed_meanwhile():
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    edit(lab, "kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: web, policy: {rollback: previous, timeout: 5m}}")
    lab.apply()
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "shop:1", "shop:2")
    lab.tick()
    shut(lab)
    lab.writes()
    lab.apply()
    assert lab.writes() == ["StopServiceDeployment"]
    assert lab.service("web")["taskDefinition"].endswith("web:1")


def test_a_person_s_rollback_is_made_at_any_time_and_nothing_else_with_it(lab):
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    edit(lab, "taskDefinition: web, desiredCount: 2", "taskDefinition: web, desiredCount: 3")
    wanted = {str(key): it for key, it in lab.wish().desired.items()}["shop/Service/web"]
    first = lab.service("web")["taskDefinition"].replace("web:2", "web:1")
    said(lab, pins={"Service/web": Pin(first, short(wanted.digest), BY)})
    shut(lab)
    lab.writes()
    lab.apply()
    assert lab.writes() == ["UpdateService"]
    service = lab.service("web")
    assert (service["taskDefinition"].rpartition("/")[2], service["desiredCount"]) == ("web:1", 2)
    assert codes(lab)["shop/Service/web"] in ("OutsideWindow", "Pinned")


def test_a_replacement_that_was_begun_is_not_left_half_made(lab):
    edit(lab, "metadata: {name: web}\nspec: {cluster: main", "metadata: {name: web, policy: {replace: true}}\nspec: {schedulingStrategy: DAEMON, cluster: main")
    edit(lab, ", desiredCount: 2}", "}")
    assert actions(lab.plan())["shop/Service/web"] == "replace"
    result = lab.tick()
    assert "DeleteService" in lab.writes()
    shut(lab)
    for _ in range(100):
        lab.simulator.advance(20)
        result = lab.tick(result.memory)
        if "CreateService" in lab.writes():
            return
    raise AssertionError(codes(lab))


def test_older_revisions_are_let_go_when_a_window_opens_and_until_then_nothing_is_held(lab):
    edit(lab, "kind: TaskDefinition\nmetadata: {name: web}", "kind: TaskDefinition\nmetadata: {name: web, policy: {keepRevisions: 1}}")
    for release in ("shop:2", "shop:3"):
        edit(lab, "image: shop:" + str(int(release[-1]) - 1), "image: " + release)
        lab.apply()
    lab.writes()
    edit(lab, "image: shop:3", "image: shop:4")
    lab.tick()
    shut(lab)
    lab.writes()
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    assert lab.writes() == []
    windows(lab, f'{{allow: "{at(lab, -5)}", duration: 1h}}')
    lab.apply()
    assert "DeregisterTaskDefinition" in lab.writes()


def test_what_has_to_be_approved_and_is_outside_waits_for_both(lab):
    windows(lab, f'{{allow: "{at(lab, 60)}", duration: 30m}}', more="  approve: true\n")
    edit(lab, "shop:1", "shop:2")
    result = lab.tick()
    assert {it.blocked.code for it in result.plan.changes} == {"AwaitingApproval"}
    assert result.again is None
    approve(lab.target(), propose(lab.target(), lab.wish(), "shop"), BY)
    lab.writes()
    result = lab.tick()
    assert {it.blocked.code for it in result.plan.changes} == {"OutsideWindow"}
    assert lab.writes() == []
    lab.simulator.advance(result.again)
    lab.tick()
    assert "UpdateService" in lab.writes()
