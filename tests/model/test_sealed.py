"""An envelope is one line that says whose it is and what it is known by; what is not whole is refused by its own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.order import fingerprint
from reconciler.model.sealed import BadEnvelope, Envelope, HeldValue, Sealed, of_ciphertext, parse

ID = "5d41402abc4b2a76b9719d911017c592"
KMS = Envelope(ID, "staging/shop/Secret/db", b"wrapped", b"n" * 12 + b"cipher", kms="arn:aws:kms:eu-west-1:1:key/1")
AGE = Envelope(ID, "staging/shop/Secret/db", b"wrapped", b"n" * 12 + b"cipher", age=("age1a", "age1b"))


@pytest.mark.parametrize("envelope", [KMS, AGE])
def test_what_is_written_is_read_again(envelope):
    assert parse(envelope.text) == envelope
    assert parse(f"  {envelope.text}\n") == envelope
    assert envelope.text.startswith(f"sealed:v1:{ID}:")
    assert "\n" not in envelope.text


@given(st.binary(min_size=1), st.binary(min_size=1), st.text("0123456789abcdef", min_size=32, max_size=64))
def test_whatever_is_in_it_is_read_again(data_key, body, id):
    envelope = Envelope(id, "e/a/K/n", data_key, body, kms="k")
    assert parse(envelope.text) == envelope


def test_the_context_for_kms_names_the_resource_and_nothing_else():
    assert KMS.context == {
        "reconciler:environment": "staging",
        "reconciler:app": "shop",
        "reconciler:kind": "Secret",
        "reconciler:name": "db",
    }


def header(envelope: Envelope) -> str:
    return envelope.text.split(":")[3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sealed:v2:x:y:z", "in a form this program does not know"),
        ("sealed:", "in a form this program does not know"),
        ("sealed:v1:" + ID, "cut short"),
        (KMS.head, "cut short"),
        (KMS.head + ":", "cut short"),
        (KMS.text[:-4], "cut short"),
        (KMS.text + ":x", "parts too many"),
        (KMS.text.replace(ID, "nonsense"), "has no id"),
        (KMS.text.replace(ID, ID.upper()), "has no id"),
        (KMS.text.replace(header(KMS), header(KMS)[:-3]), "altered or cut short"),
        (KMS.text.replace(header(KMS), "e30"), "does not say what one has to"),
        (KMS.text.replace(header(KMS), "W10"), "does not say what one has to"),
        (KMS.text[:-1] + "!", "characters that no envelope has"),
        (KMS.text[:-1] + "é", "characters that no envelope has"),
    ],
)
def test_what_is_not_whole_is_refused(text, said):
    with pytest.raises(BadEnvelope, match=said) as found:
        parse(text)
    assert found.value.hint


@given(st.text().map(lambda it: "sealed:v1:" + it))
def test_nothing_but_its_own_error_comes_of_any_text(text):
    try:
        parse(text)
    except BadEnvelope:
        return


@given(st.integers(0, len(KMS.text) - 1), st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]))
def test_no_character_can_be_another_without_being_seen_or_being_another_envelope(place, other):
    """What is not seen here is authenticated: the head with the body, the body by itself."""
    text = KMS.text[:place] + other + KMS.text[place + 1 :]
    try:
        found = parse(text)
    except BadEnvelope:
        return
    assert (found == KMS) is (text == KMS.text)


def test_two_values_are_one_when_their_id_is_one_and_neither_shows_anything():
    one, other = Sealed(ID, KMS), Sealed(ID, HeldValue("a state", "hunter2"))
    assert one == other
    assert hash(one) == hash(other)
    assert fingerprint({"a": one}) == fingerprint({"a": other})
    assert "hunter2" not in f"{other!r} {other} {other.content!r} {other.content}"
    assert one.by_ciphertext is False


def test_what_is_known_by_its_ciphertext_is_known_by_where_it_stands_too():
    assert of_ciphertext(["a", "x"]) != of_ciphertext(["b", "x"])
    assert len(of_ciphertext("x")) == 64
