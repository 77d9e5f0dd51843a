"""Manifests read as they lie in a directory."""

from __future__ import annotations

import os

import pytest

from reconciler.model.errors import SourceError
from reconciler.source.directory import read_directory


def test_manifests_are_read_without_a_commit(tmp_path) -> None:
    (tmp_path / "apps/a/deep/er").mkdir(parents=True)
    (tmp_path / "apps/a/deep/er/x.yaml").write_text("a: 1")
    (tmp_path / "apps/a/x.txt").write_text("no")
    (tmp_path / "apps/.git").mkdir()
    (tmp_path / "apps/.git/x.yaml").write_text("no")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/x.yaml").write_text("no")
    revision = read_directory(tmp_path)
    assert (revision.commit, revision.files) == (None, {"apps/a/deep/er/x.yaml": b"a: 1"})


def test_nothing_outside_is_followed_and_nothing_is_waited_for(tmp_path) -> None:
    (tmp_path / "apps/a").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text("secret: 1")
    (tmp_path / "apps/a/link.yaml").symlink_to(tmp_path / "outside.yaml")
    (tmp_path / "apps/a/folder").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "apps/a/pipe.yaml")
    (tmp_path / "environments").symlink_to(tmp_path)
    revision = read_directory(tmp_path)
    assert revision.files == {}
    assert [(problem.at.file, problem.code) for problem in revision.problems] == [
        ("apps/a/folder", "not-a-file"),
        ("apps/a/link.yaml", "not-a-file"),
        ("apps/a/pipe.yaml", "not-a-file"),
        ("environments", "not-a-file"),
    ]


def test_files_that_are_too_large_or_unreadable_are_problems(tmp_path) -> None:
    (tmp_path / "apps/a").mkdir(parents=True)
    (tmp_path / "apps/a/big.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    (tmp_path / "apps/a/max.yaml").write_bytes(b"#" * (1 << 20))
    revision = read_directory(tmp_path)
    assert [problem.code for problem in revision.problems] == ["file-too-large"]
    assert list(revision.files) == ["apps/a/max.yaml"]


def test_a_directory_that_is_not_there_says_so(tmp_path) -> None:
    with pytest.raises(SourceError, match="no such directory"):
        read_directory(tmp_path / "nowhere")


def test_a_file_where_a_folder_has_to_be_is_a_problem(tmp_path) -> None:
    (tmp_path / "apps").write_text("a: 1")
    [problem] = read_directory(tmp_path).problems
    assert problem.message == "apps is a plain file; it has to be a folder"


def test_a_submodule_is_refused_as_it_is_from_a_commit(tmp_path) -> None:
    (tmp_path / "apps" / "sub").mkdir(parents=True)
    (tmp_path / "apps" / "sub" / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "apps" / "sub" / "a.yaml").write_text("kind: X\n")
    revision = read_directory(tmp_path)
    assert [problem.message for problem in revision.problems] == ["apps/sub is a submodule; only plain files are read"]
    assert revision.files == {}
