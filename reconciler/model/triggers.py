"""What starts tasks by the clock or by an event: EventBridge rules and schedules, found by the cluster they target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.model.errors import AwsError
from reconciler.model.kind import Answer, Reader
from reconciler.model.permission import Purpose, Use
from reconciler.model.tree import Tree

USES: Final = (
    Use("events:ListRuleNamesByTarget", purpose=Purpose.RETIRE),
    Use("events:ListTargetsByRule", ("rule/*",), Purpose.RETIRE),
    Use("scheduler:ListSchedules", purpose=Purpose.RETIRE),
    Use("scheduler:GetSchedule", ("schedule/*",), Purpose.RETIRE),
)
"""Before older revisions are retired. ``doctor`` asks as well, and says so where it may not."""


@dataclass(frozen=True)
class Trigger:
    """``what`` in words (``rule nightly``), and the definition it starts: an ARN with or without a revision."""

    what: str
    definition: str

    @property
    def family(self) -> str:
        return self.definition.rpartition("/")[2].partition(":")[0]

    @property
    def pinned(self) -> bool:
        """Whether it names one revision."""
        return ":" in self.definition.rpartition("/")[2]


def triggers(read: Reader, cluster: str) -> Iterator[Trigger]:
    """Every rule of the default event bus and every schedule that starts tasks in a cluster, given by its ARN.

    Raises AwsError when some of them cannot be read.
    """
    rules = read.pages("events:ListRuleNamesByTarget", {"TargetArn": cluster}, "RuleNames")
    targets = read.many("events:ListTargetsByRule", [{"Rule": rule} for rule in rules])
    for rule, answer in zip(rules, targets, strict=True):
        for target in _good(answer)["Targets"]:
            yield from _of(f"rule {rule}", target, cluster)
    schedules = read.pages("scheduler:ListSchedules", {}, "Schedules")
    here = [one for one in schedules if (one.get("Target") or {}).get("Arn") == cluster]
    asked = [{"Name": one["Name"], "GroupName": one["GroupName"]} for one in here]
    for one, answer in zip(here, read.many("scheduler:GetSchedule", asked), strict=True):
        yield from _of(f"schedule {one['GroupName']}/{one['Name']}", _good(answer)["Target"], cluster)


def _of(what: str, target: Tree, cluster: str) -> Iterator[Trigger]:
    definition = (target.get("EcsParameters") or {}).get("TaskDefinitionArn")
    if definition and target.get("Arn") == cluster:
        yield Trigger(what, definition)


def _good(answer: Answer | AwsError) -> Answer:
    if isinstance(answer, AwsError):
        raise answer
    return answer
