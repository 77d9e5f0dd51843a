"""Where moto's ECS is known to be right, the simulator says the same.

What moto drops, ignores or never does (rollouts, paging, limits, idempotency) is not asked here; nor where it is known
to differ: a family's name means its latest ACTIVE revision, a deleted cluster is not listed, the ARN of a missing
service has its cluster in it, a task definition without containers is refused, ACTIVE services are counted.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from reconciler.simulator import Simulator

CONTAINER = {"name": "app", "image": "nginx", "memory": 128}
FARGATE = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}


def picked(value: Any, *names: str) -> dict[str, Any]:
    return {name: value.get(name) for name in names}


def code(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def clusters(ecs: Any) -> Iterator[Any]:
    made = ecs.create_cluster(clusterName="main")["cluster"]
    yield picked(made, "clusterArn", "clusterName", "status")
    found = ecs.describe_clusters(clusters=["main", "nope"])
    yield [
        picked(c, "clusterArn", "status", "runningTasksCount", "pendingTasksCount", "activeServicesCount")
        for c in found["clusters"]
    ]
    yield [picked(f, "arn", "reason") for f in found["failures"]]
    yield ecs.list_clusters()["clusterArns"]
    yield ecs.delete_cluster(cluster="main")["cluster"]["status"]


def unknown_things(ecs: Any) -> Iterator[Any]:
    yield code(ecs.delete_cluster, cluster="nope")
    yield code(ecs.list_services, cluster="nope")
    yield code(ecs.list_tasks, cluster="nope")
    yield code(ecs.describe_services, cluster="nope", services=["web"])
    yield code(ecs.update_service, cluster="nope", service="web")
    yield code(ecs.describe_task_definition, taskDefinition="nope")
    ecs.create_cluster(clusterName="main")
    yield code(ecs.update_service, cluster="main", service="nope", desiredCount=1)
    yield code(ecs.delete_service, cluster="main", service="nope")
    yield code(ecs.create_service, cluster="main", serviceName="a", taskDefinition="nope", desiredCount=0)
    found = ecs.describe_services(cluster="main", services=["nope"])
    yield found["services"], [f["reason"] for f in found["failures"]]


def revisions(ecs: Any) -> Iterator[Any]:
    for _ in range(3):
        made = ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER])["taskDefinition"]
        yield picked(made, "taskDefinitionArn", "family", "revision", "status")
    ecs.register_task_definition(family="web-2", containerDefinitions=[CONTAINER])
    yield ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"]
    yield ecs.describe_task_definition(taskDefinition="web:2")["taskDefinition"]["revision"]
    yield ecs.deregister_task_definition(taskDefinition="web:3")["taskDefinition"]["status"]
    yield ecs.describe_task_definition(taskDefinition="web:3")["taskDefinition"]["status"]
    yield ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"]
    yield sorted(ecs.list_task_definition_families()["families"])
    yield ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER])["taskDefinition"]["revision"]


def fargate_definitions(ecs: Any) -> Iterator[Any]:
    made = ecs.register_task_definition(family="f", containerDefinitions=[{"name": "a", "image": "i"}], **FARGATE)
    yield picked(made["taskDefinition"], "networkMode", "cpu", "memory", "requiresCompatibilities")


def refused_definitions(ecs: Any) -> Iterator[Any]:
    for containers in ([{"name": "a", "memory": 128}], [{"name": "a", "image": "i"}]):
        yield code(ecs.register_task_definition, family="bad", containerDefinitions=containers) != "ok"


def deletions(ecs: Any) -> Iterator[Any]:
    ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER])
    yield ecs.delete_task_definitions(taskDefinitions=["web:1"])["failures"] != []
    ecs.deregister_task_definition(taskDefinition="web:1")
    yield ecs.delete_task_definitions(taskDefinitions=["web:1"])["failures"]


def tags(ecs: Any) -> Iterator[Any]:
    both = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    ecs.create_cluster(clusterName="main")
    definition = ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER], tags=both)
    service = ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=0, tags=both)
    for arn in (definition["taskDefinition"]["taskDefinitionArn"], service["service"]["serviceArn"]):
        yield ecs.list_tags_for_resource(resourceArn=arn)["tags"]
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "3"}, {"key": "c", "value": "4"}])
        yield sorted(ecs.list_tags_for_resource(resourceArn=arn)["tags"], key=lambda t: t["key"])
        ecs.untag_resource(resourceArn=arn, tagKeys=["a", "c", "nope"])
        yield ecs.list_tags_for_resource(resourceArn=arn)["tags"]
    found = ecs.describe_services(cluster="main", services=["web"])["services"][0]
    yield found.get("tags", [])
    yield ecs.describe_services(cluster="main", services=["web"], include=["TAGS"])["services"][0]["tags"]
    yield ecs.describe_task_definition(taskDefinition="web", include=["TAGS"])["tags"]


def services(ecs: Any) -> Iterator[Any]:
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER])
    made = ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=0)["service"]
    yield picked(
        made, "serviceArn", "serviceName", "clusterArn", "status", "desiredCount", "taskDefinition", "launchType"
    )
    yield ecs.list_services(cluster="main")["serviceArns"]
    yield [picked(d, "status", "desiredCount", "taskDefinition") for d in made["deployments"]]


SCRIPTS = [clusters, unknown_things, revisions, fargate_definitions, refused_definitions, deletions, tags, services]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.__name__)
def test_moto_and_the_simulator_agree(script, monkeypatch):
    from moto import mock_aws

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        theirs = list(script(boto3.client("ecs", region_name="us-east-1")))
    ours = list(script(Simulator().client("ecs")))
    assert ours == theirs
