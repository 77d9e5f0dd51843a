"""Opening and sealing with KMS and age: what is sent, what comes back, and what every failure says."""

import base64
from dataclasses import replace

import pytest

from reconciler.aws.keys import Keys
from reconciler.model.errors import (
    AccessError,
    Denied,
    NotFound,
    Rejected,
    Throttled,
    Unavailable,
    Unopenable,
    UsageError,
)
from reconciler.model.sealed import HeldValue, context_for, parse
from reconciler.source.vault_file import scalar
from tests.kms import World
from tests.sealed_files import everything, person

BOUND = "production/shop/Secret/db"
ARN = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d"
CANARY = "s3same-0pen"
ALICE, EVE = person(), person()


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.mark.parametrize("which", ["near", "far"])
def test_a_value_comes_back_from_the_region_of_its_key(world, which):
    arn = getattr(world, which)
    envelope = world.keys().seal(CANARY, BOUND, kms=arn)
    assert envelope.kms == arn
    assert world.keys().open(parse(envelope.text)) == CANARY


def test_of_an_alias_the_key_behind_it_is_kept(world):
    assert world.keys().seal(CANARY, BOUND, kms="alias/secrets").kms == world.near


@pytest.mark.parametrize(
    "altered",
    [
        lambda it: replace(it, bound_to="staging/shop/Secret/db"),
        lambda it: replace(it, bound_to="production/shop/Secret/other"),
        lambda it: replace(it, data_key=it.data_key[:-1] + bytes([it.data_key[-1] ^ 1])),
    ],
    ids=["another environment", "another resource", "another data key"],
)
def test_elsewhere_and_altered_it_does_not_open(world, altered):
    envelope = altered(world.keys().seal(CANARY, BOUND, kms=world.near))
    with pytest.raises(Unopenable, match="altered, or was sealed for another resource or environment") as caught:
        world.keys().open(envelope)
    assert CANARY not in everything(caught.value)
    assert envelope.bound_to in caught.value.hint


def test_a_wrapped_key_of_another_envelope_opens_only_its_own(world):
    one, two = (world.keys().seal(CANARY, BOUND, kms=world.near) for _ in range(2))
    with pytest.raises(Unopenable, match="altered since it was sealed"):
        world.keys().open(replace(one, data_key=two.data_key))


def test_the_key_that_is_said_has_to_be_the_one(world):
    envelope = replace(world.keys().seal(CANARY, BOUND, kms=world.near), kms=world.other)
    with pytest.raises(Denied):  # so this simulator says it; for AWS see the table below
        world.keys().open(envelope)


def test_with_age_no_call_is_made(clients, clock, aws):
    keys = Keys(clients, clock, environ={"RECONCILER_AGE_KEY": ALICE.identity}, scalar=scalar)
    envelope = keys.seal(CANARY, BOUND, age=[ALICE.recipient, EVE.recipient])
    assert keys.open(parse(envelope.text)) == CANARY
    assert envelope.age == (ALICE.recipient, EVE.recipient)
    assert aws.calls == []


def test_the_home_is_where_the_environment_says(clients, clock, tmp_path):
    file = tmp_path / ".config/sops/age/keys.txt"
    file.parent.mkdir(parents=True)
    file.write_text(ALICE.identity)
    keys = Keys(clients, clock, environ={"HOME": str(tmp_path)}, scalar=scalar)
    assert keys.open(keys.seal(CANARY, BOUND, age=[ALICE.recipient])) == CANARY


def test_rotating_keeps_the_value_and_the_id_and_nothing_else(world):
    keys = world.keys(RECONCILER_AGE_KEY=ALICE.identity)
    first = keys.seal(CANARY, BOUND, kms=world.near)
    again = keys.rotate(first)
    moved = keys.rotate(again, age=[ALICE.recipient])
    back = keys.rotate(moved, kms=world.far)
    for envelope in (again, moved, back):
        assert keys.open(envelope) == CANARY
        assert (envelope.id, envelope.bound_to) == (first.id, BOUND)
    assert len({envelope.data_key for envelope in (first, again, moved, back)}) == 4
    assert len({envelope.body for envelope in (first, again, moved, back)}) == 4
    assert (again.kms, moved.kms, moved.age, back.kms) == (world.near, "", (ALICE.recipient,), world.far)


def test_a_held_value_is_there_already(clients, clock):
    assert Keys(clients, clock, environ={}, scalar=scalar).open(HeldValue("terraform output db", CANARY)) == CANARY


@pytest.mark.parametrize("given", [{}, {"kms": ARN, "age": [ALICE.recipient]}])
def test_a_value_is_sealed_in_one_way(clients, clock, given):
    with pytest.raises(UsageError, match="one KMS key or for age recipients"):
        Keys(clients, clock, environ={}, scalar=scalar).seal(CANARY, BOUND, **given)


def test_the_calls_say_key_and_context_and_only_names(clients, clock, aws):
    plain = base64.b64encode(bytes(32)).decode()
    aws.answers["kms:GenerateDataKey"] = {"Plaintext": plain, "CiphertextBlob": "d3JhcHBlZA==", "KeyId": ARN}
    aws.answers["kms:Decrypt"] = {"Plaintext": plain, "KeyId": ARN}
    keys = Keys(clients, clock, environ={}, scalar=scalar)
    assert keys.open(keys.seal(CANARY, BOUND, kms="alias/secrets")) == CANARY
    context = {"reconciler:environment": "production", "reconciler:app": "shop", "reconciler:kind": "Secret",
               "reconciler:name": "db"}  # fmt: skip
    (_, made, first), (_, opened, second) = aws.calls
    assert made == {"KeyId": "alias/secrets", "KeySpec": "AES_256", "EncryptionContext": context}
    assert opened == {"KeyId": ARN, "CiphertextBlob": "d3JhcHBlZA==", "EncryptionContext": context}
    assert context == context_for(BOUND)
    assert "kms.eu-west-1." in first.url and "kms.eu-central-1." in second.url


ERRORS = [
    ("InvalidCiphertextException", 400, Unopenable, "sealed for another resource or environment", False),
    ("IncorrectKeyException", 400, Unopenable, "sealed with another key than it says", False),
    ("InvalidKeyUsageException", 400, Unopenable, "is none for encrypting", False),
    ("AccessDeniedException", 400, Denied, "AccessDeniedException", False),
    ("NotFoundException", 400, NotFound, "NotFoundException", False),
    ("DisabledException", 400, Rejected, "DisabledException", False),
    ("KMSInvalidStateException", 400, Rejected, "KMSInvalidStateException", False),
    ("ThrottlingException", 400, Throttled, "ThrottlingException", True),
    ("KMSInternalException", 500, Unavailable, "KMSInternalException", True),
    ("KeyUnavailableException", 500, Unavailable, "KeyUnavailableException", True),
    ("ExpiredTokenException", 400, AccessError, "ExpiredTokenException", False),
]


@pytest.mark.parametrize(("code", "status", "sort", "message", "retry"), ERRORS, ids=lambda it: str(it)[:30])
def test_what_kms_refuses_is_an_error_of_its_sort(clients, clock, aws, fault, code, status, sort, message, retry):
    plain = base64.b64encode(bytes(32)).decode()
    aws.answers["kms:GenerateDataKey"] = {"Plaintext": plain, "CiphertextBlob": "d3JhcHBlZA==", "KeyId": ARN}
    aws.answers["kms:Decrypt"] = fault(code, "no", status)
    keys = Keys(clients, clock, environ={}, scalar=scalar)
    with pytest.raises(sort, match=message) as caught:
        keys.open(keys.seal(CANARY, BOUND, kms=ARN))
    assert type(caught.value) is sort
    assert caught.value.retry is retry
    assert CANARY not in everything(caught.value)
    if sort is not AccessError:
        assert BOUND in caught.value.where
        assert caught.value.operation == "kms:Decrypt"


@pytest.mark.parametrize(
    "arn",
    ["arn:aws:kms:evil.example/#:123456789012:key/a", "arn:aws:kms::123456789012:key/a", "arn:aws:s3:::bucket", "key", "x" * 300],
)
def test_what_is_no_kms_key_is_asked_nowhere(clients, clock, aws, arn):
    keys = Keys(clients, clock, environ={"RECONCILER_AGE_KEY": ALICE.identity}, scalar=scalar)
    envelope = replace(keys.seal(CANARY, BOUND, age=[ALICE.recipient]), age=(), kms=arn)
    with pytest.raises(Unopenable, match="is not the ARN of a KMS key"):
        keys.open(envelope)
    if arn.startswith("arn:"):
        with pytest.raises(UsageError, match="is not the ARN of a KMS key"):
            keys.seal(CANARY, BOUND, kms=arn)
    assert aws.calls == []


def test_nothing_plain_is_kept(clients, clock):
    keys = Keys(clients, clock, environ={"RECONCILER_AGE_KEY": ALICE.identity}, scalar=scalar)
    envelope = keys.seal(CANARY, BOUND, age=[ALICE.recipient])
    before = {name: id(value) for name, value in vars(keys).items()}
    keys.open(envelope)
    assert {name: id(value) for name, value in vars(keys).items()} == before
    assert CANARY not in repr(keys) + repr(vars(keys)["_kms"]) + repr(envelope)
