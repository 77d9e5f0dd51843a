"""What an environment does not allow is held back before anything is planned, however it is written."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.reconcile import reconcile
from reconciler.engine.settle import draft, settle
from reconciler.kinds import KINDS
from reconciler.model.allow import Allow
from reconciler.model.image import in_full
from reconciler.model.status import Memory
from reconciler.source.revision import Revision
from tests.lab import ENVIRONMENT, SHOP, Lab, edit, shop

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/"


def allowing(lab: Lab, said: str) -> Lab:
    lab.files["environments/staging.yaml"] = ENVIRONMENT + f"  allow: {said}\n"
    return lab


def wish_of(lab: Lab, *allow: Allow, apps: tuple[str, ...] = ()):
    revision = Revision(None, {path: text.encode() for path, text in lab.files.items()})
    return draft(revision, "staging", KINDS, apps, allow).wish


def barred(lab: Lab, *allow: Allow) -> set[str]:
    wish = wish_of(lab, *allow)
    assert {it.code for it in wish.errors} <= {"not-allowed"}, wish.errors
    assert {it.key for it in wish.errors} <= wish.invalid
    return {str(key) for key in wish.invalid}


def image_allowed(image: str, *patterns: str) -> bool:
    lab = shop()
    edit(lab, "image: shop:1", f'image: "{image}"')
    return "shop/TaskDefinition/web" not in barred(lab, Allow(images=patterns))


def role_allowed(role: str, *patterns: str, member: str = "taskRoleArn") -> bool:
    lab = shop()
    edit(lab, "kind: TaskDefinition\nmetadata: {name: web}\nspec:\n", f'kind: TaskDefinition\nmetadata: {{name: web}}\nspec:\n  {member}: "{role}"\n')
    return "shop/TaskDefinition/web" not in barred(lab, Allow(roles=patterns))


def test_only_what_is_not_allowed_is_held_back_and_what_depends_on_it():
    lab = allowing(shop(), "{kinds: [Cluster, TaskDefinition, Service]}")
    [problem] = wish_of(lab).errors
    assert problem.message == "environment staging does not allow the kind LogGroup"
    assert problem.hint == "allowed are: Cluster, TaskDefinition, Service"
    assert str(problem.at).startswith("apps/shop/all.yaml:")
    assert problem.app == "shop"
    assert barred(lab) == {"shop/LogGroup/shop"}


def test_nothing_of_it_is_written_though_somebody_works_on_with_what_is_well():
    lab = allowing(shop(), f"{{images: ['{ECR}/*']}}")
    result = reconcile(lab.target(), lab.wish(), Memory())
    assert sorted(lab.writes()) == ["CreateCluster", "CreateLogGroup", "PutRetentionPolicy"]
    phases = {str(it.key): it.phase for it in result.status.resources}
    assert phases["shop/TaskDefinition/web"] == "Failed"
    assert phases["shop/Service/web"] in ("Blocked", "Failed")
    assert phases["shop/Cluster/main"] == "Ready"


def test_what_was_allowed_before_and_is_not_any_more_is_left_as_it_runs():
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    allowing(lab, "{kinds: [Cluster]}")
    plan = reconcile(lab.target(prune=True), lab.wish(), Memory()).plan
    assert lab.writes() == []
    assert not [it for it in plan.changes if it.action == "delete"]


@pytest.mark.parametrize(
    ("patterns", "held"),
    [
        (("apps/*",), False),
        (("apps/shop/all.yaml",), False),
        (("apps/shop",), True),
        (("apps/Shop/*",), True),
        (("apps/shopping/*",), True),
        ((), True),
    ],
)
def test_files_that_manifests_may_lie_in(patterns, held):
    assert bool(barred(shop(), Allow(paths=patterns))) is held


def test_a_file_of_one_app_that_speaks_of_another_is_still_that_file():
    lab = shop()
    lab.write("apps/evil/x.yaml", """
        apiVersion: reconciler/v1
        kind: Cluster
        metadata: {name: other, app: shop}
        """)
    assert barred(lab, Allow(paths=("apps/shop/*",))) == {"shop/Cluster/other"}


@pytest.mark.parametrize(
    ("image", "patterns", "expected"),
    [
        (f"{ECR}/shop:1", [f"{ECR}/*"], True),
        (f"{ECR}/shop@sha256:" + "0" * 64, [f"{ECR}/*"], True),
        (f"{ECR}/shop:1", [f"{ECR}/other*"], False),
        (f"{ECR}.evil.com/shop:1", [f"{ECR}/*"], False),
        (f"evil.com/{ECR}/shop:1", [f"{ECR}/*"], False),
        (f"{ECR}:443/shop:1", [f"{ECR}/*"], False),
        (f"{ECR.upper()}/shop:1", [f"{ECR}/*"], True),  # a host has no case
        (f"{ECR}/team/../other:1", [f"{ECR}/*"], False),  # no reference to an image
        (f"{ECR}/shop:1 ", [f"{ECR}/*"], False),
        ("nginx:1", ["nginx:*"], True),
        ("nginx:1", ["docker.io/library/nginx:*"], True),
        ("docker.io/nginx:1", ["docker.io/library/nginx:*"], True),
        ("index.docker.io/library/nginx:1", ["docker.io/library/nginx:*"], True),
        ("docker.io/library/nginx:1", ["nginx:*"], False),
        ("nginx", ["docker.io/library/nginx:latest"], True),
        ("evil/nginx:1", ["docker.io/library/*"], False),
        ("evil/nginx:1", ["library/*"], False),
        ("localhost/nginx:1", ["docker.io/*"], False),
        ("Nginx:1", ["nginx:*"], False),
        ("shop:1", [], False),
    ],
)
def test_images_are_matched_as_written_and_in_full(image, patterns, expected):
    assert image_allowed(image, *patterns) is expected


def test_sidecars_and_images_that_a_patch_adds_are_images_too():
    lab = shop()
    lab.files["environments/staging.yaml"] += """  allow: {images: ['shop:*']}
  patches:
    - select: {kind: TaskDefinition}
      spec:
        containerDefinitions:
          - {name: agent, image: "evil/agent:1", memory: 64}
"""
    [problem] = wish_of(lab).errors
    assert "evil/agent:1" in problem.message
    assert problem.path == "containerDefinitions[1].image"
    assert str(problem.at).startswith("environments/staging.yaml:")


@pytest.mark.parametrize(
    ("role", "patterns", "expected"),
    [
        (f"{ROLE}web", ["web"], True),
        (f"{ROLE}team/web", ["web"], True),
        (f"{ROLE}team/web", ["team/*"], True),
        (f"{ROLE}team/web", [f"{ROLE}team/*"], True),
        (f"{ROLE}web", [f"{ROLE}team/*"], False),
        (f"{ROLE}admin", ["web*"], False),
        (f"{ROLE}Web", ["web"], False),
        (f"{ROLE}web/admin", ["web"], False),
        ("arn:aws:iam::999999999999:role/web", ["web"], False),  # another account's
        ("arn:aws:iam::999999999999:role/web", ["arn:aws:iam::999999999999:role/*"], True),
        ("web", ["web"], True),
        ("web", [f"{ROLE}web"], False),  # a name says nothing of the path
        ("web", [], False),
        ("ref:shop/Cluster/main", ["*"], False),
        ("arn:aws:sts::123456789012:assumed-role/web/x", ["web"], False),
    ],
)
@pytest.mark.parametrize("member", ["taskRoleArn", "executionRoleArn"])
def test_roles_are_matched_by_arn_and_by_name(role, patterns, expected, member):
    assert role_allowed(role, *patterns, member=member) is expected


JOB = """
---
apiVersion: reconciler/v1
kind: Job
metadata: {name: once}
spec:
  cluster: main
  taskDefinition: web
  container: web
"""


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ("  overrides: {taskRoleArn: admin}\n", True),
        ("  overrides: {executionRoleArn: admin}\n", True),
        ("  overrides: {taskRoleArn: web}\n", False),
        ("  overrides: {containerOverrides: [{name: web, environment: [{name: role, value: admin}]}]}\n", False),
        ("  tags: [{key: role, value: admin}]\n", False),
    ],
)
def test_a_job_that_runs_with_another_role_names_one(more, held):
    lab = shop()
    lab.files["apps/shop/all.yaml"] += JOB + more
    assert ("shop/Job/once" in barred(lab, Allow(roles=("web",)))) is held


@pytest.mark.parametrize(
    "more",
    [
        ", role: admin",
        ", deploymentConfiguration: {lifecycleHooks: [{hookTargetArn: 'arn:aws:lambda:eu-west-1:123456789012:function:x', roleArn: admin, lifecycleStages: [PRE_SCALE_UP]}]}",
        ", volumeConfigurations: [{name: data, managedEBSVolume: {roleArn: admin, sizeInGiB: 1}}]",
    ],
)
def test_a_service_may_name_roles_in_many_places(more):
    lab = shop()
    edit(lab, "desiredCount: 2", "desiredCount: 2" + more)
    wish = wish_of(lab, Allow(roles=("web",)))
    assert "shop/Service/web" in {str(it.key) for it in wish.errors if it.code == "not-allowed"}


def test_labels_of_a_container_called_role_are_no_roles():
    lab = shop()
    edit(lab, "      memory: 256\n", "      memory: 256\n      dockerLabels: {role: admin, roleArn: admin}\n")
    assert barred(lab, Allow(roles=("web",))) == set()


@pytest.mark.parametrize("allow", [Allow(images=("*",)), Allow(roles=("*",))])
@pytest.mark.parametrize("revision", ["evil:7", "evil", "arn:aws:ecs:eu-west-1:123456789012:task-definition/evil:7", "web:3"])
def test_a_revision_that_no_manifest_declares_may_hold_anything(allow, revision):
    lab = shop()
    edit(lab, "{cluster: main, taskDefinition: web, desiredCount: 1}", f'{{cluster: main, taskDefinition: "{revision}", desiredCount: 1}}')
    assert "shop/Service/worker" in barred(lab, allow)
    assert barred(lab, Allow(kinds=("*",))) == set()


def test_environment_and_agent_both_have_to_allow():
    lab = allowing(shop(), "{images: ['shop:*'], kinds: ['*']}")
    assert barred(lab) == set()
    assert barred(lab, Allow(images=("*",))) == set()
    assert "shop/TaskDefinition/web" in barred(lab, Allow(images=("other:*",)))
    [problem] = wish_of(lab, Allow(images=("other:*",))).errors
    assert problem.message == "the agent of environment staging does not allow the image shop:1"


def test_what_is_looked_up_is_held_against_the_lists_once_it_is_known():
    lab = shop()
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(Name="/image", Value="evil/shop:1", Type="String")
    edit(lab, "image: shop:1", 'image: "${{ ssm./image }}"')
    made = draft(Revision(None, {path: text.encode() for path, text in lab.files.items()}), "staging", KINDS, (), [Allow(images=("shop:*",))])
    assert made.wish.errors == ()
    connected = lab.connect()
    wish = settle(made, connected.read, connected.lookups)
    assert "evil/shop:1" in wish.errors[0].message
    assert "shop/TaskDefinition/web" in {str(key) for key in wish.invalid}


def test_an_image_that_is_pinned_is_known_by_the_tag_that_it_was_written_with():
    lab = Lab()
    lab.app("shop", SHOP.replace("image: shop:1", f"image: {ECR}/shop:v1"))
    lab.files["environments/staging.yaml"] = ENVIRONMENT + "  policy: {images: pin}\n"
    ecr = lab.simulator.client("ecr", region="eu-west-1")
    ecr.create_repository(repositoryName="shop")
    ecr.put_image(repositoryName="shop", imageManifest='{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}', imageTag="v1")
    revision = Revision(None, {path: text.encode() for path, text in lab.files.items()})
    connected = lab.connect()
    for patterns, held in ((f"{ECR}/shop:v*", False), (f"{ECR}/shop:w*", True), (f"{ECR}/*", False)):
        wish = settle(draft(revision, "staging", KINDS, (), [Allow(images=(patterns,))]), connected.read, connected.lookups)
        assert ("shop/TaskDefinition/web" in {str(key) for key in wish.invalid}) is held
    assert "@sha256:" in next(it for it in wish.desired.values() if it.key.kind == "TaskDefinition").spec["containerDefinitions"][0]["image"]


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("team/app:1", "docker.io/team/app:1"),
        ("GHCR.io/team/app:1", "ghcr.io/team/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("app@sha256:" + "a" * 64, "docker.io/library/app@sha256:" + "a" * 64),
        ("app:1@sha256:" + "a" * 64, "docker.io/library/app:1@sha256:" + "a" * 64),
        ("", None),
        ("a b", None),
        ("app:1\n", None),
    ],
)
def test_an_image_in_full(image, full):
    assert in_full(image) == full
