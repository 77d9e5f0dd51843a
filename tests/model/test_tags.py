"""Tags in both forms, ours and those of people, and the calls that bring them about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import tags
from reconciler.model.fields import UNSET
from reconciler.model.key import OWNER
from reconciler.model.plan import Action
from tests.builders import AT, absent, change, document, field_change, later, there, wished


def tagging(*fields, seen=None):
    return change("Thing/web", observed=seen or there("Thing/web", tags={"old": "x", "team": "a"}), fields=fields)


def test_lists_become_maps_and_back():
    listed = [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]
    assert tags.to_map(listed) == {"a": "1", "b": "2"}
    assert tags.to_list({"b": "2", "a": "1"}) == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]


@pytest.mark.parametrize("listed", [None, [], [None], [{}], [{"value": "x"}], [{"key": ""}]])
def test_an_element_without_a_key_is_no_tag(listed):
    assert tags.to_map(listed) == {}


@pytest.mark.parametrize("value", [None, ""])
def test_a_tag_without_a_value_has_an_empty_one(value):
    assert tags.to_map([{"key": "a", "value": value}]) == {"a": ""}
    assert tags.to_map([{"key": "a"}]) == {"a": ""}


def test_tags_of_people_are_neither_ours_nor_those_of_aws():
    everything = {
        OWNER: "x",
        "reconciler:digest": "x",
        "reconciler:image/web": "v1",
        "aws:cloudformation:stack-name": "x",
        "AWS:other": "x",
    }
    assert tags.people_s({**everything, "team": "a", "reconciler:mine": "b"}) == {"team": "a", "reconciler:mine": "b"}


@pytest.mark.parametrize("said", [{"team": "a"}, [{"key": "team", "value": "a"}]])
def test_a_new_resource_gets_the_manifests_tags_and_ours(said):
    [desired] = wished(document("Thing/web", {"tags": said}))[0].values()
    made = change("Thing/web", Action.CREATE, desired=desired, stamps={OWNER: "me"})
    assert tags.all_of(made) == {"team": "a", OWNER: "me"}


def test_a_manifest_cannot_set_a_tag_of_ours():
    [desired] = wished(document("Thing/web", {"tags": [{"key": OWNER, "value": "somebody"}]}))[0].values()
    assert tags.all_of(change("Thing/web", Action.CREATE, desired=desired, stamps={OWNER: "me"})) == {OWNER: "me"}


def test_what_is_set_and_what_is_removed_are_told_apart():
    made = tagging(
        field_change("tags.team", "a", "b"), field_change("tags.old", "x", UNSET), field_change("size", 1, 2)
    )
    assert tags.to_put(made) == {"team": "b"}
    assert tags.to_drop(made) == ["old"]
    first, second = tags.ecs_calls(made)
    assert (first.operation, first.params) == (
        "ecs:TagResource",
        {"resourceArn": "arn:toy:thing/web", "tags": [{"key": "team", "value": "b"}]},
    )
    assert (second.operation, second.params) == (
        "ecs:UntagResource",
        {"resourceArn": "arn:toy:thing/web", "tagKeys": ["old"]},
    )


def test_no_call_is_made_for_tags_that_do_not_change():
    assert list(tags.ecs_calls(tagging(field_change("size", 1, 2)))) == []


@pytest.mark.parametrize("form", [[], {}])
def test_after_tagging_the_reading_shows_them_in_the_form_it_had(form):
    seen = there("Thing/web", {"tags": form}, tags={"old": "x"})
    now = tags.tagged(
        tagging(field_change("tags.team", UNSET, "b"), field_change("tags.old", "x"), seen=seen), later(5)
    )
    assert now.at == later(5)
    assert now.tags == {OWNER: seen.owner, "team": "b"}
    assert now.spec["tags"] == ({"team": "b"} if isinstance(form, dict) else [{"key": "team", "value": "b"}])
    assert seen.at == AT


@pytest.mark.parametrize("seen", [None, absent("Thing/web")])
def test_what_is_not_there_cannot_have_been_tagged(seen):
    made = replace(tagging(field_change("tags.team", UNSET, "b")), observed=seen)
    with pytest.raises(ValueError, match="nothing to tag"):
        tags.tagged(made, AT)
