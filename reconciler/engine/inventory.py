"""What carries our owner tag, from one scan of the tagging API. It nominates; it proves nothing."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.errors import AwsError
from reconciler.model.key import DIGEST, OWNER, Key, Scope
from reconciler.model.kind import Kinds, Reader
from reconciler.model.observed import Inventory, Nominated
from reconciler.model.tags import to_map

_PAGE = 100


def read_inventory(read: Reader, scope: Scope, kinds: Kinds) -> Inventory:
    """Read every page. A failed page leaves an inventory that says it is not complete: nothing is pruned from it."""
    asked = {
        "TagFilters": [{"Key": OWNER}],
        "ResourceTypeFilters": sorted({kind.fields.resource_type for kind in kinds.values()}),
        "ResourcesPerPage": _PAGE,
    }
    try:
        found = read.pages("resourcegroupstaggingapi:GetResources", asked, "ResourceTagMappingList")
    except AwsError as error:
        return Inventory({}, error=error)
    items: dict[Key, list[Nominated]] = {}
    for mapping in found:
        tags = to_map({"key": tag["Key"], "value": tag["Value"]} for tag in mapping["Tags"])
        key = scope.key(tags.get(OWNER))
        if key is not None and key.kind in kinds:
            items.setdefault(key, []).append(Nominated(mapping["ResourceARN"], tags))
    return Inventory({key: tuple(sorted(value, key=_age)) for key, value in items.items()})


def matching(items: Iterable[Nominated], digest: str) -> tuple[str, ...]:
    """The ARNs of those that carry a digest, oldest revision first."""
    return tuple(item.arn for item in items if item.tags.get(DIGEST) == digest)


def _age(item: Nominated) -> tuple[str, int, str]:
    """Revisions by their number, all else by ARN."""
    stem, _, last = item.arn.rpartition(":")
    return (stem, int(last), "") if last.isdigit() else (item.arn, 0, "")
