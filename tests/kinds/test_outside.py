"""What specs name and no manifest can declare: read in batches, absent told from not allowed to look."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS, OUTSIDE
from reconciler.model.errors import Denied, NotFound
from reconciler.model.key import Key
from reconciler.model.observed import Wanted
from tests.builders import FakeReader

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
MINE = {"Account": "123456789012"}


def denied(operation):
    return Denied("not authorized", operation=operation, action=operation, code="AccessDenied")


def gone(operation):
    return NotFound("there is none", operation=operation, code="NotFound")


def looked(kind, read, *names):
    wanted = [Wanted(Key("", kind, name), None, owned=(name,)) for name in names]
    return {seen.key.name: seen for seen in OUTSIDE[kind].observe(read, wanted)}


def fails_as_a_whole(member, missing, operation, items):
    """A call that knows nothing of all its names when one is missing."""

    def answer(params):
        return gone(operation) if missing & {_plain(name) for name in params[member]} else items(params[member])

    return answer


def _plain(name):
    return next(iter(name.values())) if isinstance(name, dict) else name


def test_they_are_no_kinds_of_manifests():
    assert not set(OUTSIDE) & set(KINDS)


# images


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"{REGISTRY}/shop:1", True),
        (f"{REGISTRY}/team/shop", True),
        (f"{REGISTRY}/shop@sha256:{'a' * 64}", True),
        (f"{REGISTRY}/shop:1@sha256:{'a' * 64}", True),
        ("shop:1", False),
        ("public.ecr.aws/nginx/nginx:1", False),
        ("docker.io/library/nginx:1", False),
        ("ghcr.io/owner/shop:1", False),
    ],
)
def test_only_images_of_a_private_ecr_registry_are_asked_about(text, asked):
    assert (OUTSIDE["Image"].named(text) is not None) is asked


def test_images_are_asked_for_by_repository_and_alone_when_one_of_them_is_missing():
    read = FakeReader(
        DescribeImages=fails_as_a_whole("imageIds", {"2"}, "ecr:DescribeImages", lambda ids: {"imageDetails": ids}),
        GetCallerIdentity=MINE,
        DescribePullThroughCacheRules={"pullThroughCacheRules": []},
    )
    found = looked("Image", read, f"{REGISTRY}/shop:1", f"{REGISTRY}/shop:2", f"{REGISTRY}/blog:1", f"{REGISTRY}/blog")
    assert {name.rpartition("/")[2]: seen.present for name, seen in found.items()} == {
        "shop:1": True,
        "shop:2": False,
        "blog:1": True,
        "blog": True,
    }
    asked = [(it["repositoryName"], [_plain(one) for one in it["imageIds"]]) for it in read.params("DescribeImages")]
    assert asked == [("shop", ["1", "2"]), ("blog", ["1", "latest"]), ("shop", ["1"]), ("shop", ["2"])]
    assert read.times("GetCallerIdentity") == 1


def test_a_digest_counts_more_than_the_tag_before_it():
    read = FakeReader(DescribeImages={"imageDetails": []})
    looked("Image", read, f"{REGISTRY}/shop:1@sha256:{'a' * 64}")
    [asked] = read.params("DescribeImages")
    assert asked["imageIds"] == [{"imageDigest": f"sha256:{'a' * 64}"}]


def test_images_are_asked_for_in_the_region_of_their_registry():
    read = FakeReader(DescribeImages={"imageDetails": []})
    looked("Image", read, f"{REGISTRY}/shop:1", f"{REGISTRY.replace('eu-west-1', 'us-east-1')}/shop:1")
    assert sorted(str(region) for _, _, region in read.asked) == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize(
    ("account", "rules", "seen_as"),
    [
        ("123456789012", [], "absent"),
        ("999999999999", [], "unknown"),
        ("123456789012", ["quay"], "absent"),
        ("123456789012", ["docker-hub"], "present"),
        ("123456789012", ["ROOT"], "present"),
        ("123456789012", denied("ecr:DescribePullThroughCacheRules"), "unknown"),
    ],
)
def test_an_image_that_is_not_there_may_be_anothers_or_come_with_the_first_pull(account, rules, seen_as):
    listed = {"pullThroughCacheRules": [{"ecrRepositoryPrefix": it} for it in rules]} if isinstance(rules, list) else 0
    read = FakeReader(
        DescribeImages=gone("ecr:DescribeImages"),
        GetCallerIdentity={"Account": account},
        DescribePullThroughCacheRules=listed or rules,
    )
    [seen] = looked("Image", read, f"{REGISTRY}/docker-hub/nginx:1").values()
    assert ("unknown" if seen.error else "present" if seen.present else "absent") == seen_as


def test_images_that_may_not_be_looked_at_are_not_taken_for_missing():
    read = FakeReader(DescribeImages=denied("ecr:DescribeImages"))
    [seen] = looked("Image", read, f"{REGISTRY}/shop:1").values()
    assert isinstance(seen.error, Denied)
    assert read.times("GetCallerIdentity") == 0


# roles


def role(name, account="123456789012", **principal):
    statement = {"Effect": "Allow", "Principal": principal or {"Service": "ecs-tasks.amazonaws.com"}}
    document = {"Statement": [statement]}
    return {"Role": {"Arn": f"arn:aws:iam::{account}:role/{name}", "AssumeRolePolicyDocument": document}}


def test_a_role_is_found_by_name_or_arn_and_tells_whom_it_trusts():
    read = FakeReader(GetRole=lambda params: role(params["RoleName"]))
    found = looked("Role", read, "app", "arn:aws:iam::123456789012:role/path/of/app")
    assert [seen.spec["trusts"] for seen in found.values()] == [["ecs-tasks.amazonaws.com"]] * 2
    assert [params["RoleName"] for params in read.params("GetRole")] == ["app", "app"]


@pytest.mark.parametrize(
    ("said", "answer", "seen_as"),
    [
        ("app", gone("iam:GetRole"), "absent"),
        ("arn:aws:iam::123456789012:role/app", gone("iam:GetRole"), "absent"),
        ("arn:aws:iam::999999999999:role/app", gone("iam:GetRole"), "unknown"),
        ("arn:aws:iam::999999999999:role/app", role("app"), "unknown"),  # a namesake of ours
        ("app", denied("iam:GetRole"), "unknown"),
    ],
)
def test_a_role_of_another_account_is_not_taken_for_ours(said, answer, seen_as):
    read = FakeReader(GetRole=answer, GetCallerIdentity=MINE)
    [seen] = looked("Role", read, said).values()
    assert ("unknown" if seen.error else "present" if seen.present else "absent") == seen_as


# target groups and networks

TG = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup"


def test_target_groups_are_asked_for_together_and_alone_when_one_of_them_is_missing():
    def groups(arns):
        return {"TargetGroups": [{"TargetGroupArn": arn, "TargetType": "ip", "LoadBalancerArns": []} for arn in arns]}

    missing = f"{TG}/gone/1"
    read = FakeReader(
        DescribeTargetGroups=fails_as_a_whole("TargetGroupArns", {missing}, "elbv2:DescribeTargetGroups", groups)
    )
    found = looked("TargetGroup", read, f"{TG}/web/1", missing)
    assert found[f"{TG}/web/1"].spec == {"name": f"{TG}/web/1", "targetType": "ip", "loadBalancerArns": []}
    assert (found[missing].present, found[missing].error) == (False, None)
    assert read.times("DescribeTargetGroups") == 3


def test_subnets_are_found_by_a_filter_two_hundred_a_call():
    def answer(params):
        [one] = params["Filters"]
        assert one["Name"] == "subnet-id"
        return {"Subnets": [{"SubnetId": name, "VpcId": "vpc-1"} for name in one["Values"] if name != "subnet-7"]}

    read = FakeReader(DescribeSubnets=answer)
    found = looked("Subnet", read, *(f"subnet-{number}" for number in range(250)))
    assert [name for name, seen in found.items() if not seen.present] == ["subnet-7"]
    assert read.times("DescribeSubnets") == 2


def test_security_groups_that_may_not_be_looked_at_are_not_taken_for_missing():
    read = FakeReader(DescribeSecurityGroups=denied("ec2:DescribeSecurityGroups"))
    found = looked("SecurityGroup", read, "sg-1", "sg-2")
    assert [type(seen.error) for seen in found.values()] == [Denied, Denied]


# capacity


@pytest.mark.parametrize(
    ("provider", "grows"),
    [
        ({}, True),
        ({"managedInstancesProvider": {}}, True),
        ({"autoScalingGroupProvider": {"managedScaling": {"status": "ENABLED"}}}, True),
        ({"autoScalingGroupProvider": {"managedScaling": {"status": "DISABLED"}}}, False),
        ({"autoScalingGroupProvider": {}}, False),
    ],
)
def test_a_capacity_provider_says_whether_it_brings_instances(provider, grows):
    read = FakeReader(DescribeCapacityProviders={"capacityProviders": [{"name": "nodes", **provider}]})
    found = looked("CapacityProvider", read, "nodes", "gone")
    assert found["nodes"].spec == {"name": "nodes", "grows": grows}
    assert not found["gone"].present


def resources(cpu, memory, *ports):
    numbers = [{"name": "CPU", "integerValue": cpu}, {"name": "MEMORY", "integerValue": memory}]
    return [*numbers, {"name": "PORTS", "stringSetValue": list(ports)}, {"name": "PORTS_UDP", "stringSetValue": []}]


def test_instances_are_described_a_hundred_a_call_and_lost_ones_are_left_out():
    def describe(params):
        return {
            "containerInstances": [
                {
                    "containerInstanceArn": arn,
                    "ec2InstanceId": arn.rpartition("/")[2],
                    "agentConnected": not arn.endswith("/7"),
                    "registeredResources": resources(2048, 7680, "22"),
                    "remainingResources": resources(1024, 512, "22", "8080"),
                    "attributes": [{"name": "ecs.instance-type", "value": "m5.large"}],
                }
                for arn in params["containerInstances"]
            ]
        }

    arns = [f"arn:aws:ecs:eu-west-1:123456789012:container-instance/main/{number}" for number in range(150)]
    read = FakeReader(ListContainerInstances=arns, DescribeContainerInstances=describe)
    [seen] = looked("Instances", read, "main").values()
    instances = seen.spec["instances"]
    assert (len(instances), read.times("DescribeContainerInstances")) == (149, 2)
    assert instances[0]["left"] == {"cpu": 1024, "memory": 512, "ports": ["tcp:22", "tcp:8080"]}
    assert (instances[0]["id"], instances[0]["type"]) == ("0", "m5.large")


def test_a_cluster_that_is_not_there_has_no_instances_to_speak_of():
    read = FakeReader(ListContainerInstances=gone("ecs:ListContainerInstances"))
    [seen] = looked("Instances", read, "main").values()
    assert (seen.present, seen.error) == (False, None)
