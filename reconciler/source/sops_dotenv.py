"""The dotenv form of SOPS: a line for each value, and the metadata flattened into more of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.model.errors import Problem
from reconciler.model.sealed import BadEnvelope
from reconciler.source.decode import decode
from reconciler.source.nodes import Map, Mark, Node, Scalar, Source
from reconciler.source.secret_file import broken, check_size, place

PREFIX: Final = "sops_"
_LINE: Final = re.compile(rb"^sops_(?:mac|version|lastmodified)=", re.MULTILINE)
_STEP: Final = re.compile(r"__(map|list)_")


def is_dotenv(path: str, data: bytes) -> bool:
    """By its name, or by the metadata in it."""
    name = path.rsplit("/", 1)[-1]
    return name.endswith(".env") or name.startswith(".env") or _LINE.search(data) is not None


def read(path: str, data: bytes) -> tuple[Map, dict[str, Any] | None]:
    """The values with their places, and the metadata as YAML would hold it; raises BadEnvelope."""
    check_size(data)
    text = decode(path, data)
    if isinstance(text, Problem):
        raise broken(text)
    source = Source(path, text)
    members: dict[str, Node] = {}
    keys: dict[str, Mark] = {}
    flat: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")):
        line = line.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        at = Mark(source, number, 0, max(1, len(name)))
        if not equals:
            raise BadEnvelope("a line has no '='", "a value is NAME=value", place(at._replace(width=1)))
        if name in keys:
            raise BadEnvelope(f"{name} is given twice", "keep one", place(at))
        keys[name] = at
        value = value.replace("\\n", "\n")
        if name.startswith(PREFIX):
            flat[name.removeprefix(PREFIX)] = value
        else:
            members[name] = Scalar(value, at._replace(column=len(name) + 1, width=max(1, len(value))), value)
    return Map(members, keys, Mark(source, 0, 0)), _unflattened(flat) if flat else None


def _unflattened(flat: Mapping[str, str]) -> dict[str, Any]:
    """``kms__list_0__map_arn`` → ``{"kms": [{"arn": …}]}``. Lists are made of what is there, in the order of their
    numbers.
    """
    root: dict[str | int, Any] = {}
    for name, value in flat.items():
        first, *rest = _STEP.split(name)
        path: list[str | int] = [first]
        for kind, step in zip(rest[::2], rest[1::2], strict=True):
            if kind == "list" and not (step.isascii() and step.isdecimal() and len(step) <= 4):
                raise BadEnvelope(f"its metadata {PREFIX}{name} is not as sops writes it", "edit it with sops alone")
            path.append(int(step) if kind == "list" else step)
        here: Any = root
        for at in path[:-1]:
            here = here.setdefault(at, {}) if isinstance(here, dict) else None
        if not isinstance(here, dict) or path[-1] in here:
            raise BadEnvelope(f"its metadata {PREFIX}{name} is not as sops writes it", "edit it with sops alone")
        here[path[-1]] = value
    made: dict[str, Any] = _listed(root)
    if "mac_only_encrypted" in made:
        made["mac_only_encrypted"] = made["mac_only_encrypted"] == "true"
    return made


def _listed(node: Any) -> Any:
    """Objects whose keys are numbers are lists."""
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(step, int) for step in node):
        return [_listed(node[step]) for step in sorted(node)]
    return {str(step): _listed(member) for step, member in node.items()}
