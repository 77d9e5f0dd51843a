"""What carries our owner tag, from one scan of the tagging API. It nominates; it proves nothing.

A revision that tells of a job's runs is nominated for the job as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.errors import AwsError
from reconciler.model.key import DIGEST, OWNER, RUNS, Key, Scope
from reconciler.model.kind import Items, Kinds, Reader
from reconciler.model.observed import NEVER, Inventory, Nominated
from reconciler.model.runs import Run, runs_of
from reconciler.model.tags import to_map

SCAN = "resourcegroupstaggingapi:GetResources"
_PAGE = 100
NEWEST = 2
"""How many revisions are looked at for a job in any case: the newest that tell of it."""


def read_inventory(read: Reader, scope: Scope, kinds: Kinds) -> Inventory:
    """Read every page. A failed page leaves an inventory that says it is not complete: nothing is pruned from it."""
    asked = {
        "TagFilters": [{"Key": OWNER}],
        "ResourceTypeFilters": sorted({kind.fields.resource_type for kind in kinds.values()}),
        "ResourcesPerPage": _PAGE,
    }
    try:
        found = read.pages(SCAN, asked, "ResourceTagMappingList")
    except AwsError as error:
        return Inventory({}, error=error)
    items: dict[Key, list[Nominated]] = {}
    for mapping in found:
        tags = to_map({"key": tag["Key"], "value": tag["Value"]} for tag in mapping["Tags"])
        key = scope.key(tags.get(OWNER))
        if key is not None and key.kind in kinds:
            for one in {key, *_told_of(key, tags, kinds)}:
                items.setdefault(one, []).append(Nominated(mapping["ResourceARN"], tags))
    owned = {key: tuple(sorted(value, key=_age)) for key, value in items.items()}
    return Inventory(owned, at=found.at if isinstance(found, Items) else NEVER)


def matching(items: Iterable[Nominated], digest: str) -> tuple[str, ...]:
    """The ARNs of those that carry a digest, oldest revision first."""
    return tuple(item.arn for item in items if item.tags.get(DIGEST) == digest)


def telling(items: Iterable[Nominated], name: str, digest: str) -> tuple[str, ...]:
    """The ARNs of the revisions that may tell of the run that is wanted of a job, or of one that has not ended."""
    listed = list(items)
    wanted = [item for item in listed if any(_matters(run, digest) for run in runs_of(item.tags, name))]
    return tuple(dict.fromkeys(item.arn for item in (*wanted, *listed[-NEWEST:])))


def _matters(run: Run, digest: str) -> bool:
    return not run.ended or run.is_of(digest)


def _told_of(key: Key, tags: Mapping[str, str], kinds: Kinds) -> Iterator[Key]:
    """The jobs whose runs the tags of a revision speak of: those of its own app."""
    running = [name for name, kind in kinds.items() if kind.fields.one_off]
    for tag in tags:
        if tag.startswith(RUNS):
            yield from (Key(key.app, kind, tag.removeprefix(RUNS).partition("/")[0]) for kind in running)


def _age(item: Nominated) -> tuple[str, int, str]:
    """Revisions by their number, all else by ARN."""
    stem, _, last = item.arn.rpartition(":")
    return (stem, int(last), "") if last.isdigit() else (item.arn, 0, "")
