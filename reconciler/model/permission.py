"""What IAM has to allow: which action, on what, under which conditions. Kinds declare it; nobody asks AWS for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from reconciler.model.desired import Reference
from reconciler.model.key import OWNER, PRUNE

Place = Mapping[str, str]
"""Values that stand in the templates of uses: ``{"cluster": "main", "family": "web"}``."""

Limit = tuple[str, str, str]
"""A condition of IAM: operator, key, value."""


class Purpose(StrEnum):
    """What an action is needed for.

    LOOK to plan; CHANGE to make and alter; DELETE what is pruned or replaced; RETIRE older revisions, looking included;
    VERB only where a person asks for it with a verb.
    """

    LOOK = "look"
    CHANGE = "change"
    DELETE = "delete"
    RETIRE = "retire"
    VERB = "verb"


@dataclass(frozen=True)
class Use:
    """An action that a kind needs wherever a place says every name in the templates, and ``where`` besides.

    action  as operations are written, ``elbv2:DescribeTargetGroups``; or what AWS checks beside one: ``iam:PassRole``
    on      templates of resources: whole ARNs, ``*`` where IAM knows nothing narrower, else what stands behind
            ``arn:partition:service:region:account:``. ``{partition}``, ``{region}``, ``{account}`` and ``{owner}`` (our
            owner tags, as a pattern) are always known. One that takes nothing else is for what is no longer declared,
            too
    limits  conditions that the permission is held to; values are templates
    where   a name that a place must hold, although no template says it; ``replaced`` is held where policy allows that
    """

    action: str
    on: tuple[str, ...] = ("*",)
    purpose: Purpose = Purpose.LOOK
    limits: tuple[Limit, ...] = ()
    where: str = ""

    @cached_property
    def names(self) -> frozenset[str]:
        """What a place has to say."""
        templates = (*self.on, *(value for _, _, value in self.limits))
        found = {name for template in templates for name in _NAME.findall(template)}
        return frozenset(found - GIVEN) | ({self.where} if self.where else set())


@dataclass(frozen=True, order=True, slots=True)
class Grant:
    """One action on one resource, as IAM writes both."""

    action: str
    resource: str
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Permissions:
    """What an environment needs. ``missing``: what the repository does not say, in words; a ``<…>`` stands for it."""

    grants: frozenset[Grant]
    missing: tuple[str, ...] = ()


GIVEN: Final = frozenset({"partition", "region", "account", "owner"})
_NAME: Final = re.compile(r"\{(\w+)\}")

ROLE: Final = "arn:{partition}:iam::{account}:role/{roleName}"
TASKS: Final = "ecs-tasks.amazonaws.com"
ECS: Final = "ecs.amazonaws.com"

OURS: Final[tuple[Limit, ...]] = (("StringLike", f"aws:ResourceTag/{OWNER}", "{owner}"),)
"""Only what carries an owner tag of the environment: the way to what is no longer declared, whose name nobody knows."""

TO_PRUNE: Final[tuple[Limit, ...]] = (*OURS, ("StringEquals", f"aws:ResourceTag/{PRUNE}", "true"))
"""The same of a kind that is kept: only what once said of itself that it may go."""

IN_CLUSTER: Final[tuple[Limit, ...]] = (
    ("ArnEquals", "ecs:cluster", "arn:{partition}:ecs:{region}:{account}:cluster/{cluster}"),
)

_PASSED: Final[tuple[Limit, ...]] = (("StringEquals", "iam:PassedToService", "{service}"),)
PASS_ROLE: Final = (
    Use("iam:PassRole", ("{role}",), Purpose.CHANGE, _PASSED),
    Use("iam:PassRole", (ROLE,), Purpose.CHANGE, _PASSED),
)

LINKED_ROLE: Final = Use(
    "iam:CreateServiceLinkedRole",
    ("arn:{partition}:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS*",),
    Purpose.CHANGE,
    (("StringEquals", "iam:AWSServiceName", ECS),),
)
"""ECS makes its own role with the first cluster or service of an account, in the name of whoever asks for that."""


def passed(role: object, service: str) -> dict[str, str]:
    """The place of a role that a spec hands to a service, by ARN or name; empty where it names none yet."""
    return {**named_role(role), "service": service} if isinstance(role, str) and role else {}


def named_role(role: str) -> dict[str, str]:
    return {"role": role} if role.startswith("arn:") else {"roleName": role}


def named(value: object, member: str, referent: Callable[[Reference], Mapping[str, Any] | None]) -> str:
    """The name that a spec speaks of, be it AWS's, an ARN's last part, or that of a manifest, which says it there."""
    if isinstance(value, Reference):
        value = (referent(value) or {}).get(member, "")
    text = str(value or "")
    return text.rpartition("/")[2] if text.startswith("arn:") else text


def sealing_uses(service: str, action: str, where: str = "") -> tuple[Use, ...]:
    """What a service does with a key of yours in the name of whoever writes a value: an action of KMS."""
    via: Limit = ("StringLike", "kms:ViaService", f"{service}.{{region}}.amazonaws.com*")
    aliased: Limit = ("ForAnyValue:StringEquals", "kms:ResourceAliases", "{keyAlias}")
    keys = "arn:{partition}:kms:{region}:{account}:key/"
    return (
        Use(action, ("{key}",), Purpose.CHANGE, (via,), where),
        Use(action, (f"{keys}{{keyId}}",), Purpose.CHANGE, (via,), where),
        Use(action, (f"{keys}*",), Purpose.CHANGE, (aliased, via), where),
    )


def sealing_place(key: object) -> dict[str, str]:
    """The place of a KMS key that a spec names, by ARN, id or alias; empty of none, and of those that AWS keeps."""
    if not isinstance(key, str) or not key:
        return {}
    resource = key.split(":", 5)[5] if key.count(":") >= 5 else key
    if resource.startswith("alias/"):
        return {} if resource.startswith("alias/aws/") else {"keyAlias": resource}
    return {"key": key} if key.startswith("arn:") else {"keyId": key}


def filled(template: str, place: Place) -> str:
    """A template with its values; what IAM would take for a pattern in a value is quoted."""
    return _NAME.sub(lambda found: place[found[1]], template)


def quoted(value: str) -> str:
    """A value as IAM takes it literally."""
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", value)


def partition_of(region: str) -> str:
    """The partition that a Region lies in."""
    return next((name for prefix, name in _PARTITIONS if region.startswith(prefix)), "aws")


_PARTITIONS: Final = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("us-isob-", "aws-iso-b"))
