"""What the example repository expects of an account: secrets, images, roles, a network; made up for the demo."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from reconciler.aws.clients import Clients
from reconciler.cli.demo_runner import environment
from reconciler.cli.reading import wish_for
from reconciler.engine.lookup import Wish
from reconciler.model.desired import External, Reference
from reconciler.source.directory import read_directory

_TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
_MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}


def furnish(root: Path, name: str, settings: Mapping[str, str]) -> list[str]:
    """Make everything that the manifests of an environment only refer to; what was made, in words.

    AWS chooses the ids of networks and the ARNs of target groups: the repository then says those.
    """
    wish = wish_for(read_directory(root), name, ())
    made: list[str] = []
    with _settings(environment(settings)):
        account = _Account(Clients(wish.environment), wish)
        for kind, address, keys in _declared(wish):
            made.append(account.parameter(address) if kind == "Parameter" else account.secret(address, keys))
        made += [words for external in wish.externals for words in account.make(external)]
    for path in (root / "environments").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for said, chosen in account.chosen.items():
            text = text.replace(said, chosen)
        path.write_text(text, encoding="utf-8")
    return made


def push(root: Path, name: str, settings: Mapping[str, str]) -> list[str]:
    """Push the images that the manifests name and that are not there yet, as a build does; their names."""
    wish = wish_for(read_directory(root), name, ())
    with _settings(environment(settings)):
        account = _Account(Clients(wish.environment), wish)
        return [words for item in wish.externals if item.kind == "Image" for words in account.make(item)]


def sealing_key(root: Path, name: str, settings: Mapping[str, str]) -> str:
    """Make the KMS key that the environment seals values with; its alias."""
    wish = wish_for(read_directory(root), name, ())
    with _settings(environment(settings)):
        kms = Clients(wish.environment).client("kms")
        key = kms.create_key(Description="seals values of secrets in the repository")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=wish.environment.sealing.kms, TargetKeyId=key)
    return wish.environment.sealing.kms


class _Account:
    """Makes one thing at a time; ``chosen`` says which id AWS gave to what the manifests call otherwise."""

    def __init__(self, clients: Clients, wish: Wish) -> None:
        self._client = clients.client
        self._wish = wish
        self.chosen: dict[str, str] = {}

    def make(self, external: External) -> Iterator[str]:
        """What is made of something outside, in words; nothing of a kind that is not ours to make."""
        match external.kind:
            case "Parameter":
                yield self.parameter(external.address)
            case "Secret":
                yield self.secret(external.address, [])
            case "Image":
                yield from self._image(external.address)
            case "Role":
                yield self._role(external.address)
            case "Subnet":
                yield self._subnet(external.address)
            case "SecurityGroup":
                yield self._security_group(external.address)
            case "TargetGroup":
                yield self._target_group(external)

    def parameter(self, name: str) -> str:
        self._client("ssm").put_parameter(Name=name, Value=secrets.token_hex(16), Type="SecureString")
        return f"parameter {name}"

    def secret(self, name: str, keys: list[Any]) -> str:
        value = {key: secrets.token_hex(16) for key in keys}
        self._client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))
        return f"secret {name}" + (f" with {', '.join(keys)}" if keys else "")

    def _image(self, name: str) -> Iterator[str]:
        ecr = self._client("ecr")
        repository, _, tag = name.partition("/")[2].partition(":")
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=repository)
        there: list[Any] = []
        with suppress(ecr.exceptions.RepositoryNotFoundException):  # it may take a moment to be seen
            there = ecr.list_images(repositoryName=repository)["imageIds"]
        if tag not in [it.get("imageTag") for it in there]:
            manifest = json.dumps({**_MANIFEST, "config": {"digest": f"sha256:{secrets.token_hex(32)}"}})
            ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
            yield f"image {repository}:{tag}"

    def _role(self, arn: str) -> str:
        name = arn.rpartition("/")[2]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [_TRUST]})
        self._client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)
        return f"role {name}"

    def _subnet(self, said: str) -> str:
        ec2 = self._client("ec2")
        block = f"172.31.{100 + len(self.chosen)}.0/24"
        made = ec2.create_subnet(VpcId=self._vpc(), CidrBlock=block)["Subnet"]["SubnetId"]
        self.chosen[said] = made
        return f"subnet {made}"

    def _security_group(self, said: str) -> str:
        group = {"GroupName": said.replace("sg-", "tasks-"), "Description": "tasks", "VpcId": self._vpc()}
        made = self.chosen[said] = self._client("ec2").create_security_group(**group)["GroupId"]
        return f"security group {made}"

    def _target_group(self, external: External) -> str:
        name = external.address.split("/")[1]
        asked = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": self._vpc(), "TargetType": self._type(external)}
        elb = self._client("elbv2")
        [made] = elb.create_target_group(**asked)["TargetGroups"]
        arn = self.chosen[external.address] = made["TargetGroupArn"]
        subnets = [it["SubnetId"] for it in self._client("ec2").describe_subnets()["Subnets"]][:2]
        [balancer] = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"]
        forward = [{"Type": "forward", "TargetGroupArn": arn}]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward
        )
        return f"target group {name} behind a load balancer"

    def _type(self, external: External) -> str:
        """What the tasks behind it are to a load balancer: addresses of their own, or ports of instances."""
        service = self._wish.desired[external.named_by[0][0]]
        reference = service.spec.get("taskDefinition")
        definition = self._wish.desired[reference.key].spec if isinstance(reference, Reference) else {}
        return "ip" if definition.get("networkMode") == "awsvpc" else "instance"

    def _vpc(self) -> str:
        return str(self._client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])


def _declared(wish: Wish) -> Iterator[tuple[str, str, list[Any]]]:
    for key, desired in wish.desired.items():
        address = wish.kinds[key.kind].address(desired.spec)
        if desired.external and address is not None:
            yield key.kind, address, list(desired.spec.get("jsonKeys", ()))


@contextmanager
def _settings(wanted: Mapping[str, str]) -> Iterator[None]:
    """The SDK reads its settings from the process's environment alone."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(wanted)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
