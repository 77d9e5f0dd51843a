"""One environment under an agent: what a commit, a failure, a broken commit, an outage bring about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.agent import controller as module
from reconciler.agent.desk import Wake
from reconciler.agent.office import Office
from reconciler.engine.reconcile import reconcile
from reconciler.model.errors import AccessError, SourceError, StalePlan
from reconciler.model.record import Said
from tests.agency import Agency
from tests.lab import Lab, edit, shop

OTHER = """
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: api}
spec: {containerDefinitions: [{name: api, image: "api:1", memory: 128}]}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: api}
spec: {cluster: main, taskDefinition: api, desiredCount: 1}
"""


def two() -> Lab:
    """The shop, and another app on a cluster that is there."""
    lab = shop()
    lab.files["environments/staging.yaml"] += "  policy: {drift: correct}\n"
    lab.app("other", OTHER)
    return lab


@pytest.fixture
def agency() -> Agency:
    made = Agency(two())
    made.commit()
    made.until_ready()
    made.lab.writes()
    return made


def test_a_commit_is_brought_about_and_then_nothing_more_is_written(agency):
    edit(agency.lab, "shop:1", "shop:2")
    agency.commit()
    agency.until_ready()
    assert agency.lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]
    agency.run(3600)
    assert agency.lab.writes() == []
    assert agency.look.source.reason == "Verified"


def test_a_commit_that_touches_one_app_looks_at_that_app_alone(agency):
    edit(agency.lab, "api:1", "api:2", "apps/other/all.yaml")
    agency.lab.simulator.calls.clear()
    agency.commit()
    agency.controller.turn()
    asked = [call.params["services"] for call in agency.lab.simulator.calls if call.operation == "DescribeServices"]
    assert asked
    assert all(names == ["api"] for names in asked)


def test_a_commit_that_changes_nothing_reads_and_writes_nothing(agency):
    agency.lab.write("apps/shop/notes.json", '{"apiVersion": "reconciler/v1", "kind": "App"}')
    agency.lab.simulator.calls.clear()
    head = agency.commit()
    agency.controller.turn()
    assert agency.lab.simulator.calls == []
    assert agency.look.commit == head


def test_a_commit_with_an_invalid_app_holds_back_that_app_alone_and_heals_it_as_it_was(agency):
    edit(agency.lab, "image: shop:1", "image: shop:1\n      mistake: 1")
    edit(agency.lab, "api:1", "api:2", "apps/other/all.yaml")
    agency.commit()
    agency.run(300)
    assert agency.lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    look = agency.look
    assert look.source.reason == "InvalidManifest"
    assert "shop" in look.source.message
    assert any(problem.app == "shop" for problem in look.problems)
    by_app = {app.name: app for app in look.status.apps}
    assert by_app["other"].ready
    assert not by_app["shop"].ready
    assert {it.condition("Stalled").reason for it in by_app["shop"].resources} == {"InvalidManifest"}
    agency.lab.ecs().delete_service(cluster="main", service="worker", force=True)
    agency.run(900)
    assert "CreateService" in agency.lab.writes()  # the last good state is healed


def test_a_commit_that_cannot_be_used_leaves_all_of_the_last_good_state_in_force(agency):
    agency.lab.files["environments/staging.yaml"] += "  regionn: x\n"
    agency.commit()
    agency.run(600)
    assert agency.lab.writes() == []
    look = agency.look
    assert look.source.status == "False"
    assert look.source.reason == "RenderFailed"
    assert "environments/staging.yaml" in look.source.message
    assert look.commit != look.head
    assert not look.status.ready


@pytest.mark.parametrize("broken", ["app", "environment"])
def test_a_process_that_begins_at_a_broken_commit_goes_by_what_was_synced_last(agency, broken):
    if broken == "app":
        edit(agency.lab, "image: shop:1", "image: shop:1\n      mistake: 1")
    else:
        agency.lab.files["environments/staging.yaml"] += "  regionn: x\n"
    agency.commit()
    agency.fresh()
    agency.lab.ecs().delete_service(cluster="main", service="worker", force=True)
    agency.run(900)
    assert "CreateService" in agency.lab.writes()
    assert agency.look.source.status == "False"


def test_a_process_that_begins_at_a_broken_commit_and_knows_no_other_does_nothing():
    agency = Agency(two())
    agency.lab.files["environments/staging.yaml"] += "  regionn: x\n"
    agency.commit()
    agency.run(300)
    assert agency.lab.writes() == []
    assert agency.look.status is None
    assert agency.look.source.status == "False"


def test_an_empty_commit_is_never_nothing_desired(agency):
    for path in list(agency.lab.files):
        if path.startswith("apps/"):
            del agency.lab.files[path]
    agency.commit()
    agency.run(900)
    assert agency.lab.writes() == []
    assert agency.look.source.status == "False"


def test_it_goes_on_with_a_good_commit_after_a_broken_one(agency):
    whole = dict(agency.lab.files)
    agency.lab.files["environments/staging.yaml"] += "  regionn: x\n"
    agency.commit()
    agency.run(60)
    agency.lab.files.clear()
    agency.lab.files.update(whole)
    edit(agency.lab, "shop:1", "shop:2")
    agency.commit()
    agency.until_ready()
    assert agency.lab.writes().count("UpdateService") == 2
    assert agency.look.source.reason == "Verified"


PRUNING = """
apiVersion: reconciler/v1
kind: Environment
metadata: {name: staging}
spec: {region: eu-west-1, accountId: "123456789012", policy: {prune: true, deletionLimit: 10, drift: correct}}
"""


def test_what_is_taken_out_of_the_repository_is_pruned_only_while_the_repository_can_be_trusted(agency):
    agency.lab.files["environments/staging.yaml"] = PRUNING
    agency.commit()
    agency.run(30)
    agency.lab.writes()
    del agency.lab.files["apps/other/all.yaml"]
    agency.source.commit(trusted=False)  # a force-push
    agency.run(900)
    assert agency.lab.writes() == []
    assert agency.look.source.reason == "Rewound"
    agency.lab.write("apps/shop/more.yaml", "apiVersion: reconciler/v1\nkind: App\nmetadata: {name: shop}\n")
    agency.commit()
    agency.run(900)
    assert "DeleteService" in agency.lab.writes()


def test_an_unreachable_remote_stops_no_healing_but_all_pruning(agency):
    agency.lab.files["environments/staging.yaml"] = PRUNING
    agency.commit()
    agency.run(30)
    agency.lab.writes()
    agency.source.fail(SourceError("no answer", where="git.example.com", hint="is it up?"))
    agency.lab.ecs().delete_service(cluster="main", service="api", force=True)
    agency.run(900)
    assert "CreateService" in agency.lab.writes()
    assert agency.look.source.status == "Unknown"
    assert "no answer" in agency.look.source.message
    agency.source.fail(None)
    agency.run(10)
    assert agency.look.source.reason == "Verified"


def test_a_bug_in_one_app_is_that_app_s_condition_and_holds_up_nobody_else(agency, monkeypatch):
    def buggy(target, wish, memory):
        if any(key.app == "shop" for key in wish.desired if wish.apps is None or key.app in wish.apps):
            raise KeyError("secret-looking text of a bug")
        return reconcile(target, wish, memory)

    monkeypatch.setattr(module, "reconcile", buggy)
    edit(agency.lab, "shop:1", "shop:2")
    edit(agency.lab, "api:1", "api:2", "apps/other/all.yaml")
    agency.commit()
    agency.run(120)
    assert agency.lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    by_app = {app.name: app for app in agency.look.status.apps}
    assert by_app["other"].ready
    assert {it.condition("Ready").status for it in by_app["shop"].resources} == {"Unknown"}
    [bug] = [problem for problem in agency.look.problems if problem.code == "InternalError"]
    assert bug.app == "shop"
    assert "secret-looking" not in str(bug)
    pauses = [line["pause"] for line in agency.events("app failed")]
    assert pauses == sorted(pauses)
    assert len(pauses) < 10
    monkeypatch.undo()
    agency.controller.wake(Wake(reset=True))
    agency.until_ready()


def test_a_call_that_is_denied_holds_back_its_app_and_is_tried_again_less_and_less_often(agency):
    agency.lab.simulator.faults.deny("RegisterTaskDefinition")
    edit(agency.lab, "shop:1", "shop:2")
    agency.commit()
    agency.run(1200)
    tried = [call for call in agency.lab.simulator.calls if call.operation == "RegisterTaskDefinition"]
    assert 5 <= len(tried) <= 12
    agency.lab.simulator.faults.clear()
    agency.controller.wake(Wake(reset=True))
    assert agency.until_ready() < 300


def test_a_refused_account_is_trouble_of_its_environment_told_once_and_left_by_itself(agency):
    agency.fresh()
    agency.refuse = AccessError("the credentials are of account 1", where="environment staging", hint="set AWS_PROFILE")
    agency.run(600)
    assert agency.look.problems[0].code == "AccessError"
    assert agency.look.problems[0].hint == "set AWS_PROFILE"
    assert len([news for news in agency.board.news() if news.kind == "trouble"]) == 1
    assert len(agency.events("trouble")) < 12
    agency.refuse = None
    agency.run(310)
    assert agency.ready
    assert agency.events("recovered")


def test_a_fresh_process_without_memory_continues_and_writes_nothing_twice(agency):
    edit(agency.lab, "shop:1", "shop:2")
    agency.commit()
    agency.controller.turn()
    agency.fresh()
    agency.until_ready()
    assert sorted(agency.lab.writes()) == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]


def test_stopping_makes_no_further_call(agency):
    edit(agency.lab, "shop:1", "shop:2")
    agency.controller.stop = lambda: True
    agency.commit()
    agency.run(60)
    assert agency.lab.writes() == []


def test_an_app_that_waits_for_another_goes_on_as_soon_as_that_one_is_ready():
    lab = two()
    lab.write("apps/other/app.yaml", "apiVersion: reconciler/v1\nkind: App\nmetadata: {name: other}\nspec: {dependsOn: [shop]}\n")
    agency = Agency(lab)
    agency.commit()
    agency.until_ready()
    assert lab.writes().count("CreateService") == 3


def test_nothing_is_known_before_the_first_commit_and_that_is_said():
    agency = Agency(two())
    agency.run(10)
    assert agency.look.source.reason == "NotRead"
    assert agency.look.status is None
    assert agency.connected == 0


def test_what_somebody_changed_is_left_and_told_under_warn_until_a_person_asks_for_it(agency):
    edit(agency.lab, "{drift: correct}", "{drift: warn}", "environments/staging.yaml")
    agency.commit()
    agency.run(30)
    agency.lab.writes()
    agency.lab.ecs().update_service(cluster="main", service="worker", desiredCount=5)
    agency.run(900)
    assert agency.lab.writes() == ["UpdateService"]  # the hand's
    [worker] = [it for it in agency.look.status.resources if str(it.key) == "shop/Service/worker"]
    assert worker.condition("Synced").reason == "DriftDetected"
    assert agency.board.counts()[("reconciler_drift_detected_total", (("app", "shop"), ("environment", "staging")))] == 1
    agency.controller.ask("shop")
    agency.run(60)
    assert agency.lab.writes() == ["UpdateService"]
    assert agency.ready
    agency.lab.ecs().update_service(cluster="main", service="worker", desiredCount=5)
    agency.run(900)
    assert agency.lab.writes() == ["UpdateService"]  # what was asked for was asked for once


def test_what_somebody_changed_is_healed_under_correct_within_a_round(agency):
    agency.lab.ecs().update_service(cluster="main", service="worker", desiredCount=5)
    agency.run(331)
    assert agency.lab.writes() == ["UpdateService", "UpdateService"]
    assert agency.events("healed")
    assert agency.events("drift")


def test_an_event_about_it_heals_at_once(agency):
    agency.run(20)
    agency.lab.ecs().update_service(cluster="main", service="worker", desiredCount=5)
    agency.controller.wake(Wake(environment="staging", apps=frozenset(["shop"]), why="event", reset=True))
    agency.run(5)
    assert agency.lab.writes() == ["UpdateService", "UpdateService"]


def test_a_change_outside_of_a_window_is_made_at_the_minute_it_opens():
    lab = two()
    now = lab.simulator.now()
    opens = now.replace(second=0, microsecond=0) + timedelta(minutes=7)
    window = f'[{{allow: "{opens.minute} {opens.hour} * * *", duration: 1h}}]'
    lab.files["environments/staging.yaml"] += f"  windows: {window}\n"
    agency = Agency(lab, resync=3600)
    agency.commit()
    agency.run((opens - now).total_seconds() - 30)
    assert lab.writes() == []
    agency.run(60)
    assert "CreateService" in lab.writes()


def test_what_awaits_approval_goes_on_as_soon_as_a_person_agrees(agency):
    agency.lab.files["environments/staging.yaml"] += "  approve: true\n"
    agency.commit()
    edit(agency.lab, "shop:1", "shop:2")
    agency.commit()
    agency.run(600)
    assert agency.lab.writes() == []
    digest = agency.look.digests["shop"]
    office = Office(lambda: {"staging": agency.controller}, agency.source, agency.source.history)
    said = Said("ops", agency.lab.clock.now())
    with pytest.raises(StalePlan):
        office.approve("staging", "shop", "0" * 12, said)
    assert office.approve("staging", "shop", digest[:12], said) == digest
    agency.until_ready()
    assert agency.lab.writes().count("UpdateService") == 2
