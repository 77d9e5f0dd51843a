"""A state on disk: plain files alone, and nothing that is waited for."""

from __future__ import annotations

import os

import pytest

from reconciler.model.lookup import Unfound
from reconciler.source import state_file
from reconciler.source.state_file import read_state_file


def test_a_relative_path_begins_at_the_repository_and_may_lead_out_of_it(tmp_path):
    (tmp_path / "terraform").mkdir()
    (tmp_path / "repository").mkdir()
    (tmp_path / "terraform/a.tfstate").write_bytes(b"one")
    assert read_state_file(str(tmp_path / "repository"), "../terraform/a.tfstate") == b"one"
    assert read_state_file("/nowhere", str(tmp_path / "terraform/a.tfstate")) == b"one"


@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("none.tfstate", "there is no file none.tfstate"),
        ("folder", "folder is not a plain file"),
        ("pipe", "pipe is not a plain file"),
        ("/dev/zero", "/dev/zero is not a plain file"),
        ("file/below", "file/below cannot be read"),
        ("a\0b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, file, word):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    found = read_state_file(str(tmp_path), file)
    assert isinstance(found, Unfound)
    assert found.code == "unreadable-state"
    assert word in found.message


def test_there_is_a_cap(tmp_path, monkeypatch):
    monkeypatch.setattr(state_file, "MOST", 3)
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").write_bytes(b"1234")
    assert read_state_file(str(tmp_path), "a") == b"123"
    assert isinstance(read_state_file(str(tmp_path), "b"), Unfound)
