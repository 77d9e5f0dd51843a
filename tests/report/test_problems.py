"""Findings and errors as people read them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.model.errors import (
    AccessError,
    Denied,
    InvalidManifests,
    Position,
    Problem,
    Rejected,
    Severity,
    SourceError,
)
from reconciler.model.key import Key
from reconciler.report.cells import width
from reconciler.report.problems import draw, draw_all, error, github, to_json

PUMA = "apps/bookstore/puma.yaml"
UNKNOWN = Problem(
    "unknown-member",
    "desiredCuont is not a member of Service",
    Position(PUMA, 12, 3, "  desiredCuont: 3", 12),
    hint="did you mean desiredCount?",
)
TWICE = Problem(
    "duplicate-key",
    "Service/puma is declared twice",
    Position(PUMA, 104, 9, "  name: \tpuma", 4),
    related=((Position("apps/bookstore/web.yaml", 7, 9, "  name: puma", 4), "first declared here"),),
)
WIDE = Problem("bad-value", "宛先 is no number", Position(PUMA, 2, 5, "値段: 宛先 # 円", 2), severity=Severity.WARNING)
TABS = Problem("tab", "tabs cannot indent", Position(PUMA, 3, 2, "\t\tspec:", 1))
COMBINED = Problem("bad-value", "no such word", Position(PUMA, 4, 10, "cafe\u0301: x y", 1))
NOWHERE = Problem(
    "secret-missing",
    "the secret is not there",
    key=Key("bookstore", "TaskDefinition", "puma"),
    path="containerDefinitions.web.secrets.API_TOKEN",
    severity=Severity.NOTE,
    hint="create it with:\n  reconciler secret set api-token",
)
NO_SOURCE = Problem(
    "unreadable", "cannot be read", Position(PUMA, 1, 1), related=((Position("b.yaml", 2, 2), "nor this"),)
)
ALL = (UNKNOWN, TWICE, WIDE, TABS, COMBINED, NOWHERE, NO_SOURCE)


def caret(text: str) -> tuple[str, str]:
    """The source line and the caret line, each without the gutter."""
    lines = text.splitlines()
    under = next(i for i, line in enumerate(lines) if set(line.partition("|")[2].strip()) == {"^"})
    return lines[under - 1].partition("| ")[2], lines[under].partition("| ")[2]


def test_problems_look_as_recorded(golden: Callable[[str, str], None]) -> None:
    golden("problems.txt", draw_all(ALL) + "\n")
    golden("problems-color.txt", draw_all(ALL, True) + "\n")
    golden("problems-github.txt", github(ALL) + "\n")


def test_one_problem_is_drawn_as_documented() -> None:
    assert draw(UNKNOWN) == (
        "error[unknown-member]: desiredCuont is not a member of Service\n"
        "  --> apps/bookstore/puma.yaml:12:3\n"
        "   |\n"
        "12 |   desiredCuont: 3\n"
        "   |   ^^^^^^^^^^^^\n"
        "   = did you mean desiredCount?"
    )


@pytest.mark.parametrize(
    ("line", "column", "length", "before", "under"),
    [
        ("値段: 宛先", 5, 2, 6, 4),
        ("\tx: 1", 2, 1, 4, 1),
        ("ab\tx: 1", 4, 1, 4, 1),
        ("cafe\u0301: x", 8, 1, 6, 1),
        ("a: \x1b[31mred", 4, 1, 3, 4),
        ("a: b", 99, 5, 4, 1),
        ("a: b", 4, 99, 3, 1),
        ("a: b", 4, 0, 3, 1),
        ("a: 👋🏽 b", 4, 1, 3, 2),
    ],
)
def test_the_caret_stands_under_its_column(line: str, column: int, length: int, before: int, under: int) -> None:
    _, marks = caret(draw(Problem("x", "y", Position("f", 1, column, line, length))))
    assert marks == " " * before + "^" * under


@pytest.mark.parametrize("column", [1, 50, 101, 250, 399, 400, 401])
def test_a_long_line_is_cut_around_the_caret(column: int) -> None:
    line = "".join(chr(ord("a") + number % 26) for number in range(400))
    shown, marks = caret(draw(Problem("x", "y", Position("f", 1, column, line, 1))))
    assert width(shown) <= 102
    assert len(marks) <= 103
    if column <= 400:
        assert shown[len(marks) - 1] == line[column - 1]


def test_a_long_wide_line_is_cut_around_the_caret() -> None:
    shown, marks = caret(draw(Problem("x", "y", Position("f", 1, 151, "世" * 150 + "界" + "世" * 150, 1))))
    assert width(shown) <= 102
    assert marks.endswith("^^")
    assert not marks.endswith("^^^")
    assert width(shown.partition("界")[0]) == len(marks) - 2


def test_a_source_line_gives_no_secret_away_and_stays_aligned() -> None:
    line = "env: {name: DB_PASSWORD, value: hunter2, oops: postgres://u:hunter2@h}"
    shown, marks = caret(draw(Problem("x", "y", Position("f", 1, 42, line, 4))))
    assert "hunter2" not in shown
    assert shown[len(marks) - 4 : len(marks)] == "oops"


def test_control_characters_of_messages_are_spelled_out() -> None:
    text = draw(Problem("x", "a\x1b[2J\nb\rc", hint="\u202ed", key=Key("a", "B", "c\x07")))
    assert all(char.isprintable() or char == "\n" for char in text)


def test_the_count_names_each_severity() -> None:
    assert draw_all(ALL).endswith("\n\n5 errors, 1 warning, 1 note")
    assert draw_all(()) == ""


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        (
            SourceError("no such commit", where="main", hint="git fetch"),
            "error: no such commit\n --> main\n  = git fetch",
        ),
        (AccessError("credentials are missing"), "error: credentials are missing"),
        (
            Denied("not allowed", operation="ecs:UpdateService", action="ecs:UpdateService", code="AccessDenied"),
            "error[AccessDenied]: not allowed\n --> ecs:UpdateService\n  = allow ecs:UpdateService to this role",
        ),
        (
            Rejected("bad https://u:hunter2@h/", operation="ecs:CreateService"),
            "error: bad https://u:***@h/\n --> ecs:CreateService",
        ),
        (InvalidManifests([UNKNOWN]), draw_all([UNKNOWN])),
    ],
)
def test_errors_say_what_where_and_what_to_do(exc: SourceError, text: str) -> None:
    assert error(exc) == text


def test_annotations_cannot_be_broken_out_of() -> None:
    text = github([Problem("a,b:c", "100%\n::error::x", Position("a,b:c%.yaml", 1, 2, "", 3))])
    assert text == ("::error file=a%2Cb%3Ac%25.yaml,line=1,col=2,endColumn=5,title=a%2Cb%3Ac::100%25%0A::error::x")


def test_problems_as_json_are_plain_and_complete() -> None:
    assert to_json([TWICE, NOWHERE]) == [
        {
            "severity": "error",
            "code": "duplicate-key",
            "message": "Service/puma is declared twice",
            "hint": "",
            "at": {"file": PUMA, "line": 104, "column": 9},
            "key": None,
            "path": "",
            "app": None,
            "related": [
                {"file": "apps/bookstore/web.yaml", "line": 7, "column": 9, "message": "first declared here"},
            ],
        },
        {
            "severity": "note",
            "code": "secret-missing",
            "message": "the secret is not there",
            "hint": "create it with:\n  reconciler secret set api-token",
            "at": None,
            "key": "bookstore/TaskDefinition/puma",
            "path": "containerDefinitions.web.secrets.API_TOKEN",
            "app": "bookstore",
            "related": [],
        },
    ]
