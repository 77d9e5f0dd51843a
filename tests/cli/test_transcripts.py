"""What somebody on call gets to read when a rollout goes wrong: `apply`, then `status`, word for word, with exit code 3.

A good version runs; then a commit, or a person, breaks something. RECONCILER_UPDATE_GOLDEN=1 writes the files anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.cli.exits import Exit

WEB = "apps/shop/web.yaml"
LOG = "      logConfiguration: {logDriver: awslogs, options: {awslogs-group: /ecs/shop, awslogs-region: eu-west-1, awslogs-stream-prefix: web}}\n"
GROUP = "---\napiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: shop}\nspec: {logGroupName: /ecs/shop}\n"


@dataclass
class Night:
    """``service`` and ``task`` are lines added to the manifests, ``script`` what the new image does, ``before`` what is
    arranged before the first apply, ``during`` what somebody does ``after`` seconds into the second one."""

    service: str = ""
    task: str = ""
    network: str = ""
    policy: str = ""
    script: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Any], str | None] = lambda world: None
    during: Callable[[Any], None] | None = None
    after: float = 20
    commit: bool = True
    migration: bool = False
    timeout: str = "40m"


BREAKER = "  deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}\n"


def ring(world: Any) -> None:
    world.simulator.alarm("5xx")


def console_deployment(world: Any) -> None:
    """Somebody registers a hotfix of their own and deploys it by hand."""
    ecs = world.client("ecs")
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "nginx:hotfix", "memory": 128}]
    )
    ecs.update_service(cluster="main", service="web", taskDefinition="web")


def console_rollback(world: Any) -> None:
    world.client("ecs").update_service(cluster="main", service="web", taskDefinition="web:1")


def console_stop(world: Any) -> None:
    ecs = world.client("ecs")
    newest = ecs.list_service_deployments(cluster="main", service="web")["serviceDeployments"][0]
    ecs.stop_service_deployment(serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK")


def two_small_nodes(world: Any) -> None:
    """Room for the two tasks that run, and for none beside them."""
    world.client("ecs").create_cluster(clusterName="main")
    for _ in range(2):
        world.simulator.add_instance("main", cpu=1024, memory=200, region="eu-west-1")


def balanced(world: Any) -> str:
    """Behind a load balancer; the lines of a service that uses it."""
    elb, ec2 = world.client("elbv2"), world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    group = made["TargetGroups"][0]["TargetGroupArn"]
    zones = ("10.0.1.0/24", "eu-west-1a"), ("10.0.2.0/24", "eu-west-1b")
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for block, zone in zones
    ]
    balancer = elb.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
    return (
        f"  networkConfiguration: {{awsvpcConfiguration: {{subnets: [{subnets[0]}]}}}}\n"
        f"  loadBalancers: [{{targetGroupArn: '{group}', containerName: web, containerPort: 8080}}]\n"
    )


NIGHTS: dict[str, Night] = {
    "a bad image, with a circuit breaker": Night(BREAKER, script={"cannot_pull": "not found"}),
    "a bad image, without a circuit breaker": Night(script={"cannot_pull": "not found"}),
    "a bad image, taken back by policy": Night(policy="{rollback: previous}", script={"cannot_pull": "not found"}),
    "errors in the load balancer, with alarms": Night(
        "  deploymentConfiguration: {alarms: {alarmNames: [5xx], enable: true, rollback: true}}\n", during=ring, after=90
    ),
    "a secret that does not exist": Night(BREAKER, script={"secret": "not found"}),
    "a crash after five minutes": Night(
        task=LOG, policy="{minReady: 15m}",
        script={"exits": 1, "after": 300, "logs": "Puma starting\nPG::ConnectionBad: FATAL: too many connections"},
    ),
    "not enough nodes": Night(before=two_small_nodes, timeout="15m"),
    "the wrong target port": Night(
        task="      portMappings: [{containerPort: 8080}]\n", network="  networkMode: awsvpc\n", before=balanced,
        script={"target": "Target.Timeout"},
    ),
    "somebody deploys by hand in the middle": Night(script={"starts_in": 120}, during=console_deployment),
    "somebody went back in the console": Night(during=console_rollback, commit=False),
    "somebody stops the deployment": Night(script={"starts_in": 120}, during=console_stop),
    "a migration that fails": Night(migration=True),
}  # fmt: skip


MIGRATION = (
    "apiVersion: reconciler/v1\nkind: TaskDefinition\nmetadata: {name: migrate}\nspec:\n  containerDefinitions:\n"
    "    - name: migrate\n      image: nginx-migrate:1\n      memory: 128\n      command: [rails, 'db:migrate']\n" + LOG
    + "---\napiVersion: reconciler/v1\nkind: Job\nmetadata: {name: db-migrate}\nspec: {taskDefinition: migrate}\n"
)  # fmt: skip


def with_migration(world: Any) -> None:
    """A migration before the service: that of the first version succeeds, that of the second does not."""
    world.write({"apps/shop/migrate.yaml": MIGRATION, "apps/shop/log.yaml": GROUP.removeprefix("---\n")})
    world.edit(
        WEB, "kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: web, dependsOn: [Job/db-migrate]}"
    )
    world.simulator.script("nginx-migrate:1", exits=0, after=20)
    failing = "-- add_column(:users, :email)\nPG::DuplicateColumn: ERROR: column already exists"
    world.simulator.script("nginx-migrate:2", exits=1, after=12, logs=failing)


def build(world: Any, night: Night) -> None:
    if night.migration:
        with_migration(world)
    more = night.before(world) or ""
    world.edit(WEB, "      memory: 128\n", f"      memory: 128\n{night.task}")
    world.edit(WEB, "  containerDefinitions:\n", f"{night.network}  containerDefinitions:\n")
    world.edit(WEB, "  desiredCount: 2\n", f"  desiredCount: 2\n{night.service}{more}")
    if night.policy:
        world.edit(
            WEB,
            "kind: Service\nmetadata: {name: web}",
            f"kind: Service\nmetadata: {{name: web, policy: {night.policy}}}",
        )
    if LOG in night.task:
        world.write({"apps/shop/log.yaml": GROUP.removeprefix("---\n")})
    world.commit("the first version")
    done = world.run("apply", "--yes", "--adopt")
    assert done.exit_code == 0, done.output


def meddling(world: Any, night: Night) -> None:
    """Have somebody act once, some time into what follows."""
    begin = world.clock.monotonic()

    def act() -> None:
        if night.during and world.clock.monotonic() - begin >= night.after:
            world.clock.while_asleep = lambda: None
            night.during(world)

    world.clock.while_asleep = act


@pytest.mark.parametrize("name", NIGHTS)
def test_a_night_on_call(name, world, golden):
    night = NIGHTS[name]
    build(world, night)
    if night.script:
        world.simulator.script("nginx:2", **night.script)
    world.edit(WEB, "nginx:1", "nginx:2")
    if night.migration:
        world.edit("apps/shop/migrate.yaml", "nginx-migrate:1", "nginx-migrate:2")
    world.commit("the second version")
    if night.commit:
        meddling(world, night)
    else:  # it was fine; then somebody acted
        assert world.run("apply", "--yes").exit_code == Exit.DONE
        assert night.during is not None
        night.during(world)
        world.simulator.advance(400)
    applied = world.run("apply", "--yes", "--timeout", night.timeout)
    status = world.run("status")
    golden(
        f"nights/{name.replace(' ', '-').replace(',', '')}.txt",
        f"$ reconciler apply --yes\n{applied.stderr}{applied.stdout}exit {applied.exit_code}\n\n"
        f"$ reconciler status\n{status.stderr}{status.stdout}exit {status.exit_code}\n",
    )
    assert (applied.exit_code, status.exit_code) == (Exit.NOT_CONVERGED, Exit.NOT_CONVERGED)
    world.simulator.calls.clear()
    assert world.run("apply", "--yes", "--timeout", "1m").exit_code == Exit.NOT_CONVERGED
    assert world.writes == []
