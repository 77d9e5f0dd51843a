"""What the verbs cost: start-up, validating the examples, and a plan of nothing to do for ever more services."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from reconciler.agent.converge import Ending
from reconciler.simulator import Simulator
from tests.bench.measure import calls_in, cost, table
from tests.lab import Lab

EXAMPLES = Path(__file__).parents[2] / "manifests"

pytestmark = pytest.mark.bench


def test_start_up_of_help_and_validate():
    bare = cost(["--version"])
    rows = [
        [name, one.wall * 1000, one.cpu * 1000, one.memory, one.wall / bare.wall]
        for name, one in (
            ("--version", bare),
            ("--help", cost(["--help"])),
            ("validate (examples)", cost(["-C", str(EXAMPLES), "validate"])),
            ("explain Service.desiredCount", cost(["-C", str(EXAMPLES), "explain", "Service.desiredCount"])),
        )
    ]
    table("start-up", ["verb", "wall ms", "CPU ms", "MiB", "x --version"], rows)


def repository(root: Path, services: int) -> Path:
    """A repository of one cluster and so many services, ten an app."""
    (root / "environments").mkdir(parents=True)
    (root / "environments" / "staging.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Environment\nmetadata: {name: staging}\nspec:\n  region: eu-west-1\n"
        "  callRates:\n"  # as generous as the simulator: what is measured is the program
        + "".join(
            f"    ecs:{group}: {{burst: 10000, perSecond: 10000}}\n"
            for group in ("definition-reads", "service-reads", "service-writes", "registrations")
        )
    )
    for index in range(services):
        app = root / "apps" / f"app{index // 10}"
        app.mkdir(parents=True, exist_ok=True)
        (app / f"s{index}.yaml").write_text(
            "apiVersion: reconciler/v1\nkind: TaskDefinition\n"
            f"metadata: {{name: s{index}}}\nspec:\n  containerDefinitions:\n    - name: web\n      image: shop:1\n"
            "      memory: 256\n      environment:\n"
            + "".join(f"        - {{name: VARIABLE_{n}, value: 'value {n}'}}\n" for n in range(20))
            + f"---\napiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: s{index}}}\n"
            f"spec: {{cluster: default, taskDefinition: s{index}, desiredCount: 1}}\n"
        )
    return root


def settled(root: Path) -> Simulator:
    """A simulated account in which the repository has been applied; its virtual clock does the waiting."""
    lab = Lab()
    lab.files = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*.yaml")}
    lab.ecs().create_cluster(clusterName="default")
    assert lab.apply(timeout=86400).ending is Ending.CONVERGED
    lab.simulator.calls.clear()
    return lab.simulator


def test_a_plan_of_nothing_to_do(tmp_path):
    rows = []
    for services in (10, 100, 1000):
        root = repository(tmp_path / str(services), services)
        log = tmp_path / f"{services}.jsonl"
        with settled(root).serve(port=0, speed=1, log=str(log)) as server:
            env = {"AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
            one = cost(["-C", str(root), "plan"], runs=1, env=env)
            calls = calls_in(log)
        made = sum(calls.values()) // 2
        tens, pages, fifties = math.ceil(services / 10), math.ceil(2 * services / 100), math.ceil(services / 50)
        floor = tens + services + pages + fifties
        rows.append([services, one.wall, one.cpu, one.memory, made, floor, made / floor, one.cpu * 1000 / services])
        print(services, dict(calls))
    table(
        "plan with nothing to do, over HTTP (the floor: ten services a call, a definition a call, a page of tags a call)",
        ["services", "wall s", "CPU s", "MiB", "calls", "floor", "calls/floor", "CPU ms/service"],
        rows,
    )
