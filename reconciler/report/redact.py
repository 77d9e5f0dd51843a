"""The one rule of what is never shown, for text, JSON, Markdown and the log alike.

Secrets themselves never get here: manifests refer to them. What does get here is what people write into environment
variables, log driver options and URLs although it belongs into a secret. Masked are

- values in environments, options, labels and tags whose *name* looks secret (``DB_PASSWORD``, ``splunk-token``);
- members that hold a secret by definition (``secretString``), and the value of a ``SecureString``;
- the password in a URL's user info, and ``name=value`` inside a string where the name looks secret;
- every object that is no plain value: sealed things show nothing by being unknown here.

The members ``secrets`` and ``secretOptions`` hold addresses of secrets, not values, and are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from reconciler.model.desired import Reference
from reconciler.model.fields import UNSET
from reconciler.model.key import Key
from reconciler.model.plan import FieldChange
from reconciler.model.secrecy import SENSITIVE, secret_name, source_line, text
from reconciler.model.tree import Pending

__all__ = ["CHANGED", "SENSITIVE", "secret_name", "sides", "source_line", "text", "value"]

CHANGED: Final = "(sensitive, changed)"

_NAMED: Final = frozenset({"environment", "options", "dockerLabels", "labels", "tags", "driverOpts", "systemControls"})
_NAMES: Final = ("name", "key", "namespace")
_SECRET_MEMBERS: Final = frozenset({"secretString", "secretBinary"})
_FLAG: Final = re.compile(r"--?[\w-]+")


def value(path: tuple[str, ...], said: Any, *, other: Any = UNSET) -> Any:
    """The value at a path as plain JSON, with what must not be shown masked; Pending values become their text.

    ``other`` is the same member on the other side of a change: a masked value that differs from it says so.
    """
    return _masked(path, said, other)


def sides(change: FieldChange) -> tuple[Any, Any]:
    """Both sides of a change as plain JSON; UNSET stays what it is."""
    before = UNSET if change.before is UNSET else _masked(change.path, change.before, UNSET)
    after = UNSET if change.after is UNSET else _masked(change.path, change.after, change.before)
    return before, after


def _masked(path: tuple[str, ...], said: Any, other: Any) -> Any:
    if said is None or isinstance(said, bool | int | float):
        return _hidden(said, other) if said is not None and _secret(path) else said
    if isinstance(said, Pending | Reference | Key):
        return str(said)
    if isinstance(said, Mapping) and _pair(path, said):
        # The element's name has become the last step of the path, so the name itself may be shown.
        return {
            str(name): one if name in _NAMES else _masked((*path, str(name)), one, _peer(other, name))
            for name, one in said.items()
        }
    if _secret(path):
        return _hidden(said, other)
    if isinstance(said, Mapping):
        return {str(name): _masked(_below(path, said, name), one, _peer(other, name)) for name, one in said.items()}
    if isinstance(said, list | tuple):
        return [_list_element(path, said, place, other) for place in range(len(said))]
    if isinstance(said, set | frozenset):
        return _masked(path, sorted(said, key=str), UNSET)
    if isinstance(said, Enum):
        return _masked(path, said.value, other)
    if isinstance(said, str):
        return _shown(said, other)
    if isinstance(said, datetime | date):
        return said.isoformat()
    if isinstance(said, Decimal):
        return int(said) if said == said.to_integral_value() else float(said)
    return _hidden(said, other)


def _secret(path: tuple[str, ...]) -> bool:
    """Whether a path leads to, or below, what is not shown."""
    if _SECRET_MEMBERS.intersection(path):
        return True
    return any(step in _NAMED and secret_name(name) for step, name in pairwise(path))


def _pair(path: tuple[str, ...], said: Mapping[str, Any]) -> bool:
    """Whether this is ``{name: DB_PASSWORD, value: …}`` in an environment, or the like."""
    return len(path) > 1 and path[-2] in _NAMED and any(isinstance(said.get(name), str) for name in _NAMES)


def _below(path: tuple[str, ...], holder: Mapping[str, Any], name: object) -> tuple[str, ...]:
    if name == "value" and holder.get("type") == "SecureString":
        return ("secretString",)
    return (*path, str(name))


def _name(element: Any, place: int) -> str:
    if isinstance(element, Mapping):
        for member in _NAMES:
            if isinstance(element.get(member), str):
                return str(element[member])
    return str(place)


def _list_element(path: tuple[str, ...], elements: Sequence[Any], place: int, other: Any) -> Any:
    one, peer = elements[place], _element(other, elements[place], place)
    flag = elements[place - 1] if place else None
    if isinstance(one, str) and isinstance(flag, str) and _FLAG.fullmatch(flag) and secret_name(flag):
        return _hidden(one, peer)  # ["--token", "abc"]
    return _masked((*path, _name(one, place)), one, peer)


def _element(other: Any, one: Any, place: int) -> Any:
    """The element of the other side's list that is the same one: by name, else by place."""
    if not isinstance(other, list | tuple):
        return UNSET
    name = _name(one, place)
    return next((peer for index, peer in enumerate(other) if _name(peer, index) == name), UNSET)


def _peer(other: Any, name: object) -> Any:
    return other.get(name, UNSET) if isinstance(other, Mapping) else UNSET


def _hidden(said: Any, other: Any) -> str:
    return SENSITIVE if other is UNSET or other is None or said == other else CHANGED


def _shown(said: str, other: Any) -> str:
    shown = text(said)
    if shown != said and isinstance(other, str) and said != other and text(other) == shown:
        return f"{shown} {CHANGED}"
    return shown
