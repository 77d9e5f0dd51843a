"""How manifests name each other, and what is said when the name leads nowhere."""

from __future__ import annotations

import pytest

from reconciler.core.references import link, references, resolve
from reconciler.kinds import KINDS
from reconciler.model.desired import App, Document, Reference
from reconciler.model.errors import Position
from tests.builders import TOYS, document, k


def linked(*documents, failed=(), apps=None, kinds=TOYS):
    """Linked documents by key, externals as (kind, address, places), problems."""
    found, externals, problems = link(documents, apps or {}, frozenset(map(k, failed)), kinds)
    named = [(item.kind, item.address, [(str(key), path) for key, path in item.named_by]) for item in externals]
    return {str(item.document.key): item for item in found}, named, problems


def told(problems):
    return [(problem.code, problem.message, problem.hint) for problem in problems]


PLACE = document("Place/main", {"name": "prod-main"})
GIVEN = document("Given/db", {"keys": ["password", "user"]})


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("ref:Place/main", Reference(k("Place/main"))),
        ("ref:shop/Place/main", Reference(k("Place/main"))),
        ("ref:other/Place/far", Reference(k("other/Place/far"))),
        ("ref:Given/db#password", Reference(k("Given/db"), "password")),
        ("ref:Place/main#", Reference(k("Place/main"))),
    ],
)
def test_an_explicit_reference_may_stand_anywhere(text, reference):
    found, externals, problems = linked(
        PLACE, GIVEN, document("other/Place/far"), document("Thing/web", {"parts": [{"id": "a", "value": text}]})
    )
    web = found["shop/Thing/web"]
    assert web.spec["parts"][0]["value"] == reference
    assert web.needs == {reference.key}
    assert list(references(web.spec)) == [(("parts", 0, "value"), reference)]
    assert (externals, problems) == ([], ())


@pytest.mark.parametrize(
    "text", ["ref:", "ref:main", "ref:Place/", "ref:/main", "ref:a/b/c/d", "ref:a//c", "ref:#part"]
)
def test_what_only_looks_like_a_reference_is_told(text):
    found, _, problems = linked(PLACE, document("Thing/web", {"place": text}))
    assert told(problems) == [
        (
            "bad-reference",
            f"{text} is not a reference",
            "write ref:Kind/name, ref:app/Kind/name or ref:Kind/name#part",
        )
    ]
    assert found["shop/Thing/web"].spec["place"] == text
    assert found["shop/Thing/web"].needs == frozenset()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("ref:Place/mian", "shop/Place/mian is not declared in this environment", "did you mean shop/Place/main?"),
        ("ref:Place/zzzzzzzzzzzzzz", "shop/Place/zzzzzzzzzzzzzz is not declared in this environment",
         "add a Place named zzzzzzzzzzzzzz to app shop"),
        ("ref:Plase/main", "there is no kind Plase", "did you mean Place?"),
        ("ref:Xyz/main", "there is no kind Xyz", "kinds are Place, Given, Paper, Thing"),
    ],
)  # fmt: skip
def test_a_reference_to_nothing_is_told_with_what_may_be_meant(text, message, hint):
    _, _, problems = linked(PLACE, document("Thing/web", {"place": text}))
    assert told(problems) == [("dangling-reference", message, hint)]
    [problem] = problems
    assert (problem.key, problem.path, problem.app) == (k("Thing/web"), "place", "shop")


def test_a_problem_stands_where_the_member_was_written():
    here = Position("web.yaml", 7, 11)
    web = document("Thing/web", {"place": "ref:Place/none"})
    web = Document(web.key, web.spec, {("place",): here}, web.at)
    [problem] = linked(web)[2]
    assert problem.at == here


def test_a_manifest_that_failed_to_render_is_still_one_that_can_be_named():
    found, _, problems = linked(document("Thing/web", {"place": "ref:Place/broken"}), failed=["Place/broken"])
    assert found["shop/Thing/web"].needs == {k("Place/broken")}
    assert problems == ()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("ref:Given/db#pasword", "shop/Given/db has no part pasword", "did you mean #password?"),
        ("ref:Given/db#zzz", "shop/Given/db has no part zzz", "it has password, user"),
        ("ref:Place/main#zzz", "shop/Place/main has no part zzz", "it has no parts"),
    ],
)
def test_a_part_that_is_not_declared_is_told_with_those_that_are(text, message, hint):
    _, _, problems = linked(PLACE, GIVEN, document("Thing/web", {"mode": text}))
    assert told(problems) == [("unknown-part", message, hint)]


def test_any_part_may_be_named_where_none_is_declared_or_nothing_is_known_of_them():
    found, _, problems = linked(
        document("Given/free"),
        document("Thing/web", {"mode": "ref:Given/free#x", "colour": "ref:Given/broken#y"}),
        failed=["Given/broken"],
    )
    assert problems == ()
    assert {str(reference) for _, reference in references(found["shop/Thing/web"].spec)} == {
        "ref:shop/Given/free#x",
        "ref:shop/Given/broken#y",
    }


def test_a_member_that_names_a_kind_takes_a_manifests_name_for_a_reference():
    found, externals, _ = linked(PLACE, document("Thing/web", {"place": "main"}))
    assert found["shop/Thing/web"].spec["place"] == Reference(k("Place/main"))
    assert externals == []


def test_the_same_word_elsewhere_is_only_a_word():
    found, externals, _ = linked(PLACE, document("Thing/web", {"mode": "main"}))
    assert found["shop/Thing/web"].spec["mode"] == "main"
    assert found["shop/Thing/web"].needs == frozenset()
    assert externals == []


@pytest.mark.parametrize("app", ["shop", "other"])
@pytest.mark.parametrize("said", ["prod-main", "arn:toy:place/prod-main"])
def test_what_is_named_by_its_address_is_an_order_but_no_reference_whichever_app_declares_it(app, said):
    found, externals, _ = linked(
        document(f"{app}/Place/main", {"name": "prod-main"}), document("Thing/web", {"place": said})
    )
    assert found["shop/Thing/web"].spec["place"] == said
    assert found["shop/Thing/web"].needs == {k(f"{app}/Place/main")}
    assert externals == []


def test_the_name_of_another_apps_manifest_is_not_a_name_here():
    found, externals, _ = linked(
        document("other/Place/main", {"name": "prod-main"}), document("Thing/web", {"place": "main"})
    )
    assert found["shop/Thing/web"].needs == frozenset()
    assert externals == [("Place", "main", [("shop/Thing/web", ("place",))])]


def test_things_outside_are_listed_once_with_everybody_who_names_them():
    _, externals, problems = linked(
        document("Thing/a", {"place": "far"}),
        document("Thing/b", {"place": "far"}),
        document("Thing/c", {"secret": "given:db"}),
    )
    assert externals == [
        ("Given", "given:db", [("shop/Thing/c", ("secret",))]),
        ("Place", "far", [("shop/Thing/a", ("place",)), ("shop/Thing/b", ("place",))]),
    ]
    assert problems == ()


def test_what_cannot_be_of_the_kind_and_what_need_not_exist_is_no_thing_outside():
    _, externals, _ = linked(
        document("Thing/a", {"secret": "plain text"}), document("Thing/b", {"place": "far", "lenient": True})
    )
    assert externals == []


def test_a_thing_does_not_name_itself_by_its_own_address():
    class Circular(type(TOYS["Place"])):
        fields = TOYS["Thing"].fields

    kinds = {**TOYS, "Place": Circular()}
    found, externals, _ = linked(document("Place/main", {"place": "arn:toy:place/main"}), kinds=kinds)
    assert found["shop/Place/main"].needs == frozenset()
    assert externals == [("Place", "arn:toy:place/main", [("shop/Place/main", ("place",))])]


def test_values_that_are_no_text_name_nothing():
    found, _, _ = linked(document("Thing/web", {"place": 7, "size": None, "limits": [True, 1.5]}))
    assert found["shop/Thing/web"].spec == {"name": "web", "place": 7, "size": None, "limits": [True, 1.5]}


# dependsOn


def test_depends_on_is_an_order_that_waits_until_it_is_ready():
    found, _, problems = linked(PLACE, document("Thing/web", needs=["Place/main"]))
    assert found["shop/Thing/web"].needs_ready == {k("Place/main")}
    assert found["shop/Thing/web"].needs == frozenset()
    assert problems == ()


def test_depends_on_nothing_is_told():
    found, _, problems = linked(PLACE, document("Thing/web", needs=["Place/mian"]))
    [problem] = problems
    assert (problem.code, problem.path) == ("dangling-reference", "metadata.dependsOn")
    assert problem.hint == "did you mean shop/Place/main?"
    assert found["shop/Thing/web"].needs_ready == frozenset()


def test_an_app_that_depends_on_another_waits_for_all_of_it():
    apps = {"shop": App("shop", depends_on=("base", "unknown")), "base": App("base")}
    found, _, problems = linked(
        document("base/Place/a"), document("base/Paper/b"), document("Thing/web"), failed=["base/Thing/c"], apps=apps
    )
    assert found["shop/Thing/web"].needs_ready == {k("base/Place/a"), k("base/Paper/b"), k("base/Thing/c")}
    assert found["base/Place/a"].needs_ready == frozenset()
    assert problems == ()


def test_an_app_that_depends_on_itself_waits_for_the_others_in_it():
    apps = {"shop": App("shop", depends_on=("shop",))}
    found, _, _ = linked(PLACE, document("Thing/web"), apps=apps)
    assert found["shop/Thing/web"].needs_ready == {k("Place/main")}


# twins


def test_two_manifests_for_one_thing_are_told_with_both_places():
    _, _, problems = linked(document("Thing/a", {"name": "web"}), document("other/Thing/b", {"name": "web"}))
    [problem] = problems
    assert problem.code == "duplicate-resource"
    assert problem.message == "other/Thing/b and shop/Thing/a are one Thing: web"
    assert problem.key == k("other/Thing/b")
    assert problem.related == ((Position("shop/a.yaml", 1, 1), "first declared here"),)


def test_one_name_of_two_kinds_is_no_twin():
    assert linked(document("Thing/a", {"name": "web"}), document("Place/a", {"name": "web"}))[2] == ()


def test_two_manifests_may_refer_to_one_thing_outside():
    assert linked(document("Given/a", {"name": "db"}), document("Given/b", {"name": "db"}))[2] == ()


def service(key, cluster):
    return document(key, {"name": None, "serviceName": "web", "cluster": cluster, "taskDefinition": "x:1"})


CLUSTER = document("Cluster/main", {"clusterName": "main"})


def test_two_services_of_one_name_in_one_cluster_are_twins():
    problems = linked(CLUSTER, service("Service/a", "main"), service("Service/b", "main"), kinds=KINDS)[2]
    assert [problem.code for problem in problems] == ["duplicate-resource"]
    two = document("Cluster/second", {"clusterName": "second"})
    assert linked(CLUSTER, two, service("Service/a", "main"), service("Service/b", "second"), kinds=KINDS)[2] == ()


def test_two_services_are_twins_also_where_one_names_the_cluster_by_manifest_and_the_other_by_its_aws_name():
    problems = linked(CLUSTER, service("Service/a", "main"), service("other/Service/b", "main"), kinds=KINDS)[2]
    assert [problem.code for problem in problems] == ["duplicate-resource"]


# resolving


def test_resolving_replaces_each_reference_and_nothing_else():
    spec = {"a": Reference(k("Place/main")), "b": [{"c": Reference(k("Given/db"), "x")}], "d": 1, "e": {}}
    assert resolve(spec, str) == {"a": "ref:shop/Place/main", "b": [{"c": "ref:shop/Given/db#x"}], "d": 1, "e": {}}
