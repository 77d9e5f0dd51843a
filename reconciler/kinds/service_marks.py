"""Verdicts of ours that ECS does not know, as tags of the revision they are about.

ECS remembers the deployments that it has ended itself. Of one that it calls completed it does not know that its tasks
did not stay: a tag of the revision says so, one for each service. The value is ``<reason> <time>``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model import tags
from reconciler.model.errors import AwsError, NotFound, Rejected
from reconciler.model.key import FAILURES, Key
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import Observed
from reconciler.model.plan import Call

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LONGEST = 128


def mark(seen: Observed, revision: str, reason: str) -> Call:
    """The call that remembers that a revision has failed in a service, by the time of the reading that says so."""
    value = f"{reason} {seen.at:{_TIME}}"
    return Call("ecs:TagResource", {"resourceArn": revision, "tags": [{"key": _name(seen), "value": value}]})


def is_marked(seen: Observed, definition: Answer) -> bool:
    """Whether a described revision is remembered to have failed in a service."""
    return _name(seen) in tags.to_map(definition.get("tags"))


def with_marks(read: Reader, readings: Sequence[Observed], wanted: Mapping[Key, str]) -> list[Observed]:
    """Readings with what is remembered of the revisions (``wanted``, by key) that the services are to move to."""
    asked = sorted({wanted[seen.key] for seen in readings if seen.error is None and "failed" not in seen.live})
    params = [{"taskDefinition": revision, "include": ["TAGS"]} for revision in asked]
    answers = dict(zip(asked, read.many("ecs:DescribeTaskDefinition", params), strict=True))
    return [_remembered(seen, answers[wanted[seen.key]]) if wanted[seen.key] in answers else seen for seen in readings]


def _remembered(seen: Observed, answer: Answer | AwsError) -> Observed:
    """A reading with what the tags of the revision that a service is to move to tell of it."""
    if isinstance(answer, AwsError):
        return seen if isinstance(answer, NotFound | Rejected) else Observed.failed(seen.key, answer)
    reason, _, time = tags.to_map(answer.get("tags")).get(_name(seen), "").partition(" ")
    if not reason or seen.error is not None or "failed" in seen.live:
        return seen
    found = {"id": f"{reason} {time}", "status": "SUCCESSFUL", "word": reason, "at": _moment(time)}
    return replace(seen, live={**seen.live, "failed": found})


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _name(seen: Observed) -> str:
    """The tag's key for a service, which is as unique as its cluster and name; keys have at most 128 characters."""
    place = (seen.arn or "").rpartition("service/")[2]
    name = FAILURES + place
    return name if len(name) <= _LONGEST else FAILURES + hashlib.sha256(place.encode()).hexdigest()
