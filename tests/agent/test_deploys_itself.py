"""The agent as an app of its own repository: a commit rolls it while another app's rollout is under way."""

from __future__ import annotations

from tests.agency import Agency
from tests.lab import ENVIRONMENT, edit, shop

ITSELF = """
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: agent}
spec: {containerDefinitions: [{name: agent, image: "reconciler:1", memory: 256}]}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: reconciler}
spec:
  cluster: main
  taskDefinition: agent
  desiredCount: 1
  deploymentConfiguration: {minimumHealthyPercent: 0, maximumPercent: 100}
"""


def tasks_of_itself(agency: Agency) -> list[str]:
    """The images of the agent's running tasks."""
    ecs = agency.lab.ecs()
    arns = ecs.list_tasks(cluster="main", serviceName="reconciler", desiredStatus="RUNNING")["taskArns"]
    found = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
    return [it["image"] for task in found if task["lastStatus"] == "RUNNING" for it in task["containers"]]


def test_it_rolls_itself_in_the_midst_of_another_app_s_rollout_and_loses_nothing_of_it():
    lab = shop()
    lab.files["environments/staging.yaml"] = ENVIRONMENT + "  policy: {drift: correct}\n"
    lab.app("reconciler", ITSELF)
    agency = Agency(lab)
    agency.commit()
    agency.until_ready()
    lab.writes()
    edit(lab, "shop:1", "shop:2")
    edit(lab, "reconciler:1", "reconciler:2", "apps/reconciler/all.yaml")
    head = agency.commit()
    stopped = started = 0
    while tasks_of_itself(agency) != ["reconciler:2"]:
        # the old agent works until ECS stops it, then nobody does until the new one is there
        if tasks_of_itself(agency) == ["reconciler:1"]:
            stopped += 1
            agency.run(1)
        else:
            started += 1
            lab.clock.sleep(1)
    assert stopped
    assert started
    assert not agency.ready
    agency.fresh()
    agency.until_ready()
    assert agency.look.commit == head
    made = lab.writes()
    assert sorted(made) == ["RegisterTaskDefinition"] * 2 + ["UpdateService"] * 3
    assert agency.board.looks()["staging"].status.ready
