"""Opening a file of yaml_vault, its aws-kms sort: one kms:Decrypt for each value that is asked for.

What KMS gives back is a YAML document of one scalar. The calls carry no key and no encryption context, since yaml_vault
has none: KMS reads the key from the ciphertext, and nothing ties a value to its place in the file.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Final

from reconciler.aws.envelope import as_text
from reconciler.aws.kms import Kms
from reconciler.aws.unsealed import as_text as one_value
from reconciler.aws.unsealed import whole
from reconciler.model.errors import Unopenable
from reconciler.model.sealed import VaultValue
from reconciler.model.tree import Path, show_path

ParseScalar = Callable[[str], Any]
"""One YAML scalar of a text; ValueError when it is none."""

_TAGGED: Final = re.compile(r"!\S*\s")
_ALTERED: Final = (
    "KMS does not open it: it has been altered, or was sealed in another Region or with an encryption context"
)


def opened(value: VaultValue, kms: Kms, scalar: ParseScalar) -> str:
    """The value that was selected, or all of the file as JSON; raises Unopenable or the AwsError of a call."""
    chosen = [one for one in value.leaves if value.select is None or one[0] == value.select]
    plain = [(path, _plain(value, path, leaf, kms, scalar) if ours else leaf) for path, leaf, ours in chosen]
    return whole(plain) if value.select is None else one_value(plain[0][1])


def _plain(value: VaultValue, path: Path, leaf: str, kms: Kms, scalar: ParseScalar) -> Any:
    """One value. Nothing is raised while its text is at hand in another error."""
    where = f"{value} at '{show_path(path)}'"  # in quotes: a name is taken for one, and not for a value's
    data = kms.decrypt(
        base64.b64decode(leaf), where=where, altered=_ALTERED, hint="seal the value anew with yaml_vault"
    )
    text = as_text(data)
    if text is None:
        raise Unopenable("what is encrypted is not UTF-8 text", where=where)
    found, wrong = _scalar(text, scalar)
    if wrong:
        raise Unopenable(wrong, where=where, hint="seal plain text, a number or a boolean with yaml_vault")
    return found


def _scalar(text: str, scalar: ParseScalar) -> tuple[Any, str]:
    """The value, and what is wrong with it."""
    try:
        found = scalar(text)
    except ValueError:
        return None, "what is encrypted is not one plain YAML value"
    if isinstance(found, str) and _TAGGED.match(found):
        return None, "what is encrypted begins with a YAML tag (!…), which is not read"
    return found, ""
