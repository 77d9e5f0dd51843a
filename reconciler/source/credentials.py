"""Who a fetching git says it is: a name with a password, or an ssh key. Neither shows what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Password:
    """For https. ``secret_user``: the name is not for showing either, and must not get into a process list."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    secret_user: bool = False


@dataclass(frozen=True, slots=True)
class SshKey:
    """For ssh: files of this machine. ``known_hosts`` empty: those that ssh itself goes by."""

    file: str
    known_hosts: str = ""


Credentials: TypeAlias = Password | SshKey
