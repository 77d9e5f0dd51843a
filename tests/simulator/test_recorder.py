"""Traces: recorded, redacted, and compared with the simulator, which plays AWS here."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from reconciler.simulator import Settings, Simulator
from reconciler.simulator.recorder import Recorder, read
from reconciler.simulator.redact import Redactor
from reconciler.simulator.replay import compare

PRIVATE = "987654321098"


def real(seed=77, **settings):
    """An AWS of somebody's own, and a session that talks to it."""
    sim = Simulator(Settings(seed=seed, account=PRIVATE, **settings))
    session = boto3.session.Session("AKIAPRIVATEPRIVATE00", "b", region_name="us-east-1")
    sim.attach(session)
    return sim, session


def script(sim, session):
    ecs = session.client("ecs")
    ecs.create_cluster(clusterName="shop", tags=[{"key": "owner", "value": "alice"}])
    container = {
        "name": "app",
        "image": f"{PRIVATE}.dkr.ecr.us-east-1.amazonaws.com/shop:1",
        "memory": 128,
        "command": ["run", "--token=canary"],
        "environment": [{"name": "PASSWORD", "value": "canary"}],
        "healthCheck": {"command": ["CMD-SHELL", "curl canary"]},
        "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "canary"}},
        "dockerLabels": {"key": "canary"},
    }
    ecs.register_task_definition(
        family="shop", containerDefinitions=[container], taskRoleArn=f"arn:aws:iam::{PRIVATE}:role/alices-role"
    )
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="shop", desiredCount=2)
    sim.settle()
    ecs.describe_services(cluster="shop", services=["web"])
    arns = ecs.list_tasks(cluster="shop", serviceName="web")["taskArns"]
    ecs.describe_tasks(cluster="shop", tasks=arns)
    with pytest.raises(ClientError):
        ecs.describe_services(cluster="nope", services=["web"])
    secrets = session.client("secretsmanager")
    made = secrets.create_secret(Name="db", SecretString="canary", Description="db.example.com at 10.20.30.40")
    secrets.get_secret_value(SecretId=made["ARN"])


@pytest.fixture
def trace(tmp_path):
    sim, session = real()
    path = tmp_path / "traces" / "shop.jsonl"
    with Recorder(session, path):
        script(sim, session)
    return path


def test_a_trace_has_a_line_a_call(trace):
    found = read(trace)
    assert [(e.service, e.operation, e.status) for e in found] == [
        ("ecs", "CreateCluster", 200),
        ("ecs", "RegisterTaskDefinition", 200),
        ("ecs", "CreateService", 200),
        ("ecs", "DescribeServices", 200),
        ("ecs", "ListTasks", 200),
        ("ecs", "DescribeTasks", 200),
        ("ecs", "DescribeServices", 400),
        ("secretsmanager", "CreateSecret", 200),
        ("secretsmanager", "GetSecretValue", 200),
    ]
    assert found[6].answer["Error"]["Code"] == "ClusterNotFoundException"
    assert found[2].request == {"cluster": "shop", "serviceName": "web", "taskDefinition": "shop", "desiredCount": 2}
    assert {e.region for e in found} == {"us-east-1"}


def test_nothing_private_is_in_it(trace):
    text = trace.read_text()
    for private in ("canary", PRIVATE, "10.20.30.40", "AKIA", "alices-role"):
        assert private not in text, private
    drawn = [t.id for t in real()[0].region().clusters.values() for t in t.tasks.values()]
    assert not any(identifier in text for identifier in drawn)
    assert '"PASSWORD"' in text
    assert '"alice"' in text


def test_names_go_where_they_are_asked_to(tmp_path):
    sim, session = real()
    with Recorder(session, tmp_path / "t.jsonl", names=True):
        script(sim, session)
    text = (tmp_path / "t.jsonl").read_text()
    for private in ('"shop"', "/shop", "shop:", '"web"', "/web", "alice", '"db"', ":db-"):
        assert private not in text, private
    found = read(tmp_path / "t.jsonl")
    assert found[2].request["cluster"] == found[0].request["clusterName"] == "cluster-1"
    assert found[2].answer["service"]["clusterArn"].endswith(":cluster/cluster-1")


def test_a_stand_in_is_the_same_wherever_the_value_occurs(trace):
    found = read(trace)
    listed = found[4].answer["taskArns"]
    assert [t["taskArn"] for t in found[5].answer["tasks"]] == listed
    assert found[5].request["tasks"] == listed
    assert len(set(listed)) == 2
    assert found[0].answer["cluster"]["clusterArn"] == "arn:aws:ecs:us-east-1:000000000001:cluster/shop"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("arn:aws:ecs:eu-west-1:123456789012:cluster/a", "arn:aws:ecs:eu-west-1:000000000001:cluster/a"),
        ("ecs-svc/1234567890123456789", "ecs-svc/1000000000000000001"),
        ("eni-0123456789abcdef0", "eni-00000000000000001"),
        ("subnet-0a1b2c3d", "subnet-00000001"),
        ("10.1.2.3 and 10.1.2.4 and 10.1.2.3", "10.0.0.1 and 10.0.0.2 and 10.0.0.1"),
        ("c7a0a1e4-0e1c-4a5e-9c7e-0123456789ab", "00000000-0000-4000-8000-000000000001"),
        ("arn:aws:iam::1:role/aws-service-role/x", "arn:aws:iam::1:role/aws-service-role/x"),
        ("arn:aws:sts::1:assumed-role/ops/alice", "arn:aws:sts::1:assumed-role/who-1"),
        ("web:17 v1.2.3 deadbeef 2026-01-05", "web:17 v1.2.3 deadbeef 2026-01-05"),
        ("300.1.2.3", "300.1.2.3"),
    ],
)
def test_what_is_replaced_in_texts(text, redacted):
    assert Redactor().text(text) == redacted


def test_a_closed_recorder_writes_nothing(tmp_path):
    _, session = real()
    with Recorder(session, tmp_path / "t.jsonl"):
        ecs = session.client("ecs")
        ecs.list_clusters()
    ecs.list_clusters()
    session.client("ecs").list_clusters()
    assert len(read(tmp_path / "t.jsonl")) == 1


def test_a_trace_of_the_simulator_differs_from_it_in_nothing(trace):
    differences = compare(with_time(read(trace), 3, 300), Simulator())
    assert [str(d) for d in differences] == []


def with_time(exchanges, place, seconds):
    """The trace with so many seconds before one of its calls: here AWS's time was virtual."""
    from dataclasses import replace

    return [replace(e, after=float(seconds)) if n == place else e for n, e in enumerate(exchanges)]


def test_what_differs_is_told_by_call_and_path(tmp_path, trace):
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    service = lines[3]["answer"]["services"][0]
    service["newMember"] = 1
    del service["roleArn"]
    service["schedulingStrategy"] = "DAEMON"
    service["deployments"].append(service["deployments"][0])
    service["desiredCount"] = "2"
    lines[6]["answer"] = {"services": []}
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    differences = compare(with_time(read(trace), 3, 300), Simulator())
    assert sorted((d.call, d.path, d.kind) for d in differences) == [
        (4, "services[].deployments", "count"),
        (4, "services[].desiredCount", "type"),
        (4, "services[].newMember", "missing"),
        (4, "services[].roleArn", "extra"),
        (4, "services[].schedulingStrategy", "value"),
        (7, "", "error"),
    ]
    ignored = compare(
        with_time(read(trace), 3, 300), Simulator(), values=False, ignore=lambda d: d.kind in ("error", "type")
    )
    assert {d.kind for d in ignored} == {"missing", "extra"}


def test_settings_that_echo_otherwise_are_found(tmp_path):
    """What the comparison is for: a fact that is a setting here is decided by a trace."""
    sim, session = real(echo_empty_alarms=True)
    with Recorder(session, tmp_path / "t.jsonl"):
        script(sim, session)
    trace = with_time(read(tmp_path / "t.jsonl"), 3, 300)
    paths = {d.path for d in compare(trace, Simulator()) if d.kind == "missing"}
    assert paths == {"service.deploymentConfiguration.alarms", "services[].deploymentConfiguration.alarms"}
    assert compare(trace, Simulator(Settings(echo_empty_alarms=True))) == []


def test_what_is_no_trace_is_refused(tmp_path):
    (tmp_path / "x").write_text('{"format": 2}\n')
    with pytest.raises(ValueError, match="x:1"):
        read(tmp_path / "x")
