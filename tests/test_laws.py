"""The laws, one test each: what is promised whatever else changes. Law 11, on jobs, comes with them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.agent.converge import Ending, converge
from reconciler.engine.apply import Writer
from reconciler.engine.people import retry
from reconciler.engine.reconcile import reconcile
from reconciler.engine.saved_plan import to_json
from reconciler.model.kind import Answer
from reconciler.model.plan import Action, Call
from reconciler.model.status import Memory
from reconciler.report.plan_json import plan_json
from tests.account import role
from tests.lab import SHOP, Lab, edit, shop

LAST = SHOP.rindex("---")


def applied() -> Lab:
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def planned_calls(plan) -> list[str]:
    return [call.operation.partition(":")[2] for change in plan.changes for call in change.calls]


def test_law_1_plan_never_writes_and_its_reader_can_neither_write_nor_fetch_a_secret():
    def changed() -> Lab:
        lab = applied()
        edit(lab, "shop:1", "shop:2")
        return lab

    def shrunk() -> Lab:
        lab = applied()
        lab.app("shop", SHOP[:LAST])
        return lab

    def foreign() -> Lab:
        lab = applied()
        lab.ecs().untag_resource(resourceArn=lab.service("web")["serviceArn"], tagKeys=["reconciler:owner"])
        return lab

    for make, asked in [(changed, {}), (shrunk, {"prune": True}), (foreign, {"adopt": True}), (shop, {})]:
        lab = make()
        lab.writes()
        assert not lab.plan(**asked).empty
        assert all(operation.startswith(("Describe", "List", "Get")) for operation in lab.reads())
        assert lab.writes() == []
    read = lab.connect().read
    for operation in ("ecs:CreateCluster", "ecs:TagResource", "secretsmanager:GetSecretValue", "ssm:GetParameter"):
        with pytest.raises(ValueError, match="a Reader may not make it"):
            read.one(operation, {})
    assert lab.writes() == []


def test_law_2_apply_makes_the_calls_plan_said_and_a_second_apply_makes_none():
    lab = shop()
    for change in [
        ("", ""),
        ("shop:1", "shop:2"),
        ("desiredCount: 2", "desiredCount: 3"),
        ("retentionInDays: 30", "retentionInDays: 60"),
    ]:
        edit(lab, *change) if change[0] else None
        said = planned_calls(lab.plan())
        lab.writes()
        assert lab.apply().ending is Ending.CONVERGED
        assert lab.writes() == said != []
        assert lab.plan().empty
        assert lab.apply().ending is Ending.CONVERGED
        assert lab.writes() == []
    lab.commit = "b" * 40
    lab.write("apps/shop/README.md", "# words")
    lab.apply()
    assert lab.writes() == []


def test_law_3_only_what_is_ours_is_changed():
    lab = applied()
    ecs, arn = lab.ecs(), lab.service("web")["serviceArn"]
    lab.app("shop", SHOP[:LAST])
    assert "DeleteService" not in planned_calls(lab.plan())  # prune is off until asked
    lab.simulator.faults.deny("GetResources", service="tagging")
    assert lab.plan(prune=True).count(Action.DELETE) == 0  # and never follows a partial read
    lab.simulator.faults.allow()
    lab.app("broken", "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: x}\nspec: {cluter: y}\n")
    failed = reconcile(replace(lab.target(prune=True), write=None), lab.wish(), Memory()).plan
    assert failed.count(Action.DELETE) == 0  # nor a failed render
    del lab.files["apps/broken/all.yaml"]
    lab.app("shop", SHOP)
    edit(lab, "desiredCount: 2", "desiredCount: 3")
    for owner in ("default/qa/shop/Service/web", "elsewhere/staging/shop/Service/web", "somebody"):
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "reconciler:owner", "value": owner}])
        lab.writes()
        [change] = lab.plan(adopt=True).blocked
        assert change.blocked is not None
        assert owner in change.blocked.message
        lab.apply(adopt=True)
        assert lab.writes() == []
    ecs.untag_resource(resourceArn=arn, tagKeys=["reconciler:owner"])
    edit(lab, "desiredCount: 3", "desiredCount: 2")
    lab.writes()
    lab.apply()
    assert lab.writes() == []  # an untagged twin is adopted only when asked
    lab.apply(adopt=True)
    assert lab.writes() == ["TagResource"]  # and adoption writes tags alone


def test_law_4_a_service_is_ready_only_when_our_own_deployment_is_completed():
    lab = applied()
    edit(lab, "shop:1", "shop:2")
    memory, looks = Memory(), 0
    while True:
        result = lab.tick(memory)
        memory, looks = result.memory, looks + 1
        ready = {item.key.name for item in result.status.resources if item.key.kind == "Service" and item.ready}
        for name in ("web", "worker"):
            service = lab.service(name)
            [primary] = [item for item in service["deployments"] if item["status"] == "PRIMARY"]
            ours = primary["taskDefinition"].endswith("web:2") and primary["rolloutState"] == "COMPLETED"
            assert ours or name not in ready
        if result.status.ready:
            break
        lab.simulator.advance(1)
    assert looks > 10


def breaking() -> Lab:
    """An app whose next image cannot be pulled, and whose service ECS rolls back by itself."""
    lab = Lab()
    lab.app("shop", SHOP[:LAST])
    edit(
        lab,
        "desiredCount: 2",
        "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}",
    )
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "shop:1", "shop:2")
    lab.writes()
    return lab


def test_law_4_a_rollback_is_a_failure_even_when_the_service_is_stable_again():
    lab = breaking()
    outcome = lab.apply()
    assert lab.service("web")["deployments"][0]["rolloutState"] == "COMPLETED"
    assert outcome.ending is not Ending.CONVERGED
    assert not outcome.last.status.ready


def test_law_5_what_failed_is_not_tried_again_until_its_digest_changes():
    lab = breaking()
    lab.apply()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    for number in range(3):
        lab.simulator.advance(600)
        lab.write("apps/shop/README.md", f"# unrelated {number}")
        lab.app(f"other{number}", "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: x}\n")
        lab.files[f"apps/other{number}/all.yaml"] += f"spec: {{logGroupName: /other/{number}}}\n"
        lab.apply()
    assert lab.writes() == ["CreateLogGroup"] * 3
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED


def test_law_5_a_person_s_word_releases_what_failed_and_that_failure_alone():
    lab = breaking()
    lab.apply()
    lab.writes()
    retry(lab.target(), lab.wish(), "shop", ())
    lab.apply()
    assert lab.writes() == ["UpdateService"]
    lab.apply()
    assert lab.writes() == []


def test_law_5_a_service_that_somebody_moved_back_in_the_console_is_shown_as_pinned_and_not_corrected():
    lab = applied()
    edit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:1")
    lab.writes()
    for number in range(3):
        lab.simulator.advance(600)
        lab.write("apps/shop/README.md", f"# unrelated {number}")
        outcome = lab.apply()
        [pinned] = [item for item in outcome.last.status.resources if item.stalled]
        assert (str(pinned.key), pinned.phase) == ("shop/Service/web", "Pinned")
    assert lab.writes() == []
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED


class Killed(BaseException):
    """The process is gone."""


class DiesAfter:
    """A Writer whose process is gone right after one call, before its answer is used."""

    def __init__(self, write: Writer, number: int) -> None:
        self._write, self._left = write, number

    def send(self, call: Call) -> Answer:
        self._left -= 1
        answer = self._write.send(call)
        if self._left == 0:
            raise Killed
        return answer


def test_law_6_a_tick_never_waits_and_may_be_killed_at_any_call_and_repeated():
    whole = shop()
    whole.apply()
    expected = whole.writes()
    for number in range(1, len(expected) + 1):
        lab = shop()
        target = lab.target()
        assert target.write is not None
        before = lab.simulator.now()
        with suppress(Killed):
            reconcile(replace(target, write=DiesAfter(target.write, number)), lab.wish(), Memory())
        lab.tick()
        assert lab.clock.slept == 0
        assert lab.simulator.now() == before
        assert lab.apply().ending is Ending.CONVERGED
        assert sorted(lab.writes()) == sorted(expected)


def test_law_7_no_state_is_kept_anywhere_but_in_git_and_aws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    lab = shop()
    for image in ("shop:1", "shop:2"):
        edit(lab, "image: shop:1", f"image: {image}")
        for _ in range(100):
            if lab.tick(Memory()).status.ready:  # each tick by a process that remembers nothing
                break
            lab.simulator.advance(5)
        assert lab.plan().empty
    made = lab.writes()
    assert (made.count("RegisterTaskDefinition"), made.count("CreateService"), made.count("UpdateService")) == (2, 2, 2)
    assert list(tmp_path.iterdir()) == []


def test_law_8_no_secret_byte_is_in_anything_that_is_shown_or_kept():
    lab = Lab()
    lab.app("shop", SHOP)
    edit(lab, "      memory: 256\n", "      memory: 256\n      secrets:\n"
         '        - {name: A, valueFrom: "ref:Secret/db#password"}\n        - {name: B, valueFrom: /shop/url}\n')  # fmt: skip
    edit(lab, "spec:\n  containerDefinitions", "spec:\n  executionRoleArn: exec\n  containerDefinitions")
    lab.files["apps/shop/all.yaml"] += (
        "---\napiVersion: reconciler/v1\nkind: Secret\nmetadata: {name: db}\nspec: {name: shop/db}\n"
    )
    role(lab.simulator, "exec")
    lab.simulator.client("secretsmanager", region="eu-west-1").create_secret(
        Name="shop/db", SecretString='{"password": "canary"}'
    )
    lab.simulator.client("ssm", region="eu-west-1").put_parameter(Name="/shop/url", Value="canary", Type="SecureString")
    lab.simulator.calls.clear()
    plan = lab.plan()
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    asked = {call.operation for call in lab.simulator.calls}
    assert not asked & {"GetSecretValue", "BatchGetSecretValue", "GetParameter", "GetParameters"}
    by_path = [call.params for call in lab.simulator.calls if call.operation == "GetParametersByPath"]
    assert {(it["Path"], it["WithDecryption"]) for it in by_path} == {("/reconciler/default/staging", False)}
    for shown in (
        repr(plan),
        repr(outcome),
        json.dumps(plan_json(plan)),
        json.dumps(to_json(plan, {})),
        repr(lab.target()),
    ):
        assert "canary" not in shown


def test_law_9_a_throttle_is_a_budget_and_not_a_failure():
    lab = shop()
    lab.simulator.faults.throttle("CreateService", burst=1, rate=0.1)
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    assert not outcome.last.failures
    assert len(lab.ecs().list_services(cluster="main")["serviceArns"]) == 2


@pytest.mark.parametrize("operation", ["CreateCluster", "CreateLogGroup", "RegisterTaskDefinition", "CreateService"])
def test_law_9_a_call_whose_outcome_is_unknown_is_read_and_not_sent_again_blindly(operation):
    lab = shop()
    lab.simulator.faults.fail(operation, on=1, when="after")
    assert lab.apply().ending is Ending.CONVERGED
    calls = [(call.operation, call.mutating) for call in lab.simulator.calls]
    lost = next(index for index, (name, _) in enumerate(calls) if name == operation)
    assert [name for name, _ in calls].count(operation) == (2 if operation == "CreateService" else 1)  # two services
    assert any(name.startswith(("Describe", "List")) for name, mutating in calls[lost + 1 :] if not mutating)
    assert lab.plan().empty


def test_law_10_one_bad_manifest_app_or_service_holds_back_only_itself_and_what_depends_on_it():
    lab = shop()
    lab.app("bad", "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: x}\nspec: {logGroupNam: y}\n")
    lab.app("circle", """
        apiVersion: reconciler/v1
        kind: LogGroup
        metadata: {name: a, dependsOn: [LogGroup/b]}
        ---
        apiVersion: reconciler/v1
        kind: LogGroup
        metadata: {name: b, dependsOn: [LogGroup/a]}
        """)  # fmt: skip
    lab.app("behind", "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: c, dependsOn: [bad/LogGroup/x]}\n")
    lab.simulator.faults.deny("CreateService", resource="*worker")
    outcome = converge(lab.target(), lab.wish(), lab.clock, timeout=3600)
    assert outcome.ending is Ending.AT_REST
    ready = {str(item.key) for item in outcome.last.status.resources if item.ready}
    assert ready == {"shop/Cluster/main", "shop/LogGroup/shop", "shop/TaskDefinition/web", "shop/Service/web"}
    assert set(map(str, outcome.last.failures)) == {"shop/Service/worker"}


def test_law_12_every_wait_is_finite():
    lab = shop()
    lab.simulator.script("shop:1", cannot_pull="not found")  # and no circuit breaker: ECS tries for ever
    outcome = lab.apply(timeout=200)
    assert outcome.ending in (Ending.TIMED_OUT, Ending.AT_REST)
    assert lab.clock.slept <= 200


def test_law_12_a_newer_commit_preempts_a_rollout_that_is_under_way():
    lab = applied()
    edit(lab, "shop:1", "shop:2")
    memory = lab.tick().memory
    lab.simulator.advance(5)
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]
    edit(lab, "shop:2", "shop:3")
    lab.tick(memory)
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]
