"""The canonical form: order, nulls, empty lists and defaults do not matter; everything else does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds.task_definition_fields import FIELDS as DEFINITION
from reconciler.model.canonical import canonical, expand
from reconciler.model.fields import Effect, Field, Fields, pattern_of

FIELDS = Fields(
    name="name",
    table={
        "items": Field(key=("name",)),
        "items.*.size": Field(default=1),
        "pairs": Field(key=("key",), value="value"),
        "set": Field(unordered=True),
        "shared": Field(key=("name",), shared=True),
        "flag": Field(default=False),
        "half": Field(default=5.0),
        "deep": Field(effect=Effect.ROLLS_TASKS),
        "deep.mild": Field(effect=Effect.IN_PLACE),
    },
)


@pytest.mark.parametrize(
    ("spec", "form"),
    [
        ({"a": None}, {}),
        ({"a": {"b": None}}, {}),
        ({"a": []}, {}),
        ({"a": ""}, {"a": ""}),
        ({"a": 0, "b": False}, {"a": 0, "b": False}),
        ({"flag": False}, {}),
        ({"flag": 0}, {"flag": 0}),
        ({"half": 5}, {}),
        ({"items": [{"name": "b", "size": 1}, {"name": "a", "size": 2}]}, {"items": {"a": {"name": "a", "size": 2}, "b": {"name": "b"}}}),
        ({"items": [None, {"name": "a"}]}, {"items": {"a": {"name": "a"}}}),
        ({"items": [{}, "odd"]}, {"items": {"#0": {}, "#1": "odd"}}),
        ({"pairs": [{"key": "k", "value": "v"}]}, {"pairs": {"k": "v"}}),
        ({"pairs": [{"key": "k", "value": None}]}, {}),
        ({"set": ["b", "a"]}, {"set": ["a", "b"]}),
        ({"list": ["b", "a"]}, {"list": ["b", "a"]}),
        ({"shared": []}, {"shared": {}}),
    ],
    ids=str,
)  # fmt: skip
def test_the_form_of(spec, form):
    assert canonical(FIELDS, spec) == form


def test_two_elements_of_one_name_are_both_kept():
    form = canonical(FIELDS, {"items": [{"name": "a", "size": 2}, {"name": "a", "size": 3}]})
    assert len(form["items"]) == 2


def test_a_form_is_expanded_to_what_the_api_wants():
    spec = {"pairs": [{"key": "k", "value": "v"}], "items": [{"name": "a", "size": 2}], "set": ["a"]}
    assert expand(FIELDS, canonical(FIELDS, spec)) == spec


def test_an_effect_is_that_of_the_nearest_member_that_says_one():
    assert FIELDS.effect_at("deep.x.y") is Effect.ROLLS_TASKS
    assert FIELDS.effect_at("deep.mild.z") is Effect.IN_PLACE
    assert FIELDS.effect_at("other") is Effect.IN_PLACE


def test_a_pattern_is_found_from_a_path_in_a_spec_and_in_a_form():
    assert pattern_of(("items", 3, "size"), FIELDS) == "items.*.size"
    assert pattern_of(("items", "web", "size"), FIELDS) == "items.*.size"


names = st.sampled_from(["a", "b", "c", "d"])
pairs = st.lists(
    st.fixed_dictionaries({"name": names, "value": st.text(max_size=3)}),
    max_size=4,
    unique_by=lambda pair: pair["name"],
)
containers = st.lists(
    st.fixed_dictionaries(
        {"name": names, "image": names},
        optional={
            "environment": pairs,
            "command": st.lists(names, max_size=3),
            "cpu": st.integers(0, 2),
            "essential": st.booleans(),
            "portMappings": st.lists(
                st.fixed_dictionaries({"containerPort": st.integers(1, 5)}, optional={"protocol": st.sampled_from(["tcp", "udp"])}),
                max_size=3,
                unique_by=lambda port: (port["containerPort"], port.get("protocol", "tcp")),
            ),
            "user": st.none() | names,
        },
    ),
    max_size=3,
    unique_by=lambda container: container["name"],
)  # fmt: skip
specs = st.fixed_dictionaries({"family": names, "containerDefinitions": containers})


def shuffled(spec: Any, data: st.DataObject) -> Any:
    """The same with members and lists without order in another order."""
    if isinstance(spec, dict):
        members = data.draw(st.permutations(sorted(spec)))
        return {name: spec[name] if name == "command" else shuffled(spec[name], data) for name in members}
    if isinstance(spec, list):
        return [shuffled(element, data) for element in data.draw(st.permutations(spec))]
    return spec


@given(specs)
def test_a_canonical_form_expanded_has_the_same_canonical_form(spec):
    form = canonical(DEFINITION, spec)
    assert canonical(DEFINITION, expand(DEFINITION, form)) == form


@given(specs, st.data())
def test_order_never_matters_where_there_is_none(spec, data):
    assert canonical(DEFINITION, shuffled(spec, data)) == canonical(DEFINITION, spec)
