"""A job's digest, the verdict on a stopped task, and where a run stands, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.kinds.job import Job
from reconciler.kinds.job_facts import Container, Facts, Task, starter, task_from, token
from reconciler.kinds.job_outcome import failure, for_capacity, wants_room
from reconciler.kinds.job_state import Word, state
from reconciler.model.desired import Reference
from reconciler.model.key import Key
from reconciler.model.runs import FAILED, STARTED, SUCCEEDED, UNKNOWN, Run

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
RUN = Run(DIGEST[:32], STARTED, AT, 1, 0, "main", "arn:r")
DEFINITION = {
    "containerDefinitions": [{"name": "web", "image": "i:1", "command": ["a"], "environment": [{"name": "A"}]}]
}
SPEC = {"taskDefinition": Reference(Key("shop", "TaskDefinition", "web")), "cluster": "main"}


def essence(spec=SPEC, definition=DEFINITION):
    return Job().essence(spec, lambda reference: definition)


def with_container(**members):
    [one] = DEFINITION["containerDefinitions"]
    return {"memory": "1", "containerDefinitions": [{**one, **members}]}


@pytest.mark.parametrize("members", [{"environment": []}, {"memory": 9}, {"secrets": [1]}, {"logConfiguration": {}}])
def test_only_images_and_commands_count(members):
    assert essence(definition=with_container(**members)) == essence()


@pytest.mark.parametrize("members", [{"image": "i:2"}, {"command": ["b"]}, {"entryPoint": ["sh"]}, {"name": "x"}])
def test_an_image_a_command_and_the_container_they_belong_to_count(members):
    assert essence(definition=with_container(**members)) != essence()


def test_overridden_commands_count_and_overridden_variables_do_not():
    def over(**members):
        return {**SPEC, "overrides": {"containerOverrides": [{"name": "web", **members}]}}

    assert essence(over(command=["b"])) != essence()
    assert essence(over(command=["b"], environment=[{"name": "A", "value": "1"}])) == essence(over(command=["b"]))


def test_a_run_key_stands_for_all_of_it():
    said = {**SPEC, "runKey": "one"}
    assert essence(said, with_container(image="i:9")) == essence(said)


def stopped(*containers, **members):
    listed = tuple(Container(*one) for one in containers)
    return Task("arn:t", RUN.fingerprint, 1, "STOPPED", containers=listed, **members)


@pytest.mark.parametrize(
    ("task", "container", "why"),
    [
        (stopped(("web", 0)), "", ""),
        (stopped(("web", 0), stop_code="EssentialContainerExited"), "", ""),
        (stopped(("web", 0), ("side", 1)), "", ""),
        (stopped(("web", 0), ("side", 1)), "side", "exit code 1"),
        (stopped(("web", 3)), "", "web: exit code 3"),
        (stopped(("web", None, "OutOfMemory")), "", "gave no exit code (OutOfMemory)"),
        (stopped(), "", "no containers"),
        (stopped(("web", 0)), "other", "there is no container other"),
        (stopped(("web", 0), stop_code="UserInitiated", reason="timeout: too long"), "", "timeout: too long"),
        (stopped(("web", 0), stop_code="SpotInterruption"), "", "SpotInterruption"),
        (stopped(("web", None), stop_code="TaskFailedToStart", reason="CannotPullContainerError"), "", "CannotPull"),
    ],
)
def test_success_is_an_exit_code_of_zero_of_its_own_accord(task, container, why):
    found = failure(task, container, {"web": True, "side": False})
    assert bool(found) == bool(why)
    assert why in found


@pytest.mark.parametrize(
    ("reasons", "room"),
    [
        (["RESOURCE:MEMORY"], True),
        (["AGENT"], True),
        (["Capacity is unavailable at this time. Please try again later"], True),
        (["RESOURCE:CPU", "MISSING"], False),
        (["ATTRIBUTE"], False),
        ([], False),
    ],
)
def test_which_reasons_may_pass_with_time(reasons, room):
    assert for_capacity(reasons) is room


def test_only_a_task_that_never_started_is_tried_again():
    text = "Capacity is unavailable at this time."
    assert wants_room(stopped(stop_code="TaskFailedToStart", reason=text))
    assert not wants_room(stopped(stop_code="SpotInterruption", reason=text))
    assert not wants_room(stopped(stop_code="TaskFailedToStart", reason="CannotPullContainerError"))


LIVE = Task("arn:t", RUN.fingerprint, 1, "RUNNING")
ID = RUN.id


@pytest.mark.parametrize(
    ("facts", "hours", "word"),
    [
        (Facts(), 0, Word.NOT_RUN),
        (Facts(runs=(replace(RUN, fingerprint="f" * 32),)), 0, Word.NOT_RUN),
        (Facts(runs=(RUN,)), 0, Word.STARTED),
        (Facts(runs=(RUN,)), 22, Word.STARTED),
        (Facts(runs=(RUN,)), 23, Word.UNKNOWN),
        (Facts(runs=(RUN,), tasks=(LIVE,)), 30, Word.RUNNING),
        (Facts(runs=(RUN,), tasks=(replace(LIVE, last="STOPPED"),)), 0, Word.ENDED),
        (Facts(runs=(RUN,), refused=(ID, ("AGENT",))), 0, Word.REFUSED),
        (Facts(runs=(RUN,), gone=ID), 2, Word.GONE),
        (Facts(runs=(replace(RUN, word=SUCCEEDED),)), 99, Word.SUCCEEDED),
        (Facts(runs=(replace(RUN, word=FAILED),)), 0, Word.FAILED),
        (Facts(runs=(replace(RUN, word=UNKNOWN),)), 0, Word.UNKNOWN),
        (Facts(runs=(RUN, replace(RUN, word=SUCCEEDED, revision="arn:s"))), 0, Word.SUCCEEDED),
        (Facts(runs=(replace(RUN, word=FAILED), replace(RUN, attempt=2, revision="arn:s"))), 0, Word.STARTED),
        (Facts(runs=(replace(RUN, word=FAILED),), released=ID), 0, Word.AGAIN),
        (Facts(runs=(replace(RUN, word=FAILED),), released=f"{ID} done"), 0, Word.SAID_DONE),
        (Facts(runs=(replace(RUN, word=FAILED),), released="done"), 0, Word.FAILED),
        (Facts(runs=(replace(RUN, word=FAILED, attempt=2),), released=ID), 0, Word.FAILED),
        (Facts(runs=(RUN,), released=f"{ID} done", tasks=(LIVE,)), 0, Word.RUNNING),
        (Facts(runs=(replace(RUN, word=SUCCEEDED),), released=ID), 0, Word.SUCCEEDED),
    ],
)
def test_where_a_run_stands(facts, hours, word):
    assert state(facts, DIGEST, AT + timedelta(hours=hours)).word is word


def test_an_earlier_try_that_led_to_a_task_after_all_is_the_run_s():
    second = replace(RUN, attempt=2, tries=1)
    assert Facts(tasks=(LIVE,)).task_of(second) == LIVE
    refused = replace(LIVE, last="STOPPED", stop_code="TaskFailedToStart")
    assert Facts(tasks=(refused,)).task_of(second) is None
    assert Facts(tasks=(LIVE,)).task_of(replace(RUN, attempt=2)) is None, "a person's retry is another run"


def test_tasks_are_known_by_their_origin_alone():
    begins = starter("default/staging/shop/Job/a.b", "a.b")
    found = task_from({"taskArn": "arn:t", "startedBy": f"{begins}{RUN.fingerprint}/3"}, begins)
    assert found is not None
    assert (found.fingerprint, found.attempt) == (RUN.fingerprint, 3)
    assert task_from({"taskArn": "arn:t", "startedBy": "ecs-svc/1"}, begins) is None
    assert task_from({"taskArn": "arn:t"}, begins) is None


def test_origins_and_tokens_fit_what_aws_takes_and_tell_owners_and_attempts_apart():
    name = "n" * 100
    begins = starter(f"default/staging/shop/Job/{name}", name)
    assert len(f"{begins}{RUN.fingerprint}/999999") <= 128
    assert begins != starter(f"default/production/shop/Job/{name}", name)
    tokens = {token("a", RUN), token("b", RUN), token("a", replace(RUN, attempt=2))}
    assert len(tokens) == 3
    assert {len(one) for one in tokens} == {64}
