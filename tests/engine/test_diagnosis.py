"""Broken situations, each played on the simulator: one likely cause, what speaks for it, what to do next.

The golden files hold what a person on call gets to read. RECONCILER_UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.key import Key
from reconciler.model.plan import Preflight
from reconciler.model.status import Health, Memory
from tests.lab import Lab

GOLDEN = Path(__file__).parent / "golden" / "diagnosis"
WEB = Key("shop", "Service", "web")

NETWORK = "networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1]}}"
LOG = (
    "logConfiguration: {logDriver: awslogs, options: {awslogs-group: /ecs/shop, awslogs-region: eu-west-1, "
    "awslogs-stream-prefix: web}}"
)
CHECK = 'healthCheck: {command: [CMD, "true"], interval: 10, retries: 2}'
BREAKER = "deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: false}}"
MANIFESTS = """
apiVersion: reconciler/v1
kind: Cluster
metadata: {{name: main}}
---
apiVersion: reconciler/v1
kind: LogGroup
metadata: {{name: shop}}
spec: {{logGroupName: /ecs/shop}}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: web}}
spec:
  {task}
  containerDefinitions:
    - {{name: app, image: "shop:{image}", memory: {memory}, {container}}}
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: web, policy: {{{policy}}}}}
spec: {{cluster: main, taskDefinition: web, desiredCount: 2, {service}}}
"""


@dataclass
class Broken:
    """A situation: ``script`` is what the new image does, ``before`` what is arranged, ``minutes`` how long it goes on
    before somebody looks."""

    script: dict[str, Any] = field(default_factory=dict)
    task: str = ""
    container: str = LOG
    service: str = ""
    policy: str = ""
    memory: int = 256
    before: Callable[[Lab], str | None] = lambda lab: None
    during: Callable[[Lab], None] = lambda lab: None
    minutes: float = 4


def behind_a_balancer(lab: Lab, kind: str = "ip", *, used: bool = True) -> str:
    """A target group; the members of a service that uses it."""
    elb = lab.simulator.client("elbv2", region="eu-west-1")
    ec2 = lab.simulator.client("ec2", region="eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType=kind)
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    if used:
        zones = ("10.0.1.0/24", "eu-west-1a"), ("10.0.2.0/24", "eu-west-1b")
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for block, zone in zones
        ]
        balancer = elb.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        forward = [{"Type": "forward", "TargetGroupArn": arn}]
        elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
    return f"{NETWORK}, loadBalancers: [{{targetGroupArn: {arn}, containerName: app, containerPort: 3000}}]"


def small_instance(lab: Lab, **more: Any) -> None:
    lab.ecs().create_cluster(clusterName="main")
    lab.simulator.add_instance("main", region="eu-west-1", **more)


def ring(lab: Lab) -> None:
    lab.simulator.alarm("errors")


VPC = "networkMode: awsvpc"
PORT = f"portMappings: [{{containerPort: 3000}}], {LOG}"
NO_ROLE = "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/shop' that was provided for this task."
NO_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to "
    "create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
)
NO_ENTRY = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): AccessDeniedException: User: "
    "arn:aws:sts::123456789012:assumed-role/shop/x is not authorized to perform: ecr:GetAuthorizationToken on resource: *"
)
EXEC = (
    "CannotStartContainerError: Error response from daemon: failed to create task for container: exec /bin/app: exec "
    "format error"
)
NO_ROUTE = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable "
    "to retrieve secrets from ssm: service call has been retried 5 time(s): context deadline exceeded"
)

SITUATIONS: dict[str, Broken] = {
    "image not found": Broken({"cannot_pull": "not found"}),
    "image may not be pulled": Broken({"cannot_start": NO_ENTRY}),
    "registry not reachable": Broken({"cannot_pull": "timeout"}),
    "secret not found": Broken({"secret": "not found"}),
    "secret may not be read": Broken({"secret": "denied"}),
    "parameter store not reachable": Broken({"cannot_start": NO_ROUTE}),
    "log group not found": Broken({"cannot_start": NO_GROUP}),
    "role cannot be assumed": Broken({"cannot_start": NO_ROLE}),
    "image for another architecture": Broken({"cannot_start": EXEC}),
    "image not found, with a breaker": Broken({"cannot_pull": "not found"}, service=BREAKER, minutes=1),
    "breaker has given up": Broken({"cannot_pull": "not found"}, service=BREAKER),
    "exits at once, with a log": Broken({"exits": 1, "after": 3, "logs": "booting\nKeyError: key not found: DATABASE_URL"}),
    "command not found": Broken({"exits": 127, "after": 0}, container=f"memoryReservation: 64, {LOG}"),
    "ends by itself": Broken({"exits": 0, "after": 10}),
    "segmentation fault": Broken({"exits": 139, "after": 20}),
    "out of memory": Broken({"out_of_memory": True, "after": 15}),
    "killed": Broken({"exits": 137, "after": 15}),
    "crashes after five minutes, on trial": Broken(
        {"exits": 1, "after": 300, "logs": "listening\nPG::ConnectionBad: too many connections"},
        policy="minReady: 15m", minutes=13,
    ),
    "health check of a container fails": Broken({"unhealthy_after": 0}, container=f"{CHECK}, {LOG}", minutes=6),
    "wrong target port": Broken({"target": "Target.Timeout"}, VPC, PORT, before=behind_a_balancer, minutes=1.5),
    "wrong answer on the health check path": Broken(
        {"target": "Target.ResponseCodeMismatch", "target_text": "Health checks failed with these codes: [404]"},
        VPC, PORT, before=behind_a_balancer, minutes=1.5,
    ),
    "load balancer has no rule for it": Broken(
        {}, VPC, PORT, before=lambda lab: behind_a_balancer(lab, used=False), minutes=1
    ),
    "no memory left": Broken(memory=900, before=lambda lab: small_instance(lab, memory=1900), minutes=5),
    "fixed port taken": Broken(
        container=f"portMappings: [{{containerPort: 80, hostPort: 80}}], {LOG}",
        before=lambda lab: small_instance(lab), minutes=1,
    ),
    "no instance at all": Broken(before=lambda lab: lab.simulator.terminate_instance(
        (lab.ecs().create_cluster(clusterName="main"),
         lab.simulator.add_instance("main", region="eu-west-1"))[1]), minutes=1),
    "percentages that cannot move": Broken(
        service="deploymentConfiguration: {minimumHealthyPercent: 100, maximumPercent: 125}", minutes=5
    ),
    "not done in time": Broken({"starts_in": 4000}, policy="timeout: 5m", minutes=7),
    "alarm rings": Broken(
        service="deploymentConfiguration: {alarms: {alarmNames: [errors], enable: true, rollback: false}}", during=ring,
        minutes=2,
    ),
    "a hook waits for approval": Broken(
        service="deploymentConfiguration: {strategy: BLUE_GREEN, bakeTimeInMinutes: 5, lifecycleHooks: [{targetType: PAUSE, "
        "lifecycleStages: [POST_SCALE_UP]}]}",
        task=VPC, container=PORT, before=behind_a_balancer, minutes=4,
    ),
    "blue/green bakes": Broken(
        service="deploymentConfiguration: {strategy: BLUE_GREEN, bakeTimeInMinutes: 15}",
        task=VPC, container=PORT, before=behind_a_balancer, minutes=4,
    ),
    "a canary takes its first traffic": Broken(
        service="deploymentConfiguration: {strategy: CANARY, bakeTimeInMinutes: 5, canaryConfiguration: "
        "{canaryPercent: 10, canaryBakeTimeInMinutes: 20}}",
        task=VPC, container=PORT, before=behind_a_balancer, minutes=4,
    ),
    "new tasks fine, old ones draining": Broken({}, VPC, PORT, before=behind_a_balancer, minutes=2),
}  # fmt: skip


def played(broken: Broken) -> Health:
    """The verdict of a process that remembers nothing, after a healthy version was followed by the broken one."""
    lab = Lab(preflight=Preflight.NONE)  # half of these it would have kept from being made
    parts = {"task": broken.task, "container": broken.container, "memory": broken.memory, "policy": broken.policy}
    service = ", ".join(part for part in (broken.before(lab), broken.service) if part)
    lab.app("shop", MANIFESTS.format(image=1, service=service, **parts))
    lab.apply(timeout=900, adopt=True)
    if broken.script:
        lab.simulator.script("shop:2", **broken.script)
    lab.app("shop", MANIFESTS.format(image=2, service=service, **parts))
    memory = Memory()
    for _ in range(3):
        memory = lab.tick(memory, adopt=True).memory
        lab.simulator.advance(2)
    lab.simulator.advance(20)
    broken.during(lab)
    lab.simulator.advance(broken.minutes * 60)
    world = lab.look(memory=Memory())
    return world.health[WEB]


def written(health: Health) -> str:
    head = f"{health.word} {health.reason}{' stalled' * health.stalled}\n{health.message}\n"
    detail = "".join(f"  {line}\n" for line in health.detail)
    return f"{head}{detail}{f'next: {health.hint}' if health.hint else 'next: nothing'}\n"


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_broken_situation_is_explained(name):
    text = written(played(SITUATIONS[name]))
    file = GOLDEN / f"{slug(name)}.txt"
    if os.environ.get("RECONCILER_UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def test_every_golden_file_has_its_situation():
    names = {f"{slug(name)}.txt" for name in SITUATIONS}
    assert {file.name for file in GOLDEN.iterdir()} == names
