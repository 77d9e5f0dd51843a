"""No secret byte leaves through an error, a repr or a log."""

import logging
import traceback

import pytest
from botocore.exceptions import ReadTimeoutError

from reconciler.aws.clients import Clients
from reconciler.aws.redact import HIDDEN
from reconciler.aws.writer import AwsWriter
from reconciler.model.desired import Environment
from reconciler.model.errors import ReconcilerError
from reconciler.model.plan import Call
from reconciler.model.sealed import HeldValue, Sealed
from reconciler.simulator.quoting import SPELLINGS
from tests.leaks import Canary, leaks

CANARY = "s3same-0pen"
LINES = f"-----BEGIN KEY-----\n{CANARY}\n-----END KEY-----"

CALLS = [
    Call("secretsmanager:PutSecretValue", {"SecretId": "db", "SecretString": CANARY}),
    Call("secretsmanager:PutSecretValue", {"SecretId": "db", "SecretString": LINES}),
    Call("secretsmanager:PutSecretValue", {"SecretId": "db", "SecretBinary": CANARY.encode()}),
    Call("secretsmanager:CreateSecret", {"Name": "db", "SecretString": CANARY}),
    Call("ssm:PutParameter", {"Name": "/db", "Value": CANARY, "Type": "SecureString"}),
    Call(
        "ecs:RegisterTaskDefinition",
        {"family": "puma", "containerDefinitions": [{"environment": [{"name": "KEY", "value": CANARY}]}]},
    ),
]


def everything(error):
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error)) + repr(error.__context__)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_what_aws_quotes_is_not_repeated(writer, aws, fault, call):
    value = call.params.get("SecretString", CANARY)
    aws.answers[call.operation] = fault("ValidationException", f"Value '{value}' at 'x' failed to satisfy constraint")
    with pytest.raises(ReconcilerError) as caught:
        writer.send(call)
    assert CANARY not in everything(caught.value)
    assert HIDDEN in str(caught.value)


@pytest.mark.parametrize(
    "params",
    [
        {"SecretId": "db", "SecretString": [CANARY]},
        {"SecretId": "db", "SecretString": {"a": LINES}},
        {"SecretId": 5, "SecretString": CANARY, "Odd": CANARY},
        {"SecretString": CANARY},
    ],
)
def test_parameters_of_the_wrong_shape_are_not_quoted(writer, aws, params):
    with pytest.raises(ReconcilerError) as caught:
        writer.send(Call("secretsmanager:PutSecretValue", params))
    assert CANARY not in everything(caught.value)


def test_a_lost_answer_does_not_quote_the_request(writer, aws):
    aws.answers["ssm:PutParameter"] = ReadTimeoutError(endpoint_url="https://ssm")
    with pytest.raises(ReconcilerError) as caught:
        writer.send(CALLS[4])
    assert CANARY not in everything(caught.value)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_not_even_at_debug_is_a_request_logged(writer, aws, caplog, call):
    aws.answers[call.operation] = {}
    with caplog.at_level(logging.DEBUG):
        writer.send(call)
    assert CANARY not in caplog.text


def test_clients_show_no_credentials(session, reader, writer):
    clients = Clients(Environment("production", region="eu-west-1"), session=session)
    for shown in (repr(clients), repr(reader), repr(writer)):
        assert "sesame" not in shown
        assert "AKIDTEST" not in shown
    assert repr(clients) == "Clients(environment='production', region='eu-west-1')"


# What is sealed, opened for one request.


class Opener:
    """Opens everything to the canary, or breaks with it in hand."""

    def __init__(self, error=None):
        self.error = error

    def open(self, content):
        if self.error is not None:
            raise self.error
        return LINES


SEALED = Call("secretsmanager:PutSecretValue", {"SecretId": "db", "SecretString": Sealed("1" * 32, HeldValue("x", LINES))})


def reachable(error):
    """The text of every local variable of every frame behind an exception, and behind those it came from."""
    found, seen = [], set()
    todo = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [one.__context__, one.__cause__]
        trace = one.__traceback__
        while trace is not None:
            if "/reconciler/" in trace.tb_frame.f_code.co_filename:
                found += [repr(value) for value in trace.tb_frame.f_locals.values()]
            trace = trace.tb_next
    return "".join(found)


@pytest.mark.parametrize("spelling", range(len(SPELLINGS)))
def test_in_whatever_spelling_aws_quotes_it(clients, budget, clock, aws, fault, spelling):
    aws.answers[SEALED.operation] = fault("ValidationException", f"Value '{SPELLINGS[spelling](LINES)}' is wrong")
    with pytest.raises(ReconcilerError) as caught:
        AwsWriter(clients, budget, clock, keys=Opener()).send(SEALED)
    assert leaks(everything(caught.value) + reachable(caught.value), [Canary(LINES, (CANARY,))]) == []
    assert HIDDEN in str(caught.value)


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, KeyError, OSError, UnicodeError])
@pytest.mark.parametrize("where", ["opener", "wire", "answer"])
def test_a_bug_while_a_value_is_open_leaves_by_its_type_alone(clients, budget, clock, aws, monkeypatch, kind, where):
    error = kind(LINES)
    aws.answers[SEALED.operation] = error if where == "answer" else {}
    if where == "wire":
        monkeypatch.setattr("botocore.serialize.JSONSerializer.serialize_to_request", lambda *_: (_ for _ in ()).throw(error))
    with pytest.raises((RuntimeError, ReconcilerError)) as caught:
        AwsWriter(clients, budget, clock, keys=Opener(error if where == "opener" else None)).send(SEALED)
    assert leaks(everything(caught.value) + reachable(caught.value), [Canary(LINES, (CANARY,))]) == []


def test_no_frame_behind_an_error_of_aws_keeps_the_value(clients, budget, clock, aws, fault):
    aws.answers[SEALED.operation] = fault("LimitExceededException", "too many versions")
    with pytest.raises(ReconcilerError, match="too many versions") as caught:
        AwsWriter(clients, budget, clock, keys=Opener()).send(SEALED)
    assert CANARY not in reachable(caught.value)
    assert "PutSecretValue" in reachable(caught.value)  # frames are looked at


def test_words_that_quote_nothing_are_told(clients, budget, clock, aws, fault):
    said = "You can't perform this operation on the secret because it was marked for deletion."
    aws.answers[SEALED.operation] = fault("InvalidRequestException", said)
    with pytest.raises(ReconcilerError, match="marked for deletion"):
        AwsWriter(clients, budget, clock, keys=Opener()).send(SEALED)
