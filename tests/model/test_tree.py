"""Plain trees: walking them, changing copies of them, and the values not known yet."""

from __future__ import annotations

import copy

import pytest

from reconciler.model.tree import (
    Pending,
    drop_path,
    get_path,
    holds_pending,
    leaves,
    map_leaves,
    pending_after,
    set_path,
    show_path,
)

TREE = {"a": {"b": [1, {"c": "x"}], "empty": {}}, "none": [], "d": None}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec",), "spec"),
        (("containerDefinitions", 0, "name"), "containerDefinitions[0].name"),
        (("a", 0, 1), "a[0][1]"),
        ((0, "a"), "[0].a"),
    ],
)
def test_paths_are_shown_as_people_write_them(path, text):
    assert show_path(path) == text


def test_leaves_are_scalars_and_what_is_empty():
    assert dict(leaves(TREE)) == {
        ("a", "b", 0): 1,
        ("a", "b", 1, "c"): "x",
        ("a", "empty"): {},
        ("none",): [],
        ("d",): None,
    }


def test_mapping_leaves_makes_a_new_tree_and_tells_each_path():
    before = copy.deepcopy(TREE)
    assert map_leaves(TREE, lambda path, leaf: show_path(path)) == {
        "a": {"b": ["a.b[0]", {"c": "a.b[1].c"}], "empty": {}},
        "none": [],
        "d": "d",
    }
    assert before == TREE


def test_a_pending_value_is_found_wherever_it_is_and_shows_what_it_waits_for():
    after = pending_after("TaskDefinition/web")
    assert str(after) == "(known after TaskDefinition/web)"
    assert holds_pending({"a": [{"b": after}]})
    assert holds_pending(after)
    assert not holds_pending(TREE)
    assert not holds_pending({"text": str(after)})
    assert Pending("a") == Pending("a") != Pending("b")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), TREE),
        (("a", "b", 1, "c"), "x"),
        (("a", "b", 7), "otherwise"),
        (("a", "missing"), "otherwise"),
        (("d", "deeper"), "otherwise"),
        (("a", "b", "name"), "otherwise"),
        (("d",), None),
    ],
)
def test_a_path_that_leads_nowhere_gives_the_default(path, value):
    assert get_path(TREE, path, "otherwise") == value


def test_setting_a_path_copies_and_makes_what_is_missing_on_the_way():
    tree = {"a": {"b": 1}, "other": {"kept": True}}
    assert set_path(tree, ("a", "c", "d"), 2) == {"a": {"b": 1, "c": {"d": 2}}, "other": {"kept": True}}
    assert set_path(tree, ("a", "b", "c"), 2) == {"a": {"b": {"c": 2}}, "other": {"kept": True}}
    assert set_path(tree, (), 2) == 2
    assert tree == {"a": {"b": 1}, "other": {"kept": True}}


def test_dropping_a_path_copies_and_leaves_all_else():
    tree = {"a": {"b": 1, "c": 2}, "d": 3}
    assert drop_path(tree, ("a", "b")) == {"a": {"c": 2}, "d": 3}
    assert drop_path(tree, ("d",)) == {"a": {"b": 1, "c": 2}}
    assert drop_path(tree, ("x", "y")) == tree
    assert drop_path(tree, ("d", "deeper")) == tree
    assert drop_path(tree, ()) == tree
    assert tree == {"a": {"b": 1, "c": 2}, "d": 3}
