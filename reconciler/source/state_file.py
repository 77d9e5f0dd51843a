"""A state that lies on disk, most often beside the repository and not in it. Only a plain file is read, with a cap."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from reconciler.model.lookup import Unfound

MOST: Final = 64 << 20


def read_state_file(root: str, file: str) -> bytes | Unfound:
    """The bytes of a file; a relative path begins at the repository's root. A pipe or a device is never waited for."""
    path = Path(root) / file
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Unfound("unreadable-state", f"{file} is not a plain file", "a Terraform state is one")
            with open(descriptor, "rb", closefd=False) as opened:
                data = opened.read(MOST + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        hint = f"a relative path begins at {root or 'the repository'}; terraform state pull > {file} writes it"
        return Unfound("unreadable-state", f"there is no file {file}", hint)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is no path"
        return Unfound("unreadable-state", f"{file} cannot be read: {why}")
    if len(data) > MOST:
        return Unfound("unreadable-state", f"{file} has more than the {MOST >> 20} MiB that are read of a state")
    return data
