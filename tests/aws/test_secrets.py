"""No secret byte leaves through an error, a repr or a log."""

import logging
import traceback

import pytest
from botocore.exceptions import ReadTimeoutError

from reconciler.aws.clients import Clients
from reconciler.aws.redact import HIDDEN
from reconciler.model.desired import Environment
from reconciler.model.errors import ReconcilerError
from reconciler.model.plan import Call

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
