"""From what was found to what is shown: conditions, reasons, phases, since when, and when to look again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planner import plan
from reconciler.core.rollup import LOOK_AGAIN, look_again, rollup
from reconciler.model.errors import Denied, NotFound, OutcomeUnknown, Problem, Rejected, Throttled
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Call, Plan
from reconciler.model.policy import Policy
from reconciler.model.record import Record, Said
from reconciler.model.status import Health, HealthWord, Memory, Status
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


def told(here, planned, failures=None):
    return rollup(here, planned, failures or {}, Memory())[0]


def shown(**facts):
    """Phase, and each condition as ``Type status reason``."""
    [resource] = status(**facts)[0].resources
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
        ("Suspended", ["Ready False Suspended", "Synced False OutOfSync", "Healthy True Running", "Stalled True Suspended"]),
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
        ("Unknown", ["Ready Unknown ObserveFailed", "Synced Unknown ObserveFailed", "Healthy Unknown ObserveFailed",
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
    [resource] = status(**facts)[0].resources
    return {item.type: item.message for item in resource.conditions}


@pytest.mark.parametrize(
    ("facts", "type", "message"),
    [
        ({"made": UPDATE}, "Synced", "update: size"),
        ({"made": change("Thing/web")}, "Synced", "update"),
        ({"made": change("Thing/web", fields=tuple(field_change(name) for name in "abcd"))}, "Synced", "update: a, b, c, …"),
        ({"made": change("Thing/web", blocked=HELD)}, "Stalled", "the app is suspended"),
        ({"made": change("Thing/web", blocked=Problem("x", "no"))}, "Stalled", "no"),
        ({"made": UPDATE, "failure": WRONG}, "Stalled", "toy:Update: nonsense"),
        ({"made": UPDATE, "failure": NO}, "Stalled", "toy:Update: not authorized"),
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
    [resource] = told(here, plan(here)).resources
    assert (str(resource.key), resource.phase) == ("shop/Thing/old", "Draining")
    synced = resource.condition("Synced")
    assert synced is not None
    assert (synced.reason, synced.message) == ("PrunePending", "no longer declared")
    kept = world(orphans=[there("Thing/old")])
    assert told(kept, plan(kept)).resources == ()
    assert told(world(), Plan("staging", None)).ready


def test_something_about_to_be_deleted_is_not_said_to_be_missing():
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    [resource] = told(here, plan(here)).resources
    healthy = resource.condition("Healthy")
    assert healthy is not None
    assert healthy.reason != "Missing"


def test_only_what_is_in_scope_is_shown():
    here = world(document("base/Place/main"), document("Thing/web"), apps=frozenset({"shop"}))
    assert [str(item.key) for item in told(here, plan(here)).resources] == ["shop/Thing/web"]


def test_ready_and_stalled_are_told_of_the_whole():
    assert status()[0].ready
    assert not status(health=MOVING)[0].ready
    assert not status(health=MOVING)[0].stalled
    assert status(health=SICK)[0].stalled


# since when


class Course:
    """One resource, looked at again and again with one memory."""

    def __init__(self):
        self.memory = Memory()

    def look(self, at=0, **facts):
        """A look so many seconds after the first; ``seen`` and ``health`` as in ``status``."""
        facts.setdefault("seen", there("Thing/web", at=later(at)))
        found, past = status(memory=self.memory, **facts)
        self.memory = Memory(past=past)
        [resource] = found.resources
        return resource

    def miss(self, error=SLOW):
        waiting = change("Thing/web", Action.HOLD, waiting="it could not be read")
        blocked = change("Thing/web", Action.HOLD, blocked=Problem("AccessDenied", "no"))
        return self.look(seen=Observed.failed(WEB, error), health=None, made=waiting if error.retry else blocked)


def sinces(resource):
    return {item.type: item.since for item in resource.conditions}


def words(resource):
    return {item.type: item.status for item in resource.conditions}


def test_a_condition_keeps_its_time_while_its_status_stays_and_takes_the_readings_when_it_turns():
    course = Course()
    assert set(sinces(course.look(0, health=MOVING)).values()) == {later(0)}
    assert set(sinces(course.look(60, health=DRAINING)).values()) == {later(0)}  # another reason is not another status
    assert sinces(course.look(90)) == {"Ready": later(90), "Synced": later(0), "Healthy": later(90)}


def test_without_a_reading_there_is_no_time():
    assert set(sinces(Course().look(seen=None, health=None, made=CREATE)).values()) == {None}


def test_what_the_verdict_knows_of_its_own_beginning_counts_for_what_it_says_and_for_nothing_else():
    old = replace(HEALTHY, since=later(-600))
    assert sinces(Course().look(0, health=old)) == {"Ready": later(-600), "Synced": later(0), "Healthy": later(-600)}
    sick = sinces(Course().look(0, health=replace(SICK, since=later(-600))))
    assert (sick["Stalled"], sick["Ready"], sick["Synced"]) == (later(-600), later(-600), later(0))
    changed = sinces(Course().look(0, health=old, made=UPDATE))
    assert (changed["Ready"], changed["Healthy"]) == (later(0), later(-600))


def test_no_time_is_told_that_lies_before_what_was_told_until_then():
    course = Course()
    course.look(0, health=MOVING)
    course.look(60, health=POORLY)
    course.look(70, health=replace(HEALTHY, since=later(30)))
    found = course.look(80, health=replace(HEALTHY, since=later(30)))
    assert sinces(found)["Healthy"] == later(80)
    assert sinces(course.look(90, health=replace(HEALTHY, since=later(30))))["Healthy"] == later(80)


def test_what_began_anew_is_told_by_its_own_time_although_its_status_stayed():
    course = Course()
    course.look(0, health=replace(MOVING, since=later(-5)))
    assert sinces(course.look(60, health=replace(MOVING, since=later(50))))["Healthy"] == later(50)


# what could not be read

FRESH = {
    "never read before": (0, None, ("Unknown", "Unknown", 1)),
    "missed once": (1, HEALTHY, ("Ready", "True", 1)),
    "missed twice": (2, HEALTHY, ("Ready", "True", 2)),
    "missed three times": (3, HEALTHY, ("Unknown", "Unknown", 3)),
    "missed four times": (4, HEALTHY, ("Unknown", "Unknown", 4)),
    "missed while it rolls out": (2, MOVING, ("RollingOut", "False", 2)),
    "missed while it is unwell": (2, POORLY, ("Degraded", "False", 2)),
    "missed while it is beyond help": (2, SICK, ("Failed", "False", 2)),
}


@pytest.mark.parametrize("case", FRESH)
def test_a_missed_look_keeps_the_last_verdict_until_it_was_too_often(case):
    times, before, expected = FRESH[case]
    course = Course()
    if before:
        course.look(health=before)
    for _ in range(max(times, 1)):
        found = course.miss()
    assert (found.phase, words(found)["Ready"], found.misses) == expected


def test_what_is_kept_says_since_when_it_could_not_be_read_and_says_it_once():
    course = Course()
    course.look(health=HEALTHY)
    course.miss()
    ready = course.miss().condition("Ready")
    assert ready.message == "2/2 running (not read since 09:00:00 UTC: slow down)"
    assert ready.since == later(0)
    assert course.look(60).condition("Ready").message == "2/2 running"


def test_what_cannot_be_read_is_unknown_since_it_last_could():
    course = Course()
    course.look(30, health=HEALTHY)
    for _ in range(4):
        found = course.miss()
    assert set(sinces(found).values()) == {later(30)}
    assert [f"{item.type} {item.status} {item.reason}" for item in found.conditions] == [
        "Ready Unknown ObserveFailed", "Synced Unknown ObserveFailed", "Healthy Unknown ObserveFailed",
        "Reconciling True ProgressingWithRetry"]  # fmt: skip
    back = course.look(90)
    assert (back.phase, sinces(back)["Ready"], back.misses) == ("Ready", later(90), 0)


def test_a_reading_between_two_misses_begins_the_count_anew():
    course = Course()
    course.look(0)
    course.miss(), course.miss()
    course.look(10)
    assert [course.miss().phase for _ in range(3)] == ["Ready", "Ready", "Unknown"]


def test_not_being_allowed_to_look_is_no_missed_look():
    course = Course()
    course.look(0)
    found = course.miss(NO)
    assert (found.phase, found.misses, found.condition("Stalled").reason) == ("Unknown", 0, "AccessDenied")
    assert found.condition("Healthy").status == "Unknown"


def test_what_was_kept_is_looked_at_again_although_it_was_ready():
    course = Course()
    course.look(0)
    kept = course.miss()
    assert kept.ready
    assert look_again(Status("staging", None, (kept,)), Plan("staging", None)) == LOOK_AGAIN


def test_something_that_goes_is_still_shown_when_it_cannot_be_read():
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    _, past = rollup(here, plan(here), {}, Memory())
    unread = world(orphans=[Observed.failed(k("Thing/old"), SLOW)], asked=Policy(prune=True))
    found, _ = rollup(unread, plan(unread), {}, Memory(past=past))
    assert [resource.phase for resource in found.resources] == ["Draining"]
    assert rollup(unread, plan(unread), {}, Memory())[0].resources == ()


# recovery


def test_a_degradation_ends_with_the_second_clean_reading():
    course = Course()
    course.look(0, health=POORLY)
    first = course.look(5)
    assert (first.phase, words(first)["Healthy"], first.condition("Healthy").reason) == (
        "Stabilizing",
        "Unknown",
        "Recovering",
    )
    assert not first.ready
    assert course.look(10).phase == "Ready"
    assert course.look(15).phase == "Ready"


@pytest.mark.parametrize("between", [POORLY, MOVING])
def test_clean_readings_count_in_a_row(between):
    course = Course()
    for at, health in enumerate([POORLY, HEALTHY, between, HEALTHY]):
        found = course.look(at, health=health)
    assert found.phase == "Stabilizing"
    assert course.look(9).phase == "Ready"


def test_two_looks_at_the_same_moment_are_one_and_a_missed_one_is_none():
    course = Course()
    course.look(0, health=POORLY)
    course.look(5)
    assert course.look(5).phase == "Stabilizing"
    assert course.miss().phase == "Stabilizing"
    assert course.look(10).phase == "Ready"


def test_a_rollout_that_was_never_degraded_needs_no_second_reading():
    course = Course()
    course.look(0, health=MOVING)
    assert course.look(5).phase == "Ready"


def test_what_was_made_anew_has_nothing_to_recover_from():
    course = Course()
    course.look(0, health=POORLY)
    course.look(5, seen=absent("Thing/web"), health=None, made=CREATE)
    assert course.look(10).phase == "Ready"


def test_without_memory_one_look_is_told_as_it_is():
    assert Course().look(0).phase == "Ready"


def test_what_is_not_in_scope_is_remembered_as_it_was():
    web = Course()
    web.look(0, health=POORLY)
    other = world(document("base/Place/main"), apps=frozenset({"base"}))
    _, past = rollup(other, plan(other), {}, web.memory)
    web.memory = Memory(past=past)
    assert web.look(5).phase == "Stabilizing"


# words

PHASES = {
    "stabilizing": ({"health": Health(HealthWord.PROGRESSING, "Stabilizing")}, ("Stabilizing", "InProgress")),
    "rolling back by health": ({"health": Health(HealthWord.PROGRESSING, "RollingBack")}, ("RollingBack", "InProgress")),
    "failed, and to be taken back": (
        {"made": change("Thing/web", Action.HOLD, calls=(Call("toy:Stop", {}),)),
         "health": Health(HealthWord.DEGRADED, "CrashLoop", stalled=True)}, ("Failed", "Failed")),
    "rolling back, awaited": (
        {"made": change("Thing/web", Action.HOLD, waiting="ECS does", doing="RollingBack")}, ("RollingBack", "InProgress")),
    "held while another's deployment is in flight": (
        {"made": change("Thing/web", Action.HOLD, waiting="in flight")}, ("Updating", "InProgress")),
    "a job runs": ({"made": change("Thing/web", Action.RUN)}, ("Running", "InProgress")),
    "a job goes on": ({"health": Health(HealthWord.PROGRESSING, "RunningHook")}, ("Running", "InProgress")),
    "pinned": ({"made": change("Thing/web", blocked=Problem("Pinned", "x"))}, ("Pinned", "InProgress")),
    "pinned and unwell": ({"made": change("Thing/web", blocked=Problem("Pinned", "x")), "health": POORLY}, ("Degraded", "Failed")),
    "rolled back": ({"made": change("Thing/web", blocked=Problem("RolledBack", "x"))}, ("RolledBack", "Failed")),
    "to be approved": ({"made": change("Thing/web", blocked=Problem("AwaitingApproval", "x"))}, ("Blocked", "InProgress")),
    "a job failed": ({"made": change("Thing/web", blocked=Problem("HookFailed", "x"))}, ("Failed", "Failed")),
    "observed only": ({"made": change("Thing/web", blocked=Problem("NotDriven", "x"))}, ("Blocked", "InProgress")),
    "waits for an approval in ECS, stalled": (
        {"health": Health(HealthWord.SUSPENDED, "AwaitingApproval", stalled=True)}, ("Blocked", "InProgress")),
    "waits for an approval in ECS": ({"health": Health(HealthWord.SUSPENDED, "AwaitingApproval")}, ("Blocked", "InProgress")),
    "nobody knows": ({"health": Health(HealthWord.UNKNOWN)}, ("Unknown", "InProgress")),
    "not there": ({"seen": absent("Thing/web"), "health": None, "made": CREATE}, ("Pending", "NotFound")),
    "well": ({}, ("Ready", "Current")),
    "unread": ({"seen": UNREAD, "health": None, "made": change("Thing/web", Action.HOLD, waiting="x")}, ("Unknown", "Unknown")),
}  # fmt: skip


@pytest.mark.parametrize("case", PHASES)
def test_one_word_for_people_and_one_for_scripts(case):
    facts, expected = PHASES[case]
    [resource] = status(**facts)[0].resources
    assert (resource.phase, resource.kstatus) == expected


def test_a_deletion_is_terminating_for_scripts():
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    assert told(here, plan(here)).resources[0].kstatus == "Terminating"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("replace-refused", "ReplaceRefused"), ("ImageNotFound", "ImageNotFound"), ("not_checked", "NotChecked"),
     ("bad mode!", "BadMode"), ("", "Blocked")],
)  # fmt: skip
def test_a_problems_code_becomes_a_reason(code, expected):
    blocked = change("Thing/web", blocked=Problem(code, "x"))
    [resource] = status(made=blocked)[0].resources
    assert resource.condition("Stalled").reason == expected


@pytest.mark.parametrize(
    ("code", "reason"), [("Pinned", "OutOfSync"), ("AwaitingApproval", "AwaitingApproval"), ("DriftDetected", "DriftDetected")]
)  # fmt: skip
def test_how_it_stands_with_the_repository_is_told_apart_from_why_it_is_held(code, reason):
    [resource] = status(made=change("Thing/web", blocked=Problem(code, "x")))[0].resources
    assert resource.condition("Synced").reason == reason
    assert resource.condition("Ready").reason == code


def test_what_somebody_changed_since_it_was_synced_has_drifted():
    here = world(document("Thing/web"), seen=[HERE])
    digest = here.desired[WEB].digest
    for synced, expected in (
        (digest, "DriftDetected"),
        (digest[:12], "DriftDetected"),
        ("0" * 12, "OutOfSync"),
        ("", "OutOfSync"),
    ):
        records = {"shop": Record(synced={"Thing/web": synced})}
        found = told(replace(here, records=records), Plan("staging", None, (UPDATE,)))
        assert found.resources[0].condition("Synced").reason == expected


def test_a_suspended_app_that_is_in_sync_and_healthy_is_ready_and_says_that_it_is_suspended():
    said = Said("alice", later(-60), "moving house")
    [resource] = status(records={"shop": Record(suspended=said)})[0].resources
    assert (resource.phase, resource.ready) == ("Ready", True)
    suspended = resource.condition("Suspended")
    assert (suspended.status, suspended.message, suspended.since) == ("True", "by alice: moving house", later(-60))
    [resource] = status(suspended=frozenset({"shop"}))[0].resources
    assert resource.condition("Suspended").message == "its App manifest says suspend: true"
    assert status()[0].resources[0].condition("Suspended") is None


def test_what_is_declared_but_wrong_is_shown_as_such():
    here = world(document("Thing/web"), seen=[HERE], invalid=frozenset({k("Thing/bad"), k("other/Thing/x")}),
                 apps=frozenset({"shop"}))  # fmt: skip
    found = told(here, Plan("staging", None))
    assert [str(resource.key) for resource in found.resources] == ["shop/Thing/web", "shop/Thing/bad"]
    bad = found.resources[1]
    assert (bad.phase, bad.kstatus, bad.condition("Stalled").reason) == ("Failed", "Failed", "InvalidManifest")
    assert (bad.condition("Synced").status, bad.condition("Synced").reason) == ("Unknown", "RenderFailed")


# what to do, and what is known

DETAILED = replace(SICK, detail=("task 1 stopped: out of memory",), hint="give it more memory")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"health": DETAILED}, "give it more memory"),
        ({"made": change("Thing/web", blocked=HELD)}, "resume it"),
        ({"made": change("Thing/web", blocked=HELD), "health": DETAILED}, "resume it"),
        ({"made": UPDATE, "failure": WRONG}, "mend it"),
        ({"made": UPDATE, "failure": NO}, "allow toy:Update to this role"),
        ({"made": UPDATE, "failure": SLOW}, ""),
        ({"seen": DENIED, "health": None, "made": change("Thing/web", Action.HOLD, waiting="x")}, "allow toy:Update to this role"),
        ({}, ""),
    ],
)  # fmt: skip
def test_whoever_knows_best_says_what_to_do_next(facts, expected):
    assert status(**facts)[0].resources[0].hint == expected


def test_evidence_and_the_axis_of_health_are_handed_on():
    [resource] = status(health=DETAILED)[0].resources
    assert resource.detail == ("task 1 stopped: out of memory",)
    assert resource.health is HealthWord.DEGRADED
    assert status(seen=absent("Thing/web"), health=None, made=CREATE)[0].resources[0].health is HealthWord.MISSING
    assert status(seen=UNREAD, health=None)[0].resources[0].health is HealthWord.UNKNOWN


# when to look again


def look(*documents, seen=(), health=None, failures=None, **more):
    here = world(*documents, seen=seen, health=health or {}, **more)
    made = plan(here)
    return look_again(told(here, made, failures), made)


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
