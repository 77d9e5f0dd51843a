"""What is in force when a commit is broken in part or as a whole, and which apps a commit concerns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.in_force import apps_of, changed_apps, in_force
from reconciler.engine.lookup import Wish
from tests.lab import Lab, edit, shop

API = """
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: api}
spec: {containerDefinitions: [{name: api, image: "api:1", memory: 128}]}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: api, dependsOn: [shop/Service/web]}
spec: {cluster: main, taskDefinition: api}
"""


@pytest.fixture
def lab() -> Lab:
    made = shop()
    made.commit = "1" * 40
    made.app("other", API)
    return made


def wish(lab: Lab) -> Wish:
    return lab.draft().wish


def test_a_good_commit_is_in_force_as_it_is(lab):
    found = in_force(wish(lab), None)
    assert found.wish.desired == wish(lab).desired
    assert (found.held, found.broken) == (frozenset(), ())
    assert found.wish.complete


def test_of_an_app_that_is_broken_the_last_good_state_stays_and_all_others_go_on(lab):
    good = wish(lab)
    edit(lab, "memory: 256", "memory: lots")
    edit(lab, "api:1", "api:2", "apps/other/all.yaml")
    found = in_force(wish(lab), good)
    assert found.held == {"shop"}
    shop_now = {key: item for key, item in found.wish.desired.items() if key.app == "shop"}
    assert shop_now == {key: item for key, item in good.desired.items() if key.app == "shop"}
    [api] = [item for key, item in found.wish.desired.items() if key.kind == "TaskDefinition" and key.app == "other"]
    assert api.spec["containerDefinitions"][0]["image"] == "api:2"
    assert not any(key.app == "shop" for key in found.wish.invalid)
    assert not found.wish.complete  # nothing is pruned by it


def test_what_is_joined_of_two_commits_is_in_an_order_that_converges(lab):
    good = wish(lab)
    edit(lab, "memory: 256", "memory: lots")
    found = in_force(wish(lab), good).wish
    places = {key: place for place, key in enumerate(found.desired)}
    for key, item in found.desired.items():
        assert all(places[other] < places[key] for other in item.needs | item.needs_ready)


def test_two_states_that_need_each_other_in_a_circle_are_cut_somewhere(lab):
    lab.app("other", API.replace(", dependsOn: [shop/Service/web]", ""))
    lab.files["apps/shop/all.yaml"] = lab.files["apps/shop/all.yaml"].replace(
        "metadata: {name: web}\nspec: {cluster", "metadata: {name: web, dependsOn: [other/Service/api]}\nspec: {cluster"
    )
    good = wish(lab)
    assert not good.errors
    lab.app("other", API)
    edit(lab, "memory: 256", "memory: lots")
    found = in_force(wish(lab), good)
    assert found.wish.desired.keys() >= good.desired.keys()


def test_an_app_that_was_never_good_is_left_out(lab):
    edit(lab, "memory: 256", "memory: lots")
    found = in_force(wish(lab), None)
    assert found.held == {"shop"}
    assert any(key.app == "shop" for key in found.wish.invalid)
    assert not found.wish.complete


def test_a_commit_that_is_broken_as_a_whole_changes_nothing(lab):
    good = wish(lab)
    lab.files["environments/staging.yaml"] += "  regionn: x\n"
    edit(lab, "api:1", "api:2", "apps/other/all.yaml")
    found = in_force(wish(lab), good)
    assert found.wish.desired == good.desired
    assert found.wish.commit == good.commit
    assert found.broken
    assert not found.wish.complete
    assert in_force(wish(lab), None) is None


def test_warnings_hold_nothing_back(lab):
    lab.commit = "2" * 40
    edit(lab, "value: staging", 'value: "${{ git.sha }}"')
    made = wish(lab)
    assert made.problems
    found = in_force(made, None)
    assert (found.held, found.broken) == (frozenset(), ())


def test_a_commit_concerns_the_apps_that_want_something_else(lab):
    before = wish(lab)
    assert changed_apps(None, before) == {"shop", "other"}
    assert changed_apps(before, wish(lab)) == set()
    edit(lab, "api:1", "api:2", "apps/other/all.yaml")
    assert changed_apps(before, wish(lab)) == {"other"}


def test_where_something_is_written_concerns_nobody(lab):
    before = wish(lab)
    lab.files["apps/shop/all.yaml"] = "# a comment\n" + lab.files["apps/shop/all.yaml"]
    assert changed_apps(before, wish(lab)) == set()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("apps/shop/all.yaml", "metadata: {name: worker}", "metadata: {name: worker, policy: {prune: true}}"),
        ("apps/shop/all.yaml", "metadata: {name: worker}", "metadata: {name: worker, dependsOn: [Service/web]}"),
        ("apps/shop/all.yaml", "metadata: {name: worker}", "metadata: {name: worker, formerly: workers}"),
        ("apps/shop/all.yaml", "desiredCount: 1", "desiredCount: 3"),
        ("apps/shop/all.yaml", "memory: 256", "memory: lots"),
    ],
)
def test_whatever_says_otherwise_of_a_resource_concerns_its_app(lab, path, old, new):
    before = wish(lab)
    edit(lab, old, new, path)
    assert changed_apps(before, wish(lab)) == {"shop"}


def test_an_app_that_appears_or_vanishes_is_concerned(lab):
    before = wish(lab)
    del lab.files["apps/other/all.yaml"]
    assert changed_apps(before, wish(lab)) == {"other"}
    assert changed_apps(wish(lab), before) == {"other"}


def test_a_change_of_the_environment_concerns_all(lab):
    before = wish(lab)
    lab.files["environments/staging.yaml"] += "  policy: {prune: true}\n"
    assert changed_apps(before, wish(lab)) == {"shop", "other"}


@pytest.mark.parametrize("said", ["suspend: true", "approve: true", 'windows: [{allow: "0 9 * * *", duration: 1h}]'])
def test_suspending_an_app_or_asking_for_approval_or_windows_concerns_it(lab, said):
    before = wish(lab)
    app = f"apiVersion: reconciler/v1\nkind: App\nmetadata: {{name: shop}}\nspec: {{{said}}}\n"
    lab.write("apps/shop/app.yaml", app)
    assert not wish(lab).errors
    assert changed_apps(before, wish(lab)) == {"shop"}


def test_apps_are_those_that_declare_something_well_or_not(lab):
    edit(lab, "memory: 256", "memory: lots")
    assert apps_of(wish(lab)) == {"shop", "other"}
    assert apps_of(replace(wish(lab), desired={}, invalid=frozenset())) == set()
