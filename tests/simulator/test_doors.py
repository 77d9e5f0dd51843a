"""Both doors give the same answers; the HTTP one listens on the loopback and writes what was asked of it."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from reconciler.simulator import Settings, Simulator

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=5)
CONTAINER = {"name": "app", "image": "nginx", "memory": 128}


def over_http(url, service, region="eu-west-1", **options):
    session = boto3.session.Session("simulator", "simulator", region_name=region)
    return session.client(service, endpoint_url=url, **({"config": ONCE} | options))


def script(client, sim):
    """A morning's calls; every answer, without the HTTP headers that name the door."""
    ecs, tagging, logs = client("ecs"), client("resourcegroupstaggingapi"), client("logs")
    secrets, ssm, sts, s3 = client("secretsmanager"), client("ssm"), client("sts"), client("s3")
    answers = []

    def ask(call, **params):
        try:
            answer = call(**params)
        except ClientError as error:
            answer = error.response
        metadata = answer.pop("ResponseMetadata")
        headers = metadata["HTTPHeaders"]
        answers.append((metadata["HTTPStatusCode"], headers["x-amzn-requestid"], headers["date"], answer))
        return answer

    tags = [{"key": "owner", "value": "a"}]
    ask(ecs.create_cluster, clusterName="main", tags=tags)
    ask(ecs.register_task_definition, family="web", containerDefinitions=[CONTAINER], tags=tags)
    ask(ecs.register_task_definition, family="web", containerDefinitions=[])
    given = {"cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2}
    ask(ecs.create_service, **given, tags=tags)
    sim.advance(30)
    ask(ecs.describe_services, cluster="main", services=["web", "nope"], include=["TAGS"])
    sim.settle()
    ask(ecs.describe_services, cluster="main", services=["web"])
    arns = ask(ecs.list_tasks, cluster="main")["taskArns"]
    ask(ecs.describe_tasks, cluster="main", tasks=arns)
    ask(ecs.create_service, **given)
    ask(ecs.update_service, cluster="main", service="web", desiredCount=3, forceNewDeployment=True)
    ask(logs.create_log_group, logGroupName="/app", tags={"owner": "a"})
    ask(logs.put_retention_policy, logGroupName="/app", retentionInDays=7)
    token = "0" * 32  # else the SDK draws one, differently each time
    ask(
        secrets.create_secret,
        Name="db",
        SecretString="s3cr3t",
        ClientRequestToken=token,
        Tags=[{"Key": "owner", "Value": "a"}],
    )
    ask(secrets.get_secret_value, SecretId="nope")
    ask(ssm.put_parameter, Name="/p", Value="v", Type="SecureString")
    ask(ssm.get_parameters, Names=["/p", "/q"])
    ask(sts.get_caller_identity)
    ask(s3.create_bucket, Bucket="b", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    ask(tagging.get_resources, TagFilters=[{"Key": "owner", "Values": ["a"]}])
    ask(tagging.get_resources, ResourcesPerPage=0)
    return answers


def without_wall_clock(answers):
    """moto's own times are the wall clock's."""
    text = json.dumps(answers, default=lambda d: None if d.year != 2026 or d.month != 1 else d.isoformat())
    return json.loads(text)


def test_the_same_calls_get_the_same_answers_through_both_doors():
    inside = Simulator(Settings(seed=3))
    first = script(lambda s: inside.client(s, region="eu-west-1"), inside)
    outside = Simulator(Settings(seed=3))
    with outside.serve(speed=0) as server:
        second = script(lambda s: over_http(server.url, s), outside)
    assert without_wall_clock(first) == without_wall_clock(second)
    same = ("service", "operation", "params", "mutating", "error", "status", "region")
    assert [[getattr(c, m) for m in same] for c in inside.calls] == [
        [getattr(c, m) for m in same] for c in outside.calls
    ]


def test_the_clients_of_an_attached_session_talk_to_the_simulator(sim):
    for session in (boto3.session.Session("a", "b", region_name="eu-west-1"), botocore.session.Session()):
        sim.attach(session)
        make = session.client if hasattr(session, "client") else session.create_client
        client = make("ecs", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
        assert client.list_clusters()["clusterArns"] == []
    assert len(sim.calls) == 2


def test_sessions_that_are_not_attached_are_left_alone(sim):
    sim.client("ecs").list_clusters()
    other = boto3.session.Session("a", "b", region_name="us-east-1").client(
        "ecs", endpoint_url="http://127.0.0.1:9", config=ONCE
    )
    with pytest.raises(Exception, match="Could not connect"):
        other.list_clusters()


def test_every_answer_carries_the_virtual_clock(sim):
    ecs = sim.client("ecs")
    sim.advance(3600)
    headers = ecs.list_clusters()["ResponseMetadata"]["HTTPHeaders"]
    assert headers["date"] == "Mon, 05 Jan 2026 10:00:00 GMT"


def test_time_passes_by_itself_while_the_server_is_open(sim):
    with sim.serve(speed=1_000_000) as server:
        ecs = over_http(server.url, "ecs", "us-east-1")
        before = sim.now()
        ecs.create_cluster()
        ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER])
        ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
        for _ in range(1000):
            deployment = ecs.describe_services(services=["web"])["services"][0]["deployments"][0]
            if deployment["rolloutState"] == "COMPLETED":
                break
        assert deployment["rolloutState"] == "COMPLETED"
    after = sim.now()
    assert after > before
    assert sim.now() == after


def test_the_server_is_not_reachable_from_outside(sim):
    with sim.serve() as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        with socket.socket() as probe:
            probe.bind(("127.0.0.2", 0))
            assert probe.connect_ex(("127.0.0.2", server.port)) != 0


def test_the_call_log_has_a_line_a_call_and_no_secret_in_it(sim, tmp_path):
    log = tmp_path / "calls.jsonl"
    with sim.serve(speed=0, log=str(log)) as server:
        over_http(server.url, "ecs").create_cluster(clusterName="main")
        over_http(server.url, "secretsmanager").create_secret(Name="db", SecretString="canary")
        over_http(server.url, "ssm").put_parameter(Name="/p", Value="canary", Type="String")
        with pytest.raises(ClientError):
            over_http(server.url, "ecs").delete_cluster(cluster="nope")
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert "canary" not in text
    assert [(line["sequence"], line["operation"], line["mutating"], line["error"]) for line in lines] == [
        (1, "CreateCluster", True, None),
        (2, "CreateSecret", True, None),
        (3, "PutParameter", True, None),
        (4, "DeleteCluster", True, "ClusterNotFoundException"),
    ]
    assert lines[0]["params"] == {"clusterName": "main"}
    assert lines[0]["time"] == "2026-01-05T09:00:00.000Z"


def test_lost_answers_look_the_same_through_http(sim):
    with sim.serve(speed=0) as server:
        ecs = over_http(server.url, "ecs", config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2))
        sim.faults.fail("CreateCluster", when="after")
        with pytest.raises(ConnectionClosedError):
            ecs.create_cluster(clusterName="main")
        sim.faults.fail("DeleteCluster", when="before", how="timeout")
        with pytest.raises(ReadTimeoutError):
            ecs.delete_cluster(cluster="main")
        assert len(ecs.list_clusters()["clusterArns"]) == 1


def test_sixteen_connections_at_once(sim):
    with sim.serve(speed=0) as server:
        gate = threading.Barrier(16)

        def work(number):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            headers = {
                "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.CreateCluster",
                "Content-Type": "application/x-amz-json-1.1",
            }
            gate.wait()
            statuses = []
            for turn in range(10):
                body = json.dumps({"clusterName": f"c{number}-{turn}"})
                connection.request("POST", "/", body, headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
            connection.close()
            return statuses

        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(work, range(16)))
    assert results == [[200] * 10] * 16
    assert len(sim.region().clusters) == 160
    assert len({c.number for c in sim.calls}) == 160


@pytest.mark.parametrize(
    ("target", "body", "status", "code"),
    [
        ("AmazonEC2ContainerServiceV20141113.Nope", b"{}", 400, "UnknownOperationException"),
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b"{", 400, "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b"[]", 400, "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b'{"maxResults":"1"}', 400, "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b'{"max":1}', 400, "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.DeleteCluster", b"{}", 400, "InvalidParameterException"),
        ("AmazonEC2ContainerServiceV20141113.DeleteCluster", b'{"cluster":null}', 400, "InvalidParameterException"),
        ("AmazonEC2ContainerServiceV20141113.CreateTaskSet", b"{}", 400, "InvalidParameterException"),
    ],
)
def test_malformed_requests_get_an_error_answer(sim, target, body, status, code):
    with sim.serve(speed=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/", body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["__type"]) == (status, code)
        connection.close()
