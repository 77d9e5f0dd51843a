"""From what was rendered to what is desired: what is wrong holds back only itself, and one app can be looked at alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.lookup import lookup, narrowed
from reconciler.model.desired import App
from reconciler.model.errors import Position, Problem, Severity
from tests.builders import TOYS, document, k, rendered


def wish(*documents, **more):
    return lookup(rendered(*documents, **more), TOYS)


def names(keys):
    return [str(key).removeprefix("shop/") for key in keys]


def test_what_is_well_is_desired_in_an_order_that_converges():
    found = wish(document("Thing/a", {"place": "main"}), document("Place/main"))
    assert names(found.desired) == ["Place/main", "Thing/a"]
    assert (found.invalid, found.problems, found.complete) == (frozenset(), (), True)
    assert found.environment.name == "staging"


def test_what_is_wrong_is_left_out_and_named():
    found = wish(document("Thing/a", {"place": "ref:Place/none"}), document("Thing/b"))
    assert names(found.desired) == ["Thing/b"]
    assert names(found.invalid) == ["Thing/a"]
    assert [problem.code for problem in found.errors] == ["dangling-reference"]
    assert not found.complete


def test_every_member_of_a_circle_is_invalid_and_what_needs_one_is_not():
    found = wish(
        document("Thing/a", needs=["Thing/b"]),
        document("Thing/b", needs=["Thing/a"]),
        document("Thing/c", needs=["Thing/b"]),
    )
    assert names(sorted(found.invalid)) == ["Thing/a", "Thing/b"]
    assert names(found.desired) == ["Thing/c"]
    assert [problem.code for problem in found.errors] == ["dependency-cycle"]


def test_what_failed_to_render_is_invalid_and_may_be_named():
    problem = Problem("unknown-member", "no", Position("a.yaml", 3, 1), k("Place/main"))
    found = wish(document("Thing/a", {"place": "main"}), failed=frozenset({k("Place/main")}), problems=(problem,))
    assert names(found.desired) == ["Thing/a"]
    assert names(found.desired[k("Thing/a")].needs) == ["Place/main"]
    assert names(found.invalid) == ["Place/main"]
    assert not found.complete


def test_a_warning_makes_nothing_invalid():
    note = Problem("response-only", "ignored", Position("a.yaml", 3, 1), k("Thing/a"), severity=Severity.NOTE)
    found = wish(document("Thing/a"), problems=(note,))
    assert names(found.desired) == ["Thing/a"]
    assert found.problems == (note,)
    assert (found.errors, found.complete) == ((), True)


def test_problems_come_by_place_and_those_without_one_last():
    nowhere = Problem("x", "nowhere")
    last, first = Problem("x", "z", Position("b.yaml", 1, 1)), Problem("x", "y", Position("a.yaml", 9, 1))
    assert wish(problems=(nowhere, last, first)).problems == (first, last, nowhere)


def test_of_twins_the_first_goes_on():
    found = wish(document("Thing/a", {"name": "web"}), document("Thing/b", {"name": "web"}))
    assert (names(found.desired), names(found.invalid)) == (["Thing/a"], ["Thing/b"])


@pytest.mark.parametrize(
    ("problem", "spec", "unread"),
    [
        ("dangling-reference", {"place": "ref:Place/none"}, {("size",)}),
        (None, {"place": "ref:Place/none"}, {("place",)}),
    ],
)
def test_what_is_not_read_yet_is_not_judged_and_all_else_is(problem, spec, unread):
    found = wish(document("Thing/a", {"size": 1, **spec}, unread=frozenset(unread)))
    assert [it.code for it in found.errors] == [problem] * (problem is not None)


def test_what_refers_to_something_not_read_yet_is_not_judged_by_it():
    given = document("Given/key", {"keys": ["a"]}, unread=frozenset({("keys", 0)}))
    assert wish(given, document("Paper/x", {"key": "ref:Given/key#other"})).errors == ()
    assert [
        it.code
        for it in wish(replace(given, unread=frozenset()), document("Paper/x", {"key": "ref:Given/key#other"})).errors
    ] == ["unknown-part"]


def test_suspended_apps_are_named():
    apps = {"shop": App("shop", suspend=True), "base": App("base")}
    assert wish(document("Thing/a"), apps=apps).suspended == {"shop"}


def test_things_outside_are_found():
    [external] = wish(document("Thing/a", {"place": "far"})).externals
    assert (external.kind, external.address) == ("Place", "far")


def test_one_app_alone_takes_along_what_it_needs_of_others_and_no_more():
    whole = wish(
        document("base/Place/main"),
        document("base/Place/other"),
        document("base/Paper/x", needs=["base/Given/key"]),
        document("base/Given/key"),
        document("Thing/a", {"place": "ref:base/Place/main"}, needs=["base/Paper/x"]),
        document("more/Thing/b", {"paper": "ref:shop/Thing/a"}),
    )
    found = narrowed(whole, ["shop"])
    assert set(names(found.desired)) == {"base/Place/main", "base/Given/key", "base/Paper/x", "Thing/a"}
    assert list(found.desired) == [key for key in whole.desired if key in found.desired]
    assert found.apps == {"shop"}
    assert whole.apps is None


def test_an_app_that_is_not_there_is_nothing():
    assert narrowed(wish(document("Thing/a")), ["none"]).desired == {}
