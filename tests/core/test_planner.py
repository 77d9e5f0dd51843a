"""From what should be and what is to the fewest changes, each with what it waits for and every call left to make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.gate import ready
from reconciler.core.planner import plan
from reconciler.model.errors import Denied, Rejected, Throttled
from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import COMMIT, DIGEST, OWNER, PRUNE
from reconciler.model.observed import Observed
from reconciler.model.plan import Action
from reconciler.model.policy import Policy
from reconciler.model.status import Health, HealthWord
from reconciler.model.tree import Pending
from tests.builders import absent, as_desired, document, k, there, wished, world

PLACE, PAPER = document("Place/main"), document("Paper/x")
WEB = document("Thing/web", {"place": "main", "paper": "x", "size": 1})
REPLACE = Policy(replace=True)


def changes(world):
    return {str(change.key).removeprefix("shop/"): change for change in plan(world).changes}


def only(world):
    [change] = plan(world).changes
    return change


def operations(change):
    return [call.operation.removeprefix("toy:") for call in change.calls]


def settled(*documents, besides=(), **more):
    """A world in which everything declared is as desired, but for some readings."""
    desired, _ = wished(*documents)
    resolved = {"place": "arn:toy:place/main", "paper": "arn:toy:paper/x:1"}
    readings = []
    for item in desired.values():
        spec = {name: value for name, value in resolved.items() if name in item.spec}
        arn = {"arn": "arn:toy:paper/x:1"} if item.key.kind == "Paper" else {}
        readings.append(as_desired(item, spec, **arn))
    return world(*documents, seen=[*readings, *besides], **more)


# each action


def test_what_is_as_desired_is_no_change():
    made = plan(settled(PLACE, PAPER, WEB))
    assert made.empty
    assert [str(key) for key in made.unchanged] == ["shop/Paper/x", "shop/Place/main", "shop/Thing/web"]


def test_what_is_not_there_is_created_with_every_member():
    change = only(world(document("Thing/web", {"size": 1})))
    assert (change.action, change.step, change.effect) == (Action.CREATE, Action.CREATE, None)
    assert {field.text: (field.before, field.after) for field in change.fields} == {
        "name": (UNSET, "web"),
        "size": (UNSET, 1),
    }
    assert operations(change) == ["CreateThing"]
    assert change.calls[0].params["tags"] == [{"key": OWNER, "value": "default/staging/shop/Thing/web"}]


def test_what_differs_is_updated_with_what_differs_alone():
    [desired] = wished(document("Thing/web", {"size": 1, "mode": "odd"}))[0].values()
    change = only(world(desired.document, seen=[there("Thing/web", {"size": 2, "mode": "odd", "colour": "red"})]))
    assert (change.action, change.step, change.effect) == (Action.UPDATE, Action.UPDATE, Effect.IN_PLACE)
    assert change.values == {"size": 1}
    assert operations(change) == ["UpdateThing"]
    assert change.calls[0].params == {"arn": "arn:toy:thing/web", "size": 1}


def test_the_harshest_effect_of_its_members_is_that_of_a_change():
    here = settled(PLACE, PAPER, WEB)
    seen = {**here.seen, k("Thing/web"): there("Thing/web", {"place": "arn:toy:place/main", "paper": "old", "size": 2})}
    change = only(replace(here, seen=seen))
    assert [field.text for field in change.fields] == ["paper", "size"]
    assert change.effect is Effect.ROLLS_TASKS


def test_adoption_writes_our_tags_and_what_differs():
    here = world(document("Thing/web", {"size": 1}), seen=[there("Thing/web", {"size": 1}, ours=False)])
    change = only(replace(here, asked=Policy(adopt=True)))
    assert (change.action, change.step) == (Action.ADOPT, Action.UPDATE)
    assert [call.operation for call in change.calls] == ["ecs:TagResource"]
    here = world(document("Thing/web", {"size": 2}), seen=[there("Thing/web", {"size": 1}, ours=False)])
    change = only(replace(here, asked=Policy(adopt=True)))
    assert [call.operation for call in change.calls] == ["ecs:TagResource", "toy:UpdateThing"]


def test_adopting_a_revision_stamps_it_with_digest_and_commit_and_registers_nothing():
    here = world(document("Paper/x", {"mode": "a"}), commit="c" * 40, asked=Policy(adopt=True),
                 seen=[there("Paper/x", {"mode": "a"}, ours=False)])  # fmt: skip
    change = only(here)
    assert change.action is Action.ADOPT
    assert {field.path[1] for field in change.fields} == {OWNER, DIGEST, COMMIT}
    assert [call.operation for call in change.calls] == ["ecs:TagResource"]


def test_without_consent_what_nobody_owns_is_held_and_nothing_is_planned_for_it():
    change = only(world(document("Thing/web"), seen=[there("Thing/web", ours=False)]))
    assert (change.action, change.calls) == (Action.HOLD, ())
    assert change.blocked is not None
    assert change.blocked.code == "OwnershipConflict"


@pytest.mark.parametrize(
    ("levels", "blocked"),
    [
        ((Policy(adopt=True), Policy()), False),
        ((Policy(), Policy(adopt=True)), False),
        ((Policy(adopt=True), Policy(adopt=False)), True),
        ((Policy(adopt=False), Policy(adopt=True)), True),
        ((Policy(), Policy()), True),
    ],
)
def test_adoption_needs_every_level_that_speaks(levels, blocked):
    asked, own = levels
    seen = [there("Thing/web", ours=False)]
    assert bool(only(world(document("Thing/web", policy=own), seen=seen, asked=asked)).blocked) is blocked


# stamps


@pytest.mark.parametrize(("said", "tag"), [(True, "true"), (False, "false"), (None, None)])
def test_a_manifests_own_word_on_pruning_is_kept_as_a_tag(said, tag):
    change = only(world(document("Thing/web", policy=Policy(prune=said))))
    assert change.stamps.get(PRUNE) == tag
    assert change.stamps[OWNER] == "default/staging/shop/Thing/web"


@pytest.mark.parametrize(("commit", "stamps"), [("c" * 40, {OWNER, DIGEST, COMMIT}), (None, {OWNER, DIGEST})])
def test_a_revision_carries_its_digest_and_the_commit_if_there_is_one(commit, stamps):
    assert set(only(world(document("Paper/x"), commit=commit)).stamps) == stamps
    assert set(only(world(document("Thing/web"), commit=commit)).stamps) == {OWNER}


def test_a_commit_that_changes_nothing_of_a_resource_does_not_touch_its_tags():
    [desired] = wished(PAPER)[0].values()
    seen = as_desired(desired, tags={COMMIT: "a" * 40})
    assert plan(world(PAPER, seen=[seen], commit="b" * 40)).empty


def test_a_revision_whose_digest_was_made_otherwise_but_whose_content_is_equal_is_not_touched():
    assert plan(
        world(document("Paper/x", {"mode": "a"}), seen=[there("Paper/x", {"mode": "a"}, tags={DIGEST: "x"})])
    ).empty


def test_a_word_on_pruning_that_was_taken_back_is_untagged():
    seen = there("Thing/web", tags={PRUNE: "false"})
    change = only(world(document("Thing/web"), seen=[seen]))
    assert [call.operation for call in change.calls] == ["ecs:UntagResource"]


# waiting, and what is not known yet


def test_a_first_plan_holds_every_call_and_says_what_each_value_waits_for():
    found = changes(world(PLACE, PAPER, WEB))
    web = found["Thing/web"]
    assert [str(key) for key in web.waits_on] == ["shop/Paper/x", "shop/Place/main"]
    assert operations(web) == ["CreateThing"]
    assert web.calls[0].params["place"] == Pending("(known after Place/main)")
    assert web.calls[0].params["paper"] == Pending("(known after Paper/x)")
    assert [change.key.kind for change in ready(plan(world(PLACE, PAPER, WEB)))] == ["Paper", "Place"]


def test_the_name_of_another_app_is_told_in_full():
    found = changes(world(document("base/Paper/x"), document("Thing/web", {"paper": "ref:base/Paper/x"})))
    assert found["Thing/web"].calls[0].params["paper"] == Pending("(known after base/Paper/x)")


def test_a_new_revision_gives_another_identity_and_whoever_names_it_waits():
    here = settled(PLACE, PAPER, WEB)
    here = world(PLACE, document("Paper/x", {"mode": "new"}), WEB, seen=here.seen.values())
    found = changes(here)
    assert {name: str(change.action) for name, change in found.items()} == {"Paper/x": "update", "Thing/web": "update"}
    assert [field.text for field in found["Thing/web"].fields] == ["paper"]
    assert found["Thing/web"].fields[0].after == Pending("(known after Paper/x)")
    assert found["Thing/web"].waits_on == (k("Paper/x"),)


def test_new_tags_give_no_other_identity_but_come_first():
    here = settled(PLACE, PAPER, WEB)
    tagged = document("Paper/x", {"tags": [{"key": "a", "value": "1"}]})
    assert list(changes(world(PLACE, tagged, WEB, seen=here.seen.values()))) == ["Paper/x"]


def test_what_changes_in_place_gives_no_other_identity_either():
    here = settled(PLACE, PAPER, WEB)
    found = changes(world(document("Place/main", {"colour": "red"}), PAPER, WEB, seen=here.seen.values()))
    assert list(found) == ["Place/main"]


def test_what_could_not_be_read_has_no_value_and_nothing_is_concluded_from_that():
    here = settled(PLACE, PAPER, WEB)
    broken = Observed.failed(k("Paper/x"), Throttled("slow down", operation="toy:Describe"))
    web = changes(replace(here, seen={**here.seen, k("Paper/x"): broken}))["Thing/web"]
    assert (web.action, web.waits_on, web.fields, web.calls) == (Action.HOLD, (k("Paper/x"),), (), ())


def test_what_cannot_be_replaced_is_not_refused_because_nobody_knows_where_it_is():
    here = settled(PLACE, PAPER, WEB)
    broken = Observed.failed(k("Place/main"), Throttled("slow down", operation="toy:Describe"))
    web = changes(replace(here, seen={**here.seen, k("Place/main"): broken}))["Thing/web"]
    assert (web.action, web.waits_on, web.blocked) == (Action.HOLD, (k("Place/main"),), None)


def test_what_nobody_knows_where_to_look_for_is_not_taken_for_absent():
    here = settled(PLACE, PAPER, WEB)
    broken = Observed.failed(k("Place/main"), Throttled("slow down", operation="toy:Describe"))
    web = changes(replace(here, seen={k("Paper/x"): here.seen[k("Paper/x")], k("Place/main"): broken}))["Thing/web"]
    assert (web.action, web.waits_on, web.calls) == (Action.HOLD, (k("Place/main"),), ())


def test_a_value_that_its_kind_does_not_know_yet_is_pending_too():
    nameless = there("Place/main", arn=None)
    found = changes(world(PLACE, document("Thing/web", {"place": "main"}), seen=[nameless]))
    assert found["Thing/web"].calls[0].params["place"] == Pending("(known after Place/main)")


def test_what_is_waited_for_until_it_is_ready_is_waited_for_although_it_is_as_desired():
    waiting = document("Thing/web", needs=["Thing/first"])
    first = there("Thing/first")
    found = changes(world(document("Thing/first"), waiting, seen=[first]))
    assert found["Thing/web"].waits_on == ()
    starting = there("Thing/first", live={"starting": True})
    found = changes(world(document("Thing/first"), waiting, seen=[starting]))
    assert list(found) == ["Thing/web"]
    assert found["Thing/web"].waits_on == (k("Thing/first"),)


def test_what_waits_for_it_to_be_ready_waits_for_its_change_too():
    first, waiting = document("Thing/first", {"size": 2}), document("Thing/web", needs=["Thing/first"])
    found = changes(world(first, waiting, seen=[there("Thing/first", {"size": 1})]))
    assert found["Thing/web"].waits_on == (k("Thing/first"),)


def test_a_need_that_is_invalid_holds_back_what_needs_it_and_nothing_else():
    web = document("Thing/web", {"place": "ref:Place/broken"})
    found = changes(
        world(web, document("Thing/other"), failed=["Place/broken"], invalid=frozenset({k("Place/broken")}))
    )
    assert found["Thing/web"].blocked is not None
    assert found["Thing/web"].blocked.code == "InvalidManifest"
    assert found["Thing/web"].waits_on == (k("Place/broken"),)
    assert found["Thing/other"].blocked is None


def test_changes_come_in_an_order_that_converges():
    order = [change.key.kind for change in plan(world(WEB, PAPER, PLACE)).changes]
    assert order == ["Paper", "Place", "Thing"]


# readings that failed


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Denied("no", operation="toy:Describe", action="toy:Describe"), "AccessDenied"),
        (Rejected("nonsense", operation="toy:Describe"), "ObserveFailed"),
    ],
)
def test_a_reading_that_will_fail_again_blocks(error, code):
    change = only(world(document("Thing/web"), seen=[Observed.failed(k("Thing/web"), error)]))
    assert (change.action, change.calls, change.waiting) == (Action.HOLD, (), "")
    assert change.blocked is not None
    assert (change.blocked.code, change.blocked.message, change.blocked.hint) == (code, error.message, error.hint)


def test_a_reading_that_may_succeed_next_time_is_waited_for():
    failed = Observed.failed(k("Thing/web"), Throttled("slow down", operation="toy:Describe"))
    change = only(world(document("Thing/web"), seen=[failed]))
    assert (change.action, change.blocked) == (Action.HOLD, None)
    assert change.waiting == "it could not be read: slow down"


def test_what_is_draining_keeps_its_name_until_it_is_gone():
    change = only(world(document("Thing/web"), seen=[absent("Thing/web", status="DRAINING")]))
    assert change.action is Action.CREATE
    assert change.waiting == "the name is still taken by a Thing that is draining"
    assert change.calls == ()


# replaced create-first: another AWS name


def renamed(**more):
    policy = more.pop("policy", REPLACE)
    old = there("Thing/web", {"name": "web"}, live={"size": 7})
    return world(document("Thing/web", {"name": "new"}, policy=policy), leftovers=[old], **more)


def test_under_another_name_the_new_one_is_made_first_and_the_old_one_goes_once_it_is_ready():
    change = only(renamed())
    assert (change.action, change.step) == (Action.REPLACE, Action.CREATE)
    assert change.effect is Effect.REPLACES_CREATE_FIRST
    assert operations(change) == ["CreateThing", "DeleteThing"]
    create, delete = change.calls
    assert create.ready
    assert create.params["size"] == 7  # carried over
    assert delete.params == {"arn": "arn:toy:thing/web"}
    assert delete.gate == Pending("(known after shop/Thing/web is Ready)")
    assert "arn:toy:thing/web is deleted" in change.note


def test_while_the_new_one_is_not_ready_the_old_one_stays():
    new = there("Thing/web", {"name": "new"}, live={"starting": True})
    change = only(renamed(seen=[new]))
    assert (change.action, change.step, change.ready) == (Action.REPLACE, Action.DELETE, False)
    assert [call.gate for call in change.calls] == [Pending("(known after shop/Thing/web is Ready)")]
    assert change.observed is change.old


def test_once_the_new_one_is_ready_the_old_one_goes():
    change = only(renamed(seen=[there("Thing/web", {"name": "new"})]))
    assert operations(change) == ["DeleteThing"]
    assert change.calls[0].ready
    assert change.waits_on == ()


@pytest.mark.parametrize("where", ["seen", "leftovers", "orphans"])
def test_what_still_uses_the_old_one_is_waited_for(where):
    user = there("Thing/user", {"paper": "arn:toy:thing/web"})
    here = renamed(seen=[there("Thing/web", {"name": "new"})])
    here = replace(here, **{where: {**getattr(here, where), user.key: user}})
    [change] = [change for change in plan(here).changes if change.key == k("Thing/web")]
    assert change.waits_on == (k("Thing/user"),)
    assert not change.calls[0].ready


def test_nobody_waits_for_what_is_only_cleaned_up():
    new = there("Thing/web", {"name": "new"}, live={"starting": True})
    here = world(
        document("Thing/web", {"name": "new"}, policy=REPLACE),
        document("Thing/next", {"mode": "ref:Thing/web"}),
        seen=[new],
        leftovers=[there("Thing/web")],
    )
    found = changes(here)
    assert found["Thing/next"].waits_on == ()
    assert found["Thing/next"].calls[0].params["mode"] == "arn:toy:thing/new"


def test_what_is_left_of_a_kept_kind_stays_unless_its_own_policy_says_otherwise():
    old = there("Place/main", {"name": "old"})
    assert operations(only(world(document("Place/main", {"name": "new"}), leftovers=[old]))) == ["CreatePlace"]
    new = there("Place/main", {"name": "new"})
    assert plan(world(document("Place/main", {"name": "new"}), seen=[new], leftovers=[old])).empty
    pruned = document("Place/main", {"name": "new"}, policy=Policy(prune=True, replace=True))
    said = there("Place/main", {"name": "new"}, tags={PRUNE: "true"})
    assert operations(only(world(pruned, leftovers=[old]))) == ["CreatePlace", "DeletePlace"]
    assert operations(only(world(pruned, seen=[said], leftovers=[old]))) == ["DeletePlace"]


@pytest.mark.parametrize(
    ("document_", "refused"),
    [
        (document("Thing/web", {"name": "new"}), True),
        (document("Thing/web", {"name": "new"}, policy=Policy(replace=False)), True),
        (document("Thing/web", {"name": "new"}, policy=REPLACE), False),
        (document("Thing/web", {"name": "new"}, formerly="Thing/old"), False),
    ],
)
def test_a_replacement_needs_consent_or_to_be_a_rename(document_, refused):
    change = only(world(document_, leftovers=[there("Thing/web")]))
    assert bool(change.blocked) is refused
    if change.blocked:
        assert change.blocked.code == "ImmutableFieldChange"
        assert "a replacement create-first is refused until policy allows it" in change.blocked.message


def test_a_new_family_of_revisions_needs_no_consent():
    old = there("Paper/x", {"name": "x"})
    change = only(world(document("Paper/x", {"name": "y"}), leftovers=[old]))
    assert change.blocked is None
    assert operations(change) == ["CreatePaper", "DeletePaper"]


def test_what_was_left_and_is_gone_is_not_deleted_again():
    change = only(replace(renamed(), leftovers={k("Thing/web"): absent("Thing/web")}))
    assert (change.action, operations(change)) == (Action.CREATE, ["CreateThing"])


# replaced with downtime: the same AWS name


def recoloured(policy=REPLACE, **more):
    return world(
        document("Thing/web", {"colour": "blue"}, policy=policy, **more),
        seen=[there("Thing/web", {"colour": "red"}, live={"size": 7})],
    )


def test_what_cannot_be_changed_in_place_is_deleted_and_then_made_anew():
    change = only(recoloured())
    assert (change.action, change.step) == (Action.REPLACE, Action.DELETE)
    assert change.effect is Effect.REPLACES_WITH_DOWNTIME
    assert operations(change) == ["DeleteThing", "CreateThing"]
    delete, create = change.calls
    assert delete.ready
    assert create.gate == Pending("(known after shop/Thing/web is gone)")
    assert (create.params["colour"], create.params["size"]) == ("blue", 7)
    assert change.note == "colour cannot be changed in place: it is deleted, then created again"


def test_it_is_refused_until_policy_allows_it_and_says_how():
    change = only(recoloured(Policy()))
    assert change.blocked is not None
    assert (change.blocked.code, change.blocked.key) == ("ImmutableFieldChange", k("Thing/web"))
    assert "with downtime is refused" in change.blocked.message
    assert "policy.replace: true" in change.blocked.hint


def test_what_names_it_waits_for_the_new_identity():
    here = recoloured()
    here = world(
        here.desired[k("Thing/web")].document,
        document("Thing/next", {"mode": "ref:Thing/web"}),
        seen=[*here.seen.values(), there("Thing/next", {"mode": "arn:toy:thing/web"})],
    )
    assert changes(here)["Thing/next"].fields[0].after == Pending("(known after Thing/web)")


def test_an_ignored_member_does_not_replace_anything():
    assert plan(recoloured(Policy(ignore=("colour",)))).empty


# suspended, and apps out of scope


def test_a_suspended_app_is_looked_at_and_not_changed():
    here = replace(settled(PLACE, PAPER, document("Thing/web", {"place": "main", "paper": "x", "size": 2})),
                   suspended=frozenset({"shop"}))  # fmt: skip
    assert plan(here).empty
    seen = {**here.seen, k("Thing/web"): there("Thing/web", {**(here.seen[k("Thing/web")].spec or {}), "size": 1})}
    change = only(replace(here, seen=seen))
    assert change.blocked is not None
    assert (change.blocked.code, change.blocked.message) == ("Suspended", "the app shop is suspended")
    assert [field.text for field in change.fields] == ["size"]


def test_a_conflict_in_a_suspended_app_is_still_told_as_the_conflict_it_is():
    here = world(document("Thing/web"), seen=[there("Thing/web", ours=False)], suspended=frozenset({"shop"}))
    blocked = only(here).blocked
    assert blocked is not None
    assert blocked.code == "OwnershipConflict"


def test_what_another_app_needs_of_a_suspended_one_is_waited_for():
    here = world(document("base/Place/main"), document("Thing/web", {"place": "ref:base/Place/main"}),
                 suspended=frozenset({"base"}))  # fmt: skip
    found = changes(here)
    assert found["Thing/web"].blocked is None
    assert found["Thing/web"].waits_on == (k("base/Place/main"),)


def test_what_is_out_of_scope_is_planned_for_what_it_is_needed_but_not_shown():
    here = world(document("base/Place/main"), document("Thing/web", {"place": "ref:base/Place/main"}),
                 apps=frozenset({"shop"}))  # fmt: skip
    made = plan(here)
    assert [str(change.key) for change in made.changes] == ["shop/Thing/web"]
    assert made.changes[0].waits_on == (k("base/Place/main"),)
    there_ = world(document("base/Place/main"), document("Thing/web"), apps=frozenset({"shop"}),
                   seen=[there("base/Place/main"), there("Thing/web")])  # fmt: skip
    assert plan(there_).unchanged == (k("Thing/web"),)


# things outside


def test_a_family_named_without_revision_is_its_newest_one():
    latest = Observed(k("Paper/far"), absent("Paper/far").at, {"name": "far"}, arn="arn:toy:paper/far:9")
    here = world(document("Thing/web", {"paper": "far"}), outside={("Paper", "far"): latest})
    assert only(here).calls[0].params["paper"] == "arn:toy:paper/far:9"
    place = replace(latest, arn="arn:toy:place/far")
    here = world(document("Thing/web", {"place": "far"}), outside={("Place", "far"): place})
    assert only(here).calls[0].params["place"] == "far"


def test_planning_is_pure():
    here = world(PLACE, PAPER, WEB, health={k("Thing/web"): Health(HealthWord.HEALTHY)})
    assert plan(here) == plan(here)
