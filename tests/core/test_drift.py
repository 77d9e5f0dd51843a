"""The base, the cause and the patience, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.base import base_of, wanted
from reconciler.core.compare import AS_IT_WAS, Before, cause, compare, missing, remaining
from reconciler.core.drift import CLEAN, LADDER, WHOLE, cause_of, drifted, released, remembered
from reconciler.core.planner import plan
from reconciler.core.synced import MOST_BEHIND, to_record
from reconciler.kinds import KINDS
from reconciler.kinds.log_group import LogGroup
from reconciler.model.desired import Desired
from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import OWNER
from reconciler.model.observed import Inventory, Nominated, Observed
from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.model.policy import Policy
from reconciler.model.record import Record, short
from reconciler.model.status import Condition, Healed, ResourceStatus, Status
from tests.builders import AT, SCOPE, TOYS, document, k, later, there, wished, world

WEB = k("Thing/web")
OLD, NEW = "a" * 40, "b" * 40


def once(*documents):
    """What was wanted at an earlier commit."""
    return wished(*documents)[0]


def known(here, *, bases=None, **record):
    """A world with a record of its app, and what was wanted at the commit that it names."""
    record.setdefault("commit", OLD)
    return replace(here, records={"shop": Record(**record)}, bases={("shop", OLD): bases} if bases is not None else {})


def same(here, **more):
    """A world whose app wants what it wanted when it was last in force."""
    return known(here, whole=here.wholes["shop"], **more)


def web(spec, live, **more):
    return world(document("Thing/web", spec, policy=more.pop("policy", Policy())), seen=[there("Thing/web", live)], **more)


def of(here, key=WEB):
    return next((change for change in plan(here).changes if change.key == key), None)


# a cause


@pytest.mark.parametrize(
    ("was", "wanted_now", "live", "expected"),
    [
        (1, 2, 1, "git"),
        (1, 1, 2, "drift"),
        (1, 2, 3, "both"),
        (UNSET, 2, UNSET, "git"),
        (UNSET, UNSET, 2, "drift"),
        (1, UNSET, 1, "git"),
        (1, 1, UNSET, "drift"),
        (UNSET, 2, 3, "both"),
        (AS_IT_WAS, 2, 3, "git"),
        ({"a": AS_IT_WAS}, {"a": 1}, {"a": 2}, "git"),
    ],
)
def test_the_cause_of_a_member(was, wanted_now, live, expected):
    trees = [{} if value is UNSET else {"size": value} for value in (was, wanted_now, live)]
    assert cause(("size",), *trees) == expected


def test_what_was_not_there_before_is_of_git():
    assert cause(("size",), None, {"size": 1}, {"size": 2}) == "git"


@pytest.mark.parametrize(
    ("causes", "expected"),
    [(["drift"], "drift"), (["git", "git"], "git"), (["git", "drift"], "both"), (["both"], "both"),
     (["drift", None], None), ([], None)],
)  # fmt: skip
def test_the_cause_of_a_resource_is_that_of_its_members(causes, expected):
    assert cause_of([FieldChange(("size",), 1, 2, Effect.IN_PLACE, it) for it in causes]) == expected


# the base


def test_while_an_app_wants_the_same_the_base_is_what_is_desired_and_no_commit_is_asked_for():
    here = same(web({"size": 1}, {"size": 2}))
    assert base_of(here, here.desired[WEB]).desired is here.desired[WEB]
    assert wanted(here) == frozenset()
    assert of(here).cause == "drift"


def test_else_the_commit_of_the_record_is_asked_for_once_an_app():
    here = known(world(document("Thing/web"), document("Thing/worker")), whole="other")
    assert wanted(here) == {("shop", OLD)}
    assert base_of(here, here.desired[WEB]) is None


@pytest.mark.parametrize("record", [{}, {"whole": ""}, {"whole": "other", "commit": None}])
def test_without_hash_or_commit_nothing_is_known(record):
    here = known(web({"size": 1}, {"size": 2}), **record)
    assert (wanted(here), of(here).cause) == (frozenset(), None)


def test_what_is_behind_has_the_base_of_its_own_commit_or_none():
    here = web({"size": 1}, {"size": 2})
    then = once(document("Thing/web", {"size": 2}))
    for commit, expected in ((OLD, "git"), ("", None)):
        behind = known(here, whole=here.wholes["shop"], commit=NEW, behind={"Thing/web": commit}, bases=then)
        assert of(behind).cause == expected
        assert wanted(behind) == ({("shop", OLD)} if commit else frozenset())


def test_what_is_out_of_scope_or_unheard_has_no_base():
    here = same(web({"size": 1}, {"size": 2}))
    assert base_of(replace(here, apps=frozenset({"other"})), here.desired[WEB]) is None


def test_an_invalid_manifest_makes_the_app_another_than_the_recorded_one():
    here = world(document("Thing/web"), failed=["Thing/bad"])
    assert "shop" not in replace(here, invalid=frozenset({k("Thing/bad")})).wholes


@pytest.mark.parametrize("changed", [{"mode": "odd"}, {"tags": [{"key": "a", "value": "b"}]}])
def test_the_hash_of_an_app_changes_with_all_that_it_says_tags_of_a_revision_too(changed):
    plain, other = world(document("Paper/x")), world(document("Paper/x", changed))
    assert plain.wholes != other.wholes


def test_a_referent_that_is_as_it_was_has_the_value_of_now_and_one_that_changed_its_revision_of_then():
    documents = [document("Paper/x", {"mode": "new"}), document("Thing/web", {"paper": "x"})]
    then = once(document("Paper/x", {"mode": "old"}), document("Thing/web", {"paper": "x"}))
    digest = then[k("Paper/x")].digest
    revision = Nominated("arn:toy:paper/x:1", {"reconciler:digest": digest, OWNER: SCOPE.owner(k("Paper/x"))})
    papers = there("Paper/x", {"mode": "new"}, arn="arn:toy:paper/x:2")
    for live, expected in (("arn:toy:paper/x:1", "git"), ("arn:toy:paper/y:9", "both")):
        here = world(*documents, seen=[papers, there("Thing/web", {"paper": live})],
                     inventory=Inventory({k("Paper/x"): (revision,)}))  # fmt: skip
        assert of(known(here, whole="other", bases=then)).cause == expected
    here = replace(here, inventory=Inventory())
    assert of(known(here, whole="other", bases=then)).cause == "git"  # nobody knows which it was


def test_what_is_not_there():
    thing, then = TOYS["Thing"], {"name": "web", "size": 1}
    assert missing(thing, then, None) is None
    assert missing(thing, then, Before(None, {})) == "git"
    assert missing(thing, then, Before(dict(then), {})) == "drift"
    assert missing(thing, then, Before({**then, "size": 2}, {})) == "both"
    assert missing(thing, then, Before({**then, "name": "other"}, {})) == "git"


# what is said no more


def compared(kind, spec, live, before):
    key = document("Thing/web").key
    desired = Desired(document("Thing/web"), spec, "d")
    found = compare(kind, desired, Observed(key, AT, live), Policy(), {}, Before(before, {}))
    return {change.text: (change.after, change.cause) for change in found.changes}, found.values


SERVICE = KINDS["Service"]
STRATEGY = [{"capacityProvider": "FARGATE", "weight": 1}]


@pytest.mark.parametrize(
    ("member", "said", "after", "sent"),
    [
        ("healthCheckGracePeriodSeconds", 60, 0, 0),
        ("placementConstraints", [{"type": "distinctInstance"}], [], []),
        ("serviceRegistries", [{"registryArn": "arn:r"}], [], []),
        ("capacityProviderStrategy", STRATEGY, UNSET, []),
        ("platformVersion", "1.4.0", "LATEST", "LATEST"),
    ],
)
def test_a_member_of_a_service_that_is_said_no_more_is_removed(member, said, after, sent):
    changes, values = compared(SERVICE, {"serviceName": "web"}, {"serviceName": "web", member: said},
                               {"serviceName": "web", member: said})  # fmt: skip
    assert list(changes.values()) == [(after, "git")]
    assert {path.split(".")[0] for path in changes} == {member}
    assert values == {member: sent}


@pytest.mark.parametrize(("member", "said"), [("desiredCount", 2), ("launchType", "EC2")])
def test_what_is_handed_over_is_never_reset_and_not_warned_of(member, said):
    spec, live = {"serviceName": "web"}, {"serviceName": "web", member: said}
    assert compared(SERVICE, spec, live, live) == ({}, {})
    assert remaining(SERVICE, spec, Observed(WEB, AT, live), Policy(), Before(live, {})) == ()


@pytest.mark.parametrize(
    ("kind", "member", "said"),
    [("Service", "networkConfiguration", {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}),
     ("Service", "availabilityZoneRebalancing", "ENABLED"),
     ("Cluster", "settings", [{"name": "containerInsights", "value": "enabled"}]),
     ("Parameter", "description", "x")],
)  # fmt: skip
def test_what_the_api_cannot_take_away_stays_and_is_named(kind, member, said):
    name = KINDS[kind].fields.name
    spec, live = {name: "web"}, {name: "web", member: said}
    assert compared(KINDS[kind], spec, live, live) == ({}, {})
    [path] = remaining(KINDS[kind], spec, Observed(WEB, AT, live), Policy(), Before(live, {}))
    assert path.split(".")[0] == member
    assert remaining(KINDS[kind], spec, Observed(WEB, AT, live), Policy(ignore=(member,)), Before(live, {})) in ((), (path,))


def test_what_somebody_has_changed_since_is_theirs():
    changes, _ = compared(SERVICE, {"serviceName": "web"},
                          {"serviceName": "web", "capacityProviderStrategy": [{"capacityProvider": "OTHER"}]},
                          {"serviceName": "web", "capacityProviderStrategy": STRATEGY})  # fmt: skip
    assert changes == {}


def test_a_log_group_s_key_and_retention_are_taken_away_by_calls_of_their_own():
    live = {"logGroupName": "g", "retentionInDays": 30, "kmsKeyId": "arn:k"}
    documents = document("LogGroup/g", {"logGroupName": "g"})
    desired = Desired(documents, {"logGroupName": "g"}, "d")
    seen = Observed(documents.key, AT, live, arn="arn:g")
    found = compare(LogGroup(), desired, seen, Policy(), {}, Before(live, {}))
    change = Change(documents.key, Action.UPDATE, Action.UPDATE, desired=desired, observed=seen,
                    fields=found.changes, values=found.values)  # fmt: skip
    calls = [(call.operation, dict(call.params)) for call in LogGroup().calls(change)]
    assert calls == [
        ("logs:DeleteRetentionPolicy", {"logGroupName": "g"}), ("logs:DisassociateKmsKey", {"logGroupName": "g"})
    ]  # fmt: skip


# policy


@pytest.mark.parametrize(
    ("word", "unattended", "expected"),
    [
        (None, False, "update"), ("warn", False, "update"), ("correct", False, "update"), ("off", False, None),
        (None, True, "DriftDetected"), ("warn", True, "DriftDetected"), ("correct", True, "update"), ("off", True, None),
    ],
)  # fmt: skip
def test_what_a_policy_makes_of_drift(word, unattended, expected):
    here = same(web({"size": 1}, {"size": 2}, policy=Policy(drift=word)))
    change = of(replace(here, unattended=unattended))
    told = None if change is None else change.blocked.code if change.blocked else str(change.action)
    assert told == expected
    planned = plan(replace(here, unattended=unattended))
    assert bool(planned.ignored) is (word == "off")
    assert bool(drifted(planned)) is (word != "off")


def test_a_suspended_app_is_held_for_that_and_not_for_drift():
    here = replace(same(web({"size": 1}, {"size": 2})), unattended=True, suspended=frozenset({"shop"}))
    assert of(here).blocked.code == "Suspended"


def test_what_git_changes_is_made_and_what_is_left_is_told():
    here = web({"size": 1, "mode": "odd"}, {"size": 2})
    then = once(document("Thing/web", {"size": 1}))
    change = of(replace(known(here, whole="other", bases=then), unattended=True))
    assert ([it.text for it in change.fields], [it.text for it in change.left]) == (["mode"], ["size"])
    assert (change.values, change.cause) == ({"mode": "odd"}, "git")


def test_a_revision_is_made_as_a_whole_where_git_changes_some_of_it():
    here = world(document("Paper/x", {"mode": "new", "key": "k"}), seen=[there("Paper/x", {"mode": "old", "key": "other"})])
    then = once(document("Paper/x", {"mode": "old", "key": "k"}))
    change = of(replace(known(here, whole="other", bases=then), unattended=True), k("Paper/x"))
    assert ({it.text: it.cause for it in change.fields}, change.left) == ({"key": "drift", "mode": "git"}, ())


# patience


def healed(here, times, seconds=0.0, count=None, seen=None):
    desired = here.desired[WEB]
    at = later(-seconds)
    return {WEB: Healed(f"{desired.digest} {desired.content}", times, count or max(times.values()), at, seen or at)}


def corrected(times, seconds=1000.0, **more):
    here = same(web({"size": 1}, {"size": 2}, policy=Policy(drift="correct")))
    return replace(here, unattended=True, healed=healed(here, times, seconds, **more))


@pytest.mark.parametrize("count", range(1, 9))
def test_each_correction_waits_longer_than_the_one_before_up_to_five_minutes(count):
    wait = LADDER[min(count, 6)]
    early, due = (of(corrected({"mode": 1}, seconds, count=count)) for seconds in (wait - 0.5, wait))
    assert (early.doing, due.waiting) == ("ProgressingWithRetry", "")


@pytest.mark.parametrize(("times", "code"), [({"size": 1}, None), ({"size": 2}, "DriftUnresolvable"), ({"mode": 5}, None)])
def test_the_same_path_is_corrected_twice(times, code):
    blocked = of(corrected(times)).blocked
    assert (blocked.code if blocked else None) == code


def test_peace_another_digest_or_a_person_s_word_begin_anew():
    assert of(corrected({"size": 2}, CLEAN)).blocked is None
    assert of(corrected({"size": 2}, CLEAN, seen=later(-CLEAN + 1))).blocked is not None
    here = corrected({"size": 2})
    changed = {WEB: replace(here.healed[WEB], digest="other")}
    assert of(replace(here, healed=changed)).blocked is None
    for moment, free in ((later(-2000), False), (later(-500), True)):
        record = replace(here.record("shop"), retried={"Thing/web": released(moment)})
        assert (of(replace(here, records={"shop": record})).blocked is None) is free


def test_a_person_is_not_made_to_wait():
    assert of(replace(corrected({"size": 9}), unattended=False)).blocked is None


def test_what_is_remembered_of_corrections():
    here = corrected({"size": 1}, 100)
    rest = Plan("staging", None)
    [found] = remembered(here, rest, {WEB: ("size", "mode")}).values()
    assert (found.times, found.count, found.at, found.seen) == ({"size": 2, "mode": 1}, 2, AT, AT)
    [still] = remembered(here, plan(here), {}).values()
    assert (still.at, still.seen) == (later(-100), AT)
    assert remembered(replace(here, unattended=False, healed={}), rest, {WEB: ("size",)}) == {}
    assert remembered(replace(here, healed=healed(here, {"size": 2}, CLEAN)), rest, {}) == {}
    away = replace(here, apps=frozenset({"other"}), healed=healed(here, {"size": 2}, CLEAN))
    assert set(remembered(away, rest, {})) == {WEB}


def test_a_deleted_resource_counts_as_one_path():
    here = same(world(document("Thing/web", {"size": 1}, policy=Policy(drift="correct"))))
    here = replace(here, seen={WEB: Observed(WEB, AT)}, unattended=True)
    assert drifted(plan(here)) == {WEB: (WHOLE,)}
    here = replace(here, healed=healed(here, {WHOLE: 2}, 1000))
    assert of(here).blocked.message.startswith("it was corrected 2 times and deleted again")


# what is recorded


def fares(*names, word="ready"):
    ready = Condition("Ready", "True" if word == "ready" else "False", "", "")
    stalled = (Condition("Stalled", "True", "", ""),) if word == "stalled" else ()
    return Status("staging", None, tuple(ResourceStatus(k(name), "", (ready, *stalled)) for name in names))


@pytest.fixture
def runs(monkeypatch):
    monkeypatch.setattr(type(TOYS["Thing"]), "runs", "paper")


def test_the_commit_moves_with_the_app_and_with_nothing_else():
    here = replace(world(document("Place/a"), document("Place/b")), commit=NEW)
    rest = Plan("staging", NEW)
    [first] = to_record(here, rest, fares(), ()).values()
    assert (first.commit, first.whole, first.behind) == (NEW, here.wholes["shop"], {})
    assert to_record(known(here, whole=first.whole), rest, fares(), ()) == {}
    [moved] = to_record(known(here, whole="other"), rest, fares(), ()).values()
    assert (moved.commit, moved.whole) == (NEW, first.whole)


def test_what_does_not_hold_is_behind_at_its_own_commit_and_without_one_when_it_was_written():
    here = world(document("Place/a", {"colour": "red"}), document("Place/b"), seen=[there("Place/a"), there("Place/b")],
                 commit=NEW)  # fmt: skip
    here = known(here, whole="other", bases=once(document("Place/a"), document("Place/b")))
    planned = plan(here)
    assert [str(change.key) for change in planned.changes] == ["shop/Place/a"]
    for written, commit in (((), OLD), ({k("Place/a")}, "")):
        [found] = to_record(here, planned, fares(), (), written).values()
        assert (found.commit, found.behind) == (NEW, {"Place/a": commit})


@pytest.mark.usefixtures("runs")
def test_what_was_written_on_the_way_is_marked_and_the_commit_stays():
    here = world(document("Place/a", {"colour": "red"}), document("Thing/web"), seen=[there("Place/a"), there("Thing/web")],
                 commit=NEW)  # fmt: skip
    here = known(here, whole="other", bases=once(document("Place/a"), document("Thing/web")))
    [found] = to_record(here, Plan("staging", NEW), fares("Thing/web", word="moving"), (), {k("Place/a")}).values()
    assert (found.commit, found.whole, found.behind) == (OLD, "other", {"Place/a": ""})


@pytest.mark.usefixtures("runs")
def test_a_correction_is_no_way_to_anywhere():
    here = same(web({"size": 1}, {"size": 2}))
    assert to_record(here, Plan("staging", None), fares("Thing/web", word="moving"), (), {WEB}) == {}


@pytest.mark.usefixtures("runs")
def test_more_than_there_is_room_for_is_not_told_apart():
    many = [document(f"Place/p{n}", {"colour": "red"}) for n in range(MOST_BEHIND + 1)]
    here = known(world(*many, document("Thing/web"), commit=NEW), whole="other", bases={})
    written = {item.key for item in many}
    [found] = to_record(here, Plan("staging", NEW), fares("Thing/web", word="moving"), (), written).values()
    assert (found.commit, found.whole, found.behind) == (None, "", {})


@pytest.mark.usefixtures("runs")
def test_drift_that_is_left_does_not_keep_a_service_from_being_recorded():
    here = replace(same(web({"size": 1}, {"size": 2})), unattended=True)
    [found] = to_record(here, plan(here), fares("Thing/web", word="stalled"), ()).values()
    assert found.synced == {"Thing/web": short(here.desired[WEB].digest)}
