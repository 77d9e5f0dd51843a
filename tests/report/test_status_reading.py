"""A status that went through JSON is shown as if it had not; what is no status is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.errors import Position, Problem, Severity
from reconciler.model.key import Key
from reconciler.model.running import Deployment, Task
from reconciler.model.status import Condition, HealthWord, ResourceStatus, Status
from reconciler.report.problems import draw_all, to_json
from reconciler.report.status import status_json, totals
from reconciler.report.status_reading import read_problems, read_status
from reconciler.report.status_text import status_text

AT = datetime(2026, 8, 21, 3, 14, 7, tzinfo=UTC)
WRONG = Task("9f3ab2c1", "STOPPED", "", "OutOfMemory", 137, "OutOfMemoryError", AT - timedelta(minutes=9), AT, True)
FINE = Task("0f3ab2c1", "RUNNING", "HEALTHY", started=AT)
API = ResourceStatus(
    Key("bookstore", "Service", "api"),
    "Failed",
    (
        Condition("Ready", "False", "CrashLoop", "3 tasks stopped", AT - timedelta(minutes=6)),
        Condition("Synced", "True", "Synced", ""),
        Condition("Healthy", "False", "CrashLoop", "ünï\u202e", AT),
        Condition("Stalled", "True", "CrashLoop", "3 tasks stopped", AT),
        Condition("Suspended", "True", "Suspended", "by alice", AT),
    ),
    HealthWord.DEGRADED,
    "Failed",
    ("3 tasks stopped, last at 03:11:27", "second line"),
    "raise the memory",
    (
        Deployment("ecs-svc/4758614159142587353", "PRIMARY", "api:12", 2, 1, 1, 3, "IN_PROGRESS", AT, (WRONG, FINE)),
        Deployment("ecs-svc/30229991", "ACTIVE", "api:11", 2, 2),
    ),
    AT,
    2,
)
BARE = ResourceStatus(Key("bookstore", "Cluster", "main"), "Ready", (Condition("Ready", "True", "Ready", ""),), HealthWord.HEALTHY)
STATUS = Status("production", "3f2a91c4d5e6", (API, BARE))


def through(status):
    return read_status(json.loads(json.dumps(status_json(status))))


@pytest.mark.parametrize(
    "status", [STATUS, Status("x", None), replace(STATUS, revision=None), replace(STATUS, resources=(BARE,))], ids=range(4)
)
def test_nothing_of_a_status_is_lost(status):
    assert through(status) == status
    assert totals(through(status)) == totals(status)


@pytest.mark.parametrize("wide", [False, True])
def test_it_is_shown_the_same(wide):
    shown = [status_text(it, wide=wide, now=AT + timedelta(minutes=1), columns=100) for it in (STATUS, through(STATUS))]
    assert shown[0] == shown[1]
    assert "task 9f3ab2c1" in shown[1]
    assert ("task 0f3ab2c1" in shown[1]) is wide


def test_what_a_newer_agent_adds_is_passed_over_and_what_an_older_one_lacks_is_not_needed():
    document = status_json(STATUS)
    document["new"] = document["resources"][0]["new"] = 1
    del document["resources"][0]["kstatus"], document["resources"][0]["deployments"][0]["tasks"][0]["wrong"]
    assert read_status(document).resources[0].kstatus == "Unknown"


@pytest.mark.parametrize(
    "change",
    [
        {"resources": None}, {"resources": [7]}, {"resources": [{}]}, {"resources": "text"},
        {"resources": [{**status_json(STATUS)["resources"][0], "key": "no/key"}]},
        {"resources": [{**status_json(STATUS)["resources"][0], "key": None}]},
        {"resources": [{**status_json(STATUS)["resources"][0], "health": "Splendid"}]},
        {"resources": [{**status_json(STATUS)["resources"][0], "conditions": [{"type": "Ready"}]}]},
        {"resources": [{**status_json(STATUS)["resources"][0], "observedAt": "yesterday"}]},
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_status_is_told(change):
    with pytest.raises(ValueError):
        read_status({**status_json(STATUS), **change})
    with pytest.raises(ValueError):
        read_status({})


def test_problems_are_read_back_but_for_the_text_of_their_lines():
    at = Position("apps/shop/web.yaml", 3, 7)
    found = (
        Problem("unknown-member", "desiredCuont", at, Key("shop", "Service", "web"), "spec.x", "did you mean", ((at, "first"),), app="shop"),
        Problem("x", "only a warning", severity=Severity.WARNING),
    )
    assert read_problems(json.loads(json.dumps(to_json(found)))) == found
    assert draw_all(read_problems(to_json(found))) == draw_all(found)
    for wrong in ([7], [{}], [{**to_json(found)[0], "severity": "fatal"}], [{**to_json(found)[0], "at": 5}]):
        with pytest.raises(ValueError):
            read_problems(wrong)
