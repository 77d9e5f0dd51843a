"""Tags on ECS resources, with AWS's limits, and the tagging API's view of everything."""

import pytest

TAGS = [{"key": "owner", "value": "a"}, {"key": "tier", "value": "web"}]


@pytest.fixture
def arns(ecs, service, define):
    seen = service()
    return {
        "cluster": seen["clusterArn"],
        "service": seen["serviceArn"],
        "task-definition": seen["taskDefinition"],
        "task": ecs.list_tasks(cluster="main")["taskArns"][0],
    }


@pytest.mark.parametrize("kind", ["cluster", "service", "task-definition", "task"])
def test_every_resource_is_tagged_and_untagged_by_arn(ecs, arns, kind):
    arn = arns[kind]
    ecs.tag_resource(resourceArn=arn, tags=TAGS)
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "owner", "value": "b"}])
    expected = [{"key": "owner", "value": "b"}, {"key": "tier", "value": "web"}]
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == expected
    ecs.untag_resource(resourceArn=arn, tagKeys=["tier", "never there"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == expected[:1]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:ecs:us-east-1:123456789012:cluster/nope", "ClusterNotFoundException"),
        ("arn:aws:ecs:us-east-1:123456789012:service/main/nope", "ResourceNotFoundException"),
        ("arn:aws:ecs:us-east-1:123456789012:service/web", "InvalidParameterException"),
        ("arn:aws:ecs:us-east-1:123456789012:task-definition/web:9", "InvalidParameterException"),
        ("arn:aws:ecs:us-east-1:123456789012:task/main/nope", "ResourceNotFoundException"),
        ("arn:aws:ecs:eu-west-1:123456789012:cluster/main", "InvalidParameterException"),
        ("web", "InvalidParameterException"),
    ],
)
def test_what_is_not_there_cannot_be_tagged(ecs, arns, refused, arn, code):
    with refused(code):
        ecs.tag_resource(resourceArn=arn, tags=TAGS)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([{"key": "aws:x", "value": ""}], "InvalidParameterException"),
        ([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], "InvalidParameterException"),
        ([{"key": "a", "value": "x" * 257}], "InvalidParameterException"),
        ([{"key": "a#", "value": ""}], "InvalidParameterException"),
        ([{"value": "x"}], "InvalidParameterException"),
    ],
)
def test_tags_have_limits(ecs, arns, refused, tags, code):
    with refused(code):
        ecs.tag_resource(resourceArn=arns["cluster"], tags=tags)


def test_a_resource_has_fifty_tags_at_most(ecs, arns, refused):
    fifty = [{"key": f"k{n}", "value": ""} for n in range(50)]
    ecs.tag_resource(resourceArn=arns["cluster"], tags=fifty)
    ecs.tag_resource(resourceArn=arns["cluster"], tags=[{"key": "k1", "value": "again"}])
    with refused("LimitExceededException"):
        ecs.tag_resource(resourceArn=arns["cluster"], tags=[{"key": "one more", "value": ""}])


@pytest.mark.parametrize(
    ("source", "owner"), [("SERVICE", "service"), ("TASK_DEFINITION", "definition"), ("NONE", None)]
)
def test_tasks_take_the_tags_they_were_told_to(ecs, service, define, source, owner):
    define(tags=[{"key": "from", "value": "definition"}])
    service(
        taskDefinition="web",
        tags=[{"key": "from", "value": "service"}],
        propagateTags=source,
        enableECSManagedTags=True,
    )
    arn = ecs.list_tasks(cluster="main")["taskArns"][0]
    task = ecs.describe_tasks(cluster="main", tasks=[arn], include=["TAGS"])["tasks"][0]
    tags = {t["key"]: t["value"] for t in task["tags"]}
    assert tags.pop("aws:ecs:serviceName") == "web"
    assert tags.pop("aws:ecs:clusterName") == "main"
    assert tags == ({"from": owner} if owner else {})
    assert ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0]["tags"] == []


@pytest.fixture
def tagging(sim):
    return sim.client("resourcegroupstaggingapi")


def found(answer):
    return [m["ResourceARN"].split(":", 5)[5] for m in answer["ResourceTagMappingList"]]


def test_one_view_shows_ecs_and_the_other_services(ecs, sim, arns, tagging):
    for arn in arns.values():
        ecs.tag_resource(resourceArn=arn, tags=TAGS)
    sim.client("logs").create_log_group(logGroupName="/app", tags={"owner": "a"})
    secret = sim.client("secretsmanager").create_secret(
        Name="db", SecretString="x", Tags=[{"Key": "owner", "Value": "b"}]
    )
    sim.client("ssm").put_parameter(Name="/p", Value="x", Type="String", Tags=[{"Key": "owner", "Value": "a"}])
    everything = found(tagging.get_resources())
    assert {e.partition("/")[0].partition(":")[0] for e in everything} == {
        "cluster",
        "service",
        "task-definition",
        "task",
        "log-group",
        "secret",
        "parameter",
    }
    kinds = {
        "ecs:service": ["service/main/web"],
        "ecs:task-definition": ["task-definition/web:1"],
        "ecs:cluster": ["cluster/main"],
        "logs:log-group": ["log-group:/app"],
        "secretsmanager:secret": [secret["ARN"].split(":", 5)[5]],
        "ssm:parameter": ["parameter/p"],
        "ssm": ["parameter/p"],
    }
    for kind, expected in kinds.items():
        assert found(tagging.get_resources(ResourceTypeFilters=[kind])) == expected
    owned = tagging.get_resources(TagFilters=[{"Key": "owner", "Values": ["b", "c"]}])
    assert found(owned) == kinds["secretsmanager:secret"]
    both = [{"Key": "owner", "Values": ["a"]}, {"Key": "tier"}]
    assert len(found(tagging.get_resources(TagFilters=both))) == 4
    assert found(tagging.get_resources(ResourceARNList=[arns["service"]])) == ["service/main/web"]
    assert tagging.get_tag_keys()["TagKeys"] == ["owner", "tier"]
    assert tagging.get_tag_values(Key="owner")["TagValues"] == ["a", "b"]


def test_pages_of_the_view(ecs, define, tagging, refused):
    for n in range(7):
        define(f"f{n}", tags=TAGS)
    pages = list(tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(found(p)) for p in pages] == [3, 3, 1]
    assert len({a for p in pages for a in found(p)}) == 7
    assert pages[-1]["PaginationToken"] == ""
    for wrong in (
        {"ResourcesPerPage": 101},
        {"ResourcesPerPage": 0},
        {"TagsPerPage": 150},
        {"PaginationToken": "x"},
        {"TagFilters": [{"Key": "a", "Values": ["v"] * 21}]},
        {"TagFilters": [{"Values": ["v"]}]},
        {"ResourceARNList": ["arn:aws:ecs:us-east-1:123456789012:cluster/main"], "ResourceTypeFilters": ["ecs"]},
    ):
        with refused("InvalidParameterException"):
            tagging.get_resources(**wrong)


def test_the_view_writes_tags_too_and_tells_what_failed(ecs, sim, arns, tagging):
    sim.client("logs").create_log_group(logGroupName="/app")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/app"
    gone = "arn:aws:ecs:us-east-1:123456789012:cluster/nope"
    answer = tagging.tag_resources(ResourceARNList=[arns["service"], group, gone], Tags={"x": "y"})
    assert list(answer["FailedResourcesMap"]) == [gone]
    failure = {"StatusCode": 400, "ErrorCode": "InvalidParameterException", "ErrorMessage": "Cluster not found."}
    assert answer["FailedResourcesMap"][gone] == failure
    assert ecs.list_tags_for_resource(resourceArn=arns["service"])["tags"] == [{"key": "x", "value": "y"}]
    assert len(found(tagging.get_resources(TagFilters=[{"Key": "x"}]))) == 2
    tagging.untag_resources(ResourceARNList=[arns["service"], group], TagKeys=["x"])
    assert found(tagging.get_resources(TagFilters=[{"Key": "x"}])) == []


def test_a_resource_that_lost_its_last_tag_is_still_listed(ecs, arns, tagging):
    ecs.tag_resource(resourceArn=arns["service"], tags=TAGS)
    ecs.untag_resource(resourceArn=arns["service"], tagKeys=["owner", "tier"])
    assert tagging.get_resources()["ResourceTagMappingList"] == [{"ResourceARN": arns["service"], "Tags": []}]


def test_deleted_services_are_gone_from_the_view(ecs, sim, arns, tagging):
    ecs.tag_resource(resourceArn=arns["service"], tags=TAGS)
    ecs.delete_service(cluster="main", service="web", force=True)
    sim.settle()
    assert found(tagging.get_resources()) == []
