"""How much the simulator takes: calls a second through both doors, CPU to settle. Prints; asserts counts only."""

import http.client
import json
import time

import pytest

from reconciler.simulator import Request, Simulator

pytestmark = pytest.mark.bench
CONTAINER = {"name": "app", "image": "nginx", "memory": 128}
HEADERS = {
    "content-type": "application/x-amz-json-1.1",
    "authorization": "AWS4-HMAC-SHA256 Credential=A/20260105/us-east-1/ecs/aws4_request, SignedHeaders=host",
}


def ask(sim, operation, **params):
    headers = HEADERS | {"x-amz-target": f"AmazonEC2ContainerServiceV20141113.{operation}"}
    body = json.dumps(params).encode()
    return json.loads(sim.handle(Request("POST", "https://ecs.us-east-1.amazonaws.com/", headers, body)).body)


def filled(count, desired=2):
    sim = Simulator()
    ask(sim, "CreateCluster")
    ask(sim, "RegisterTaskDefinition", family="web", containerDefinitions=[CONTAINER])
    for n in range(count):
        ask(sim, "CreateService", serviceName=f"s{n}", taskDefinition="web", desiredCount=desired)
    return sim


def timed(work, times):
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return (time.perf_counter() - wall) / times, (time.process_time() - cpu) / times


@pytest.mark.parametrize("operation", ["ListClusters", "DescribeServices"])
def test_calls_a_second_through_both_doors(operation):
    sim = filled(10)
    sim.settle()
    params = {"services": [f"s{n}" for n in range(10)]} if operation == "DescribeServices" else {}
    bare, _ = timed(lambda: ask(sim, operation, **params), 300)
    client = sim.client("ecs")
    call = client.describe_services if params else client.list_clusters
    inside, _ = timed(lambda: call(**params), 300)
    with sim.serve(speed=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        headers = HEADERS | {"x-amz-target": f"AmazonEC2ContainerServiceV20141113.{operation}"}

        def over_http():
            connection.request("POST", "/", json.dumps(params).encode(), headers)
            connection.getresponse().read()

        outside, _ = timed(over_http, 300)
        connection.close()
    print(
        f"\n{operation}: core {1 / bare:,.0f}/s, before-send {1 / inside:,.0f}/s ({inside / bare:.1f} x), "
        f"HTTP {1 / outside:,.0f}/s ({outside / bare:.1f} x)"
    )
    assert len(sim.calls) >= 900


@pytest.mark.parametrize("count", [100, 1000, 5000])
def test_cpu_to_settle(count):
    cpu = time.process_time()
    sim = filled(count)
    made = time.process_time() - cpu
    cpu = time.process_time()
    sim.settle()
    settled = time.process_time() - cpu
    running = ask(sim, "DescribeClusters")["clusters"][0]["runningTasksCount"]
    print(f"\n{count:,} services: made {made:.2f} s, settled {settled:.2f} s, {settled / count * 1e3:.2f} ms a service")
    assert running == 2 * count


@pytest.mark.parametrize("how", ["nothing", "stale by writes", "stale by seconds", "events"])
def test_what_remembering_costs(how):
    sim = filled(50)
    sim.settle()
    if how == "events":
        queue = sim.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        sim.events_to(queue)
    elif how != "nothing":
        sim.faults.stale("DescribeServices", seconds=30 if how.endswith("seconds") else None)
    cpu = time.process_time()
    for n in range(50):
        ask(sim, "UpdateService", service=f"s{n}", forceNewDeployment=True)
    sim.settle()
    print(f"\nremembering {how}: {time.process_time() - cpu:.2f} s CPU for 50 rollouts")
    assert ask(sim, "DescribeClusters")["clusters"][0]["runningTasksCount"] == 100
