"""What is wrong with a manifest although each member of it is well: by the kinds' tables, for every kind alike."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.fields import UNSET, Fields, pattern_of, step
from reconciler.model.kind import Kind
from reconciler.model.tree import Path, show_path
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, get, is_null, plain
from reconciler.source.telling import Teller

_RESERVED = ("aws:", "reconciler:")


def check_identities(spec: Map, fields: Fields, tell: Teller) -> frozenset[Path]:
    """Tell the elements of a list that share what names them; the paths that were told."""
    told = set()
    for path, found in _lists(spec, ()):
        pattern = pattern_of(path, fields)
        key = fields.at(pattern).key
        first: dict[tuple[str | None, ...], Mark] = {}
        for index, element in enumerate(found.items if key else ()):
            identity = _identity(element, key, step(pattern, "*"), fields)
            if identity is None:
                continue
            name = next(it for it in key if it in element.members and not is_null(element.members[it]))
            at = element.members[name].at
            if identity not in first:
                first[identity] = at
                continue
            shown = "/".join(it for it in identity if it is not None)
            message = f"two elements of {show_path(path)} are named {shown[:80]}"
            here = (*path, index, name)
            related = [(first[identity], "the first one")]
            tell.error("duplicate-element", message, at, "keep one", path=show_path(here), related=related)
            told.add(here)
    return frozenset(told)


def check_tags(spec: Map, tell: Teller) -> None:
    """Tell the tags that are not a manifest's to set: AWS's own and those that say whose a resource is."""
    tags = spec.members.get("tags")
    for index, element in enumerate(tags.items if isinstance(tags, List) else ()):
        key = get(element, "key")
        said = key.value if isinstance(key, Scalar) else None
        if isinstance(said, str) and isinstance(key, Scalar) and said.lower().startswith(_RESERVED):
            prefix = said[: said.index(":") + 1]
            message = f"tags whose key begins with '{prefix}' are not a manifest's to set"
            tell.error("reserved-tag", message, key.at, "leave it out", path=f"tags[{index}].key")


def check_ignored(metadata: Node | None, kind: Kind, tell: Teller) -> None:
    """Warn of paths under a manifest's ``policy.ignore`` that name no member of its kind."""
    listed = get(metadata, "policy", "ignore")
    for item in listed.items if isinstance(listed, List) else ():
        said = plain(item)
        if not isinstance(said, str) or not said or (isinstance(item, Scalar) and item.unread):
            continue
        try:
            kind.Spec.member(_member_path(said, kind.fields))
        except LookupError as error:
            message, _, hint = str(error.args[0]).partition("; ")
            tell.warning("unknown-path", f"'ignore' has no effect: {message}", item.at, hint)


def _member_path(said: str, fields: Fields) -> str:
    """The members a canonical path goes through; what names an element is none, and may hold dots."""
    pattern, parts = "", tuple(said.split("."))
    for end in range(1, len(parts) + 1):
        pattern = pattern_of(parts[:end], fields)
        if fields.at(pattern).value:
            break
    return pattern.removesuffix(".*")


def _identity(element: Node, key: tuple[str, ...], inside: str, fields: Fields) -> tuple[str | None, ...] | None:
    """What names an element, with the server's defaults; None when nothing does, or nobody can tell."""
    if not isinstance(element, Map):
        return None
    said = [element.members.get(name) for name in key]
    if any(isinstance(it, Scalar) and it.unread for it in said) or all(it is None or is_null(it) for it in said):
        return None
    defaults = (fields.at(step(inside, name)).default for name in key)
    return tuple(
        (None if default is UNSET else str(default)) if it is None or is_null(it) else str(plain(it))
        for it, default in zip(said, defaults, strict=True)
    )


def _lists(node: Node, path: Path) -> Iterator[tuple[Path, List]]:
    if isinstance(node, Map):
        for name, member in node.members.items():
            yield from _lists(member, (*path, name))
    elif isinstance(node, List):
        yield path, node
        for index, item in enumerate(node.items):
            yield from _lists(item, (*path, index))
