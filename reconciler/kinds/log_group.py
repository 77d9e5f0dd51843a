"""LogGroup: a CloudWatch log group, created before what logs into it, with its retention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from reconciler.model import tags
from reconciler.model.errors import AwsError
from reconciler.model.fields import Field, Fields
from reconciler.model.kind import Answer, Kind, Reader, Referent
from reconciler.model.observed import Observed, Wanted
from reconciler.model.permission import OURS, TO_PRUNE, Place, Purpose, Use
from reconciler.model.plan import Action, Call, Change
from reconciler.model.shapes import Shape
from reconciler.model.tree import Pending, Tree

_GROUP: Final = ("log-group:{group}", "log-group:{group}:*")
"""Tags are asked for without the star, everything else with it. Source: CloudWatch Logs user guide, log group ARNs."""
_ANY: Final = ("log-group:*",)
_FOR_EVER = 0
"""Days of a retention that is taken away again."""


class LogGroup(Kind):
    """Members are CreateLogGroup's and ``retentionInDays``. Kept when its manifest goes: logs outlive services."""

    name = "LogGroup"
    Spec = Shape("logs", "CreateLogGroup", also=("PutRetentionPolicy",), required=("logGroupName",))
    fields = Fields(
        name="logGroupName",
        resource_type="logs:log-group",
        kept=True,
        table={
            "logGroupClass": Field(default="STANDARD", create_only=True),
            "kmsKeyId": Field(shared=True, removal=""),
            "retentionInDays": Field(shared=True, removal=_FOR_EVER),
            "deletionProtectionEnabled": Field(shared=True, create_only=True),
            "tags": Field(shared=True),
        },
        response_only=frozenset(
            {"arn", "logGroupArn", "creationTime", "metricFilterCount", "storedBytes", "dataProtectionStatus"}
        ),
        wrappers=("logGroups",),
    )
    uses = (
        Use("logs:DescribeLogGroups"),
        Use("logs:ListTagsForResource", _GROUP),
        Use("logs:ListTagsForResource", _ANY, limits=OURS),
        Use("logs:CreateLogGroup", _GROUP, Purpose.CHANGE),
        Use("logs:TagResource", _GROUP, Purpose.CHANGE),
        Use("logs:UntagResource", _GROUP, Purpose.CHANGE),
        Use("logs:PutRetentionPolicy", _GROUP, Purpose.CHANGE),
        Use("logs:DeleteRetentionPolicy", _GROUP, Purpose.CHANGE),
        Use("logs:AssociateKmsKey", _GROUP, Purpose.CHANGE, where="key"),
        Use("logs:DisassociateKmsKey", _GROUP, Purpose.CHANGE),
        Use("logs:DeleteLogGroup", _ANY, Purpose.DELETE, TO_PRUNE),
        Use("logs:DeleteLogGroup", _GROUP, Purpose.DELETE, where="replaced"),
    )

    def address(self, spec: Tree) -> str | None:
        name = spec.get("logGroupName")
        return None if isinstance(name, Pending) else name

    def named(self, value: str) -> str | None:
        return value.partition(":log-group:")[2].removesuffix(":*") if value.startswith("arn:") else value

    def places(self, spec: Tree, referent: Referent) -> Iterator[Place]:
        group = {"group": str(self.named(str(spec["logGroupName"])))}
        yield group
        if "kmsKeyId" in spec:
            yield {**group, "key": ""}

    def parts(self, spec: Tree) -> frozenset[str]:
        return frozenset({"arn"})

    def reference(self, seen: Observed, part: str) -> str | None:
        """The name, which is what a log driver wants; ``#arn`` for the ARN."""
        return seen.arn if part == "arn" else str((seen.spec or {})["logGroupName"])

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        names = [self.address(want.spec) if want.spec else self.named(want.owned[0]) for want in wanted]
        found = read.many("logs:DescribeLogGroups", [{"logGroupNamePrefix": name, "limit": 50} for name in names])
        there: list[tuple[Wanted, dict[str, Any], Answer]] = []
        for want, name, answer in zip(wanted, names, found, strict=True):
            if isinstance(answer, AwsError):
                yield Observed.failed(want.key, answer)
                continue
            # names sort, so the group of exactly this name is the first with the prefix
            group = next((group for group in answer["logGroups"] if group["logGroupName"] == name), None)
            if group is None:
                yield Observed(want.key, answer.at)
            else:
                there.append((want, group, answer))
        arns = [_arn(group) for _, group, _ in there]
        tagged = read.many("logs:ListTagsForResource", [{"resourceArn": arn} for arn in arns])
        for (want, group, answer), arn, tag_answer in zip(there, arns, tagged, strict=True):
            if isinstance(tag_answer, AwsError):
                yield Observed.failed(want.key, tag_answer)
                continue
            all_tags = dict(tag_answer.get("tags") or {})
            said = ("logGroupName", "retentionInDays", "kmsKeyId", "logGroupClass", "deletionProtectionEnabled")
            spec = {member: group[member] for member in said if member in group}
            yield Observed(want.key, answer.at, spec | {"tags": tags.people_s(all_tags)}, arn=arn, tags=all_tags)

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.CREATE:
            return self._create(change)
        assert change.observed is not None
        if change.step is Action.DELETE:
            return [Call("logs:DeleteLogGroup", {"logGroupName": (change.observed.spec or {})["logGroupName"]})]
        return self._update(change)

    def _create(self, change: Change) -> Iterator[Call]:
        creation = {name: value for name, value in change.spec.items() if name != "retentionInDays"}
        yield Call("logs:CreateLogGroup", {**creation, "tags": tags.all_of(change)})
        if "retentionInDays" in change.spec:
            yield self._retention(change.spec, change.spec["retentionInDays"])

    def _update(self, change: Change) -> Iterator[Call]:
        assert change.observed is not None
        name = {"logGroupName": (change.observed.spec or {})["logGroupName"]}
        arn = change.observed.arn
        if put := tags.to_put(change):
            yield Call("logs:TagResource", {"resourceArn": arn, "tags": put})
        if drop := tags.to_drop(change):
            yield Call("logs:UntagResource", {"resourceArn": arn, "tagKeys": drop})
        if "retentionInDays" in change.values:
            days = change.values["retentionInDays"]
            yield self._retention(name, days) if days != _FOR_EVER else Call("logs:DeleteRetentionPolicy", name)
        if key := change.values.get("kmsKeyId"):
            yield Call("logs:AssociateKmsKey", {**name, "kmsKeyId": key})
        elif key is not None:
            yield Call("logs:DisassociateKmsKey", name)

    @staticmethod
    def _retention(spec: Tree, days: int) -> Call:
        return Call("logs:PutRetentionPolicy", {"logGroupName": spec["logGroupName"], "retentionInDays": days})

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        at = answers[-1].at
        if change.step is Action.DELETE:
            return Observed(change.key, at)
        if change.step is Action.CREATE:
            all_tags = tags.all_of(change)
            return Observed(change.key, at, {**change.spec, "tags": tags.people_s(all_tags)}, tags=all_tags)
        now = tags.tagged(change, at)
        spec = {**(now.spec or {}), **change.values}
        gone = [name for name, value in change.values.items() if value in ("", _FOR_EVER)]
        kept = {name: value for name, value in spec.items() if name not in gone}
        return Observed(now.key, at, kept, arn=now.arn, tags=now.tags)


def _arn(group: Any) -> str:
    arn: str = group.get("logGroupArn") or group["arn"]
    return arn.removesuffix(":*")
