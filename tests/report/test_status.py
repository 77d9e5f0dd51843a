"""How everything fares, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest

from reconciler.model.key import Key
from reconciler.model.running import Deployment, Task
from reconciler.model.status import Condition, HealthWord, ResourceStatus, Status
from reconciler.report import schema
from reconciler.report.durations import duration
from reconciler.report.progress import (
    call_line,
    change_line,
    doing,
    finished_line,
    outcome_line,
    rows,
    waiting_line,
    waiting_lines,
)
from reconciler.report.status import status_json, totals
from reconciler.report.status_text import status_text

AT = datetime(2026, 8, 21, 3, 14, 7, 123456, tzinfo=UTC)
NOW = AT + timedelta(seconds=80)
READY = ResourceStatus(
    Key("bookstore", "TaskDefinition", "puma"),
    "Ready",
    (
        Condition("Ready", "True", "Succeeded", "", AT - timedelta(days=3)),
        Condition("Synced", "True", "InSync", ""),
        Condition("Healthy", "True", "Registered", ""),
    ),
)
ROLLING = ResourceStatus(
    Key("bookstore", "Service", "puma"),
    "RollingOut",
    (
        Condition("Ready", "False", "Progressing", "not yet", AT),
        Condition("Synced", "True", "InSync", ""),
        Condition("Healthy", "Unknown", "TasksStarting", "3/4 running, 1 pending"),
        Condition("Reconciling", "True", "RollingOut", "3/4 running, 1 pending", AT),
    ),
)
STALLED = ResourceStatus(
    Key("検索", "Service", "api"),
    "Failed",
    (
        Condition("Ready", "False", "ImageNotFound", "see Stalled", AT),
        Condition("Synced", "True", "InSync", ""),
        Condition("Healthy", "False", "TasksFailing", "2/3"),
        Condition(
            "Stalled",
            "True",
            "ImageNotFound",
            "CannotPullContainerError: registry.example.com/api:9\nmanifest unknown \x1b[31m https://u:hunter2@h",
            AT,
        ),
    ),
)
UNKNOWN = ResourceStatus(Key("bookstore", "Parameter", "x"), "Pending", ())
STATUS = Status("production", "3f2a91c4d5e60718293a4b5c6d7e8f9012345678", (READY, ROLLING, STALLED, UNKNOWN))


def test_status_looks_as_recorded(golden: Callable[[str, str], None]) -> None:
    golden("status.txt", status_text(STATUS, now=NOW))
    golden("status-wide.txt", status_text(STATUS, wide=True))
    golden("status-color.txt", status_text(STATUS, color=True, now=NOW))
    golden("status-none.txt", status_text(Status("staging", None)))
    golden("status.json", json.dumps(status_json(STATUS), indent=2, ensure_ascii=False) + "\n")


def test_what_is_wrong_stands_first() -> None:
    lines = [line for line in status_text(STATUS).splitlines()[3:-2] if not line.startswith("    ")]
    assert [line.split()[0] for line in lines] == [
        "検索",
        "Service/api",
        "bookstore",
        "Parameter/x",
        "Service/puma",
        "TaskDefinition/puma",
    ]


def test_messages_are_shown_whole_on_one_line_and_clean() -> None:
    line = next(line for line in status_text(STATUS).splitlines() if "ImageNotFound" in line)
    assert line.endswith(
        r"CannotPullContainerError: registry.example.com/api:9 manifest unknown \x1b[31m https://u:***@h"
    )


def test_the_json_is_as_promised() -> None:
    shown = status_json(Status("production", None, (ROLLING,)))
    jsonschema.Draft7Validator(schema.STATUS).validate(shown)
    jsonschema.Draft7Validator(schema.STATUS).validate(status_json(STATUS))
    assert {name: shown[name] for name in ("formatVersion", "environment", "revision", "ready")} == {
        "formatVersion": "1.0",
        "environment": "production",
        "revision": None,
        "ready": False,
    }
    (resource,) = shown["resources"]
    assert (resource["key"], resource["app"], resource["phase"]) == (
        "bookstore/Service/puma",
        "bookstore",
        "RollingOut",
    )
    assert resource["conditions"][0] == {
        "type": "Ready",
        "status": "False",
        "reason": "Progressing",
        "message": "not yet",
        "lastTransitionTime": "2026-08-21T03:14:07Z",
    }
    assert resource["conditions"][1]["lastTransitionTime"] is None


@pytest.mark.parametrize("at", [AT.astimezone(timezone(timedelta(hours=5))), AT.replace(tzinfo=None)])
def test_times_are_said_in_utc(at: datetime) -> None:
    one = ResourceStatus(READY.key, "Ready", (Condition("Ready", "True", "", "", at),))
    condition = status_json(Status("e", None, (one,)))["resources"][0]["conditions"][0]
    assert condition["lastTransitionTime"] == "2026-08-21T03:14:07Z"
    assert "1m20s" in status_text(Status("e", None, (one,)), now=NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (0.9, "0s"), (59, "59s"), (80, "1m20s"), (3_600, "1h00m"), (7_500, "2h05m"), (273_600, "3d04h")],
)
def test_durations_have_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_waiting_resource_is_said_with_its_numbers_and_its_time() -> None:
    line = "still rolling out: bookstore/Service/puma 3/4 running, 1 pending (1m20s)"
    assert waiting_line(ROLLING, 80) == line
    assert waiting_lines(STATUS, {}, NOW) == [line, "still pending: bookstore/Parameter/x"]
    assert waiting_lines(STATUS, {ROLLING.key: AT - timedelta(seconds=40)}, NOW)[0].endswith("(2m00s)")


def test_outcomes_are_one_line_each() -> None:
    assert outcome_line(READY, 125) == "ready: bookstore/TaskDefinition/puma (2m05s)"
    assert outcome_line(STALLED).startswith("failed: 検索/Service/api ImageNotFound: CannotPullContainerError: ")
    assert outcome_line(ROLLING) == "not ready: bookstore/Service/puma RollingOut: 3/4 running, 1 pending"
    assert outcome_line(READY, color=True) == "\x1b[32mready\x1b[0m: bookstore/TaskDefinition/puma"


def test_calls_and_changes_are_one_line_each(everything: object) -> None:
    assert call_line(ROLLING.key, "ecs:UpdateService", 2.4) == "bookstore/Service/puma: ecs:UpdateService (2s)"
    lines = [change_line(change) for change in everything.changes]  # type: ignore[attr-defined]
    assert lines[0] == "+ bookstore/TaskDefinition/puma: create"
    assert lines[-1] == "! bookstore/Service/legacy: replace"


def test_the_last_line_counts_calls_and_resources() -> None:
    assert finished_line(STATUS, 3, 125) == "Made 3 calls in 2m05s. 4 resources: 1 ready, 1 stalled, 2 on the way."
    assert finished_line(Status("e", None, (READY,)), 0, 1) == "Made no calls in 1s. 1 resource: 1 ready."


def test_live_rows_keep_the_order_of_the_status() -> None:
    table = rows(STATUS, {}, NOW)
    assert [row.phase for row in table] == ["Ready", "RollingOut", "Failed", "Pending"]
    assert [row.tone for row in table] == ["green", "yellow", "red", "yellow"]
    assert table[0].message == table[0].elapsed == ""
    assert (table[1].message, table[1].elapsed) == ("3/4 running, 1 pending", "1m20s")


@pytest.mark.parametrize(
    ("phase", "words"),
    [("RollingOut", "rolling out"), ("PreHook", "running jobs before"), ("Draining", "draining"), ("", "waiting")],
)
def test_phases_become_doing_words(phase: str, words: str) -> None:
    assert doing(phase) == words


# how the whole fares


def resource(
    phase: str, health: HealthWord, *, ready: str = "False", stalled: bool = False, app: str = "a"
) -> ResourceStatus:
    more = (Condition("Stalled", "True", "x", ""),) if stalled else ()
    return ResourceStatus(Key(app, "Service", phase), phase, (Condition("Ready", ready, "x", ""), *more), health)


WELL = resource("Ready", HealthWord.HEALTHY, ready="True")
SICK = resource("Degraded", HealthWord.DEGRADED)
PINNED = resource("Pinned", HealthWord.HEALTHY, stalled=True)
ROLLS = resource("RollingOut", HealthWord.PROGRESSING, app="b")


def test_an_app_fares_as_its_worst_member_does() -> None:
    shown = status_json(Status("e", None, (WELL, SICK, PINNED, ROLLS, WELL)))
    jsonschema.Draft7Validator(schema.STATUS).validate(shown)
    assert (shown["phase"], shown["health"], shown["ready"]) == ("Degraded", "Degraded", False)
    assert shown["counts"] == {"Degraded": 1, "Pinned": 1, "RollingOut": 1, "Ready": 2}
    first, second = shown["apps"]
    assert first == {"name": "a", "phase": "Degraded", "health": "Degraded", "ready": False, "readyCount": 2, "total": 4,
                     "counts": {"Degraded": 1, "Pinned": 1, "Ready": 2}}  # fmt: skip
    assert (second["name"], second["phase"], second["counts"]) == ("b", "RollingOut", {"RollingOut": 1})


def test_nothing_at_all_is_ready() -> None:
    shown = status_json(Status("e", None))
    assert (shown["phase"], shown["health"], shown["ready"], shown["apps"]) == ("Ready", "Healthy", True, [])


def test_totals_tell_what_is_held_from_what_is_stuck_and_what_moves() -> None:
    lost = resource("Unknown", HealthWord.UNKNOWN)
    stuck = resource("Failed", HealthWord.DEGRADED, stalled=True)
    assert totals(Status("e", None, (WELL, SICK, PINNED, ROLLS, lost, stuck))) == (
        "6 resources: 1 ready, 1 stalled, 1 degraded, 1 unknown, 1 held, 1 on the way."
    )


def test_what_is_known_of_a_resource_is_in_the_json_and_what_is_not_is_left_out() -> None:
    task = Task("9f3a", "STOPPED", cause="TaskFailedToStart", reason="https://u:hunter2@h", stopped=AT)
    deployment = Deployment("ecs-svc/1", "PRIMARY", "web:2", 2, 1, 1, 3, "IN_PROGRESS", AT, (task,))
    full = replace(ROLLING, kstatus="InProgress", health=HealthWord.PROGRESSING, detail=("pw https://u:hunter2@h",),
                   hint="wait", deployments=(deployment,), read=AT, misses=1)  # fmt: skip
    shown = status_json(Status("e", None, (full, WELL)))
    jsonschema.Draft7Validator(schema.STATUS).validate(shown)
    assert "hunter2" not in json.dumps(shown)
    first, second = shown["resources"]
    assert (first["kstatus"], first["health"], first["hint"], first["missedReads"]) == (
        "InProgress",
        "Progressing",
        "wait",
        1,
    )
    assert first["observedAt"] == "2026-08-21T03:14:07Z"
    [found] = first["deployments"]
    assert (found["revision"], found["failedTasks"], found["tasks"][0]["cause"]) == ("web:2", 3, "TaskFailedToStart")
    assert set(second) == {"key", "app", "phase", "kstatus", "health", "conditions"}


def test_an_outcome_says_what_to_do_next() -> None:
    told = replace(STALLED, hint="push the image")
    assert outcome_line(told, 8).endswith("(8s)\n  = push the image")
