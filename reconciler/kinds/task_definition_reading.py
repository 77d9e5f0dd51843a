"""The revisions of families as far as they have been read, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.errors import AwsError, NotFound, Rejected
from reconciler.model.kind import Answer, Items, Reader
from reconciler.model.observed import NEVER


class Revisions:
    """The revisions looked at so far, each read once. A revision never changes but for its tags and its status."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._answers: dict[str, Answer | AwsError] = {}
        self.by_family: dict[str, list[str] | AwsError] = {}
        self.listed: set[str] = set()
        self.at = NEVER

    def describe(self, arns: Iterable[str]) -> None:
        asked = [arn for arn in dict.fromkeys(arns) if arn not in self._answers]
        params = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in asked]
        for arn, answer in zip(asked, self._read.many("ecs:DescribeTaskDefinition", params), strict=True):
            self._answers[arn] = answer
            if isinstance(answer, Answer):
                self.at = answer.at

    def list(self, families: Sequence[str]) -> None:
        """Every ACTIVE revision of each family, newest first."""
        for family in families:
            params = {"familyPrefix": family, "status": "ACTIVE", "sort": "DESC", "maxResults": 100}
            try:
                arns = self._read.pages("ecs:ListTaskDefinitions", params, "taskDefinitionArns")
            except AwsError as error:
                self.by_family[family] = error
                continue
            self.by_family[family] = arns
            if isinstance(arns, Items):
                self.at = max(self.at, arns.at)
            self.listed.update(arns)

    def has_one_of(self, family: str, arns: Sequence[str]) -> bool:
        """Whether some of these are ACTIVE revisions of just this family."""
        listed = self.by_family.get(family, [])
        return not isinstance(listed, AwsError) and any(arn in listed for arn in arns)

    def active(self, arn: str) -> Answer | None:
        """The description of a revision that is there and may be used."""
        answer = self._answers.get(arn)
        if isinstance(answer, Answer) and answer["taskDefinition"].get("status", "ACTIVE") == "ACTIVE":
            return answer
        return None

    def error(self, arn: str) -> AwsError | None:
        """Why a revision could not be described, unless it is because there is none."""
        answer = self._answers.get(arn)
        return answer if isinstance(answer, AwsError) and not isinstance(answer, NotFound | Rejected) else None
