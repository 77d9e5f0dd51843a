"""How the words of three levels are joined."""

from __future__ import annotations

import pytest

from reconciler.model.policy import SAFETY, Policy, join


@pytest.mark.parametrize("switch", SAFETY)
@pytest.mark.parametrize(
    ("levels", "joined"),
    [
        ((), None),
        ((None, None), None),
        ((True,), True),
        ((None, True, None), True),
        ((True, True), True),
        ((True, False), False),
        ((False, True), False),
        ((False, None, True), False),
    ],
)
def test_a_safety_switch_is_on_when_some_level_says_so_and_none_forbids_it(switch, levels, joined):
    assert getattr(join([Policy(**{switch: level}) for level in levels]), switch) is joined


@pytest.mark.parametrize(
    ("member", "wide", "narrow"),
    [
        ("drift", "warn", "off"),
        ("rollback", "previous", "none"),
        ("timeout", 60.0, 5.0),
        ("deletion_limit", "20%", 0),
        ("ignore", ("a",), ()),
    ],
)
def test_of_everything_else_the_most_specific_word_wins(member, wide, narrow):
    assert getattr(join([Policy(**{member: wide}), Policy(**{member: narrow})]), member) == narrow
    assert getattr(join([Policy(**{member: wide}), Policy()]), member) == wide
    assert getattr(join([Policy(), Policy()]), member) is None
