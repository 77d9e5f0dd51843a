"""The text of an envelope: what is read, and what is told of one that is none."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.sealed import BadEnvelope, Envelope, context_for, parse

ID = "0123456789abcdef" * 2
ENVELOPE = Envelope(ID, "production/shop/Secret/db", b"wrapped", bytes(range(40)), kms="arn:aws:kms:eu-west-1:1:key/a")
BY_AGE = Envelope(ID, "production/shop/Secret/db", b"wrapped", bytes(range(40)), age=("age1a", "age1b"))


def encoded(said):
    return base64.urlsafe_b64encode(said if isinstance(said, bytes) else json.dumps(said).encode()).decode().rstrip("=")


def header(**more):
    said = {"for": "a/b/c/d", "kms": "k", "dataKey": "eA", "bytes": 2} | more
    return encoded({name: value for name, value in said.items() if value is not None})


@pytest.mark.parametrize("envelope", [ENVELOPE, BY_AGE], ids=["kms", "age"])
def test_an_envelope_reads_as_it_was_written(envelope):
    assert parse(envelope.text) == envelope
    assert parse(f"  {envelope.text}\n") == envelope
    assert envelope.text.isascii() and "\n" not in envelope.text


BAD = [
    ("", "a form this program does not know"),
    ("sealed:v2:x:y:z", r"does not know \(sealed:v2\)"),
    (f"sealed:v1:{ID}", "cut short"),
    (f"sealed:v1:{ID}:{header()}:", "cut short"),
    (f"sealed:v1:{ID}:{header()}:eHg:x", "parts too many"),
    (f"sealed:v1:xyz:{header()}:eHg", "has no id"),
    (f"sealed:v1:{ID}:{header()}:eA", "cut short: 1 bytes of 2"),
    (f"sealed:v1:{ID}:{header()}:e+g", "characters that no envelope has"),
    (f"sealed:v1:{ID}:{header()}:eHg=", "characters that no envelope has"),
    (f"sealed:v1:{ID}:{encoded(b'{')}:eHg", "header of the sealed value cannot be read"),
    (f"sealed:v1:{ID}:{encoded([])}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header(more=1)}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header(kms=5)}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header(kms=None, age=[])}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header(kms=None, age=[5])}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header(bytes=True)}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header(**{'for': 'a/b'})}:eHg", "does not say what one has to"),
    (f"sealed:v1:{ID}:{header()}:eHg", "header is not as it was written"),  # with blanks
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_is_no_envelope_says_why(text, message):
    with pytest.raises(BadEnvelope, match=message) as caught:
        parse(text)
    assert caught.value.hint


def test_the_context_names_the_resource():
    assert context_for("prod/shop/Secret/db") == ENVELOPE.context | {"reconciler:environment": "prod"}


@given(st.text(max_size=60), st.sampled_from(["", "sealed:", "sealed:v1:", f"sealed:v1:{ID}:", f"sealed:v1:{ID}:{header()}:"]))
@settings(deadline=None)
def test_any_text_is_refused_and_nothing_else(text, before):
    with pytest.raises(BadEnvelope):
        parse(before + text)


@given(place=st.integers(0, len(ENVELOPE.text) - 1), char=st.characters())
@settings(deadline=None)
def test_an_envelope_with_another_character_is_refused_or_is_another(place, char):
    changed = ENVELOPE.text[:place] + char + ENVELOPE.text[place + 1 :]
    with suppress(BadEnvelope):
        assert (parse(changed) == ENVELOPE) == (changed.strip() == ENVELOPE.text)
