"""Each kind of fault, at each kind of address, for services of ours and of moto's."""

import http.client
import json
import threading
from contextlib import suppress

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from reconciler.simulator import Crash, Group, Settings, Simulator, SimulatorError
from reconciler.simulator.quoting import SPELLINGS

CREATE = {"cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1}


def code(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    except (ConnectionClosedError, ReadTimeoutError) as error:
        return type(error).__name__, 0
    return "ok", 200


def sizes(client, operation, member):
    """Of the pages of a listing, two a page."""
    pages = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2})
    return [len(page[member]) for page in pages]


# Addresses.


def test_the_nth_call_of_all_is_met_whatever_it_is(sim, ecs):
    sim.faults.fail(on=3, how="500")
    logs = sim.client("logs")
    seen = [code(ecs.list_clusters), code(logs.describe_log_groups), code(sim.client("sts").get_caller_identity)]
    assert seen == [("ok", 200), ("ok", 200), ("InternalFailure", 500)]


def test_the_nth_write_is_met_and_reads_do_not_count(sim, ecs):
    sim.faults.fail(calls="write", on=2, how="500")
    seen = [code(ecs.list_clusters), code(ecs.create_cluster), code(ecs.list_clusters)]
    seen.append(code(ecs.create_cluster, clusterName="two"))
    assert [name for name, _ in seen] == ["ok", "ok", "ok", "ServerException"]


def test_a_fault_may_be_about_one_resource(sim, ecs, define):
    define()
    sim.faults.fail("CreateService", resource="*/api", how="500", times=None)
    assert code(ecs.create_service, **CREATE) == ("ok", 200)
    assert code(ecs.create_service, **CREATE | {"serviceName": "api"}) == ("ServerException", 500)


@pytest.mark.parametrize(
    ("service", "operation", "params", "codes"),
    [
        # The names are those of each service's API model; the older protocols leave "Exception" off.
        ("ecs", "list_clusters", {}, ("ServerException", "ThrottlingException", "AccessDeniedException")),
        (
            "resourcegroupstaggingapi",
            "get_resources",
            {},
            ("InternalServiceException", "ThrottlingException", "AccessDeniedException"),
        ),
        (
            "application-autoscaling",
            "describe_scalable_targets",
            {"ServiceNamespace": "ecs"},
            ("InternalServiceException", "ThrottlingException", "AccessDeniedException"),
        ),
        ("elbv2", "describe_target_groups", {}, ("InternalFailure", "Throttling", "AccessDenied")),
        (
            "secretsmanager",
            "list_secrets",
            {},
            ("InternalServiceError", "ThrottlingException", "AccessDeniedException"),
        ),
        ("ssm", "describe_parameters", {}, ("InternalServerError", "ThrottlingException", "AccessDeniedException")),
        (
            "logs",
            "describe_log_groups",
            {},
            ("ServiceUnavailableException", "ThrottlingException", "AccessDeniedException"),
        ),
        ("iam", "list_roles", {}, ("InternalFailure", "Throttling", "AccessDenied")),
        ("s3", "list_buckets", {}, ("InternalError", "SlowDown", "AccessDenied")),
        ("ec2", "describe_vpcs", {}, ("InternalFailure", "Throttling", "AccessDenied")),
    ],
)
def test_every_service_says_in_its_own_words_what_is_wrong(sim, service, operation, params, codes):
    call = getattr(sim.client(service), operation)
    for how in ("500", "throttled"):
        sim.faults.fail(how=how)
    seen = [code(call, **params)[0] for _ in range(2)]
    sim.faults.deny("*", service="*")
    seen.append(code(call, **params)[0])
    # The two failures were armed together: the first call meets both, the first wins, and both are over.
    assert seen == [codes[0], "ok", codes[2]]
    sim.faults.clear()
    sim.faults.throttle("*", service="*")
    assert code(call, **params)[0] == codes[1]


# What happens.


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize(
    ("how", "seen"),
    [
        ("closed", ("ConnectionClosedError", 0)),
        ("timeout", ("ReadTimeoutError", 0)),
        ("500", ("ServerException", 500)),
        ("503", ("ServiceUnavailable", 503)),
        ("throttled", ("ThrottlingException", 400)),
    ],
)
def test_a_failure_comes_before_the_effect_or_after_it(sim, how, seen, when, made):
    ecs = sim.client("ecs")
    sim.faults.fail("CreateCluster", how=how, when=when)
    assert code(ecs.create_cluster) == seen
    assert len(sim.region().clusters) == made


def test_an_error_answer_can_be_lost_too(sim, ecs):
    sim.faults.fail("DeleteCluster", when="after")
    assert code(ecs.delete_cluster, cluster="nope") == ("ConnectionClosedError", 0)


def test_a_duplicated_request_has_its_effect_twice(sim, ecs, define):
    sim.faults.duplicate("RegisterTaskDefinition")
    assert define()["revision"] == 1
    assert define()["revision"] == 3
    assert [c.operation for c in sim.writes()].count("RegisterTaskDefinition") == 2


def test_the_answer_to_the_second_delivery_can_be_the_one_that_arrives(sim, ecs, define, refused):
    sim.faults.duplicate("RegisterTaskDefinition", answer=2)
    assert define()["revision"] == 2
    sim.faults.duplicate("CreateService", answer=2)
    with refused("InvalidParameterException", "not idempotent"):
        ecs.create_service(**CREATE)
    sim.faults.duplicate("CreateService", answer=2)
    again = CREATE | {"serviceName": "api", "clientToken": "t"}
    assert ecs.create_service(**again)["service"]["serviceName"] == "api"


def test_moto_is_given_a_duplicate_too(sim):
    sqs = sim.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sim.faults.duplicate("SendMessage")
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert len(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_call_takes_its_time_before_or_after_the_effect(sim, when):
    ecs = sim.client("ecs")
    start = sim.clock.now
    sim.faults.slow(7, "CreateCluster", when=when)
    ecs.create_cluster()
    assert sim.clock.now == start + 7
    assert sim.calls[-1].at == start + (7 if when == "before" else 0)


def test_documented_buckets_of_other_services(sim):
    sim.faults.throttle(service="*")
    elb = sim.client("elbv2")
    # ELB request throttling: a burst of 40 Describe calls, 10 a second.
    assert [code(elb.describe_load_balancers)[0] for _ in range(41)] == ["ok"] * 40 + ["Throttling"]
    sim.advance(0.2)
    assert code(elb.describe_load_balancers) == ("ok", 200)


def test_buckets_can_be_of_ones_own(sim, ecs):
    sim.faults.throttle(groups=[Group("ecs", ("List*", "Describe*"), 2, 0)])
    seen = [code(ecs.list_clusters), code(ecs.describe_clusters), code(ecs.list_clusters)]
    assert [name for name, _ in seen] == ["ok", "ok", "ThrottlingException"]


# Pages.


def test_one_page_of_a_listing_fails_and_the_next_attempt_goes_through(sim, ecs):
    for n in range(5):
        ecs.create_cluster(clusterName=f"c{n}")
    sim.faults.fail("ListClusters", page=2, how="500")
    with pytest.raises(ClientError, match="ServerException"):
        sizes(ecs, "list_clusters", "clusterArns")
    assert sizes(ecs, "list_clusters", "clusterArns") == [2, 2, 2]


def test_a_page_of_moto_fails_too(sim):
    ssm = sim.client("ssm")
    for n in range(15):
        ssm.put_parameter(Name=f"/p{n}", Value="v", Type="String")
    sim.faults.fail("DescribeParameters", page=2, how="500")
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 10})
    with pytest.raises(ClientError, match="InternalServerError"):
        list(pages)


def test_a_truncated_page_claims_to_be_the_last(sim, ecs):
    for n in range(5):
        ecs.create_cluster(clusterName=f"c{n}")
    sim.faults.truncate("ListClusters", page=2)
    assert sizes(ecs, "list_clusters", "clusterArns") == [2, 2]
    assert sizes(ecs, "list_clusters", "clusterArns") == [2, 2, 2]
    tagging = sim.client("resourcegroupstaggingapi")  # speaks CBOR
    for n in range(3):
        ecs.create_cluster(clusterName=f"t{n}", tags=[{"key": "a", "value": "b"}])
    sim.faults.truncate("GetResources")
    assert sizes(tagging, "get_resources", "ResourceTagMappingList") == [2]
    assert sizes(tagging, "get_resources", "ResourceTagMappingList") == [2, 1]


# The caller dies.


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_crash_kills_the_caller_before_or_after_the_effect(sim, when, made):
    ecs = sim.client("ecs", config=Config(retries={"total_max_attempts": 5}))
    sim.faults.crash(calls="write", on=1, when=when)
    with pytest.raises(Crash):
        ecs.create_cluster()
    assert len(sim.region().clusters) == made
    assert [c.error for c in sim.calls] == ["crash"]


def test_the_dead_call_no_more_and_a_new_client_is_a_new_process(sim, ecs):
    sim.faults.crash()
    with pytest.raises(Crash):
        ecs.list_clusters()
    with pytest.raises(Crash):
        ecs.list_clusters()
    assert sim.client("ecs").list_clusters()["clusterArns"]
    assert [c.error for c in sim.calls][-2:] == ["crash", None]
    sim.revive()
    assert ecs.list_clusters()["clusterArns"]


def test_no_handler_of_the_caller_catches_a_crash(sim, ecs):
    sim.faults.crash()
    with pytest.raises(Crash), suppress(Exception):
        ecs.list_clusters()


def test_every_thread_of_a_process_dies(sim, ecs):
    sim.faults.crash(on=3)
    dead = []

    def work():
        try:
            for _ in range(3):
                ecs.list_clusters()
        except Crash:
            dead.append(threading.get_ident())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dead) == 3
    assert len(sim.calls) == 4  # that of the fixture, two that were answered, one that killed


def test_through_http_a_crash_closes_the_connection(sim):
    with sim.serve(speed=0) as server:
        sim.faults.crash(when="after")
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        headers = {
            "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.CreateCluster",
            "Content-Type": "application/x-amz-json-1.1",
        }
        connection.request("POST", "/", b"{}", headers)
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.close()
        connection.request("POST", "/", b"{}", headers)
        assert json.loads(connection.getresponse().read())["cluster"]["clusterName"] == "default"
        connection.close()
    assert len(sim.region().clusters) == 1


# Third parties.


@pytest.mark.parametrize("number", [0, 1, 2])
def test_somebody_edits_between_any_two_calls(sim, ecs, define, number):
    define()
    ecs.create_service(**CREATE)
    sim.calls.clear()
    console = sim.client("ecs")
    sim.faults.between(number, lambda: console.update_service(cluster="main", service="web", desiredCount=9))
    counts = [ecs.describe_services(cluster="main", services=["web"])["services"][0]["desiredCount"] for _ in range(3)]
    assert counts == [1] * number + [9] * (3 - number)
    assert sim.writes() == []
    assert [c.operation for c in sim.calls if c.outside] == ["UpdateService"]


def test_no_fault_meets_a_third_party_and_its_calls_do_not_count(sim, ecs):
    console = sim.client("ecs")
    sim.faults.fail(on=2, how="500")
    sim.faults.fail("CreateCluster", how="500", times=None)
    sim.faults.throttle("CreateCluster", burst=0)
    sim.faults.between(1, lambda: [console.create_cluster(clusterName=f"c{n}") for n in range(3)])
    assert code(ecs.list_clusters) == ("ok", 200)
    assert code(ecs.list_clusters) == ("ServerException", 500)
    assert len(sim.region().clusters) == 4


def test_a_hook_may_let_time_pass(sim, service):
    service(desiredCount=1)
    sim.client("ecs").update_service(cluster="main", service="web", forceNewDeployment=True)
    sim.faults.between(1, lambda: sim.settle())
    states = [service()["deployments"][0]["rolloutState"] for _ in range(2)]
    assert states == ["IN_PROGRESS", "COMPLETED"]


# Old reads.


def test_a_read_can_be_some_seconds_old(sim, service):
    ecs = sim.client("ecs")
    service(desiredCount=1)
    sim.faults.stale("DescribeServices", seconds=10)
    ecs.update_service(cluster="main", service="web", desiredCount=3)
    assert service()["desiredCount"] == 1
    sim.advance(9)
    assert service()["desiredCount"] == 1
    sim.advance(1)
    assert (service()["desiredCount"], service()["pendingCount"]) == (3, 0)
    sim.faults.fresh()
    assert service()["pendingCount"] == 2


def test_an_old_read_shows_tasks_as_they_were(sim, service):
    ecs = sim.client("ecs")
    sim.faults.stale("DescribeServices", seconds=30)
    service(desiredCount=1)
    sim.advance(30)
    running = sim.clock.now
    ecs.update_service(cluster="main", service="web", desiredCount=2)
    lived = []
    while sim.clock.now < running + 90:
        lived.append((sim.clock.now - running, service()["runningCount"]))
        sim.advance(1)
    became = next(t for t, count in lived if count == 2)
    task = max(sim.region().clusters["main"].tasks.values(), key=lambda t: t.created)
    assert became == pytest.approx(task.times["started"] - running + 30, abs=1)


def test_only_one_page_of_a_listing_is_old(sim, ecs):
    for n in range(4):
        ecs.create_cluster(clusterName=f"c{n}")
    sim.faults.stale("ListClusters", versions=1, page=2)
    ecs.delete_cluster(cluster="c3")
    pages = ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 3})
    names = [arn.rpartition("/")[2] for p in pages for arn in p["clusterArns"]]
    assert names == ["c0", "c1", "c2", "c3", "main"]


@pytest.mark.parametrize("versions", [1, 2, 3])
def test_other_services_have_old_reads_too(sim, versions):
    ssm, secrets, logs = sim.client("ssm"), sim.client("secretsmanager"), sim.client("logs")
    elb = sim.client("elbv2")
    ssm.put_parameter(Name="/p", Value="0", Type="String")
    made = secrets.create_secret(Name="s", SecretString="0")["ARN"]
    logs.create_log_group(logGroupName="/l")
    vpc = sim.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elb.create_target_group(Name="g", TargetType="ip", Protocol="HTTP", Port=1, VpcId=vpc)
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    sim.faults.stale(versions=versions)
    for n in range(1, 4):
        ssm.put_parameter(Name="/p", Value=str(n), Type="String", Overwrite=True)
        secrets.put_secret_value(SecretId=made, SecretString=str(n))
        logs.put_retention_policy(logGroupName="/l", retentionInDays=[1, 3, 5, 7][n])
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckIntervalSeconds=30 + n)

    def seen():
        return (
            ssm.get_parameter(Name="/p")["Parameter"]["Value"],
            secrets.get_secret_value(SecretId=made)["SecretString"],
            logs.describe_log_groups()["logGroups"][0].get("retentionInDays"),
            elb.describe_target_groups()["TargetGroups"][0]["HealthCheckIntervalSeconds"],
        )

    n = 3 - versions
    assert seen() == (str(n), str(n), [None, 3, 5, 7][n], 30 + n)
    sim.faults.fresh()
    assert seen() == ("3", "3", 7, 33)


def test_what_cannot_be_shown_as_it_was_says_so(sim):
    sqs = sim.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sim.faults.stale("GetQueueAttributes")
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    with pytest.raises(Exception, match="cannot be shown as it was") as caught:
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    assert isinstance(caught.value, SimulatorError) or "SimulatorError" in repr(caught.value.__cause__)


def test_within_the_window_a_read_may_be_old_and_after_it_is_not(define):
    def seen(seed):
        sim = Simulator(Settings(seed=seed, eventual_window=5))
        ecs = sim.client("ecs")
        ecs.create_cluster(clusterName="a")
        sim.advance(10)
        ecs.create_cluster(clusterName="b")
        within = [len(ecs.list_clusters()["clusterArns"]) for _ in range(20)]
        sim.advance(5)
        return within, {len(ecs.list_clusters()["clusterArns"]) for _ in range(20)}

    within, after = seen(1)
    assert set(within) == {1, 2}
    assert after == {2}
    assert seen(1)[0] == within
    assert seen(2)[0] != within


def test_reads_are_current_unless_asked_for(sim, ecs):
    assert sim.faults.plan == "seed=0"
    ecs.create_cluster(clusterName="b")
    assert all(len(ecs.list_clusters()["clusterArns"]) == 2 for _ in range(50))


def test_clearing_keeps_what_settings_ask_for():
    sim = Simulator(Settings(eventual_window=5))
    sim.faults.fail()
    sim.faults.clear()
    assert sim.faults.plan == "seed=0; eventual=5 #1 x* p=0.5"
    sim.faults.fresh()
    assert sim.faults.plan == "seed=0"


# What is said, and what arrives of it.


@pytest.mark.parametrize("spelling", range(len(SPELLINGS)))
def test_a_refusal_can_repeat_what_was_sent_in_any_spelling(sim, spelling):
    sim.faults.quote("PutParameter", spelling=spelling)
    ssm = sim.client("ssm")
    with pytest.raises(ClientError) as caught:
        ssm.put_parameter(Name="/a", Value='a "b" & c\n\tlast line', Type="String")
    assert SPELLINGS[spelling]('a "b" & c\n\tlast line') in caught.value.response["Error"]["Message"]
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_body_can_break_off_after_the_effect(sim):
    ecs = sim.client("ecs")
    sim.faults.cut("CreateCluster")
    assert "cluster" not in ecs.create_cluster(clusterName="main")
    assert list(sim.region().clusters) == ["main"]
