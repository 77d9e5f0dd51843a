"""Where the agent's own secrets are read."""

from __future__ import annotations

import os

import pytest

from reconciler.agent.login.secrets import read_secret
from reconciler.model.agent import Kept
from reconciler.model.errors import AccessError


def test_a_variable_is_read_without_the_white_space_around_it():
    assert read_secret(Kept(variable="TOKEN"), {"TOKEN": " abc\n"}) == "abc"


def test_a_file_is_read_anew_at_each_use(tmp_path):
    file = tmp_path / "token"
    file.write_text("one\n")
    kept = Kept(file=str(file))
    assert read_secret(kept, {}) == "one"
    file.write_text("two\n")
    assert read_secret(kept, {}) == "two"


@pytest.mark.parametrize("environ", [{}, {"TOKEN": ""}, {"TOKEN": " \n"}])
def test_a_variable_that_is_not_set_is_named(environ):
    with pytest.raises(AccessError) as failed:
        read_secret(Kept(variable="TOKEN"), environ)
    assert str(failed.value) == "the variable TOKEN: it is not set, or is empty"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\xff\xfehunter22", "not text in UTF-8"),
        (b"hunter22" * 10_000, "larger than 64 KiB"),
    ],
    ids=["missing", "empty", "blank", "binary", "large"],
)
def test_a_file_that_cannot_be_read_is_named_and_not_shown(tmp_path, content, said):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(AccessError) as failed:
        read_secret(Kept(file=str(file)), {})
    assert said in str(failed.value)
    assert str(file) in failed.value.where
    assert failed.value.__cause__ is None and failed.value.__context__ is None
    assert "hunter22" not in str(failed.value)


def test_a_folder_is_no_secret(tmp_path):
    with pytest.raises(AccessError, match="directory"):
        read_secret(Kept(file=str(tmp_path)), {})


def test_nowhere_is_told():
    with pytest.raises(AccessError, match="not said where"):
        read_secret(Kept(), dict(os.environ))
