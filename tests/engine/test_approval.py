"""Where a person has to approve, nothing is done until one has, then just that, to its end, whatever is killed on the way."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.agent.converge import Ending, converge
from reconciler.engine.people import approve, propose
from reconciler.engine.restart import to_restart
from reconciler.engine.saved_plan import OnlySaved, check, load, to_json
from reconciler.model.errors import StalePlan, UsageError
from reconciler.model.record import Said
from tests.engine.test_crashes import Fragile, Killed
from tests.engine.test_jobs import JOB
from tests.engine.test_jobs import shop as with_job
from tests.lab import ENVIRONMENT, SHOP, Lab, edit, record, said

APPROVE = ENVIRONMENT + "  approve: true\n"
SMALL = SHOP[: SHOP.rindex("---")]
ALICE = Said("alice", datetime(2026, 1, 5, 9, 0, tzinfo=UTC), "looks good")
MIGRATED = SHOP[: SHOP.index("---")] + JOB + """
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web, dependsOn: [Job/db-migrate]}
spec: {cluster: main, taskDefinition: migrate, desiredCount: 0}
"""


def guarded(lab: Lab) -> Lab:
    lab.files["environments/staging.yaml"] = APPROVE
    return lab


@pytest.fixture
def lab() -> Lab:
    """The small app, applied before anybody had to approve anything."""
    lab = Lab()
    lab.app("shop", SMALL)
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return guarded(lab)


def agree(lab: Lab, digest: str | None = None, by: Said = ALICE, app: str = "shop", **asked):
    """Approve what is planned now, as the verb does."""
    target = lab.target(**asked)
    return approve(target, propose(target, lab.wish(), app), by, digest)


def codes(lab: Lab, **asked) -> dict[str, str | None]:
    return {str(it.key): it.blocked.code if it.blocked else None for it in lab.plan(**asked).changes}


def test_nothing_is_done_without_approval_and_the_hint_says_how_to_give_it(lab):
    edit(lab, "shop:1", "shop:2")
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == []
    plan = outcome.last.plan
    assert {it.blocked.code for it in plan.changes} == {"AwaitingApproval"}
    digest = plan.digests["shop"]
    assert {it.blocked.hint for it in plan.changes} == {f"reconciler approve shop {digest[:12]}"}
    phases = {str(it.key): it.phase for it in outcome.last.status.resources}
    assert phases["shop/Service/web"] == "Blocked"
    assert phases["shop/Cluster/main"] == "Ready"


def test_what_is_approved_is_made_whole_and_then_the_approval_is_spent(lab):
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    kept = record(lab)
    assert kept.approved is not None
    assert kept.spent == kept.approved.id
    assert kept.agreed is None


def test_an_approval_that_is_spent_covers_nothing_though_the_very_same_call_is_wanted_again(lab):
    edit(lab, "desiredCount: 2", "desiredCount: 3")
    agree(lab)
    lab.apply()
    lab.writes()
    lab.ecs().update_service(cluster="main", service="web", desiredCount=2)
    lab.writes()
    lab.apply()
    assert lab.writes() == []
    assert codes(lab) == {"shop/Service/web": "AwaitingApproval"}
    agree(lab, by=replace(ALICE, at=ALICE.at + timedelta(hours=1)))  # another approval, though of the same plan
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]


def test_a_first_apply_is_approved_once_though_addresses_become_known_on_the_way():
    lab = guarded(Lab())
    lab.app("shop", SHOP.replace("awslogs-group: /ecs/shop", 'awslogs-group: "ref:LogGroup/shop"'))
    agree(lab)
    assert lab.apply().ending is Ending.CONVERGED
    assert "CreateService" in lab.writes()


@pytest.mark.parametrize("how", ["killed before", "killed after", "answer lost"])
def test_killed_at_any_call_of_an_approved_rollout_the_rest_is_still_approved(how):
    for at in range(50):
        lab = guarded(Lab())
        lab.app("shop", SMALL.replace("awslogs-group: /ecs/shop", 'awslogs-group: "ref:LogGroup/shop"'))
        agree(lab)
        target = lab.target()
        fragile = Fragile(target.write, at, how)
        with suppress(Killed):
            converge(replace(target, write=fragile), lab.wish(), lab.clock, timeout=3600)
        if fragile.sent <= at:
            assert at > 4
            return
        lab.simulator.advance(400)
        assert lab.apply().ending is Ending.CONVERGED, (at, how)
        assert record(lab).agreed is None
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("how", ["killed before", "killed after"])
def test_killed_at_any_call_of_an_approved_migration_it_runs_once_and_what_comes_after_is_still_approved(how):
    for at in range(50):
        lab = guarded(with_job(MIGRATED, exits=0, after=20.0))
        agree(lab)
        target = lab.target()
        fragile = Fragile(target.write, at, how)
        with suppress(Killed):
            converge(replace(target, write=fragile), lab.wish(), lab.clock, timeout=3600)
        if fragile.sent <= at:
            assert at > 4
            return
        lab.simulator.advance(60)
        assert lab.apply().ending is Ending.CONVERGED, (at, how)
        [cluster] = lab.simulator.region("eu-west-1").clusters.values()
        assert sum(task.started_by.startswith("db-migrate/") for task in cluster.tasks.values()) == 1
    raise AssertionError("it never came to its end")


# void


def test_another_plan_voids_it_and_says_whose_it_was(lab):
    edit(lab, "shop:1", "shop:2")
    old = agree(lab)
    edit(lab, "shop:2", "shop:3")
    lab.apply()
    assert lab.writes() == []
    [message] = {it.blocked.message for it in lab.plan().changes}
    assert f"what was approved is another one, {old.terms.digest[:12]} by alice" in message


def test_a_commit_that_changes_nothing_of_the_plan_keeps_the_approval(lab):
    lab.commit = "a" * 40
    edit(lab, "shop:1", "shop:2")
    agreed = agree(lab)
    lab.commit = "b" * 40
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    assert lab.plan().digests["shop"] == agreed.terms.digest
    lab.apply()
    assert sorted(lab.writes()) == ["RegisterTaskDefinition", "UpdateService"]


def test_a_revision_that_is_there_already_is_not_taken_for_the_one_that_was_approved(lab):
    """Approved is a revision that is yet to come; a commit then wants an older one, which is there: the call is alike."""
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    lab.apply()
    edit(lab, "shop:2", "shop:3")
    agree(lab)
    edit(lab, "shop:3", "shop:1")
    lab.writes()
    lab.apply()
    assert lab.writes() == []
    assert codes(lab) == {"shop/Service/web": "AwaitingApproval"}


def test_half_way_another_commit_stops_it(lab):
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    target = lab.target()
    with suppress(Killed):
        converge(replace(target, write=Fragile(target.write, 1, "killed before")), lab.wish(), lab.clock, timeout=60)
    assert lab.writes() == ["RegisterTaskDefinition"]
    edit(lab, "shop:2", "shop:9")
    lab.apply()
    assert lab.writes() == []


def test_what_somebody_changes_by_hand_besides_has_to_be_approved_by_itself(lab):
    lab.app("shop", SHOP.replace("taskDefinition: web, desiredCount: 1", "taskDefinition: web:1, desiredCount: 1"))
    agree(lab)
    lab.apply()
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    lab.ecs().update_service(cluster="main", service="worker", desiredCount=3)
    lab.writes()
    lab.apply()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    assert codes(lab) == {"shop/Service/worker": "AwaitingApproval"}


def test_a_newer_approval_takes_the_place_of_the_older(lab):
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    edit(lab, "shop:2", "shop:3")
    agree(lab, by=replace(ALICE, by="bob"))
    assert lab.apply().ending is Ending.CONVERGED
    assert record(lab).approved.said.by == "bob"


def test_who_looks_at_an_older_commit_spends_nothing(lab):
    """The agent has not fetched yet what a person has approved: to it there is nothing to do."""
    before = dict(lab.files)
    edit(lab, "shop:1", "shop:2")
    after = dict(lab.files)
    agree(lab)
    lab.files = before
    assert lab.apply().ending is Ending.CONVERGED
    assert record(lab).agreed is not None
    lab.files = after
    assert lab.apply().ending is Ending.CONVERGED
    assert record(lab).agreed is None


def test_what_was_approved_with_a_flag_is_not_spent_by_who_plans_without(lab):
    lab.app("shop", SMALL + "---\n" + SHOP[SHOP.rindex("---") + 4 :])
    agree(lab)
    lab.apply()
    lab.app("shop", SMALL)
    lab.writes()
    agree(lab, prune=True)
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []
    assert lab.apply(prune=True).ending is Ending.CONVERGED
    assert "DeleteService" in lab.writes()


# what needs no approval, and what does


def test_deletions_have_to_be_approved_too_and_those_of_an_app_that_is_gone(lab):
    del lab.files["apps/shop/all.yaml"]
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    plan = lab.plan(prune=True, deletion_limit=9)
    deleted = [it for it in plan.changes if it.action == "delete"]
    assert deleted
    assert {it.blocked.code for it in deleted} == {"AwaitingApproval"}
    assert "reconciler approve shop" in deleted[0].blocked.hint
    assert deleted[0].blocked.hint.endswith("--prune --deletion-limit 9")
    agree(lab, prune=True, deletion_limit=9)
    lab.writes()
    lab.apply(prune=True, deletion_limit=9)
    assert "DeleteService" in lab.writes()


def test_a_job_has_to_be_approved_and_its_end_is_recorded_without(lab):
    lab = with_job(MIGRATED, exits=0, after=300.0)
    guarded(lab)
    lab.apply()
    assert lab.writes() == []
    agree(lab)
    lab.tick()
    assert "RunTask" in lab.writes()
    said(lab, approved=None)
    lab.simulator.advance(400)
    lab.apply()
    assert lab.writes() == ["TagResource"]  # how it ended; the service behind it is not approved any more
    assert codes(lab) == {"shop/Service/web": "AwaitingApproval"}


def test_what_failed_is_taken_back_without_approval(lab):
    edit(lab, "kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: web, policy: {rollback: previous}}")
    agree(lab)
    lab.apply()
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert lab.service("web")["taskDefinition"].endswith("web:1")
    lab.writes()
    lab.apply()
    assert lab.writes() == []


def test_what_is_blocked_for_another_reason_is_not_agreed_to(lab):
    edit(lab, "spec: {cluster: main, taskDefinition: web, desiredCount: 2}",
         "spec: {cluster: main, taskDefinition: web, desiredCount: 2, launchType: EC2, role: nobody}")
    plan = lab.plan()
    blocked = [it for it in plan.changes if it.blocked and it.blocked.code != "AwaitingApproval"]
    assert blocked
    assert "shop" not in plan.digests


def test_an_app_may_ask_for_approval_by_itself_and_the_others_go_on(lab):
    lab.files["environments/staging.yaml"] = ENVIRONMENT
    lab.write("apps/shop/environments/staging.yaml", """
        apiVersion: reconciler/v1
        kind: Environment
        spec: {approve: true}
        """)
    lab.app("blog", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: blog}\n")
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    assert lab.writes() == ["CreateCluster"]
    assert set(codes(lab).values()) == {"AwaitingApproval"}


def test_an_app_cannot_undo_what_its_environment_asks_for(lab):
    lab.write("apps/shop/app.yaml", "apiVersion: reconciler/v1\nkind: App\nspec: {approve: false}\n")
    edit(lab, "shop:1", "shop:2")
    assert set(codes(lab).values()) == {"AwaitingApproval"}


def test_a_restart_that_a_person_asks_for_by_name_needs_no_approval(lab):
    lab.apply(restart=to_restart(lab.wish(), ["Service/web"]))
    assert lab.writes() == ["UpdateService"]


# the word itself


def test_the_digest_is_told_by_its_beginning_and_a_wrong_one_names_the_right_one(lab):
    edit(lab, "shop:1", "shop:2")
    digest = lab.plan().digests["shop"]
    with pytest.raises(StalePlan) as wrong:
        agree(lab, "0" * 12)
    assert digest[:12] in str(wrong.value)
    assert record(lab).approved is None
    for bad in (digest[:7], "", "nonsense", digest[:8].upper() + "Z", digest + "0"):
        with pytest.raises((UsageError, StalePlan)):
            agree(lab, bad)
    assert agree(lab, digest[:8]).terms.digest == digest


def test_said_again_the_first_word_stands(lab):
    edit(lab, "shop:1", "shop:2")
    first = agree(lab)
    assert agree(lab, by=replace(ALICE, by="bob")) == first
    assert agree(lab, first.terms.digest[:9], by=replace(ALICE, by="bob")) == first
    assert record(lab).approved.said.by == "alice"


def test_half_made_the_digest_that_was_approved_is_still_agreed_to(lab):
    edit(lab, "shop:1", "shop:2")
    first = agree(lab)
    target = lab.target()
    with suppress(Killed):
        converge(replace(target, write=Fragile(target.write, 1, "killed before")), lab.wish(), lab.clock, timeout=60)
    assert lab.plan().digests["shop"] != first.terms.digest
    assert agree(lab, first.terms.digest) == first


def test_there_is_nothing_to_approve_where_nothing_is_to_be_done_or_nobody_is_asked(lab):
    assert agree(lab) is None
    assert agree(lab, "0" * 12) is None
    lab.files["environments/staging.yaml"] = ENVIRONMENT
    edit(lab, "shop:1", "shop:2")
    assert agree(lab) is None
    assert record(lab).approved is None


def test_everything_else_that_was_said_stays(lab):
    said(lab, retried={"Service/web": "x"})
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    assert record(lab).retried == {"Service/web": "x"}


def test_status_says_who_approved_what_is_done_and_was_done_and_not_of_what_waits(lab):
    edit(lab, "shop:1", "shop:2")
    assert lab.tick(write=False).status.apps[0].approved is None
    agreed = agree(lab)
    assert lab.tick(write=False).status.apps[0].approved.message == str(agreed)
    lab.apply()
    assert lab.tick(write=False).status.apps[0].approved.message == str(agreed)
    edit(lab, "shop:2", "shop:3")
    assert lab.tick(write=False).status.apps[0].approved is None


def test_while_nobody_knows_what_was_said_nothing_is_done(lab):
    edit(lab, "shop:1", "shop:2")
    agree(lab)
    lab.simulator.faults.deny("GetParametersByPath", service="ssm")
    lab.apply()
    assert lab.writes() == []


def test_a_plan_saved_before_it_was_approved_is_that_plan_afterwards(lab):
    edit(lab, "shop:1", "shop:2")
    saved = load(json.dumps(to_json(lab.plan(), {})), "plan.json")
    agree(lab)
    check(saved, lab.plan())
    target = lab.target()
    only = replace(target, write=OnlySaved(target.write, saved.calls))
    assert converge(only, lab.wish(), lab.clock, timeout=3600).ending is Ending.CONVERGED


def test_no_value_of_the_plan_stands_in_the_record(lab):
    edit(lab, '{name: PORT, value: "3000"}', '{name: PORT, value: "hunter2hunter2"}')
    agree(lab)
    texts = lab.simulator.client("ssm", region="eu-west-1").get_parameters_by_path(Path="/reconciler", Recursive=True)
    assert "hunter2" not in str(texts)
    assert "AwaitingApproval" not in codes(lab).values()
