"""What a revision's tags say of the runs of a job: one line for the newest, one for those before it.

``reconciler:job/<name>`` holds ``<fingerprint> <word> <time> <attempt> <tries> <detail>``, and
``reconciler:job/<name>/past`` the beginnings of the fingerprints that ended before on the same revision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.model.key import RUNS

LENGTH = 32
"""Characters of a digest that make a fingerprint."""
STARTED, SUCCEEDED, FAILED, UNKNOWN = "started", "succeeded", "failed", "unknown"

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LINE = re.compile(
    rf"([0-9a-f]{{{LENGTH}}}) ({STARTED}|{SUCCEEDED}|{FAILED}|{UNKNOWN}) (\S+Z) (\d{{1,6}}) (\d{{1,6}})(?: (.*))?"
)
_PAST = re.compile(r"([0-9a-f]{12})([-+=])(\d{1,6})")
_SIGNS: Final = {SUCCEEDED: "+", FAILED: "-", UNKNOWN: "=", STARTED: "="}
_WORDS: Final = {"+": SUCCEEDED, "-": FAILED, "=": UNKNOWN}
_MOST = 256
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job.

    at        when this was recorded
    attempt   counts all tries of this fingerprint; the client token is made of it
    tries     how many of them before this one found no capacity
    detail    of one that has not ended: its cluster; else what there is to say of its end
    revision  the ARN of the revision that tells of it
    """

    fingerprint: str
    word: str
    at: datetime
    attempt: int = 1
    tries: int = 0
    detail: str = ""
    revision: str = ""

    @property
    def ended(self) -> bool:
        return self.word != STARTED

    @property
    def id(self) -> str:
        """What a person's retry names."""
        return f"{self.fingerprint}/{self.attempt}"

    def is_of(self, digest: str) -> bool:
        """Whether it was run for a digest; of one that is past only the beginning is known."""
        return bool(digest) and digest.startswith(self.fingerprint)


def line(run: Run) -> str:
    """The value of the tag; what a tag may not hold becomes a space, what is too much is cut."""
    detail = " ".join(re.sub(r"[^A-Za-z0-9_.:/=+@ -]", " ", run.detail).split())
    text = f"{run.fingerprint} {run.word} {run.at.astimezone(UTC):{_TIME}} {run.attempt} {run.tries} {detail}"
    return text[:_MOST].strip()


def tags_of(name: str, run: Run, before: Iterable[Run]) -> dict[str, str]:
    """The tags a revision gets when it tells of a run, and of those ``before`` that it told of."""
    tags = {RUNS + name: line(run)}
    told = [f"{one.fingerprint[:12]}{_SIGNS[one.word]}{one.attempt}" for one in before]
    if past := _fitting(told):
        tags[f"{RUNS}{name}/past"] = past
    return tags


def runs_of(tags: Mapping[str, str], name: str, revision: str = "") -> Iterator[Run]:
    """The runs of a job that a revision's tags tell of, newest first; what cannot be read is passed over."""
    found = _LINE.fullmatch(tags.get(RUNS + name, ""))
    if found:
        fingerprint, word, at, attempt, tries, detail = found.groups()
        time = _time(at)
        if time is not None:
            yield Run(fingerprint, word, time, int(attempt), int(tries), detail or "", revision)
    for start, sign, attempt in _PAST.findall(tags.get(f"{RUNS}{name}/past", "")):
        yield Run(start, _WORDS[sign], _LONG_AGO, int(attempt), revision=revision)


def _fitting(words: list[str]) -> str:
    """As many as a tag may hold, the newest, which come first."""
    while len(" ".join(words)) > _MOST:
        words = words[:-1]
    return " ".join(words)


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
