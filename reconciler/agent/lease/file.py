"""Leases in a file, for the writers of one machine: read and written under a lock, put in place in one step."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from reconciler.model.clock import Clock
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.key import Scope
from reconciler.model.lease import LONGEST, SHORTEST, Begun, Tenure, moment, moment_text

FORMAT: Final = "1.0"
PATIENCE: Final = 1.0
"""Seconds for which others may keep the file locked: they do so for some thousandths of one."""
_PAUSE = 0.01
_SETTING = {errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.ELOOP}


class Busy(ReconcilerError):
    """Somebody keeps the file locked; nothing was done."""

    retry = True


class FileLease:
    """The lease of one environment in ``path``, which may hold those of several.

    The lock is on ``<path>.lock``, and the system lifts it from a process that dies. Not for a file system that several
    machines share: such a lock is known to one machine alone.
    """

    def __init__(self, path: str, clock: Clock, scope: Scope) -> None:
        self._path, self._clock = Path(path), clock
        self._key = f"{scope.installation}/{scope.environment}"

    @property
    def where(self) -> str:
        return f"file:{self._path}"

    def read(self) -> Tenure | None:
        with self._locked():
            return self._tenure(self._all())

    def put(self, tenure: Tenure, over: str | None) -> bool:
        with self._locked():
            known = self._all()
            there = self._tenure(known)
            if (there.version if there else None) != over:
                return False
            self._write({**known, self._key: _body(tenure)})
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(f"{self._path}.lock", flags, 0o600)
        except OSError as error:
            raise self._failed("cannot be locked", error) from None
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        deadline = self._clock.monotonic() + PATIENCE
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            except OSError as error:
                raise self._failed("cannot be locked", error) from None
            if self._clock.monotonic() >= deadline:
                raise Busy("somebody else keeps the file locked", where=self.where, hint="it is tried again")
            self._clock.sleep(_PAUSE)

    def _all(self) -> dict[str, Any]:
        """Everything the file holds, by environment."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failed("cannot be read", error) from None
        except UnicodeDecodeError:
            raise self._unreadable() from None
        try:
            body = json.loads(text)
            if body["formatVersion"] != FORMAT or not isinstance(body["leases"], dict):
                raise self._unreadable()
            return body["leases"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._unreadable() from None

    def _tenure(self, known: dict[str, Any]) -> Tenure | None:
        if self._key not in known:
            return None
        try:
            return _tenure(known[self._key])
        except (KeyError, TypeError, ValueError):
            raise self._unreadable() from None

    def _write(self, leases: dict[str, Any]) -> None:
        """Nobody reads a half of it; what a killed writer leaves behind is written over. Called with the lock held."""
        beside = Path(f"{self._path}.new")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"formatVersion": FORMAT, "leases": leases}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise self._failed("cannot be written", error) from None

    def _failed(self, what: str, error: OSError) -> ReconcilerError:
        message = f"the lease's file {what}: {error.strerror}"
        if error.errno not in _SETTING:
            return ReconcilerError(message, where=self.where)
        hint = "the folder has to be there, and writable for whoever runs reconciler"
        return UsageError(message, where=self.where, hint=hint)

    def _unreadable(self) -> ReconcilerError:
        hint = "update reconciler if a newer one wrote it; else delete the file while nobody writes"
        return ReconcilerError("the file holds no leases that could be understood", where=self.where, hint=hint)


def _body(tenure: Tenure) -> dict[str, Any]:
    begun = tenure.begun and {"commit": tenure.begun.commit, "at": moment_text(tenure.begun.at)}
    return {
        "version": tenure.version,
        "fence": tenure.fence,
        "duration": tenure.duration,
        "holder": tenure.holder,
        "since": tenure.since and moment_text(tenure.since),
        "begun": begun,
    }


def _tenure(body: Any) -> Tenure:
    """Raises KeyError, TypeError, ValueError for what is no lease."""
    version, fence, duration, holder = str(body["version"]), body["fence"], float(body["duration"]), body["holder"]
    if not (SHORTEST <= duration <= LONGEST and isinstance(fence, int) and fence >= 1 and version):
        raise ValueError("no lease of ours")
    begun = body["begun"] and Begun(str(body["begun"]["commit"]), moment(body["begun"]["at"]))
    return Tenure(version, fence, duration, str(holder), body["since"] and moment(body["since"]), begun or None)
