"""The Writer: once and only once."""

import json

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.rates import Rate
from reconciler.aws.reader import AwsReader
from reconciler.aws.writer import AwsWriter
from reconciler.model.desired import Environment
from reconciler.model.errors import LeaseHeld, OutcomeUnknown, Rejected, Throttled, Unavailable
from reconciler.model.plan import Call
from reconciler.model.sealed import Sealed
from reconciler.model.tree import Pending
from tests.aws.conftest import FakeAws

UPDATE = Call("ecs:UpdateService", {"cluster": "main", "service": "puma", "desiredCount": 3})
REGISTER = Call("ecs:RegisterTaskDefinition", {"family": "puma", "containerDefinitions": ({"name": "web"},)})


def test_a_call_is_sent_once_and_counted(writer, aws):
    aws.answers[UPDATE.operation] = {"service": {"desiredCount": 3}}
    assert writer.send(UPDATE)["service"]["desiredCount"] == 3
    assert [params for _, params, _ in aws.calls] == [{"cluster": "main", "service": "puma", "desiredCount": 3}]
    assert writer.calls == {"ecs:UpdateService": 1}


@pytest.mark.parametrize(
    "lost",
    [
        ConnectionClosedError(endpoint_url="https://ecs"),
        ReadTimeoutError(endpoint_url="https://ecs"),
        "500",
        "503",
        "not an object",
        None,
    ],
)
def test_a_lost_answer_is_never_sent_again(writer, aws, fault, clock, lost):
    if str(lost).isdigit():
        lost = fault("ServerException", status=int(lost))
    aws.answers[REGISTER.operation] = lost
    with pytest.raises(OutcomeUnknown) as caught:
        writer.send(REGISTER)
    assert aws.operations == ["ecs:RegisterTaskDefinition"]
    assert caught.value.retry
    assert "puma" in caught.value.where
    assert "read" in caught.value.hint


def test_a_call_that_never_left_had_no_effect(writer, aws):
    aws.answers[UPDATE.operation] = EndpointConnectionError(endpoint_url="https://ecs")
    with pytest.raises(Unavailable, match="nothing was sent"):
        writer.send(UPDATE)
    assert len(aws.calls) == 1


def test_a_throttle_had_no_effect_and_is_asked_again(writer, aws, fault):
    aws.answers[REGISTER.operation] = [
        fault("ThrottlingException", "Rate exceeded"),
        fault("ClientException", "Rate exceeded"),
        {"taskDefinition": {"revision": 1}},
    ]
    assert writer.send(REGISTER)["taskDefinition"]["revision"] == 1
    assert writer.calls == {"ecs:RegisterTaskDefinition": 3}


def test_a_throttle_is_asked_again_only_within_the_patience(clients, aws, clock, fault):
    aws.answers[UPDATE.operation] = fault("ThrottlingException", "Rate exceeded")
    started = clock.monotonic()
    with pytest.raises(Throttled):
        AwsWriter(clients, Budget(clock), clock, patience=5).send(UPDATE)
    assert len(aws.calls) > 1
    assert clock.monotonic() - started <= 5


def test_without_budget_nothing_is_sent(clients, aws, clock):
    writer = AwsWriter(clients, Budget(clock, rates={"ecs:service-writes": Rate(1, 0.01)}), clock)
    aws.answers[UPDATE.operation] = {"service": {}}
    writer.send(UPDATE)
    with pytest.raises(Throttled, match="no calls left for ecs:service-writes in eu-west-1"):
        writer.send(UPDATE)
    assert len(aws.calls) == 1
    assert clock.slept == []


def test_what_aws_refuses_is_not_sent_again(writer, aws, fault):
    aws.answers[UPDATE.operation] = fault("InvalidParameterException", "desiredCount is not allowed")
    with pytest.raises(Rejected, match="desiredCount is not allowed"):
        writer.send(UPDATE)
    assert len(aws.calls) == 1


def test_a_value_not_known_yet_never_reaches_the_wire(writer, aws):
    pending = Call("ecs:UpdateService", {"service": "puma", "loadBalancers": [{"x": Pending("(known after y)")}]})
    with pytest.raises(ValueError, match="not known yet"):
        writer.send(pending)
    assert aws.calls == []


@pytest.mark.parametrize("operation", ["ecs:DescribeServices", "ssm:GetParameter", "ecs:Nothing", "nothing"])
def test_reads_and_unknown_operations_are_mistakes_of_the_program(writer, aws, operation):
    with pytest.raises(ValueError):
        writer.send(Call(operation, {}))
    assert aws.calls == []


class Leased:
    """A lease that is lost at the n-th time of asking. ``asked``: how many requests had left by then."""

    def __init__(self, aws, lost):
        self.aws, self.lost, self.asked = aws, lost, []

    def __call__(self):
        self.asked.append(len(self.aws.calls))
        if len(self.asked) == self.lost:
            raise LeaseHeld("another writer has it")


def test_the_lease_is_asked_before_every_request_and_again_when_it_is_about_to_leave(clients, aws, clock, fault):
    lease = Leased(aws, lost=5)
    aws.answers[UPDATE.operation] = fault("ThrottlingException", "Rate exceeded")
    with pytest.raises(LeaseHeld):
        AwsWriter(clients, Budget(clock), clock, lease).send(UPDATE)
    assert lease.asked == [0, 0, 1, 1, 2]
    assert len(aws.calls) == 2


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lease_that_is_lost_before_the_request_leaves_means_that_nothing_was_sent(clients, aws, clock, lost):
    writer = AwsWriter(clients, Budget(clock), clock, Leased(aws, lost))
    with pytest.raises(LeaseHeld, match="another writer has it"):
        writer.send(UPDATE)
    assert aws.calls == []
    assert writer.calls == {}


def test_the_last_word_is_had_after_the_request_is_signed(session, clock):
    """Before anything that would answer for AWS, too."""
    signed = []
    session.events.register("request-created", lambda **_: signed.append("signed"))
    left = []
    session.events.register_first("before-send", lambda **_: left.append("left"))
    aws = FakeAws(session)
    clients = Clients(Environment("production", region="eu-west-1"), session=session)

    def lease():
        if signed:
            raise LeaseHeld("another writer has it")

    with pytest.raises(LeaseHeld):
        AwsWriter(clients, Budget(clock), clock, lease).send(UPDATE)
    assert signed
    assert left == aws.calls == []


def test_what_the_sdk_asks_on_the_way_is_not_asked_for_the_lease(session, aws, clock):
    """Credentials that have run out are had anew in the midst of a write."""
    role = "arn:aws:iam::123456789012:role/deployer"
    aws.answers["sts:AssumeRole"] = {
        "Credentials": {
            "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2099-01-01T00:00:00Z"
        }
    }  # fmt: skip
    aws.answers[UPDATE.operation] = {"service": {}}
    clients = Clients(Environment("production", region="eu-west-1", assume_role=role), session=session)
    lease = Leased(aws, lost=None)
    AwsWriter(clients, Budget(clock), clock, lease).send(UPDATE)
    assert aws.operations == ["sts:AssumeRole", "ecs:UpdateService"]
    assert lease.asked == [0, 1]


def test_a_lost_lease_stops_what_carries_a_secret_too(clients, aws, clock):
    class Keys:
        def open(self, content):
            return "sesame"

    sealed = Call("secretsmanager:PutSecretValue", {"SecretId": "db", "SecretString": Sealed("x", object())})
    with pytest.raises(LeaseHeld):
        AwsWriter(clients, Budget(clock), clock, Leased(aws, 2), keys=Keys()).send(sealed)
    assert aws.calls == []


def test_reads_and_writes_without_a_lease_are_not_asked_for_one(clients, aws, clock):
    aws.answers[UPDATE.operation] = {"service": {}}
    aws.answers["ecs:ListClusters"] = {"clusterArns": []}

    asked = []

    def refuse():
        asked.append(1)
        if len(asked) == 1:
            return
        AwsWriter(clients, Budget(clock), clock).send(UPDATE)
        with AwsReader(clients, Budget(clock), clock) as read:
            read.one("ecs:ListClusters", {})
        raise LeaseHeld("another writer has it")

    with pytest.raises(LeaseHeld):
        AwsWriter(clients, Budget(clock), clock, refuse).send(UPDATE)
    assert aws.operations == ["ecs:UpdateService", "ecs:ListClusters"]
    assert len(asked) == 2


def test_parameters_of_the_wrong_shape_are_refused_without_their_values(writer, aws):
    call = Call("secretsmanager:PutSecretValue", {"SecretId": "db", "SecretString": ["sesame"], "Extra": 1})
    with pytest.raises(Rejected) as caught:
        writer.send(call)
    assert aws.calls == []
    assert "sesame" not in str(caught.value)
    assert "Invalid type for parameter SecretString" in str(caught.value)


def test_the_wire_carries_what_the_call_says(writer, aws):
    aws.answers[REGISTER.operation] = {"taskDefinition": {}}
    writer.send(REGISTER)
    request = aws.calls[0][2]
    assert json.loads(request.body) == {"family": "puma", "containerDefinitions": [{"name": "web"}]}
    assert "ecs-reconciler" in str(request.headers["User-Agent"])
