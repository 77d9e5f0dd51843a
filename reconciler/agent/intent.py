"""What an environment is meant to be: from what the repository says to what is in force.

What cannot be used leaves the last good state: the one in memory; else, of an app, the one that its record tells of;
else, of the whole environment, the newest earlier commit that can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from reconciler.agent.source import Reading, Source
from reconciler.engine.in_force import InForce, app_of, broken_as_a_whole, in_force
from reconciler.engine.lookup import Wish
from reconciler.engine.settle import Draft, draft, settle
from reconciler.engine.sources import Doors
from reconciler.kinds import KINDS
from reconciler.model.allow import Allow
from reconciler.model.desired import Environment
from reconciler.model.errors import InvalidManifests, Problem, SourceError
from reconciler.model.kind import Reader
from reconciler.model.record import Record
from reconciler.source.revision import Revision


class Log(Protocol):
    """One line an event."""

    def __call__(self, event: str, **fields: object) -> None: ...


@dataclass
class Intent:
    """``allow`` is what commits may do whatever they say themselves. ``problems`` are those of the newest commit,
    ``broken`` those for which nothing of it can be used; ``force`` is None as long as nothing is in force.
    """

    name: str
    source: Source
    log: Log
    allow: tuple[Allow, ...] = ()
    reading: Reading | None = None
    force: InForce | None = None
    problems: tuple[Problem, ...] = ()
    broken: tuple[Problem, ...] = ()
    _draft: Draft | None = None

    def news(self) -> Reading | None:
        """What the source says, if that is something else than before."""
        reading = self.source.reading()
        return reading if reading is not self.reading else None

    def take(self, reading: Reading) -> Environment | None:
        """Take up what the source says; the environment as it is to be connected to, None where that is as before."""
        before, self.reading = self.reading, reading
        if reading.error is not None:
            self.log("source failed", environment=self.name, error=reading.error)
        if reading.revision is None or (before is not None and before.revision is reading.revision):
            return None
        made, self.broken = self._drafted(reading.revision)
        if self.broken:
            self.problems = self.broken
            self.log("commit not usable", environment=self.name, commit=reading.head, problem=self.broken[0].message)
            made = self._earlier(reading.head) if self._draft is None else None
        if made is None:
            return None
        self._draft = made
        return made.rendered.environment

    @property
    def known(self) -> bool:
        """Whether there is anything that can be wanted."""
        return self._draft is not None

    def forget(self) -> None:
        """Nothing is in force any more: whoever wrote meanwhile may have brought about anything."""
        self.force = None

    def settle(self, read: Reader, doors: Doors, records: Callable[[], Mapping[str, Record]]) -> InForce:
        """Say what is in force, with what other tools own read anew. Raises InvalidManifests where there is nothing."""
        assert self._draft is not None
        assert self.reading is not None
        made, last = self._draft, self.force.wish if self.force else None
        looks = bool(made.rendered.needs) or any(it.policy.images == "pin" for it in made.rendered.documents)
        new = settle(made, read, doors) if looks else made.wish
        new = replace(new, whole=new.whole and self.reading.trusted)
        if last is None and new.errors:
            last = self._recorded({app_of(problem) for problem in new.errors}, records())
        found = in_force(new, last)
        if found is None:
            raise InvalidManifests(new.problems)
        if self.broken:
            found = replace(found, wish=replace(found.wish, whole=False), broken=self.broken)
        self.force, self.problems = found, self.broken or found.wish.problems
        return found

    def _earlier(self, head: str | None) -> Draft | None:
        """The newest state before a broken one that is not."""
        for commit in self.source.before(head) if head else ():
            revision = self.source.at(commit)
            found = self._drafted(revision)[0] if revision is not None else None
            if found is not None:
                return found
        return None

    def _recorded(self, broken: set[str | None], records: Mapping[str, Record]) -> Wish | None:
        """What of broken apps was in force before this process began: at the newest commit that their records name."""
        dated = {}
        for commit in {it.commit for app, it in records.items() if it.commit and app in broken}:
            with suppress(SourceError):
                dated[self.source.begun(commit).at] = commit
        revision = self.source.at(dated[max(dated)]) if dated else None
        found = self._drafted(revision)[0] if revision is not None else None
        return found.wish if found is not None else None

    def _drafted(self, revision: Revision) -> tuple[Draft | None, tuple[Problem, ...]]:
        """What the environment wants at a revision; or why nothing at all can be said of it."""
        try:
            made = draft(revision, self.name, KINDS, (), self.allow)
        except InvalidManifests as error:
            return None, error.problems
        broken = broken_as_a_whole(made.wish.problems)
        return (None if broken else made), broken
