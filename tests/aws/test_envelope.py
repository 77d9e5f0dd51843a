"""Our own envelope, given its data key."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.aws.envelope import opened, sealed_with
from reconciler.model.errors import AwsError, Unopenable
from reconciler.model.sealed import Envelope, parse
from tests.sealed_files import everything

KEY = bytes(range(32))
BOUND = "production/shop/Secret/db"
ARN = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
CANARY = "s3same-0pen"

# Sealed once, and to be opened for ever: whoever changes the form needs another version in its first part.
FIRST = (
    "sealed:v1:000102030405060708090a0b0c0d0e0f:"
    "eyJieXRlcyI6NDEsImRhdGFLZXkiOiJkM0poY0hCbFpBIiwiZm9yIjoicHJvZHVjdGlvbi9zaG9wL1NlY3JldC9kYiIsImttcyI6"
    "ImFybjphd3M6a21zOmV1LXdlc3QtMToxMjM0NTY3ODkwMTI6a2V5LzBhMWIifQ"
    ":AAAAAAAAAAAAAAAAWtTQ_tNF8c58iMZbfftb3abMxMjJ-nfruvmPeFU"
)


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sealed(value=CANARY, **more):
    return sealed_with(value, BOUND, KEY, b"wrapped", **{"kms": ARN, **more})


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
@settings(deadline=None)
def test_what_was_sealed_comes_back_as_it_was(value):
    assert opened(parse(sealed(value).text), KEY) == value


def test_the_text_is_as_the_page_says():
    envelope = sealed("pässword", age=())
    start, version, id, header, body = envelope.text.split(":")
    assert (start, version, id) == ("sealed", "v1", envelope.id)
    assert len(bytes.fromhex(id)) == 16
    assert json.loads(b64(header)) == {
        "for": BOUND, "kms": ARN, "dataKey": base64.urlsafe_b64encode(b"wrapped").decode().rstrip("="), "bytes": 37,
    }  # fmt: skip
    said = f"sealed:v1:{id}:{header}".encode()
    assert AESGCM(KEY).decrypt(b64(body)[:12], b64(body)[12:], said).decode() == "pässword"


def test_each_sealing_has_a_nonce_and_an_id_of_its_own():
    one, two = sealed(), sealed()
    assert one.id != two.id
    assert one.body[:12] != two.body[:12]
    assert sealed(id=one.id).id == one.id


def test_no_repr_shows_the_body():
    envelope = sealed()
    assert "body" not in repr(envelope)
    assert "wrapped" not in repr(envelope)


ALTERED = {
    "its id": lambda it: replace(it, id="f" * 32),
    "what it is for": lambda it: replace(it, bound_to="staging/shop/Secret/db"),
    "its key": lambda it: replace(it, kms=ARN + "9"),
    "the sort of its key": lambda it: replace(it, kms="", age=("age1x",)),
    "its wrapped data key": lambda it: replace(it, data_key=b"Wrapped"),
    "its nonce": lambda it: replace(it, body=bytes([it.body[0] ^ 1]) + it.body[1:]),
    "its value": lambda it: replace(it, body=it.body[:12] + bytes([it.body[12] ^ 1]) + it.body[13:]),
    "its tag": lambda it: replace(it, body=it.body[:-1] + bytes([it.body[-1] ^ 128])),
    "its end": lambda it: replace(it, body=it.body[:-1]),
    "the body of another": lambda it: replace(it, body=sealed().body),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_envelope_is_authenticated_as_a_whole(what):
    with pytest.raises(Unopenable, match="has been altered since it was sealed") as caught:
        opened(ALTERED[what](sealed()), KEY)
    assert CANARY not in everything(caught.value)


def forged(plain):
    blank = Envelope("0" * 32, BOUND, b"w", bytes(28 + len(plain)), ARN)
    return replace(blank, body=bytes(12) + AESGCM(KEY).encrypt(bytes(12), plain, blank.head.encode()))


@pytest.mark.parametrize(
    ("envelope", "key", "message"),
    [
        (forged(CANARY.encode() + b"\xff"), KEY, "not UTF-8"),
        (replace(forged(b""), body=bytes(20)), KEY, "too short"),
        (forged(CANARY.encode()), bytes(16), "16 bytes instead of 32"),
        (forged(CANARY.encode()), bytes(32), "altered"),
    ],
)
def test_what_does_not_open_says_why(envelope, key, message):
    with pytest.raises(Unopenable, match=message) as caught:
        opened(envelope, key)
    assert caught.value.where == f"sealed value 00000000 of {BOUND}"
    assert isinstance(caught.value, AwsError) and not caught.value.retry
    assert caught.value.hint
    assert CANARY not in everything(caught.value)


def test_a_data_key_of_another_length_seals_nothing():
    with pytest.raises(ValueError, match="32 bytes"):
        sealed_with("x", BOUND, bytes(16), b"w", kms=ARN)


def test_the_first_envelope_opens_for_ever():
    assert opened(parse(FIRST), KEY) == "The first one"
