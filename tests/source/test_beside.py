"""Files that manifests name: from the very commit or as they lie, one by one, and never outside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.source import git_process
from reconciler.source.beside import FILE_BYTES, Among, BesideError, clean_path
from reconciler.source.directory import read_directory
from reconciler.source.git import dirty, read_git
from reconciler.source.revision import Revision, is_data

ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
APP = "apiVersion: reconciler/v1\nkind: App\nspec:\n  varsFrom: [apps/a/vars/x.env]\n"


def git(where: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=where, env=ENV, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of files, links and worse."""
    root = tmp_path / "repository"
    (root / "apps/a/vars").mkdir(parents=True)
    (root / "apps/a/app.yaml").write_text(APP)
    (root / "apps/a/vars/x.env").write_text("A=1\n")
    (root / "apps/a/vars/big.env").write_bytes(b"#" * (FILE_BYTES + 1))
    (root / "top.env").write_text("T=1\n")
    (tmp_path / "outside.env").write_text("O=1\n")
    (root / "config").mkdir()
    (root / "config/link.env").symlink_to(tmp_path / "outside.env")
    (root / "config/inner").symlink_to(root / "apps")
    return root


@pytest.fixture(params=["directory", "commit", "folder", "bare"])
def revision(request, root, tmp_path) -> Revision:
    """The same files by every way of reading them."""
    if request.param == "directory":
        return read_directory(root)
    if request.param == "folder":
        git(tmp_path, "init", "--quiet")
        (tmp_path / "README").write_text("x")
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message", "x")
        return read_git(root)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    if request.param == "commit":
        return read_git(root)
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "mirror")
    return read_git(tmp_path / "mirror")


def test_any_file_of_the_repository_can_be_named(revision) -> None:
    assert revision.beside("apps/a/vars/x.env") == b"A=1\n"
    assert revision.beside("./apps//a/vars/x.env") == b"A=1\n"
    assert revision.beside("top.env") == b"T=1\n"
    assert revision.beside("apps/a/app.yaml") == APP.encode()
    assert "apps/a/vars/x.env" not in revision.files


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("../outside.env", "out of the repository", "without '..'"), ("/etc/passwd", "out of the repository", "root"),
        ("apps/../../outside.env", "out of the repository", ""), ("", "no path", ""), (".", "no path", ""),
        ("a\0b", "no path", ""), (".git/config", "git keeps", ""), ("apps/.GIT/x", "git keeps", ""),
        ("config/link.env", "a symbolic link", ""), ("config/inner/a/vars/x.env", "a symbolic link", ""),
        ("apps/a/vars", "a folder", ""), ("apps/a/vars/big.env", "has 1,048,577 bytes", ""),
        ("apps/a/vars/y.env", "no such file", "did you mean 'apps/a/vars/x.env'?"),
        ("apps/a/vars/x.env/y", "no such file", ""), ("nowhere/x.env", "no such file", "begins at the repository's root"),
        ("tpo.env", "no such file", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused(revision, path, message, hint) -> None:
    with pytest.raises(BesideError, match=message) as raised:
        revision.beside(path)
    assert hint in raised.value.hint
    assert "O=1" not in str(raised.value)


def test_a_commit_is_read_whatever_lies_in_the_work_tree_and_each_file_once(root, monkeypatch) -> None:
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    revision = read_git(root)
    (root / "apps/a/vars/x.env").write_text("A=2\n")
    asked = []
    monkeypatch.setattr(git_process.subprocess, "run", lambda *a, run=subprocess.run, **k: asked.append(a) or run(*a, **k))
    assert [revision.beside("apps/a/vars/x.env") for _ in range(3)] == [b"A=1\n"] * 3
    assert len(asked) == 2


def test_a_pipe_a_submodule_and_an_unreadable_file_are_refused_without_waiting(root) -> None:
    os.mkfifo(root / "config/pipe.env")
    (root / "sub").mkdir()
    (root / "sub/.git").write_text("gitdir: elsewhere\n")
    (root / "sub/x.env").write_text("A=1\n")
    revision = read_directory(root)
    for path, what in (("config/pipe.env", "a pipe"), ("sub/x.env", "a submodule")):
        with pytest.raises(BesideError, match=what):
            revision.beside(path)


def test_a_submodule_in_a_commit_is_refused(root) -> None:
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(root, "commit", "--quiet", "--message", "x")
    for path in ("sub", "sub/x.env"):
        with pytest.raises(BesideError, match="a submodule"):
            read_git(root).beside(path)


def test_a_revision_in_memory_reads_from_a_mapping_and_compares_without_it() -> None:
    one = Revision(None, {"apps/a/x.yaml": b"1"}, shelf=Among({"v.env": b"2"}))
    assert (one.beside("apps/a/x.yaml"), one.beside("v.env")) == (b"1", b"2")
    assert one == Revision(None, {"apps/a/x.yaml": b"1"})
    with pytest.raises(BesideError, match="has 1,048,577 bytes"):
        Revision(None, {}, shelf=Among({"v.env": b"#" * (FILE_BYTES + 1)})).beside("v.env")


def test_a_named_file_that_differs_from_the_commit_is_dirty(root) -> None:
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    assert dirty(root) == ()
    (root / "top.env").write_text("T=2\n")
    (root / "apps/a/vars/x.env").write_text("A=1\r\n")
    assert dirty(root) == ()
    (root / "apps/a/vars/x.env").write_text("A=2\n")
    assert dirty(root) == ("apps/a/vars/x.env",)
    (root / "apps/a/vars/x.env").unlink()
    assert dirty(root) == ("apps/a/vars/x.env",)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("apps/a/vars/x.yaml", True), ("apps/a/secrets/deep/x.json", True), ("environments/vars/x.yaml", True),
        ("environments/secrets/x.yaml", True), ("apps/a/vars.yaml", False), ("apps/vars/x.yaml", False),
        ("environments/vars.yaml", False), ("apps/a/environments/vars/x.yaml", False), ("vars/x.yaml", False),
    ],
)  # fmt: skip
def test_a_folder_of_data_holds_no_manifests(path, data) -> None:
    assert is_data(path) is data


def test_a_path_has_one_form() -> None:
    assert clean_path("./a//b/./c") == "a/b/c"
