"""One seed, one history, to the byte."""

import json

from reconciler.simulator import Request, Settings, Simulator

SCOPE = "AWS4-HMAC-SHA256 Credential=A/20260105/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=0"


def ask(sim, operation, **params):
    headers = {
        "x-amz-target": f"AmazonEC2ContainerServiceV20141113.{operation}",
        "content-type": "application/x-amz-json-1.1",
        "authorization": SCOPE,
    }
    return sim.handle(Request("POST", "https://ecs.eu-west-1.amazonaws.com/", headers, json.dumps(params).encode()))


def history(seed, reads=True):
    sim = Simulator(Settings(seed=seed))
    answers = [ask(sim, "CreateCluster", clusterName="main")]
    container = {"name": "app", "image": "nginx", "memory": 128}
    answers.append(ask(sim, "RegisterTaskDefinition", family="web", containerDefinitions=[container]))
    for n in range(3):
        answers.append(
            ask(sim, "CreateService", cluster="main", serviceName=f"s{n}", taskDefinition="web", desiredCount=n + 1)
        )
        sim.advance(7.5)
    for n in range(3):
        answers.append(ask(sim, "UpdateService", cluster="main", service=f"s{n}", forceNewDeployment=True))
        sim.advance(11.25)
        if reads:
            ask(sim, "ListTasks", cluster="main")
    sim.settle()
    answers.append(ask(sim, "DescribeServices", cluster="main", services=["s0", "s1", "s2"]))
    tasks = json.loads(ask(sim, "ListTasks", cluster="main").body)["taskArns"]
    answers.append(ask(sim, "DescribeTasks", cluster="main", tasks=tasks))
    return answers


def test_the_same_seed_gives_the_same_bytes():
    first, second = history(5), history(5)
    assert [(a.status, dict(a.headers), a.body) for a in first] == [(a.status, dict(a.headers), a.body) for a in second]


def test_another_seed_gives_other_identifiers():
    assert history(5)[-1].body != history(6)[-1].body


def test_further_reads_do_not_change_what_happens():
    assert [a.body for a in history(5)] == [a.body for a in history(5, reads=False)]


def test_advancing_in_small_steps_is_advancing_once():
    def run(steps):
        sim = Simulator()
        ask(sim, "CreateCluster")
        container = {"name": "app", "image": "nginx", "memory": 128}
        ask(sim, "RegisterTaskDefinition", family="web", containerDefinitions=[container])
        ask(sim, "CreateService", serviceName="web", taskDefinition="web", desiredCount=2)
        for _ in range(steps):
            sim.advance(120 / steps)
        return ask(sim, "DescribeServices", services=["web"]).body

    assert run(1) == run(240)


def test_a_thousand_services_settle_quickly():
    import time

    sim = Simulator()
    ask(sim, "CreateCluster")
    container = {"name": "app", "image": "nginx", "memory": 128}
    ask(sim, "RegisterTaskDefinition", family="web", containerDefinitions=[container])
    for n in range(1000):
        ask(sim, "CreateService", serviceName=f"s{n}", taskDefinition="web", desiredCount=2)
    start = time.process_time()
    sim.settle()
    assert time.process_time() - start < 1
    cluster = json.loads(ask(sim, "DescribeClusters").body)["clusters"][0]
    assert cluster["runningTasksCount"] == 2000


EVENTFUL = """
import hashlib, json
from reconciler.simulator import Settings, Simulator
sim = Simulator(Settings(seed=3))
sim.ask("CreateCluster")
sim.script("bad", cannot_pull="not found")
sim.script("good", ignores_sigterm=True)
arns = [sim.add_instance(ports=[9100, 9200, 9300], attributes={"b": "1", "a": "2"}) for _ in range(3)]
breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
port = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}]
for image in ("good", "bad"):
    container = {"name": "app", "image": image, "memory": 128, "portMappings": port}
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=[container])
wish = {"placementStrategy": [{"type": "random"}], "deploymentConfiguration": breaker}
sim.ask("CreateService", serviceName="web", taskDefinition="web:1", desiredCount=2, **wish)
sim.settle()
sim.ask("UpdateService", service="web", taskDefinition="web:2")
sim.settle()
told = [
    sim.ask("DescribeServices", services=["web"]),
    sim.ask("DescribeTasks", tasks=sim.ask("ListTasks")["taskArns"]),
    sim.ask("DescribeContainerInstances", containerInstances=arns),
    sim.ask("ListServiceDeployments", service="web"),
]
print(hashlib.sha256(json.dumps(told).encode()).hexdigest())
"""


def test_another_process_tells_the_same_history_to_the_byte():
    import os
    import subprocess
    import sys

    def told(hashes):
        environment = {**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", EVENTFUL], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert told("1") == told("2")
