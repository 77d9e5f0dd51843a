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
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from reconciler.model.desired import Reference
from reconciler.model.fields import UNSET
from reconciler.model.key import Key
from reconciler.model.plan import FieldChange
from reconciler.model.tree import Pending

SENSITIVE: Final = "(sensitive)"
CHANGED: Final = "(sensitive, changed)"

_NAMED: Final = frozenset({"environment", "options", "dockerLabels", "labels", "tags", "driverOpts"})
_NAMES: Final = ("name", "key")
_SECRET_MEMBERS: Final = frozenset({"secretString", "secretBinary"})
_ANYWHERE: Final = re.compile(r"passw(?:or)?d|passphrase|secret|token|credential|apikey|private.?key", re.IGNORECASE)
_AS_A_WORD: Final = frozenset({"KEY", "KEYS", "PASS", "PWD", "PIN", "AUTH", "PAT"})
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_USERINFO: Final = re.compile(r"(?P<head>://[^\s/?#:@\"']*:)(?P<secret>[^\s\"']+)(?=@)")
_LONE_TOKEN: Final = re.compile(r"(?P<head>://)(?P<secret>[^\s/?#:@\"']{20,})(?=@)")
_ASSIGNED: Final = re.compile(r"(?<![\w.-])(?P<head>(?P<name>[\w.-]+)=)(?P<secret>\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)")
_WRITTEN: Final = re.compile(
    r"(?P<head>\b(?P<name>[A-Z][A-Z0-9_]*)[\"']?\s*(?::|,\s*[\"']?value[\"']?\s*:)\s+)"
    r"(?P<secret>(?!ref:|arn:|\$\{\{)(?:\"[^\"]*\"|'[^']*'|[^\s,}\]][^,}\]]*))"
)
_NAMED_HERE: Final = re.compile(r"\bname[\"']?\s*:\s*[\"']?(?P<name>[\w.-]+)")
_MEMBER: Final = re.compile(
    r"(?P<head>\b(?P<member>\w+)[\"']?\s*:\s+)((?!ref:|arn:|\$\{\{)(?:\"[^\"]*\"|'[^']*'|[^\s,}\]][^,}\]]*))"
)
_FLAG: Final = re.compile(r"--?[\w-]+")


def secret_name(name: str) -> bool:
    """Whether a name says that its value is a secret. Rather too often than once too seldom."""
    if _ANYWHERE.search(name):
        return True
    return any(word.upper() in _AS_A_WORD for word in _WORDS.findall(name)) or name.upper().endswith("KEY")


def text(said: str) -> str:
    """A string without what it gives away: ``postgres://u:***@h``, ``--password=***``."""
    if "=" not in said and "://" not in said:
        return said
    return _blot(said, (_USERINFO, _LONE_TOKEN, _ASSIGNED), lambda _: "***")


def source_line(line: str) -> str:
    """A line of a manifest, each secret character shown as ``*``: columns stay where they are."""
    line = _blot(line, (_USERINFO, _LONE_TOKEN, _ASSIGNED, _WRITTEN), _stars)
    named = _NAMED_HERE.search(line)
    if named is None or not secret_name(named["name"]):
        return line
    return _MEMBER.sub(lambda found: found[0] if found["member"] in _NAMES else found["head"] + _stars(found[3]), line)


def _stars(secret: str) -> str:
    return "*" * len(secret)


def _blot(said: str, patterns: tuple[re.Pattern[str], ...], blot: Callable[[str], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        name = found.groupdict().get("name")
        if name is not None and not secret_name(name):
            return found[0]
        return found["head"] + blot(found["secret"])

    for pattern in patterns:
        said = pattern.sub(replaced, said)
    return said


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
