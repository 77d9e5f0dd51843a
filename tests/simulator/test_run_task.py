"""RunTask, StartTask, and how tasks are listed and described when no service owns them."""

import pytest

from reconciler.simulator import AwsError, Settings, Simulator

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}}


@pytest.fixture
def sim():
    simulator = Simulator(Settings())
    simulator.ask("CreateCluster")
    register(simulator)
    return simulator


def register(sim, family="job", **members):
    container = {"name": "app", "image": "nginx", "memory": 128, "cpu": 10} | members.pop("container", {})
    sim.ask("RegisterTaskDefinition", family=family, containerDefinitions=[container], **members)


def run(sim, **params):
    return sim.ask("RunTask", **({"taskDefinition": "job"} | params))


def refused(sim, text, operation="RunTask", code="InvalidParameterException", **params):
    with pytest.raises(AwsError) as caught:
        sim.ask(operation, **({"taskDefinition": "job"} if operation == "RunTask" else {}) | params)
    assert (caught.value.code, text in caught.value.message) == (code, True), caught.value
    return caught.value


def described(sim, arn, **params):
    return sim.ask("DescribeTasks", tasks=[arn], **params)["tasks"][0]


def test_a_job_runs_to_its_end(sim):
    sim.script("job", exits=0, after=30)
    task = run(sim, startedBy="deploy/42", tags=[{"key": "a", "value": "b"}])["tasks"][0]
    assert (task["lastStatus"], task["desiredStatus"], task["group"]) == ("PENDING", "RUNNING", "family:job")
    assert (task["startedBy"], task["tags"]) == ("deploy/42", [{"key": "a", "value": "b"}])
    sim.settle()
    done = described(sim, task["taskArn"])
    assert (done["lastStatus"], done["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert done["containers"][0]["exitCode"] == 0
    assert done["tags"] == []
    assert described(sim, task["taskArn"], include=["TAGS"])["tags"] == [{"key": "a", "value": "b"}]
    order = [
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "executionStoppedAt",
        "stoppedAt",
    ]
    assert [done[t] for t in order] == sorted(done[t] for t in order)


def test_overrides_are_told_and_counted(sim):
    overrides = {"containerOverrides": [{"name": "app", "command": ["migrate"], "memory": 256}], "cpu": "64"}
    task = run(sim, overrides=overrides)["tasks"][0]
    assert task["overrides"]["containerOverrides"] == overrides["containerOverrides"]
    assert task["cpu"] == "64"


def test_a_fargate_task_has_its_interface(sim):
    register(sim, "far", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512")
    task = run(sim, taskDefinition="far", launchType="FARGATE", networkConfiguration=NETWORK)["tasks"][0]
    sim.advance(60)
    task = described(sim, task["taskArn"])
    assert (task["launchType"], task["lastStatus"], task["platformVersion"]) == ("FARGATE", "RUNNING", "1.4.0")
    (attachment,) = task["attachments"]
    assert (attachment["type"], attachment["status"]) == ("ElasticNetworkInterface", "ATTACHED")
    address = {d["name"]: d["value"] for d in attachment["details"]}["privateIPv4Address"]
    assert task["containers"][0]["networkInterfaces"] == [
        {"attachmentId": attachment["id"], "privateIpv4Address": address}
    ]
    assert task["containers"][0]["imageDigest"].startswith("sha256:")


WRONG = [
    ({"count": 11}, "Count must be between 1 and 10"),
    ({"count": 0}, "Count must be between 1 and 10"),
    ({"startedBy": "a b"}, "startedBy"),
    ({"startedBy": "a" * 129}, "startedBy"),
    ({"networkConfiguration": NETWORK}, "Network Configuration is not valid"),
    ({"launchType": "FARGATE"}, "does not support launch_type FARGATE"),
    ({"propagateTags": "SERVICE"}, "SERVICE option"),
    ({"group": "service:web"}, "cannot begin with service:"),
    ({"overrides": {"containerOverrides": [{"name": "x"}]}}, "is not a container in the TaskDefinition"),
    ({"clientToken": "a" * 65}, "clientToken"),
    ({"clientToken": "a b"}, "clientToken"),
    ({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "Specifying both"),
    ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "not associated with the cluster"),
]


@pytest.mark.parametrize(("params", "says"), WRONG)
def test_what_aws_refuses_is_refused(sim, params, says):
    refused(sim, says, **params)
    assert sim.ask("ListTasks")["taskArns"] == []


def test_an_awsvpc_task_needs_a_network(sim):
    register(sim, "far", networkMode="awsvpc")
    refused(sim, "Network Configuration must be provided", taskDefinition="far")


def test_a_token_gives_the_same_task_for_a_day(sim):
    """ECS API reference, "Ensuring idempotency": scope cluster, up to 24 hours, ConflictException with resourceIds."""
    sim.ask("CreateCluster", clusterName="other")
    first = run(sim, clientToken="t1", count=2)["tasks"]
    again = run(sim, clientToken="t1", count=2)["tasks"]
    assert [t["taskArn"] for t in again] == [t["taskArn"] for t in first]
    assert len(sim.ask("ListTasks")["taskArns"]) == 2
    elsewhere = run(sim, clientToken="t1", count=2, cluster="other")["tasks"]
    assert elsewhere[0]["taskArn"] not in [t["taskArn"] for t in first]
    conflict = refused(sim, "client token", code="ConflictException", clientToken="t1", count=1)
    assert conflict.members["resourceIds"] == [t["taskArn"] for t in first]
    sim.advance(24 * 3600)
    assert run(sim, clientToken="t1", count=1)["tasks"][0]["taskArn"] not in [t["taskArn"] for t in first]


def test_a_token_whose_task_is_forgotten_is_a_conflict(sim):
    sim.script("job", exits=0)
    first = run(sim, clientToken="t1")["tasks"][0]["taskArn"]
    sim.advance(2 * 3600)
    conflict = refused(sim, "", code="ConflictException", clientToken="t1")
    assert conflict.members["resourceIds"] == [first]


# ECS API reference, ListTasks.
def test_lists_follow_their_filters(sim):
    register(sim, "other")
    mine = run(sim, startedBy="me")["tasks"][0]["taskArn"]
    theirs = run(sim, taskDefinition="other")["tasks"][0]["taskArn"]
    sim.advance(30)
    instance = described(sim, mine)["containerInstanceArn"]

    def lists(**params):
        return sorted(sim.ask("ListTasks", **params)["taskArns"])

    assert lists() == sorted([mine, theirs])
    assert lists(startedBy="me") == [mine]
    assert lists(family="other") == [theirs]
    assert lists(launchType="EC2") == sorted([mine, theirs])
    assert lists(launchType="FARGATE") == []
    assert lists(containerInstance=instance) == sorted([mine, theirs])
    assert lists(containerInstance=instance.rpartition("/")[2], family="other") == [theirs]
    assert lists(desiredStatus="PENDING") == []
    refused(sim, "startedBy", "ListTasks", startedBy="me", family="job")
    sim.ask("StopTask", task=mine, reason="enough")
    assert lists(startedBy="me") == []
    assert lists(desiredStatus="STOPPED") == [mine]
    assert (described(sim, mine)["stopCode"], described(sim, mine)["stoppedReason"]) == ("UserInitiated", "enough")


def test_a_stopped_task_is_described_for_an_hour(sim):
    arn = run(sim)["tasks"][0]["taskArn"]
    sim.ask("StopTask", task=arn)
    sim.advance(3590)
    assert described(sim, arn)["lastStatus"] == "STOPPED"
    sim.advance(20)
    assert sim.ask("DescribeTasks", tasks=[arn])["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_a_task_can_be_started_on_a_chosen_instance(sim):
    arn = sim.add_instance()
    seen = sim.ask("StartTask", taskDefinition="job", containerInstances=[arn, "0" * 32])
    assert [t["containerInstanceArn"] for t in seen["tasks"]] == [arn]
    assert [f["reason"] for f in seen["failures"]] == ["MISSING"]


# ECS developer guide, "Amazon ECS API failure reasons".
@pytest.mark.parametrize(
    ("instance", "job", "reason"),
    [
        ({"memory": 100}, {}, "RESOURCE:MEMORY"),
        ({"cpu": 5}, {}, "RESOURCE:CPU"),
        (
            {"ports": [8080]},
            {"container": {"portMappings": [{"containerPort": 80, "hostPort": 8080}]}},
            "RESOURCE:PORTS",
        ),
        (
            {},
            {"placementConstraints": [{"type": "memberOf", "expression": "attribute:disk == ssd"}]},
            "ATTRIBUTE",
        ),
    ],
)
def test_a_task_without_room_is_a_failure_with_the_closest_instance(sim, instance, job, reason):
    arn = sim.add_instance(**instance)
    register(sim, "tight", **job)
    seen = run(sim, taskDefinition="tight")
    assert (seen["tasks"], seen["failures"]) == ([], [{"arn": arn, "reason": reason}])


def test_an_agent_that_is_away_takes_no_task(sim):
    arn = sim.add_instance()
    sim.connect_agent(arn, False)
    assert run(sim)["failures"] == [{"arn": arn, "reason": "AGENT"}]


def test_a_cluster_without_instances_says_so():
    sim = Simulator(Settings(unlimited_capacity=False))
    sim.ask("CreateCluster")
    register(sim)
    assert run(sim)["failures"] == [{"reason": "No Container Instances were found in your cluster."}]


def test_fargate_can_be_full(sim):
    register(sim, "far", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512")
    sim.fargate_capacity(2)
    seen = run(sim, taskDefinition="far", launchType="FARGATE", networkConfiguration=NETWORK, count=3)
    assert len(seen["tasks"]) == 2
    assert [f["reason"] for f in seen["failures"]] == [
        "Capacity is unavailable at this time. Please try again later or in a different availability zone"
    ]
