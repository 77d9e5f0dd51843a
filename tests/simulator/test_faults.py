"""Faults happen where they were put, and nowhere else."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

CREATE = {"cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1}


def test_a_call_lost_before_its_effect_has_none(sim, ecs, define):
    sim.faults.fail("RegisterTaskDefinition")
    with pytest.raises(ConnectionClosedError):
        define()
    assert define()["revision"] == 1


def test_a_lost_answer_has_its_effect(sim, ecs, define):
    sim.faults.fail("RegisterTaskDefinition", when="after", how="timeout")
    with pytest.raises(ReadTimeoutError):
        define()
    assert define()["revision"] == 2
    assert [(c.error, c.status) for c in sim.writes()][-2:] == [("timeout", 0), (None, 200)]


def test_a_server_error_names_itself(sim, ecs, refused):
    sim.faults.fail("List*", how="500")
    with refused("ServerException"):
        ecs.list_clusters()
    assert ecs.list_clusters()


def test_the_nth_call_fails_and_as_many_after_it_as_asked(sim, ecs):
    sim.faults.fail("ListClusters", on=2, times=2, how="500")
    outcomes = []
    for _ in range(5):
        try:
            ecs.list_clusters()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "ServerException", "ServerException", "ok", "ok"]


def test_a_denial_has_the_words_of_aws(sim, ecs, define, refused):
    define()
    ecs.create_service(**CREATE)
    sim.faults.deny("UpdateService", resource="*/web")
    arn = "arn:aws:ecs:us-east-1:123456789012:service/main/web"
    text = (
        "User: arn:aws:iam::123456789012:user/simulator is not authorized to perform: ecs:UpdateService on resource: "
        f"{arn} because no identity-based policy allows the ecs:UpdateService action"
    )
    with refused("AccessDeniedException", text):
        ecs.update_service(cluster="main", service="web", desiredCount=2)
    assert ecs.create_service(**(CREATE | {"serviceName": "api"}))
    ecs.update_service(cluster="main", service="api", desiredCount=2)
    sim.faults.allow()
    ecs.update_service(cluster="main", service="web", desiredCount=2)


def test_a_bucket_refuses_what_is_too_much_and_refills_with_time(sim, ecs, define, refused):
    sim.faults.throttle("RegisterTaskDefinition", burst=2, rate=1)
    define()
    define()
    with refused("ThrottlingException", "Rate exceeded"):
        define()
    sim.advance(1)
    assert define()["revision"] == 3


def test_the_documented_buckets_are_there(sim, define, refused):
    sim.faults.throttle()
    for _ in range(20):
        define()
    with refused("ThrottlingException"):
        define()
    sim.faults.clear()
    define()


def test_a_bucket_belongs_to_a_region(sim, ecs, refused):
    sim.faults.throttle("ListClusters", burst=1, rate=0)
    ecs.list_clusters()
    with refused("ThrottlingException"):
        ecs.list_clusters()
    sim.client("ecs", region="eu-west-1").list_clusters()


def test_latency_is_time_that_passes(sim, ecs):
    sim.faults.latency = 2.5
    before = sim.now()
    ecs.list_clusters()
    assert (sim.now() - before).total_seconds() == 2.5


def test_a_stale_read_shows_what_was_before_the_last_writes(sim, ecs, define):
    define()
    ecs.create_service(**CREATE)
    sim.faults.stale("DescribeServices", versions=1, times=1)
    ecs.update_service(cluster="main", service="web", desiredCount=5)
    counts = [ecs.describe_services(cluster="main", services=["web"])["services"][0]["desiredCount"] for _ in range(2)]
    assert counts == [1, 5]


def test_a_stale_read_reaches_back_over_deletion_and_creation(sim, ecs, define):
    define()
    sim.faults.stale("DescribeServices", versions=2, until=sim.clock.now + 1000)
    ecs.create_service(**CREATE)
    first = sim.region().clusters["main"].services["web"].primary.id
    ecs.delete_service(cluster="main", service="web", force=True)
    answer = ecs.describe_services(cluster="main", services=["web"])
    assert answer["failures"][0]["reason"] == "MISSING"
    sim.settle()
    ecs.create_service(**CREATE)
    seen = ecs.describe_services(cluster="main", services=["web"])["services"][0]
    assert (seen["status"], seen["deployments"][0]["id"]) == ("ACTIVE", first)
    sim.advance(1000)
    assert ecs.describe_services(cluster="main", services=["web"])["services"][0]["deployments"][0]["id"] != first


def test_faults_reach_the_other_services_too(sim, refused):
    logs = sim.client("logs")
    sim.faults.deny("CreateLogGroup", service="logs")
    with refused("AccessDeniedException", "logs:CreateLogGroup"):
        logs.create_log_group(logGroupName="/x")
    sim.faults.clear()
    sim.faults.fail("CreateLogGroup", when="after")
    with pytest.raises(ConnectionClosedError):
        logs.create_log_group(logGroupName="/x")
    assert len(logs.describe_log_groups()["logGroups"]) == 1
    sts = sim.client("sts")
    sim.faults.deny("GetCallerIdentity", service="sts")
    with refused("AccessDenied", "sts:GetCallerIdentity"):
        sts.get_caller_identity()


def test_calls_are_recorded_in_order_with_what_came_of_them(sim, ecs, refused):
    sim.calls.clear()
    ecs.list_clusters()
    with refused("ClusterNotFoundException"):
        ecs.delete_cluster(cluster="nope")
    assert [(c.service, c.operation, c.mutating, c.error) for c in sim.calls] == [
        ("ecs", "ListClusters", False, None),
        ("ecs", "DeleteCluster", True, "ClusterNotFoundException"),
    ]
    assert sim.calls[1].params == {"cluster": "nope"}
    assert [c.operation for c in sim.writes()] == ["DeleteCluster"]
