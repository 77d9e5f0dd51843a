"""Patterns over the names of keys: what is read alike everywhere and ends soon, and nothing else."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.source.key_patterns import compiled


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("^(data|stringData)$", ["data", "stringData"], ["Data", "metadata", "dataX"]),
        ("(?i)password|token", ["dbPassword", "TOKEN", "a-token-b"], ["user", ""]),
        (r"\Areg\.exp\z", ["reg.exp"], ["regXexp", "reg.exp1"]),
        ("^[a-c]{2,3}_?[^0-9]*$", ["ab", "abc_x"], ["a", "ab1"]),
        ("^(?:foo)?bar$", ["bar", "foobar"], ["fo"]),
        (r"\bkey\d+", ["key1", "my key22"], ["monkey1", "key"]),
        (".*", ["", "a"], []),
    ],
)
def test_a_pattern_matches_anywhere_in_a_name(pattern, matching, others):
    matches = compiled(pattern)
    assert all(matches(name) for name in matching)
    assert not any(matches(name) for name in others)


REFUSED = [
    "^(a+)+$", "(a|a)*b", "(x{1,9}){9}", "a*b*c*d*", "a*+", "a++", "(a)\\1", "(?=a)", "(?!a)", "(?<=a)", "(?P<n>a)", "(?s)a",
    "[[:alpha:]]", "[a&&b]", "[a--b]", r"\pL", r"\p{Greek}", r"\h", "(", "[", "a{2,1}", "x" * 201, "(?i", "*a",
]  # fmt: skip


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda it: it[:20])
def test_what_is_read_differently_or_takes_long_is_refused(pattern):
    with pytest.raises(ValueError):
        compiled(pattern)


@given(st.text(st.sampled_from("ab.*+?{}()[]|^$\\1,2-dizA:=<!"), max_size=30), st.text("ab1", max_size=200))
@settings(deadline=None)
def test_whatever_is_taken_answers_at_once(pattern, name):
    try:
        matches = compiled(pattern)
    except ValueError:
        return
    start = time.process_time()
    matches(name)
    assert time.process_time() - start < 1
