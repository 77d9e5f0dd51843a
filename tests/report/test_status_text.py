"""The status tree as a person meets it: golden files for what they look like, tests for what they promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.key import Key
from reconciler.model.running import Deployment, Task
from reconciler.model.status import Condition, HealthWord, ResourceStatus, Status
from reconciler.report.cells import width
from reconciler.report.status_text import resource_lines, status_text
from reconciler.report.status_tree import Look

NOW = datetime(2026, 8, 21, 3, 15, 27, tzinfo=UTC)
COMMIT = "3f2a91c4d5e60718293a4b5c6d7e8f9012345678"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def resource(key: str, phase: str, *conditions: Condition, **more: object) -> ResourceStatus:
    return ResourceStatus(Key.parse(key), phase, conditions, read=NOW, **more)  # type: ignore[arg-type]


def ready(key: str, message: str = "", reason: str = "Healthy", **more: object) -> ResourceStatus:
    three = (
        Condition("Ready", "True", reason, message, ago(273_600)),
        Condition("Synced", "True", "Synced", "as the repository says", ago(273_600)),
        Condition("Healthy", "True", reason, message, ago(273_600)),
    )
    return resource(key, "Ready", *three, health=HealthWord.HEALTHY, kstatus="Current", **more)


def moving(key: str, **more: object) -> ResourceStatus:
    counts = "1/2 running, 1 pending"
    return resource(
        key,
        "RollingOut",
        Condition("Ready", "False", "TasksStarting", counts, ago(80)),
        Condition("Synced", "True", "Synced", "as the repository says", ago(80)),
        Condition("Healthy", "Unknown", "TasksStarting", counts, ago(80)),
        Condition("Reconciling", "True", "RollingOut", counts, ago(80)),
        health=HealthWord.PROGRESSING,
        kstatus="InProgress",
        deployments=(NEW, OLD),
        **more,
    )


def failed(key: str, reason: str, message: str, phase: str = "Failed", **more: object) -> ResourceStatus:
    return resource(
        key,
        phase,
        Condition("Ready", "False", reason, message, ago(400)),
        Condition("Synced", "True", "Synced", "as the repository says", ago(900)),
        Condition("Healthy", "False", reason, message, ago(400)),
        Condition("Stalled", "True", reason, message, ago(400)),
        **{"health": HealthWord.DEGRADED, "kstatus": "Failed", **more},
    )


NEW = Deployment("ecs-svc/4758614159142587353", "PRIMARY", "puma:8", 2, 1, 1, 0, "IN_PROGRESS", ago(80))
OLD = Deployment("ecs-svc/3022999140099288530", "ACTIVE", "puma:7", 2, 2, 0, 0, "COMPLETED", ago(273_600))
CRASHED = Task(
    "9f3ab2c1d4e5f60718293a4b5c6d7e8f",
    "STOPPED",
    cause="OutOfMemory",
    exit_code=137,
    reason="OutOfMemoryError: Container killed due to memory usage",
    started=ago(300),
    stopped=ago(240),
    wrong=True,
)
WELL = Task("00000000000000000000000000000001", "RUNNING", health="HEALTHY", started=ago(300))
STOPS = (
    "2 of the last 3 tasks stopped with exit code 137 (OutOfMemoryError: Container killed due to memory usage)",
    "puma/web: [7] INFO  booting with DATABASE_URL=postgres://shop:hunter2@db/shop",
)
SICK = failed(
    "bookstore/Service/api",
    "CrashLoop",
    "3 tasks of this deployment stopped within 10 minutes, the last one with exit code 137: it ran out of memory",
    detail=STOPS,
    hint="raise the memory of the container web, or lower what it uses",
    deployments=(replace(NEW, revision="api:12", failed=3, tasks=(CRASHED, WELL)), replace(OLD, revision="api:11")),
)
PINNED = resource(
    "bookstore/Service/sidekiq",
    "Pinned",
    Condition("Ready", "False", "Pinned", "pinned to sidekiq:4 by alice since 2026-08-20 17:00 UTC: queue is stuck", ago(900)),
    Condition("Synced", "False", "OutOfSync", "update: taskDefinition", ago(900)),
    Condition("Healthy", "True", "Running", "1/1 running", ago(80_000)),
    Condition("Stalled", "True", "Pinned", "pinned to sidekiq:4 by alice since 2026-08-20 17:00 UTC: queue is stuck", ago(900)),
    health=HealthWord.HEALTHY,
    hint="commit a change, or say: reconciler retry bookstore",
)  # fmt: skip
WAITING = resource(
    "platform/Service/proxy",
    "Blocked",
    Condition("Ready", "False", "OutOfSync", "create: serviceName, cluster, taskDefinition, …", ago(5)),
    Condition("Synced", "False", "OutOfSync", "create: serviceName, cluster, taskDefinition, …", ago(5)),
    Condition("Healthy", "False", "Missing", "it does not exist yet", ago(5)),
    Condition("Reconciling", "True", "WaitingForDependency", "after platform/TaskDefinition/proxy", ago(5)),
    health=HealthWord.MISSING,
)
SUSPENDED = Condition("Suspended", "True", "Suspended", "by bob: moving the database", ago(3600))
HELD = ready("search/Service/solr", "1/1 running", "Running")
HELD = replace(HELD, conditions=(*HELD.conditions, SUSPENDED))
HEALTHY = (
    ready("bookstore/TaskDefinition/puma"),
    ready("bookstore/Service/puma", "2/2 running", "Running", deployments=(replace(OLD, tasks=(WELL,)),)),
    ready("platform/Cluster/main"),
)
STATUSES = {
    "healthy": HEALTHY,
    "rolling": (ready("bookstore/TaskDefinition/puma"), moving("bookstore/Service/puma")),
    "failed": (ready("bookstore/TaskDefinition/api"), SICK),
    "mixed": (*HEALTHY, moving("bookstore/Service/web"), SICK, PINNED, WAITING, HELD),
}


@pytest.fixture(params=STATUSES)
def named(request: pytest.FixtureRequest) -> tuple[str, Status]:
    return request.param, Status("production", COMMIT, STATUSES[request.param])


def test_each_looks_as_recorded(named: tuple[str, Status], golden: Callable[[str, str], None]) -> None:
    name, status = named
    golden(f"status-{name}-80.txt", status_text(status, now=NOW, columns=80))
    golden(f"status-{name}-pipe.txt", status_text(status, now=NOW))
    golden(f"status-{name}-wide.txt", status_text(status, now=NOW, columns=80, wide=True))


def test_no_line_is_wider_than_the_terminal(named: tuple[str, Status]) -> None:
    lines = status_text(named[1], now=NOW, columns=80).splitlines()
    assert [line for line in lines if width(line) > 80 and not line.lstrip().startswith("|")] == []


def test_two_hundred_healthy_services_take_a_line_each_and_what_is_wrong_stands_first(golden) -> None:  # type: ignore[no-untyped-def]
    apps = [ready(f"app-{number:02}/Service/s{n}", "2/2 running") for number in range(20) for n in range(10)]
    apps[137] = replace(SICK, key=apps[137].key)
    text = status_text(Status("production", COMMIT, tuple(apps)), now=NOW, columns=80)
    lines = text.splitlines()
    assert lines[3].startswith("app-13  9/10 ready: 1 Failed")
    assert lines[4].startswith("  Service/s7")
    assert sum("  Ready " in line for line in lines) == 199
    assert len(lines) < 200 + 20 + 20
    golden("status-many.txt", text)


def test_a_pipe_gets_each_message_whole_on_one_line() -> None:
    text = status_text(Status("production", None, (SICK,)))
    assert f"    CrashLoop: {SICK.conditions[0].message}\n" in text
    assert "\x1b[" not in text


def test_secrets_and_controls_in_evidence_do_not_reach_the_screen() -> None:
    told = replace(SICK, detail=("https://u:hunter2@h\x1b[2J\nsecond",), hint="see https://u:hunter2@h")
    text = status_text(Status("production", None, (told,)), color=False)
    assert "hunter2" not in text
    assert "\x1b" not in text
    assert "    | second" in text


def test_the_reason_of_a_task_is_not_said_twice() -> None:
    told = replace(SICK, detail=(CRASHED.reason,))
    assert status_text(Status("production", None, (told,))).count("OutOfMemoryError") == 1


def test_of_many_tasks_and_deployments_a_few_are_shown_and_all_when_wide() -> None:
    tasks = tuple(replace(CRASHED, id=f"{number:032}") for number in range(9))
    told = replace(SICK, deployments=(replace(NEW, tasks=tasks), *[replace(OLD, id=f"ecs-svc/{n}") for n in range(7)]))
    text = status_text(Status("production", None, (told,)))
    assert (text.count("task 0000"), text.count("ACTIVE")) == (3, 4)
    assert "      and 6 more tasks\n" in text
    assert "    and 3 older deployments\n" in text
    wide = status_text(Status("production", None, (told,)), wide=True)
    assert (wide.count("task 0000"), wide.count("ACTIVE")) == (9, 7)


def test_colour_only_where_it_is_asked_for() -> None:
    status = Status("production", None, (ready("a/Service/x"), SICK, PINNED))
    assert "\x1b[31mFailed\x1b[0m" in status_text(status, color=True)
    assert "\x1b[33mPinned\x1b[0m" in status_text(status, color=True)
    assert "\x1b[32mReady\x1b[0m" in status_text(status, color=True)
    plain = status_text(status)
    assert "\x1b" not in plain
    colored = status_text(status, color=True)
    for code in (0, 1, 2, 31, 32, 33):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == plain


def test_some_resources_by_themselves_have_their_whole_keys() -> None:
    lines = resource_lines((ready("a/Service/x"), SICK), Look())
    assert lines[0].split() == ["RESOURCE", "PHASE", "SYNC", "HEALTH", "SINCE"]
    assert lines[1].startswith("bookstore/Service/api  Failed")
    assert lines[-1].startswith("a/Service/x ")
