"""What specs may name and no manifest can declare: roles, target groups, subnets, security groups. Observed only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, NotFound
from reconciler.model.fields import Fields
from reconciler.model.kind import Answer, Kind, Reader, Referent
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.permission import ROLE, Place, Use, named_role
from reconciler.model.tree import Tree


class Outside(Kind):
    """Something that is given. Its address is what a spec calls it; nothing of it is ever written."""

    fields = Fields(name="name")

    def external(self, spec: Tree) -> bool:
        return True

    def address(self, spec: Tree) -> str | None:
        return str(spec["name"])

    def calls(self, change: Any) -> tuple[()]:
        return ()

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        return [{"name": str(spec["name"])}]


class Role(Outside):
    """An IAM role, by name or ARN. ``live`` holds its ARN and the services it trusts."""

    name = "Role"
    remedy = "create the role with a trust policy for ecs-tasks.amazonaws.com, or correct the name"
    uses = (Use("iam:GetRole", ("{role}",)), Use("iam:GetRole", (ROLE,)))

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        return [named_role(str(spec["name"]))]

    def named(self, value: str) -> str | None:
        return value if not value.startswith("arn:") or ":role/" in value else None

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        said = [want.owned[0] for want in wanted]
        found = read.many("iam:GetRole", [{"RoleName": name.rpartition("/")[2]} for name in said])
        for want, name, answer in zip(wanted, said, found, strict=True):
            if isinstance(answer, NotFound):
                mine = not name.startswith("arn:") or _account(name) == own_account(read)
                yield Observed(want.key, NEVER) if mine else Observed.failed(want.key, elsewhere("iam:GetRole", name))
            elif isinstance(answer, AwsError):
                yield Observed.failed(want.key, answer)
            elif name.startswith("arn:") and _account(name) != _account(answer["Role"]["Arn"]):
                yield Observed.failed(want.key, elsewhere("iam:GetRole", name))
            else:
                role = answer["Role"]
                trusts = sorted(_trusted(role.get("AssumeRolePolicyDocument")))
                yield Observed(want.key, answer.at, {"name": name, "trusts": trusts}, arn=role["Arn"])


class TargetGroup(Outside):
    """A target group of a load balancer, by ARN. The spec holds what AWS says of it, first letter lower case."""

    name = "TargetGroup"
    remedy = "create the target group, or correct its ARN"
    uses = (Use("elbv2:DescribeTargetGroups"),)
    _SAID: ClassVar = ("TargetGroupName", "TargetType", "Protocol", "Port", "VpcId", "LoadBalancerArns")

    def named(self, value: str) -> str | None:
        return value if value.startswith("arn:") and ":targetgroup/" in value else None

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        operation, member = "elbv2:DescribeTargetGroups", "TargetGroupArns"
        groups = [want.owned[0] for want in wanted]
        asked = [{member: list(batch)} for batch in batches(list(dict.fromkeys(groups)), 20)]
        found = {name: answer for _, name, answer in together(read, operation, asked, member)}
        for want, arn in zip(wanted, groups, strict=True):
            answer = found[arn]
            if isinstance(answer, NotFound):
                yield Observed(want.key, NEVER)
            elif isinstance(answer, AwsError):
                yield Observed.failed(want.key, answer)
            else:
                group = next((it for it in answer["TargetGroups"] if it["TargetGroupArn"] == arn), None)
                spec = (
                    {name[0].lower() + name[1:]: group[name] for name in self._SAID if name in group} if group else {}
                )
                yield Observed(want.key, answer.at, {"name": arn, **spec} if group else None, arn=arn)


class _Filtered(Outside):
    """Found by a filter, which leaves out what is not there instead of refusing the whole call."""

    operation: ClassVar[str]
    filter: ClassVar[str]
    items: ClassVar[str]
    id: ClassVar[str]
    prefix: ClassVar[str]

    def named(self, value: str) -> str | None:
        return value if value.startswith(self.prefix) else None

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        for batch in batches(wanted, 200):
            filters = [{"Name": self.filter, "Values": [want.owned[0] for want in batch]}]
            [answer] = read.many(self.operation, [{"Filters": filters}])
            if isinstance(answer, AwsError):
                yield from (Observed.failed(want.key, answer) for want in batch)
                continue
            there = {item[self.id]: item for item in answer[self.items]}
            for want in batch:
                name = want.owned[0]
                spec = {"name": name, "vpcId": there[name].get("VpcId")} if name in there else None
                yield Observed(want.key, answer.at, spec)


class Subnet(_Filtered):
    """A subnet, by its id."""

    name = "Subnet"
    remedy = "name a subnet of this account and Region"
    uses = (Use("ec2:DescribeSubnets"),)
    operation, filter, items, id, prefix = "ec2:DescribeSubnets", "subnet-id", "Subnets", "SubnetId", "subnet-"


class SecurityGroup(_Filtered):
    """A security group, by its id."""

    name = "SecurityGroup"
    remedy = "name a security group of this account and Region"
    uses = (Use("ec2:DescribeSecurityGroups"),)
    operation, filter, items, id, prefix = (
        "ec2:DescribeSecurityGroups", "group-id", "SecurityGroups", "GroupId", "sg-"
    )  # fmt: skip


def together(
    read: Reader, operation: str, asked: Sequence[Tree], member: str, *, region: str | None = None
) -> Iterator[tuple[Tree, Any, Answer | AwsError]]:
    """(call, name, answer) for each name of calls that fail as a whole when one of their names is not there.

    ``asked`` are calls with the names under ``member``; those of a call that says "not found" are asked for alone.
    """
    alone = []
    for params, answer in zip(asked, read.many(operation, asked, region=region), strict=True):
        if isinstance(answer, NotFound) and len(params[member]) > 1:
            alone += [{**params, member: [name]} for name in params[member]]
        else:
            yield from ((params, name, answer) for name in params[member])
    for params, answer in zip(alone, read.many(operation, alone, region=region), strict=True):
        yield params, params[member][0], answer


def own_account(read: Reader) -> str | None:
    """The account whose credentials these are; None when that may not be asked."""
    [answer] = read.many("sts:GetCallerIdentity", [{}])
    return None if isinstance(answer, AwsError) else str(answer["Account"])


def elsewhere(operation: str, name: str) -> AwsError:
    """Something of another account, of which nothing can be told from here."""
    return AwsError(f"{name} is in another account", operation=operation, code="OtherAccount")


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _trusted(document: Any) -> Iterable[str]:
    """The services a trust policy lets assume its role; ``*`` where it lets anybody."""
    statements = document.get("Statement", ()) if isinstance(document, Mapping) else ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal")
        if statement.get("Effect") != "Allow":
            continue
        services = principal.get("Service", ()) if isinstance(principal, Mapping) else principal or ()
        yield from [services] if isinstance(services, str) else services
