"""Pins, retries and records as tables: which word holds for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planner import plan
from reconciler.core.said import not_heard, pin_of, pin_words, retried, rolls, tidied, was_synced
from reconciler.core.synced import to_record
from reconciler.kinds import KINDS
from reconciler.model.errors import Denied, ReconcilerError, Throttled
from reconciler.model.fields import Effect
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.record import EVERY, Pin, Record, Said, short
from reconciler.model.status import Condition, ResourceStatus, Status
from tests.builders import AT, document, k, there, world

ALICE = Said("alice", AT, "why not")


@pytest.fixture(autouse=True)
def _things_run_papers(monkeypatch):
    """The toy Thing runs what its member paper names."""
    from tests.builders import TOYS

    monkeypatch.setattr(type(TOYS["Thing"]), "runs", "paper")


def pin_for(here, key="Thing/web", revision="arn:toy:paper/old:1"):
    return Pin(revision, short(here.desired[k(key)].digest), ALICE)


def said(here, **words):
    return replace(here, records={"shop": Record(**words)})


def test_a_pin_holds_for_the_digest_it_was_set_instead_of_and_no_other():
    here = world(document("Thing/web", {"mode": "new"}))
    pin = pin_for(here)
    assert pin_of(said(here, pins={"Thing/web": pin}), here.desired[k("Thing/web")]) == pin
    later = world(document("Thing/web", {"mode": "newer"}))
    assert pin_of(said(later, pins={"Thing/web": pin}), later.desired[k("Thing/web")]) is None


def test_a_pin_of_another_app_or_resource_is_none():
    here = world(document("Thing/web"), document("blog/Thing/web", {"name": "blog"}), document("Thing/worker"))
    pinned = said(here, pins={"Thing/web": pin_for(here)})
    assert pin_of(pinned, here.desired[k("blog/Thing/web")]) is None
    assert pin_of(pinned, here.desired[k("Thing/worker")]) is None


def test_a_pin_with_no_digest_holds_nothing():
    here = world(document("Thing/web"))
    assert pin_of(said(here, pins={"Thing/web": Pin("arn:x", "", ALICE)}), here.desired[k("Thing/web")]) is None


def test_the_pinned_revision_takes_the_place_of_the_declared_one_and_waits_for_nothing_of_it():
    declared = [document("Paper/web"), document("Thing/web", {"paper": "web"})]
    here = world(*declared, seen=[there("Thing/web", {"paper": "arn:toy:paper/web:9"})])
    [change] = [it for it in plan(said(here, pins={"Thing/web": pin_for(here)})).changes if it.key.kind == "Thing"]
    assert change.values == {"paper": "arn:toy:paper/old:1"}
    assert change.waits_on == ()
    assert change.note.startswith("pinned to old:1 by alice")


def test_a_dependency_that_must_be_ready_is_waited_for_by_a_pinned_resource_too():
    declared = [document("Paper/web"), document("Thing/web", {"paper": "web"}, needs=["Paper/web"])]
    here = world(*declared, seen=[there("Thing/web", {"paper": "arn:toy:paper/web:9"})])
    [change] = [it for it in plan(said(here, pins={"Thing/web": pin_for(here)})).changes if it.key.kind == "Thing"]
    assert change.waits_on == (k("Paper/web"),)


def test_what_runs_as_pinned_is_held_and_says_what_is_wanted_instead():
    here = world(document("Thing/web", {"paper": "arn:toy:paper/new:2"}),
                 seen=[there("Thing/web", {"paper": "arn:toy:paper/old:1"})])  # fmt: skip
    [change] = plan(said(here, pins={"Thing/web": pin_for(here)})).changes
    assert (change.action, change.blocked.code, change.calls) == (Action.HOLD, "Pinned", ())
    assert [field.after for field in change.fields] == ["arn:toy:paper/new:2"]


def test_while_what_is_pinned_still_starts_it_is_waited_for():
    here = world(document("Thing/web", {"paper": "arn:toy:paper/new:2"}),
                 seen=[there("Thing/web", {"paper": "arn:toy:paper/old:1"}, live={"starting": True})])  # fmt: skip
    [change] = plan(said(here, pins={"Thing/web": pin_for(here)})).changes
    assert (change.blocked, change.doing) == (None, "RollingBack")
    assert "pinned to old:1" in change.waiting


def test_a_pin_to_what_the_repository_wants_is_no_pin():
    here = world(document("Thing/web", {"paper": "arn:toy:paper/old:1"}),
                 seen=[there("Thing/web", {"paper": "arn:toy:paper/old:1"})])  # fmt: skip
    assert plan(said(here, pins={"Thing/web": pin_for(here)})).empty


def test_the_words_of_a_pin_say_what_who_when_and_why():
    assert pin_words(Pin("arn:x:task-definition/web:7", "d", ALICE, "c" * 40)) == (
        "pinned to web:7 (commit cccccccccccc) by alice at 2026-01-05 09:00 UTC: why not"
    )
    assert pin_words(Pin("arn:x:task-definition/web:7", "d", Said("bob", AT))) == (
        "pinned to web:7 by bob at 2026-01-05 09:00 UTC"
    )


@pytest.mark.parametrize(("recorded", "found"), [("same", True), ("other", False), (None, False)])
def test_was_synced(recorded, found):
    here = world(document("Thing/web"))
    desired = here.desired[k("Thing/web")]
    digests = {"same": short(desired.digest), "other": "0" * 12}
    synced = {"Thing/web": digests[recorded]} if recorded else {}
    assert was_synced(said(here, synced=synced), desired) is found


# the record of what was synced


def fares(*items):
    def one(key, word):
        condition = Condition("Ready", "True" if word == "ready" else "False", "", "")
        stalled = (Condition("Stalled", "True", "", ""),) if word == "stalled" else ()
        return ResourceStatus(k(key), "", (condition, *stalled))

    return Status("staging", None, tuple(one(*item) for item in items))


def recorded(here, status, changes=(), rolled=()):
    found = to_record(here, Plan("staging", None, tuple(changes)), status, {k(key) for key in rolled})
    return {app: record.synced for app, record in found.items()}


def digests(here, *keys):
    return {key: short(here.desired[k(key)].digest) for key in keys}


def test_what_is_ready_is_recorded_once_the_whole_app_rests():
    here = world(document("Thing/web"), document("Thing/worker"), document("Place/here"))
    moving = fares(("Thing/web", "ready"), ("Thing/worker", "moving"))
    assert recorded(here, moving) == {}
    stuck = fares(("Thing/web", "ready"), ("Thing/worker", "stalled"))
    assert recorded(here, stuck) == {"shop": digests(here, "Thing/web")}
    rest = fares(("Thing/web", "ready"), ("Thing/worker", "ready"))
    assert recorded(here, rest) == {"shop": digests(here, "Thing/web", "Thing/worker")}


def test_what_is_recorded_already_is_not_written_again():
    here = world(document("Thing/web"))
    known = {"synced": digests(here, "Thing/web"), "whole": here.wholes["shop"]}
    assert recorded(said(here, **known), fares(("Thing/web", "ready"))) == {}


def test_what_begins_to_move_elsewhere_is_struck_off_at_once_and_what_is_corrected_is_not():
    here = world(document("Thing/web"))
    moving = fares(("Thing/web", "moving"))
    assert recorded(said(here, synced={"Thing/web": "0" * 12}), moving, rolled=["Thing/web"]) == {"shop": {}}
    assert recorded(said(here, synced={"Thing/web": "0" * 12}), moving) == {}
    assert recorded(said(here, synced=digests(here, "Thing/web")), moving, rolled=["Thing/web"]) == {}


def test_what_is_no_longer_declared_is_struck_off():
    here = world(document("Thing/web"))
    known = {**digests(here, "Thing/web"), "Thing/gone": "0" * 12}
    assert recorded(said(here, synced=known), fares(("Thing/web", "ready"))) == {"shop": digests(here, "Thing/web")}


def test_what_still_has_a_change_is_not_recorded_as_synced():
    here = world(document("Thing/web"))
    change = Change(k("Thing/web"), Action.HOLD, Action.HOLD)
    assert recorded(here, fares(("Thing/web", "ready")), [change]) == {}


def test_an_app_that_is_out_of_scope_or_not_heard_of_is_not_recorded():
    here = world(document("Thing/web"))
    ready = fares(("Thing/web", "ready"))
    assert recorded(replace(here, apps=frozenset({"blog"})), ready) == {}
    assert recorded(replace(here, unheard={EVERY: ReconcilerError("no")}), ready) == {}


# words that come and go


def test_a_retry_names_what_failed_and_lifts_pins():
    record = Record(pins={"Service/web": Pin("a", "b", ALICE)}, retried={"Service/web": "d1", "Job/x": "done"})
    after = retried(record, {"Service/web": "d2", "Service/worker": None}, {"Service/web"})
    assert (after.pins, after.retried) == ({}, {"Service/web": "d2", "Job/x": "done"})


def test_words_that_no_longer_matter_are_dropped():
    here = world(document("Thing/web"))
    live, stale = pin_for(here), Pin("a", "0" * 12, ALICE)
    record = Record(ALICE, {"Thing/web": live, "Thing/gone": live}, {"Thing/web": "d", "Thing/gone": "d"})
    after = tidied(record, here.desired, "shop")
    assert (set(after.pins), set(after.retried), after.suspended) == ({"Thing/web"}, {"Thing/web"}, ALICE)
    assert tidied(Record(pins={"Thing/web": stale}), here.desired, "shop").pins == {}


@pytest.mark.parametrize(
    ("error", "code", "waits"),
    [
        (Denied("no", operation="ssm:GetParametersByPath", action="ssm:GetParametersByPath"), "AccessDenied", False),
        (ReconcilerError("garbled", hint="mend it"), "RecordUnreadable", False),
        (Throttled("slow down", operation="ssm:GetParametersByPath"), None, True),
    ],
)
@pytest.mark.parametrize("app", ["shop", EVERY])
def test_nothing_is_changed_while_it_is_not_known_what_people_said(error, code, waits, app):
    here = replace(world(document("Thing/web")), unheard={app: error})
    [change] = plan(here).changes
    assert (change.blocked.code if change.blocked else None, bool(change.waiting)) == (code, waits)


def test_an_app_of_which_it_is_known_goes_on_beside_one_of_which_it_is_not():
    here = replace(
        world(document("Thing/web"), document("blog/Thing/web", {"name": "blog"})),
        unheard={"blog": ReconcilerError("x")},
    )
    assert {str(change.key): change.blocked is None for change in plan(here).changes} == {
        "shop/Thing/web": True,
        "blog/Thing/web": False,
    }


def test_a_warning_says_of_which_app_nothing_is_known():
    assert (not_heard("shop", ReconcilerError("x")).app, not_heard("shop", ReconcilerError("x")).code) == (
        "shop",
        "record-unreadable",
    )
    assert not_heard(EVERY, ReconcilerError("x")).app is None


@pytest.mark.parametrize(("effect", "found"), [(None, False), (Effect.IN_PLACE, False), (Effect.ROLLS_TASKS, True)])
def test_what_rolls(effect, found):
    assert rolls(Change(k("Thing/web"), Action.UPDATE, Action.UPDATE, effect)) is found


def test_only_what_runs_a_revision_can_be_pinned():
    assert {name for name, kind in KINDS.items() if kind.runs} >= {"Service"}
    assert not KINDS["Cluster"].runs
