"""Where the settings of an agent come from: a file, a variable that holds them, flags."""

from __future__ import annotations

import pytest

from reconciler.cli.agency import settings_of
from reconciler.cli.runtime import Runtime
from reconciler.model.errors import InvalidManifests, UsageError

TEXT = """
apiVersion: reconciler/v1
kind: Agent
spec:
  resync: 2m
  repository: {url: "https://example.com/deploy.git"}
"""


def ran(**environ: str) -> Runtime:
    return Runtime(environ=environ)


def test_a_variable_may_hold_them():
    found = settings_of(ran(RECONCILER_AGENT_CONFIG=TEXT), {})
    assert (found.repository.url, found.resync) == ("https://example.com/deploy.git", 120.0)


def test_a_file_that_is_named_wins_and_flags_win_over_both(tmp_path):
    file = tmp_path / "agent.yaml"
    file.write_text(TEXT.replace("2m", "3m"))
    held = ran(RECONCILER_AGENT_CONFIG=TEXT)
    assert settings_of(held, {"settings": str(file)}).resync == 180.0
    assert settings_of(held, {"settings": str(file), "resync": 60.0}).resync == 60.0
    assert settings_of(held, {"resync": 60.0}).resync == 60.0


def test_what_is_wrong_in_the_variable_is_told_at_its_place():
    with pytest.raises(InvalidManifests) as told:
        settings_of(ran(RECONCILER_AGENT_CONFIG=TEXT.replace("resync: 2m", "resync: soon")), {})
    [problem] = told.value.problems
    assert (problem.at.file, problem.at.line) == ("RECONCILER_AGENT_CONFIG", 5)


def test_an_empty_variable_says_nothing(tmp_path):
    file = tmp_path / "none.yaml"
    with pytest.raises(UsageError):
        settings_of(ran(RECONCILER_AGENT_CONFIG=""), {"settings": str(file)})
