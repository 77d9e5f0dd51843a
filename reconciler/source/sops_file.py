"""Reading a SOPS file, YAML, JSON or dotenv: which value is meant and whether it is sealed. Nothing is opened."""

from __future__ import annotations

from typing import Any, Final

from reconciler.model import sops_scalar
from reconciler.model.sealed import BadEnvelope, Sealed, SopsValue, of_ciphertext
from reconciler.model.tree import Path
from reconciler.source import sops_dotenv
from reconciler.source.nodes import List, Map, Node, Scalar, plain
from reconciler.source.secret_file import document, find, leaves, place, selection, show, value_at
from reconciler.source.sops_metadata import checked, rule

SECTION: Final = "sops"
_EXPECTED: Final = "a file that sops has encrypted"
_ENCRYPT: Final = "encrypt it: sops encrypt --in-place"
_EDIT: Final = "edit it with sops alone, or take it from the history of the repository"


def read(path: str, data: bytes, select: str | None) -> Sealed:
    """What stands at ``select`` (``database.password``, ``list[0]``), or all of the file; raises BadEnvelope.

    Its id is that of the encrypted scalars: encrypting anew makes another one, other keys for the file do not.
    """
    wanted = selection(select)
    root, said = _parts(path, data)
    try:
        metadata = checked(said)
        encrypts = rule(metadata)
    except BadEnvelope as error:
        raise BadEnvelope(str(error), error.hint, place(root.keys[SECTION]) if SECTION in root.keys else None) from None
    root = _values(root)
    found = tuple((at, leaf, encrypts(at) and _counts(leaf)) for at, leaf in leaves(root))
    for at, leaf, ours in found:
        _check(root, at, leaf, ours)
    if wanted is not None:
        find(root, wanted, (at for at, _, _ in found))
    chosen = [one for one in found if wanted is None or one[0] == wanted]
    if wanted is not None and not chosen[0][2]:
        raise BadEnvelope(f"{show(wanted)} is not encrypted", _unencrypted(chosen[0][1]), value_at(root, wanted))
    id = of_ciphertext(*([list(at), leaf] for at, leaf, _ in chosen))
    return Sealed(id, SopsValue(path, found, metadata, wanted))


def _parts(path: str, data: bytes) -> tuple[Map, Any]:
    """The file and its metadata."""
    if path.endswith(".ini") or data.lstrip().startswith(b"[sops]"):
        raise BadEnvelope("it is an INI file of SOPS, which is not read", "use YAML, JSON or dotenv")
    if sops_dotenv.is_dotenv(path, data):
        root, said = sops_dotenv.read(path, data)
        if said is None:
            raise BadEnvelope("it has no sops metadata: it is not encrypted", _ENCRYPT)
        return root, said
    root = document(path, data, expected=_EXPECTED)
    if SECTION not in root.members:
        raise BadEnvelope("it has no sops section: it is not encrypted", _ENCRYPT)
    return root, plain(root.members[SECTION])


def _values(root: Map) -> Map:
    """The file without its metadata, and without what SOPS made of comments."""
    members = {name: _uncommented(member) for name, member in root.members.items() if name != SECTION}
    return Map(members, root.keys, root.at)


def _uncommented(node: Node) -> Node:
    """Comments between the elements of a list may have become elements: they are no values, and in no MAC."""
    if isinstance(node, Map):
        return Map({name: _uncommented(member) for name, member in node.members.items()}, node.keys, node.at)
    if isinstance(node, List):
        values = (item for item in node.items if not (isinstance(item, Scalar) and sops_scalar.is_comment(item.value)))
        return List(tuple(_uncommented(item) for item in values), node.at)
    return node


def _counts(leaf: Any) -> bool:
    """Whether SOPS looks at a leaf at all: null, and an empty object or list, it leaves as they are."""
    return leaf is not None and not isinstance(leaf, dict | list)


def _check(root: Map, at: Path, leaf: Any, ours: bool) -> None:
    """Each value has to be as the rules of the file say, or nobody can tell the MAC."""
    if not ours:
        if sops_scalar.is_encrypted(leaf):
            raise BadEnvelope(f"{show(at)} is encrypted, and the file's own rules say it is not", _EDIT,
                              value_at(root, at))  # fmt: skip
        return
    if leaf == "":
        return
    if not sops_scalar.is_encrypted(leaf):
        raise BadEnvelope(f"{show(at)} is not encrypted, and the file's own rules say it is", _EDIT, value_at(root, at))
    if sops_scalar.is_comment(leaf):
        raise BadEnvelope(f"{show(at)} is an encrypted comment where a value should be", _EDIT, value_at(root, at))
    try:
        sops_scalar.parse(leaf)
    except ValueError as error:
        raise BadEnvelope(f"{show(at)} {error}", _EDIT, value_at(root, at)) from None


def _unencrypted(leaf: Any) -> str:
    if leaf is None:
        return "it is null: there is nothing to open"
    return "everybody who reads the repository reads it: write it into the manifest, or have sops encrypt it"
