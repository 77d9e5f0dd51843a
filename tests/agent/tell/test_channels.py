"""What each sort of channel is sent, who may not be called by it, and by what a receiver knows who sends."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.agent.tell.answers import Later, Refused
from reconciler.agent.tell.channels import BATCH, batch_of, sender, signed, slack_message, wants
from reconciler.model.agent import Channel, Kept
from reconciler.model.errors import UsageError
from tests.agent.tell.receivers import FakeAsk, HandClock, answer
from tests.agent.tell.test_templates import URL, outcome

HOOK = "https://hooks.slack.com/services/T000/B000/hunter2"
SLACK = Channel("ops", "slack", to=Kept(variable="SLACK"))
HOSTILE = "<!channel> @channel @here <@U123> *b* `c` &lt; <http://evil|bank> ~x~ _y_\n> quote"


class Topics:
    def __init__(self):
        self.sent = []

    def __call__(self, topic, subject, text, *, attributes, id):
        self.sent.append((topic, subject, text, dict(attributes), id))


def sending(channel, *outcomes, answers=None, secrets=None, url=URL):
    """What was asked of the world by sending outcomes to a channel."""
    ask, topics = FakeAsk(answers or {}), Topics()
    secrets = {"SLACK": HOOK, "HOOK": "https://hook.example/x", "KEY": "k", **(secrets or {})}
    send = sender(channel, url, ask=ask, publish=topics, secret_of=lambda kept: secrets[kept.variable], clock=HandClock())
    send(list(outcomes or [outcome()]))
    return ask, topics


def test_slack_is_sent_plain_text_in_blocks():
    ask, _ = sending(SLACK)
    [sent] = ask.asked
    assert (sent.method, sent.url) == ("POST", HOOK)
    body = sent.json
    text = "shop/Service/web runs web:7 in staging at commit 111111111111: 2/2 running"
    assert body["blocks"] == [
        {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{URL}|reconciler.example.com>"}]},
    ]
    assert body["text"] == text
    assert body["mrkdwn"] is body["link_names"] is False


def test_a_hostile_name_calls_nobody_and_formats_nothing():
    ask, _ = sending(SLACK, outcome(message=HOSTILE, app="@everyone", resource="<!here>"))
    body = ask.asked[0].json
    assert body["blocks"][0]["text"]["type"] == "plain_text"
    assert "<" not in body["text"]
    assert "@c" not in body["text"]
    assert "@e" not in body["text"]
    assert "@h" not in body["text"]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=BATCH))
def test_no_text_at_all_gets_into_markup(texts):
    body = slack_message(texts, URL)
    assert "<" not in body["text"]
    assert all(char == "\u2060" for char, before in zip(body["text"][1:], body["text"], strict=False) if before == "@")
    marked = [block for block in body["blocks"] if "mrkdwn" in str(block)]
    assert marked == [{"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{URL}|reconciler.example.com>"}]}]


def test_what_has_queued_up_for_a_chat_is_one_message_with_all_of_it():
    ask, _ = sending(SLACK, *(outcome(app=f"app-{number}") for number in range(BATCH)))
    [sent] = ask.asked
    assert len(sent.json["blocks"]) == BATCH + 1
    assert all(f"app-{number}/" in str(sent.json["blocks"][number]) for number in range(BATCH))
    assert (batch_of(SLACK), batch_of(replace(SLACK, kind="webhook")), batch_of(replace(SLACK, kind="sns"))) == (BATCH, 1, 1)


def test_no_link_where_nobody_says_where_the_agent_is_found():
    ask, _ = sending(SLACK, url="")
    assert len(ask.asked[0].json["blocks"]) == 1


def test_a_webhook_is_sent_a_document_that_is_signed_as_the_agents_own_hook_wants_it():
    ask, _ = sending(Channel("hook", "webhook", to=Kept(variable="HOOK"), secret=Kept(variable="KEY")), secrets={"KEY": "s3cret\n"})
    [sent] = ask.asked
    assert sent.url == "https://hook.example/x"
    assert sent.headers["Content-Type"] == "application/json"
    stamp = sent.headers["X-Reconciler-Timestamp"]
    assert stamp == str(int(HandClock().now().timestamp()))
    made = hmac.new(b"s3cret", f"{stamp}.".encode() + sent.body, sha256).hexdigest()
    assert sent.headers["X-Reconciler-Signature"] == f"sha256={made}"
    assert (sent.json["formatVersion"], sent.json["trigger"]) == ("1.0", "on-deployed")
    assert sent.json["text"].startswith("shop/Service/web runs web:7")


def test_a_signature_is_that_of_another_implementation():
    # printf '1700000000.{"a": 1}' | openssl dgst -sha256 -hmac key
    assert signed(b'{"a": 1}', "key", 1700000000)["X-Reconciler-Signature"] == (
        "sha256=17e36a190ee125a4782d21867ffdf5712238dc71b452ba98254537bfdb4f3a77"
    )


def test_a_webhook_without_a_secret_is_not_signed():
    ask, _ = sending(Channel("hook", "webhook", to=Kept(variable="HOOK")))
    assert not any("Signature" in name for name in ask.asked[0].headers)


def test_an_empty_secret_signs_nothing():
    with pytest.raises(UsageError, match="secret that is to sign is empty"):
        sending(Channel("hook", "webhook", to=Kept(variable="HOOK"), secret=Kept(variable="KEY")), secrets={"KEY": "\n"})


def test_a_topic_is_published_to():
    _, topics = sending(Channel("topic", "sns", topic="arn:aws:sns:eu-west-1:1:deploys"), outcome("on-sync-failed", reason="CrashLoop"))
    [(topic, subject, text, attributes, id)] = topics.sent
    assert topic == "arn:aws:sns:eu-west-1:1:deploys"
    assert subject == "sync-failed: shop/Service/web in staging"
    assert text.startswith("FAILED: shop/Service/web in staging")
    assert attributes == {"trigger": "on-sync-failed", "environment": "staging", "app": "shop", "severity": "error"}
    assert len(id) == 32


@pytest.mark.parametrize(("status", "error"), [(404, Refused), (410, Refused), (400, Refused), (429, Later), (503, Later)])
def test_an_answer_is_told_without_the_address(status, error):
    with pytest.raises(error) as caught:
        sending(SLACK, answers={"POST": answer(status, {"m": "hunter2"})})
    assert "hooks.slack.com" in str(caught.value)
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(("channel", "yes"), [
    ({}, True),
    ({"when": ("on-deployed",)}, True),
    ({"when": ("on-drift", "on-sync-failed")}, False),
    ({"environments": ("stag*",)}, True),
    ({"environments": ("production", "qa")}, False),
    ({"apps": ("sh*",)}, True),
    ({"apps": ("blog",)}, False),
])  # fmt: skip
def test_a_channel_is_told_of_what_it_wants(channel, yes):
    assert wants(replace(SLACK, **channel), outcome()) is yes


def test_what_is_of_no_app_is_told_to_those_of_every_app():
    assert wants(replace(SLACK, apps=("blog",)), outcome("on-source-failed", app="", resource=""))
