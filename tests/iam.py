"""IAM as far as derived policies use it, before the simulator's door: what no statement allows is denied.

What each call is checked for is written from the service authorization reference, not from the product's own tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from reconciler.simulator import Simulator, wire
from reconciler.simulator.before_send import CALLERS, Raw, send
from reconciler.simulator.refusals import denied

ACCOUNT = "123456789012"
FREE = {"sts:GetCallerIdentity"}
"""What needs no permission."""
TAGGING = {"tagging": "tag"}


@dataclass(frozen=True)
class Need:
    """One check that AWS makes of a call."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


Told = tuple[str, tuple[str, ...]]


def told(action: str, statement: Mapping[str, Any]) -> Told:
    return action, tuple(sorted(key for said in statement.get("Condition", {}).values() for key in said))


@dataclass
class Gate:
    """Hooked into a session before the simulator: lets through what these policies allow, and remembers all of it."""

    simulator: Simulator
    policies: list[dict[str, Any]]
    checked: list[Need] = field(default_factory=list)
    refused: list[Need] = field(default_factory=list)
    used: set[Told] = field(default_factory=set)
    """What has allowed something: an action and the keys of its conditions."""
    offered: set[Told] = field(default_factory=set)
    """The same of everything that any of the policies has said."""
    _tagging: dict[str, Any] = field(default_factory=dict)

    def attach(self, session: Any) -> None:
        """In the place of the simulator's own door: botocore asks every handler, and what is denied has no effect."""
        caller = next(CALLERS)

        def answer(request: Any, **_: Any) -> Any:
            return self._check(request) or send(self.simulator, request, caller)

        session.events.register_first("before-send", answer)

    def _check(self, request: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        headers = {
            str(k).lower(): v.decode() if isinstance(v, bytes) else str(v) for k, v in request.headers.items()
        }
        target = wire.identify(wire.Request(request.method, request.url, headers, body), "eu-west-1")
        for need in needs(target, request.url):
            self.checked.append(need)
            if not self._allowed(need):
                self.refused.append(need)
                action = need.action.partition(":")
                error = denied(action[0], action[2], need.resource, "arn:aws:sts::123456789012:assumed-role/agent/x")
                failure = wire.stamp(wire.failure(target.protocol, error, target.service), self.simulator.clock.now, "x")
                return AWSResponse(request.url, failure.status, failure.headers, Raw(failure.body))
        return None

    def _allowed(self, need: Need) -> bool:
        statements = [statement for policy in self.policies for statement in policy["Statement"]]
        self.offered |= {told(action, one) for one in statements for action in listed(one["Action"])}
        allowing = [told(need.action, one) for one in statements if self._allows(one, need)]
        self.used |= set(allowing)
        return bool(allowing)

    def _allows(self, statement: Mapping[str, Any], need: Need) -> bool:
        assert statement["Effect"] == "Allow"
        return (
            need.action in listed(statement["Action"])
            and any(like(pattern, need.resource) for pattern in listed(statement["Resource"]))
            and all(
                self._holds(operator, key, listed(values), need)
                for operator, said in statement.get("Condition", {}).items()
                for key, values in said.items()
            )
        )

    def _holds(self, operator: str, key: str, values: list[str], need: Need) -> bool:
        there = self._tag(need.resource, key.partition("/")[2]) if key.startswith("aws:ResourceTag/") else None
        there = there if there is not None else need.context.get(key)
        if there is None:
            return False
        match operator:
            case "StringEquals" | "ForAnyValue:StringEquals":
                return there in values
            case "StringLike" | "ArnEquals" | "ArnLike":
                return any(like(value, there) for value in values)
        raise AssertionError(f"this IAM knows no {operator}")

    def _tag(self, arn: str, name: str) -> str | None:
        """A tag of a resource, as the tagging API of the simulated account knows it."""
        region = arn.split(":")[3] if arn.startswith("arn:") else "eu-west-1"
        if region not in self._tagging:
            self._tagging[region] = self.simulator.client("resourcegroupstaggingapi", region=region)
        for page in self._tagging[region].get_paginator("get_resources").paginate(TagFilters=[{"Key": name}]):
            for mapping in page["ResourceTagMappingList"]:
                if same(mapping["ResourceARN"], arn):
                    return next(tag["Value"] for tag in mapping["Tags"] if tag["Key"] == name)
        return None


def same(arn: str, other: str) -> bool:
    other = other.removesuffix(":*")
    return arn == other or (":secret:" in arn and arn.rpartition("-")[0] == other)


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\$\{[*?$]\}|[*?])", text)
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(it) or re.escape(it[2] if it.startswith("${") else it) for it in parts), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether a text matches what IAM writes with ``*`` and ``?``."""
    return _pattern(pattern).fullmatch(text) is not None


# What AWS checks of a call.


def needs(target: wire.Target, url: str) -> Iterator[Need]:
    service, operation = TAGGING.get(target.service, target.service), target.operation
    params = target.params
    if target.protocol == "rest":
        service, operation, params = _rest(target, url)
    action = f"{service}:{operation}"
    if action in FREE or (action == "kms:GenerateDataKey" and params.get("EncryptionContext")):
        return  # who seals is a person, in a laboratory over the same connection
    context = _context(service, params, target.region)
    on = list(_resources(service, operation, params, target.region)) or ["*"]
    yield from (Need(action, resource, context) for resource in on)
    yield from _besides(service, operation, params, target.region)


def _rest(target: wire.Target, url: str) -> tuple[str, str, dict[str, Any]]:
    parts = urlsplit(url)
    host = (parts.hostname or "").split(".")
    if target.service == "s3":
        bucket = host[0] if host[0] not in ("s3", "localhost") else parts.path.split("/")[1]
        key = parts.path.lstrip("/") if host[0] == bucket else "/".join(parts.path.split("/")[2:])
        return "s3", {"GET": "GetObject"}[target.operation.split()[0]], {"object": f"{bucket}/{key}"}
    if target.service == "scheduler":
        one = parts.path.count("/") > 1 or not parts.path.startswith("/schedules/")
        name = "GetSchedule" if parts.path.startswith("/schedules/") and one else "ListSchedules"
        return "scheduler", name, {"name": parts.path.removeprefix("/schedules/"), "query": parts.query}
    raise AssertionError(f"what is {target.operation} of {target.service}?")


def _context(service: str, params: Mapping[str, Any], region: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if service == "ecs" and "cluster" in params:
        found["ecs:cluster"] = _ecs(region, "cluster", params["cluster"])
    if service == "kms":
        found |= {f"kms:EncryptionContext:{name}": value for name, value in params.get("EncryptionContext", {}).items()}
    return found


def _ecs(region: str, kind: str, name: Any, cluster: Any = None) -> str:
    if str(name).startswith("arn:"):
        return str(name)
    place = f"{str(cluster or 'default').rpartition('/')[2]}/" if kind in ("service", "task", "container-instance") else ""
    return f"arn:aws:ecs:{region}:{ACCOUNT}:{kind}/{place}{name}"


def _resources(service: str, operation: str, params: Mapping[str, Any], region: str) -> Iterator[str]:
    """The resources that a call is checked on; none: IAM knows none for it."""
    here = f"arn:aws:{service}:{region}:{ACCOUNT}:"
    cluster = params.get("cluster")
    match service, operation:
        case "ecs", "DescribeClusters":
            yield from (_ecs(region, "cluster", name) for name in params["clusters"])
        case "ecs", "UpdateCluster" | "DeleteCluster" | "PutClusterCapacityProviders" | "ListContainerInstances":
            yield _ecs(region, "cluster", cluster)
        case "ecs", "DescribeServices":
            yield from (_ecs(region, "service", name, cluster) for name in params["services"])
        case "ecs", "UpdateService" | "DeleteService" | "ListServiceDeployments":
            yield _ecs(region, "service", params["service"], cluster)
        case "ecs", "CreateService":
            yield _ecs(region, "service", params["serviceName"], cluster)
        case "ecs", "DescribeServiceDeployments":
            yield from params["serviceDeploymentArns"]
        case "ecs", "DescribeServiceRevisions":
            yield from params["serviceRevisionArns"]
        case "ecs", "StopServiceDeployment":
            yield params["serviceDeploymentArn"]
        case "ecs", "DescribeTasks":
            yield from (_ecs(region, "task", task, cluster) for task in params["tasks"])
        case "ecs", "StopTask":
            yield _ecs(region, "task", params["task"], cluster)
        case "ecs", "RunTask":
            yield _ecs(region, "task-definition", params["taskDefinition"])
        case "ecs", "TagResource" | "UntagResource":
            yield params["resourceArn"]
        case "ecs", "DescribeCapacityProviders":
            yield from (_ecs(region, "capacity-provider", name) for name in params["capacityProviders"])
        case "ecs", "DescribeContainerInstances":
            yield from (_ecs(region, "container-instance", name, cluster) for name in params["containerInstances"])
        case "logs", "DescribeLogGroups":
            return
        case "logs", "ListTagsForResource" | "TagResource" | "UntagResource":
            yield params["resourceArn"]
        case "logs", "GetLogEvents":
            yield f"{here}log-group:{params['logGroupName']}:log-stream:{params['logStreamName']}"
        case "logs", _:
            yield f"{here}log-group:{params['logGroupName']}:*"
        case "secretsmanager", _:
            name = params.get("SecretId") or params["Name"]
            yield name if name.startswith("arn:") else f"{here}secret:{name}"
        case "ssm", "DescribeParameters":
            return
        case "ssm", "GetParametersByPath":
            yield f"{here}parameter{params['Path']}"
        case "ssm", "GetParameters":
            yield from (f"{here}parameter/{name.removeprefix('/')}" for name in params["Names"])
        case "ssm", _:
            yield f"{here}parameter/{(params.get('Name') or params['ResourceId']).removeprefix('/')}"
        case "iam", "GetRole":
            yield f"arn:aws:iam::{ACCOUNT}:role/{params['RoleName']}"
        case "ecr", "DescribeImages":
            yield f"arn:aws:ecr:{region}:{params['registryId']}:repository/{params['repositoryName']}"
        case "kms", _:
            yield params["KeyId"]
        case "s3", "GetObject":
            yield f"arn:aws:s3:::{params['object']}"
        case "cloudformation", "DescribeStacks":
            yield f"{here}stack/{params['StackName']}/0a1b2c3d"
        case "events", "ListTargetsByRule":
            yield f"{here}rule/{params['Rule']}"
        case "scheduler", "GetSchedule":
            group = re.search(r"groupName=([^&]+)", params["query"])
            yield f"{here}schedule/{group[1] if group else 'default'}/{params['name']}"
        case "servicediscovery", "GetNamespace":
            yield f"{here}namespace/{params['Id']}"


def _besides(service: str, operation: str, params: Mapping[str, Any], region: str) -> Iterator[Need]:
    """What is checked beside the action itself: roles that are passed, tags that are set on the way, keys, ECS's role."""
    here = f"arn:aws:{service}:{region}:{ACCOUNT}:"
    match service, operation:
        case "ecs", "RegisterTaskDefinition":
            yield from _passed(params, ("taskRoleArn", "executionRoleArn"), "ecs-tasks.amazonaws.com")
            yield from _tagged(params, _ecs(region, "task-definition", f"{params['family']}:1"), operation)
        case "ecs", "RunTask":
            yield from _passed(params.get("overrides", {}), ("taskRoleArn", "executionRoleArn"), "ecs-tasks.amazonaws.com")
            yield from _tagged(params, _ecs(region, "task", "0123456789abcdef", params.get("cluster")), operation)
        case "ecs", "CreateService":
            yield from _passed(params, ("role",), "ecs.amazonaws.com")
            yield from _linked()
            yield from _tagged(params, _ecs(region, "service", params["serviceName"], params.get("cluster")), operation)
        case "ecs", "CreateCluster":
            yield from _linked()
            yield from _tagged(params, _ecs(region, "cluster", params["clusterName"]), operation)
        case "logs", "CreateLogGroup" if params.get("tags"):
            yield Need("logs:TagResource", f"{here}log-group:{params['logGroupName']}")
        case "secretsmanager", "CreateSecret" | "UpdateSecret":
            if params.get("Tags"):
                yield Need("secretsmanager:TagResource", f"{here}secret:{params['Name']}")
            if (key := params.get("KmsKeyId", "")) and not key.startswith("alias/aws/"):
                for action in ("kms:GenerateDataKey", "kms:Decrypt"):
                    yield _sealed(action, key, "secretsmanager", region)
        case "secretsmanager", "RotateSecret" if params.get("RotationLambdaARN"):
            yield Need("lambda:InvokeFunction", params["RotationLambdaARN"])
        case "ssm", "PutParameter":
            if params.get("Tags"):
                yield Need("ssm:AddTagsToResource", f"{here}parameter/{params['Name'].removeprefix('/')}")
            key = params.get("KeyId", "")
            if params["Type"] == "SecureString" and key and not key.startswith("alias/aws/"):
                action = "kms:GenerateDataKey" if params.get("Tier") == "Advanced" else "kms:Encrypt"
                yield _sealed(action, key, "ssm", region)


def _sealed(action: str, key: str, service: str, region: str) -> Need:
    aliased = {"kms:ResourceAliases": key} if key.startswith("alias/") else {}
    arn = f"arn:aws:kms:{region}:{ACCOUNT}:key/" + ("0a1b" if aliased else key)
    via = {"kms:ViaService": f"{service}.{region}.amazonaws.com"}
    return Need(action, key if key.startswith("arn:") else arn, {**aliased, **via})


def _passed(params: Mapping[str, Any], members: Iterable[str], service: str) -> Iterator[Need]:
    for member in members:
        if role := params.get(member):
            arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
            yield Need("iam:PassRole", arn, {"iam:PassedToService": service})


def _tagged(params: Mapping[str, Any], arn: str, operation: str) -> Iterator[Need]:
    if params.get("tags") or params.get("propagateTags") == "TASK_DEFINITION":
        yield Need("ecs:TagResource", arn, {"ecs:CreateAction": operation})


def _linked() -> Iterator[Need]:
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    yield Need("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": "ecs.amazonaws.com"})
