"""A file is written over whole or not at all, with its mode, and through no link."""

from __future__ import annotations

import os
import stat

import pytest

from reconciler.model.errors import SourceError
from reconciler.source import writing
from reconciler.source.writing import write_over


def test_a_file_keeps_its_mode_and_leaves_nothing_beside_it(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    file = tmp_path / "a/x.env"
    file.write_bytes(b"A=1\r\n")
    file.chmod(0o640)
    write_over(tmp_path, "a/x.env", b"A=1\r\n", b"A=2\r\n")
    assert file.read_bytes() == b"A=2\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path / "a") == ["x.env"]


def test_what_has_changed_meanwhile_is_left_alone(tmp_path) -> None:
    (tmp_path / "x").write_text("other")
    for before in (b"one", b""):
        with pytest.raises(SourceError, match="changed meanwhile"):
            write_over(tmp_path, "x", before, b"two")
    with pytest.raises(SourceError, match="changed meanwhile"):
        write_over(tmp_path, "gone", b"one", b"two")
    assert (tmp_path / "x").read_text() == "other"


@pytest.mark.parametrize("path", ["link", "folder/x"])
def test_nothing_is_written_through_a_link(tmp_path, path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_text("one")
    (root / "link").symlink_to(tmp_path / "outside/x")
    (root / "folder").symlink_to(tmp_path / "outside")
    with pytest.raises(SourceError, match="a symbolic link"):
        write_over(root, path, b"one", b"two")
    assert (tmp_path / "outside/x").read_text() == "one"


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch) -> None:
    (tmp_path / "x").write_text("one")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(SourceError, match="cannot be written: No space left on device"):
        write_over(tmp_path, "x", b"one", b"two")
    assert os.listdir(tmp_path) == ["x"]
    assert (tmp_path / "x").read_text() == "one"
