"""A resync of an unchanged world asks for nothing that cannot have changed, and still sees whatever has."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.observe import PATIENCE
from reconciler.engine.reconcile import reconcile
from reconciler.engine.remembering import Remembering
from reconciler.model.errors import Unavailable
from reconciler.model.key import OWNER, Key, Scope
from reconciler.model.kind import Answer
from reconciler.model.status import Memory
from reconciler.simulator import Settings, Simulator
from reconciler.simulator.fault import Fault
from tests.engine.test_secrets import referring, rotate
from tests.lab import Lab, edit

SCOPE = Scope("default", "staging")
RESYNC = 300.0
CLUSTER = """
apiVersion: reconciler/v1
kind: Cluster
metadata: {name: main}
"""
PAIR = """---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: t{n}}}
spec:
  containerDefinitions: [{{name: app, image: "shop:1", memory: 64}}]
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: s{n}}}
spec: {{cluster: main, taskDefinition: t{n}, desiredCount: 1}}
"""
JOB = """---
apiVersion: reconciler/v1
kind: Job
metadata: {name: migrate}
spec: {cluster: main, taskDefinition: migrate}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: migrate}
spec:
  containerDefinitions: [{name: app, image: "shop:1", memory: 64, command: [migrate]}]
"""
OTHERS = """---
apiVersion: reconciler/v1
kind: LogGroup
metadata: {name: logs}
spec: {logGroupName: /ecs/shop, retentionInDays: 30}
---
apiVersion: reconciler/v1
kind: Parameter
metadata: {name: level}
spec: {name: /shop/level, type: String, value: info}
---
apiVersion: reconciler/v1
kind: Secret
metadata: {name: key}
spec: {name: shop/key, jsonKeys: [token]}
"""
FLOOR = {"GetParametersByPath": 1, "GetResources": 1, "DescribeClusters": 1, "DescribeScalableTargets": 1}


class Agent:
    """Ticks one laboratory again and again, as an agent does."""

    def __init__(self, lab):
        self.lab, self.memory, self.read = lab, Memory(), None
        self.remembering = Remembering(lab.connect().read, SCOPE)

    def tick(self, *, write=True, **asked):
        target = replace(self.lab.target(**asked), remembering=self.remembering)
        if self.read != self.lab.files:
            self.read, self.wish = dict(self.lab.files), self.lab.wish()
        wish = self.wish
        assert not wish.errors, wish.errors
        result = reconcile(target if write else replace(target, write=None), wish, self.memory)
        self.memory = result.memory
        return result

    def resync(self, times=1):
        """The reads of as many ticks, a resync interval apart."""
        self.lab.simulator.calls.clear()
        for _ in range(times):
            self.lab.simulator.advance(RESYNC)
            result = self.tick()
        self.last = result
        return Counter(self.lab.reads())

    def until_quiet(self, most=40):
        """Tick as the results say until all is Ready, then until nothing is asked that is remembered."""
        for _ in range(most):
            result = self.tick()
            if result.status.ready and result.plan.empty:
                break
            self.lab.simulator.advance(result.again or RESYNC)
        assert result.status.ready and result.plan.empty
        self.resync(3)
        self.lab.writes()
        return self


def pairs(count, more=""):
    lab = Lab()
    lab.app("shop", CLUSTER + "".join(PAIR.format(n=n) for n in range(count)) + more)
    return lab


def with_others():
    lab = pairs(2, OTHERS + JOB)
    lab.simulator.client("secretsmanager", region="eu-west-1").create_secret(Name="shop/key", SecretString="{}")
    lab.simulator.script("migrate", exits=0, after=20.0)
    return lab


@pytest.fixture
def agent():
    return Agent(pairs(2)).until_quiet()


def revision(lab, family="t0"):
    return lab.ecs().describe_task_definition(taskDefinition=family)["taskDefinition"]["taskDefinitionArn"]


def changes(result):
    return {str(change.key): str(change.action) for change in result.plan.changes}


@pytest.mark.parametrize("times", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_resyncs_of_an_unchanged_world_make_no_write_and_exactly_the_floor_of_reads(times):
    agent = Agent(pairs(25)).until_quiet()
    floor = {"DescribeServices": ceil(25 / 10), **FLOOR}
    assert agent.resync(times) == {operation: times * count for operation, count in floor.items()}
    assert agent.lab.writes() == []


def test_with_groups_parameters_secrets_and_jobs_no_tags_and_no_revisions_are_asked_for():
    agent = Agent(with_others()).until_quiet()
    reads = agent.resync()
    own = {"DescribeLogGroups": 1, "DescribeParameters": 1, "DescribeSecret": 1}
    assert reads == {"DescribeServices": 1, **own, **FLOOR}


def test_without_memory_everything_is_asked(agent):
    agent.remembering.forget_apps({"shop"})
    assert agent.resync()["DescribeTaskDefinition"] == 2
    assert agent.resync()["DescribeTaskDefinition"] == 0


def test_what_is_recalled_keeps_the_date_it_was_read_on(agent):
    [read] = [it.read for it in agent.last.status.resources if str(it.key) == "shop/TaskDefinition/t0"]
    agent.resync()
    status = {str(it.key): it.read for it in agent.last.status.resources}
    assert status["shop/TaskDefinition/t0"] == read < status["shop/Service/s0"]
    assert agent.last.status.read == status["shop/Service/s0"]


@pytest.mark.parametrize("what", ["changed", "removed", "added"])
def test_a_tag_changed_by_hand_is_seen_and_corrected(agent, what):
    lab = agent.lab
    edit(lab, "metadata: {name: t0}\nspec:", "metadata: {name: t0}\nspec:\n  tags: [{key: team, value: sales}]")
    agent.until_quiet()
    arn = revision(lab)
    if what == "changed":
        lab.ecs().tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "mine"}])
    elif what == "removed":
        lab.ecs().untag_resource(resourceArn=arn, tagKeys=["team"])
    else:
        lab.ecs().tag_resource(resourceArn=arn, tags=[{"key": "more", "value": "mine"}])
    lab.writes()
    reads = agent.resync()
    assert reads["DescribeTaskDefinition"] == 2  # it is read anew, and so is all of an app that is to change
    assert set(lab.writes()) <= {"TagResource", "UntagResource"}
    assert agent.tick().plan.empty


def test_the_owner_tag_taken_away_by_hand_is_seen(agent):
    arn = revision(agent.lab)
    agent.lab.ecs().untag_resource(resourceArn=arn, tagKeys=[OWNER])
    agent.resync()
    assert agent.last.plan.empty is False or OWNER in {
        tag["key"] for tag in agent.lab.ecs().list_tags_for_resource(resourceArn=arn)["tags"]
    }


def test_tags_of_a_group_and_of_a_parameter_changed_by_hand_are_seen():
    lab = with_others()
    edit(lab, "retentionInDays: 30}", "retentionInDays: 30, tags: {team: sales}}")
    edit(lab, "value: info}", "value: info, tags: [{key: team, value: sales}]}")
    agent = Agent(lab).until_quiet()
    logs, ssm = lab.simulator.client("logs", region="eu-west-1"), lab.simulator.client("ssm", region="eu-west-1")
    group = logs.describe_log_groups(logGroupNamePrefix="/ecs/shop")["logGroups"][0]["arn"].removesuffix(":*")
    logs.tag_resource(resourceArn=group, tags={"team": "mine"})
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/shop/level", Tags=[{"Key": "team", "Value": "me"}])
    lab.writes()
    agent.resync()
    assert sorted(lab.writes()) == ["AddTagsToResource", "TagResource"]
    agent.resync()
    assert agent.last.plan.empty and lab.writes() == []


def test_a_group_and_a_parameter_deleted_by_hand_are_made_again():
    agent = Agent(with_others()).until_quiet()
    agent.lab.simulator.client("logs", region="eu-west-1").delete_log_group(logGroupName="/ecs/shop")
    agent.lab.simulator.client("ssm", region="eu-west-1").delete_parameter(Name="/shop/level")
    agent.lab.writes()
    agent.resync()
    assert {"CreateLogGroup", "PutParameter"} <= set(agent.lab.writes())


def test_a_value_written_by_hand_is_seen():
    agent = Agent(with_others()).until_quiet()
    ssm = agent.lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(Name="/shop/level", Value="debug", Type="String", Overwrite=True)
    agent.lab.writes()
    agent.resync()
    assert "PutParameter" in agent.lab.writes()


def test_a_secret_rotated_by_hand_is_seen():
    agent = Agent(referring()).until_quiet()
    assert not agent.resync()["DescribeTaskDefinition"]
    rotate(agent.lab)
    result = agent.tick(write=False)
    assert changes(result) == {"shop/Service/web": "update", "shop/Service/worker": "update"}


def test_a_service_moved_by_hand_to_a_new_revision_is_seen(agent):
    lab = agent.lab
    definition = lab.ecs().register_task_definition(
        family="t0", containerDefinitions=[{"name": "app", "image": "shop:hotfix", "memory": 64}]
    )
    lab.ecs().update_service(
        cluster="main", service="s0", taskDefinition=definition["taskDefinition"]["taskDefinitionArn"]
    )
    lab.simulator.settle()
    assert changes(agent.tick(write=False)) == {"shop/Service/s0": "update"}


def test_a_new_revision_by_hand_that_nothing_runs_changes_nothing(agent):
    lab = agent.lab
    tags = lab.ecs().list_tags_for_resource(resourceArn=revision(lab))["tags"]
    lab.ecs().register_task_definition(
        family="t0", containerDefinitions=[{"name": "app", "image": "shop:1", "memory": 64}], tags=tags
    )
    lab.writes()
    agent.resync()
    assert agent.last.plan.empty and lab.writes() == []


def test_a_revision_deregistered_by_hand_is_seen_as_soon_as_an_event_names_it(agent):
    lab, arn = agent.lab, revision(agent.lab)
    lab.ecs().deregister_task_definition(taskDefinition=arn)
    lab.writes()
    agent.remembering.forget([arn])
    agent.resync()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]


def test_a_revision_deregistered_by_hand_is_seen_before_anything_new_starts(agent):
    """Until then what runs it goes on, and may scale."""
    lab = agent.lab
    lab.ecs().deregister_task_definition(taskDefinition=revision(lab))
    lab.writes()
    agent.resync()
    assert lab.writes() == []
    edit(lab, "taskDefinition: t0, desiredCount: 1", "taskDefinition: t0, desiredCount: 2")
    agent.resync()
    assert lab.writes()[0] == "RegisterTaskDefinition"


def test_a_revision_deregistered_by_hand_is_seen_before_another_app_uses_it(agent):
    lab = agent.lab
    lab.ecs().deregister_task_definition(taskDefinition=revision(lab))
    lab.app(
        "other",
        """
        apiVersion: reconciler/v1
        kind: Service
        metadata: {name: also}
        spec: {cluster: ref:shop/Cluster/main, taskDefinition: ref:shop/TaskDefinition/t0, desiredCount: 1}
        """,
    )
    lab.writes()
    result = agent.tick()
    assert not result.failures
    assert lab.writes()[0] == "RegisterTaskDefinition"


def test_a_plan_that_is_not_made_is_told_from_what_was_read_anew(agent):
    lab = agent.lab
    lab.ecs().deregister_task_definition(taskDefinition=revision(lab))
    edit(lab, "taskDefinition: t0, desiredCount: 1", "taskDefinition: t0, desiredCount: 2")
    result = agent.tick(write=False)
    assert changes(result)["shop/TaskDefinition/t0"] == "create"


def test_a_run_that_somebody_else_made_is_not_made_again_while_the_scan_is_behind():
    lab = Lab(simulator=Simulator(Settings(tagging_lag=3600)))
    lab.app("shop", CLUSTER + JOB)
    lab.simulator.script("migrate", exits=0, after=20.0)
    agent = Agent(lab).until_quiet()
    lab.simulator.advance(7200)
    agent.until_quiet()
    assert not agent.resync()["DescribeTaskDefinition"]
    edit(lab, "taskDefinition: migrate}", "taskDefinition: migrate, runKey: two}")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes().count("RunTask") == 1
    result = agent.tick()
    assert result.status.ready and "RunTask" not in lab.writes()


def test_a_run_that_somebody_else_made_is_not_planned_either_while_it_would_wait():
    lab = Lab(simulator=Simulator(Settings(tagging_lag=3600)))
    lab.app("shop", CLUSTER + PAIR.format(n=0) + JOB)
    lab.simulator.script("migrate", exits=0, after=20.0)
    agent = Agent(lab).until_quiet()
    lab.simulator.advance(7200)
    agent.until_quiet()
    edit(lab, "taskDefinition: migrate}", "taskDefinition: migrate, runKey: two}")
    assert lab.apply().ending is Ending.CONVERGED
    edit(lab, "metadata: {name: migrate}\nspec: {", "metadata: {name: migrate, dependsOn: [Service/s0]}\nspec: {")
    edit(lab, "desiredCount: 1", "desiredCount: 2")
    assert changes(agent.tick(write=False)) == {"shop/Service/s0": "update"}


def test_nothing_is_remembered_of_an_app_that_has_become_unwell(agent):
    agent.lab.simulator.advance(2 * PATIENCE)
    [task] = agent.lab.ecs().list_tasks(cluster="main", serviceName="s0")["taskArns"]
    agent.lab.simulator.script("t0", exits=1, after=2.0)
    agent.lab.ecs().stop_task(cluster="main", task=task)
    agent.lab.simulator.advance(RESYNC)
    result = agent.tick()
    assert result.plan.empty and not result.status.ready
    assert agent.remembering.size == 0


def test_nothing_is_remembered_of_an_app_that_is_not_at_rest(agent):
    lab = agent.lab
    edit(lab, "shop:1", "shop:2")
    agent.tick()
    assert agent.remembering.size == 0
    while not agent.tick().status.ready:
        assert agent.remembering.size == 0
        lab.simulator.advance(5)
    began = lab.simulator.now()
    while not agent.remembering.size:
        lab.simulator.advance(30)
        agent.tick()
    assert (lab.simulator.now() - began).total_seconds() > PATIENCE / 2  # a reading just after a write may be old


def test_an_app_at_rest_is_remembered_while_another_is_not(agent):
    lab = agent.lab
    lab.app("other", PAIR.format(n=9).replace("cluster: main", "cluster: ref:shop/Cluster/main").removeprefix("---\n"))
    agent.tick()
    lab.simulator.calls.clear()
    lab.simulator.advance(5)
    result = agent.tick()
    assert not result.status.ready
    [asked] = [it.params["taskDefinition"] for it in lab.simulator.calls if it.operation == "DescribeTaskDefinition"]
    assert "t9" in asked


def test_a_scan_that_fails_leaves_nothing_to_be_taken_for_known(agent):
    lab = agent.lab
    lab.simulator.faults.add(Fault(what="denied", operation="GetResources", times=None))
    assert agent.resync()["DescribeTaskDefinition"] >= 2


class Scripted:
    """A Reader whose answers are set: tags by ARN; what it was asked is kept."""

    region = "eu-west-1"

    def __init__(self):
        self.tags, self.asked, self.meanwhile = {}, [], lambda: None

    def many(self, operation, params, *, region=None):
        self.asked += [(operation, region, *each.values()) for each in params]
        answers = [self._answer(each["taskDefinition"]) for each in params]
        self.meanwhile()
        return answers

    def _answer(self, arn):
        if arn not in self.tags:
            return Unavailable("no answer", operation="ecs:DescribeTaskDefinition")
        tags = [{"key": key, "value": value} for key, value in self.tags[arn].items()]
        return Answer({"taskDefinition": {"taskDefinitionArn": arn}, "tags": tags}, None)

    def pages(self, operation, params, items, *, region=None):
        return [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in self.tags.items()
        ]


def arn(number):
    return f"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}"


def owned(app="shop"):
    return {OWNER: f"default/staging/{app}/TaskDefinition/web"}


class Memo:
    def __init__(self, most=100, count=1, **tags):
        self.read = Scripted()
        self.read.tags = {arn(number): tags or owned() for number in range(1, count + 1)}
        self.memory = Remembering(self.read, SCOPE, most=most)

    def scan(self):
        self.memory.pages("resourcegroupstaggingapi:GetResources", {}, "ResourceTagMappingList")
        return self

    def ask(self, *numbers, **how):
        """The numbers of those that were asked of AWS."""
        self.read.asked.clear()
        params = [{"taskDefinition": arn(number), "include": ["TAGS"]} for number in numbers]
        answers = self.memory.many("ecs:DescribeTaskDefinition", params, **how)
        told = [it["taskDefinition"]["taskDefinitionArn"] if isinstance(it, Answer) else None for it in answers]
        assert told == [arn(number) if arn(number) in self.read.tags else None for number in numbers]
        return [int(asked[2].rpartition(":")[2]) for asked in self.read.asked]


def test_answers_stay_in_the_order_asked_whichever_are_known():
    memo = Memo(count=4).scan()
    assert memo.ask(2, 4) == [2, 4]
    assert memo.ask(1, 2, 3, 4) == [1, 3]


def test_nothing_is_recalled_before_a_scan_has_confirmed_it():
    memo = Memo()
    assert memo.ask(1) == [1]
    assert memo.ask(1) == [1]
    assert memo.scan().ask(1) == []


def test_another_tag_or_one_less_in_the_scan_is_asked_about():
    memo = Memo().scan()
    memo.ask(1)
    memo.read.tags = {arn(1): {**owned(), "more": "x"}}
    assert memo.scan().ask(1) == [1]
    memo.read.tags = {arn(1): owned()}
    assert memo.scan().ask(1) == [1]
    assert memo.ask(1) == []


def test_what_vanishes_from_the_scan_is_forgotten():
    memo = Memo(count=2).scan()
    memo.ask(1, 2)
    del memo.read.tags[arn(1)]
    memo.scan()
    assert memo.memory.size == 1


def test_two_answers_of_one_scan_about_one_thing_confirm_nothing():
    memo = Memo()
    memo.ask(1)
    pages = memo.read.pages
    memo.read.pages = lambda *a, **k: [*pages(*a), {"ResourceARN": arn(1), "Tags": [{"Key": "x", "Value": "y"}]}]
    assert memo.scan().ask(1) == [1]


def test_what_is_not_ours_is_never_remembered():
    for tags in ({"team": "x"}, {OWNER: "default/production/shop/TaskDefinition/web"}, {OWNER: "nonsense"}):
        memo = Memo(**tags).scan()
        memo.ask(1)
        assert memo.ask(1) == [1]


def test_errors_are_not_remembered():
    memo = Memo().scan()
    memo.ask(7)
    assert memo.memory.size == 0


def test_another_region_and_other_parameters_are_other_questions():
    memo = Memo().scan()
    memo.ask(1)
    assert memo.ask(1, region="us-east-1") == [1]
    memo.read.asked.clear()
    memo.memory.many("ecs:DescribeTaskDefinition", [{"taskDefinition": arn(1)}])
    assert memo.read.asked


def test_no_more_than_so_many_are_kept_and_the_longest_unasked_goes_first():
    memo = Memo(most=2, count=3).scan()
    memo.ask(1, 2)
    memo.ask(1)
    memo.ask(3)
    assert memo.memory.size == 2
    assert memo.ask(1, 3) == []
    assert memo.ask(2) == [2]


def test_an_answer_that_was_under_way_when_an_event_came_is_not_kept():
    memo = Memo(count=2).scan()
    memo.read.meanwhile = lambda: memo.memory.forget([arn(1)])
    memo.ask(1, 2)
    memo.read.meanwhile = lambda: None
    assert memo.ask(1, 2) == [1]
    memo.memory.forget_apps({"shop"})
    memo.read.meanwhile = lambda: memo.memory.forget_apps({"shop"})
    memo.ask(1, 2)
    assert memo.memory.size == 0


def test_used_names_what_was_recalled_since_the_last_scan():
    memo = Memo().scan()
    memo.ask(1)
    assert memo.memory.used == frozenset()
    memo.ask(1)
    assert memo.memory.used == {Key("shop", "TaskDefinition", "web")}
    assert memo.scan().memory.used == frozenset()
