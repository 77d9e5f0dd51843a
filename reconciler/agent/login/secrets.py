"""The agent's own secrets, read where they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.model.agent import Kept
from reconciler.model.errors import AccessError

_MOST_BYTES: Final = 64 << 10


def read_secret(kept: Kept, environ: Mapping[str, str]) -> str:
    """The secret, without the white space around it. Raises AccessError, which says where it should be, never what is.

    A file is read at each call: what rotates it need not know of us.
    """
    if kept.variable:
        found = environ.get(kept.variable, "")
        if not found.strip():
            raise AccessError("it is not set, or is empty", where=kept, hint="set it in the agent's environment")
    elif kept.file:
        found = _content(kept)
    else:
        raise AccessError("it is not said where the secret is", where="login.secret", hint="name a variable or a file")
    return found.strip()


def _content(kept: Kept) -> str:
    try:
        with Path(kept.file).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        if len(data) > _MOST_BYTES:
            reason = f"it is larger than {_MOST_BYTES >> 10} KiB"
        elif not data.strip():
            reason = "it is empty"
        else:
            try:
                return data.decode()
            except UnicodeDecodeError:
                reason = "it is not text in UTF-8"
    raise AccessError(f"the secret cannot be read: {reason}", where=kept, hint="may the agent's user read it?")
