"""What somebody changes in AWS is told apart from what a commit changes, and becomes what a policy says."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from reconciler.agent.converge import Ending, converge
from reconciler.core.drift import drifted
from reconciler.engine.people import retry
from reconciler.engine.reconcile import reconcile
from reconciler.model.key import Key, Scope
from reconciler.model.record import Pin, Said, short
from reconciler.model.status import Memory
from reconciler.report import schema
from reconciler.report.plan_json import plan_json
from reconciler.report.plan_text import plan_text
from tests.engine.test_pin_images import PIN, push
from tests.engine.test_pin_images import SHOP as PINNED
from tests.lab import ENVIRONMENT, SHOP, Lab, edit, record, said

ONE = SHOP[: SHOP.rindex("---")].replace("desiredCount: 2", "desiredCount: 2, deploymentConfiguration: {maximumPercent: 150}")
WEB, LOGS, PAPER = (Key("shop", *it) for it in (("Service", "web"), ("LogGroup", "shop"), ("TaskDefinition", "web")))


@pytest.fixture
def lab():
    """One service and its log group, at a commit, synced, at rest."""
    return made()


def made(text: str = ONE) -> Lab:
    lab = Lab()
    lab.app("shop", text)
    lab.commit_all()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def policy(lab: Lab, word: str) -> None:
    lab.write("environments/staging.yaml", ENVIRONMENT + f'  policy: {{drift: "{word}"}}\n')


def commit(lab: Lab, old: str, new: str) -> None:
    edit(lab, old, new)
    lab.commit_all()


def count(lab: Lab, number: int, **more: object) -> None:
    """Somebody changes the service by hand."""
    lab.ecs().update_service(cluster="main", service="web", desiredCount=number, **more)
    lab.simulator.settle()
    lab.writes()


def percent(most: int) -> dict[str, int]:
    """A deploymentConfiguration as the API takes it."""
    return {"maximumPercent": most, "minimumHealthyPercent": 100}


def retention(lab: Lab, days: int) -> None:
    lab.simulator.client("logs", region="eu-west-1").put_retention_policy(
        logGroupName="/ecs/shop", retentionInDays=days
    )
    lab.writes()


def kept(lab: Lab) -> int | None:
    [group] = lab.simulator.client("logs", region="eu-west-1").describe_log_groups()["logGroups"]
    return group.get("retentionInDays")


def causes(plan) -> dict[str, str | None]:
    return {f"{change.key.kind}.{field.text}": field.cause for change in plan.changes for field in change.fields}


def change_of(plan, key: Key = WEB):
    return next((it for it in plan.changes if it.key == key), None)


def shown(result, key: Key = WEB):
    return next(it for it in result.status.resources if it.key == key)


def synced(result, key: Key = WEB):
    found = shown(result, key).condition("Synced")
    return found.status, found.reason, found.message


def agent(lab: Lab, memory: Memory | None = None, **more: object):
    """One tick that nobody asked for."""
    return lab.tick(memory, unattended=True, **more)


# who changed what


def test_a_change_in_git_alone_is_of_git(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    plan = lab.plan()
    assert causes(plan) == {"Service.desiredCount": "git"}
    assert change_of(plan).cause == "git"


def test_a_change_in_aws_alone_is_drift(lab):
    count(lab, 5)
    plan = lab.plan()
    assert causes(plan) == {"Service.desiredCount": "drift"}
    assert change_of(plan).cause == "drift"


def test_a_change_of_one_field_in_both_is_of_both(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    count(lab, 5)
    plan = lab.plan()
    assert causes(plan) == {"Service.desiredCount": "both"}
    assert change_of(plan).cause == "both"


def test_different_fields_have_causes_of_their_own(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    lab.ecs().update_service(cluster="main", service="web", deploymentConfiguration=percent(175))
    plan = lab.plan()
    assert causes(plan) == {"Service.desiredCount": "git", "Service.deploymentConfiguration.maximumPercent": "drift"}
    assert change_of(plan).cause == "both"


def test_what_somebody_changed_to_what_git_says_now_is_no_change(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    count(lab, 3)
    assert lab.plan().empty


def test_of_a_resource_that_no_digest_is_recorded_of_the_cause_is_known_too(lab):
    retention(lab, 7)
    assert causes(lab.plan()) == {"LogGroup.retentionInDays": "drift"}
    commit(lab, "desiredCount: 2", "desiredCount: 3")  # the app wants something else now, of something else
    assert causes(lab.plan()) == {"Service.desiredCount": "git", "LogGroup.retentionInDays": "drift"}
    commit(lab, "retentionInDays: 30", "retentionInDays: 60")
    assert causes(lab.plan())["LogGroup.retentionInDays"] == "both"


def test_a_new_revision_is_of_git_for_the_definition_and_for_what_runs_it(lab):
    commit(lab, "shop:1", "shop:2")
    assert causes(lab.plan()) == {
        "TaskDefinition.containerDefinitions.web.image": "git", "Service.taskDefinition": "git"
    }  # fmt: skip


def test_a_revision_that_somebody_deployed_is_drift_and_with_a_commit_besides_it_is_both(lab):
    container = {"name": "web", "image": "hand:made", "memory": 128}
    lab.ecs().register_task_definition(family="web", containerDefinitions=[container])
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:2")
    lab.simulator.settle()
    assert causes(lab.plan()) == {"Service.taskDefinition": "drift"}
    commit(lab, "shop:1", "shop:2")
    assert causes(lab.plan())["Service.taskDefinition"] == "both"


def test_a_service_that_somebody_deleted_is_drift_and_a_new_one_is_of_git(lab):
    lab.ecs().delete_service(cluster="main", service="web", force=True)
    lab.simulator.settle()
    commit(lab, "retentionInDays: 30", "retentionInDays: 30, tags: {team: a}")
    lab.app("shop", lab.files["apps/shop/all.yaml"] + SHOP[SHOP.rindex("---") :])
    lab.commit_all()
    plan = lab.plan()
    assert change_of(plan).cause == "drift"
    assert change_of(plan, Key("shop", "Service", "worker")).cause == "git"


def test_a_renamed_service_is_of_git(lab):
    commit(lab, "spec: {cluster: main, task", "spec: {serviceName: other, cluster: main, task")
    assert change_of(lab.plan(replace=True)).cause == "git"


def test_a_deregistered_revision_is_drift_for_the_definition_and_for_what_runs_it(lab):
    lab.ecs().deregister_task_definition(taskDefinition="web:1")
    plan = lab.plan()
    assert {change.key: change.cause for change in plan.changes} == {PAPER: "drift", WEB: "drift"}


def test_tags_have_causes_key_by_key():
    lab = made(ONE.replace("retentionInDays: 30", "retentionInDays: 30, tags: {team: a, tier: web, gone: x}"))
    logs = lab.simulator.client("logs", region="eu-west-1")
    [group] = logs.describe_log_groups()["logGroups"]
    arn = group["arn"].removesuffix(":*")
    logs.tag_resource(resourceArn=arn, tags={"team": "b", "hand": "y"})
    logs.untag_resource(resourceArn=arn, tagKeys=["tier"])
    commit(lab, "gone: x", "new: z")
    assert causes(lab.plan()) == {
        "LogGroup.tags.team": "drift", "LogGroup.tags.tier": "drift", "LogGroup.tags.hand": "drift",
        "LogGroup.tags.gone": "git", "LogGroup.tags.new": "git",
    }  # fmt: skip


# where it is not known


def test_without_a_record_nothing_is_known_and_all_counts_as_of_git(lab):
    lab.simulator.client("ssm", region="eu-west-1").delete_parameter(Name="/reconciler/default/staging/shop/synced")
    count(lab, 5)
    assert causes(lab.plan()) == {"Service.desiredCount": None}
    agent(lab)
    assert lab.writes() == ["UpdateService"]


def test_in_a_rewritten_history_a_commit_that_is_gone_is_no_error_and_counts_as_of_git(lab):
    first = lab.commit
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    del lab.commits[first]
    retention(lab, 7)
    assert causes(lab.plan()) == {"Service.desiredCount": None, "LogGroup.retentionInDays": None}
    count(lab, 5)
    agent(lab)
    assert sorted(lab.writes()) == ["PutRetentionPolicy", "UpdateService"]


def test_while_the_app_wants_what_it_wanted_the_commit_is_not_needed(lab):
    del lab.commits[lab.commit]
    lab.commit = "f" * 40
    retention(lab, 7)
    assert causes(lab.plan()) == {"LogGroup.retentionInDays": "drift"}


def test_a_commit_that_does_not_render_any_more_is_not_known(lab):
    lab.commits[lab.commit]["apps/shop/all.yaml"] = "{"
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    assert causes(lab.plan()) == {"Service.desiredCount": None}


def test_a_directory_without_git_knows_drift_as_long_as_the_app_wants_the_same():
    lab = Lab()
    lab.app("shop", ONE)
    lab.apply()
    retention(lab, 7)
    assert causes(lab.plan()) == {"LogGroup.retentionInDays": "drift"}
    edit(lab, "retentionInDays: 30", "retentionInDays: 60")
    assert causes(lab.plan()) == {"LogGroup.retentionInDays": None}


# what is desired, and is not in git


def days(lab: Lab, value: str) -> None:
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(Name="/days", Value=value, Type="String", Overwrite=True)
    lab.writes()


@pytest.fixture
def looking() -> Lab:
    """The app with the days of its retention looked up."""
    lab = Lab()
    days(lab, "30")
    lab.app("shop", ONE.replace("retentionInDays: 30", 'retentionInDays: "${{ ssm./days }}"'))
    lab.commit_all()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def test_another_value_of_another_tool_is_taken_up_and_is_no_drift(looking):
    days(looking, "60")
    assert causes(looking.plan()) == {"LogGroup.retentionInDays": "git"}
    agent(looking)
    assert kept(looking) == 60
    assert agent(looking).plan.empty


def test_a_looked_up_value_that_somebody_changed_by_hand_is_drift(looking):
    retention(looking, 7)
    assert causes(agent(looking).plan) == {"LogGroup.retentionInDays": "drift"}
    assert kept(looking) == 7


def test_a_tag_that_moved_is_of_git_and_a_revision_deployed_by_hand_beside_it_is_drift():
    lab = Lab()
    lab.write("environments/staging.yaml", PIN)
    lab.app("shop", PINNED)
    push(lab, "v1", "a")
    lab.commit_all()
    assert lab.apply().ending is Ending.CONVERGED
    push(lab, "v1", "b")
    assert {change.key: change.cause for change in lab.plan().changes} == {PAPER: "git", WEB: "git"}
    lab.writes()
    agent(lab)
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    lab.simulator.settle()
    agent(lab)
    lab.simulator.advance(60)
    agent(lab)
    lab.ecs().register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "hand:made", "memory": 128}]
    )
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:3")
    lab.simulator.settle()
    assert causes(lab.plan()) == {"Service.taskDefinition": "drift"}


# the record


def test_the_record_is_written_once_an_app_and_change_and_never_for_another_commit(lab):
    first = record(lab)
    assert first.commit == lab.commit
    commit(lab, "retentionInDays: 30", "retentionInDays: 60")
    lab.simulator.calls.clear()
    assert lab.apply().ending is Ending.CONVERGED
    written = [call for call in lab.simulator.writes() if call.operation == "PutParameter"]
    assert len(written) == 1
    assert (record(lab).commit, record(lab).whole == first.whole) == (lab.commit, False)
    before = record(lab)
    lab.write("apps/other/all.yaml", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: other}\n")
    lab.apply()
    lab.write("apps/other/all.yaml", lab.files["apps/other/all.yaml"] + "# words\n")
    lab.commit_all()
    lab.simulator.calls.clear()
    for _ in range(3):
        assert lab.apply().ending is Ending.CONVERGED
        agent(lab)
    assert list(lab.simulator.writes()) == []
    assert record(lab) == before


def test_a_change_on_its_way_that_is_taken_back_is_no_drift(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    agent(lab)  # it is sent, and its task has not started
    commit(lab, "desiredCount: 3", "desiredCount: 2")
    assert causes(lab.plan()) != {"Service.desiredCount": "drift"}
    lab.writes()
    agent(lab)
    assert lab.writes() == ["UpdateService"]
    lab.simulator.settle()
    agent(lab)
    count(lab, 5)
    assert causes(lab.plan()) == {"Service.desiredCount": "drift"}


def test_what_was_changed_with_a_rollout_under_way_and_is_taken_back_is_no_drift(lab):
    edit(lab, "retentionInDays: 30", "retentionInDays: 60")
    commit(lab, "shop:1", "shop:2")
    agent(lab)
    assert kept(lab) == 60
    edit(lab, "retentionInDays: 60", "retentionInDays: 30")
    commit(lab, "shop:2", "shop:1")
    agent(lab)
    assert kept(lab) == 30


def test_a_process_killed_between_the_write_and_the_record_takes_nothing_for_drift(lab):
    commit(lab, "retentionInDays: 30", "retentionInDays: 60")
    target = replace(lab.target(unattended=True), records=None)
    reconcile(target, lab.wish(), Memory())  # no record of it is written
    assert kept(lab) == 60
    lab.writes()
    result = agent(lab)
    assert (result.plan.empty, lab.writes()) == (True, [])
    assert record(lab).commit == lab.commit
    retention(lab, 7)
    assert causes(lab.plan()) == {"LogGroup.retentionInDays": "drift"}


def test_what_is_left_under_warn_keeps_the_commits_after_it_from_nothing(lab):
    count(lab, 5)
    agent(lab)
    commit(lab, "retentionInDays: 30", "retentionInDays: 60")
    agent(lab)
    assert (kept(lab), record(lab).commit, record(lab).behind) == (60, lab.commit, {})
    retention(lab, 7)
    assert causes(agent(lab).plan) == {"Service.desiredCount": "drift", "LogGroup.retentionInDays": "drift"}


def test_behind_a_failed_rollout_drift_of_the_rest_is_still_known():
    breaker = "{maximumPercent: 150, deploymentCircuitBreaker: {enable: true, rollback: true}}"
    lab = made(ONE.replace("{maximumPercent: 150}", breaker))
    before = lab.commit
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "retentionInDays: 30", "retentionInDays: 60")
    commit(lab, "shop:1", "shop:2")
    converge(lab.target(unattended=True), lab.wish(), lab.clock, timeout=3600)
    assert record(lab).commit == lab.commit != before
    assert set(record(lab).behind) == {"Service/web"}
    retention(lab, 7)
    assert causes(agent(lab).plan)["LogGroup.retentionInDays"] == "drift"
    assert kept(lab) == 7


# policy


def level(lab: Lab, where: str, word: str) -> None:
    if where == "environment":
        policy(lab, word)
    elif where == "app":
        document = f'apiVersion: reconciler/v1\nkind: App\nspec: {{policy: {{drift: "{word}"}}}}\n'
        lab.write("apps/shop/app.yaml", document)
    else:
        new = f'kind: Service\nmetadata: {{name: web, policy: {{drift: "{word}"}}}}'
        edit(lab, "kind: Service\nmetadata: {name: web}", new)
    lab.commit_all()


@pytest.mark.parametrize("where", ["environment", "app", "resource"])
@pytest.mark.parametrize(
    ("word", "writes", "told"),
    [
        ("correct", ["UpdateService"], ("True", "Synced")),
        ("warn", [], ("False", "DriftDetected")),
        ("off", [], ("True", "DriftIgnored")),
    ],
)
def test_unattended_a_policy_at_each_level_says_what_becomes_of_drift(lab, where, word, writes, told):
    level(lab, where, word)
    count(lab, 5)
    result = agent(lab)
    assert lab.writes() == writes
    assert synced(result)[:2] == told
    assert agent(lab).plan.empty is (word != "warn")
    assert lab.writes() == []


def test_warn_is_the_default_and_says_how_to_correct(lab):
    count(lab, 5)
    result = agent(lab, who=lambda key: "alice at 10:03 UTC")
    change = change_of(result.plan)
    assert (change.blocked.code, change.calls) == ("DriftDetected", ())
    expected = "desiredCount changed in AWS since it was in force, by alice at 10:03 UTC: policy.drift says warn"
    assert change.blocked.message == expected
    assert "reconciler sync shop" in change.blocked.hint
    assert synced(result) == ("False", "DriftDetected", expected)
    assert (shown(result).phase, result.again) == ("Blocked", None)
    assert drifted(result.plan) == {WEB: ("desiredCount",)}


def test_a_person_s_apply_corrects_what_the_agent_only_tells(lab):
    count(lab, 5)
    agent(lab)
    result = lab.tick()
    assert lab.writes() == ["UpdateService"]
    assert (lab.service("web")["desiredCount"], result.healed) == (2, {WEB: ("desiredCount",)})


def test_off_holds_for_a_person_too_and_what_git_changes_is_made_around_it(lab):
    level(lab, "environment", "off")
    count(lab, 5)
    assert lab.plan().empty
    commit(lab, "maximumPercent: 150", "maximumPercent: 125")
    assert lab.apply().ending is Ending.CONVERGED
    service = lab.service("web")
    assert (service["desiredCount"], service["deploymentConfiguration"]["maximumPercent"]) == (5, 125)
    assert synced(lab.tick())[1:] == ("DriftIgnored", "left as somebody changed it in AWS: desiredCount")
    assert lab.writes() == ["UpdateService"]


def test_under_warn_what_git_changes_is_made_without_touching_what_somebody_changed(lab):
    lab.ecs().update_service(
        cluster="main", service="web", desiredCount=5,
        deploymentConfiguration=percent(175),
    )  # fmt: skip
    lab.simulator.settle()
    lab.writes()
    commit(lab, "{maximumPercent: 150}", "{maximumPercent: 150, minimumHealthyPercent: 50}")
    change = change_of(lab.tick(unattended=True, write=False).plan)
    assert [field.text for field in change.fields] == ["deploymentConfiguration.minimumHealthyPercent"]
    assert [field.text for field in change.left] == ["deploymentConfiguration.maximumPercent", "desiredCount"]
    seen = lab.tick(unattended=True, write=False)
    assert synced(seen)[1] == "DriftDetected"
    result = agent(lab)
    service = lab.service("web")
    now = service["deploymentConfiguration"]
    assert (service["desiredCount"], now["maximumPercent"], now["minimumHealthyPercent"]) == (5, 175, 50)
    assert lab.writes() == ["UpdateService"]
    assert synced(result)[1] == "DriftDetected"
    assert drifted(result.plan) == {WEB: ("deploymentConfiguration.maximumPercent", "desiredCount")}


def test_under_warn_what_both_changed_becomes_what_git_says(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    count(lab, 5)
    agent(lab)
    assert lab.service("web")["desiredCount"] == 3


def test_under_warn_what_somebody_changed_of_a_cluster_holds_up_no_service():
    lab = made(ONE.replace("{name: main}", "{name: main}\nspec: {settings: [{name: containerInsights, value: enabled}]}"))
    lab.ecs().update_cluster_settings(cluster="main", settings=[{"name": "containerInsights", "value": "disabled"}])
    commit(lab, "shop:1", "shop:2")
    lab.writes()
    result = agent(lab)
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    assert drifted(result.plan) == {Key("shop", "Cluster", "main"): ("settings.containerInsights",)}


@pytest.mark.parametrize(("word", "there"), [("warn", False), ("off", False), ("correct", True)])
def test_a_deleted_service_comes_back_only_where_drift_is_corrected(lab, word, there):
    level(lab, "environment", word)
    lab.ecs().delete_service(cluster="main", service="web", force=True)
    lab.simulator.settle()
    lab.writes()
    result = agent(lab)
    assert lab.writes() == (["CreateService"] if there else [])
    if word == "warn":
        assert "it was deleted in AWS" in synced(result)[2]
    if word == "off":
        assert synced(result)[:2] == ("True", "DriftIgnored")
        assert shown(result).condition("Healthy").status == "False"


@pytest.mark.parametrize(("word", "calls"), [
    ("warn", []), ("off", []), ("correct", ["RegisterTaskDefinition", "UpdateService"])
])  # fmt: skip
def test_a_deregistered_revision_is_made_again_only_where_drift_is_corrected(lab, word, calls):
    level(lab, "environment", word)
    commit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    lab.ecs().deregister_task_definition(taskDefinition="web:2")
    lab.writes()
    agent(lab)
    assert lab.writes() == calls
    if word != "correct":  # a count is changed all the same, and nothing goes back to an older revision
        commit(lab, "desiredCount: 2", "desiredCount: 3")
        agent(lab)
        assert lab.writes() == ["UpdateService"]
        assert lab.service("web")["taskDefinition"].endswith("web:2")
        assert lab.service("web")["desiredCount"] == 3


def test_under_warn_a_rollback_in_the_console_is_still_told_as_a_pin(lab):
    commit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:1")
    lab.simulator.settle()
    assert shown(agent(lab)).condition("Stalled").reason == "Pinned"


def test_somebody_s_deployment_under_way_is_never_fought(lab):
    level(lab, "environment", "correct")
    container = {"name": "web", "image": "hand:made", "memory": 128}
    lab.ecs().register_task_definition(family="web", containerDefinitions=[container])
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:2")
    lab.writes()
    assert "under way" in change_of(agent(lab).plan).waiting
    assert lab.writes() == []


def test_what_an_autoscaler_drives_and_what_is_ignored_is_no_drift(lab):
    level(lab, "environment", "correct")
    edit(lab, "kind: Service\nmetadata: {name: web}",
         "kind: Service\nmetadata: {name: web, policy: {ignore: [deploymentConfiguration.maximumPercent]}}")  # fmt: skip
    lab.commit_all()
    lab.simulator.client("application-autoscaling", region="eu-west-1").register_scalable_target(
        ServiceNamespace="ecs", ResourceId="service/main/web", ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1, MaxCapacity=9,
    )  # fmt: skip
    count(lab, 5, deploymentConfiguration=percent(175))
    result = agent(lab)
    assert (lab.writes(), synced(result)[1]) == ([], "Synced")


def test_a_suspended_app_is_told_as_suspended(lab):
    lab.write("apps/shop/app.yaml", "apiVersion: reconciler/v1\nkind: App\nspec: {suspend: true}\n")
    count(lab, 5)
    assert shown(agent(lab)).condition("Stalled").reason == "Suspended"
    assert synced(agent(lab))[1] == "DriftDetected"


# what git says no more


def removed(old: str, new: str, text: str = ONE) -> Lab:
    lab = made(text)
    commit(lab, old, new)
    return lab


def test_a_member_with_a_default_goes_back_to_it():
    lab = removed(", deploymentConfiguration: {maximumPercent: 150}", "")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.service("web")["deploymentConfiguration"]["maximumPercent"] == 200


def test_a_retention_that_git_says_no_more_is_taken_away():
    lab = removed(", retentionInDays: 30", "")
    plan = lab.plan()
    assert causes(plan) == {"LogGroup.retentionInDays": "git"}
    assert lab.apply().ending is Ending.CONVERGED
    assert (lab.writes(), kept(lab)) == (["DeleteRetentionPolicy"], None)
    assert lab.plan().empty
    retention(lab, 7)  # and from now on it is not ours
    assert lab.plan().empty


def test_a_count_that_git_says_no_more_is_not_ours_any_more_and_never_reset():
    lab = removed(", desiredCount: 2, deployment", ", deployment")
    count(lab, 5)
    assert lab.plan().empty
    assert lab.plan().warnings == ()
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_tags_that_git_says_no_more_are_removed_and_those_of_others_stay():
    lab = removed(", tags: [{key: team, value: a}, {key: own, value: b}]}", "}",
                  ONE.replace("deploymentConfiguration: {maximumPercent: 150}", "tags: [{key: team, value: a}, {key: own, value: b}]"))  # fmt: skip
    arn = lab.service("web")["serviceArn"]
    lab.ecs().tag_resource(resourceArn=arn, tags=[{"key": "own", "value": "c"}, {"key": "hand", "value": "d"}])
    lab.writes()
    assert causes(lab.plan()) == {"Service.tags.team": "git"}
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UntagResource"]
    people = {it["key"]: it["value"] for it in lab.service("web")["tags"] if not it["key"].startswith("reconciler:")}
    assert people == {"own": "c", "hand": "d"}
    assert lab.plan().empty


def test_what_the_api_cannot_take_away_is_said_and_not_passed_over():
    lab = removed(", availabilityZoneRebalancing: ENABLED", "",
                  ONE.replace("desiredCount: 2", "desiredCount: 2, availabilityZoneRebalancing: ENABLED"))  # fmt: skip
    [warning] = [it for it in lab.plan().warnings if it.code == "not-removed"]
    assert (warning.key, warning.message.split(",")[0]) == (
        WEB, "availabilityZoneRebalancing is in the manifest no more"
    )  # fmt: skip
    assert lab.apply().ending is Ending.CONVERGED
    assert (lab.writes(), lab.plan().warnings) == ([], ())


def test_without_a_base_what_is_not_said_is_not_ours(lab):
    lab.simulator.client("ssm", region="eu-west-1").delete_parameter(Name="/reconciler/default/staging/shop/synced")
    commit(lab, ", retentionInDays: 30", "")
    assert lab.plan().empty


# a writer that does not give up


def undoing(lab: Lab):
    """An agent that corrects, and how it is ticked: what it remembers goes with it."""
    level(lab, "environment", "correct")
    state = {"memory": Memory()}

    def tick(**more: object):
        result = agent(lab, state["memory"], **more)
        state["memory"] = result.memory
        return result

    tick()
    lab.writes()
    return tick


def test_who_undoes_two_corrections_of_the_same_paths_is_not_corrected_a_third_time(lab):
    tick = undoing(lab)
    for _ in range(2):
        count(lab, 5)
        lab.simulator.advance(400)
        assert tick().healed == {WEB: ("desiredCount",)}
        assert lab.writes() == ["UpdateService"]
    count(lab, 5)
    for _ in range(5):
        lab.simulator.advance(400)
        result = tick(who=lambda key: "bob")
    assert lab.writes() == []
    blocked = change_of(result.plan).blocked
    assert blocked.code == "DriftUnresolvable"
    assert blocked.message == "desiredCount was corrected 2 times and changed again each time by bob: it is not corrected any more"  # fmt: skip
    assert synced(result)[1] == "DriftDetected"
    assert shown(result).condition("Stalled").reason == "DriftUnresolvable"


def test_another_path_is_still_corrected(lab):
    tick = undoing(lab)
    for _ in range(2):
        count(lab, 5)
        lab.simulator.advance(400)
        tick()
    lab.ecs().update_service(cluster="main", service="web", deploymentConfiguration=percent(175))
    lab.writes()
    lab.simulator.advance(400)
    tick()
    assert lab.writes() == ["UpdateService"]


def stopped(lab: Lab):
    tick = undoing(lab)
    for _ in range(3):
        count(lab, 5)
        lab.simulator.advance(400)
        result = tick()
    assert change_of(result.plan).blocked.code == "DriftUnresolvable"
    lab.writes()
    return tick


def test_a_commit_that_changes_the_resource_goes_on(lab):
    tick = stopped(lab)
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    tick()
    assert lab.writes() == ["UpdateService"]


def test_a_person_s_retry_goes_on(lab):
    tick = stopped(lab)
    released = retry(lab.target(), lab.wish(), "shop", ["Service/web"])
    assert [it.key for it in released] == [WEB]
    lab.writes()
    tick()
    assert lab.writes() == ["UpdateService"]


def test_half_an_hour_of_peace_makes_up_for_what_was(lab):
    tick = stopped(lab)
    count(lab, 2)
    tick()
    lab.simulator.advance(1500)
    count(lab, 5)
    tick()
    assert lab.writes() == []
    count(lab, 2)
    lab.simulator.advance(1900)
    tick()
    count(lab, 5)
    tick()
    assert lab.writes() == ["UpdateService"]


def test_without_memory_it_is_only_less_patient(lab):
    stopped(lab)
    agent(lab)
    assert lab.writes() == ["UpdateService"]


def test_the_second_correction_waits_a_moment_by_the_clock_of_aws(lab):
    tick = undoing(lab)
    for days in (7, 14):
        retention(lab, days)
        result = tick()
    change = change_of(result.plan, LOGS)
    assert lab.service("web")
    assert (change.doing, change.blocked) == ("ProgressingWithRetry", None)
    assert "is again at" in change.waiting
    assert shown(result, LOGS).condition("Reconciling").reason == "ProgressingWithRetry"
    assert result.again is not None
    lab.simulator.advance(10)
    tick()
    assert lab.writes() == ["PutRetentionPolicy"]


def test_a_person_is_never_made_to_wait(lab):
    stopped(lab)
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]


# at rest, and how it is shown


@pytest.mark.parametrize("word", ["correct", "warn", "off"])
def test_idle_ticks_write_nothing(lab, word):
    level(lab, "environment", word)
    count(lab, 5)
    memory = agent(lab).memory
    lab.simulator.settle()
    memory = agent(lab, memory).memory
    lab.simulator.calls.clear()
    for _ in range(10):
        lab.simulator.advance(300)
        memory = agent(lab, memory).memory
    assert list(lab.simulator.writes()) == []


def test_the_plan_says_the_cause_in_words_and_in_json(lab):
    commit(lab, "desiredCount: 2", "desiredCount: 3")
    lab.ecs().update_service(cluster="main", service="web", deploymentConfiguration=percent(175))
    retention(lab, 7)
    for plan in (lab.plan(), lab.tick(write=False, unattended=True).plan):
        told = json.loads(json.dumps(plan_json(plan)))
        jsonschema.Draft7Validator(schema.PLAN).validate(told)
    text = plan_text(lab.plan())
    assert "deploymentConfiguration.maximumPercent   175 -> 150  (changed in AWS)" in text
    assert "shop/LogGroup/shop  (in place, changed in AWS)" in text
    held = plan_text(lab.tick(write=False, unattended=True).plan)
    assert "left as changed in AWS: deploymentConfiguration.maximumPercent" in held
    assert "DriftDetected: retentionInDays changed in AWS since it was in force" in held


def test_the_agent_looks_up_an_earlier_commit_once_and_only_while_something_else_is_wanted(lab):
    asked: list[str] = []
    read = lab.read
    lab.read = lambda commit: asked.append(commit) or read(commit)  # type: ignore[method-assign]
    target = lab.target(unattended=True)
    for _ in range(3):
        reconcile(target, lab.wish(), Memory())
    assert asked == []
    first = lab.commit
    commit(lab, "shop:1", "shop:2")
    for _ in range(3):
        reconcile(target, lab.wish(), Memory())
    assert asked == [first]


def test_a_record_of_an_older_program_is_read_and_its_commit_is_not_trusted(lab):
    connected, scope = lab.connect(), Scope("default", "staging")
    old = record(lab)
    connected.records.synced(scope, "shop", replace(old, whole="", commit="e" * 40))
    count(lab, 5)
    assert causes(lab.plan()) == {"Service.desiredCount": "drift"}
    retention(lab, 7)
    assert causes(lab.plan())["LogGroup.retentionInDays"] is None


@pytest.fixture
def twice(lab):
    """web:1 ran shop:1, web:2 runs shop:2."""
    commit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def runs(lab: Lab) -> str:
    return lab.service("web")["taskDefinition"].rpartition("/")[2]


def settled(lab: Lab) -> None:
    """What nobody asks for is done to its end."""
    converge(lab.target(unattended=True), lab.wish(), lab.clock, timeout=3600)


def rolled_back(lab: Lab) -> None:
    web = next(item for key, item in lab.wish().desired.items() if key == WEB)
    arn = lab.service("web")["taskDefinition"].replace("web:2", "web:1")
    said(lab, pins={"Service/web": Pin(arn, short(web.digest), Said("alice", lab.simulator.now()))})
    settled(lab)
    assert runs(lab) == "web:1"
    lab.writes()


def test_a_service_moved_in_the_console_stays_and_its_count_is_left_under_warn(twice):
    twice.ecs().update_service(cluster="main", service="web", taskDefinition="web:1")
    twice.simulator.settle()
    agent(twice)
    count(twice, 5)
    agent(twice)
    assert (twice.writes(), twice.service("web")["desiredCount"]) == ([], 5)


def test_a_pin_is_made_without_a_person_and_is_no_drift(twice):
    rolled_back(twice)
    result = agent(twice)
    assert shown(result).condition("Stalled").reason == "Pinned"
    assert (causes(result.plan), drifted(result.plan)) == ({"Service.taskDefinition": None}, {})
    count(twice, 5)
    agent(twice)
    assert (twice.writes(), twice.service("web")["desiredCount"]) == ([], 5)


def test_a_pin_that_a_person_lifts_lets_the_agent_go_forward(twice):
    rolled_back(twice)
    retry(twice.target(), twice.wish(), "shop", [])
    settled(twice)
    assert runs(twice) == "web:2"


def test_a_pin_that_a_commit_lifts_lets_the_agent_go_forward(twice):
    rolled_back(twice)
    commit(twice, "desiredCount: 2", "desiredCount: 3")
    settled(twice)
    assert (runs(twice), twice.service("web")["desiredCount"]) == ("web:2", 3)


def test_a_rollback_in_the_console_that_a_person_releases_lets_the_agent_go_forward(twice):
    twice.ecs().update_service(cluster="main", service="web", taskDefinition="web:1")
    twice.simulator.settle()
    retry(twice.target(), twice.wish(), "shop", [])
    settled(twice)
    assert runs(twice) == "web:2"
