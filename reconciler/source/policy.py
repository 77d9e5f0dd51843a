"""Policy as manifests write it: durations, limits, switches."""

from __future__ import annotations

import re
from typing import Any, get_args

from reconciler.model.coercion import to_boolean, to_text
from reconciler.model.durations import seconds
from reconciler.model.policy import Drift, Images, Policy, Rollback, Rotation
from reconciler.source.nodes import Node, is_unread, plain
from reconciler.source.telling import Members, Teller, convert_or_tell

MEMBERS = ("prune", "adopt", "replace", "drift", "rollback", "rotation", "timeout", "minReady", "keepRevisions",
           "deletionLimit", "ignore", "images")  # fmt: skip
_PERCENT = re.compile(r"(\d{1,3})\s*%", re.ASCII)


def read_policy(node: Node | None, what: str, tell: Teller) -> Policy:
    """One level's word; what is wrong is told and left out."""
    members = Members(node, what, MEMBERS, tell)
    drift: Any = members.word("drift", get_args(Drift))
    rollback: Any = members.word("rollback", get_args(Rollback))
    rotation: Any = members.word("rotation", get_args(Rotation))
    images: Any = members.word("images", get_args(Images))
    ignore = None
    if members.get("ignore") is not None:
        paths = (convert_or_tell(item, item.at, "a path", to_text, tell) for item in members.items("ignore"))
        ignore = tuple(path for path in paths if path)
    return Policy(
        prune=members.value("prune", to_boolean),
        adopt=members.value("adopt", to_boolean),
        replace=members.value("replace", to_boolean),
        drift=drift,
        rollback=rollback,
        rotation=rotation,
        timeout=_duration(members, "timeout"),
        min_ready=_duration(members, "minReady"),
        keep_revisions=_keep(members),
        deletion_limit=_limit(members),
        ignore=ignore,
        images=images,
    )


def _duration(members: Members, name: str) -> float | None:
    node = members.get(name)
    if node is None or is_unread(node):
        return None
    found = seconds(plain(node))
    if found is None:
        message = f"{name!r} has to be a time longer than none"
        hint = "write 20m, 90s, 1h30m or a number of seconds"
        members.tell.error("wrong-value", message, members.mark(name), hint)
    return found


def _keep(members: Members) -> int | None:
    node = members.get("keepRevisions")
    if node is None or is_unread(node):
        return None
    value = plain(node)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    message = "'keepRevisions' has to be a number of at least 1"
    members.tell.error("wrong-value", message, members.mark("keepRevisions"), "write 10")
    return None


def _limit(members: Members) -> int | str | None:
    node = members.get("deletionLimit")
    if node is None or is_unread(node):
        return None
    value = plain(node)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return int(value)
    share = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if share is not None and int(share.group(1)) <= 100:
        return f"{int(share.group(1))}%"
    message = "'deletionLimit' has to be a number or a share"
    members.tell.error("wrong-value", message, members.mark("deletionLimit"), 'write 5 or "20%"')
    return None
