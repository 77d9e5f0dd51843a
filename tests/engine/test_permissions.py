"""The derived policy is enough for everything that is done in its account, and nothing of it is for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.plan import Plan, Preflight
from tests.account import image, provide, role
from tests.engine.test_crashes import SCENARIOS as CHANGES_OF_THE_SHOP
from tests.engine.test_crashes import nothing
from tests.engine.test_diagnosis import LOG, MANIFESTS, PORT, VPC, behind_a_balancer
from tests.engine.test_jobs import JOB, WAITS
from tests.engine.test_retention import KEPT
from tests.engine.test_secrets import OTHER
from tests.engine.test_secrets import manifests as secrets_of
from tests.foreign import sops
from tests.iam import ACCOUNT, Gate
from tests.kinds.samples import CHANGES, SAMPLES
from tests.kinds.test_contract import MANAGED, Laboratory, lab_for
from tests.lab import ENVIRONMENT, SHOP, Lab, edit
from tests.policed import Policed
from tests.sealing import Safe

CONVERGED = Ending.CONVERGED
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a1b2c3d"
HEAD = "\n---\napiVersion: reconciler/v1\n"


class Sampled(Policed, Laboratory):
    """One that holds a sample of a kind."""


def lab_with(text: str, policy: str = "", **more: bool) -> Policed:
    lab = Policed(**more)
    lab.files["environments/staging.yaml"] = ENVIRONMENT + (f"  policy: {{{policy}}}\n" if policy else "")
    lab.app("shop", text)
    return lab


def converges(lab: Lab) -> None:
    outcome = lab.apply()
    assert outcome.ending is CONVERGED, outcome.last.status


# What is played. Each gives back the laboratory it was played in.


def sample(name: str) -> Policed:
    """A sample of a kind is made and changed in every way that is known. A key that was once said and is no longer is
    nobody's to know: keys have a play of their own."""
    lab = lab_for(name, SAMPLES[name], Sampled)
    converges(lab)
    for change in [it for it in CHANGES[name] if not {"keyId", "kmsKeyId"} & it.keys()]:
        lab.put(name, {**SAMPLES[name], **change})
        converges(lab)
    return lab


def change_of_the_shop(number: int) -> Policed:
    lab = lab_with(SHOP, "prune: true")
    if number:
        converges(lab)
        CHANGES_OF_THE_SHOP[number](lab)
    converges(lab)
    return lab


def adoption() -> Policed:
    lab = lab_with(SHOP, "adopt: true")
    ecs, logs = lab.ecs(), lab.simulator.client("logs", region="eu-west-1")
    ecs.create_cluster(clusterName="main")
    logs.create_log_group(logGroupName="/ecs/shop")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "shop:0", "memory": 64}])
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web:1", desiredCount=1)
    converges(lab)
    return lab


def everything_goes() -> Policed:
    """All that is declared of the kinds that are kept goes, since its own policy says so, and later the rest."""
    lab = lab_with("", "prune: true, deletionLimit: 100%")
    lab.files["environments/staging.yaml"] += "  cluster: main\n"
    safe = Safe(lab)
    text = secrets_of(safe)
    for what in ("name: main", "name: shop", "name: db", "name: url"):
        text = text.replace(f"metadata: {{{what}}}", f"metadata: {{{what}, policy: {{prune: true}}}}")
    role(lab.simulator, "exec")
    lab.app("shop", text)
    converges(lab)
    left = "".join(
        f"{HEAD}kind: {kind}\nmetadata: {{name: left, policy: {{prune: true}}}}\nspec: {spec}"
        for kind, spec in {
            "Cluster": "{clusterName: left}",
            "LogGroup": "{logGroupName: left}",
            "Secret": "{name: left, description: still here}",
            "Parameter": "{name: left, type: String, value: plain}",
        }.items()
    )
    lab.app("shop", left)
    assert lab.apply().ending is Ending.AT_REST  # the secret that is left has no value
    [cluster] = lab.ecs().describe_clusters(clusters=["main"])["clusters"]
    assert cluster["status"] == "INACTIVE"
    lab.simulator.advance(600)
    lab.app("shop", "")
    lab.files["apps/other/all.yaml"] = f"{HEAD}kind: LogGroup\nmetadata: {{name: one}}\n"
    converges(lab)
    assert {"DeleteCluster", "DeleteLogGroup", "DeleteSecret", "DeleteParameter"} <= set(lab.writes())
    return lab


def replaced() -> Policed:
    """What AWS cannot change in place is deleted and made again, by consent and not by prune."""
    kinds = {"LogGroup": "{logGroupName: x, logGroupClass: STANDARD}", "Parameter": "{name: x, type: String, value: plain}"}
    text = "".join(f"{HEAD}kind: {kind}\nmetadata: {{name: x}}\nspec: {spec}" for kind, spec in kinds.items())
    lab = lab_with(text, "replace: true")
    converges(lab)
    edit(lab, "STANDARD", "INFREQUENT_ACCESS")
    edit(lab, "type: String", "type: StringList")
    converges(lab)
    assert {"DeleteLogGroup", "DeleteParameter"} <= set(lab.writes())
    return lab


def job(**script: object) -> Policed:
    tags = "timeout: 2m, tags: [{key: team, value: shop}]"
    lab = lab_with(WAITS + JOB.replace("timeout: 30m", tags))
    lab.simulator.script("migrate", **{"exits": 0, "after": 20.0, **script})
    lab.apply()
    return lab


def a_job_that_ends() -> Policed:
    return job()


def a_job_that_runs_too_long() -> Policed:
    lab = job(after=100_000.0)
    assert "StopTask" in lab.writes()
    return lab


def a_crash() -> Policed:
    """The new image crashes; it is found out why, and it is taken back."""
    lab = lab_with("")
    said = {"task": "", "container": LOG, "memory": 256, "policy": "rollback: previous, timeout: 2m", "service": ""}
    lab.app("shop", MANIFESTS.format(image=1, **said))
    converges(lab)
    lab.writes()
    lab.simulator.script("shop:2", exits=1, after=3.0, logs="booting")
    lab.app("shop", MANIFESTS.format(image=2, **said))
    lab.apply()
    assert "StopServiceDeployment" in lab.writes()
    return lab


def a_target_that_does_not_answer() -> Policed:
    lab = lab_with("")
    said = {"task": VPC, "container": PORT, "memory": 256, "policy": "timeout: 2m", "service": behind_a_balancer(lab)}
    lab.preflight = Preflight.NONE
    lab.app("shop", MANIFESTS.format(image=1, **said))
    converges(lab)
    lab.simulator.script("shop:2", target="unhealthy")
    lab.app("shop", MANIFESTS.format(image=2, **said))
    lab.apply(timeout=150)
    return lab


def a_crash_after_it_counted_as_done() -> Policed:
    """ECS calls it completed, so the revision is marked by ourselves."""
    lab = lab_with("")
    said = {"task": "", "container": LOG, "memory": 256, "policy": "minReady: 5m", "service": ""}
    lab.app("shop", MANIFESTS.format(image=1, **said))
    converges(lab)
    lab.simulator.script("shop:2", exits=1, after=120.0)
    lab.app("shop", MANIFESTS.format(image=2, **said))
    lab.apply(timeout=600)
    return lab


def retention() -> Policed:
    lab = lab_with(KEPT)
    converges(lab)
    cluster = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/main"
    role(lab.simulator, "events", "events.amazonaws.com")
    starts = {"Arn": cluster, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/events"}
    definition = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/other:1"
    events = lab.simulator.client("events", region="eu-west-1")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    events.put_targets(
        Rule="nightly", Targets=[{"Id": "1", **starts, "EcsParameters": {"TaskDefinitionArn": definition}}]
    )
    lab.simulator.client("scheduler", region="eu-west-1").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={**starts, "EcsParameters": {"TaskDefinitionArn": definition}},
    )  # fmt: skip
    for number in (2, 3, 4):
        edit(lab, f"shop:{number - 1}", f"shop:{number}")
        converges(lab)
        converges(lab)
    assert "DeregisterTaskDefinition" in lab.writes()
    return lab


def the_ways_of_a_secret() -> Policed:
    """Keys of one's own, by ARN, id and alias, rotation, an earlier value again, more versions than are kept."""
    lab = lab_with("")
    safe = Safe(lab)

    def with_secrets(db: str = "0", url: str = "0", *, more: str = "", url_more: str = "") -> None:
        lab.app("shop", secrets_of(safe, db, url, more=more, url_more=url_more).partition(OTHER)[2])

    for number in range(13):
        with_secrets(str(number), str(number), more=f", kmsKeyId: '{KEY}'")
        converges(lab)
    for said in (
        {"more": ", kmsKeyId: alias/shop", "url_more": f", keyId: '{KEY}'"},
        {"db": "1", "url": "1", "more": ", kmsKeyId: 0a1b2c3d", "url_more": ", tier: Advanced, keyId: alias/shop"},
        {"url": "2", "url_more": ", tier: Advanced, keyId: 0a1b2c3d"},
        {"url": "3", "url_more": f", tier: Advanced, keyId: '{KEY}'"},
    ):
        with_secrets(**said)
        converges(lab)
    return lab


def a_rotated_secret() -> Policed:
    function = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:rotate"
    lab = lab_with(
        f"{HEAD}kind: Secret\nmetadata: {{name: db}}\nspec: {{name: shop/db, rotationLambdaARN: '{function}', "
        "rotationRules: {automaticallyAfterDays: 30}}"
    )
    lab.apply()  # the function is not there, so it ends with that; whether it may be asked is what counts
    return lab


def a_secret_of_sops() -> Policed:
    lab = lab_with(f"{HEAD}kind: Secret\nmetadata: {{name: db}}\nspec: {{name: shop/db, from: {{sops: secrets/db.json}}}}")
    kms = lab.simulator.client("kms", region="eu-west-1")
    lab.files["secrets/db.json"] = sops(kms, kms.create_key()["KeyMetadata"]["Arn"], {"password": "x"})
    converges(lab)
    return lab


def a_secret_by_its_arn() -> Policed:
    lab = lab_with("")
    secrets = lab.simulator.client("secretsmanager", region="eu-west-1")
    arn = secrets.create_secret(Name="theirs", SecretString="x")["ARN"]
    role(lab.simulator, "exec")
    secret = f"      memory: 256\n      secrets: [{{name: P, valueFrom: '{arn}'}}]\n"
    lab.app("shop", SHOP.replace("      memory: 256\n", secret).replace("spec:\n", "spec:\n  executionRoleArn: exec\n", 1))
    converges(lab)
    return lab


def a_group_with_a_key() -> Policed:
    lab = lab_with(SHOP)
    converges(lab)
    edit(lab, "retentionInDays: 30", f"retentionInDays: 30, kmsKeyId: '{KEY}'")
    with suppress(NotImplementedError):  # moto's word for it, once it has been let through
        lab.apply()
    assert "logs:AssociateKmsKey" in {need.action for need in lab.gate.checked}
    return lab


def what_git_says_no_more() -> Policed:
    """A retention and a key that were said once are taken away."""
    lab = lab_with(SHOP.replace("retentionInDays: 30", f"retentionInDays: 30, kmsKeyId: '{KEY}'"))
    lab.commit_all()
    converges(lab)
    edit(lab, f", retentionInDays: 30, kmsKeyId: '{KEY}'", "")
    lab.commit_all()
    with suppress(NotImplementedError):  # as above
        lab.apply()
    assert {"logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey"} <= {need.action for need in lab.gate.checked}
    return lab


def lookups() -> Policed:
    lab = lab_with(
        f"{HEAD}kind: LogGroup\nmetadata: {{name: days}}\n"
        "spec: {logGroupName: days, retentionInDays: '${{ ssm./days }}', "
        "tags: {net: '${{ cfn.net.Name }}', of: '${{ tfstate.outputs.name }}'}}\n"
    )
    lab.files["environments/staging.yaml"] += "  tfstate: {s3: s3://acme-state/prod/net}\n"
    client = lab.simulator.client
    client("ssm", region="eu-west-1").put_parameter(Name="/days", Value="30", Type="String")
    s3 = client("s3", region="eu-west-1")
    s3.create_bucket(Bucket="acme-state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    state = {"version": 4, "serial": 1, "lineage": "x", "outputs": {"name": {"value": "shop", "type": "string"}}, "resources": []}
    s3.put_object(Bucket="acme-state", Key="prod/net", Body=json.dumps(state).encode())
    lab.simulator.stack("net", "eu-west-1", Name="net")
    converges(lab)
    return lab


OUTSIDE = f"""
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: web}}
spec:
  networkMode: awsvpc
  taskRoleArn: shop
  executionRoleArn: arn:aws:iam::{ACCOUNT}:role/exec
  containerDefinitions:
    - {{name: app, image: "{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop:1", memory: 64, portMappings: [{{containerPort: 80}}]}}
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: web}}
spec:
  cluster: main
  taskDefinition: web
  desiredCount: 1
  networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-1], securityGroups: [sg-1]}}}}
"""


def what_it_names_outside() -> Policed:
    """Roles, an image, a network, and a cluster that nobody declares, with instances."""
    lab = lab_with(OUTSIDE)
    lab.ecs().create_cluster(clusterName="main")
    lab.simulator.add_instance("main", region="eu-west-1")
    provide(lab.simulator, "eu-west-1", lab.wish().externals)
    converges(lab)
    edit(lab, "desiredCount: 1", "desiredCount: 2")
    converges(lab)
    edit(lab, "shop:1", "shop:2")
    assert {change.blocked.code for change in lab.plan().changes if change.blocked} == {"ImageNotFound"}
    image(lab.simulator, f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop:2")
    converges(lab)
    edit(lab, "  desiredCount: 2", "  desiredCount: 2\n  capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT}]")
    edit(lab, "networkMode: awsvpc", "networkMode: awsvpc\n  cpu: 256\n  memory: 512\n  requiresCompatibilities: [FARGATE]")
    lab.apply()
    return lab


def a_role_for_ecs() -> Policed:
    """The role of the older kind, by which ECS speaks to a load balancer in the name of a service."""
    lab = lab_with(f"{SHOP}".replace("desiredCount: 1", "desiredCount: 1, role: ecsServiceRole"))
    lab.preflight = Preflight.NONE
    lab.apply()
    return lab


def a_namespace() -> Policed:
    connect = "desiredCount: 2, serviceConnectConfiguration: {enabled: true, namespace: shop}"
    lab = lab_with(SHOP.replace("desiredCount: 2", connect))
    lab.simulator.client("servicediscovery", region="eu-west-1").create_http_namespace(Name="shop")
    lab.apply()
    lab.plan()
    return lab


PLAYS: dict[str, Callable[[], Policed]] = {
    **{f"a sample of {name}": lambda name=name: sample(name) for name in MANAGED},
    **{it.__name__: lambda at=at: change_of_the_shop(at) for at, it in enumerate(CHANGES_OF_THE_SHOP) if it is not nothing},
    **{
        play.__name__: play
        for play in (
            adoption, everything_goes, replaced, a_job_that_ends, a_job_that_runs_too_long, a_crash, retention,
            a_target_that_does_not_answer, a_crash_after_it_counted_as_done, the_ways_of_a_secret, a_rotated_secret,
            a_secret_of_sops, a_secret_by_its_arn, a_group_with_a_key, what_git_says_no_more, lookups, what_it_names_outside, a_role_for_ecs,
            a_namespace,
        )
    },
}  # fmt: skip


@cache
def played(name: str) -> tuple[Gate, Gate, Plan]:
    """What was asked of IAM, then by a role that only plans, and its plan. Played once a process, whoever asks."""
    lab = PLAYS[name]()
    looking = Policed(dict(lab.files), lab.simulator, preflight=lab.preflight, plan_only=True)
    plan = looking.plan()
    return lab.gate, looking.gate, plan


@pytest.mark.parametrize("name", PLAYS)
def test_it_is_enough(name):
    gate, *_ = played(name)
    assert gate.refused == []
    assert gate.checked


def test_nothing_of_it_is_superfluous():
    gates = [played(name)[0] for name in PLAYS]
    offered = set().union(*(gate.offered for gate in gates))
    assert offered - set().union(*(gate.used for gate in gates)) == set()


@pytest.mark.parametrize("name", PLAYS)
def test_who_only_plans_sees_everything(name):
    _, gate, plan = played(name)
    assert gate.refused == []
    assert gate.checked
    assert not [change.key for change in plan.changes if change.observed and change.observed.error]
    assert not [problem for problem in plan.warnings if problem.code in ("not-checked", "inventory-not-read")]


def test_who_only_plans_writes_nothing():
    lab = lab_with(SHOP, plan_only=True)
    assert lab.apply(timeout=60).ending is not CONVERGED
    assert lab.simulator.writes() == []
    assert {"ecs:CreateCluster", "logs:CreateLogGroup"} <= {need.action for need in lab.gate.refused}


@pytest.mark.parametrize(
    "without", ["ecs:CreateService", "ecs:RegisterTaskDefinition", "ecs:DescribeServices", "ecs:TagResource", "logs:CreateLogGroup"]
)
def test_without_one_action_of_it_the_same_does_not_converge(without):
    lab = lab_with(SHOP)
    lab.without = without
    assert lab.apply(timeout=120).ending is not CONVERGED
    assert without in {need.action for need in lab.gate.refused}


def test_without_the_roles_no_definition_is_registered():
    lab = lab_with(SHOP.replace("spec:\n", "spec:\n  executionRoleArn: exec\n", 1))
    role(lab.simulator, "exec")
    lab.without = "iam:PassRole"
    assert lab.apply(timeout=120).ending is not CONVERGED
    [need] = {(need.action, need.resource) for need in lab.gate.refused}
    assert need == ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/exec")


def test_a_role_that_was_not_named_when_it_was_printed_is_out_of_reach():
    """A policy that was printed before a manifest named a mightier role does not let it be used."""
    lab = lab_with(SHOP)
    converges(lab)
    printed = lab.gate.policies
    edit(lab, "metadata: {name: web}\nspec:\n  container", "metadata: {name: web}\nspec:\n  taskRoleArn: admin\n  container")
    role(lab.simulator, "admin")
    lab.policies = lambda made: printed
    assert lab.apply(timeout=120).ending is not CONVERGED
    assert {need.resource for need in lab.gate.refused if need.action == "iam:PassRole"} == {f"arn:aws:iam::{ACCOUNT}:role/admin"}

