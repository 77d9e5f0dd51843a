"""The one graph: what comes first, which circles there are, and digests along it."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from reconciler.core.order import desire, fingerprint, in_order
from reconciler.core.references import link
from reconciler.kinds import KINDS
from reconciler.model.desired import App
from tests.builders import TOYS, document, k


def names(*texts):
    return [k(f"Thing/{text}") for text in texts]


def graph(**edges):
    return {k(f"Thing/{key}"): names(*before) for key, before in edges.items()}


def desired(*documents, kinds=TOYS, apps=None, failed=()):
    linked, _, problems = link(documents, apps or {}, frozenset(map(k, failed)), kinds)
    assert problems == ()
    return desire(linked, kinds)


def digest(*documents, kinds=TOYS):
    """The digest of the last of some documents."""
    found, cycles = desired(*documents, kinds=kinds)
    assert cycles == ()
    return found[documents[-1].key].digest


@pytest.mark.parametrize(
    ("edges", "order"),
    [
        ({}, ""),
        ({"b": "", "a": "", "c": ""}, "abc"),
        ({"a": "b", "b": "c", "c": ""}, "cba"),
        ({"a": "c", "b": "", "c": "", "d": "a"}, "bcad"),
        ({"a": "z"}, "a"),
        ({"b": "a", "c": "a", "d": "cb", "a": ""}, "abcd"),
    ],
)
def test_each_comes_after_what_it_needs_and_equals_come_by_key(edges, order):
    assert in_order(graph(**edges)) == names(*order)
    assert in_order(dict(reversed(graph(**edges).items()))) == names(*order)


def test_a_circle_has_no_order():
    with pytest.raises(CycleError):
        in_order(graph(a="b", b="a"))


# circles


def circle(**edges):
    documents = [document(f"Thing/{name}", needs=[f"Thing/{need}" for need in needs]) for name, needs in edges.items()]
    found, problems = desired(*documents)
    return [key.name for key in found], [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("edges", "circles"),
    [
        ({"a": "a"}, ["a -> a"]),
        ({"b": "a", "a": "b"}, ["a -> b -> a"]),
        ({"a": "b", "b": "c", "c": "a"}, ["a -> b -> c -> a"]),
        ({"c": "b", "b": "a", "a": "c"}, ["a -> c -> b -> a"]),
    ],
)
def test_a_circle_is_told_from_its_first_member_each_before_what_it_waits_for(edges, circles):
    _, messages = circle(**edges)
    shown = [" -> ".join(f"shop/Thing/{name}" for name in each.split(" -> ")) for each in circles]
    assert messages == [f"these wait for each other: {each}" for each in shown]


def test_every_circle_is_told_and_what_stands_beside_or_behind_them_goes_on():
    found, messages = circle(a="b", b="a", c="d", d="c", behind="a", beside="")
    assert sorted(messages) == [
        "these wait for each other: shop/Thing/a -> shop/Thing/b -> shop/Thing/a",
        "these wait for each other: shop/Thing/c -> shop/Thing/d -> shop/Thing/c",
    ]
    assert found == ["behind", "beside"]


def test_a_circle_may_run_through_references_and_depends_on_and_apps():
    apps = {"shop": App("shop", depends_on=("base",))}
    found, problems = desired(
        document("base/Place/main", {"colour": "ref:shop/Thing/web"}), document("Thing/web"), apps=apps
    )
    [problem] = problems
    assert problem.message == "these wait for each other: base/Place/main -> shop/Thing/web -> base/Place/main"
    assert (problem.code, problem.key, problem.app) == ("dependency-cycle", k("base/Place/main"), "base")
    assert found == {}


def test_a_name_that_was_not_rendered_comes_before_nothing():
    found, problems = desired(document("Thing/web", {"place": "ref:Place/broken"}), failed=["Place/broken"])
    assert list(found) == [k("Thing/web")]
    assert found[k("Thing/web")].needs == {k("Place/broken")}
    assert problems == ()


def test_desired_things_come_in_the_order_of_the_graph():
    found, _ = desired(
        document("Thing/a", {"place": "main", "paper": "x"}),
        document("Paper/x", {"key": "ref:Given/db"}),
        document("Place/main", needs=["Given/db"]),
        document("Given/db"),
    )
    assert [str(key) for key in found] == ["shop/Given/db", "shop/Paper/x", "shop/Place/main", "shop/Thing/a"]
    assert found[k("Given/db")].external
    assert not found[k("Thing/a")].external


# digests

SAME = [
    ({"size": 1, "colour": "red"}, {"colour": "red", "size": 1}),
    ({"parts": [{"id": "a", "x": 1}, {"id": "b"}]}, {"parts": [{"id": "b"}, {"x": 1, "id": "a"}]}),
    ({"limits": ["b", "a"]}, {"limits": ["a", "b"]}),
    ({}, {"mode": "plain"}),
    ({}, {"parts": []}),
    ({}, {"colour": None}),
    ({"tags": [{"key": "a", "value": "1"}, {"key": "b"}]}, {"tags": [{"key": "b", "value": ""}, {"key": "a", "value": "1"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_what_is_equal_to_aws_has_one_digest(one, other):
    assert digest(document("Thing/web", one)) == digest(document("Thing/web", other))


@pytest.mark.parametrize(
    "spec",
    [
        {"size": 1},
        {"size": 0},
        {"mode": "other"},
        {"steps": ["a", "b"]},
        {"steps": ["b", "a"]},
        {"tags": []},
        {"tags": [{"key": "a", "value": "1"}]},
        {"size": "1"},
    ],
    ids=str,
)
def test_whatever_makes_a_difference_has_a_digest_of_its_own(spec):
    assert digest(document("Thing/web", spec)) != digest(document("Thing/web"))


def test_the_tags_of_a_versioned_thing_are_no_part_of_its_digest():
    tagged = document("Paper/x", {"tags": [{"key": "a", "value": "1"}]})
    assert digest(tagged) == digest(document("Paper/x"))
    assert digest(document("Paper/x", {"lines": [{"id": "1"}]})) != digest(document("Paper/x"))


def test_what_a_manifest_is_called_and_labelled_is_no_part_of_its_digest():
    assert digest(document("Paper/y", {"name": "x"}, labels={"tier": "web"})) == digest(document("Paper/x"))


def test_a_digest_changes_with_that_of_what_it_refers_to_and_so_on_up():
    web = document("Thing/web", {"paper": "x"})
    behind = document("Thing/behind", {"colour": "ref:Thing/web"})
    before = digest(document("Paper/x"), web, behind)
    assert digest(document("Paper/x", {"mode": "other"}), web, behind) != before
    assert digest(document("Paper/x", {"mode": "plain"}), web, behind) == before


def test_a_digest_does_not_change_with_what_is_only_waited_for():
    web = document("Thing/web", needs=["Place/main"])
    assert digest(document("Place/main"), web) == digest(document("Place/main", {"colour": "red"}), web)


def test_another_part_of_the_same_thing_is_another_digest():
    given = document("Given/db")
    assert digest(given, document("Paper/x", {"key": "ref:Given/db#a"})) != digest(
        given, document("Paper/x", {"key": "ref:Given/db#b"})
    )


def test_a_manifest_renamed_keeps_the_digest_of_what_refers_to_it():
    assert digest(document("Paper/x"), document("Thing/web", {"paper": "x"})) == digest(
        document("Paper/y", {"name": "x"}), document("Thing/web", {"paper": "y"})
    )


CONTAINER = {"name": "web", "image": "a", "memory": 64}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cpu": ".5 vCPU"}, {"cpu": "512"}),
        ({"memory": "1 GB"}, {"memory": "1024"}),
        ({"networkMode": "bridge"}, {}),
        ({"taskRoleArn": "arn:aws:iam::1:role/path/app"}, {"taskRoleArn": "app"}),
        ({"containerDefinitions": [{**CONTAINER, "essential": True}]}, {"containerDefinitions": [CONTAINER]}),
    ],
    ids=str,
)
def test_a_task_definition_written_otherwise_is_the_same_revision(one, other):
    def definition(spec):
        both = {"name": None, "family": "web", "containerDefinitions": [CONTAINER], **spec}
        return document("TaskDefinition/web", both)

    assert digest(definition(one), kinds=KINDS) == digest(definition(other), kinds=KINDS)


def test_a_fingerprint_is_of_the_value_and_not_of_its_order():
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint([1, 2]) != fingerprint([2, 1])
    assert len(fingerprint("")) == 64
