"""Manifests read from git's objects."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.model.errors import SourceError
from reconciler.source import git_process
from reconciler.source.git import ancestors, commits, dirty, read_git, resolve

ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def run(where: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=where, env=ENV, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "apps/web").mkdir(parents=True)
    run(root, "init", "--quiet")
    (root / "apps/web/a.yaml").write_text("a: 1\n")
    (root / "README.md").write_text("hello")
    (root / "apps/web/notes.txt").write_text("no manifest")
    return root


def commit(root: Path) -> str:
    run(root, "add", "--all")
    run(root, "commit", "--quiet", "--message", "x")
    return run(root, "rev-parse", "HEAD").strip()


def test_only_manifests_under_the_two_folders_are_read(repository) -> None:
    (repository / "environments").mkdir()
    (repository / "environments/dev.yml").write_text("b: 2\n")
    (repository / "apps/web/.hidden.yaml").write_text("c: 3\n")
    made = commit(repository)
    revision = read_git(repository)
    assert revision.commit == made
    assert revision.files == {"apps/web/a.yaml": b"a: 1\n", "environments/dev.yml": b"b: 2\n"}
    assert revision.problems == ()


def test_an_older_commit_is_read_whatever_lies_in_the_work_tree(repository) -> None:
    first = commit(repository)
    (repository / "apps/web/a.yaml").write_text("a: 2\n")
    commit(repository)
    (repository / "apps/web/a.yaml").unlink()
    assert read_git(repository, first).files == {"apps/web/a.yaml": b"a: 1\n"}
    assert read_git(repository, "HEAD~1").files == {"apps/web/a.yaml": b"a: 1\n"}
    assert read_git(repository).files == {"apps/web/a.yaml": b"a: 2\n"}


def test_a_folder_of_a_repository_can_be_the_root(repository) -> None:
    commit(repository)
    (repository / "deploy/apps/x").mkdir(parents=True)
    (repository / "deploy/apps/x/y.json").write_text("{}")
    commit(repository)
    assert read_git(repository / "deploy").files == {"apps/x/y.json": b"{}"}


def test_a_bare_mirror_is_read_with_a_prefix(repository, tmp_path) -> None:
    commit(repository)
    run(tmp_path, "clone", "--quiet", "--bare", str(repository), "mirror")
    assert read_git(tmp_path / "mirror").files == {"apps/web/a.yaml": b"a: 1\n"}
    assert read_git(tmp_path / "mirror", prefix="deploy").files == {}


def test_links_and_submodules_are_problems_that_name_their_path(repository) -> None:
    (repository / "apps/web/link.yaml").symlink_to("/etc/passwd")
    first = commit(repository)
    run(repository, "update-index", "--add", "--cacheinfo", f"160000,{first},apps/other")
    run(repository, "commit", "--quiet", "--message", "y")
    problems = read_git(repository).problems
    assert [(problem.at.file, problem.app) for problem in problems] == [
        ("apps/other", None),
        ("apps/web/link.yaml", "web"),
    ]
    assert "a submodule" in problems[0].message
    assert "a symbolic link" in problems[1].message


def test_a_folder_that_is_a_link_is_not_followed(repository, tmp_path) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "else/x.yaml").write_text("a: 1")
    (repository / "environments").symlink_to(tmp_path / "else")
    commit(repository)
    revision = read_git(repository)
    assert list(revision.files) == ["apps/web/a.yaml"]
    assert [problem.code for problem in revision.problems] == ["not-a-file"]


def test_a_file_that_is_too_large_is_a_problem_of_its_app(repository) -> None:
    (repository / "apps/web/big.yaml").write_text("#" * ((1 << 20) + 1))
    commit(repository)
    revision = read_git(repository)
    assert [(problem.code, problem.app) for problem in revision.problems] == [("file-too-large", "web")]
    assert list(revision.files) == ["apps/web/a.yaml"]


def test_a_name_with_odd_characters_is_read(repository) -> None:
    (repository / "apps/web/ä \n'\".yaml").write_text("a: 3")
    commit(repository)
    assert read_git(repository).files["apps/web/ä \n'\".yaml"] == b"a: 3"


def test_a_name_that_is_not_utf8_is_a_problem(repository) -> None:
    Path(os.fsdecode(os.fsencode(repository / "apps/web") + b"/\xff.yaml")).write_text("a: 1")
    commit(repository)
    assert [problem.code for problem in read_git(repository).problems] == ["unreadable-name"]


def test_what_is_not_committed_is_dirty(repository) -> None:
    commit(repository)
    assert dirty(repository) == ()
    (repository / "README.md").write_text("changed")
    (repository / "apps/web/a.yaml").write_bytes(b"a: 1\r\n")
    assert dirty(repository) == ()
    (repository / "apps/web/a.yaml").write_text("a: 2\n")
    (repository / "apps/web/new.yaml").write_text("")
    assert dirty(repository) == ("apps/web/a.yaml", "apps/web/new.yaml")


def test_no_hook_filter_or_monitor_of_the_repository_runs(repository, tmp_path) -> None:
    trace = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    script.chmod(0o755)
    (repository / ".gitattributes").write_text("*.yaml filter=evil\n")
    commit(repository)
    for name in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor", "core.sshCommand", "core.pager"):
        run(repository, "config", name, str(script))
    read_git(repository)
    dirty(repository)
    assert not trace.exists()


def test_variables_that_point_git_elsewhere_are_not_passed_on(repository, monkeypatch, tmp_path) -> None:
    commit(repository)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    assert list(read_git(repository).files) == ["apps/web/a.yaml"]


@pytest.mark.parametrize("revision", ["nowhere", "--all", "-x", "HEAD:apps", "", "a..b"])
def test_an_unknown_revision_is_an_error_that_says_so(repository, revision) -> None:
    commit(repository)
    with pytest.raises(SourceError, match="there is no commit"):
        resolve(repository, revision)


def test_a_repository_without_a_commit_says_so(repository) -> None:
    with pytest.raises(SourceError, match="no commit yet"):
        read_git(repository)


def test_a_directory_that_is_no_repository_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SourceError, match="not a git repository"):
        read_git(tmp_path)
    with pytest.raises(SourceError, match="no such directory"):
        read_git(tmp_path / "nowhere")


def test_a_missing_git_says_so(repository, monkeypatch) -> None:
    monkeypatch.setattr(git_process, "environment", lambda: {"PATH": "/nonexistent"})
    with pytest.raises(SourceError, match="git is not installed"):
        read_git(repository)


def test_commits_are_told_with_author_and_subject_and_unknown_ones_are_left_out(repository) -> None:
    first = commit(repository)
    found = commits(repository, [first, "0" * 40, "HEAD", "--help", first])
    assert set(found) == {first}
    assert found[first].author == run(repository, "log", "-1", "--format=%an").strip()
    assert found[first].subject == run(repository, "log", "-1", "--format=%s").strip()
    tree = run(repository, "rev-parse", "HEAD^{tree}").strip()
    assert commits(repository, [tree]) == {}
    assert commits(repository, []) == {}


def test_ancestors_are_newest_first_and_of_an_unknown_commit_there_are_none(repository) -> None:
    first = commit(repository)
    (repository / "note").write_text("more")
    second = commit(repository)
    assert ancestors(repository, second[:9])[:2] == (second, first)
    assert ancestors(repository, "0" * 40) == ()
    assert ancestors(repository, "--all") == ()


def test_an_object_that_git_has_lost_is_named(repository) -> None:
    commit(repository)
    lost = run(repository, "rev-parse", "HEAD:apps/web/a.yaml").strip()
    beside = run(repository, "rev-parse", "HEAD:apps/web/notes.txt").strip()
    revision = read_git(repository)
    for name in (lost, beside):
        (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(SourceError, match=f"git has no object {lost}"):
        read_git(repository)
    with pytest.raises(SourceError, match=f"git has no object {beside}"):
        revision.beside("apps/web/notes.txt")
