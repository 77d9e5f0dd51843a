"""A plan as a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.errors import Problem
from reconciler.model.fields import Effect
from reconciler.model.key import Key
from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.report.plan_markdown import GITHUB, marker, plan_markdown
from reconciler.report.plan_words import summary

HOSTILE = "@admin </details> <script> ```` `x` | **b** --> [l](http://h) \n# h"


def prose(text: str) -> str:
    """What stands outside of fences and of code."""
    return re.sub(r"<code>[^<]*</code>", "", re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text))


@pytest.mark.parametrize("name", ["everything", "nothing", "warnings"])
def test_markdown_looks_as_recorded(
    name: str, golden: Callable[[str, str], None], named_plans: dict[str, Plan]
) -> None:
    golden(f"plan-{name}.md", plan_markdown(named_plans[name]))


def test_300_apps_fit_into_a_comment_with_the_summary_whole(many_apps: Plan) -> None:
    text = plan_markdown(many_apps)
    assert 0.9 * GITHUB < len(text) <= GITHUB
    assert summary(many_apps) in text
    assert all(f"app-{number:03}" in text.partition("<details>")[0] for number in range(300))
    shown, left_out = text.count("<details>"), int(re.findall(r"Details of (\d+) of 300 left out", text)[0])
    assert shown + left_out == 300
    assert shown == text.count("</details>")


@pytest.mark.parametrize("limit", [500, 3_000, 32_768, 150_000, 1_000_000])
def test_other_hosts_limits_are_kept(limit: int, many_apps: Plan) -> None:
    text = plan_markdown(many_apps, limit=limit)
    assert len(text) <= limit
    assert summary(many_apps) in text
    assert text.count("<details>") == text.count("</details>")


def test_one_huge_app_is_cut_inside_its_fence(everything: Plan) -> None:
    fields = tuple(FieldChange(("environment", f"V{i:05}"), "a" * 50, "b" * 50, Effect.IN_PLACE) for i in range(2_000))
    huge = replace(everything.changes[2], fields=fields)
    text = plan_markdown(replace(everything, changes=(huge,)))
    assert len(text) <= GITHUB
    assert re.search(r"\n… \d+ more lines left out\n```\n\n</details>\n$", text)


def test_foreign_text_stays_text() -> None:
    change = Change(
        Key(HOSTILE, "Service", "x"),
        Action.UPDATE,
        Action.UPDATE,
        effect=Effect.IN_PLACE,
        fields=(FieldChange(("command",), HOSTILE, "````````", Effect.IN_PLACE),),
        note=HOSTILE,
    )
    text = plan_markdown(Plan(HOSTILE, HOSTILE, (change,), warnings=(Problem("x", HOSTILE, hint=HOSTILE),)))
    outside = prose(text)
    assert "`" not in outside
    assert "<script" not in outside
    assert "[l]" not in outside
    assert "@admin" not in outside
    assert text.count("\n`````````") == 2
    assert text.splitlines()[0].count("-->") == 1


@pytest.mark.parametrize("environment", ["production", "a--b", "-->", "é ü", "--", "a---b-"])
def test_the_marker_is_one_comment_and_tells_environments_apart(environment: str) -> None:
    inside = marker(environment).removeprefix("<!-- ").removesuffix(" -->")
    assert "--" not in inside
    assert ">" not in inside
    assert marker(environment) != marker("staging")


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40), st.integers(0, 40), st.integers(2_000, 20_000))
def test_no_plan_exceeds_the_limit(word: str, number: int, limit: int) -> None:
    fields = tuple(FieldChange((word, str(i)), word * 3, word * 9, Effect.IN_PLACE) for i in range(number))
    changes = tuple(
        Change(Key(f"{word}{i}", "Service", word), Action.UPDATE, Action.UPDATE, Effect.ROLLS_TASKS, fields)
        for i in range(number)
    )
    text = plan_markdown(Plan("e", None, changes), limit=limit)
    assert len(text) <= limit
    assert text.count("\n<details>") == text.count("\n</details>")


def test_the_marker_tells_installations_folders_and_apps_apart() -> None:
    made = [
        marker("e"),
        marker("e", installation="blue"),
        marker("e", folder="blue"),
        marker("e", apps=["blue"]),
        marker("e", apps=["blue", "red"]),
        marker("e installation=blue"),
        marker("e", folder="a -->\n<!-- b"),
    ]
    assert len(set(made)) == len(made)
    assert marker("e", installation="default", folder="", apps=()) == "<!-- reconciler:plan e -->"
    assert marker("e", apps=["a", "b"]) == marker("e", apps=["b", "a", "a"])
    for one in made:
        assert "\n" not in one
        assert one.count("-->") == 1
        assert "--" not in one.removeprefix("<!-- ").removesuffix(" -->")


def test_the_marker_is_the_first_line_and_counts_as_a_part_of_the_comment(many_apps: Plan) -> None:
    first = marker("production", folder="x" * 300, apps=["a"])
    text = plan_markdown(many_apps, limit=3_000, first=first)
    assert text.startswith(f"{first}\n### Plan")
    assert len(text) <= 3_000
    assert summary(many_apps) in text
