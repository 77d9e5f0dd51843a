"""Where the settings of an agent come from: file, variable, flags, the repository here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.cli.agency import CONFIG, settings_of
from reconciler.cli.runtime import Options, Runtime
from reconciler.model.errors import InvalidManifests, UsageError

FILE = """
apiVersion: reconciler/v1
kind: Agent
spec:
  installation: blue
  environments: [staging]
  resync: 10m
  repository: {url: https://git.example.com/deploy.git, branch: main, poll: 30s}
"""


def ran(environ: dict[str, str] | None = None, **options: object) -> Runtime:
    return Runtime(environ=environ or {}, options=Options(**options))


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "agent.yaml").write_text(FILE)
    return str(tmp_path / "agent.yaml")


def test_settings_are_read_from_a_file(file):
    found = settings_of(ran(), {"settings": file})
    assert (found.installation, found.environments, found.resync) == ("blue", ("staging",), 600.0)
    assert (found.repository.url, found.repository.poll) == ("https://git.example.com/deploy.git", 30.0)


def test_settings_are_read_from_a_variable_where_there_is_no_file(file):
    assert settings_of(ran({CONFIG: FILE}), {}).installation == "blue"
    assert settings_of(ran({CONFIG: FILE.replace("blue", "green")}), {"settings": file}).installation == "blue"


def test_flags_win_over_the_file(file):
    given = {
        "settings": file, "repository": "/srv/other.git", "branch": "next", "folder": "live", "mirror": "/m", "poll": 5.0,
        "resync": 60.0, "listen": "0.0.0.0:1",
    }  # fmt: skip
    found = settings_of(ran(environment="production", installation="red"), given)
    repository = found.repository
    assert (repository.url, repository.branch, repository.folder) == ("/srv/other.git", "next", "live")
    assert (repository.mirror, repository.poll, found.resync) == ("/m", 5.0, 60.0)
    assert (found.environments, found.installation, found.server.listen) == (("production",), "red", "0.0.0.0:1")


def test_without_settings_it_is_the_repository_here(tmp_path):
    (tmp_path / "deploy/apps").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    found = settings_of(ran(directory=str(tmp_path / "deploy")), {}).repository
    assert (Path(found.url), found.folder, found.worktree) == (tmp_path.resolve(), "deploy", False)


def test_a_folder_without_git_and_one_that_is_asked_for_are_read_as_they_lie(tmp_path):
    (tmp_path / "apps").mkdir()
    assert settings_of(ran(directory=str(tmp_path)), {}).repository.worktree
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert not settings_of(ran(directory=str(tmp_path)), {}).repository.worktree
    assert settings_of(ran(directory=str(tmp_path), worktree=True), {}).repository.worktree


def test_what_is_wrong_with_them_is_told(tmp_path, file):
    with pytest.raises(UsageError, match="cannot be read"):
        settings_of(ran(), {"settings": str(tmp_path / "none.yaml")})
    with pytest.raises(InvalidManifests) as error:
        settings_of(ran({CONFIG: FILE.replace("resync", "resink")}), {})
    assert error.value.problems[0].at.file == CONFIG
    with pytest.raises(UsageError, match="follows a branch"):
        settings_of(ran(revision="HEAD~1"), {"settings": file})
