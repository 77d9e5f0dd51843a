"""Tags of pinned images: recorded on revisions, brought up to date in place, and told when they have moved."""

from __future__ import annotations

import pytest

from reconciler.core.moved import moved
from reconciler.core.planner import plan
from reconciler.model.fields import UNSET
from reconciler.model.key import IMAGE, OWNER
from reconciler.model.plan import Action
from tests.builders import as_desired, document, field_change, there, wished, world

A, B = ("host/shop@sha256:" + letter * 64 for letter in "ab")


def pinned(image=A, **tags):
    return document("Paper/x", {"lines": [{"id": "web", "image": image}]}, pinned=tags or {"web": "v1"})


def seen(document, **tags):
    """The revision as the document wants it, with these tags recorded."""
    desired, _ = wished(document)
    [item] = desired.values()
    return as_desired(item, arn="arn:toy:paper/x:1", tags={IMAGE + name: tag for name, tag in tags.items()})


def only(*documents, **more):
    [change] = plan(world(*documents, **more)).changes
    return change


def test_a_new_revision_records_the_tags():
    change = only(pinned(web="v1", log="2"))
    assert {name: tag for name, tag in change.stamps.items() if name.startswith(IMAGE)} == {
        "reconciler:image/web": "v1",
        "reconciler:image/log": "2",
    }


@pytest.mark.parametrize(("name", "tag"), [("w" * 112, "v1"), ("web", "v" * 257)])
def test_what_is_too_long_for_a_tag_is_not_recorded(name, tag):
    assert not any(stamp.startswith(IMAGE) for stamp in only(pinned(**{name: tag})).stamps)


def test_another_name_for_the_same_image_changes_the_tag_alone():
    one = pinned(web="v1.0")
    change = only(one, seen=[seen(one, web="v1")])
    assert [(field.text, field.before, field.after) for field in change.fields] == [
        ("tags.reconciler:image/web", "v1", "v1.0")
    ]
    assert (change.action, change.note) == (Action.UPDATE, "")
    assert [call.operation for call in change.calls] == ["ecs:TagResource"]


def test_the_same_name_for_the_same_image_changes_nothing():
    one = pinned()
    assert plan(world(one, seen=[seen(one, web="v1")])).empty


def test_a_name_that_is_not_used_any_more_is_taken_away():
    one = document("Paper/x", {"lines": [{"id": "web", "image": A}]})
    change = only(one, seen=[seen(one, web="v1")])
    assert [(field.text, field.after) for field in change.fields] == [("tags.reconciler:image/web", UNSET)]


def test_what_is_not_ours_keeps_its_tags():
    one = document("Paper/x", {"lines": [{"id": "web", "image": A}]})
    reading = there("Paper/x", {"lines": one.spec["lines"]}, ours=False, kin=True, tags={IMAGE + "web": "v1"})
    assert OWNER not in reading.tags
    assert not any(change.fields for change in plan(world(one, seen=[reading])).changes)


def test_a_tag_that_has_moved_is_told():
    change = only(pinned(B), seen=[seen(pinned(A), web="v1")])
    assert change.note == "v1 has moved in ECR: git is unchanged"


@pytest.mark.parametrize(
    ("changes", "tags", "said"),
    [
        ((("lines.web.image", A, B),), {"web": "v1"}, "v1 has moved in ECR: git is unchanged"),
        ((("lines.web.image", A, B), ("lines.log.image", A, B)), {"web": "v1", "log": "2"},
         "v1, 2 have moved in ECR: git is unchanged"),
        ((("lines.web.image", A, B), ("lines.log.image", A, B)), {"web": "v1", "log": "1"}, ""),
        ((("lines.web.image", A, B),), {"web": "v0"}, ""),
        ((("lines.web.image", A, B),), {}, ""),
        ((("lines.web.image", A, B.replace("shop", "other")),), {"web": "v1"}, ""),
        ((("lines.web.image", "host/shop:v1", B),), {"web": "v1"}, ""),
        ((("lines.web.image", A, B), ("lines.web.memory", 1, 2)), {"web": "v1"}, ""),
        ((("lines.web.image", A, B), ("mode", "a", "b")), {"web": "v1"}, ""),
        ((), {"web": "v1"}, ""),
    ],
)  # fmt: skip
def test_it_is_said_only_where_nothing_else_differs(changes, tags, said):
    desired, _ = wished(pinned(web="v1", log="2"))
    [item] = desired.values()
    assert moved(item, seen(pinned(), **tags), [field_change(*change) for change in changes]) == said
