"""Leases in DynamoDB: what is sent, what each fault does, and what is said of a table that is not as it has to be."""

from __future__ import annotations

import json

import boto3
import pytest

from reconciler.aws.clients import Clients
from reconciler.aws.leases import QUICK, DynamoLease, creation
from reconciler.model.desired import Environment
from reconciler.model.errors import (
    AccessError,
    Denied,
    NotFound,
    OutcomeUnknown,
    ReconcilerError,
    Throttled,
    Unavailable,
)
from reconciler.model.key import Scope
from reconciler.model.lease import Begun, Tenure
from reconciler.simulator import Simulator
from reconciler.simulator.before_send import loader
from reconciler.simulator.fault import parse
from tests.leases import START, Hand, lease

SCOPE = Scope("default", "staging")
TENURE = Tenure("v2", 3, 15.0, "one", START, Begun("c" * 40, START))


@pytest.fixture
def store(clients, clock):
    return DynamoLease(clients, clock, "leases", SCOPE)


def test_what_is_sent_holds_on_the_version_that_was_seen(store, aws):
    aws.answers["dynamodb:PutItem"] = {}
    assert store.put(TENURE, "v1")
    [(_, sent, _)] = aws.calls
    assert sent == {
        "TableName": "leases",
        "Item": {
            "lease": {"S": "default/staging"},
            "formatVersion": {"S": "1.0"},
            "version": {"S": "v2"},
            "fence": {"N": "3"},
            "duration": {"N": "15"},
            "holder": {"S": "one"},
            "since": {"S": "2026-01-05T09:00:00+00:00"},
            "commit": {"S": "c" * 40},
            "committedAt": {"S": "2026-01-05T09:00:00+00:00"},
        },
        "ConditionExpression": "#it = :seen",
        "ExpressionAttributeNames": {"#it": "version"},
        "ExpressionAttributeValues": {":seen": {"S": "v1"}},
    }


def test_the_first_one_holds_on_there_being_none(store, aws):
    aws.answers["dynamodb:PutItem"] = {}
    store.put(TENURE, None)
    [(_, sent, _)] = aws.calls
    assert sent["ConditionExpression"] == "attribute_not_exists(#it)"
    assert sent["ExpressionAttributeNames"] == {"#it": "lease"}
    assert "ExpressionAttributeValues" not in sent


def test_it_is_read_as_it_stands_and_not_as_it_stood(store, aws):
    aws.answers["dynamodb:GetItem"] = {}
    assert store.read() is None
    [(_, sent, _)] = aws.calls
    assert sent == {"TableName": "leases", "Key": {"lease": {"S": "default/staging"}}, "ConsistentRead": True}


def test_another_version_is_an_answer_and_no_error(store, aws, fault):
    aws.answers["dynamodb:PutItem"] = fault("ConditionalCheckFailedException")
    assert store.put(TENURE, "v1") is False


@pytest.mark.parametrize(
    "item",
    [
        {"lease": {"S": "default/staging"}},
        {"formatVersion": {"S": "2.0"}, "version": {"S": "a"}, "fence": {"N": "1"}, "duration": {"N": "15"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"N": "0"}, "duration": {"N": "15"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"N": "1"}, "duration": {"N": "0"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"N": "1"}, "duration": {"N": "1e9"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"S": "1"}, "duration": {"N": "15"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"N": "1"}, "duration": {"N": "nan"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"N": "1"}, "duration": {"N": "15"},
         "commit": {"S": "x"}},
        {"formatVersion": {"S": "1.0"}, "version": {"S": "a"}, "fence": {"N": "1"}, "duration": {"N": "15"},
         "since": {"S": "yesterday"}},
    ],
)  # fmt: skip
def test_an_item_that_is_no_lease_is_one_error(store, aws, item):
    aws.answers["dynamodb:GetItem"] = {"Item": item}
    with pytest.raises(ReconcilerError, match="the item default/staging is no lease") as caught:
        store.read()
    assert "delete the item while nobody writes" in caught.value.hint
    assert caught.value.where == "dynamodb:leases in eu-west-1"


@pytest.mark.parametrize("call", [lambda store: store.read(), lambda store: store.put(TENURE, None)])
def test_a_table_that_is_not_there_is_told_with_the_command_that_makes_it(store, aws, fault, call):
    aws.answers = dict.fromkeys(
        ("dynamodb:GetItem", "dynamodb:PutItem"), fault("ResourceNotFoundException", "Requested resource not found")
    )
    with pytest.raises(NotFound, match="there is no table leases in eu-west-1") as caught:
        call(store)
    assert creation("leases", "eu-west-1") in caught.value.hint
    assert not caught.value.retry


def test_the_command_makes_a_table_that_works():
    simulator = Simulator()
    words = creation("leases", "eu-west-1").split()
    flags = dict(zip(words[3::2], words[4::2], strict=True))
    name, kind = (part.split("=")[1] for part in flags["--attribute-definitions"].split(","))
    key, how = (part.split("=")[1] for part in flags["--key-schema"].split(","))
    simulator.client("dynamodb", region=flags["--region"]).create_table(
        TableName=flags["--table-name"],
        BillingMode=flags["--billing-mode"],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}],
        KeySchema=[{"AttributeName": key, "KeyType": how}],
    )
    store = simulated(simulator)
    assert store.put(TENURE, None)
    assert store.read() == TENURE


@pytest.mark.parametrize(
    "said", ["is not authorized to perform: dynamodb:PutItem on resource: arn:x because no policy", "denied"]
)
def test_a_permission_that_is_missing_is_told_with_the_actions_that_are_needed(store, aws, fault, said):
    aws.answers["dynamodb:PutItem"] = fault("AccessDeniedException", said)
    with pytest.raises(Denied) as caught:
        store.put(TENURE, None)
    assert caught.value.action == "dynamodb:PutItem"
    hint = caught.value.hint
    assert hint == "allow dynamodb:GetItem and dynamodb:PutItem on arn:aws:dynamodb:eu-west-1:*:table/leases"


def test_a_table_with_another_key_is_told():
    simulator = Simulator()
    simulator.client("dynamodb", region="eu-west-1").create_table(
        TableName="leases",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ReconcilerError) as caught:
        simulated(simulator).read()
    assert "one string named lease" in caught.value.hint


def test_the_table_of_another_account_is_not_asked(session, aws, clock):
    aws.answers["sts:GetCallerIdentity"] = {"Account": "999999999999", "Arn": "arn:x"}
    environment = Environment("staging", region="eu-west-1", account_id="123456789012")
    store = DynamoLease(Clients(environment, session=session), clock, "leases", SCOPE)
    with pytest.raises(AccessError):
        store.put(TENURE, None)
    assert aws.operations == ["sts:GetCallerIdentity"]


def test_what_is_kept_is_no_secret_and_holds_no_place(store, aws):
    aws.answers["dynamodb:PutItem"] = {}
    store.put(Tenure("v", 1, 2.5), None)
    item = aws.calls[0][1]["Item"]
    assert sorted(item) == ["duration", "fence", "formatVersion", "holder", "lease", "version"]
    assert item["duration"] == {"N": "2.5"}
    assert len(json.dumps(item)) < 400  # one write unit, with room for holder and commit


# with faults on the way, and moto's DynamoDB behind


def simulated(simulator):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    session._session.register_component("data_loader", loader())
    simulator.attach(session)
    clients = Clients(Environment("staging", region="eu-west-1"), session=session, connection=QUICK)
    return DynamoLease(clients, Hand(), "leases", SCOPE)


@pytest.fixture
def simulator():
    made = Simulator()
    made.client("dynamodb", region="eu-west-1").create_table(
        TableName="leases",
        AttributeDefinitions=[{"AttributeName": "lease", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "lease", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    made.calls.clear()
    return made


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("closed before dynamodb:PutItem", OutcomeUnknown),
        ("closed after dynamodb:PutItem", OutcomeUnknown),
        ("timeout after dynamodb:PutItem", OutcomeUnknown),
        ("500 after dynamodb:PutItem", OutcomeUnknown),
        ("503 before dynamodb:PutItem", OutcomeUnknown),
        ("throttled before dynamodb:PutItem", Throttled),
        ("denied before dynamodb:PutItem", Denied),
        ("closed before dynamodb:GetItem", Unavailable),
        ("500 before dynamodb:GetItem", Unavailable),
        ("cut after dynamodb:GetItem", Unavailable),
        ("throttled before dynamodb:GetItem", Throttled),
        ("denied before dynamodb:GetItem", Denied),
    ],
)
def test_each_fault_is_the_error_that_it_is(simulator, fault, error):
    store = simulated(simulator)
    store.read()
    simulator.faults.add(parse(fault))
    with pytest.raises(error) as caught:
        store.put(TENURE, None) if "PutItem" in fault else store.read()
    assert len([call for call in simulator.calls if call.operation in fault]) <= 2  # nothing is sent twice
    assert type(caught.value) is error


@pytest.mark.parametrize("on", range(1, 10))
@pytest.mark.parametrize(
    "what",
    ["closed before", "closed after", "timeout after", "500 before", "500 after", "503 after", "throttled before",
     "denied before"],
)  # fmt: skip
def test_whatever_fails_at_whichever_call_one_writer_is_left_and_what_was_begun_is_kept(simulator, what, on):
    """Taken, begun for, renewed, given back, taken by another: with one fault at each of the calls that this makes."""
    clock = Hand()
    one, two = (lease(simulated(simulator), clock, name) for name in ("one", "two"))
    simulator.faults.add(parse(f"{what} call dynamodb:* #{on}"))
    begun = Begun("a" * 40, START)

    def tried(act):
        for _ in range(3):
            try:
                if act() is not False:
                    return
            except ReconcilerError:
                pass
            clock.at += 1.0

    tried(one.try_take)
    assert one.held
    tried(lambda: one.begin(begun, lambda *_: False))
    assert not two.held
    clock.at += 3.0
    tried(one.renew)
    assert one.held
    one.release()
    for _ in range(20):
        tried(two.try_take)
        assert not (one.held and two.held)
        clock.at += two.again
    assert two.held
    assert two.last == begun
    assert simulator.client("dynamodb", region="eu-west-1").scan(TableName="leases")["Count"] == 1
