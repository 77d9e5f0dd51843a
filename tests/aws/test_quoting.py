"""A text that quotes a secret is known, however it is spelt; one that does not is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.aws.quoting import quotes
from reconciler.simulator.quoting import SPELLINGS

SECRET = 'pa"ss\\wörd\n\tline two & <more>'


@pytest.mark.parametrize("spelling", range(len(SPELLINGS)))
def test_every_spelling_is_known(spelling):
    assert quotes(f"Value '{SPELLINGS[spelling](SECRET)}' at 'x' failed", [SECRET])


@pytest.mark.parametrize("text", ["", "no", "Secret not found", "1 validation error detected at 'secretString'", "wörd two"])
def test_what_quotes_nothing_is_not_taken_for_it(text):
    assert not quotes(text, [SECRET])
    assert not quotes(text, [])
    assert not quotes(text, [""])


@pytest.mark.parametrize(("secret", "text"), [("hunter2", "is 'hunter2'"), ("x", "Value 'x'"), ("1234567", "at 1234567.")])
def test_a_short_secret_counts_whole(secret, text):
    assert quotes(text, [secret])
    assert not quotes("nothing", [secret])


def test_eight_characters_of_it_are_enough():
    assert quotes("Value 'correct ...'", ["correct horse battery staple"])
    assert quotes("Value '... battery staple'", ["correct horse battery staple"])
    assert not quotes("the horse is correct", ["correct horse battery staple"])


@given(st.text(min_size=8, max_size=200).filter(lambda it: len(it.strip()) > 7), st.sampled_from(range(len(SPELLINGS))))
def test_whatever_the_secret_is(secret, spelling):
    said = SPELLINGS[spelling](secret)
    assert len(said) < 8 or quotes(f"Value '{said}' at 'SecretString'", [secret])
