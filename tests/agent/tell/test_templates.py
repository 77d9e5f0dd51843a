"""What is said: a text for every trigger, a channel's own words tried out at the start, and nothing that gives away."""

from __future__ import annotations

import time

import pytest

from reconciler.agent.tell.channels import checked
from reconciler.agent.tell.outcome import TRIGGERS, Outcome
from reconciler.agent.tell.templates import DEFAULTS, MOST, Templates
from reconciler.agent.tell.words import document, id_of, values
from reconciler.model.agent import Channel
from reconciler.model.errors import UsageError
from tests.agent.tell.looks import AT, ONE

SECRET = "hunter2swordfish"
URL = "https://reconciler.example.com"


def outcome(trigger="on-deployed", **more):
    given = {"app": "shop", "resource": "Service/web", "commit": ONE, "revision": "web:7", "message": "2/2 running"}
    return Outcome(trigger, "staging", AT, **{**given, **more})


def channel(template="", **more):
    return Channel("ops", "slack", template=template, **more)


def test_every_trigger_has_words_and_they_say_what_and_where():
    assert DEFAULTS.keys() == TRIGGERS.keys()
    for trigger in TRIGGERS:
        text = Templates(channel()).text(outcome(trigger, reason="CrashLoop", by="alice"))
        assert "staging" in text
        assert "shop/Service/web" in text or trigger == "on-source-failed"
        assert "{" not in text


@pytest.mark.parametrize(("given", "text"), [
    ({}, "shop/Service/web runs web:7 in staging at commit 111111111111: 2/2 running"),
    ({"commit": None}, "shop/Service/web runs web:7 in staging: 2/2 running"),
    (
        {"trigger": "on-sync-failed", "reason": "CrashLoop", "message": "it exits", "hint": "look at its log"},
        "FAILED: shop/Service/web in staging at commit 111111111111: CrashLoop: it exits\n= look at its log",
    ),
    (
        {"trigger": "on-awaiting-approval", "resource": "", "digest": "ab" * 32},
        "WAITS FOR APPROVAL: shop in staging at commit 111111111111: reconciler approve shop abababababab -e staging",
    ),
    ({"trigger": "on-said", "by": "alice", "message": "suspend: too slow", "resource": ""}, "alice: suspend: too slow (shop in staging)"),
    ({"trigger": "on-source-failed", "app": "", "resource": "", "reason": "Unsigned", "message": "nobody's"}, "FAILED: the repository cannot be put in force in staging: Unsigned: nobody's"),
])  # fmt: skip
def test_the_words_of_the_house(given, text):
    assert Templates(channel()).text(outcome(**given)) == text


def test_a_channels_own_words():
    own = "{{ severity }} {{ app }}\n{% if commit %}{{ short }}{% endif %} <{{ url }}>"
    assert Templates(channel(own), URL).text(outcome()) == f"info shop\n111111111111 <{URL}>"


@pytest.mark.parametrize(("template", "line", "said"), [
    ("{{ app", 1, "unexpected end"),
    ("a\nb\n{% if app %}c", 3, "unexpected end"),
    ("a\n{{ ap }}", 2, "`ap` is undefined"),
    ("a\n{{ app.name.first }}", 2, "undefined"),
    ("a\n\n{{ app|shout }}", 3, "filter shout is unknown"),
    ("{{ env() }}", 1, "env"),
    ("a\n{% if app == 'never' %}\n{{ secret }}{% endif %}", 3, "there is no secret"),
    ("a\n{% if trigger == 'on-drift' %}{{ nothing }}{% endif %}", 2, "nothing"),
    ("{% include 'x' %}", 1, "x"),
    ("a\n{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}", 2, "does not come to an end"),
    ("{{ 'x' * 1000000000 }}", 1, "does not come to an end"),
])  # fmt: skip
def test_a_template_that_does_not_work_is_said_with_its_line_before_it_is_needed(template, line, said):
    began = time.monotonic()
    with pytest.raises(UsageError) as caught:
        Templates(channel(template))
    assert caught.value.where == "template of channel ops"
    assert caught.value.message.startswith(f"line {line}: ")
    assert said in caught.value.message
    assert caught.value.hint
    assert time.monotonic() - began < 5


def test_a_name_that_is_nearly_right_is_suggested():
    with pytest.raises(UsageError) as caught:
        Templates(channel("{% if app == 'x' %}{{ enviroment }}{% endif %}"))
    assert "environment" in caught.value.hint


def test_only_the_triggers_a_channel_is_told_of_are_tried():
    own = "{% if trigger == 'on-drift' %}{{ app.nothing.more }}{% else %}{{ app }}{% endif %}"
    assert Templates(channel(own, when=("on-deployed",))).text(outcome()) == "shop"


def test_where_a_channels_own_words_fail_for_one_outcome_those_of_the_house_are_said():
    own = "{% for part in message|list %}{% for other in message|list %}{{ part }}{% endfor %}{% endfor %}"
    text = Templates(channel(own)).text(outcome(message="x" * 900))
    assert text.startswith("shop/Service/web runs web:7")


def test_a_trigger_that_there_is_not_is_said():
    with pytest.raises(UsageError, match="no trigger on-deploy") as caught:
        checked(channel(when=("on-deploy",)))
    assert "on-deployed" in caught.value.hint


def test_a_text_is_never_too_long():
    assert len(Templates(channel("{{ message }}" * 50)).text(outcome(message="x" * 10_000))) == MOST
    assert len(Templates(channel()).text(outcome(message="x" * 10_000))) <= MOST


def test_no_secret_and_no_control_character_gets_out():
    hostile = outcome(
        message=f"postgres://user:{SECRET}@db failed\nDB_PASSWORD={SECRET}\x1b[31m\u202e", hint=f"--password={SECRET}"
    )
    for shown in (Templates(channel()).text(hostile), str(document(hostile, "", URL)), str(values(hostile, URL))):
        assert SECRET not in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "\n" not in values(hostile, URL)["message"]


def test_a_value_cannot_be_a_template():
    assert "{{ 1 + 1 }}" in Templates(channel()).text(outcome(message="{{ 1 + 1 }}"))


def test_the_document_of_a_webhook_has_its_members():
    found = document(outcome(digest="ab"), "text", URL)
    assert found == {
        "formatVersion": "1.0",
        "id": id_of(outcome(digest="ab")),
        "trigger": "on-deployed",
        "severity": "info",
        "environment": "staging",
        "app": "shop",
        "resource": "Service/web",
        "subject": "shop/Service/web",
        "commit": ONE,
        "revision": "web:7",
        "phase": "",
        "reason": "",
        "message": "2/2 running",
        "hint": "",
        "planDigest": "ab",
        "by": "",
        "at": "2026-01-05T09:00:00Z",
        "url": URL,
        "text": "text",
    }


def test_an_id_is_that_of_one_outcome():
    same = {id_of(outcome()), id_of(outcome(message="other words"))}
    others = {id_of(outcome(version="2")), id_of(outcome("on-created")), id_of(outcome(app="blog")), id_of(outcome(resource=""))}
    assert len(same) == 1
    assert len(others | same) == 5
