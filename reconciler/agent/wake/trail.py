"""What a call that CloudTrail tells of has touched, and who made it. Source: the CloudTrail user guide, record contents
and userIdentity element. Nothing in it is believed but as a hint: whoever may write to the queue can write anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.agent.index import Account, Index, Owned

AGENT: Final = "ecs-reconciler"
"""In the user agent of every call that this product makes."""

_WRITES: Final = {
    "ecs": "CreateService UpdateService DeleteService StopServiceDeployment ContinueServiceDeployment CreateTaskSet "
    "UpdateTaskSet DeleteTaskSet UpdateServicePrimaryTaskSet RunTask StartTask StopTask RegisterTaskDefinition "
    "DeregisterTaskDefinition DeleteTaskDefinitions CreateCluster UpdateCluster UpdateClusterSettings DeleteCluster "
    "PutClusterCapacityProviders TagResource UntagResource",
    "application-autoscaling": "RegisterScalableTarget DeregisterScalableTarget PutScalingPolicy DeleteScalingPolicy "
    "PutScheduledAction DeleteScheduledAction",
    "logs": "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey "
    "PutLogGroupDeletionProtection TagResource UntagResource TagLogGroup UntagLogGroup",
    "secretsmanager": "CreateSecret PutSecretValue UpdateSecret UpdateSecretVersionStage DeleteSecret RestoreSecret "
    "RotateSecret CancelRotateSecret RotationSucceeded TagResource UntagResource",
    "ssm": "PutParameter DeleteParameter DeleteParameters LabelParameterVersion UnlabelParameterVersion "
    "AddTagsToResource RemoveTagsFromResource",
}
WRITES: Final[Mapping[str, frozenset[str]]] = {service: frozenset(names.split()) for service, names in _WRITES.items()}
"""The calls that change what is kept here, by service. Not what every task does: it opens a log stream of its own."""

_DEFINITIONS = ("taskDefinition", "family", "taskDefinitions")
_GROUPS = ("logGroupName", "logGroupIdentifier", "resourceIdentifier")
_ARNS = ("resourceArn", "resourceARN", "serviceDeploymentArn", "service")
_ID: Final = re.compile(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{8,}")
"""Access keys, as AWS's IAM guide lists their beginnings; none is ever shown."""
_STRANGE: Final = re.compile(r"[^\w+=,.@:/-]", re.ASCII)
LONGEST: Final = 200
_MOST: Final = 100
"""Names of one call that are looked at."""


def changes_something(detail: Mapping[str, Any]) -> bool:
    """Whether a call is one that changes something, and did."""
    known = _text(detail.get("eventName")) in WRITES.get(service_of(detail), ())
    return known and not detail.get("errorCode") and detail.get("readOnly") is not True


def service_of(detail: Mapping[str, Any]) -> str:
    """``ecs`` of ``ecs.amazonaws.com``."""
    name = _text(detail.get("eventSource"))
    return name.removesuffix(".amazonaws.com") if name.endswith(".amazonaws.com") else ""


def is_ours(detail: Mapping[str, Any], ourselves: Collection[str]) -> bool:
    """Whether this product made the call; ``ourselves`` are the ARNs of the callers that it is."""
    agent, arn = _text(detail.get("userAgent")), _text(_identity(detail).get("arn"))
    return AGENT in agent or (bool(arn) and arn in ourselves)


def touched(detail: Mapping[str, Any], at: Account, index: Index) -> frozenset[Owned]:
    """What is ours of that which the request names, or the answer."""
    said = {**_mapping(detail.get("additionalEventData")), **_mapping(detail.get("requestParameters"))}
    found: set[Owned] = set()
    for arn in _values(said, _ARNS):
        if arn.startswith("arn:"):
            found |= index.named(at, "", arn)
    service = service_of(detail)
    if service == "ecs":
        task = _mapping(_mapping(detail.get("responseElements")).get("task"))
        found |= _of_ecs(_text(detail.get("eventName")), said, task, at, index)
    elif service == "application-autoscaling":
        for place in _values(said, ("resourceId",)):
            kind, _, name = place.partition("/")
            cluster, _, last = name.rpartition("/")
            found |= index.service(at, cluster, last) if kind == "service" and cluster else frozenset()
    else:
        kind, members = _NAMED[service]
        for name in _values(said, members):
            found |= index.named(at, kind, name)
    return frozenset(found)


_NAMED: Final = {
    "logs": ("log-group", _GROUPS),
    "secretsmanager": ("secret", ("secretId", "SecretId", "name")),
    "ssm": ("parameter", ("name", "names", "resourceId")),
}


def _of_ecs(call: str, said: Mapping[str, Any], task: Mapping[str, Any], at: Account, index: Index) -> frozenset[Owned]:
    """``task`` is the one that was stopped."""
    clusters = list(_values(said, ("cluster", "clusterName")))
    if "Cluster" in call:
        return frozenset().union(*(index.named(at, "cluster", name) for name in clusters))
    cluster = clusters[0] if clusters else "default"
    found = set(of_task(task, at, index))
    services = list(_values(said, ("service", "serviceName")))
    for name in services:
        found |= index.service(at, cluster, name) if not name.startswith("arn:") else frozenset()
    for name in _values(said, _DEFINITIONS) if not services else ():
        found |= index.named(at, "task-definition", name)
    return frozenset(found)


def of_task(task: Mapping[str, Any], at: Account, index: Index) -> frozenset[Owned]:
    """Whose a task is, as ECS describes it: its service's, else that of the run or the revision."""
    group = _text(task.get("group"))
    if group.startswith("service:"):
        return index.service(at, _text(task.get("clusterArn")), group.removeprefix("service:"))
    found = index.named(at, "task-definition", _text(task.get("taskDefinitionArn")))
    return found | index.named(at, "", _text(task.get("taskArn")))


def principal(detail: Mapping[str, Any]) -> str:
    """Who made a call, fit to be shown; empty for AWS's own services, which are nobody to ask."""
    identity = _identity(detail)
    arn, kind = _text(identity.get("arn")), _text(identity.get("type"))
    if kind == "AWSService" or ":assumed-role/AWSServiceRoleFor" in arn or ":role/aws-service-role/" in arn:
        return ""
    for member in ("arn", "userName", "principalId", "accountId"):
        if text := shown(_text(identity.get(member))):
            return text
    return shown(_text(_mapping(identity.get("onBehalfOf")).get("userId")))


def when(detail: Mapping[str, Any]) -> datetime | None:
    """The time of a call; None where it is none."""
    text = _text(detail.get("eventTime"))
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text):
        return None
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None


def shown(text: str) -> str:
    """A text of somebody else's: no access key, and a question mark for what no name of AWS holds."""
    return _ID.sub("access-key", _STRANGE.sub("?", text[: 10 * LONGEST]))[:LONGEST].strip()


def _identity(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(detail.get("userIdentity"))


def _values(said: Mapping[str, Any], members: Collection[str]) -> Iterator[str]:
    """The texts of some members, of lists each."""
    for member in members:
        value = said.get(member)
        for one in value[:_MOST] if isinstance(value, list) else (value,):
            if isinstance(one, str) and one:
                yield one


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
