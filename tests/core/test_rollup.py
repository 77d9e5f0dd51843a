"""From what was found to what is shown: conditions, reasons, phases, since when, and when to look again."""

from __future__ import annotations

import pytest

from reconciler.core.planner import plan
from reconciler.core.rollup import LOOK_AGAIN, look_again, remember, rollup
from reconciler.model.errors import Denied, NotFound, OutcomeUnknown, Problem, Rejected, Throttled
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Plan
from reconciler.model.policy import Policy
from reconciler.model.status import Health, HealthWord, Memory
from tests.builders import absent, change, document, field_change, k, later, there, world

WEB = k("Thing/web")
HERE = there("Thing/web")
HEALTHY = Health(HealthWord.HEALTHY, "Running", "2/2 running")
MOVING = Health(HealthWord.PROGRESSING, "TasksStarting", "1/2 running")
DRAINING = Health(HealthWord.PROGRESSING, "OldTasksDraining", "1 of the old")
SICK = Health(HealthWord.DEGRADED, "DeploymentFailed", "it failed", stalled=True)
POORLY = Health(HealthWord.DEGRADED, "Unwell", "so so")
UPDATE = change("Thing/web", fields=(field_change("size", 1, 2),))
CREATE = change("Thing/web", Action.CREATE, fields=(field_change("size", after=2),))
SLOW = Throttled("slow down", operation="toy:Update")
NO = Denied("not authorized", operation="toy:Update", action="toy:Update")
WRONG = Rejected("nonsense", operation="toy:Update", hint="mend it")
HELD = Problem("Suspended", "the app is suspended", hint="resume it")


def status(seen=HERE, health=HEALTHY, made=None, failure=None, memory=None, **more):
    here = world(document("Thing/web"), seen=[seen] if seen else [], health={WEB: health} if health else {}, **more)
    planned = Plan("staging", None, (made,) if made else ())
    return rollup(here, planned, {WEB: failure} if failure else {}, memory or Memory())


def shown(**facts):
    """Phase, and each condition as ``Type status reason``."""
    [resource] = status(**facts).resources
    return resource.phase, [f"{item.type} {item.status} {item.reason}" for item in resource.conditions]


UNREAD = Observed.failed(WEB, SLOW)
DENIED = Observed.failed(WEB, NO)

TABLE = {
    "all is well": (
        {},
        ("Ready", ["Ready True Running", "Synced True Synced", "Healthy True Running"]),
    ),
    "as declared and rolling": (
        {"health": MOVING},
        ("RollingOut", ["Ready False TasksStarting", "Synced True Synced", "Healthy Unknown TasksStarting",
                        "Reconciling True RollingOut"]),
    ),
    "as declared, old tasks stop": (
        {"health": DRAINING},
        ("RollingOut", ["Ready False OldTasksDraining", "Synced True Synced", "Healthy Unknown OldTasksDraining",
                        "Reconciling True Draining"]),
    ),
    "as declared and unwell": (
        {"health": POORLY},
        ("Degraded", ["Ready False Unwell", "Synced True Synced", "Healthy False Unwell", "Reconciling True RollingOut"]),
    ),
    "as declared and beyond help": (
        {"health": SICK},
        ("Failed", ["Ready False DeploymentFailed", "Synced True Synced", "Healthy False DeploymentFailed",
                    "Stalled True DeploymentFailed"]),
    ),
    "a change may help what is beyond help": (
        {"health": SICK, "made": UPDATE},
        ("Updating", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy False DeploymentFailed",
                      "Reconciling True Progressing"]),
    ),
    "not there yet": (
        {"seen": absent("Thing/web"), "health": None, "made": CREATE},
        ("Pending", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy False Missing",
                     "Reconciling True Progressing"]),
    ),
    "healthy and to be changed": (
        {"made": UPDATE},
        ("Updating", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy True Running",
                      "Reconciling True Progressing"]),
    ),
    "waits for another": (
        {"made": change("Thing/web", waits_on=(k("Paper/x"), k("Place/main")))},
        ("Blocked", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy True Running",
                     "Reconciling True WaitingForDependency"]),
    ),
    "waits for its name": (
        {"made": change("Thing/web", Action.CREATE, waiting="the name is still taken")},
        ("Updating", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy True Running",
                      "Reconciling True Draining"]),
    ),
    "held back": (
        {"made": change("Thing/web", blocked=HELD)},
        ("Failed", ["Ready False Suspended", "Synced False Suspended", "Healthy True Running", "Stalled True Suspended"]),
    ),
    "refused for good": (
        {"made": UPDATE, "failure": WRONG},
        ("Failed", ["Ready False Rejected", "Synced False OutOfSync", "Healthy True Running", "Stalled True Rejected"]),
    ),
    "denied": (
        {"made": UPDATE, "failure": NO},
        ("Failed", ["Ready False AccessDenied", "Synced False OutOfSync", "Healthy True Running",
                    "Stalled True AccessDenied"]),
    ),
    "refused for now": (
        {"made": UPDATE, "failure": SLOW},
        ("Updating", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy True Running",
                      "Reconciling True ProgressingWithRetry"]),
    ),
    "no answer": (
        {"made": UPDATE, "failure": OutcomeUnknown("lost", operation="toy:Update")},
        ("Updating", ["Ready False OutOfSync", "Synced False OutOfSync", "Healthy True Running",
                      "Reconciling True ProgressingWithRetry"]),
    ),
    "unread, will be read again": (
        {"seen": UNREAD, "health": None, "made": change("Thing/web", Action.HOLD, waiting="it could not be read")},
        ("Unknown", ["Ready False ObserveFailed", "Synced Unknown ObserveFailed", "Healthy Unknown ObserveFailed",
                     "Reconciling True ProgressingWithRetry"]),
    ),
    "unread for good": (
        {"seen": DENIED, "health": None, "made": change("Thing/web", Action.HOLD, blocked=Problem("AccessDenied", "no"))},
        ("Unknown", ["Ready False AccessDenied", "Synced Unknown ObserveFailed", "Healthy Unknown ObserveFailed",
                     "Stalled True AccessDenied"]),
    ),
    "a health without a reason": (
        {"health": Health(HealthWord.HEALTHY)},
        ("Ready", ["Ready True Healthy", "Synced True Synced", "Healthy True Healthy"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_conditions_and_the_phase_that_is_derived_from_them(case):
    facts, expected = TABLE[case]
    assert shown(**facts) == expected


def messages(**facts):
    [resource] = status(**facts).resources
    return {item.type: item.message for item in resource.conditions}


@pytest.mark.parametrize(
    ("facts", "type", "message"),
    [
        ({"made": UPDATE}, "Synced", "update: size"),
        ({"made": change("Thing/web")}, "Synced", "update"),
        ({"made": change("Thing/web", fields=tuple(field_change(name) for name in "abcd"))}, "Synced", "update: a, b, c, …"),
        ({"made": change("Thing/web", blocked=HELD)}, "Stalled", "the app is suspended (resume it)"),
        ({"made": change("Thing/web", blocked=Problem("x", "no"))}, "Stalled", "no"),
        ({"made": UPDATE, "failure": WRONG}, "Stalled", "toy:Update: nonsense (mend it)"),
        ({"made": UPDATE, "failure": NO}, "Stalled", "toy:Update: not authorized (allow toy:Update to this role)"),
        ({"made": UPDATE, "failure": SLOW}, "Reconciling", "toy:Update: slow down"),
        ({"made": UPDATE, "failure": NotFound("gone", operation="toy:Update")}, "Stalled", "toy:Update: gone"),
        ({"made": change("Thing/web", waits_on=(k("Paper/x"),))}, "Reconciling", "after shop/Paper/x"),
        ({"health": MOVING}, "Ready", "1/2 running"),
        ({}, "Synced", "as the repository says"),
    ],
)  # fmt: skip
def test_messages_say_what_and_what_to_do(facts, type, message):
    assert messages(**facts)[type] == message


def test_something_no_longer_declared_is_shown_while_it_goes_and_then_no_more():
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    [resource] = rollup(here, plan(here), {}, Memory()).resources
    assert (str(resource.key), resource.phase) == ("shop/Thing/old", "Draining")
    synced = resource.condition("Synced")
    assert synced is not None
    assert (synced.reason, synced.message) == ("PrunePending", "no longer declared")
    kept = world(orphans=[there("Thing/old")])
    assert rollup(kept, plan(kept), {}, Memory()).resources == ()
    assert rollup(world(), Plan("staging", None), {}, Memory()).ready


def test_something_about_to_be_deleted_is_not_said_to_be_missing():
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    [resource] = rollup(here, plan(here), {}, Memory()).resources
    healthy = resource.condition("Healthy")
    assert healthy is not None
    assert healthy.reason != "Missing"


def test_only_what_is_in_scope_is_shown():
    here = world(document("base/Place/main"), document("Thing/web"), apps=frozenset({"shop"}))
    assert [str(item.key) for item in rollup(here, plan(here), {}, Memory()).resources] == ["shop/Thing/web"]


def test_ready_and_stalled_are_told_of_the_whole():
    assert status().ready
    assert not status(health=MOVING).ready
    assert not status(health=MOVING).stalled
    assert status(health=SICK).stalled


# since when


def sinces(found):
    [resource] = found.resources
    return {item.type: item.since for item in resource.conditions}


def test_a_condition_keeps_its_time_while_its_status_stays_and_takes_the_readings_when_it_turns():
    first = status(seen=there("Thing/web", at=later(0)), health=MOVING)
    assert set(sinces(first).values()) == {later(0)}
    memory = Memory(since=remember(first))
    second = status(seen=there("Thing/web", at=later(60)), health=DRAINING, memory=memory)
    assert set(sinces(second).values()) == {later(0)}  # another reason is not another status
    third = status(seen=there("Thing/web", at=later(90)), memory=Memory(since=remember(second)))
    assert sinces(third) == {"Ready": later(90), "Synced": later(0), "Healthy": later(90)}


def test_without_a_reading_there_is_no_time_and_none_is_remembered():
    found = status(seen=None, health=None, made=CREATE)
    assert set(sinces(found).values()) == {None}
    assert remember(found) == {}


def test_a_failed_reading_keeps_the_time_of_what_stays():
    memory = Memory(since=remember(status(health=MOVING)))
    found = status(seen=UNREAD, health=None, made=change("Thing/web", Action.HOLD, waiting="x"), memory=memory)
    assert sinces(found)["Ready"] == HERE.at
    assert sinces(found)["Synced"] is None


# when to look again


def look(*documents, seen=(), health=None, failures=None, **more):
    here = world(*documents, seen=seen, health=health or {}, **more)
    made = plan(here)
    return look_again(rollup(here, made, failures or {}, Memory()), made)


def well(*keys, word=HEALTHY):
    return {"seen": [there(key) for key in keys], "health": {k(key): word for key in keys}}


def test_when_all_is_ready_there_is_nothing_to_wait_for():
    assert look(document("Thing/web"), **well("Thing/web")) is None


@pytest.mark.parametrize("word", [MOVING, POORLY])
def test_what_moves_is_looked_at_again(word):
    assert look(document("Thing/web"), **well("Thing/web", word=word)) == LOOK_AGAIN


def test_what_is_beyond_help_is_not_waited_for():
    assert look(document("Thing/web"), **well("Thing/web", word=SICK)) is None
    assert look(document("Thing/web"), failures={WEB: WRONG}) is None


def test_what_failed_for_now_is_looked_at_again():
    assert look(document("Thing/web"), failures={WEB: SLOW}) == LOOK_AGAIN
    assert look(document("Thing/web"), seen=[UNREAD]) == LOOK_AGAIN
    assert look(document("Thing/web"), seen=[DENIED]) is None


def test_what_waits_behind_what_is_stuck_is_stuck_however_long_the_chain():
    chain = [document("Place/main"), document("Thing/a", {"place": "main"}), document("Thing/b", needs=["Thing/a"])]
    assert look(*chain) == LOOK_AGAIN
    assert look(*chain, failures={k("Place/main"): NO}) is None
    beside = document("Thing/c")
    assert look(*chain, beside, failures={k("Place/main"): NO}) == LOOK_AGAIN


def test_a_deletion_that_drains_is_looked_at_again():
    assert look(orphans=[absent("Thing/old", status="DRAINING")]) == LOOK_AGAIN


def test_what_is_ours_and_stays_is_not_waited_for():
    assert look(orphans=[there("Thing/old")]) is None


def test_a_deletion_of_what_stays_in_use_for_good_is_not_waited_for():
    found = look(
        document("Thing/web", {"paper": "arn:toy:paper/x"}),
        seen=[there("Thing/web", {"paper": "arn:toy:paper/x"})],
        health={WEB: HEALTHY},
        orphans=[there("Paper/x")],
        asked=Policy(prune=True),
    )
    assert found is None
