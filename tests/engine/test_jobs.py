"""Jobs: run once for each run key, before what depends on them and after what they depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.people import retry
from reconciler.engine.reconcile import reconcile
from reconciler.model.status import Memory
from tests.lab import SHOP, Lab, actions, edit

JOB = """
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: migrate}
spec:
  containerDefinitions:
    - name: rails
      image: shop:1
      memory: 256
      command: [bin/rails, "db:migrate"]
      environment: [{name: LEVEL, value: info}]
---
apiVersion: reconciler/v1
kind: Job
metadata: {name: db-migrate}
spec: {cluster: main, taskDefinition: migrate, timeout: 30m}
"""
WAITS = SHOP.replace(
    "metadata: {name: web}\nspec: {cluster", "metadata: {name: web, dependsOn: [Job/db-migrate]}\nspec: {cluster"
)
KEY = "shop/Job/db-migrate"


def shop(text: str = WAITS + JOB, **script: object) -> Lab:
    lab = Lab()
    lab.app("shop", text)
    lab.simulator.script("migrate", **{"exits": 0, "after": 20.0, **script})
    return lab


@pytest.fixture
def lab() -> Lab:
    """The app with a migration before its web service, applied; the migration ends well after 20 s."""
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def tasks(lab: Lab) -> list[dict]:
    """The tasks of the migration, running and stopped."""
    ecs = lab.ecs()
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster="main", family="migrate", desiredStatus=status)["taskArns"]
    ]
    found = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
    return [task for task in found if task["startedBy"].startswith("db-migrate/")]


def runs(lab: Lab) -> int:
    return sum(call.operation == "RunTask" and call.error is None for call in lab.simulator.writes())


def job(result):
    [resource] = [item for item in result.status.resources if str(item.key) == KEY]
    return resource


def test_a_migration_runs_before_the_service_that_depends_on_it():
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    made = lab.writes()
    assert made.count("RunTask") == 1
    assert made.index("RunTask") < max(index for index, name in enumerate(made) if name == "CreateService")
    [task] = tasks(lab)
    [web] = lab.ecs().describe_services(cluster="main", services=["web"])["services"]
    assert web["createdAt"] > task["stoppedAt"]


def test_a_job_that_depends_on_a_service_runs_after_it():
    lab = shop(SHOP + JOB.replace("{name: db-migrate}", "{name: db-migrate, dependsOn: [Service/web]}"))
    assert lab.apply().ending is Ending.CONVERGED
    [task] = tasks(lab)
    [web] = lab.ecs().describe_services(cluster="main", services=["web"])["services"]
    assert task["createdAt"] > web["createdAt"]
    assert web["runningCount"] == 2


def test_planned_again_it_is_nothing_and_applied_again_it_writes_nothing(lab):
    assert lab.plan().empty
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_a_plan_shows_the_run_with_its_calls_and_what_waits_for_it():
    plan = shop().plan()
    assert actions(plan)[KEY] == "run"
    by_key = {str(change.key): change for change in plan.changes}
    assert [call.operation for call in by_key[KEY].calls] == ["ecs:TagResource", "ecs:RunTask", "ecs:TagResource"]
    assert "has ended" in str(by_key[KEY].calls[-1].params["tags"][0]["value"])
    assert KEY in map(str, by_key["shop/Service/web"].waits_on)
    assert KEY not in map(str, by_key["shop/Service/worker"].waits_on)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{name: LEVEL, value: info}", "{name: LEVEL, value: debug}"),
        ('command: [bin/rails, "db:migrate"]', 'command: [bin/rails, "db:migrate"]\n      stopTimeout: 60'),
        ("taskDefinition: migrate,", "taskDefinition: migrate, tags: [{key: a, value: b}],"),
        ("desiredCount: 2", "desiredCount: 3"),
        ("{cluster: main, taskDefinition: web, desiredCount: 2}", "{cluster: main, taskDefinition: web, tags: []}"),
        ("timeout: 30m", "timeout: 31m"),
    ],
    ids=["variable", "definition", "tags", "scale", "service tags", "timeout"],
)
def test_what_is_no_part_of_the_run_key_runs_nothing(lab, old, new):
    edit(lab, old, new)
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0
    assert lab.plan().empty


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "image: shop:1\n      memory: 256\n      command: [bin/rails",
            "image: shop:2\n      memory: 256\n      command: [bin/rails",
        ),
        ('[bin/rails, "db:migrate"]', '[bin/rails, "db:migrate", now]'),
        ("timeout: 30m", "timeout: 30m, runKey: again"),
        ("timeout: 30m", "timeout: 30m, overrides: {containerOverrides: [{name: rails, command: [echo]}]}"),
    ],
    ids=["image", "command", "run key", "override"],
)
def test_what_is_part_of_the_run_key_runs_it_once_more_and_going_back_does_not(lab, old, new):
    edit(lab, old, new)
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 1
    edit(lab, new, old)
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0
    edit(lab, old, new)
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0


def test_a_run_key_replaces_what_is_run():
    lab = shop(WAITS + JOB.replace("timeout: 30m", "timeout: 30m, runKey: one"))
    lab.apply()
    lab.writes()
    edit(lab, '"db:migrate"', '"db:migrate", now')
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0


def test_drift_of_a_service_is_corrected_without_a_run(lab):
    lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    lab.simulator.settle()
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]


def failing(**script: object) -> Lab:
    lab = shop(**script)
    assert lab.apply().ending is Ending.AT_REST
    return lab


def told(lab: Lab):
    return job(lab.tick(write=False)).condition("Stalled")


def test_a_failed_migration_leaves_the_service_untouched_and_says_why():
    lab = failing(exits=3)
    stalled = told(lab)
    assert stalled.reason == "HookFailed"
    assert "rails: exit code 3" in stalled.message
    assert "reconciler retry shop Job/db-migrate" in job(lab.tick(write=False)).hint
    made = lab.writes()
    assert (made.count("CreateService"), made.count("RunTask")) == (1, 1)
    assert lab.ecs().describe_services(cluster="main", services=["web"])["services"] == []


def test_what_failed_is_not_run_again_however_often_it_is_looked_at():
    lab = failing(exits=3)
    lab.writes()
    for _ in range(10):
        lab.simulator.advance(3600)
        lab.tick()
    assert lab.writes() == []


def test_another_image_releases_a_failed_migration():
    lab = failing(exits=3)
    lab.simulator.script("migrate", exits=0, after=5.0)
    edit(
        lab,
        "image: shop:1\n      memory: 256\n      command: [bin",
        "image: shop:2\n      memory: 256\n      command: [bin",
    )
    assert lab.apply().ending is Ending.CONVERGED
    assert len(tasks(lab)) == 2


def test_in_place_drift_of_a_service_behind_a_failed_job_stays(lab):
    lab.simulator.script("migrate", exits=1, after=5.0)
    edit(lab, '"db:migrate"', '"db:migrate", v2')
    edit(lab, "desiredCount: 2", "desiredCount: 4")
    assert lab.apply().ending is Ending.AT_REST
    assert lab.writes() == ["RegisterTaskDefinition", "TagResource", "RunTask", "TagResource"]
    assert lab.service("web")["desiredCount"] == 2


def test_an_image_that_cannot_be_pulled_is_a_failure_although_no_code_was_ever_given():
    lab = failing(exits=None, cannot_pull="not found")
    assert "CannotPullContainerError" in told(lab).message
    assert len(tasks(lab)) == 1


def test_a_task_that_died_before_the_first_look_is_found_by_its_origin():
    lab = shop(exits=7, after=0.0)
    lab.tick()
    lab.simulator.advance(1800)
    lab.tick()
    assert "exit code 7" in told(lab).message


def test_a_run_longer_than_its_timeout_is_stopped_and_has_failed():
    lab = failing(exits=None)
    assert "timeout" in told(lab).message
    assert lab.writes().count("StopTask") == 1
    [task] = tasks(lab)
    assert task["containers"][0]["exitCode"] == 0  # it ended tidily when it was told to, which is no success


def full(lab: Lab, tasks: int | None) -> None:
    lab.simulator.fargate_capacity(tasks)


FARGATE = (
    JOB.replace("spec:\n  containerDefinitions", "spec:\n  requiresCompatibilities: [FARGATE]\n  networkMode: awsvpc\n"
                "  cpu: '256'\n  memory: '512'\n  containerDefinitions")
    .replace("timeout: 30m", "timeout: 30m, launchType: FARGATE, networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1]}}")
)  # fmt: skip


def test_a_lack_of_capacity_is_waited_out_with_pauses():
    lab = shop(WAITS + FARGATE)
    full(lab, 0)
    memory = Memory()
    for _ in range(20):
        result = lab.tick(memory)
        memory = result.memory
        lab.simulator.advance(30)
    condition = job(result).condition("Reconciling")
    assert (condition.reason, condition.status) == ("RunningHook", "True")
    assert "no capacity" in condition.message
    assert 2 <= runs(lab) <= 3
    full(lab, None)
    assert lab.apply().ending is Ending.CONVERGED
    assert len(tasks(lab)) == 1


def test_a_lack_of_capacity_beyond_the_timeout_is_a_failure():
    lab = shop(WAITS + FARGATE)
    full(lab, 0)
    assert lab.apply(timeout=7200).ending is Ending.AT_REST
    assert "Capacity is unavailable" in told(lab).message
    assert tasks(lab) == []


def test_no_room_and_no_memory_between_ticks_makes_no_call_more_than_the_pauses_allow():
    lab = shop(WAITS + FARGATE)
    full(lab, 0)
    for _ in range(20):
        lab.tick()
        lab.simulator.advance(30)
    assert runs(lab) <= 3


def test_another_reason_for_no_task_is_a_failure_at_once():
    nowhere = "placementConstraints: [{type: memberOf, expression: 'attribute:none == x'}]"
    lab = shop(SHOP[: SHOP.index("---")] + JOB.replace("timeout: 30m", f"timeout: 30m, {nowhere}"))
    lab.ecs().create_cluster(clusterName="main")
    lab.simulator.add_instance("main", region="eu-west-1")
    assert lab.apply(adopt=True).ending is Ending.AT_REST
    assert "ATTRIBUTE" in told(lab).message
    assert tasks(lab) == []


def test_a_newer_commit_does_not_stop_a_running_job_and_runs_after_it(lab):
    lab.simulator.script("migrate", exits=0, after=600.0)
    edit(lab, '"db:migrate"', '"db:migrate", v2')
    memory = lab.tick().memory
    lab.simulator.advance(60)
    edit(lab, "v2", "v3")
    result = lab.tick(memory)
    assert "an earlier run is still going" in job(result).condition("Reconciling").message
    assert runs(lab) == 1
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes().count("StopTask") == 0
    first, second = sorted((it for it in tasks(lab)), key=lambda task: task["createdAt"])[-2:]
    assert second["createdAt"] > first["stoppedAt"]
    edit(lab, "v3", "v2")
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0, "the end of the earlier run was recorded too"


def test_a_person_s_run_of_it_is_waited_for(lab):
    lab.simulator.script("migrate", exits=0, after=600.0)
    started = tasks(lab)[0]["startedBy"].rpartition("/")[0].rpartition("/")[0]
    lab.ecs().run_task(cluster="main", taskDefinition="migrate", startedBy=f"{started}/hand")
    lab.simulator.advance(120)
    edit(lab, '"db:migrate"', '"db:migrate", v2')
    lab.writes()
    result = lab.tick()
    assert runs(lab) == 0
    assert "another run of it is still going" in job(result).condition("Reconciling").message
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 1


def test_a_manual_job_is_ready_and_never_runs_by_itself():
    lab = shop(WAITS + JOB.replace("timeout: 30m", "timeout: 30m, when: manual"))
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    assert job(outcome.last).ready
    assert "when asked" in job(outcome.last).condition("Ready").message
    assert tasks(lab) == []


def test_a_job_on_failure_runs_once_for_each_failure_and_its_own_failure_is_only_told():
    breaker = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"
    shown = SHOP[: SHOP.rindex("---")].replace("desiredCount: 2", breaker).replace("shop:1", "web:1")
    lab = shop(shown + JOB.replace("timeout: 30m", "timeout: 30m, when: failure"), exits=9)
    assert lab.apply().ending is Ending.CONVERGED
    assert tasks(lab) == []
    for number, (before, image) in enumerate([("web:1", "web:bad"), ("web:bad", "web:worse")], 1):
        lab.simulator.script(image, cannot_pull="not found")
        edit(lab, before, image)
        assert lab.apply().ending is Ending.AT_REST
        for _ in range(3):
            lab.tick()
            lab.simulator.advance(60)
        assert len(tasks(lab)) == number
        resource = job(lab.tick())
        assert resource.ready
        assert "exit code 9" in resource.condition("Ready").message


def interrupted() -> Lab:
    """Killed after the intent was recorded, and everybody away for a day."""
    lab = shop()
    target = lab.target()
    assert target.write is not None
    seen: list[str] = []

    def stop() -> bool:
        return seen.count("ecs:TagResource") > 0

    reconcile(replace(target, made=lambda change, call: seen.append(call.operation), stop=stop), lab.wish(), Memory())
    assert lab.writes().count("RunTask") == 0
    lab.simulator.advance(24 * 3600)
    return lab


def test_an_intent_of_long_ago_without_a_task_is_not_acted_on():
    lab = interrupted()
    assert lab.apply().ending is Ending.AT_REST
    stalled = told(lab)
    assert stalled.reason == "JobOutcomeUnknown"
    assert "--done" in job(lab.tick(write=False)).hint
    assert lab.writes().count("RunTask") == 0


@pytest.fixture
def release(monkeypatch):
    """What a person's retry amounts to: the id of the run in the record of the app."""
    from reconciler.kinds.job import Job

    said: dict[str, str] = {}
    look = Job.observe

    def observe(self, read, wanted):
        return look(self, read, [replace(want, released=said.get("id", "")) for want in wanted])

    monkeypatch.setattr(Job, "observe", observe)
    return lambda id: said.update(id=id)


def failed_id(lab: Lab) -> str:
    from reconciler.engine.observe import observe
    from reconciler.kinds import KINDS
    from reconciler.model.policy import Policy

    world = observe(lab.connect().read, lab.target().scope, lab.wish(), Memory(), Policy())
    [seen] = [seen for key, seen in world.seen.items() if str(key) == KEY]
    found = KINDS["Job"].released(seen)
    assert found is not None
    return found


@pytest.mark.parametrize("what", ["unknown", "failed"])
def test_a_person_s_retry_runs_it_once_more(release, what):
    lab = interrupted() if what == "unknown" else failing(exits=3)
    lab.apply()
    lab.simulator.script("migrate", exits=0, after=5.0)
    release(failed_id(lab))
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 1
    assert lab.plan().empty


def test_what_failed_again_after_a_retry_is_held_again(release):
    lab = failing(exits=3)
    first = failed_id(lab)
    release(first)
    assert lab.apply().ending is Ending.AT_REST
    assert len(tasks(lab)) == 2
    assert failed_id(lab) != first


@pytest.mark.parametrize("what", ["unknown", "failed"])
def test_a_person_may_say_that_it_is_done(release, what):
    lab = interrupted() if what == "unknown" else failing(exits=3)
    lab.apply()
    release(f"{failed_id(lab)} done")
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0
    release("")
    assert lab.plan().empty


@pytest.mark.parametrize("done", [True, False])
def test_the_verb_retry_says_it_in_the_record_of_the_app(done):
    lab = failing(exits=3)
    lab.simulator.script("migrate", exits=0, after=5.0)
    [released] = retry(lab.target(), lab.wish(), "shop", ["Job/db-migrate"], done=done)
    assert str(released.key) == KEY
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == (0 if done else 1)
    edit(lab, '"db:migrate"', '"db:migrate", v2')
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 1, "what was said of one run holds for no other"


def test_a_word_about_another_run_releases_nothing(release):
    lab = failing(exits=3)
    release("0" * 32 + "/1 done")
    assert lab.apply().ending is Ending.AT_REST


def test_a_job_whose_manifest_is_gone_leaves_nothing_behind(lab):
    lab.app("shop", SHOP + JOB[: JOB.rindex("---")])
    plan = lab.plan(prune=True)
    assert plan.empty
    assert not plan.warnings


def test_a_suspended_app_records_the_end_of_a_run_but_starts_none(lab):
    lab.simulator.script("migrate", exits=0, after=60.0)
    edit(lab, '"db:migrate"', '"db:migrate", v2')
    lab.tick()
    lab.simulator.advance(120)
    lab.write(
        "apps/shop/app.yaml", "apiVersion: reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {suspend: true}\n"
    )
    lab.writes()
    lab.tick()
    assert lab.writes() == ["TagResource"]
    edit(lab, '"db:migrate", v2', '"db:migrate", v3')
    lab.apply()
    assert runs(lab) == 0


def test_a_rejected_start_is_told_and_a_corrected_manifest_starts_it():
    lab = shop()
    lab.simulator.faults.deny("RunTask")
    assert lab.apply().ending is Ending.AT_REST
    lab.simulator.faults.allow()
    assert lab.apply().ending is Ending.CONVERGED
    assert len(tasks(lab)) == 1


def test_two_parameters_for_one_token_lead_to_the_task_that_was_made(lab):
    lab.simulator.script("migrate", exits=0, after=300.0)
    edit(lab, '"db:migrate"', '"db:migrate", v2')
    lab.tick()
    edit(lab, "{name: LEVEL, value: info}", "{name: LEVEL, value: debug}")
    lab.simulator.faults.stale("ListTasks", versions=6, times=8)
    lab.simulator.faults.stale("DescribeTaskDefinition", versions=4, times=30)
    memory = lab.tick().memory
    lab.simulator.faults.fresh()
    for _ in range(100):
        result = lab.tick(memory)
        memory = result.memory
        lab.simulator.advance(5)
    assert job(result).ready
    assert len(tasks(lab)) == 2


def test_the_outcome_is_found_on_an_old_revision_although_the_inventory_is_behind(lab):
    lab.simulator.faults.tagging(behind=86400)
    edit(lab, "{name: LEVEL, value: info}", "{name: LEVEL, value: debug}")
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 0


def test_jobs_of_one_name_in_two_apps_do_not_know_each_other(lab):
    lab.app("other", JOB.replace("spec:\n  containerDefinitions", "spec:\n  family: other\n  containerDefinitions"))
    lab.simulator.script("other", exits=0, after=5.0)
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("taskDefinition: migrate", "taskDefinition: nothing:1", "not-ours"),
        ("timeout: 30m", "timeout: soon", "wrong-value"),
        ("timeout: 30m", "container: rail", "unknown-container"),
        ("timeout: 30m", "when: never", "unknown-value"),
        ("timeout: 30m", "launchType: FARGATE", "no-network"),
        ("timeout: 30m", "overrides: {containerOverrides: [{name: web}]}", "unknown-container"),
        ("timeout: 30m", "networkConfiguration: {awsvpcConfiguration: {subnets: [a]}}", "no-network"),
        ("timeout: 30m", "clientToken: x", "unknown-member"),
    ],
)
def test_a_manifest_that_cannot_be_run_is_told_before_anything_happens(old, new, code):
    lab = shop(WAITS + JOB.replace(old, new))
    assert code in {problem.code for problem in lab.wish().errors}
