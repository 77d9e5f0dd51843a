"""A traceback shows where and what sort of thing went wrong, and never what its exceptions say."""

from __future__ import annotations

from reconciler.model.errors import SourceError
from reconciler.report.trace import traceback_text

VALUE = "-".join(["hunter", "2"])


def raised(body):
    try:
        body()
    except Exception as error:  # noqa: BLE001 - it is what is looked at
        return traceback_text(error)
    raise AssertionError


def number():
    return int(VALUE)


def missing():
    try:
        number()
    except ValueError as error:
        raise KeyError(VALUE) from error


def hidden():
    try:
        number()
    except ValueError:
        raise TypeError(VALUE) from None


def noted():
    error = RuntimeError(VALUE)
    error.add_note(VALUE)
    raise error


def several():
    raise ExceptionGroup(VALUE, [ValueError(VALUE), OSError(2, VALUE, VALUE)])


def test_where_it_happened_and_by_what():
    text = raised(number)
    assert 'test_trace.py", line' in text
    assert "in number\n    return int(VALUE)" in text
    assert text.endswith("ValueError\n")


def test_the_chain_is_told_in_its_order():
    text = raised(missing)
    assert text.index("ValueError") < text.index("that was the direct cause of") < text.rindex("KeyError")
    assert "ValueError\n" not in raised(hidden).splitlines()[-1]
    assert "while that" not in raised(hidden)


def test_a_group_is_told_one_by_one():
    text = raised(several)
    assert text.startswith("Traceback")
    assert "1. Traceback" in text
    assert "FileNotFoundError" in text


def test_no_exception_says_its_text():
    for body in (number, missing, hidden, noted, several):
        assert VALUE not in raised(body), body.__name__


def test_errors_made_to_be_read_keep_theirs():
    def fail():
        raise SourceError(f"clone of https://u:{VALUE}@h failed")

    text = raised(fail)
    assert "SourceError: clone of https://u:***@h failed" in text
    assert VALUE not in text


def test_a_chain_without_end_is_cut():
    first = ValueError()
    for _ in range(100):
        following = ValueError()
        following.__context__ = first
        first = following
    assert traceback_text(first).count("ValueError") == 20
