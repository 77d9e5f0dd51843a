"""Who sits here."""

from __future__ import annotations

import getpass
import socket


def me() -> str:
    """``alice@laptop``"""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
