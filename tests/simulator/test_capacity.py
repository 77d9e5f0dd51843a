"""Container instances, placement, capacity providers, draining, daemons, interruptions."""

import pytest

from reconciler.simulator import AwsError, ScriptError, Settings, Simulator

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/nodes"


@pytest.fixture
def sim():
    simulator = Simulator(Settings())
    simulator.broken = simulator.watch()
    simulator.ask("CreateCluster")
    return simulator


def register(sim, size=100, family="web", **members):
    container = {"name": "app", "image": "nginx", "memory": size, "cpu": 10} | members.pop("container", {})
    sim.ask("RegisterTaskDefinition", family=family, containerDefinitions=[container], **members)


def serve(sim, count=2, **members):
    wish = {"serviceName": "web", "taskDefinition": "web"}
    if members.get("schedulingStrategy") != "DAEMON":
        wish["desiredCount"] = count
    sim.ask("CreateService", **wish, **members)
    sim.settle()


def web(sim):
    return sim.ask("DescribeServices", services=["web"])["services"][0]


def instance(sim, arn):
    return sim.ask("DescribeContainerInstances", containerInstances=[arn])["containerInstances"][0]


def on(sim, arn):
    return instance(sim, arn)["runningTasksCount"]


def resources(seen, which="remainingResources"):
    return {r["name"]: r.get("integerValue") or r.get("stringSetValue") for r in seen[which]}


def test_a_cluster_nobody_gave_instances_to_has_room_for_everything(sim):
    (arn,) = sim.ask("ListContainerInstances")["containerInstanceArns"]
    register(sim, 30000)
    serve(sim, 50)
    assert (web(sim)["runningCount"], on(sim, arn)) == (50, 50)
    assert sim.ask("DescribeClusters")["clusters"][0]["registeredContainerInstancesCount"] == 1


def test_an_instance_tells_what_it_has_and_what_is_left(sim):
    arn = sim.add_instance(cpu=1024, memory=1000, ports=[9100], attributes={"disk": "ssd"}, zone="us-east-1c")
    register(sim, 300, container={"portMappings": [{"containerPort": 80, "hostPort": 8080}]})
    serve(sim, 1)
    seen = instance(sim, arn)
    assert (seen["status"], seen["agentConnected"], seen["runningTasksCount"]) == ("ACTIVE", True, 1)
    assert (resources(seen, "registeredResources")["CPU"], resources(seen)["CPU"]) == (1024, 1014)
    assert resources(seen)["MEMORY"] == 700
    assert "9100" in resources(seen)["PORTS"]
    assert "8080" in resources(seen)["PORTS"]
    attributes = {a["name"]: a.get("value") for a in seen["attributes"]}
    assert (attributes["disk"], attributes["ecs.availability-zone"]) == ("ssd", "us-east-1c")
    assert sim.ask("ListContainerInstances")["containerInstanceArns"] == [arn]


def test_what_stops_gives_its_room_back_to_who_waits(sim):
    arn = sim.add_instance(memory=250)
    register(sim)
    register(sim, family="job")
    sim.ask("RunTask", taskDefinition="job")
    serve(sim, 2)
    assert web(sim)["runningCount"] == 1
    job = sim.ask("ListTasks", family="job")["taskArns"][0]
    sim.ask("StopTask", task=job)
    sim.settle()
    assert (web(sim)["runningCount"], resources(instance(sim, arn))["MEMORY"]) == (2, 50)


@pytest.mark.parametrize(
    ("strategy", "loads"),
    [
        ([{"type": "binpack", "field": "memory"}], [0, 4]),
        ([{"type": "binpack", "field": "cpu"}], [0, 4]),
        ([{"type": "spread", "field": "instanceId"}], [2, 2]),
        ([{"type": "spread", "field": "attribute:ecs.availability-zone"}], [2, 2]),
        ([], [2, 2]),
    ],
)
def test_strategies_choose_the_instance(sim, strategy, loads):
    """ECS API reference, PlacementStrategy."""
    arns = [sim.add_instance(cpu=1000 * n, memory=1000 * n) for n in (2, 1)]
    register(sim)
    serve(sim, 4, placementStrategy=strategy)
    assert [on(sim, a) for a in arns] == loads


def test_random_is_drawn_from_the_seed():
    def loads(seed):
        sim = Simulator(Settings(seed=seed))
        sim.ask("CreateCluster")
        arns = [sim.add_instance() for _ in range(3)]
        register(sim)
        serve(sim, 9, placementStrategy=[{"type": "random"}])
        return [on(sim, a) for a in arns]

    assert loads(1) == loads(1)
    assert sum(loads(1)) == 9


@pytest.mark.parametrize(
    ("constraint", "running"),
    [
        ({"type": "distinctInstance"}, 2),
        ({"type": "memberOf", "expression": "attribute:disk == ssd"}, 3),
        ({"type": "memberOf", "expression": "attribute:disk == hdd"}, 0),
        ({"type": "memberOf", "expression": "attribute:disk exists and not(attribute:ecs.availability-zone == x)"}, 3),
    ],
)
def test_constraints_leave_instances_out(sim, constraint, running):
    sim.add_instance(memory=350, attributes={"disk": "ssd"})
    sim.add_instance(memory=350)
    register(sim)
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=3, placementConstraints=[constraint])
    sim.advance(300)
    assert web(sim)["runningCount"] == running


def test_a_fixed_host_port_allows_one_task_an_instance(sim):
    sim.add_instance()
    register(sim, container={"portMappings": [{"containerPort": 80, "hostPort": 80}]})
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=2)
    sim.advance(60)
    assert web(sim)["runningCount"] == 1
    assert "is already using a port required by your task" in web(sim)["events"][0]["message"]


def test_draining_moves_service_tasks_within_the_percentages(sim):
    """ECS API reference, UpdateContainerInstancesState."""
    first, second = sim.add_instance(zone="us-east-1a"), sim.add_instance(zone="us-east-1b")
    register(sim)
    register(sim, family="job")
    serve(sim, 4)
    sim.ask("StartTask", taskDefinition="job", containerInstances=[first])
    sim.advance(60)
    assert on(sim, first) == 3
    seen = sim.ask("UpdateContainerInstancesState", containerInstances=[first], status="DRAINING")
    assert seen["containerInstances"][0]["status"] == "DRAINING"
    sim.settle()
    assert (on(sim, first), on(sim, second)) == (1, 4)
    assert web(sim)["runningCount"] == 4
    assert sim.broken == []
    assert sim.ask("ListContainerInstances", status="DRAINING")["containerInstanceArns"] == [first]
    sim.ask("UpdateContainerInstancesState", containerInstances=[first], status="ACTIVE")
    sim.ask("UpdateService", service="web", desiredCount=6)
    sim.settle()
    assert on(sim, first) == 3


def test_an_instance_with_tasks_is_deregistered_by_force_only(sim):
    first = sim.add_instance()
    register(sim)
    serve(sim, 2)
    with pytest.raises(AwsError, match="running tasks"):
        sim.ask("DeregisterContainerInstance", containerInstance=first)
    second = sim.add_instance()
    sim.ask("DeregisterContainerInstance", containerInstance=first, force=True)
    sim.settle()
    assert on(sim, second) == 2
    stopped = sim.ask("ListTasks", serviceName="web", desiredStatus="STOPPED")["taskArns"]
    assert sim.ask("DescribeTasks", tasks=stopped)["tasks"][0]["stopCode"] == "InfrastructureHealth"
    assert sim.ask("ListContainerInstances")["containerInstanceArns"] == [second]
    sim.ask("DeleteService", service="web", force=True)
    sim.settle()
    with pytest.raises(AwsError) as caught:
        sim.ask("DeleteCluster", cluster="default")
    assert caught.value.code == "ClusterContainsContainerInstancesException"


def test_a_daemon_follows_the_instances(sim):
    arns = [sim.add_instance() for _ in range(2)]
    register(sim)
    serve(sim, schedulingStrategy="DAEMON")
    assert (web(sim)["desiredCount"], [on(sim, a) for a in arns]) == (2, [1, 1])
    third = sim.add_instance()
    sim.settle()
    assert (web(sim)["desiredCount"], on(sim, third)) == (3, 1)
    sim.ask("UpdateContainerInstancesState", containerInstances=[arns[0]], status="DRAINING")
    sim.settle()
    assert (web(sim)["desiredCount"], on(sim, arns[0])) == (2, 0)
    sim.ask("UpdateService", service="web", forceNewDeployment=True)
    sim.settle()
    assert [on(sim, a) for a in (arns[1], third)] == [1, 1]
    assert [d["rolloutState"] for d in web(sim)["deployments"]] == ["COMPLETED"]


def provider(sim, name="nodes", status="ENABLED", **group):
    return sim.ask(
        "CreateCapacityProvider",
        name=name,
        autoScalingGroupProvider={"autoScalingGroupArn": GROUP, "managedScaling": {"status": status}} | group,
    )["capacityProvider"]


def use(sim, name="nodes"):
    strategy = [{"capacityProvider": name, "weight": 1}]
    sim.ask(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=[name],
        defaultCapacityProviderStrategy=strategy,
    )


def test_a_managed_provider_brings_instances_for_tasks_that_wait(sim):
    provider(sim)
    use(sim)
    sim.provider_capacity("nodes", memory=250, most=2)
    register(sim)
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=3)
    sim.advance(60)
    tasks = sim.ask("DescribeTasks", tasks=sim.ask("ListTasks")["taskArns"])["tasks"]
    assert {(t["lastStatus"], t.get("containerInstanceArn"), t["capacityProviderName"]) for t in tasks} == {
        ("PROVISIONING", None, "nodes")
    }
    sim.settle()
    arns = sim.ask("ListContainerInstances")["containerInstanceArns"]
    joined = [i for a in arns if (i := instance(sim, a)).get("capacityProviderName") == "nodes"]
    assert sorted(i["runningTasksCount"] for i in joined) == [1, 2]
    assert web(sim)["deployments"][0]["rolloutState"] == "COMPLETED"
    sim.ask("UpdateService", service="web", desiredCount=5)
    sim.settle()
    assert (web(sim)["runningCount"], web(sim)["pendingCount"]) == (4, 1)


def test_a_provider_without_managed_scaling_brings_none(sim):
    provider(sim, status="DISABLED")
    use(sim)
    sim.add_instance(memory=1000)
    register(sim)
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=1)
    sim.advance(600)
    assert web(sim)["runningCount"] == 0
    sim.add_instance(provider="nodes")
    sim.settle()
    assert web(sim)["runningCount"] == 1


def test_providers_are_made_told_changed_and_deleted(sim):
    made = provider(sim)
    assert (made["status"], made["type"], made["updateStatus"]) == ("ACTIVE", "EC2_AUTOSCALING", "CREATE_COMPLETE")
    assert made["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 100
    names = [p["name"] for p in sim.ask("DescribeCapacityProviders")["capacityProviders"]]
    assert names == ["FARGATE", "FARGATE_SPOT", "nodes"]
    group = {"managedScaling": {"targetCapacity": 80}, "managedDraining": "DISABLED"}
    changed = sim.ask("UpdateCapacityProvider", name="nodes", autoScalingGroupProvider=group)["capacityProvider"]
    assert changed["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 80
    assert changed["autoScalingGroupProvider"]["managedScaling"]["status"] == "ENABLED"
    use(sim)
    with pytest.raises(AwsError, match="associated with a cluster"):
        sim.ask("DeleteCapacityProvider", capacityProvider="nodes")
    sim.ask("PutClusterCapacityProviders", cluster="default", capacityProviders=[], defaultCapacityProviderStrategy=[])
    gone = sim.ask("DeleteCapacityProvider", capacityProvider=made["capacityProviderArn"])["capacityProvider"]
    assert (gone["status"], gone["updateStatus"]) == ("INACTIVE", "DELETE_COMPLETE")
    for name, text in (("FARGATE", "reserved"), ("other", "not found")):
        with pytest.raises(AwsError, match=text):
            sim.ask("DeleteCapacityProvider", capacityProvider=name)


def test_base_and_weight_divide_the_tasks(sim):
    """ECS API reference, CapacityProviderStrategyItem."""
    strategy = [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    both = ["FARGATE", "FARGATE_SPOT"]
    sim.ask(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=both,
        defaultCapacityProviderStrategy=strategy,
    )
    register(sim, networkMode="awsvpc", cpu="256", memory="512")
    serve(sim, 10, networkConfiguration=NETWORK)
    tasks = sim.ask("DescribeTasks", tasks=sim.ask("ListTasks")["taskArns"])["tasks"]
    used = [t["capacityProviderName"] for t in tasks]
    assert (used.count("FARGATE"), used.count("FARGATE_SPOT")) == (4, 6)
    assert sim.interrupt_spot(2) == 2
    stopped = sim.ask("ListTasks", serviceName="web", desiredStatus="STOPPED")["taskArns"]
    reasons = {(t["stopCode"], t["stoppedReason"]) for t in sim.ask("DescribeTasks", tasks=stopped)["tasks"]}
    assert reasons == {("SpotInterruption", "Your Spot Task was interrupted.")}
    sim.settle()
    assert web(sim)["runningCount"] == 10
    sim.fargate_capacity(0, provider="FARGATE_SPOT")
    sim.interrupt_spot()
    sim.advance(600)
    assert web(sim)["runningCount"] == 4
    said = "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. "
    assert any(e["message"].startswith(said) for e in web(sim)["events"])
    sim.fargate_capacity(None, provider="FARGATE_SPOT")
    sim.settle()
    assert web(sim)["runningCount"] == 10
    assert sim.broken == []


def test_attributes_are_put_listed_and_deleted(sim):
    arn = sim.add_instance()
    put = [{"name": "disk", "value": "ssd", "targetId": arn}]
    sim.ask("PutAttributes", attributes=put)
    listed = sim.ask("ListAttributes", targetType="container-instance", attributeName="disk")["attributes"]
    assert listed == [{"name": "disk", "value": "ssd", "targetId": arn}]
    expression = "attribute:disk == ssd"
    assert sim.ask("ListContainerInstances", filter=expression)["containerInstanceArns"] == [arn]
    sim.ask("DeleteAttributes", attributes=[{"name": "disk", "targetId": arn}])
    assert sim.ask("ListContainerInstances", filter=expression)["containerInstanceArns"] == []
    with pytest.raises(AwsError) as caught:
        sim.ask("PutAttributes", attributes=[{"name": "a", "targetId": "0" * 32}])
    assert caught.value.code == "TargetNotFoundException"


def test_what_does_not_exist_is_named(sim):
    for act in (lambda: sim.terminate_instance("arn:x"), lambda: sim.provider_capacity("x")):
        with pytest.raises(ScriptError, match="does not exist"):
            act()
    missing = sim.ask("DescribeContainerInstances", containerInstances=["0" * 31 + "f"])
    assert missing["failures"][0]["reason"] == "MISSING"
