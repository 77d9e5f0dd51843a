"""An account that has what manifests name outside of themselves: made by AWS's own calls, under the ids they say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reconciler.model.desired import External
from reconciler.simulator import Simulator

MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}


def provide(simulator: Simulator, region: str, externals: Iterable[External], *, target_type: str = "ip") -> None:
    """Make every image, role, target group, subnet and security group among what is named."""
    named = {(external.kind, external.address) for external in externals}
    for kind, address in sorted(named):
        match kind:
            case "Image":
                image(simulator, address)
            case "Role":
                role(simulator, address)
            case "TargetGroup":
                target_group(simulator, region, address, target_type)
            case "Subnet":
                subnet(simulator, region, address)
            case "SecurityGroup":
                security_group(simulator, region, address)


def image(simulator: Simulator, name: str) -> None:
    """An image by its whole name; the repository is made with it."""
    registry, _, rest = name.partition("/")
    repository, _, tag = rest.partition(":")
    ecr = simulator.client("ecr", region=registry.split(".")[3])
    if repository not in [it["repositoryName"] for it in ecr.describe_repositories()["repositories"]]:
        ecr.create_repository(repositoryName=repository)
    if tag in [it.get("imageTag") for it in ecr.list_images(repositoryName=repository)["imageIds"]]:
        return
    config = {"config": {"digest": f"sha256:{len(tag):064x}"}, "annotations": {"tag": tag}}
    ecr.put_image(repositoryName=repository, imageManifest=json.dumps({**MANIFEST, **config}), imageTag=tag or "latest")


def role(simulator: Simulator, name: str, service: str = "ecs-tasks.amazonaws.com") -> None:
    """A role by its name or ARN that a service may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = simulator.client("iam", region="us-east-1")
    if (short := name.rpartition("/")[2]) not in [it["RoleName"] for it in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=short, AssumeRolePolicyDocument=policy)


def target_group(simulator: Simulator, region: str, arn: str, target_type: str = "ip") -> None:
    """A target group under this very ARN, which AWS would choose."""
    if (backend := _backend(simulator, "elasticloadbalancing", region)) and arn in backend.target_groups:
        return
    vpc = simulator.client("ec2", region=region).describe_vpcs()["Vpcs"][0]["VpcId"]
    made = simulator.client("elbv2", region=region).create_target_group(
        Name=arn.split("/")[1], Protocol="HTTP", Port=80, VpcId=vpc, TargetType=target_type
    )["TargetGroups"][0]["TargetGroupArn"]
    groups = _backend(simulator, "elasticloadbalancing", region).target_groups
    groups[arn] = groups.pop(made)
    groups[arn].arn = arn


def subnet(simulator: Simulator, region: str, name: str) -> None:
    """A subnet under this very id."""
    ec2 = simulator.client("ec2", region=region)
    if name in [it["SubnetId"] for it in ec2.describe_subnets()["Subnets"]]:
        return
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    block = f"172.31.{100 + len(ec2.describe_subnets()['Subnets'])}.0/24"
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
    for there in _backend(simulator, "ec2", region).subnets.values():
        if made in there:
            there[name] = there.pop(made)
            there[name].id = name


def security_group(simulator: Simulator, region: str, name: str) -> None:
    """A security group under this very id."""
    ec2 = simulator.client("ec2", region=region)
    if name in [it["GroupId"] for it in ec2.describe_security_groups()["SecurityGroups"]]:
        return
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    groups = _backend(simulator, "ec2", region).groups[vpc]
    groups[name] = groups.pop(made)
    groups[name].id = groups[name].group_id = name


def _backend(simulator: Simulator, service: str, region: str) -> Any:
    return simulator.world.others.backend(service, simulator.settings.account, region)
