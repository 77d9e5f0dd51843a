"""The EXTERNAL and CODE_DEPLOY controllers: task sets, and what UpdateService refuses them."""

import pytest

from reconciler.simulator import AwsError, Simulator

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
LISTENER = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}
SERVICE = {"cluster": "default", "service": "web"}


def made(controller, **members):
    sim = Simulator()
    sim.ask("CreateCluster")
    container = {"name": "app", "image": "nginx", "memory": 128, "portMappings": [{"containerPort": 80}]}
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=[container])
    wish = {"serviceName": "web", "desiredCount": 4, "deploymentController": {"type": controller}}
    sim.ask("CreateService", **wish, **members)
    sim.settle()
    return sim


def web(sim):
    return sim.ask("DescribeServices", services=["web"])["services"][0]


def create(sim, percent, **members):
    scale = {"value": percent, "unit": "PERCENT"}
    return sim.ask("CreateTaskSet", **SERVICE, taskDefinition="web", scale=scale, **members)["taskSet"]


def refused(sim, operation, code, text, **params):
    with pytest.raises(AwsError) as caught:
        sim.ask(operation, **params)
    assert (caught.value.code, text in caught.value.message) == (code, True), caught.value


def test_task_sets_share_the_desired_count():
    """ECS API reference, TaskSet: computedDesiredCount rounds up."""
    sim = made("EXTERNAL")
    assert (web(sim)["deployments"], web(sim)["taskSets"], "taskDefinition" in web(sim)) == ([], [], False)
    blue = create(sim, 100.0, externalId="blue", tags=[{"key": "a", "value": "b"}])
    assert (blue["status"], blue["stabilityStatus"], blue["computedDesiredCount"]) == ("PRIMARY", "STABILIZING", 4)
    green = create(sim, 30.0, externalId="green")
    assert (green["status"], green["computedDesiredCount"]) == ("ACTIVE", 2)
    sim.settle()
    sets = sim.ask("DescribeTaskSets", **SERVICE, include=["TAGS"])["taskSets"]
    assert [(s["runningCount"], s["stabilityStatus"]) for s in sets] == [(4, "STEADY_STATE"), (2, "STEADY_STATE")]
    assert sets[0]["tags"] == [{"key": "a", "value": "b"}]
    assert web(sim)["runningCount"] == 6
    sim.ask("UpdateTaskSet", **SERVICE, taskSet=green["id"], scale={"value": 100.0, "unit": "PERCENT"})
    sim.ask("UpdateServicePrimaryTaskSet", **SERVICE, primaryTaskSet=green["taskSetArn"])
    refused(sim, "DeleteTaskSet", "InvalidParameterException", "scaled above 0", **SERVICE, taskSet=blue["id"])
    sim.ask("DeleteTaskSet", **SERVICE, taskSet=blue["id"], force=True)
    sim.settle()
    (only,) = web(sim)["taskSets"]
    assert (only["externalId"], only["status"], only["runningCount"]) == ("green", "PRIMARY", 4)
    assert web(sim)["taskDefinition"].endswith("web:1")


def test_a_desired_count_moves_every_set():
    sim = made("EXTERNAL")
    create(sim, 50.0)
    sim.ask("UpdateService", service="web", desiredCount=7)
    sim.settle()
    assert web(sim)["taskSets"][0]["runningCount"] == 4
    sim.ask("DeleteService", service="web", force=True)
    sim.settle()
    assert web(sim)["status"] == "INACTIVE"


def test_a_client_token_makes_one_set():
    sim = made("EXTERNAL")
    assert create(sim, 10.0, clientToken="t")["id"] == create(sim, 10.0, clientToken="t")["id"]
    assert len(web(sim)["taskSets"]) == 1


def test_code_deploy_has_one_primary_set_from_the_start():
    sim = made("CODE_DEPLOY", taskDefinition="web", loadBalancers=[LISTENER])
    (only,) = web(sim)["taskSets"]
    assert (only["status"], only["runningCount"], only["startedBy"]) == ("PRIMARY", 4, "CODE_DEPLOY")
    assert "currentServiceDeployment" not in web(sim)


# ECS API reference, UpdateService.
MAY = [
    ("CODE_DEPLOY", {"desiredCount": 1}, None),
    ("CODE_DEPLOY", {"deploymentConfiguration": {"maximumPercent": 150}}, None),
    ("CODE_DEPLOY", {"healthCheckGracePeriodSeconds": 5}, None),
    ("CODE_DEPLOY", {"taskDefinition": "web"}, "Unable to update task definition on services with a CODE_DEPLOY"),
    ("CODE_DEPLOY", {"forceNewDeployment": True}, "Unable to update force new deployment"),
    ("CODE_DEPLOY", {"loadBalancers": []}, "Unable to update load balancers"),
    ("EXTERNAL", {"propagateTags": "SERVICE"}, None),
    ("EXTERNAL", {"deploymentConfiguration": {"maximumPercent": 150}}, "with an EXTERNAL deployment controller"),
    ("EXTERNAL", {"taskDefinition": "web"}, "Use CreateTaskSet"),
]


@pytest.mark.parametrize(("controller", "params", "says"), MAY)
def test_update_service_may_change_little(controller, params, says):
    more = {"taskDefinition": "web", "loadBalancers": [LISTENER]} if controller == "CODE_DEPLOY" else {}
    sim = made(controller, **more)
    if says is None:
        sim.ask("UpdateService", service="web", **params)
        sim.settle()
    else:
        refused(sim, "UpdateService", "InvalidParameterException", says, service="web", **params)


def test_the_ecs_controller_has_no_task_sets():
    sim = made("ECS", taskDefinition="web")
    refused(sim, "CreateTaskSet", "InvalidParameterException", "must be EXTERNAL", **SERVICE, taskDefinition="web")
    refused(sim, "DeleteTaskSet", "TaskSetNotFoundException", "", **SERVICE, taskSet="ecs-svc/1")


@pytest.mark.parametrize(
    ("controller", "members", "says"),
    [
        ("EXTERNAL", {"taskDefinition": "web"}, "taskDefinition cannot be specified"),
        ("CODE_DEPLOY", {"taskDefinition": "web"}, "A load balancer is required"),
        (
            "CODE_DEPLOY",
            {
                "taskDefinition": "web",
                "loadBalancers": [LISTENER],
                "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            },
            "only be used with the ECS",
        ),
    ],
)
def test_creation_is_refused_where_it_does_not_fit(controller, members, says):
    with pytest.raises(AwsError, match=says):
        made(controller, **members)
