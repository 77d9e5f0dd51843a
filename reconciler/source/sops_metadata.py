"""The ``sops`` section of a file: whether it is one that can be opened here, and which values its rules encrypt."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.model import sops_scalar
from reconciler.model.sealed import BadEnvelope
from reconciler.model.tree import Path
from reconciler.source.key_patterns import compiled

Encrypts = Callable[[Path], bool]
"""Whether the value at a path is one that SOPS encrypts."""

_UNENCRYPTED_SUFFIX: Final = "_unencrypted"
_RULES: Final = ("unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex")
_COMMENT_RULES: Final = ("unencrypted_comment_regex", "encrypted_comment_regex")
_OURS: Final = ("kms", "age")
_OTHERS: Final = {
    "pgp": "PGP",
    "gcp_kms": "Google Cloud KMS",
    "azure_kv": "Azure Key Vault",
    "hc_vault": "HashiCorp Vault",
    "hckms": "Huawei Cloud KMS",
}
_EDIT: Final = "edit it with sops alone, or take it from the history of the repository"
_ADD: Final = "add a KMS key or an age recipient to it: sops rotate --in-place --add-kms ARN, or --add-age age1…"


def checked(said: Any) -> Mapping[str, Any]:
    """The section with its keys in one group; raises BadEnvelope for one that cannot be opened here."""
    if not isinstance(said, dict):
        raise BadEnvelope("its sops section is not an object", _EDIT)
    for name in ("mac", "lastmodified"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise BadEnvelope(f"its sops section has no {name}, so nobody can tell whether it was altered", _EDIT)
    try:
        sops_scalar.parse(said["mac"])
    except ValueError as error:
        raise BadEnvelope(f"its mac {error}", _EDIT) from None
    metadata = {**said, **_one_group(said)}
    if any(not isinstance(metadata.get(name) or [], list) for name in (*_OURS, *_OTHERS)):
        raise BadEnvelope("its sops section does not list its keys", _EDIT)
    keys = [(name, entry) for name in _OURS for entry in metadata.get(name) or ()]
    if not keys:
        others = [word for name, word in _OTHERS.items() if metadata.get(name)]
        if not others:
            raise BadEnvelope("its sops section names no key", _EDIT)
        raise BadEnvelope(f"its keys are of {' and '.join(others)} alone; only AWS KMS and age are read here", _ADD)
    for name, entry in keys:
        _check_key(name, entry)
    return metadata


def _one_group(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of the only group there is. SOPS looks at key_groups where the section itself names no key."""
    if any(said.get(name) for name in (*_OURS, *_OTHERS)):
        return {}
    groups = said.get("key_groups") or []
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise BadEnvelope("its key_groups are no list of groups", _EDIT)
    if len(groups) > 1:
        raise BadEnvelope(
            f"its data key is split over {len(groups)} key groups (shamir_threshold), which is not read",
            "keep its keys in one group",
        )
    return dict(groups[0]) if groups else {}


def _check_key(name: str, entry: Any) -> None:
    id_name = "arn" if name == "kms" else "recipient"
    if not isinstance(entry, dict) or not all(isinstance(entry.get(it), str) and entry[it] for it in (id_name, "enc")):
        raise BadEnvelope(f"an entry of {name} in its sops section lacks {id_name} or enc", _EDIT)
    context = entry.get("context") or {}
    if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
        raise BadEnvelope(f"the context of {entry[id_name][:100]} in its sops section is not text by name", _EDIT)
    if name == "kms":
        try:
            base64.b64decode("".join(entry["enc"].split()), validate=True)
        except (ValueError, binascii.Error):
            raise BadEnvelope(f"the data key of {entry['arn'][:100]} in its sops section is no base64", _EDIT) from None


def rule(metadata: Mapping[str, Any]) -> Encrypts:
    """Which values the file's own rules encrypt; raises BadEnvelope for rules that cannot be followed here."""
    for name in _COMMENT_RULES:
        if metadata.get(name):
            raise BadEnvelope(f"what it encrypts depends on comments ({name}), which are not read", "use another rule")
    given = [name for name in _RULES if metadata.get(name)]
    if len(given) > 1:
        raise BadEnvelope(f"its rules are two: {' and '.join(given)}; sops takes one", _EDIT)
    [name] = given or ["unencrypted_suffix"]
    said = metadata.get(name) or _UNENCRYPTED_SUFFIX
    if not isinstance(said, str):
        raise BadEnvelope(f"its {name} is not text", _EDIT)
    matches: Callable[[str], bool]
    if name.endswith("_suffix"):
        suffix = said

        def matches(step: str) -> bool:
            return step.endswith(suffix)
    else:
        try:
            matches = compiled(said)
        except ValueError as error:
            raise BadEnvelope(f"its {name} cannot be followed here: {error}", "write it more simply") from None
    when = name.startswith("encrypted")
    return lambda path: any(matches(step) for step in path if isinstance(step, str)) is when
