"""The canonical form of a spec: what is equal to ECS is equal here.

Lists with an identity become mappings by it, sets are sorted, ordered lists stay; null, empty objects, empty lists and
what the server would fill in anyway are left out. A spec and its reordering, or its spelling out of defaults, have one
canonical form; ``canonical(expand(canonical(x))) == canonical(x)``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reconciler.model.fields import UNSET, Fields, step
from reconciler.model.tree import Tree

_ABSENT: Any = UNSET


def canonical(fields: Fields, spec: Tree) -> dict[str, Any]:
    """The canonical form of a whole spec. The input is not touched."""
    form = _form(fields, spec, "")
    return form if isinstance(form, dict) else {}


def expand(fields: Fields, form: Any, pattern: str = "") -> Any:
    """A canonical form, or the part of it at a pattern, as the API wants it: mappings by identity become lists."""
    known = fields.at(pattern)
    if known.key and isinstance(form, dict):
        return [_element(fields, name, value, pattern) for name, value in form.items()]
    if isinstance(form, dict):
        return {name: expand(fields, value, step(pattern, name)) for name, value in form.items()}
    if isinstance(form, list):
        return [expand(fields, value, step(pattern, "*")) for value in form]
    return form


def _form(fields: Fields, value: Any, pattern: str) -> Any:
    if value is None:
        return _ABSENT
    if isinstance(value, dict):
        return _mapping(fields, value, pattern)
    if isinstance(value, list):
        return _list(fields, value, pattern)
    return _ABSENT if same(value, fields.at(pattern).default) else value


def same(value: Any, default: Any) -> bool:
    """Equal as the API sees it: 5 is 5.0, but 0 is not false."""
    return isinstance(value, bool) == isinstance(default, bool) and bool(value == default)


def _mapping(fields: Fields, value: Tree, pattern: str) -> Any:
    form = {}
    for name, member in value.items():
        found = _form(fields, member, step(pattern, name))
        if found is not _ABSENT:
            form[name] = found
    return form or _ABSENT


def _list(fields: Fields, value: Iterable[Any], pattern: str) -> Any:
    known = fields.at(pattern)
    within = step(pattern, "*")
    elements = [element for element in value if element is not None]
    if not elements:
        # an empty list of something shared is a word of its own: remove it
        return ({} if known.key else []) if known.shared else _ABSENT
    if known.key:
        return _keyed(fields, elements, pattern)
    formed = [{} if (form := _form(fields, element, within)) is _ABSENT else form for element in elements]
    return sorted(formed, key=_sort_key) if known.unordered else formed


def _keyed(fields: Fields, elements: list[Any], pattern: str) -> Any:
    known = fields.at(pattern)
    within = step(pattern, "*")
    form: dict[str, Any] = {}
    for index, element in enumerate(elements):
        if not isinstance(element, dict):
            form[f"#{index}"] = element
            continue
        members = _mapping(fields, element, within)
        members = {} if members is _ABSENT else members
        name = "/".join(str(members[member]) for member in known.key if member in members) or f"#{index}"
        if known.value:
            if known.value not in members and fields.at(step(within, known.value)).default is UNSET:
                continue
            found = members.get(known.value, fields.at(step(within, known.value)).default)
        else:
            found = members
        while name in form:
            name += "'"
        form[name] = found
    return dict(sorted(form.items())) or _ABSENT


def _element(fields: Fields, name: str, value: Any, pattern: str) -> Any:
    known = fields.at(pattern)
    if known.value:
        return {known.key[0]: name, known.value: value}
    return expand(fields, value, step(pattern, "*"))


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
