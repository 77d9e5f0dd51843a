"""DescribeTargetHealth follows the tasks of services; everything else of the load balancer is moto's."""

import pytest

from reconciler.simulator import Settings, Simulator
from reconciler.simulator.target_health import DESCRIPTIONS, Target

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


class Balanced:
    """A service behind a target group that has, or has not, a load balancer."""

    def __init__(self, sim, *, attached=True, kind="ip"):
        self.sim, self.elb, self.ecs = sim, sim.client("elbv2"), sim.client("ecs")
        ec2 = sim.client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        made = self.elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType=kind)
        self.group = made["TargetGroups"][0]["TargetGroupArn"]
        if attached:
            subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
            balancer = self.elb.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]
            action = {"Type": "forward", "TargetGroupArn": self.group}
            self.elb.create_listener(
                LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[action]
            )
        awsvpc = kind == "ip"
        self.ecs.create_cluster(clusterName="main")
        mapping = {"containerPort": 8080} | ({} if awsvpc else {"hostPort": 0})
        self.ecs.register_task_definition(
            family="web",
            networkMode="awsvpc" if awsvpc else "bridge",
            containerDefinitions=[{"name": "app", "image": "nginx", "memory": 128, "portMappings": [mapping]}],
        )
        balancers = [{"targetGroupArn": self.group, "containerName": "app", "containerPort": 8080}]
        self.ecs.create_service(
            cluster="main",
            serviceName="web",
            taskDefinition="web",
            desiredCount=2,
            loadBalancers=balancers,
            **({"networkConfiguration": NETWORK} if awsvpc else {}),
        )

    def described(self, **params):
        return self.elb.describe_target_health(TargetGroupArn=self.group, **params)["TargetHealthDescriptions"]

    def states(self, **params):
        return sorted((d["TargetHealth"]["State"], d["TargetHealth"].get("Reason")) for d in self.described(**params))


INITIAL = ("initial", "Elb.InitialHealthChecking")
DRAINING = ("draining", "Target.DeregistrationInProgress")
HEALTHY = ("healthy", None)


def test_targets_are_there_when_tasks_run_and_healthy_later():
    sim = Simulator(Settings(target_healthy_after=30))
    world = Balanced(sim)
    assert world.states() == []
    while not world.states():
        sim.advance(1)
    assert world.states() == [INITIAL, INITIAL]
    sim.advance(30)
    assert world.states() == [HEALTHY, HEALTHY]


def test_a_target_is_the_address_of_its_task_and_the_port_of_its_container(sim):
    world = Balanced(sim)
    sim.settle()
    arns = world.ecs.list_tasks(cluster="main")["taskArns"]
    tasks = world.ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]
    addresses = {t["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] for t in tasks}
    assert {d["Target"]["Id"] for d in world.described()} == addresses
    assert {d["Target"]["Port"] for d in world.described()} == {8080}
    assert {d["HealthCheckPort"] for d in world.described()} == {"8080"}


def test_a_task_that_leaves_drains_first(sim):
    world = Balanced(sim)
    sim.settle()
    world.ecs.update_service(cluster="main", service="web", desiredCount=1)
    sim.advance(2)
    assert world.states() == [DRAINING, HEALTHY]
    sim.settle()
    assert world.states() == [HEALTHY]


def test_a_rollout_never_leaves_the_group_without_healthy_targets(sim):
    world = Balanced(sim)
    sim.settle()
    world.ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    seen = set()
    for _ in range(200):
        sim.advance(2)
        states = world.states()
        seen.update(states)
        assert states.count(HEALTHY) >= 2
    assert seen == {INITIAL, HEALTHY, DRAINING}


def test_targets_on_instances_have_instance_ids_and_host_ports(sim):
    world = Balanced(sim, kind="instance")
    sim.settle()
    targets = [d["Target"] for d in world.described()]
    assert all(t["Id"].startswith("i-") and t["Port"] >= 32768 for t in targets)
    assert len({t["Port"] for t in targets}) == 2


def test_a_group_without_a_load_balancer_is_not_in_use(sim):
    world = Balanced(sim, attached=False)
    sim.settle()
    assert world.states() == [("unused", "Target.NotInUse")] * 2


def test_one_can_ask_for_some_targets_and_for_one_that_is_not_there(sim):
    world = Balanced(sim)
    sim.settle()
    first = world.described()[0]["Target"]
    assert world.states(Targets=[first]) == [HEALTHY]
    assert world.states(Targets=[{"Id": "192.0.2.1", "Port": 1}]) == [("unused", "Target.NotRegistered")]


def test_targets_registered_by_hand_stay(sim):
    world = Balanced(sim)
    world.elb.register_targets(TargetGroupArn=world.group, Targets=[{"Id": "192.0.2.7", "Port": 80}])
    assert world.states() == [HEALTHY]
    sim.settle()
    assert len(world.described()) == 3


def test_an_unknown_group_is_an_error(sim, refused):
    world = Balanced(sim)
    with refused("TargetGroupNotFound"):
        world.elb.describe_target_health(TargetGroupArn=world.group + "x")


@pytest.mark.parametrize("reason", sorted(DESCRIPTIONS))
def test_who_knows_better_can_say_how_targets_fare(sim, reason):
    world = Balanced(sim)
    sim.world.target_health = lambda at, group: [Target("192.0.2.1", 80, "unhealthy", reason, at.now)]
    [one] = world.described()
    assert one["TargetHealth"] == {"State": "unhealthy", "Reason": reason, "Description": DESCRIPTIONS[reason]}


def test_every_reason_of_the_model_has_words(sim):
    model = sim.client("elbv2").meta.service_model.shape_for("TargetHealthReasonEnum")
    assert set(model.enum) == set(DESCRIPTIONS)
