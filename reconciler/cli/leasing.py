"""The lease of one apply: had before its first write, kept while it works, given back however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.agent.waking import Waking
from reconciler.cli.myself import me
from reconciler.cli.runtime import Runtime
from reconciler.model.desired import Environment
from reconciler.model.errors import LeaseHeld, ReconcilerError, StalePlan
from reconciler.report.cells import safe
from reconciler.source.lineage import begun_at, older_in
from reconciler.source.revision import Revision

if TYPE_CHECKING:
    from reconciler.agent.lease.lease import Lease

TIMEOUT = 60.0
"""Seconds to wait for another writer, where no flag says."""


class Leasing:
    """What an apply does about its lease; nothing where the environment names none.

    ``timeout``: how long to wait for another writer. ``older``: a commit older than the last one is meant. ``beat`` has
    to be called while time passes.
    """

    def __init__(
        self, run: Runtime, environment: Environment, revision: Revision, *, timeout: float | None, older: bool
    ) -> None:
        from reconciler.agent.lease.stores import lease_for

        self._run, self._environment, self._revision = run, environment, revision
        self._timeout, self._older = timeout or TIMEOUT, older
        self._lease: Lease | None = lease_for(environment, run.installation, f"apply by {me()}", run.clock, run.session)
        self.taken = False

    @property
    def check(self) -> Callable[[], None] | None:
        """What is asked before every write."""
        return self._lease.check if self._lease else None

    def unprotected(self) -> str:
        """What is said where no lease is configured; empty where one is."""
        if self._lease:
            return ""
        return f"the environment {self._environment.name} names no lease: nothing keeps another writer out meanwhile"

    def beat(self) -> None:
        """Renew it when that is due: also where no time passes but on a clock that is handed in."""
        if self._lease:
            self._lease.keep()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While this lasts, what is taken is renewed; then it is given back."""
        if self._lease is None:
            yield
            return
        from reconciler.agent.lease.keeper import Keeper

        try:
            with Keeper(self._lease):
                yield
        finally:
            self._lease.release()

    def take(self, stop: Callable[[], bool]) -> bool:
        """Have it, and put down for which commit; False: somebody asked to stop meanwhile.

        Raises LeaseHeld when another writer keeps it, StalePlan for a commit older than the last one, and what the
        store says.
        """
        self.taken = True
        if self._lease is None:
            return True
        if not self._waited(self._lease, stop):
            return False
        commit = self._revision.commit
        if commit is not None:
            try:
                root = self._revision.root
                self._lease.begin(begun_at(root, commit), older_in(root), back=self._older)
            except StalePlan as error:
                error.hint = "bring this clone up to date; or say --older, if to go back is what you mean"
                raise
        return True

    def _waited(self, lease: Lease, stop: Callable[[], bool]) -> bool:
        from reconciler.agent.lease.lease import RETRY, holding

        clock = Waking(self._run.clock, stop)
        deadline, told = self._run.clock.monotonic() + self._timeout, ""
        while not stop():
            trouble: ReconcilerError | None = None
            pause = RETRY
            try:
                if lease.try_take():
                    return True
                pause = lease.again
            except ReconcilerError as error:
                if not error.retry:
                    raise
                trouble = error
            writer = lease.writer
            if self._run.clock.monotonic() + pause > deadline:
                if trouble is not None:
                    raise trouble
                said = holding(writer) if writer else "others take the lease again and again"
                hint = "wait for it, or for the agent that has it: reconciler wait; or allow more: --lease-timeout 5m"
                raise LeaseHeld(f"{said}; nothing was written", where=lease.where, hint=hint)
            news = trouble.message if trouble else holding(writer) if writer else ""
            if news and news != told:
                self._run.terminal.err(safe(f"waiting: {news}"))
                told = news
            clock.sleep(pause)
        return False
