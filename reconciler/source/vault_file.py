"""Reading a file of yaml_vault, its aws-kms sort: which values are encrypted and which one is meant. Nothing is opened.

The file itself does not say which of its values are encrypted: that is an argument of every call of yaml_vault
(``--key``), so it has to be said here too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from reconciler.model.errors import Position
from reconciler.model.sealed import BadEnvelope, Sealed, VaultValue, of_ciphertext
from reconciler.model.tree import Path
from reconciler.source.key_patterns import compiled
from reconciler.source.load import load
from reconciler.source.nodes import Map, Scalar
from reconciler.source.secret_file import document, find, leaves, selection, show, value_at

ALL: Final = ("$",)

_EXPECTED: Final = "a file that yaml_vault has encrypted"
_ENCRYPT: Final = "encrypt it with yaml_vault encrypt --cryptor=aws-kms, or correct which paths are encrypted"
_TOKEN: Final = re.compile(r"'(.*?)'|\"(.*?)\"|/(.*?)/|\[([0-9]{1,6})\]|(:[^.]+)|(\.)|([^.]+)")
_SIGNED: Final = re.compile(r"[A-Za-z0-9+/=]+--[0-9a-f]{40,128}")
_GOOGLE: Final = b"\x0a\x24\x00"
_LEAST: Final = 64

Matches = Callable[[str | int], bool]


def read(
    path: str,
    data: bytes,
    select: str | None,
    encrypted: Sequence[str] = ALL,
    prefix: str = "",
    suffix: str = "",
) -> Sealed:
    """What stands at ``select`` (``database.password``, ``list[0]``), or all of the file; raises BadEnvelope.

    ``encrypted`` are paths in yaml_vault's own grammar, ``$.production.'a.b'.*.[0].:sym./regex/``: all below one is
    encrypted. ``prefix`` and ``suffix`` are what the file puts around a ciphertext, ``ENC(`` and ``)``.
    """
    wanted = selection(select)
    rules = [(said, _rule(said)) for said in encrypted or ALL]
    root = _document(path, data)
    found = []
    used = set()
    for at, leaf in leaves(root):
        hits = [said for said, steps in rules if _below(at, steps)]
        used.update(hits)
        ours = bool(hits) and not isinstance(leaf, dict | list)
        found.append((at, _ciphertext(root, at, leaf, prefix, suffix) if ours else leaf, ours))
    for said, _ in rules:
        if said not in used:
            raise BadEnvelope(f"nothing in it is at {said[:100]}, which is said to be encrypted",
                              "a path is like $.production.password or $.list.[0]")  # fmt: skip
    if wanted is not None:
        find(root, wanted, (at for at, _, _ in found))
    chosen = [one for one in found if wanted is None or one[0] == wanted]
    if not any(ours for _, _, ours in chosen):
        what = "nothing in it" if wanted is None else f"{show(wanted)} is not among what"
        raise BadEnvelope(f"{what} is said to be encrypted", _ENCRYPT, value_at(root, wanted) if wanted else None)
    id = of_ciphertext(*([list(at), leaf] for at, leaf, ours in chosen if ours))
    return Sealed(id, VaultValue(path, tuple(found), wanted))


def scalar(text: str) -> Any:
    """The one scalar of a YAML text, as yaml_vault keeps it inside of its encryption; raises BadEnvelope."""
    loaded = load("value", text.encode(errors="replace"))
    if loaded.problems or len(loaded.documents) > 1:
        raise BadEnvelope("this is not one plain YAML value")
    if not loaded.documents:
        return None
    [found] = loaded.documents
    if not isinstance(found, Scalar):
        raise BadEnvelope("this is not one plain YAML value")
    return found.value


def _document(path: str, data: bytes) -> Map:
    at = data.find(b"<%")
    if at >= 0:
        where = Position(path, data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at))
        raise BadEnvelope("it holds ERB (<%), which is not run here", "render it first", where)
    return document(path, data, expected=_EXPECTED)


def _rule(said: str) -> list[Matches]:
    """A path of yaml_vault as a test for each step below the root."""
    steps: list[Matches] = []
    first = ""
    at = 0
    while at < len(said):
        token = _TOKEN.match(said, at)
        if token is None:
            raise BadEnvelope(f"the path {said[:100]} cannot be read", "a path is like $.production.password")
        at = token.end()
        if token[6]:
            continue
        if not first:
            first = token[0]
            continue
        steps.append(_step(token, said))
    if first != "$":
        raise BadEnvelope(f"the path {said[:100] or '(empty)'} does not begin with $", "write $ for all of the file")
    return steps


def _step(token: re.Match[str], said: str) -> Matches:
    """``*`` is anything even in quotes, and ``:sym`` is the key ``:sym``: that is how yaml_vault compares."""
    single, double, pattern, index, symbol, _, bare = token.groups()
    if pattern is not None:
        try:
            matches = compiled(pattern)
        except ValueError as error:
            raise BadEnvelope(f"the pattern in {said[:100]} is not taken: {error}", "name the keys") from None
        return lambda step: isinstance(step, str) and matches(step)
    if index is not None:
        number = int(index)
        return lambda step: step == number and isinstance(step, int)
    name = next(part for part in (single, double, symbol, bare) if part is not None)
    return (lambda step: True) if name == "*" else lambda step: step == name


def _below(path: Path, steps: list[Matches]) -> bool:
    return len(path) >= len(steps) and all(matches(step) for matches, step in zip(steps, path, strict=False))


def _ciphertext(root: Map, at: Path, leaf: Any, prefix: str, suffix: str) -> str:
    """The base64 of what KMS encrypted; as yaml_vault does, prefix and suffix are taken off where they are."""
    text = leaf.removeprefix(prefix).removesuffix(suffix) if isinstance(leaf, str) else None
    wrong, hint = "is said to be encrypted and is not", _ENCRYPT
    if text is not None and _SIGNED.fullmatch(text):
        wrong, hint = "is encrypted with a passphrase (simple), which is not read", "use --cryptor=aws-kms"
    elif text is not None:
        data = _decoded(text)
        if data is not None and data.startswith(_GOOGLE):
            wrong, hint = "is encrypted with Google Cloud KMS (gcp-kms), which is not read", "use --cryptor=aws-kms"
        elif data is not None and len(data) > _LEAST:
            return text
    raise BadEnvelope(f"{show(at)} {wrong}", hint, value_at(root, at))


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
