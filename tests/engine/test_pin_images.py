"""Images pinned to digests: a moved tag is a planned rollout, a renamed one is not, and each is asked for once."""

from __future__ import annotations

import hashlib
import json

import pytest

from reconciler.engine.settle import draft, settle
from reconciler.model.errors import Severity
from reconciler.model.lookup import DENIED
from reconciler.simulator.fault import Fault
from tests.lab import ENVIRONMENT, Lab, actions, edit

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SHOP = f"""
apiVersion: reconciler/v1
kind: Cluster
metadata: {{name: main}}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: web}}
spec:
  containerDefinitions:
    - {{name: web, image: "{HOST}/shop:v1", memory: 128}}
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: web}}
spec: {{cluster: main, taskDefinition: web, desiredCount: 1}}
"""
PIN = ENVIRONMENT + "  policy: {images: pin}\n"


def push(lab: Lab, tag: str, content: str, repository: str = "shop", region: str = "eu-west-1") -> str:
    """The digest of what the tag now is."""
    ecr = lab.simulator.client("ecr", region=region)
    if repository not in [it["repositoryName"] for it in ecr.describe_repositories()["repositories"]]:
        ecr.create_repository(repositoryName=repository)
    digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "layers": [],
        "config": {"digest": digest},
    }
    ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag, imageDigest=digest)
    return digest


@pytest.fixture
def lab():
    made = Lab()
    made.write("environments/staging.yaml", PIN)
    made.app("shop", SHOP)
    return made


def definition(lab: Lab, name: str = "web"):
    answer = lab.ecs().describe_task_definition(taskDefinition=name, include=["TAGS"])
    [container] = answer["taskDefinition"]["containerDefinitions"]
    tags = {tag["key"]: tag["value"] for tag in answer["tags"]}
    return answer["taskDefinition"]["revision"], container["image"], tags.get("reconciler:image/web")


def asked(lab: Lab) -> list[list[str]]:
    return [
        sorted(it.get("imageTag") or it["imageDigest"] for it in call.params["imageIds"])
        for call in lab.simulator.calls
        if call.operation == "DescribeImages"
    ]


def containers(lab: Lab, **images: str) -> None:
    """A task definition of the app more with these containers."""
    inner = "".join(f"    - {{name: {name}, image: '{image}', memory: 64}}\n" for name, image in images.items())
    head = "apiVersion: reconciler/v1\nkind: TaskDefinition\nmetadata: {name: more}\nspec:\n  containerDefinitions:\n"
    lab.app("more", head + inner)


def test_a_revision_gets_the_image_by_its_digest_and_keeps_the_tag(lab):
    digest = push(lab, "v1", "a")
    lab.apply()
    assert definition(lab) == (1, f"{HOST}/shop@{digest}", "v1")
    lab.writes()
    assert lab.plan().empty
    lab.apply()
    assert lab.writes() == []


def test_without_the_policy_a_tag_is_a_tag_and_nobody_is_asked(lab):
    lab.write("environments/staging.yaml", ENVIRONMENT)
    push(lab, "v1", "a")
    lab.connect()
    lab.simulator.calls.clear()
    [image] = [str(item.spec["containerDefinitions"][0]["image"]) for key, item in lab.wish().desired.items()
               if key.kind == "TaskDefinition"]  # fmt: skip
    assert image == f"{HOST}/shop:v1"
    assert asked(lab) == []


def test_the_most_specific_word_wins(lab):
    edit(
        lab,
        "{name: web}\nspec:\n  containerDefinitions",
        "{name: web, policy: {images: tag}}\nspec:\n  containerDefinitions",
    )
    push(lab, "v1", "a")
    lab.apply()
    assert definition(lab) == (1, f"{HOST}/shop:v1", None)


def test_a_tag_that_has_moved_is_a_planned_rollout_that_says_why(lab):
    push(lab, "v1", "a")
    lab.apply()
    digest = push(lab, "v1", "b")
    plan = lab.plan()
    assert actions(plan) == {"shop/TaskDefinition/web": "update", "shop/Service/web": "update"}
    [note] = [change.note for change in plan.changes if change.key.kind == "TaskDefinition"]
    assert note == "v1 has moved in ECR: git is unchanged"
    lab.apply()
    assert definition(lab) == (2, f"{HOST}/shop@{digest}", "v1")
    assert lab.service("web")["taskDefinition"].endswith("web:2")


def test_a_release_is_no_moved_tag(lab):
    push(lab, "v1", "a")
    lab.apply()
    push(lab, "v2", "b")
    edit(lab, "shop:v1", "shop:v2")
    assert [change.note for change in lab.plan().changes] == ["", ""]
    push(lab, "v1", "c")
    edit(lab, "shop:v2", "shop:v1")
    edit(lab, "memory: 128", "memory: 256")
    assert [change.note for change in lab.plan().changes] == ["", ""]


def test_a_tag_of_another_name_for_the_same_image_is_tagged_and_rolls_nothing(lab):
    digest = push(lab, "v1", "a")
    lab.apply()
    assert push(lab, "v1.0", "a") == digest
    lab.writes()
    edit(lab, "shop:v1", "shop:v1.0")
    [change] = lab.plan().changes
    assert [(field.text, field.before, field.after) for field in change.fields] == [
        ("tags.reconciler:image/web", "v1", "v1.0")
    ]
    lab.apply()
    assert lab.writes() == ["TagResource"]
    assert definition(lab) == (1, f"{HOST}/shop@{digest}", "v1.0")
    assert lab.plan().empty


def test_a_digest_written_by_hand_takes_the_recorded_tag_away(lab):
    digest = push(lab, "v1", "a")
    lab.apply()
    lab.writes()
    edit(lab, "/shop:v1", f"/shop@{digest}")
    lab.apply()
    assert lab.writes() == ["UntagResource"]
    assert definition(lab) == (1, f"{HOST}/shop@{digest}", None)
    assert lab.plan().empty


def test_going_back_to_what_ran_before_is_the_revision_that_ran_before(lab):
    push(lab, "v1", "a")
    lab.apply()
    push(lab, "v2", "b")
    edit(lab, "shop:v1", "shop:v2")
    lab.apply()
    edit(lab, "shop:v2", "shop:v1")
    assert actions(lab.plan()) == {"shop/Service/web": "update"}
    lab.apply()
    assert lab.service("web")["taskDefinition"].endswith("web:1")


def test_one_image_that_many_use_is_asked_for_once_and_a_repository_in_one_call(lab):
    push(lab, "v1", "a")
    push(lab, "v2", "b")
    push(lab, "v1", "c", "other")
    containers(lab, web=f"{HOST}/shop:v1", two=f"{HOST}/shop:v2", three=f"{HOST}/other:v1", four=f"{HOST}/shop:v1")
    lab.connect()
    lab.simulator.calls.clear()
    assert not lab.wish().errors
    assert sorted(asked(lab)) == [["v1"], ["v1", "v2"]]


def test_no_tag_is_the_latest(lab):
    digest = push(lab, "latest", "a")
    edit(lab, "shop:v1", "shop")
    lab.apply()
    assert definition(lab) == (1, f"{HOST}/shop@{digest}", "latest")


def test_an_image_of_another_region_is_asked_for_there(lab):
    digest = push(lab, "v1", "a", region="us-west-2")
    host = HOST.replace("eu-west-1", "us-west-2")
    edit(lab, HOST, host)
    lab.apply()
    assert definition(lab)[1] == f"{host}/shop@{digest}"


def test_what_has_a_digest_or_is_ignored_is_left_alone(lab):
    containers(lab, web=f"public.ecr.aws/x/y@sha256:{'a' * 64}", two=f"{HOST}/shop:v1@sha256:{'b' * 64}")
    edit(lab, "{name: web}\nspec:\n  containerDefinitions",
         "{name: web, policy: {ignore: [containerDefinitions.web.image]}}\nspec:\n  containerDefinitions")  # fmt: skip
    lab.connect()
    lab.simulator.calls.clear()
    assert lab.wish().problems == ()
    assert asked(lab) == []


def test_an_image_of_another_registry_is_told_of_once_and_left_alone(lab):
    push(lab, "v1", "a")
    containers(lab, one="public.ecr.aws/x/agent:1", two="public.ecr.aws/x/agent:1")
    wish = lab.wish()
    [warning] = wish.problems
    assert (warning.severity, warning.code, str(warning.at)) == (
        Severity.WARNING,
        "not-pinned",
        "apps/more/all.yaml:6:26",
    )
    assert "public.ecr.aws/x/agent:1" in warning.message
    assert not wish.errors


@pytest.mark.parametrize("pushed", [False, True], ids=["no repository", "another tag"])
def test_an_image_that_is_not_there_holds_back_its_app_alone(lab, pushed):
    if pushed:
        push(lab, "v0", "a")
    push(lab, "v1", "a", "other")
    containers(lab, web=f"{HOST}/other:v1")
    wish = lab.wish()
    [problem] = wish.errors
    assert (problem.code, problem.app, problem.path) == ("unknown-image", "shop", "containerDefinitions[0].image")
    assert str(problem.at) == "apps/shop/all.yaml:11:26"
    assert [str(key) for key in wish.invalid] == ["shop/TaskDefinition/web"]
    assert "more/TaskDefinition/more" in {str(key) for key in wish.desired}


def test_a_registry_that_may_not_be_looked_at_is_told_with_the_permission(lab):
    push(lab, "v1", "a")
    lab.connect()
    lab.simulator.faults.add(Fault(what="denied", operation="DescribeImages", times=None))
    [problem] = lab.wish().errors
    assert (problem.code, problem.app) == (DENIED, "shop")
    assert "ecr:DescribeImages" in problem.hint


def test_an_image_that_the_first_pull_brings_is_left_by_its_tag(lab, monkeypatch):
    read = lab.connect().read
    pages = read.pages

    def rules(operation, params, items, **more):
        if operation == "ecr:DescribePullThroughCacheRules":
            return [{"ecrRepositoryPrefix": "hub"}]
        return pages(operation, params, items, **more)

    monkeypatch.setattr(read, "pages", rules)
    edit(lab, "/shop:v1", "/hub/library/nginx:1")
    wish = lab.wish()
    assert not wish.errors
    assert [problem.code for problem in wish.problems] == ["not-pinned"]


def test_of_another_app_no_image_is_asked_for(lab):
    push(lab, "v1", "a")
    containers(lab, web=f"{HOST}/none:v1")
    connected = lab.connect()
    lab.simulator.calls.clear()
    whole = lab.draft()
    wish = settle(draft(whole.revision, "staging", whole.kinds, ["shop"]), connected.read, connected.lookups)
    assert wish.errors == ()
    assert asked(lab) == [["v1"]]


def test_a_draft_asks_nobody(lab):
    lab.simulator.calls.clear()
    assert lab.draft().wish.problems == ()
    assert lab.simulator.calls == []
