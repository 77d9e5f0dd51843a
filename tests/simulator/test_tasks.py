"""Tasks are listed and described as AWS does."""

import pytest

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}}


def test_a_fargate_task_passes_the_states_in_order(ecs, sim, define, fargate):
    define(**fargate)
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
    )
    sim.advance(2)
    arn = ecs.list_tasks(cluster="main")["taskArns"][0]
    states = []
    for _ in range(600):
        task = ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0]
        if not states or states[-1] != task["lastStatus"]:
            states.append(task["lastStatus"])
        if task["lastStatus"] == "RUNNING" and task["desiredStatus"] == "RUNNING":
            ecs.update_service(cluster="main", service="web", desiredCount=0)
        sim.advance(0.5)
    assert states == ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    assert (task["stopCode"], task["desiredStatus"]) == ("ServiceSchedulerInitiated", "STOPPED")
    assert task["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")
    times = [
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "executionStoppedAt",
        "stoppedAt",
    ]
    assert [task[t] for t in times] == sorted(task[t] for t in times)


def test_a_fargate_task_has_its_interface_platform_and_sizes(ecs, service, define, fargate):
    define(**fargate)
    service(taskDefinition="web", launchType="FARGATE", networkConfiguration=NETWORK)
    arns = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]
    assert {d["value"] for t in tasks for d in t["attachments"][0]["details"] if d["name"] == "subnetId"} == {
        "subnet-1",
        "subnet-2",
    }
    task = tasks[0]
    assert (task["cpu"], task["memory"], task["platformVersion"], task["launchType"]) == (
        "256",
        "512",
        "1.4.0",
        "FARGATE",
    )
    assert task["startedBy"].startswith("ecs-svc/")
    assert task["group"] == "service:web"
    assert task["taskArn"].split("/")[1] == "main"
    assert "containerInstanceArn" not in task
    assert task["containers"][0]["imageDigest"].startswith("sha256:")


def test_list_filters(ecs, service, define, refused):
    service()
    service("api", desiredCount=1)
    deployment = service()["deployments"][0]["id"]

    def count(**filters):
        return len(ecs.list_tasks(cluster="main", **filters)["taskArns"])

    assert count() == 3
    assert count(serviceName="web") == 2
    assert count(family="api") == 1
    assert count(startedBy=deployment) == 2
    assert count(launchType="FARGATE") == 0
    assert count(desiredStatus="STOPPED") == 0
    assert count(serviceName="web", desiredStatus="STOPPED") == 0
    with refused("InvalidParameterException", "startedBy"):
        count(startedBy=deployment, family="web")
    with refused("ServiceNotFoundException"):
        count(serviceName="nope")
    pages = ecs.get_paginator("list_tasks").paginate(cluster="main", PaginationConfig={"PageSize": 2})
    assert [len(p["taskArns"]) for p in pages] == [2, 1]


def test_describe_tells_what_is_missing_and_takes_a_hundred(ecs, service, refused):
    service()
    arn = ecs.list_tasks(cluster="main")["taskArns"][0]
    answer = ecs.describe_tasks(cluster="main", tasks=[arn, arn.rpartition("/")[2], "0" * 32])
    assert [t["taskArn"] for t in answer["tasks"]] == [arn, arn]
    assert answer["failures"][0]["reason"] == "MISSING"
    for wrong in ([], ["a"] * 101):
        with refused("InvalidParameterException"):
            ecs.describe_tasks(cluster="main", tasks=wrong)


@pytest.mark.parametrize("reference", ["0" * 32, "arn:aws:ecs:us-east-1:123456789012:task/main/" + "0" * 32])
def test_an_unknown_task_cannot_be_stopped(ecs, refused, reference):
    with refused("InvalidParameterException", "not found"):
        ecs.stop_task(cluster="main", task=reference)
