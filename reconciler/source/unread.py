"""What can be said of a manifest while something in it has not been read yet: everything else, and nothing of that."""

from __future__ import annotations

from typing import Any

from reconciler.model.errors import Finding
from reconciler.model.kind import Kind
from reconciler.model.tree import Path
from reconciler.source.nodes import Map, Node, get, is_unread, plain, pruned, scalars


def unread_paths(node: Node) -> frozenset[Path]:
    """Where something stands that has not been read."""
    return frozenset(path for path, scalar in scalars(node) if scalar.unread)


def check(spec: Map, kind: Kind) -> tuple[dict[str, Any] | None, list[Finding], list[Finding]]:
    """The spec as AWS's API wants it, what is wrong with its shape, and what its kind finds wrong besides.

    Where something is unread, its text stands for it, or where text will not do, it is left out; and of what the kind
    says only that counts which it says either way. None: nothing can be said of the whole before it is read.
    """
    clean, findings = kind.Spec.check(plain(spec))
    unread = unread_paths(spec)
    if not unread:
        return clean, findings, [] if findings else list(kind.check(clean))
    if any(not is_unread(get(spec, *finding.path)) for finding in findings):
        return clean, findings, []
    bare, lacking = kind.Spec.check(plain(pruned(spec, is_unread)))
    if findings:
        return (None if lacking else bare), [], []
    either_way = [] if lacking else list(kind.check(bare))
    return clean, [], [finding for finding in kind.check(clean) if finding in either_way]
