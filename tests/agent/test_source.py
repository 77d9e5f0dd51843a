"""The repository as the agent has it: the newest usable commit, and the last good one while there is none."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.agent.source import FolderSource, GitSource
from reconciler.model.agent import Repository
from reconciler.model.errors import ReconcilerError, SourceError
from reconciler.source.git import read_git
from reconciler.source.revision import Revision

ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@dataclass
class Seen:
    commit: str | None = None
    error: ReconcilerError | None = None


class Remote:
    """A repository that something else fetches: what it has seen is set by hand."""

    def __init__(self, root: Path) -> None:
        self.root, self.seen, self.refused, self.fetches = root, Seen(), set(), 0
        self.fetched: str | None = None
        self.git("init", "--quiet", "--initial-branch=main")
        self.source = GitSource(
            self, lambda: self.seen, fetch_now=self.fetch, poke=lambda: None, check=self.check
        )

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, env=ENV, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        (self.root / "apps/web").mkdir(parents=True, exist_ok=True)
        (self.root / "apps/web/a.yaml").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")
        self.seen = Seen(self.git("rev-parse", "HEAD"))
        return self.seen.commit or ""

    def head(self) -> str | None:
        return self.fetched

    def read(self, commit: str) -> Revision:
        return read_git(self.root, commit)

    def fetch(self) -> Seen:
        self.fetches += 1
        return self.seen

    def check(self, commit: str) -> None:
        if commit in self.refused:
            raise SourceError("it is not signed by anybody who may", where=commit[:12])


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def test_nothing_is_known_before_the_first_fetch(remote):
    reading = remote.source.reading()
    assert (reading.revision, reading.head, reading.fetched) == (None, None, False)


def test_the_newest_commit_is_read_once_and_the_same_reading_given_until_there_is_another(remote):
    head = remote.commit("a: 1\n")
    first = remote.source.reading()
    assert first.head == head
    assert first.revision.files == {"apps/web/a.yaml": b"a: 1\n"}
    assert first.trusted
    assert remote.source.reading() is first
    remote.commit("a: 2\n")
    assert remote.source.reading().revision.files == {"apps/web/a.yaml": b"a: 2\n"}
    assert remote.source.reading().trusted


def test_a_commit_that_is_not_signed_as_it_must_be_leaves_the_last_good_one(remote):
    good = remote.commit("a: 1\n")
    remote.source.reading()
    bad = remote.commit("a: 2\n")
    remote.refused.add(bad)
    reading = remote.source.reading()
    assert reading.revision.commit == good
    assert reading.head == bad
    assert "not signed" in str(reading.error)
    assert not reading.trusted
    better = remote.commit("a: 3\n")
    assert remote.source.reading().revision.commit == better
    assert remote.source.reading().error is None


def test_the_error_of_a_commit_stays_while_the_remote_answers(remote):
    remote.commit("a: 1\n")
    remote.source.reading()
    bad = remote.commit("a: 2\n")
    remote.refused.add(bad)
    first = remote.source.reading()
    remote.seen = Seen(bad, None)
    assert remote.source.reading() is first


def test_an_unreachable_remote_leaves_the_last_good_commit_and_says_so_until_it_answers(remote):
    good = remote.commit("a: 1\n")
    remote.source.reading()
    remote.seen = Seen(good, SourceError("no answer", where="git.example.com"))
    reading = remote.source.reading()
    assert reading.revision.commit == good
    assert "no answer" in str(reading.error)
    assert not reading.trusted
    assert remote.source.reading() is reading
    remote.seen = Seen(good)
    again = remote.source.reading()
    assert again.error is None
    assert again.trusted


def test_an_unreachable_remote_at_the_very_start_is_told(remote):
    remote.seen = Seen(None, SourceError("no answer", where="git.example.com"))
    assert "no answer" in str(remote.source.reading().error)
    assert remote.source.reading().revision is None


def test_a_remote_that_is_down_at_the_start_leaves_what_an_earlier_process_has_fetched(remote):
    remote.fetched = remote.commit("a: 1\n")
    remote.seen = Seen(None, SourceError("no answer", where="git.example.com"))
    reading = remote.source.reading()
    assert reading.revision.commit == remote.fetched
    assert "no answer" in str(reading.error)
    assert not reading.trusted


@pytest.mark.parametrize("how", ["rewind", "force-push"])
def test_history_that_was_rewritten_is_followed_but_not_trusted(remote, how):
    first = remote.commit("a: 1\n")
    remote.commit("a: 2\n")
    remote.source.reading()
    remote.git("reset", "--quiet", "--hard", first)
    remote.seen = Seen(first)
    if how == "force-push":
        remote.commit("a: 3\n")
    reading = remote.source.reading()
    assert reading.revision.commit == remote.seen.commit
    assert not reading.trusted
    remote.commit("a: 4\n")
    assert remote.source.reading().trusted


def test_refreshing_asks_the_remote(remote):
    assert remote.source.refresh()
    assert remote.fetches == 1
    remote.seen = Seen(None, SourceError("no answer", where="git.example.com"))
    assert not remote.source.refresh()


def test_the_time_of_a_commit_is_its_committer_s(remote):
    head = remote.commit("a: 1\n")
    assert remote.source.begun(head).at.timestamp() == float(remote.git("log", "-1", "--format=%ct"))


def test_a_folder_is_read_as_it_lies_and_only_when_something_may_have_changed(tmp_path):
    (tmp_path / "apps/web").mkdir(parents=True)
    file = tmp_path / "apps/web/a.yaml"
    file.write_text("a: 1\n")
    changed = [False]
    source = FolderSource(tmp_path, Repository(str(tmp_path), worktree=True), lambda: changed[0])
    first = source.reading()
    assert first.revision.commit is None
    file.write_text("a: 2\n")
    assert source.reading() is first
    changed[0] = True
    second = source.reading()
    assert second.revision.files == {"apps/web/a.yaml": b"a: 2\n"}
    assert source.reading() is second
