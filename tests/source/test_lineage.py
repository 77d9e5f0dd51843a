"""Which of two commits is the older one: by history where it is known, by time where it is not."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.model.errors import SourceError
from reconciler.model.lease import Begun
from reconciler.source.lineage import begun_at, older_in

ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(where: Path, *arguments: str, at: int = 0) -> str:
    dates = {"GIT_AUTHOR_DATE": f"{at} +0200", "GIT_COMMITTER_DATE": f"{at} +0200"} if at else {}
    done = subprocess.run(["git", *arguments], cwd=where, env={**ENV, **dates}, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(root: Path, at: int) -> Begun:
    git(root, "commit", "--quiet", "--allow-empty", "--message", f"at {at}", at=at)
    return begun_at(root, git(root, "rev-parse", "HEAD"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet", "-b", "main")
    return root


NOW = 1_767_600_000


def elsewhere(at: int) -> Begun:
    """A commit that no clone here has."""
    return Begun("f" * 40, datetime.fromtimestamp(at, UTC))


def test_a_commit_has_its_committers_time(root):
    assert commit(root, NOW).at == datetime.fromtimestamp(NOW, UTC)


def test_a_commit_that_is_not_there_is_an_error(root):
    commit(root, NOW)
    with pytest.raises(SourceError):
        begun_at(root, "f" * 40)


def test_an_ancestor_is_older_and_a_descendant_is_not(root):
    first, second, third = (commit(root, NOW + number) for number in range(3))
    older = older_in(root)
    assert older(first, third)
    assert older(second, third)
    assert not older(third, first)
    assert not older(second, second)


def test_history_wins_over_what_the_times_say(root):
    """Clocks of committers differ, and a rebase keeps what it likes."""
    first, second = commit(root, NOW + 1000), commit(root, NOW)
    assert older_in(root)(first, second)
    assert not older_in(root)(second, first)


def test_what_lies_on_another_branch_is_not_older(root):
    commit(root, NOW)
    git(root, "checkout", "--quiet", "-b", "other")
    one = commit(root, NOW + 1)
    git(root, "checkout", "--quiet", "main")
    two = commit(root, NOW + 2)
    assert not older_in(root)(one, two)
    assert not older_in(root)(two, one)


def test_a_revert_is_no_going_back(root):
    first, second = commit(root, NOW), commit(root, NOW + 1)
    third = commit(root, NOW + 2)  # says again what the first one said
    assert not older_in(root)(third, second)
    assert not older_in(root)(third, first)


def test_where_the_other_is_not_here_the_times_decide(root):
    mine = commit(root, NOW)
    assert older_in(root)(mine, elsewhere(NOW + 1))
    assert not older_in(root)(mine, elsewhere(NOW - 1))
    assert not older_in(root)(mine, elsewhere(NOW))


def test_a_shallow_clone_that_does_not_connect_them_goes_by_time(root, tmp_path):
    first, second, third = (commit(root, NOW + number) for number in range(3))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{root}", str(clone))
    git(clone, "fetch", "--quiet", "--depth", "1", "origin", first.commit)
    assert older_in(clone)(first, third)
    assert not older_in(clone)(third, first)
    assert older_in(clone)(third, Begun(second.commit, datetime.fromtimestamp(NOW + 99, UTC)))  # not here


def test_no_repository_is_an_error_and_not_an_answer(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceError):
        begun_at(tmp_path / "none", "f" * 40)
