"""Secrets from the repository to the tasks: one update and the rollout of whoever uses it, and back by a revert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from moto.secretsmanager import secretsmanager_backends

from reconciler.agent.converge import Ending, converge
from reconciler.engine.revive import revive
from reconciler.model.errors import UsageError
from reconciler.model.plan import Action, Plan
from tests.account import role
from tests.engine.test_crashes import Fragile, Killed
from tests.lab import SHOP, Lab, actions
from tests.sealing import Safe

SECRETS = """
        - {name: PASSWORD, valueFrom: "ref:Secret/db#password"}
        - {name: URL, valueFrom: "ref:Parameter/url"}
"""
WITH_SECRETS = SHOP.replace("      memory: 256\n", f"      memory: 256\n      secrets:{SECRETS}").replace(
    "spec:\n  containerDefinitions", "spec:\n  executionRoleArn: exec\n  containerDefinitions"
)
OTHER = """
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: other}
spec:
  containerDefinitions: [{name: other, image: "other:1", memory: 128}]
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: other}
spec: {cluster: main, taskDefinition: other, desiredCount: 1}
"""
"""A service that uses no secret."""


def manifests(safe: Safe, db: str = "first", url: str = "here", *, more: str = "", url_more: str = "") -> str:
    return f"""{WITH_SECRETS}{OTHER}
---
apiVersion: reconciler/v1
kind: Secret
metadata: {{name: db}}
spec: {{name: shop/db, secretString: "{safe.sealed("Secret/db", db)}"{more}}}
---
apiVersion: reconciler/v1
kind: Parameter
metadata: {{name: url}}
spec: {{name: /shop/url, value: "{safe.sealed("Parameter/url", url)}"{url_more}}}
"""


def shop(**said: str) -> tuple[Lab, Safe]:
    """A laboratory with the small app and its secrets, applied."""
    lab = Lab()
    safe = Safe(lab)
    role(lab.simulator, "exec")
    lab.app("shop", manifests(safe, **said))
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.advance(600)
    lab.simulator.calls.clear()
    return lab, safe


def made(lab: Lab) -> list[str]:
    """The mutating calls since the last time of asking, those on records left out."""
    found = [
        call.operation
        for call in lab.simulator.writes()
        if not str(call.params.get("Name", "")).startswith("/reconciler/")
    ]
    lab.simulator.calls.clear()
    return found


def live(lab: Lab) -> tuple[str, str, dict[str, list[str]]]:
    """The current values, and the secret's versions, as AWS has them."""
    secrets, ssm = (lab.simulator.client(name, region="eu-west-1") for name in ("secretsmanager", "ssm"))
    described = secrets.describe_secret(SecretId="shop/db")
    return (
        secrets.get_secret_value(SecretId="shop/db")["SecretString"],
        ssm.get_parameter(Name="/shop/url", WithDecryption=True)["Parameter"]["Value"],
        described["VersionIdsToStages"],
    )


def running(lab: Lab) -> dict[str, str]:
    return {
        name: lab.service(name)["taskDefinition"].rpartition("/")[2] for name in ("web", "worker", "other")
    }


def keys(plan: Plan) -> dict[str, str]:
    return {key.removeprefix("shop/"): action for key, action in actions(plan).items()}


def test_the_full_circle_one_secret_its_two_users_and_back_again():
    lab, safe = shop()
    before = running(lab)
    first = lab.files["apps/shop/all.yaml"]

    lab.app("shop", manifests(safe, db="second"))
    plan = lab.plan()
    assert keys(plan) == {
        "Secret/db": "update",
        "TaskDefinition/web": "update",
        "Service/web": "update",
        "Service/worker": "update",
    }
    assert lab.apply().ending is Ending.CONVERGED
    asked = [(call.operation, call.params) for call in lab.simulator.calls]
    assert made(lab) == ["PutSecretValue", "RegisterTaskDefinition", "UpdateService", "UpdateService"]
    assert not {"GetSecretValue", "BatchGetSecretValue"} & {operation for operation, _ in asked}
    assert [operation for operation, params in asked if "second" in repr(params)] == ["PutSecretValue"]
    assert live(lab)[0] == "second"
    lab.simulator.calls.clear()
    assert lab.plan().empty
    lab.apply()
    assert made(lab) == []

    lab.files["apps/shop/all.yaml"] = first
    assert keys(lab.plan()) == {"Secret/db": "update", "Service/web": "update", "Service/worker": "update"}
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["UpdateSecretVersionStage", "UpdateService", "UpdateService"]
    assert running(lab) == before
    assert live(lab)[0] == "first"
    lab.simulator.calls.clear()
    assert lab.plan().empty


def test_every_version_keeps_a_label_so_that_an_older_revision_can_start():
    lab, safe = shop()
    lab.app("shop", manifests(safe, db="second"))
    lab.apply()
    _, _, versions = live(lab)
    assert len(versions) == 2
    assert all(f"reconciler-{version}" in labels for version, labels in versions.items())


def test_of_many_versions_the_newest_ten_keep_their_label():
    lab, safe = shop()
    for number in range(14):
        lab.simulator.advance(60)
        lab.app("shop", manifests(safe, db=f"value {number}"))
        lab.apply(wait=False)
    lab.apply()
    _, _, versions = live(lab)
    kept = [version for version, labels in versions.items() if f"reconciler-{version}" in labels]
    assert len(kept) == 10
    assert safe.id("Secret/db", "value 13") in kept
    assert safe.id("Secret/db", "first") not in kept
    assert lab.plan().empty


def test_a_version_that_lost_its_label_is_found_and_labelled_again():
    lab, safe = shop()
    lab.app("shop", manifests(safe, db="second"))
    lab.apply()
    lab.app("shop", manifests(safe, db="third"))
    lab.apply()
    old = safe.id("Secret/db", "first")
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    secrets.update_secret_version_stage(SecretId="shop/db", VersionStage=f"reconciler-{old}", RemoveFromVersionId=old)
    assert old not in secrets.describe_secret(SecretId="shop/db")["VersionIdsToStages"]
    lab.app("shop", manifests(safe, db="first"))
    lab.simulator.calls.clear()
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab)[:2] == ["UpdateSecretVersionStage", "UpdateSecretVersionStage"]
    value, _, versions = live(lab)
    assert value == "first"
    assert set(versions[old]) == {"AWSCURRENT", f"reconciler-{old}"}


def test_a_value_that_somebody_put_by_hand_is_drift_and_the_version_of_git_becomes_current_again():
    lab, _ = shop()
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    secrets.put_secret_value(SecretId="shop/db", SecretString="by hand")
    lab.simulator.calls.clear()
    plan = lab.plan()
    assert keys(plan) == {"Secret/db": "update"}
    lab.apply()
    assert made(lab) == ["UpdateSecretVersionStage"]
    assert live(lab)[0] == "first"


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        (', description: "for the shop"', ["UpdateSecret"]),
        (", tags: [{key: team, value: shop}]", ["TagResource"]),
        (", kmsKeyId: alias/shop", ["UpdateSecret"]),
    ],
)
def test_what_is_no_value_rolls_nothing(said, calls):
    lab, safe = shop()
    lab.app("shop", manifests(safe, more=said))
    assert keys(lab.plan()) == {"Secret/db": "update"}
    lab.apply()
    assert made(lab) == calls
    assert lab.plan().empty


def test_sealing_the_same_value_again_or_with_another_key_rolls_nothing():
    lab, safe = shop()
    before = lab.files["apps/shop/all.yaml"]
    lab.app("shop", manifests(safe.resealed()))
    assert lab.files["apps/shop/all.yaml"] != before
    lab.simulator.calls.clear()
    assert lab.plan().empty
    lab.apply()
    assert made(lab) == []


# parameters


def test_a_parameter_is_written_between_its_two_tags_and_its_users_begin_anew():
    lab, safe = shop()
    before = running(lab)
    lab.app("shop", manifests(safe, url="there"))
    plan = lab.plan()
    assert keys(plan) == {"Parameter/url": "update", "Service/web": "update", "Service/worker": "update"}
    [parameter] = [change for change in plan.changes if change.key.kind == "Parameter"]
    assert "a rollback of a service keeps the new value" in parameter.note
    said = [call.operation.partition(":")[2] for change in plan.changes for call in change.calls]
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == said == [
        "AddTagsToResource", "PutParameter", "AddTagsToResource", "UpdateService", "UpdateService",
    ]  # fmt: skip
    assert live(lab)[1] == "there"
    assert running(lab) == before
    lab.simulator.calls.clear()
    assert lab.plan().empty


def test_a_parameter_s_description_is_written_with_its_value_and_rolls_nothing():
    lab, safe = shop()
    lab.app("shop", manifests(safe, url_more=", description: where the shop is"))
    assert keys(lab.plan()) == {"Parameter/url": "update"}
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["AddTagsToResource", "PutParameter", "AddTagsToResource"]
    lab.simulator.advance(600)
    assert lab.plan().empty


def test_a_parameter_that_somebody_else_wrote_is_told_and_written_again():
    lab, _ = shop()
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(Name="/shop/url", Value="by hand", Type="SecureString", Overwrite=True)
    [parameter] = [change for change in lab.plan().changes if change.key.kind == "Parameter"]
    assert "somebody else has written version 2" in parameter.note
    assert lab.apply().ending is Ending.CONVERGED
    assert live(lab)[1] == "here"
    assert lab.plan().empty


def test_a_plain_string_may_stand_as_it_is():
    lab = Lab()
    lab.app("shop", """
        apiVersion: reconciler/v1
        kind: Parameter
        metadata: {name: host}
        spec: {name: /shop/host, type: String, value: shop.example}
        """)  # fmt: skip
    assert lab.apply().ending is Ending.CONVERGED
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    assert ssm.get_parameter(Name="/shop/host")["Parameter"]["Value"] == "shop.example"
    assert lab.plan().empty


PLAIN = """
    apiVersion: reconciler/v1
    kind: Parameter
    metadata: {name: host, policy: {prune: true}}
    spec: {name: NAME, type: String, value: shop.example}
    """


@pytest.mark.parametrize("name", ["/host", "host", "/shop/host"])
def test_a_parameter_whose_arn_hides_how_its_name_begins_is_not_taken_for_one_of_another_name(name):
    lab = Lab()
    lab.app("shop", PLAIN.replace("NAME", name))
    lab.apply()
    assert lab.plan(prune=True).empty


def test_what_is_not_said_of_a_parameter_is_said_again_with_a_new_value_else_it_would_change_its_key():
    lab = Lab()
    safe = Safe(lab)
    role(lab.simulator, "exec")
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(
        Name="/shop/url", Value="b", Type="SecureString", KeyId="alias/theirs", Description="d", Tier="Advanced"
    )
    lab.app("shop", manifests(safe))
    assert lab.apply(adopt=True).ending is Ending.CONVERGED
    [put] = [call.params for call in lab.simulator.writes() if call.params.get("Overwrite") and "KeyId" in call.params]
    assert (put["KeyId"], put["Description"], put["Tier"]) == ("alias/theirs", "d", "Advanced")
    assert lab.plan().empty


# what floats

REFERRED = f"""{WITH_SECRETS}{OTHER}
---
apiVersion: reconciler/v1
kind: Secret
metadata: {{name: db, policy: {{rotation: auto}}}}
spec: {{name: shop/db}}
---
apiVersion: reconciler/v1
kind: Parameter
metadata: {{name: url}}
spec: {{name: /shop/url}}
"""


def referring() -> Lab:
    """The small app with a secret and a parameter that are somebody else's."""
    lab = Lab()
    role(lab.simulator, "exec")
    secrets, ssm = (lab.simulator.client(name, region="eu-west-1") for name in ("secretsmanager", "ssm"))
    secrets.create_secret(Name="shop/db", SecretString="a")
    ssm.put_parameter(Name="/shop/url", Value="b", Type="SecureString")
    lab.app("shop", REFERRED)
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.advance(600)
    lab.simulator.calls.clear()
    return lab


def named(lab: Lab) -> str:
    """How the revision that web runs names its password: JSON key, stage and version."""
    running = lab.ecs().describe_task_definition(taskDefinition=lab.service("web")["taskDefinition"])["taskDefinition"]
    [value] = [
        one["valueFrom"] for one in running["containerDefinitions"][0]["secrets"] if one["name"] == "PASSWORD"
    ]
    return str(value.split(":", 7)[7])


def test_what_is_only_referred_to_is_named_without_its_version():
    lab = referring()
    assert named(lab) == "password::"


def test_a_value_that_is_not_kept_here_is_named_without_its_version_whatever_else_is_kept():
    lab = Lab()
    role(lab.simulator, "exec")
    secrets, ssm = (lab.simulator.client(name, region="eu-west-1") for name in ("secretsmanager", "ssm"))
    secrets.create_secret(Name="shop/db", SecretString="a")
    ssm.put_parameter(Name="/shop/url", Value="b", Type="SecureString")
    lab.app("shop", REFERRED.replace("{name: shop/db}", "{name: shop/db, description: for the shop}"))
    assert lab.apply(adopt=True).ending is Ending.CONVERGED
    assert named(lab) == "password::"
    assert lab.plan().empty


def test_a_version_that_a_reference_says_is_the_one_that_is_named_whichever_is_current():
    lab = referring()
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    version = secrets.describe_secret(SecretId="shop/db")["VersionIdsToStages"].popitem()[0]
    rotate(lab)
    lab.app("shop", REFERRED.replace("{name: shop/db}", f'{{name: shop/db, versionId: "{version}"}}'))
    assert lab.apply().ending is Ending.CONVERGED
    assert named(lab) == f"password::{version}"
    rotate(lab)
    assert lab.plan().empty


def test_a_kept_value_that_becomes_a_reference_is_named_without_its_version_from_then_on():
    lab, _ = shop()
    assert named(lab) != "password::"
    lab.app("shop", REFERRED)
    assert lab.apply().ending is Ending.CONVERGED
    assert named(lab) == "password::"


def rotate(lab: Lab) -> None:
    lab.simulator.client("secretsmanager", region="eu-west-1").put_secret_value(SecretId="shop/db", SecretString="c")
    lab.simulator.advance(60)
    lab.simulator.calls.clear()


def test_a_rotation_outside_of_git_leads_to_one_rollout_of_those_who_use_it():
    lab = referring()
    rotate(lab)
    plan = lab.plan()
    assert keys(plan) == {"Service/web": "update", "Service/worker": "update"}
    assert {change.effect for change in plan.changes} == {"rolls-tasks"}
    assert all("Secret/db has another value" in change.note for change in plan.changes)
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["UpdateService", "UpdateService"]
    for _ in range(3):
        lab.simulator.advance(600)
        lab.apply()
    assert made(lab) == []


def test_the_same_for_a_parameter():
    lab = referring()
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(Name="/shop/url", Value="d", Overwrite=True, Type="SecureString")
    lab.simulator.advance(60)
    lab.simulator.calls.clear()
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["UpdateService", "UpdateService"]
    assert lab.plan().empty


def test_what_is_no_rotation_starts_nothing():
    lab = referring()
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    secrets.tag_resource(SecretId="shop/db", Tags=[{"Key": "team", "Value": "x"}])
    secrets.update_secret(SecretId="shop/db", Description="another")
    lab.simulator.advance(60)
    assert lab.plan().empty


@pytest.mark.parametrize(("policy", "warned"), [("warn", 2), ("off", 0)])
def test_a_policy_says_that_a_rotation_is_only_told_or_not_even_that(policy, warned):
    lab = referring()
    rotate(lab)
    lab.app("shop", REFERRED.replace("rotation: auto", f"rotation: {policy}"))
    plan = lab.plan()
    assert plan.empty
    assert [problem.code for problem in plan.warnings] == ["SecretRotated"] * warned


def test_a_sealed_secret_that_floats_starts_new_tasks_and_registers_nothing():
    lab, safe = shop(more=", pin: float")
    lab.app("shop", manifests(safe, db="second", more=", pin: float"))
    assert keys(lab.plan()) == {"Secret/db": "update", "Service/web": "update", "Service/worker": "update"}
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["PutSecretValue", "UpdateService", "UpdateService"]
    lab.simulator.advance(600)
    assert lab.plan().empty


# what tasks could not start with


def test_nothing_starts_with_a_secret_that_has_no_value_and_the_plan_says_so():
    lab = Lab()
    safe = Safe(lab)
    role(lab.simulator, "exec")
    sealed = f'secretString: "{safe.sealed("Secret/db", "first")}"'
    whole = manifests(safe)
    lab.app("shop", whole.replace(sealed, "description: for the shop"))
    assert ("no-value", "shop/Secret/db") in {(it.code, str(it.key)) for it in lab.plan().warnings}
    lab.apply()
    assert {"RegisterTaskDefinition", "CreateService"} & set(made(lab)) == {"RegisterTaskDefinition", "CreateService"}
    assert [it["serviceName"] for it in services(lab)] == ["other"]
    waiting = {str(change.key): [str(key) for key in change.waits_on] for change in lab.plan().changes}
    assert waiting["shop/TaskDefinition/web"] == ["shop/Secret/db"]
    lab.app("shop", whole)
    assert lab.apply().ending is Ending.CONVERGED
    assert {it["serviceName"] for it in services(lab)} == {"other", "web", "worker"}


def services(lab: Lab) -> list[dict[str, Any]]:
    arns = lab.ecs().list_services(cluster="main")["serviceArns"]
    return list(lab.ecs().describe_services(cluster="main", services=arns)["services"])


def test_who_goes_back_to_a_revision_waits_until_the_version_that_it_names_is_there_again():
    lab, safe = shop()
    lab.app("shop", manifests(safe, db="second"))
    lab.apply()
    [secret] = secretsmanager_backends["123456789012"]["eu-west-1"].secrets.values()
    del secret.versions[safe.id("Secret/db", "first")]  # as AWS removes one of very many that has no label
    lab.app("shop", manifests(safe))
    waiting = {str(change.key): [str(key) for key in change.waits_on] for change in lab.plan().changes}
    assert waiting["shop/Service/web"] == waiting["shop/Service/worker"] == ["shop/Secret/db"]
    made(lab)
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["PutSecretValue", "UpdateService", "UpdateService"]


# a name that is taken


def test_a_secret_is_pruned_with_a_recovery_window_only_where_its_own_policy_said_so():
    lab, _ = shop()
    whole = lab.files["apps/shop/all.yaml"]
    lab.app("shop", f"{SHOP}{OTHER}")
    assert not [change for change in lab.plan(prune=True).changes if change.action is Action.DELETE]
    lab.files["apps/shop/all.yaml"] = whole.replace("metadata: {name: db}", "metadata: {name: db, policy: {prune: true}}")
    lab.apply()
    lab.app("shop", f"{SHOP}{OTHER}")
    made(lab)
    lab.apply(prune=True)
    assert "DeleteSecret" in made(lab)
    described = lab.simulator.client("secretsmanager", region="eu-west-1").describe_secret(SecretId="shop/db")
    assert described["DeletedDate"]
    assert not [change for change in lab.plan(prune=True).changes if change.action is Action.DELETE]

    lab.files["apps/shop/all.yaml"] = whole
    [secret] = [change for change in lab.plan().changes if change.key.kind == "Secret"]
    assert secret.blocked is not None
    assert secret.blocked.code == "ScheduledForDeletion"
    assert "reconciler secret restore" in secret.blocked.hint


def test_the_deletion_of_what_is_only_referred_to_is_not_taken_back():
    lab = referring()
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    secrets.delete_secret(SecretId="shop/db", RecoveryWindowInDays=7)
    lab.simulator.calls.clear()
    target, wish = lab.target(), lab.wish()
    [document] = [it.document for key, it in wish.desired.items() if key.kind == "Secret"]
    with pytest.raises(UsageError, match="only referred to"):
        revive(target.read, target.write, target.scope, document, wish.kinds)
    assert made(lab) == []


def test_a_secret_that_is_made_anew_has_another_arn_and_its_users_a_new_revision():
    lab, _ = shop()
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    secrets.delete_secret(SecretId="shop/db", ForceDeleteWithoutRecovery=True)
    lab.simulator.calls.clear()
    planned = keys(lab.plan())
    assert planned == {
        "Secret/db": "create",
        "TaskDefinition/web": "update",
        "Service/web": "update",
        "Service/worker": "update",
    }
    assert lab.apply().ending is Ending.CONVERGED
    assert made(lab) == ["CreateSecret", "PutSecretValue", "RegisterTaskDefinition", "UpdateService", "UpdateService"]
    arn = secrets.describe_secret(SecretId="shop/db")["ARN"]
    definition = lab.ecs().describe_task_definition(taskDefinition=running(lab)["web"])["taskDefinition"]
    [container] = definition["containerDefinitions"]
    assert any(it["valueFrom"].startswith(arn) for it in container["secrets"])
    lab.simulator.calls.clear()
    lab.simulator.advance(600)
    assert lab.plan().empty
    lab.apply()
    assert made(lab) == []


# crashes


def change_both(lab: Lab, safe: Safe) -> None:
    lab.app("shop", manifests(safe, db="second", url="there"))


def change_both_and_revert(lab: Lab, safe: Safe) -> None:
    change_both(lab, safe)
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.advance(600)
    lab.app("shop", manifests(safe))


def prepared(scenario: Callable[[Lab, Safe], None] | None) -> Lab:
    if scenario is None:
        lab = Lab()
        safe = Safe(lab)
        role(lab.simulator, "exec")
        lab.app("shop", manifests(safe))
    else:
        lab, safe = shop()
        scenario(lab, safe)
    lab.simulator.calls.clear()
    return lab


def run(lab: Lab, at: int | None = None, how: str = "") -> Counter[str]:
    target = lab.target()
    assert target.write is not None
    if at is not None:
        with suppress(Killed):
            converge(replace(target, write=Fragile(target.write, at, how)), lab.wish(), lab.clock, timeout=3600)
    outcome = converge(lab.target(), lab.wish(), lab.clock, timeout=3600)
    assert outcome.ending is Ending.CONVERGED, outcome.last.status
    found = Counter(made(lab))
    lab.simulator.advance(900)
    assert lab.plan().empty
    return found


def end(lab: Lab) -> object:
    value, url, versions = live(lab)
    lab.simulator.calls.clear()
    return value, url, {version: sorted(labels) for version, labels in versions.items()}, running(lab)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("scenario", "how"),
    [
        (None, "killed after"),
        (change_both, "killed after"),
        (change_both_and_revert, "killed after"),
        *(
            pytest.param(scenario, how, marks=SLOW)
            for scenario, how in [
                (None, "answer lost"),
                (None, "killed before"),
                (change_both, "answer lost"),
                (change_both, "killed before"),
                (change_both, "throttled"),
                (change_both_and_revert, "answer lost"),
                (change_both_and_revert, "killed before"),
            ]
        ),
    ],
    ids=lambda it: getattr(it, "__name__", it or "the first apply"),
)
def test_a_fault_at_any_call_ends_the_same_and_starts_no_tasks_twice(scenario, how):
    reference = prepared(scenario)
    expected = run(reference)
    wanted = end(reference)
    for at in range(expected.total()):
        lab = prepared(scenario)
        found = run(lab, at, how)
        assert end(lab) == wanted, f"{how} at call {at}"
        # an unconfirmed write of a parameter is made again: nobody can tell whether it was ours
        extra = found - expected - Counter({"PutParameter": 1, "AddTagsToResource": 2})
        assert not extra, f"{how} at call {at}: {extra}"
        assert not expected - found, f"{how} at call {at}"


@pytest.mark.parametrize("operation", ["DescribeSecret", "DescribeParameters", "ListTagsForResource", "DescribeServices"])
def test_old_reads_end_the_same(operation):
    reference = prepared(change_both_and_revert)
    expected = run(reference)
    wanted = end(reference)
    lab = prepared(change_both_and_revert)
    lab.simulator.faults.stale(operation, versions=2, times=4)
    outcome = converge(lab.target(), lab.wish(), lab.clock, timeout=3600)
    lab.simulator.faults.fresh()
    assert outcome.ending is Ending.CONVERGED, outcome.last.status
    lab.apply()
    found = Counter(made(lab))
    assert end(lab) == wanted
    assert found["UpdateService"] == expected["UpdateService"]
    assert found["RegisterTaskDefinition"] == expected["RegisterTaskDefinition"]


def test_a_parameter_that_is_pruned_is_deleted_by_its_name():
    lab = Lab()
    kept = "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: kept}\n"
    lab.app("shop", f"{kept}---\napiVersion: reconciler/v1\nkind: Parameter\nmetadata: {{name: url, policy: {{prune: true}}}}\n"
            "spec: {name: /shop/url, type: String, value: here}\n")  # fmt: skip
    assert lab.apply().ending is Ending.CONVERGED
    lab.app("shop", kept)
    assert lab.apply(prune=True, deletion_limit="100%").ending is Ending.CONVERGED
    left = lab.simulator.client("ssm", region="eu-west-1").describe_parameters()["Parameters"]
    assert [it["Name"] for it in left if not it["Name"].startswith("/reconciler/")] == []
