"""A plan for a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import Key
from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.report.plan_text import plan_text
from reconciler.report.plan_words import LEGEND, summary

Golden = Callable[[str, str], None]


def one(before: object, after: object, path: tuple[str, ...] = ("command",)) -> Plan:
    field = FieldChange(path, before, after, Effect.IN_PLACE)
    return Plan("e", None, (Change(Key("a", "Service", "b"), Action.UPDATE, Action.UPDATE, Effect.IN_PLACE, (field,)),))


def test_plans_look_as_recorded(named_plan: tuple[str, Plan], golden: Golden) -> None:
    name, plan = named_plan
    golden(f"plan-{name}.txt", plan_text(plan))


def test_plans_look_as_recorded_in_colour_and_in_full(everything: Plan, golden: Golden) -> None:
    golden("plan-everything-color.txt", plan_text(everything, color=True))
    golden("plan-everything-verbose.txt", plan_text(everything, verbose=True))


def test_colour_adds_sequences_and_nothing_else(everything: Plan) -> None:
    assert re.sub(r"\x1b\[[\d;]*m", "", plan_text(everything, color=True)) == plan_text(everything)


def test_no_secret_and_no_control_character_is_shown(everything: Plan) -> None:
    for verbose in (False, True):
        text = plan_text(everything, verbose=verbose)
        assert "hunter" not in text
        assert "abc123" not in text
        assert "d4d4" not in text
        assert all(char.isprintable() or char == "\n" for char in text)


def test_the_legend_names_only_what_is_in_use(named_plan: tuple[str, Plan]) -> None:
    _, plan = named_plan
    text = plan_text(plan)
    heads = {line[:3].strip() for line in text.splitlines() if line[4:].startswith("bookstore/")}
    assert heads == {sign for sign, (words, _) in LEGEND.items() if f"{sign} {words}\n" in text}


def test_what_will_not_happen_is_counted_apart(everything: Plan) -> None:
    assert summary(everything) == (
        "Plan: 1 to create, 2 to update, 2 to replace, 1 to delete, 1 to adopt, 1 to run, 7 unchanged."
        " 1 blocked, 1 on hold."
    )


def test_zeros_are_said_of_create_update_and_delete_only() -> None:
    assert summary(one(1, 2)) == "Plan: 0 to create, 1 to update, 0 to delete, 0 unchanged."


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (0, "Nothing to do: there are no resources."),
        (1, "Nothing to do: 1 resource is as the repository says."),
        (8, "Nothing to do: 8 resources are as the repository says."),
    ],
)
def test_a_plan_without_changes_has_a_sentence_of_its_own(number: int, sentence: str) -> None:
    keys = tuple(Key("a", "Service", str(index)) for index in range(number))
    assert plan_text(Plan("e", None, unchanged=keys)).endswith(f"\n{sentence}\n")


def test_a_long_value_loses_its_middle_and_keeps_what_differs() -> None:
    start, end = "registry.example.com/" + "x" * 60, "y" * 60
    line = plan_text(one(f"{start}-old-{end}", f"{start}-new-{end}")).splitlines()[-3]
    assert "old" in line
    assert "new" in line
    assert len(line) < 160


@pytest.mark.parametrize(
    ("before", "after"), [("x" * 100, "x" * 101), ("ab" * 50, "ab" * 50 + "ab"), ("世" * 70, "世" * 71)]
)
def test_cutting_copes_with_repetition(before: str, after: str) -> None:
    left, _, right = plan_text(one(before, after)).splitlines()[-3].partition(" -> ")
    assert len(left) < 90
    assert len(right) < 90


def test_a_short_value_is_never_cut() -> None:
    value = "arn:aws:ecs:eu-central-1:123456789012:task-definition/pum"
    assert f'"{value}"' in plan_text(one("x", value))
    assert "x" * 500 in plan_text(one("a", "x" * 500), verbose=True)


def test_values_that_only_look_like_our_words_are_quoted() -> None:
    assert '"(known before)" -> "(known after all) x"' in plan_text(one("(known before)", "(known after all) x"))


def test_both_sides_masked_say_that_they_changed() -> None:
    text = plan_text(one("a", "b", ("environment", "DB_PASSWORD")))
    assert "~ environment.DB_PASSWORD   (sensitive, changed)\n" in text


def test_absence_is_a_plus_or_a_minus() -> None:
    assert "+ command   []\n" in plan_text(one(UNSET, []))
    assert '- command   {a b: null, "c:d": true}\n'.replace("a b", '"a b"') in plan_text(
        one({"a b": None, "c:d": True}, UNSET)
    )


def test_a_large_new_resource_is_summed_up(everything: Plan) -> None:
    creation = everything.changes[0]
    assert creation.desired
    spec = {f"member{number:03}": number for number in range(100)}
    large = replace(creation, desired=replace(creation.desired, spec=spec))
    text = plan_text(Plan("e", None, (large,)))
    assert text.count("+ member") == 20
    assert "… and 80 more members" in text
    assert plan_text(Plan("e", None, (large,)), verbose=True).count("+ member") == 100
