"""The image is what an agent may run in: without root, without a compiler, with a root that nobody writes to.

There is no Docker here, so the file is taken apart and read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def stages() -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


@pytest.fixture
def final() -> list[Instruction]:
    return stages()[-1]


def said(stage: list[Instruction], name: str) -> list[str]:
    return [rest for word, rest in stage if word == name]


def pairs(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in re.findall(r'([\w.]+)=("[^"]*"|\S+)', text)}


def environment(stage: list[Instruction]) -> dict[str, str]:
    return {name: value for text in said(stage, "ENV") for name, value in pairs(text).items()}


def test_it_is_built_in_one_stage_and_runs_in_another_of_the_same_slim_python():
    build, final = stages()
    [[base, *_], [other, *_]] = [said(stage, "FROM")[0].split() for stage in (build, final)]
    assert base == other
    assert re.fullmatch(r"python:3\.\d+-slim", base)
    assert said(final, "COPY") == ["--from=build /install /usr/local"]


def test_every_package_comes_as_a_wheel_and_no_compiler_is_ever_installed(final):
    [install] = said(stages()[0], "RUN")
    assert "--only-binary=:all:" in install
    text = " ".join(rest for _, rest in instructions())
    assert not re.search(r"\b(gcc|g\+\+|build-essential|cargo|rustc|make|python3?-dev)\b", text)
    [apt] = [run for run in said(final, "RUN") if "apt-get install" in run]
    installed = re.search(r"--no-install-recommends ([\w -]+?) &&", apt)
    assert installed is not None
    assert installed[1].split() == ["ca-certificates", "git", "gnupg", "openssh-client"]
    assert "rm -rf /var/lib/apt/lists/*" in apt
    assert "pip uninstall" in apt


def test_it_runs_as_a_user_of_its_own_by_number(final):
    assert said(final, "USER") == ["10001"]
    [adduser] = [run for run in said(final, "RUN") if "useradd" in run]
    assert "--uid 10001" in adduser
    order = [name for name, _ in final]
    assert order.index("USER") > max(at for at, name in enumerate(order) if name in ("RUN", "COPY"))


def test_all_that_is_written_to_is_a_volume(final):
    env, [volumes] = environment(final), said(final, "VOLUME")
    assert json.loads(volumes) == [env["HOME"], env["TMPDIR"]]
    assert said(final, "WORKDIR") == [env["HOME"]]
    assert f"--home-dir {env['HOME']}" in " ".join(said(final, "RUN"))
    assert env["PYTHONDONTWRITEBYTECODE"] == "1"


def test_logs_are_seen_when_they_are_written(final):
    assert environment(final)["PYTHONUNBUFFERED"] == "1"


def test_it_is_the_agent_unless_somebody_says_another_verb(final):
    assert [json.loads(it) for it in said(final, "ENTRYPOINT")] == [["reconciler"]]
    assert [json.loads(it) for it in said(final, "CMD")] == [["agent"]]


def test_its_health_is_asked_of_itself_and_it_is_stopped_by_the_signal_that_it_heeds(final):
    [check] = said(final, "HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    assert json.loads(command) == ["reconciler", "healthcheck"]
    assert {"interval", "timeout", "start-period", "retries"} == set(re.findall(r"--([a-z-]+)=", options))
    assert said(final, "STOPSIGNAL") == ["SIGTERM"]


def test_it_says_what_it_is(final):
    labels = {name: value for text in said(final, "LABEL") for name, value in pairs(text).items()}
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in labels} == {"title", "description", "licenses", "version", "revision"}
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    given = [text.partition("=")[0] for text in said(final, "ARG")]
    assert [labels[f"{prefix}{name.lower()}"] for name in given] == [f"${{{name}}}" for name in given]


def test_the_version_it_says_is_the_project_s(final):
    [version] = [text.partition("=")[2] for text in said(final, "ARG") if text.startswith("VERSION=")]
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text()


def test_nothing_in_it_is_of_one_processor():
    text = (ROOT / "Dockerfile").read_text().replace("linux/amd64,linux/arm64", "")
    assert not re.search(r"amd64|arm64|x86_64|aarch64", text)


def test_nothing_is_sent_to_the_build_that_it_does_not_copy():
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = {name for rest in said(stages()[0], "COPY") for name in rest.split()[:-1]}
    assert {".git", "tests", "docs"} <= set(ignored)
    assert not copied & set(ignored)
    assert all((ROOT / name).exists() for name in copied)
