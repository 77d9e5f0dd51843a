"""What pages show of an agent's settings is read as it stands, and the page of settings leaves none out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from reconciler.source import agent_settings
from reconciler.source.agent_settings import read_settings

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = DOCS / "reference/agent-settings.md"


def blocks(page: Path) -> list[str]:
    return [text for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL) if "kind: Agent\n" in text]


@pytest.mark.parametrize("page", [page for page in DOCS.rglob("*.md") if blocks(page)], ids=lambda page: page.stem)
def test_settings_on_a_page_are_read_as_they_stand(page):
    for text in blocks(page):
        if text.startswith("apiVersion"):
            read_settings(page.name, text.encode())


def test_the_page_of_settings_shows_each_of_them():
    [whole] = blocks(PAGE)
    assert set(yaml.safe_load(whole)["spec"]) == set(agent_settings.MEMBERS)


def test_the_page_of_settings_names_each_event_that_is_logged():
    told = set(re.findall(r"`([a-z ]+)`", PAGE.read_text()))
    source = Path(agent_settings.__file__).parent.parent
    files = [*(source / "agent").glob("*.py"), source / "cli/agency.py"]
    events = {name for file in files for name in re.findall(r"\blog(?:\.log)?\(\s*\"([a-z ]+)\"", file.read_text())}
    assert events
    assert events <= told, events - told
