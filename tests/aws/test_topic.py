"""Publishing to topics: what SNS takes is what it gets, and its refusals are told."""

from __future__ import annotations

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.aws.topic import MESSAGE, SUBJECT, Topics, subject_of
from reconciler.model.errors import Denied, NotFound, OutcomeUnknown, Throttled, UsageError
from reconciler.simulator.before_send import loader
from tests.lab import Lab

ABOUT = {"trigger": "on-deployed", "environment": "staging", "app": ""}


@pytest.fixture
def lab():
    return Lab()


@pytest.fixture
def topics(lab):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    session._session.register_component("data_loader", loader())
    lab.simulator.attach(session)
    return Topics(lab.clock, session)


def topic(lab, name="deploys", region="eu-west-1", **attributes):
    made = lab.simulator.client("sns", region=region).create_topic(Name=name, Attributes=attributes)
    return made["TopicArn"]


def published(lab):
    return [call.params for call in lab.simulator.calls if call.operation == "Publish"]


def test_a_message_gets_to_its_topic_with_what_subscriptions_filter_by(lab, topics):
    arn = topic(lab)
    topics.publish(arn, "deployed: shop in staging", "shop runs web:7 – well", attributes=ABOUT, id="1")
    [sent] = published(lab)
    assert (sent["TopicArn"], sent["Subject"]) == (arn, "deployed: shop in staging")
    assert sent["Message"] == "shop runs web:7 – well"
    named = {value for name, value in sent.items() if name.startswith("MessageAttributes.") and name.endswith(".Name")}
    assert named == {"trigger", "environment"}


def test_a_topic_is_asked_in_its_own_region(lab, topics):
    topics.publish(topic(lab, region="us-east-1"), "s", "m", attributes={}, id="1")
    topics.publish(topic(lab, region="eu-west-1"), "s", "m", attributes={}, id="1")
    assert len(published(lab)) == 2


def test_a_topic_that_is_fifo_knows_a_message_that_is_sent_twice(lab, topics):
    arn = topic(lab, "deploys.fifo", FifoTopic="true")
    topics.publish(arn, "s", "m", attributes=ABOUT, id="one")
    assert published(lab)[0]["MessageGroupId"] == "staging"
    assert published(lab)[0]["MessageDeduplicationId"] == "one"


def test_what_is_too_long_is_cut_between_characters(lab, topics):
    topics.publish(topic(lab), "s", "é" * MESSAGE, attributes={}, id="1")
    assert published(lab)[0]["Message"] == "é" * (MESSAGE // 2)


def test_a_topic_that_is_not_there(topics):
    with pytest.raises(NotFound):
        topics.publish("arn:aws:sns:eu-west-1:123456789012:nowhere", "s", "m", attributes={}, id="1")


@pytest.mark.parametrize(("how", "error"), [
    ("throttled", Throttled), ("500", OutcomeUnknown), ("closed", OutcomeUnknown),
])  # fmt: skip
def test_what_may_go_well_later_is_asked_for_once_and_left_to_who_called(lab, topics, how, error):
    arn = topic(lab)
    lab.simulator.faults.fail("Publish", service="sns", how=how, times=None)
    with pytest.raises(error) as caught:
        topics.publish(arn, "s", "m", attributes={}, id="1")
    assert caught.value.retry
    assert (len(published(lab)), lab.clock.slept) == (1, 0)


def test_a_permission_that_is_missing_is_named(lab, topics):
    arn = topic(lab)
    lab.simulator.faults.deny("Publish", service="sns")
    with pytest.raises(Denied) as caught:
        topics.publish(arn, "s", "m", attributes={}, id="1")
    assert "sns:Publish" in caught.value.hint
    assert not caught.value.retry


@pytest.mark.parametrize("arn", ["", "deploys", "arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sns::1:x", "arn:aws:sns:eu-west-1:1:x:y"])
def test_what_is_no_topic_is_said_before_anything_is_asked(lab, topics, arn):
    with pytest.raises(UsageError, match="is not the ARN of a topic"):
        topics.publish(arn, "s", "m", attributes={}, id="1")
    assert published(lab) == []


@pytest.mark.parametrize(("hostile", "shown"), [
    ("deployed: shop\r\nBcc: all@example.com", "deployed: shop Bcc: all@example.com"),
    ("größe \x00\x1b[31m", "gr??e ??[31m"),
    ("", "reconciler"),
    (" \n ", "reconciler"),
    ("x" * 200, "x" * 97 + "..."),
])  # fmt: skip
def test_a_subject_is_what_sns_takes(hostile, shown):
    assert subject_of(hostile) == shown


@given(st.text(max_size=300))
def test_any_text_can_be_a_subject(text):
    found = subject_of(text)
    assert 0 < len(found) <= SUBJECT
    assert all(" " <= char <= "~" for char in found)
    assert found == found.strip()
