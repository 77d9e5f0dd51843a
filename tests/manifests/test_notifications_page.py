"""The settings that docs/reference/notifications.md shows can be used, and what it lists is all there is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from reconciler.agent.tell.channels import checked
from reconciler.agent.tell.outcome import TRIGGERS, Outcome
from reconciler.agent.tell.words import document, values
from reconciler.source.agent_settings import read_settings

TEXT = (Path(__file__).parents[2] / "docs/reference/notifications.md").read_text()
[SETTINGS] = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
SAMPLE = Outcome("on-deployed", "production", datetime(2026, 1, 5, tzinfo=UTC))


def test_its_settings_and_their_template_can_be_used():
    settings = read_settings("agent.yaml", SETTINGS.encode())
    assert [channel.kind for channel in settings.channels] == ["slack", "webhook", "sns"]
    assert settings.forge is not None
    for channel in settings.channels:
        assert checked(channel, settings.url).text(SAMPLE)


def test_every_trigger_is_listed():
    rows = [row.split("|")[1] for row in TEXT.splitlines() if row.startswith("| `on-")]
    assert {name for row in rows for name in re.findall(r"`(on-[\w-]+)`", row)} == TRIGGERS.keys()


def test_every_variable_is_listed():
    listed = TEXT[TEXT.index("It may name") : TEXT.index("all are text")]
    assert set(re.findall(r"`(\w+)`", listed)) == values(SAMPLE, "").keys()


def test_the_document_has_the_members_that_are_shown():
    [shown] = re.findall(r"^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert json.loads(shown).keys() == document(SAMPLE, "", "").keys()
