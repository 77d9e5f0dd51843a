"""The door to a queue: long polls that are not cut, deletions by batch, errors as everywhere, and no other call."""

import json
import threading

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from reconciler.aws.clients import Clients, Connection
from reconciler.aws.queue import AwsQueue, Message
from reconciler.model.desired import Environment
from reconciler.model.errors import (
    AccessError,
    AwsError,
    Denied,
    NotFound,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    UsageError,
)
from reconciler.simulator import Simulator
from reconciler.simulator.fault import Fault as Strike

URL = "https://sqs.us-west-2.amazonaws.com/123456789012/reconciler"


def message(number):
    return {"MessageId": f"m{number}", "ReceiptHandle": f"r{number}", "Body": f"body {number}"}


@pytest.fixture
def queue(clients, clock, aws):
    return AwsQueue(clients, clock, URL)


def test_what_is_received_is_told_with_what_deletes_it(queue, aws):
    aws.answers["sqs:ReceiveMessage"] = {"Messages": [message(1), message(2)]}
    assert queue.receive() == [Message("m1", "body 1", "r1"), Message("m2", "body 2", "r2")]
    [(_, params, request)] = aws.calls
    assert params == {"QueueUrl": URL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20}
    assert request.url.startswith("https://sqs.us-west-2.amazonaws.com")


@pytest.mark.parametrize("answer", [{}, {"Messages": []}])
def test_nothing_is_received(queue, aws, answer):
    aws.answers["sqs:ReceiveMessage"] = answer
    assert queue.receive() == []


@pytest.mark.parametrize(("asked", "sent"), [(0, 0), (5, 5), (20, 20), (300, 20)])
def test_it_waits_as_long_as_is_asked_and_no_longer_than_sqs_lets_it(queue, aws, asked, sent):
    aws.answers["sqs:ReceiveMessage"] = {}
    queue.receive(asked)
    assert aws.calls[0][1]["WaitTimeSeconds"] == sent


def test_its_client_waits_longer_for_an_answer_than_the_queue_does(session, clock, aws):
    clients = Clients(
        Environment("production", region="eu-west-1"), session=session, connection=Connection(read_timeout=3.0)
    )
    aws.answers["sqs:ReceiveMessage"] = {}
    queue = AwsQueue(clients, clock, URL)
    queue.receive()
    assert queue._clients.client("sqs", "us-west-2").meta.config.read_timeout > 20
    assert clients.client("sqs", "us-west-2").meta.config.read_timeout == 3.0


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (URL, "us-west-2"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"),
        ("https://eu-central-1.queue.amazonaws.com/1/q", "eu-central-1"),
        ("https://vpce-1-a.sqs.us-gov-west-1.vpce.amazonaws.com/1/q", "us-gov-west-1"),
        ("http://sqs.ap-southeast-2.localhost.localstack.cloud:4566/000000000000/q", "ap-southeast-2"),
        ("http://localhost:4566/000000000000/q", "eu-west-1"),
        ("http://127.0.0.1:5000/123456789012/q", "eu-west-1"),
    ],
)
def test_the_region_is_that_of_the_url_else_that_of_the_environment(clients, clock, url, region):
    assert AwsQueue(clients, clock, url).region == region


@pytest.mark.parametrize("url", ["", "q", "arn:aws:sqs:eu-west-1:1:q", "https://sqs.eu-west-1.amazonaws.com", "ftp://x/1/q", "https:///1/q"])
def test_what_is_no_url_of_a_queue_is_refused_before_any_call(clients, clock, aws, url):
    with pytest.raises(UsageError, match="is not the URL of a queue") as caught:
        AwsQueue(clients, clock, url)
    assert "https://sqs." in caught.value.hint
    assert aws.calls == []


def test_an_endpoint_of_the_sdks_settings_is_where_it_goes(session, clock, aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws.answers["sqs:ReceiveMessage"] = {}
    AwsQueue(Clients(Environment("production", region="eu-west-1"), session=session), clock, URL).receive()
    assert aws.calls[0][2].url.startswith("http://127.0.0.1:9")


def test_the_account_of_the_environment_is_made_certain_of_first(session, clock, aws):
    aws.answers["sts:GetCallerIdentity"] = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/me"}
    clients = Clients(Environment("production", region="eu-west-1", account_id="123456789012"), session=session)
    with pytest.raises(AccessError, match="999999999999"):
        AwsQueue(clients, clock, URL).receive()
    assert aws.operations == ["sts:GetCallerIdentity"]


def test_a_role_is_assumed_once_for_all_clients_of_an_environment(session, clock, aws):
    aws.answers["sts:AssumeRole"] = {
        "Credentials": {
            "AccessKeyId": "ASIAROLE",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": "2040-01-01T00:00:00Z",
        }
    }
    aws.answers["sqs:ReceiveMessage"] = {}
    role = "arn:aws:iam::123456789012:role/reconciler"
    clients = Clients(Environment("production", region="eu-west-1", assume_role=role), session=session)
    AwsQueue(clients, clock, URL).receive()
    assert aws.operations == ["sts:AssumeRole", "sqs:ReceiveMessage"]
    assert "Credential=ASIAROLE" in str(aws.calls[-1][2].headers["Authorization"])


def test_messages_are_deleted_ten_a_call_by_their_receipts(queue, aws):
    aws.answers["sqs:DeleteMessageBatch"] = {"Successful": []}
    assert queue.delete([Message(f"m{n}", "", f"r{n}") for n in range(12)]) == {}
    assert [len(params["Entries"]) for _, params, _ in aws.calls] == [10, 2]
    assert [entry["ReceiptHandle"] for entry in aws.calls[1][1]["Entries"]] == ["r10", "r11"]


def test_nothing_to_delete_is_no_call(queue, aws):
    assert queue.delete([]) == {}
    assert aws.calls == []


def test_two_deliveries_of_one_message_are_deleted_both(queue, aws):
    aws.answers["sqs:DeleteMessageBatch"] = {"Successful": []}
    queue.delete([Message("m1", "", "r1"), Message("m1", "", "r2")])
    entries = aws.calls[0][1]["Entries"]
    assert len({entry["Id"] for entry in entries}) == 2


def test_those_that_could_not_be_deleted_are_told(queue, aws):
    failed = {"Id": "1", "SenderFault": True, "Code": "ReceiptHandleIsInvalid", "Message": "no"}
    aws.answers["sqs:DeleteMessageBatch"] = {"Successful": [{"Id": "0"}], "Failed": [failed]}
    told = queue.delete([Message("a", "", "r1"), Message("b", "", "r2")])
    assert told == {"b": "ReceiptHandleIsInvalid"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (("AccessDenied", 403), Denied),
        (("AccessDeniedException", 400), Denied),
        (("AWS.SimpleQueueService.NonExistentQueue", 400), NotFound),
        (("QueueDoesNotExist", 400), NotFound),
        (("RequestThrottled", 403), Throttled),
        (("ThrottlingException", 400), Throttled),
        (("ExpiredToken", 403), AccessError),
        (("InternalFailure", 500), Unavailable),
        (("ServiceUnavailable", 503), Unavailable),
        (ReadTimeoutError(endpoint_url="u"), Unavailable),
        (ConnectionClosedError(endpoint_url="u"), Unavailable),
        (EndpointConnectionError(endpoint_url="u"), Unavailable),
    ],
)
def test_what_goes_wrong_is_told_as_everywhere_and_asked_once(queue, aws, fault, clock, answer, error):
    aws.answers["sqs:ReceiveMessage"] = fault(answer[0], status=answer[1]) if isinstance(answer, tuple) else answer
    with pytest.raises(error):
        queue.receive()
    assert aws.operations == ["sqs:ReceiveMessage"]
    assert clock.slept == []


def test_a_missing_permission_is_named(queue, aws, fault):
    aws.answers["sqs:ReceiveMessage"] = fault("AccessDenied", status=403)
    with pytest.raises(Denied) as caught:
        queue.receive()
    assert caught.value.action == "sqs:ReceiveMessage"
    aws.answers["sqs:DeleteMessageBatch"] = fault("AccessDenied", status=403)
    with pytest.raises(Denied) as caught:
        queue.delete([Message("m", "", "r")])
    assert caught.value.action == "sqs:DeleteMessage"


def test_a_deletion_without_an_answer_may_have_happened(queue, aws):
    aws.answers["sqs:DeleteMessageBatch"] = ReadTimeoutError(endpoint_url="u")
    with pytest.raises(OutcomeUnknown):
        queue.delete([Message("m", "", "r")])


def test_neither_bodies_nor_receipts_are_shown(queue, aws, fault):
    one = Message("m", "the body", "the receipt")
    assert "the body" not in repr(one) and "the receipt" not in repr(one)
    aws.answers["sqs:DeleteMessageBatch"] = fault("InvalidParameterValue", "the receipt is wrong", 400)
    with pytest.raises(AwsError) as caught:
        queue.delete([one])
    assert "the body" not in str(caught.value)


class Sqs:
    """A queue on the simulator."""

    def __init__(self, clock, **attributes):
        self.simulator = Simulator()
        session = boto3.Session(aws_access_key_id="simulator", aws_secret_access_key="simulator")
        self.simulator.attach(session)
        self.client = self.simulator.client("sqs", region="eu-west-1")
        self.url = self.client.create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
        self.queue = AwsQueue(Clients(Environment("e", region="eu-west-1"), session=session), clock, self.url)

    def send(self, *bodies):
        for body in bodies:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)


def test_on_the_simulator_messages_come_and_go(clock):
    sqs = Sqs(clock)
    sqs.send(*map(str, range(25)))
    found = []
    while messages := sqs.queue.receive(0):
        found += [message.body for message in messages]
        assert len(messages) <= 10
        assert sqs.queue.delete(messages) == {}
    assert sorted(map(int, found)) == list(range(25))


def test_on_the_simulator_a_receipt_that_is_none_is_told(clock):
    sqs = Sqs(clock)
    sqs.send("x")
    [good] = sqs.queue.receive(0)
    assert list(sqs.queue.delete([good, Message("other", "", "nonsense")])) == ["other"]


def test_on_the_simulator_a_queue_that_is_not_there_is_not_found(clock):
    sqs = Sqs(clock)
    gone = AwsQueue(sqs.queue._clients, clock, f"{sqs.url}x")
    with pytest.raises(NotFound):
        gone.receive(0)


@pytest.mark.parametrize("what", ["denied", "throttled", "503", "closed", "timeout"])
def test_on_the_simulator_faults_are_told(clock, what):
    sqs = Sqs(clock)
    sqs.simulator.faults.add(Strike(what=what, operation="ReceiveMessage", times=1))
    with pytest.raises(AwsError):
        sqs.queue.receive(0)
    sqs.send("x")
    assert [message.body for message in sqs.queue.receive(0)] == ["x"]


@pytest.mark.parametrize("attributes", [{}, {"ReceiveMessageWaitTimeSeconds": "20"}])
def test_on_the_simulator_nobody_waits_where_time_stands_still(clock, attributes):
    sqs = Sqs(clock, **attributes)
    assert sqs.queue.receive(20) == []
    assert sqs.client.receive_message(QueueUrl=sqs.url).get("Messages", []) == []


def test_a_long_poll_over_http_holds_up_nobody_and_ends_with_the_first_message(clock):
    simulator = Simulator()
    with simulator.serve(speed=1) as server:
        made = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        environment = Environment("e", region="eu-west-1", endpoint_url=server.url)
        clients = Clients(environment, session=boto3.Session(**made))
        sqs = boto3.client("sqs", endpoint_url=server.url, region_name="eu-west-1", **made)
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        queue, found = AwsQueue(clients, clock, url), []
        thread = threading.Thread(target=lambda: found.extend(queue.receive(20)), daemon=True)
        thread.start()
        for _ in range(5):  # answered, although somebody waits
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"a": 1}))
        thread.join(15)
        assert [message.body for message in found] == ['{"a": 1}']


def test_a_long_poll_over_http_ends_when_its_time_is_over(clock):
    simulator = Simulator()
    with simulator.serve(speed=100) as server:
        made = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        clients = Clients(Environment("e", region="eu-west-1", endpoint_url=server.url), session=boto3.Session(**made))
        sqs = boto3.client("sqs", endpoint_url=server.url, region_name="eu-west-1", **made)
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        began = simulator.now()
        assert AwsQueue(clients, clock, url).receive(20) == []
        assert (simulator.now() - began).total_seconds() >= 20
