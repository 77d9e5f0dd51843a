"""docs/scaling.md says what follows from the program's own constants, and a resync costs what it says."""

import re
from collections import Counter
from pathlib import Path

import pytest

from reconciler.model.key import Scope
from reconciler.model.record import NO_RECORD, Record
from tests import scaling
from tests.engine.test_remembering import Agent
from tests.lab import Lab

PAGE = (Path(__file__).parents[2] / "docs/scaling.md").read_text()
HEAD = "---\napiVersion: reconciler/v1\n"


def test_the_table_is_what_is_computed():
    table = PAGE.partition("## The table")[2].partition("## ")[0]
    assert re.findall(r"^\| [\d,]+ \|.*$", table, re.MULTILINE) == list(scaling.rows())


def test_what_a_task_holds_and_costs_is_what_is_computed():
    rows = re.findall(r"^\| ([\d,]+) CPU, ([\d,]+) MiB \| (\d+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for cpu, memory, holds, dollars in rows:
        units, size = (int(text.replace(",", "")) for text in (cpu, memory))
        assert int(holds) == scaling.per_task(size)
        assert dollars == f"{scaling.fargate(units, size):.2f}"


def test_the_figures_in_the_text_are_what_is_computed():
    text = " ".join(PAGE.split())
    assert f"resyncs about {scaling.most_in_one_account(300):,} services in the five minutes" in text
    assert f"${scaling.lease():.2f} a month for its lease, which is renewed every {scaling.RENEW:.0f} s" in text
    assert f"${scaling.queue():.2f} for its queue" in text
    large = scaling.Size(100_000)
    tasks = -(-large.environments // scaling.per_task(2048))
    dollars = tasks * scaling.fargate(512, 2048) + large.environments * (scaling.lease() + scaling.queue())
    assert tasks == 5
    assert f"${dollars:.0f} a month." in text
    assert scaling.SHARE == 0.5
    assert scaling.AgentSettings(scaling.Repository("")).resync == 300


def test_registering_everything_is_half_an_hour():
    assert 1_800 < scaling.seconds({"ecs:RegisterTaskDefinition": 1_000}) < 2_100
    assert scaling.seconds({"ecs:RegisterTaskDefinition": 10}) == 0


@pytest.mark.parametrize("services", [10, 60])
def test_a_resync_of_a_simulated_environment_makes_just_these_calls(services):
    lab = Lab()
    lab.app("platform", f"{HEAD}kind: Cluster\nmetadata: {{name: main}}\n")
    size = scaling.Size(services)
    for app in range(size.apps):
        lab.app(f"app{app}", "".join(service(f"s{app}-{number}") for number in range(scaling.AN_APP)))
    agent = Agent(lab).until_quiet()
    scope, records = Scope("default", "staging"), lab.connect().records
    for app in range(size.apps):
        records.said(scope, f"app{app}", NO_RECORD)
        records.synced(scope, f"app{app}", Record(commit="a" * 40))
    lab.writes()
    calls = {operation.partition(":")[2]: count for operation, count in size.resync().items()}
    assert Counter(agent.resync()) == Counter(calls)
    assert lab.writes() == []


def service(name: str) -> str:
    containers = "[{name: web, image: 'shop:1', memory: 64}]"
    return (
        f"{HEAD}kind: TaskDefinition\nmetadata: {{name: {name}}}\nspec: {{containerDefinitions: {containers}}}\n"
        f"{HEAD}kind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{cluster: main, taskDefinition: {name}, desiredCount: 1}}\n"
    )
