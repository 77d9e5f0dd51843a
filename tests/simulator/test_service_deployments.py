"""Service deployments and revisions: listed, described, stopped; what the newer half of the API tells."""

import pytest

from reconciler.simulator import AwsError, Settings, Simulator

PORT = {"portMappings": [{"containerPort": 80, "name": "http"}]}


@pytest.fixture
def sim():
    return made()


def made(settings=None, **members):
    simulator = Simulator(settings or Settings())
    simulator.ask("CreateCluster", clusterName="main")
    register(simulator)
    wish = {"cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2} | members
    simulator.ask("CreateService", **wish)
    return simulator


def register(sim, image="nginx:1"):
    container = {"name": "app", "image": image, "memory": 128} | PORT
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=[container])


def web(sim):
    return sim.ask("DescribeServices", cluster="main", services=["web"])["services"][0]


def listed(sim, **params):
    return sim.ask("ListServiceDeployments", cluster="main", service="web", **params)["serviceDeployments"]


def described(sim, arn=None):
    arns = [arn or web(sim)["currentServiceDeployment"]]
    return sim.ask("DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]


def update(sim, **params):
    sim.ask("UpdateService", cluster="main", service="web", **params)


def refused(code, text, operation, sim, **params):
    with pytest.raises(AwsError) as caught:
        sim.ask(operation, **params)
    assert (caught.value.code, text in caught.value.message) == (code, True), caught.value.message


def test_a_deployment_goes_from_pending_to_successful(sim):
    first = described(sim)
    assert (first["status"], "startedAt" in first) == ("PENDING", False)
    prefix = "arn:aws:ecs:us-east-1:123456789012:service-deployment/main/web/"
    assert first["serviceDeploymentArn"].startswith(prefix)
    assert len(first["serviceDeploymentArn"]) == len(prefix) + 21
    sim.advance(20)
    going = described(sim)
    assert (going["status"], "finishedAt" in going) == ("IN_PROGRESS", False)
    assert going["targetServiceRevision"]["pendingTaskCount"] + going["targetServiceRevision"]["runningTaskCount"] == 2
    assert going["deploymentCircuitBreaker"] == {"status": "DISABLED", "failureCount": 0, "threshold": 3}
    sim.settle()
    done = described(sim)
    assert done["status"] == "SUCCESSFUL"
    assert done["createdAt"] <= done["startedAt"] <= done["finishedAt"]
    assert done["targetServiceRevision"] == {
        "arn": done["targetServiceRevision"]["arn"],
        "requestedTaskCount": 2,
        "runningTaskCount": 2,
        "pendingTaskCount": 0,
    }
    assert done["sourceServiceRevisions"] == []


def test_each_deployment_has_a_revision_and_knows_where_it_comes_from(sim):
    sim.settle()
    first = described(sim)["targetServiceRevision"]["arn"]
    register(sim, "nginx:2")
    update(sim, taskDefinition="web")
    assert [r["arn"] for r in described(sim)["sourceServiceRevisions"]] == [first]
    assert [r["arn"] for r in web(sim)["currentServiceRevisions"]] == [
        described(sim)["targetServiceRevision"]["arn"],
        first,
    ]
    sim.settle()
    assert first not in [r["arn"] for r in web(sim)["currentServiceRevisions"]]
    assert described(sim)["sourceServiceRevisions"][0]["runningTaskCount"] == 0


def test_what_starts_no_deployment_makes_no_service_deployment(sim):
    sim.settle()
    update(sim, desiredCount=5, deploymentConfiguration={"maximumPercent": 150})
    sim.settle()
    assert len(listed(sim)) == 1


def test_a_revision_holds_what_nothing_else_shows(sim):
    """ECS API reference, ServiceRevision."""
    sim.settle()
    hidden = {
        "monitoring": {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 20}]},
        "gatewayConnectors": [{"portName": "http", "filters": {"accessTypes": ["PRIVATE"]}}],
    }
    update(sim, forceNewDeployment=True, **hidden)
    arn = described(sim)["targetServiceRevision"]["arn"]
    (one,) = sim.ask("DescribeServiceRevisions", serviceRevisionArns=[arn])["serviceRevisions"]
    assert {k: one[k] for k in hidden} == hidden
    assert one["taskDefinition"].endswith("web:1")
    (image,) = one["containerImages"]
    assert (image["containerName"], image["image"]) == ("app", "nginx:1")
    assert image["imageDigest"].startswith("sha256:")
    assert not hidden.keys() & web(sim).keys()


def test_a_newer_deployment_overtakes_the_one_under_way(sim):
    first = web(sim)["currentServiceDeployment"]
    sim.advance(5)
    update(sim, forceNewDeployment=True)
    assert described(sim, first)["status"] == "STOPPED"
    sim.settle()
    assert [d["status"] for d in listed(sim)] == ["SUCCESSFUL", "STOPPED"]


def test_lists_are_filtered_and_paged_newest_first(sim):
    """ECS API reference, ListServiceDeployments: 20 a page unless said otherwise."""
    for _ in range(24):
        sim.advance(5)
        update(sim, forceNewDeployment=True)
    sim.settle()
    everything = sim.ask("ListServiceDeployments", cluster="main", service="web")
    assert len(everything["serviceDeployments"]) == 20
    rest = listed(sim, nextToken=everything["nextToken"])
    assert len(rest) == 5
    times = [d["createdAt"] for d in everything["serviceDeployments"] + rest]
    assert times == sorted(times, reverse=True)
    assert len(listed(sim, maxResults=100)) == 25
    assert [d["status"] for d in listed(sim, status=["SUCCESSFUL"])] == ["SUCCESSFUL"]
    assert len(listed(sim, createdAt={"after": times[3]})) == 3
    assert len(listed(sim, createdAt={"before": times[20]})) == 4
    assert listed(sim, createdAt={"before": "2026-01-05T08:00:00+00:00"}) == []


def test_at_most_twenty_are_described_and_missing_ones_are_failures(sim):
    arn = web(sim)["currentServiceDeployment"]
    seen = sim.ask("DescribeServiceDeployments", serviceDeploymentArns=[arn, arn[:-1] + "-"])
    assert (len(seen["serviceDeployments"]), seen["failures"][0]["reason"]) == (1, "MISSING")
    refused(
        "InvalidParameterException", "at most 20", "DescribeServiceDeployments", sim, serviceDeploymentArns=[arn] * 21
    )
    refused(
        "InvalidParameterException", "Invalid identifier", "DescribeServiceRevisions", sim, serviceRevisionArns=[arn]
    )
    refused("InvalidParameterException", "cannot be empty", "DescribeServiceRevisions", sim, serviceRevisionArns=[])
    refused("ServiceNotFoundException", "", "ListServiceDeployments", sim, cluster="main", service="other")


def test_stopping_rolls_back_through_its_states(sim):
    """ECS API reference, StopServiceDeployment."""
    sim.settle()
    register(sim)
    update(sim, taskDefinition="web")
    sim.advance(30)
    arn = web(sim)["currentServiceDeployment"]
    assert sim.ask("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK") == {
        "serviceDeploymentArn": arn
    }
    states = []
    for _ in range(80):
        state = described(sim, arn)["status"]
        if state not in states:
            states.append(state)
        sim.advance(0.5)
    assert states == ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
    assert web(sim)["taskDefinition"].endswith("web:1")
    refused("ConflictException", "ROLLBACK_SUCCESSFUL", "StopServiceDeployment", sim, serviceDeploymentArn=arn)
    other = arn[:-3] + "abc"
    refused("ServiceDeploymentNotFoundException", "", "StopServiceDeployment", sim, serviceDeploymentArn=other)


def test_abort_is_known_to_the_model_but_refused(sim):
    arn = web(sim)["currentServiceDeployment"]
    refused(
        "UnsupportedFeatureException", "ABORT", "StopServiceDeployment", sim, serviceDeploymentArn=arn, stopType="ABORT"
    )


def test_abort_can_be_allowed():
    sim = made(Settings(allow_abort=True))
    arn = web(sim)["currentServiceDeployment"]
    sim.ask("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ABORT")
    assert described(sim)["status"] == "STOP_REQUESTED"
    sim.settle()
    assert described(sim)["status"] == "STOPPED"
    assert web(sim)["deployments"][0]["rolloutState"] == "FAILED"


@pytest.mark.parametrize(("cleanup", "while_old_run"), [("DEFERRED", True), ("BLOCKING", False)])
def test_success_may_come_early(cleanup, while_old_run):
    """ECS API reference, DeploymentEarlySuccessCriteria."""
    early = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": cleanup}
    sim = made(desiredCount=4, deploymentConfiguration={"earlySuccessCriteria": early, "minimumHealthyPercent": 50})
    broken = sim.watch()
    sim.settle()
    sim.script("nginx:2", starts_in=15)
    register(sim, "nginx:2")
    update(sim, taskDefinition="web")
    while described(sim)["status"] != "SUCCESSFUL":
        sim.advance(1)
    old = [d for d in web(sim)["deployments"] if d["status"] == "ACTIVE"]
    assert bool(old) == while_old_run
    sim.settle()
    assert [d["runningCount"] for d in web(sim)["deployments"]] == [4]
    assert broken == []


@pytest.mark.parametrize(
    ("early", "says"),
    [
        ({"enable": True}, "healthyPercent is required"),
        ({"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "BLOCKING"}, "minimumHealthyPercent"),
    ],
)
def test_early_success_is_refused_where_it_makes_no_sense(sim, early, says):
    shape = {"earlySuccessCriteria": early}
    refused(
        "InvalidParameterException",
        says,
        "UpdateService",
        sim,
        cluster="main",
        service="web",
        deploymentConfiguration=shape,
    )


def test_deleting_a_service_ends_its_deployment(sim):
    sim.ask("DeleteService", cluster="main", service="web", force=True)
    sim.settle()
    assert [d["status"] for d in listed(sim)] == ["STOPPED"]
