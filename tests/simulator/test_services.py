"""Services: what is echoed, what is filled in, what is refused, how they are updated and end."""

import pytest

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
TARGET = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}
PORT = {"portMappings": [{"containerPort": 80, "name": "http"}]}


VARYING = ("deployments", "events", "createdAt", "currentServiceDeployment", "currentServiceRevisions")


def test_what_the_server_fills_in(service):
    seen = service()
    assert {k: v for k, v in seen.items() if k not in VARYING} == {
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/main/web",
        "serviceName": "web",
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/main",
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "launchType": "EC2",
        "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
        "loadBalancers": [],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "healthCheckGracePeriodSeconds": 0,
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "propagateTags": "NONE",
        "availabilityZoneRebalancing": "ENABLED",
        "resourceManagementType": "CUSTOMER",
        "roleArn": "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "createdBy": "arn:aws:iam::123456789012:user/simulator",
    }


ECHOED = [
    {"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}},
    {"placementConstraints": [{"type": "distinctInstance"}]},
    {"placementStrategy": [{"type": "spread", "field": "instanceId"}]},
    {"enableExecuteCommand": True},
    {"enableECSManagedTags": True, "propagateTags": "SERVICE"},
    {"loadBalancers": [TARGET], "healthCheckGracePeriodSeconds": 30},
    {"serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"}]},
    {"availabilityZoneRebalancing": "DISABLED"},
]


@pytest.mark.parametrize("members", ECHOED, ids=lambda m: next(iter(m)))
def test_members_are_kept_and_echoed(service, define, members):
    define(container=PORT)
    seen = service(taskDefinition="web:1", **members)
    for name, value in members.items():
        assert (
            seen[name] == value if isinstance(value, list | str | bool | int) else seen[name].items() >= value.items()
        )


def test_deployment_only_members_are_shown_on_the_primary_deployment(service, define):
    define(container=PORT, volumes=[{"name": "data", "configuredAtLaunch": True}])
    hidden = {
        "serviceConnectConfiguration": {"enabled": True, "namespace": "ns", "services": [{"portName": "http"}]},
        "volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "r", "sizeInGiB": 10}}],
        "vpcLatticeConfigurations": [{"roleArn": "r", "targetGroupArn": "t", "portName": "http"}],
    }
    seen = service(taskDefinition="web:1", **hidden)
    primary = seen["deployments"][0]
    assert not hidden.keys() & seen.keys()
    assert primary["volumeConfigurations"] == hidden["volumeConfigurations"]
    assert primary["vpcLatticeConfigurations"] == hidden["vpcLatticeConfigurations"]
    namespace = "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns"
    assert primary["serviceConnectConfiguration"]["namespace"] == namespace
    assert primary["serviceConnectResources"][0]["discoveryName"] == "http"


def test_fargate_fills_platform_and_network(service, define, fargate):
    define(**fargate)
    seen = service(taskDefinition="web", launchType="FARGATE", networkConfiguration=NETWORK)
    assert (seen["platformVersion"], seen["platformFamily"], seen["launchType"]) == ("LATEST", "Linux", "FARGATE")
    assert seen["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1"],
        "securityGroups": [],
        "assignPublicIp": "DISABLED",
    }
    assert seen["deployments"][0]["platformVersion"] == "1.4.0"
    assert "circuit" not in seen["deployments"][0]["rolloutStateReason"]


def test_the_cluster_default_strategy_is_taken_when_nothing_is_said(ecs, service, define, fargate):
    strategy = [
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 1},
    ]
    ecs.put_cluster_capacity_providers(
        cluster="main", capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=strategy
    )
    define(**fargate)
    seen = service(taskDefinition="web", networkConfiguration=NETWORK, desiredCount=5)
    assert [i["base"] for i in seen["capacityProviderStrategy"]] == [1, 0]
    assert "launchType" not in seen
    arns = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    used = [t["capacityProviderName"] for t in ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]]
    assert sorted(used) == ["FARGATE", "FARGATE", "FARGATE", "FARGATE_SPOT", "FARGATE_SPOT"]


CREATE_REFUSED = [
    ({"desiredCount": None}, "InvalidParameterException", "Desired count is required"),
    ({"desiredCount": -1}, "InvalidParameterException", "negative"),
    ({"taskDefinition": "nope"}, "ClientException", "TaskDefinition not found."),
    ({"taskDefinition": "old:1"}, "ClientException", "TaskDefinition is inactive"),
    ({"taskDefinition": None}, "ClientException", "TaskDefinition can not be blank."),
    ({"serviceName": "a b"}, "InvalidParameterException", "Service name"),
    ({"launchType": "NONE"}, "InvalidParameterException", "enum value set: [EC2, FARGATE, EXTERNAL"),
    ({"launchType": "FARGATE"}, "InvalidParameterException", "Task definition does not support launch_type FARGATE."),
    ({"networkConfiguration": NETWORK}, "InvalidParameterException", "Network Configuration is not valid"),
    (
        {"taskDefinition": "vpc"},
        "InvalidParameterException",
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ),
    (
        {"deploymentConfiguration": {"maximumPercent": 100}},
        "InvalidParameterException",
        "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
    ),
    (
        {"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
        "InvalidParameterException",
        "Specifying both a launch type and capacity provider strategy",
    ),
    ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "InvalidParameterException", "not associated"),
    ({"healthCheckGracePeriodSeconds": 5}, "InvalidParameterException", "load balancers"),
    ({"loadBalancers": [TARGET]}, "InvalidParameterException", "did not have a container port 80 defined"),
    (
        {"loadBalancers": [TARGET | {"containerName": "x"}]},
        "InvalidParameterException",
        "The container x does not exist in the task definition.",
    ),
    ({"tags": [{"key": "AWS:x", "value": ""}]}, "InvalidParameterException", "aws:"),
    ({"clientToken": "x" * 37}, "InvalidParameterException", "clientToken"),
    ({"schedulingStrategy": "DAEMON"}, "InvalidParameterException", "desired count"),
    ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "InvalidParameterException", "bakeTimeInMinutes"),
    (
        {"serviceConnectConfiguration": {"enabled": True, "services": [{"portName": "http"}]}},
        "InvalidParameterException",
        "portName",
    ),
]


@pytest.mark.parametrize(("members", "code", "text"), CREATE_REFUSED)
def test_what_creation_refuses(ecs, define, refused, fargate, members, code, text):
    define()
    define("old")
    ecs.deregister_task_definition(taskDefinition="old:1")
    define("vpc", **fargate)
    given = {"cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1} | members
    with refused(code, text):
        ecs.create_service(**{k: v for k, v in given.items() if v is not None})
    assert ecs.list_services(cluster="main")["serviceArns"] == []


def test_the_same_token_and_parameters_give_the_same_service(ecs, define, refused):
    define()
    given = {"cluster": "main", "serviceName": "web", "taskDefinition": "web:1", "desiredCount": 1}
    first = ecs.create_service(clientToken="t", **given)["service"]
    assert ecs.create_service(clientToken="t", **given)["service"]["deployments"] == first["deployments"]
    for other in ({"clientToken": "u"}, {}, {"clientToken": "t", "desiredCount": 2}):
        with refused("InvalidParameterException", "Creation of service was not idempotent."):
            ecs.create_service(**(given | other))


def test_describe_takes_names_and_arns_and_tells_what_is_missing(ecs, service, refused):
    arn = service()["serviceArn"]
    elsewhere = arn.replace("/main/", "/other/")
    answer = ecs.describe_services(cluster="main", services=["web", arn, "nope", elsewhere])
    assert [s["serviceName"] for s in answer["services"]] == ["web", "web"]
    assert [f["reason"] for f in answer["failures"]] == ["MISSING", "MISSING"]
    assert answer["failures"][0]["arn"].endswith("service/main/nope")
    for wrong in ([], ["web"] * 11):
        with refused("InvalidParameterException"):
            ecs.describe_services(cluster="main", services=wrong)


def test_tags_come_only_when_included(ecs, service):
    assert "tags" not in service(tags=[{"key": "a", "value": "b"}])
    seen = ecs.describe_services(cluster="main", services=["web"], include=["TAGS"])["services"][0]
    assert seen["tags"] == [{"key": "a", "value": "b"}]


def test_list_gives_ten_a_page_and_filters(ecs, define, fargate, refused):
    define()
    define("vpc", **fargate)
    for n in range(12):
        ecs.create_service(cluster="main", serviceName=f"s{n:02}", taskDefinition="web", desiredCount=0)
    ecs.create_service(cluster="main", serviceName="daemon", taskDefinition="web", schedulingStrategy="DAEMON")
    ecs.create_service(
        cluster="main",
        serviceName="far",
        taskDefinition="vpc",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
    )
    first = ecs.list_services(cluster="main")
    assert len(first["serviceArns"]) == 10
    assert len(ecs.list_services(cluster="main", nextToken=first["nextToken"])["serviceArns"]) == 4
    assert len(ecs.list_services(cluster="main", maxResults=100)["serviceArns"]) == 14
    names = lambda **f: [a.rpartition("/")[2] for a in ecs.list_services(cluster="main", **f)["serviceArns"]]  # noqa: E731
    assert names(launchType="FARGATE") == ["far"]
    assert names(schedulingStrategy="DAEMON") == ["daemon"]
    for wrong in (0, 101):
        with refused("InvalidParameterException", "maxResults"):
            ecs.list_services(cluster="main", maxResults=wrong)


STARTS = [
    {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}},
    {"platformVersion": "1.4.0"},
    {"serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1"}]},
    {"serviceConnectConfiguration": {"enabled": False}},
    {"vpcLatticeConfigurations": [{"roleArn": "r", "targetGroupArn": "t", "portName": "http"}]},
    {"loadBalancers": [TARGET]},
    {"forceNewDeployment": True},
]
STARTS_NOT = [
    {"desiredCount": 3},
    {"deploymentConfiguration": {"maximumPercent": 150}},
    {"availabilityZoneRebalancing": "DISABLED"},
    {"enableExecuteCommand": True},
    {"enableECSManagedTags": True},
    {"propagateTags": "SERVICE"},
    {"taskDefinition": "web:1"},
    {"taskDefinition": "web"},
    {"placementConstraints": []},
    {"networkConfiguration": NETWORK},
]


@pytest.mark.parametrize(
    ("members", "starts"),
    [(m, True) for m in STARTS] + [(m, False) for m in STARTS_NOT],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else str(v),
)
def test_which_members_start_a_deployment(ecs, sim, service, define, fargate, members, starts):
    define(container=PORT, **fargate)
    before = service(taskDefinition="web", launchType="FARGATE", networkConfiguration=NETWORK)
    after = ecs.update_service(cluster="main", service="web", **members)["service"]
    assert (after["deployments"][0]["id"] != before["deployments"][0]["id"]) == starts
    assert len(after["deployments"]) == (2 if starts else 1)


def test_what_is_left_out_of_an_update_stays_and_an_empty_list_removes(ecs, service, define):
    define(container=PORT)
    constraint = [{"type": "distinctInstance"}]
    service(
        taskDefinition="web",
        placementConstraints=constraint,
        loadBalancers=[TARGET],
        deploymentConfiguration={"maximumPercent": 150},
    )
    ecs.update_service(cluster="main", service="web", deploymentConfiguration={"minimumHealthyPercent": 50})
    seen = service()
    assert seen["deploymentConfiguration"]["maximumPercent"] == 150
    assert (seen["placementConstraints"], seen["loadBalancers"], seen["desiredCount"]) == (constraint, [TARGET], 2)
    ecs.update_service(cluster="main", service="web", placementConstraints=[], loadBalancers=[])
    assert (service()["placementConstraints"], service()["loadBalancers"]) == ([], [])


def test_a_strategy_replaces_the_launch_type_and_an_empty_one_brings_it_back(ecs, service, define, fargate):
    ecs.put_cluster_capacity_providers(
        cluster="main", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
    )
    define(**fargate)
    service(taskDefinition="web", launchType="FARGATE", networkConfiguration=NETWORK)
    ecs.update_service(cluster="main", service="web", capacityProviderStrategy=[{"capacityProvider": "FARGATE"}])
    assert "launchType" not in service()
    assert service()["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 0, "base": 0}]
    ecs.update_service(cluster="main", service="web", capacityProviderStrategy=[])
    assert service()["launchType"] == "FARGATE"
    assert "capacityProviderStrategy" not in service()


def test_a_family_means_its_latest_active_revision(ecs, service, define):
    service()
    define()
    define()
    ecs.deregister_task_definition(taskDefinition="web:3")
    assert (
        ecs.update_service(cluster="main", service="web", taskDefinition="web")["service"]["taskDefinition"][-6:]
        == "/web:2"
    )


def test_a_refused_update_changes_nothing(ecs, service, refused):
    before = service()
    for wrong in (
        {"taskDefinition": "nope"},
        {"desiredCount": 4, "deploymentConfiguration": {"maximumPercent": 100}},
        {"desiredCount": 4, "loadBalancers": [TARGET]},
        {"desiredCount": -1},
    ):
        with refused("ClientException" if "taskDefinition" in wrong else "InvalidParameterException"):
            ecs.update_service(cluster="main", service="web", **wrong)
    assert service() == before


def test_unknown_and_inactive_services_are_told_apart(ecs, sim, service, refused):
    service()
    with refused("ServiceNotFoundException", "Service not found."):
        ecs.update_service(cluster="main", service="nope")
    with refused("ServiceNotFoundException"):
        ecs.delete_service(cluster="main", service="nope")
    ecs.delete_service(cluster="main", service="web", force=True)
    with refused("ServiceNotActiveException", "Service was not ACTIVE."):
        ecs.update_service(cluster="main", service="web", desiredCount=1)
    sim.settle()
    with refused("ServiceNotActiveException"):
        ecs.update_service(cluster="main", service="web", desiredCount=1)
    with refused("ServiceNotFoundException"):
        ecs.delete_service(cluster="main", service="web")


def test_a_deleted_service_drains_then_is_inactive_and_can_be_created_again(ecs, sim, service, define, refused):
    arn = service(tags=[{"key": "a", "value": "b"}])["serviceArn"]
    with refused("InvalidParameterException", "The service cannot be stopped while it is scaled above 0."):
        ecs.delete_service(cluster="main", service="web")
    assert ecs.delete_service(cluster="main", service="web", force=True)["service"]["status"] == "DRAINING"
    assert ecs.list_services(cluster="main")["serviceArns"] == []
    given = {"cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1}
    with refused("InvalidParameterException", "Unable to Start a service that is still Draining."):
        ecs.create_service(**given)
    sim.settle()
    gone = service()
    assert (gone["status"], gone["runningCount"], gone["deployments"]) == ("INACTIVE", 0, [])
    with refused("InvalidParameterException"):
        ecs.list_tags_for_resource(resourceArn=arn)
    ecs.create_service(**given)
    assert service()["status"] == "ACTIVE"
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_behind_a_load_balancer_a_service_drains_for_the_deregistration_delay(ecs, sim, service, define):
    define(container=PORT)
    service(taskDefinition="web", loadBalancers=[TARGET])
    ecs.delete_service(cluster="main", service="web", force=True)
    sim.advance(290)
    assert service()["status"] == "DRAINING"
    sim.advance(30)
    assert service()["status"] == "INACTIVE"


def test_operations_that_are_not_there_say_their_name(ecs, refused):
    with refused("UnsupportedOperationException", "ecs:ListDaemons"):
        ecs.list_daemons()
