"""Real definitions, wrapped into manifests, converge: plan, apply, then nothing left and nothing written."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.desired import External
from reconciler.model.errors import Severity
from reconciler.model.plan import Preflight
from reconciler.simulator import Settings, Simulator
from tests.lab import Lab

HERE = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("RECONCILER_CORPUS", HERE.parent / "shared/corpus"))
KINDS = {
    "taskdef": "TaskDefinition",
    "describe-taskdef": "TaskDefinition",
    "service": "Service",
    "service-output": "Service",
    "describe-services": "Service",
}


def rows() -> list[dict[str, str]]:
    index = CORPUS / "index.tsv"
    if not index.exists():
        return []
    with index.open(newline="") as file:
        found = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in found if row["kind"] in KINDS and row["expected"].startswith("ok")]


ROWS = rows()
pytestmark = pytest.mark.skipif(not ROWS, reason="the corpus is not here")


def lab_for(row: dict[str, str]) -> Lab:
    text = (CORPUS / row["file"]).read_text()
    region, account = next(iter(re.findall(r"arn:aws:ecs:([\w-]+):(\d+)", text)), ("eu-west-1", "123456789012"))
    # what is found in the wild names networks and registries of other people
    lab = Lab(simulator=Simulator(Settings(account=account, region=region)), preflight=Preflight.NONE)
    environment = lab.files["environments/staging.yaml"] + "  cluster: main\n"
    lab.files["environments/staging.yaml"] = environment.replace("eu-west-1", region).replace("123456789012", account)
    kind = KINDS[row["kind"]]
    lab.files["apps/found/it.json"] = (
        f'{{"apiVersion": "reconciler/v1", "kind": "{kind}", "metadata": {{"name": "found"}}, "spec":\n{text}\n}}'
        if row["file"].endswith("json")
        else f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: found}}\nspec:\n"
        + "".join(f"  {line}\n" for line in text.splitlines())
    )
    if row["file"].endswith("yaml"):
        lab.files["apps/found/it.yaml"] = lab.files.pop("apps/found/it.json")
    return lab


def provide(lab: Lab, external: External, spec: dict[str, object]) -> None:
    """Make what a definition names outside of itself."""
    region = lab.wish().environment.region
    ecs = lab.simulator.client("ecs", region=region)
    if external.kind == "Cluster":
        ecs.create_cluster(clusterName=external.address.rpartition("/")[2])
    elif external.kind == "LogGroup":
        lab.simulator.client("logs", region=region).create_log_group(logGroupName=external.address)
    elif external.kind == "Parameter":
        name = external.address.rpartition(":parameter")[2] or external.address
        lab.simulator.client("ssm", region=region).put_parameter(Name=name, Value="x", Type="SecureString")
    elif external.kind == "TaskDefinition":
        provide_definition(ecs, external.address, spec)


def provide_definition(ecs: Any, name: str, spec: dict[str, object]) -> None:
    family, _, revision = name.rpartition("/")[2].partition(":")
    balancers = spec.get("loadBalancers") or [{}]
    assert isinstance(balancers, list)
    port = balancers[0].get("containerPort", 80)
    container = {
        "name": balancers[0].get("containerName", "web"),
        "image": "x:1",
        "portMappings": [{"containerPort": port}],
    }
    for _ in range(int(revision or 1)):
        volumes = spec.get("volumeConfigurations") or []
        assert isinstance(volumes, list)
        ecs.register_task_definition(
            family=family,
            containerDefinitions=[container],
            cpu="256",
            memory="512",
            requiresCompatibilities=["EC2", "FARGATE"] if spec.get("networkConfiguration") else ["EC2"],
            networkMode="awsvpc" if spec.get("networkConfiguration") else "bridge",
            volumes=[{"name": volume["name"], "configuredAtLaunch": True} for volume in volumes],
        )


@pytest.mark.parametrize("row", ROWS, ids=[row["file"].removeprefix("data/")[-60:] for row in ROWS])
def test_a_found_definition_converges_and_then_nothing_is_written(row):
    lab = lab_for(row)
    wish = lab.wish()
    if "ECS refuses" in row["notes"]:
        refused = {re.sub(r"\[\d+\]", "", path) for path in re.findall(r"ECS refuses: ([\w.\[\]]+)", row["notes"])}
        told = {re.sub(r"\[\d+\]", "", problem.path) for problem in wish.errors}
        assert refused & told, (refused, told)
        return
    assert not wish.errors
    [desired] = wish.desired.values()
    for external in wish.externals:
        provide(lab, external, dict(desired.spec))
    controller = desired.spec.get("deploymentController") or {"type": "ECS"}
    if controller["type"] != "ECS":
        pytest.skip("services of other controllers are observed, never driven")
    lab.writes()
    assert not lab.plan().empty
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED, outcome.last.status
    assert len(lab.writes()) == 1
    assert lab.plan().empty
    lab.apply()
    assert lab.writes() == []
    assert not [problem for problem in wish.problems if problem.severity is Severity.ERROR]
