"""Tags as ECS writes them, and the calls that bring a change's tags about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.model.fields import UNSET
from reconciler.model.key import FAILURES, IMAGE, OUR_TAGS, RUNS
from reconciler.model.observed import Observed
from reconciler.model.plan import Call, Change


def to_map(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """``[{key, value}]`` as a mapping; an element without a key is no tag."""
    return {tag["key"]: tag.get("value") or "" for tag in tags or () if tag and tag.get("key")}


def to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as ``[{key, value}]``, sorted by key."""
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def of_upper(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """``[{Key, Value}]``, as most other services write them, as a mapping."""
    return {tag["Key"]: tag.get("Value") or "" for tag in tags or ()}


def to_upper(tags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A mapping as ``[{Key, Value}]``, sorted by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def people_s(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags people set: without AWS's own and without ours."""
    return {key: value for key, value in tags.items() if not _is_ours(key) and not key.lower().startswith("aws:")}


def _is_ours(key: str) -> bool:
    return key in OUR_TAGS or key.startswith((RUNS, FAILURES, IMAGE))


def same_place(owner: str | None, other: str | None) -> bool:
    """Whether two owner tags speak of one installation and environment."""
    return bool(owner and other) and str(owner).split("/")[:2] == str(other).split("/")[:2]


def all_of(change: Change) -> dict[str, str]:
    """The tags a new resource gets: the manifest's and ours. The manifest's may be in either form."""
    said = change.spec.get("tags") or {}
    return {**(said if isinstance(said, Mapping) else to_map(said)), **change.stamps}


def to_put(change: Change) -> dict[str, str]:
    """The tags of a present resource that are to be set."""
    return {field.path[1]: field.after for field in change.fields if field.path[0] == "tags" and not field.removes}


def to_drop(change: Change) -> list[str]:
    """The keys of the tags that are to be removed."""
    return [field.path[1] for field in change.fields if field.path[0] == "tags" and field.after is UNSET]


def tagged(change: Change, at: datetime) -> Observed:
    """What a present resource is once the calls for its tags, which answer nothing, have been made."""
    seen = change.observed
    if seen is None or seen.spec is None:
        raise ValueError(f"{change.key}: there is nothing to tag")
    now = {key: value for key, value in {**seen.tags, **to_put(change)}.items() if key not in to_drop(change)}
    said = seen.spec.get("tags")
    form: Any = people_s(now) if isinstance(said, Mapping) else to_list(people_s(now))
    return replace(seen, at=at, tags=now, spec={**seen.spec, "tags": form})


def ecs_calls(change: Change) -> Iterator[Call]:
    """TagResource and UntagResource on an ECS resource that is there."""
    arn = change.observed.arn if change.observed else None
    if put := to_put(change):
        yield Call("ecs:TagResource", {"resourceArn": arn, "tags": to_list(put)})
    if drop := to_drop(change):
        yield Call("ecs:UntagResource", {"resourceArn": arn, "tagKeys": drop})
