"""A Terraform state of format 4: its outputs, and the attributes of its resources. Whoever wrote it is not trusted.

Source: the JSON that Terraform since 0.12 and OpenTofu write; there is no published schema of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.lookup import Edition, Found, Lookup, Unfound
from reconciler.model.sealed import HeldValue, Sealed
from reconciler.model.suggest import did_you_mean, listing
from reconciler.model.tree import Path
from reconciler.source.lookups import spelled, steps_of

FORMAT: Final = 4
_DEPTH: Final = 64
_ESCAPED: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_TOP: Final = frozenset({"version", "serial", "lineage"})

_NOT_MARKED: Final = frozenset(
    {
        "auth_token", "client_secret", "master_password", "password", "password_data", "plaintext", "private_key",
        "private_key_openssh", "private_key_pem", "private_key_pem_pkcs8", "secret", "secret_binary", "secret_key",
        "secret_string", "ses_smtp_password_v4", "token",
    }
)  # fmt: skip
_NOT_MARKED_OF: Final = frozenset(
    {("aws_ssm_parameter", "value"), ("random_password", "result"), ("random_password", "bcrypt_hash")}
)
"""Attributes that providers call sensitive in their schemas. A state marks only what its configuration calls so."""


@dataclass(frozen=True)
class State:
    """A state that could be read. Its parts are as they were found: nothing is taken for granted of them."""

    name: str
    serial: int
    lineage: str
    outputs: Mapping[str, Any]
    resources: tuple[Any, ...]

    @property
    def edition(self) -> Edition:
        return Edition(serial=self.serial, lineage=self.lineage)


def parse(data: bytes, name: str) -> State | Unfound:
    """The state of a file; ``name`` is where it lies, for messages. Nothing of its content gets into a message."""
    try:
        said = json.loads(data, parse_constant=_refuse)
        if _ESCAPED.search(data):  # half of a surrogate pair is no text: it could be neither shown nor sent
            json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return _bad(name, "is not JSON", "is it a state that was pulled whole: terraform state pull?")
    if not isinstance(said, dict):
        return _bad(name, "is JSON, but no Terraform state")
    if "encrypted_data" in said or "encryption" in said:
        return _bad(name, "is encrypted, and is not opened here", "make what is needed an SSM parameter")
    version = said.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not said.keys() >= _TOP:
        return _bad(name, "is JSON, but no Terraform state", "a state has version, serial and lineage")
    if version < FORMAT:
        hint = "terraform apply with Terraform 0.12 or newer writes it anew"
        return _bad(name, f"is a Terraform state of format {version}; format {FORMAT} is read", hint)
    if version > FORMAT:
        hint = "update reconciler, or make what is needed an SSM parameter"
        return _bad(name, f"is a Terraform state of format {version}; format {FORMAT} is read", hint)
    serial, lineage = said["serial"], said["lineage"]
    outputs, resources = said.get("outputs") or {}, said.get("resources") or []
    whole = (
        isinstance(serial, int)
        and isinstance(lineage, str)
        and lineage
        and isinstance(outputs, dict)
        and isinstance(resources, list)
    )
    if not whole:
        return _bad(name, "is damaged: it is not what Terraform writes", "terraform state pull gives a whole one")
    return State(name, serial, lineage, outputs, tuple(resources))


def value_of(state: State, lookup: Lookup) -> Found | Unfound:
    """What a lookup finds in a state."""
    part, *rest = lookup.path
    found = _output(state, tuple(rest)) if part == "outputs" else _attribute(state, tuple(rest))
    if isinstance(found, Unfound):
        return found
    value, sensitive = found
    if not _shallow(value):
        return Unfound("unknown-lookup", f"{lookup.name} in {state.name} is nested more than {_DEPTH} deep")
    return Found(_sealed(state, lookup.name, value) if sensitive else value, state.edition)


def _output(state: State, path: Path) -> tuple[Any, bool] | Unfound:
    name, *inside = path
    said = state.outputs.get(str(name))
    if not isinstance(said, dict) or "value" not in said:
        hint = did_you_mean(str(name), state.outputs, otherwise=_known("outputs are", state.outputs))
        return Unfound("unknown-lookup", f"{state.name} has no output '{name}'", hint)
    sensitive = said.get("sensitive") is True
    value = _inside(said["value"], tuple(inside), ("outputs", name), state, hidden=sensitive)
    return value if isinstance(value, Unfound) else (value[0], sensitive)


def _attribute(state: State, path: Path) -> tuple[Any, bool] | Unfound:
    """The attribute of the resource whose address a path begins with."""
    found = _resource(state, path)
    if isinstance(found, Unfound):
        return found
    resource, address = found
    instance, used = _instance(resource, path[len(address) :])
    if instance is None:
        keys = [it.get("index_key") for it in _instances(resource)]
        shown = [f"[{json.dumps(key)}]" for key in keys if isinstance(key, str | int)]
        hint = f"its instances are {listing(shown)}" if shown else "it has no instances"
        return Unfound("unknown-lookup", f"{state.name} has many of {_address(address)}: which one is meant?", hint)
    rest = path[len(address) + used :]
    attributes = instance.get("attributes")
    if not rest or not isinstance(attributes, dict):
        return Unfound("unknown-lookup", f"{_address(path)} is a resource: an attribute has to be named")
    value = _inside(attributes, rest, ("resources", *path[: len(path) - len(rest)]), state)
    sensitive = _is_sensitive(str(resource.get("type")), instance, rest)
    return value if isinstance(value, Unfound) else (value[0], sensitive)


def _resource(state: State, path: Path) -> tuple[dict[str, Any], Path] | Unfound:
    addresses: list[Path] = []
    for resource in state.resources:
        address = _address_of(resource)
        if address is None:
            continue
        if path[: len(address)] == address:
            return resource, address
        addresses.append(address)
    wanted = _address(path[:-1] if path[0] == "module" else path[:3] if path[0] == "data" else path[:2])
    names = [_address(address) for address in addresses]
    hint = did_you_mean(wanted, names, otherwise="" if names else "it has no resources")
    return Unfound("unknown-lookup", f"{state.name} has no resource {wanted}", hint)


def _address_of(resource: Any) -> Path | None:
    """``module.net.aws_vpc.main`` as steps, without the instance; None of what is no resource."""
    if not isinstance(resource, dict) or not isinstance(resource.get("type"), str):
        return None
    module = resource.get("module") or ""
    steps = steps_of(f".{module}") if module and isinstance(module, str) else ()
    if steps is None or not isinstance(resource.get("name"), str):
        return None
    return (*steps, *(("data",) if resource.get("mode") == "data" else ()), resource["type"], resource["name"])


def _instances(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    said = resource.get("instances")
    # a deposed instance is an old one that Terraform still has to destroy
    return [it for it in said if isinstance(it, dict) and not it.get("deposed")] if isinstance(said, list) else []


def _instance(resource: Mapping[str, Any], rest: Path) -> tuple[dict[str, Any] | None, int]:
    """The instance that is meant, and how many steps named it."""
    instances = _instances(resource)
    if len(instances) == 1 and instances[0].get("index_key") is None:
        return instances[0], 0
    key = rest[0] if rest else None
    return next((it for it in instances if key is not None and it.get("index_key") == key), None), 1


def _is_sensitive(type_: str, instance: Mapping[str, Any], path: Path) -> bool:
    """Whether an attribute, or part of it, is sensitive: as the state says, or as its provider does."""
    if any(path[: len(one)] == one[: len(path)] for one in _marked(instance.get("sensitive_attributes"))):
        return True
    return any(step in _NOT_MARKED or (type_, step) in _NOT_MARKED_OF for step in path)


def _marked(said: Any) -> Iterator[Path]:
    """The paths that a state marks. What is not understood of one marks all that it may mean."""
    if said is None:
        return
    if not isinstance(said, list):
        yield ()
        return
    for path in said:
        steps: list[str | int] = []
        for step in path if isinstance(path, list) else ():
            value = step.get("value") if isinstance(step, dict) else None
            value = value.get("value") if isinstance(value, dict) else value
            if not isinstance(value, str | int):
                break
            steps.append(value)
        yield tuple(steps)


def _inside(value: Any, path: Path, above: Path, state: State, *, hidden: bool = False) -> tuple[Any] | Unfound:
    """The value at a path, in a tuple: it may be null."""
    for index, step in enumerate(path):
        known: Iterable[str] = ()
        if isinstance(value, dict) and str(step) in value:
            value = value[str(step)]
            continue
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
            continue
        if isinstance(value, dict) and not hidden:
            known = value
        name = spelled((*above, *path[: index + 1])).removeprefix("tfstate.")
        hint = did_you_mean(str(step), known, otherwise=_known("its members are", known))
        if isinstance(value, list):
            hint = f"it is a list of {len(value)}, counted from 0"
        return Unfound("unknown-lookup", f"{state.name} has no {name}", hint)
    return (value,)


def _sealed(state: State, name: str, value: Any) -> Sealed:
    """Known by a hash that only who has the state can make: from an identity nobody guesses the value."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    said = f"{name}\0{text}".encode()
    identity = hmac.new(state.lineage.encode(), said, hashlib.sha256).hexdigest()
    return Sealed(identity, HeldValue(f"{name} of {state.name}", text))


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(_DEPTH):
        level = [
            member
            for it in level
            if isinstance(it, dict | list)
            for member in (it.values() if isinstance(it, dict) else it)
        ]
        if not level:
            return True
    return False


def _address(path: Path) -> str:
    return spelled(path).removeprefix("tfstate.")


def _known(what: str, names: Iterable[str]) -> str:
    return f"{what}: {listing(sorted(names))}" if names else ""


def _bad(name: str, what: str, hint: str = "") -> Unfound:
    return Unfound("bad-state", f"{name} {what}", hint)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
