"""Files this program writes: whole or not at all, and for its owner alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reconciler.model.errors import UsageError


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 in one step. Raises UsageError where it cannot be written."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror}", where=path) from None
