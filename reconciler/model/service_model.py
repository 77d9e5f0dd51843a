"""The shapes of AWS's APIs, read from the service models that botocore packages. Loads neither botocore nor boto3."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Own = str | list[Any] | tuple[str, ...] | Mapping[str, Any]
"""What a member of our own may be: ``"string"``, ``"integer"``, ``"number"``, ``"boolean"``, ``"json"``; ``[it]`` a
list of it; ``("a", "b")`` one of these words; ``{"*": it}`` a map; ``{"name": it}`` an object; ``"@Name"`` a shape of
AWS's own."""

_OWN_TYPES = {"string": "string", "integer": "integer", "number": "double", "boolean": "boolean"}


@cache
def service(name: str) -> Mapping[str, Any]:
    """The newest packaged model of a service, as botocore wrote it; LookupError when there is none."""
    package = find_spec("botocore")  # finds the folder, runs nothing of it
    if package is None or not package.submodule_search_locations:
        raise LookupError("botocore is not installed")
    folder = Path(package.submodule_search_locations[0], "data", name)
    versions = sorted(folder.glob("*/service-2.json.gz"))
    if not versions:
        raise LookupError(f"botocore packages no model of {name!r}")
    with gzip.open(versions[-1]) as file:
        model: Mapping[str, Any] = json.load(file)
    return model


def lower_first(name: str) -> str:
    """A member's name in a manifest: AWS's own, first letter lower case."""
    return name[:1].lower() + name[1:]


class Shapes:
    """The shapes one root needs, by name, with members named as in manifests.

    A shape is AWS's own description: ``type``, ``members``, ``required``, ``member``, ``key``, ``value``, ``enum``,
    ``min``, ``max``, ``documentation``. Free JSON has the type ``json``.
    """

    def __init__(self, name: str) -> None:
        self.service = name
        self._made: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._made:
            self._made[name] = _manifest_form(service(self.service)["shapes"][name])
        return self._made[name]

    def input_of(self, operation: str) -> Mapping[str, Any]:
        """The shape of an operation's input."""
        described = service(self.service)["operations"][operation]
        return self[described["input"]["shape"]] if "input" in described else {"type": "structure", "members": {}}

    def root(
        self,
        operation: str,
        *,
        also: Iterable[str],
        only: Iterable[str] | None,
        without: Iterable[str],
        required: Iterable[str],
        optional: Iterable[str],
        own: Mapping[str, Own],
    ) -> str:
        """Make the joined shape of a spec and give its name. Where operations differ, the first one's member stands."""
        first = self.input_of(operation)
        members = dict(first["members"])
        for further in also:
            members = {**self.input_of(further)["members"], **members}
        wanted = set(members if only is None else only)
        unwanted = set(without)
        for named in (wanted | unwanted | set(required) | set(optional)) - set(members) - set(own):
            raise LookupError(f"{self.service}:{operation} has no member {named!r}")
        members = {name: member for name, member in members.items() if name in wanted and name not in unwanted}
        for name, what in own.items():
            members[name] = {"shape": self._own(f"{operation}.{name}", what)}
        needed = [*first.get("required", ()), *required]
        self._made[""] = {
            **{key: value for key, value in first.items() if key == "documentation"},
            "type": "structure",
            "members": members,
            "required": [name for name in dict.fromkeys(needed) if name in members and name not in set(optional)],
        }
        return ""

    def _own(self, name: str, what: Own) -> str:
        """Make the shape of a member of our own and give its name."""
        match what:
            case str() if what.startswith("@"):
                return what[1:]
            case str():
                shape: dict[str, Any] = {"type": "json" if what == "json" else _OWN_TYPES[what]}
            case tuple():
                shape = {"type": "string", "enum": list(what)}
            case list():
                shape = {"type": "list", "member": {"shape": self._own(f"{name}.*", what[0])}}
            case {"*": value}:
                text = self._own(f"{name}.key", "string")
                shape = {"type": "map", "key": {"shape": text}, "value": {"shape": self._own(f"{name}.*", value)}}
            case _:
                members = {member: {"shape": self._own(f"{name}.{member}", it)} for member, it in what.items()}
                shape = {"type": "structure", "members": members}
        self._made[name] = shape
        return name


def _manifest_form(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    if shape.get("document"):
        return {**shape, "type": "json"}
    if shape["type"] != "structure":
        return shape
    return {
        **shape,
        "members": {lower_first(name): member for name, member in shape["members"].items()},
        "required": [lower_first(name) for name in shape.get("required", ())],
    }
