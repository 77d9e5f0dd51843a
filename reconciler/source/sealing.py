"""The one member of a spec that holds a secret value: sealed where it has to be, and refused where it is not."""

from __future__ import annotations

import hashlib
import re
from typing import Any, TypeVar

from reconciler.model.coercion import to_text
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.sealed import (
    FROM,
    FROM_SHAPE,
    PREFIX,
    TOOLS,
    BadEnvelope,
    Envelope,
    HeldValue,
    Sealed,
    bound,
    parse,
)
from reconciler.model.secrecy import SENSITIVE, secret_name
from reconciler.model.tree import Path, show_path
from reconciler.source import sops_file, vault_file
from reconciler.source.beside import BesideError
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, Source, key_mark, plain
from reconciler.source.telling import Members, Teller
from reconciler.source.vars_from import Beside

_FOREIGN = (
    (re.compile(r"ENC\[AES256_GCM,"), "a value that SOPS has encrypted", "name the file: from: {sops: FILE, key: …}"),
    (re.compile(r"-----BEGIN AGE ENCRYPTED FILE-----"), "an age file", "seal the value itself"),
    (re.compile(r"-----BEGIN PGP MESSAGE-----"), "a PGP message", "seal the value itself"),
    (re.compile(r"\$ANSIBLE_VAULT;"), "an Ansible vault", "seal the value itself"),
    (re.compile(r"ENC\(.*\)\s*\Z", re.DOTALL), "a value that yaml_vault has encrypted",
     "name the file: from: {yamlVault: FILE, key: …}"),
    (re.compile(r"AQICAH[A-Za-z0-9+/=\s]{60,}\Z"), "what KMS has encrypted", "seal the value itself"),
)  # fmt: skip
"""What looks encrypted, but is not sealed in a way that could be opened here."""

_STAND_IN = "(sealed)"


def sealed_value(
    spec: Map, key: Key, kind: Kind, environment: str, beside: Beside, tell: Teller
) -> tuple[Map, Sealed | None]:
    """The sealed value of a spec, and the spec with a word in its place, for the check of its shape."""
    name = kind.fields.sealed
    node = spec.members.get(name) if name else None
    if name and FROM in spec.members:
        return _from_file(spec, name, node, beside, tell)
    if node is None or (isinstance(node, Scalar) and (node.value is None or node.unread)):
        return spec, None
    if not isinstance(node, Scalar):
        told = _quietly(key_mark(spec, (name,)))
        tell.error(
            "wrong-type", f"'{name}' has to be one text, sealed", told, "a JSON document is a text too", path=name
        )
        return _without(spec, name), None
    stood_in = Map({**spec.members, name: Scalar(_STAND_IN, node.at, _STAND_IN)}, spec.keys, spec.at)
    if isinstance(node.value, Sealed):
        return stood_in, node.value
    text = str(node.value) if isinstance(node.value, str) else node.text
    at = _quietly(key_mark(spec, (name,)))
    if text.strip().startswith(PREFIX):
        return stood_in, _own(text, key, environment, at, name, tell)
    for looks, what, hint in _FOREIGN:
        if looks.match(text.strip()):
            tell.error("unopenable", f"'{name}' holds {what}, which cannot be opened here", at, hint, path=name)
            return stood_in, None
    if not kind.open_value(plain(spec)):
        how = f"reconciler secret seal {key.app}/{key.kind}/{key.name} -e {environment}"
        message = f"'{name}' is not sealed: anybody who can read the repository could read the secret"
        tell.error("not-sealed", message, at, f"change the secret, then seal it with: {how}", path=name)
        return stood_in, None
    if secret_name(str(plain(spec).get(kind.fields.name, key.name))):
        message = f"'{name}' is not sealed, and the name says that it is a secret"
        tell.error("not-sealed", message, at, "make it a SecureString with a sealed value", path=name)
        return stood_in, None
    return stood_in, Sealed(hashlib.sha256(text.encode()).hexdigest(), HeldValue("the manifest", text))


def _from_file(spec: Map, name: str, node: Node | None, beside: Beside, tell: Teller) -> tuple[Map, Sealed | None]:
    """The value that ``from`` says, in a file that another tool has encrypted."""
    at, rest = spec.keys[FROM], _without(spec, FROM)
    if node is not None:
        tell.error("wrong-value", f"'{FROM}' and '{name}' cannot both be said", at, "leave one out", path=FROM)
        return _without(rest, name), None
    said = Members(spec.members[FROM], f"'{FROM}'", tuple(FROM_SHAPE), tell, at)
    tools = [tool for tool in TOOLS if said.get(tool) is not None]
    if len(tools) != 1:
        if said.node is not None:
            tell.error("missing-member", f"'{FROM}' names one file: sops, or yamlVault", at, path=FROM)
        return rest, None
    [tool] = tools
    path, select = said.value(tool, to_text), said.value("key", to_text)
    if path is None:
        return rest, None
    where = said.mark(tool)
    try:
        data = beside(path)
        if tool == "sops":
            found = sops_file.read(path, data, select)
        else:
            encrypted = [text for item in said.items("encrypted") if (text := to_text(plain(item)))]
            prefix, suffix = said.value("prefix", to_text) or "", said.value("suffix", to_text) or ""
            below = select.removeprefix("$.") if select else None  # as yaml_vault writes a path
            found = vault_file.read(path, data, below, encrypted or ["$"], prefix, suffix)
    except BesideError as error:
        tell.error("unreadable", f"{error.where}: {error.message}", where, error.hint, path=f"{FROM}.{tool}")
        return rest, None
    except BadEnvelope as error:
        tell.error("unopenable", f"{error.at or path}: {error}", where, error.hint, path=f"{FROM}.{tool}")
        return rest, None
    return Map({**rest.members, name: Scalar(_STAND_IN, at, _STAND_IN)}, {**rest.keys, name: at}, spec.at), found


def _without(spec: Map, name: str) -> Map:
    return Map({it: node for it, node in spec.members.items() if it != name}, spec.keys, spec.at)


N = TypeVar("N", bound=Node)


def without_sensitive(node: N, allowed: str, tell: Teller) -> N:
    """The tree without the sensitive values that were looked up, but for the member that may hold one; each is told.

    What stands in their place is unread, so that nothing else is told of it.
    """
    kept: N = _without_sensitive(node, (allowed,) if allowed else None, tell, ())
    return kept


def _without_sensitive(node: Any, allowed: Path | None, tell: Teller, path: Path) -> Any:
    if isinstance(node, Map):
        members = {name: _without_sensitive(it, allowed, tell, (*path, name)) for name, it in node.members.items()}
        return Map(members, node.keys, node.at)
    if isinstance(node, List):
        found = (_without_sensitive(it, allowed, tell, (*path, index)) for index, it in enumerate(node.items))
        return List(tuple(found), node.at)
    if not isinstance(node.value, Sealed) or path == allowed:
        return node
    message = f"{node.value.content or 'this'} is sensitive, and no sensitive value may stand here"
    hint = "keep it as the value of a Secret or Parameter manifest, and name that with valueFrom"
    tell.error("sensitive-value", message, node.at, hint, path=show_path(path))
    return node._replace(value=SENSITIVE, text=SENSITIVE, unread=True)


def _quietly(at: Mark) -> Mark:
    """The place, without the line that stands there: it may hold the very secret."""
    return Mark(Source(at.source.name, ""), at.line, at.column, at.width)


def _own(text: str, key: Key, environment: str, at: Mark, name: str, tell: Teller) -> Sealed | None:
    try:
        envelope: Envelope = parse(text)
    except BadEnvelope as error:
        tell.error("unopenable", f"'{name}': {error}", at, error.hint, path=name)
        return None
    if envelope.bound_to != bound(environment, key):
        message = f"'{name}' was sealed for {envelope.bound_to}, and opens nowhere else"
        tell.error("sealed-for-another", message, at, f"seal the value for {bound(environment, key)}", path=name)
        return None
    return Sealed(envelope.id, envelope)
