"""Events on SQS, in the shapes of EventBridge.

Sources: ECS developer guide, "Amazon ECS events" (source, resources, detail types, names of events); at least once and
in no certain order, "Handling events".
"""

import json
from collections import Counter

import pytest

from reconciler.simulator import SimulatorError

TASK, DEPLOYMENT, ACTION = "ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"
RUN = {"cluster": "main", "serviceName": "web", "taskDefinition": "web"}


class Queue:
    def __init__(self, sim, name="q"):
        self.sqs = sim.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def drain(self):
        """Every message, in the order of arrival."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def queue(sim):
    return Queue(sim)


@pytest.fixture
def web(ecs, define, sim):
    define()
    return lambda **members: ecs.create_service(**RUN | {"desiredCount": 1} | members)


def test_nothing_is_sent_before_somebody_listens(sim, web, queue):
    web()
    sim.settle()
    assert queue.drain() == []
    sim.events_to(queue.url)
    sim.advance(60)
    assert queue.drain() == []


def test_the_envelope_is_that_of_eventbridge(sim, web, queue):
    sim.events_to(queue.url)
    web()
    [event] = queue.drain()
    assert event.pop("id")
    assert event.pop("detail")["eventName"] == "SERVICE_DEPLOYMENT_IN_PROGRESS"
    assert event == {
        "version": "0",
        "detail-type": DEPLOYMENT,
        "source": "aws.ecs",
        "account": "123456789012",
        "time": "2026-01-05T09:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:ecs:us-east-1:123456789012:service/main/web"],
    }


def test_a_deployment_is_told_from_its_beginning_to_its_end(sim, web, queue, ecs):
    sim.events_to(queue.url, DEPLOYMENT)
    web()
    sim.settle()
    details = [e["detail"] for e in queue.drain()]
    assert [d["eventName"] for d in details] == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    assert {d["deploymentId"] for d in details} == {sim.region().clusters["main"].services["web"].primary.id}
    assert all(d["eventType"] == "INFO" and d["reason"] and d["updatedAt"].endswith("Z") for d in details)


def test_a_task_is_told_at_each_of_its_states_with_a_version_that_grows(sim, web, queue, ecs):
    sim.events_to(queue.url, TASK)
    web()
    sim.settle()
    ecs.update_service(cluster="main", service="web", desiredCount=0)
    sim.settle()
    details = [e["detail"] for e in queue.drain()]
    states = list(dict.fromkeys(d["lastStatus"] for d in details))
    assert states[0] in ("PROVISIONING", "PENDING")
    assert "RUNNING" in states
    assert states[-1] == "STOPPED"
    versions = [d["version"] for d in details]
    assert versions == sorted(set(versions))
    assert details[0]["group"] == "service:web"
    assert details[0]["createdAt"].endswith("Z") and details[0]["taskArn"].startswith("arn:aws:ecs:")
    assert details[-1]["stoppedAt"] and details[-1]["stopCode"] == "ServiceSchedulerInitiated"


def test_a_steady_state_is_a_service_action(sim, web, queue):
    sim.events_to(queue.url, ACTION)
    web()
    sim.settle()
    [event] = queue.drain()
    assert event["detail"]["eventName"] == "SERVICE_STEADY_STATE"
    assert event["detail"]["eventType"] == "INFO"
    assert event["detail"]["clusterArn"].endswith(":cluster/main")


def test_a_count_moved_by_scaling_is_told_and_one_moved_by_hand_is_not(sim, web, queue, ecs):
    web()
    sim.settle()
    sim.events_to(queue.url, ACTION)
    ecs.update_service(cluster="main", service="web", desiredCount=2)
    assert queue.drain() == []
    sim.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/main/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=9,
    )
    sim.scale("main", "web", 4)
    assert [e["detail"]["eventName"] for e in queue.drain()] == ["SERVICE_DESIRED_COUNT_UPDATED"]


def rule(sim, queue, pattern, **target):
    events = sim.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": queue.arn, **target}])
    return events


def test_a_rule_of_eventbridge_brings_what_its_pattern_says(sim, web, queue):
    rule(sim, queue, {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_STEADY_STATE"]}})
    web()
    sim.settle()
    assert [e["detail-type"] for e in queue.drain()] == [ACTION]


@pytest.mark.parametrize("how", ["disable", "remove"])
def test_a_rule_that_is_off_brings_nothing(sim, web, queue, how):
    events = rule(sim, queue, {"source": ["aws.ecs"]})
    if how == "disable":
        events.disable_rule(Name="r")
    else:
        events.remove_targets(Rule="r", Ids=["1"])
    web()
    sim.settle()
    assert queue.drain() == []


def test_a_target_can_ask_for_another_body(sim, web, queue):
    rule(
        sim,
        queue,
        {"source": ["aws.ecs"], "detail-type": [ACTION]},
        InputTransformer={"InputPathsMap": {"arn": "$.resources[0]"}, "InputTemplate": '{"wake": "<arn>"}'},
    )
    web()
    sim.settle()
    assert queue.drain() == [{"wake": "arn:aws:ecs:us-east-1:123456789012:service/main/web"}]


def test_events_come_again_late_or_never_when_asked_for(sim, web, queue, ecs):
    sim.events_to(queue.url)
    sim.notices.duplicates = 1.0
    web(desiredCount=5)
    sim.settle()
    twice = Counter(e["id"] for e in queue.drain())
    assert set(twice.values()) == {2}
    sim.notices.duplicates, sim.notices.reordered = 0.0, 0.5
    ecs.update_service(cluster="main", service="web", desiredCount=0)
    sim.settle()
    late = queue.drain()
    assert max(Counter(e["id"] for e in late).values()) == 1
    orders = {}  # of the tasks, at each of the versions they reach together
    for event in late:
        if event["detail-type"] == TASK:
            orders.setdefault(event["detail"]["version"], []).append(event["detail"]["taskArn"])
    assert len(set(map(tuple, orders.values()))) > 1
    sim.notices.reordered, sim.notices.dropped = 0.0, 1.0
    ecs.update_service(cluster="main", service="web", desiredCount=1)
    sim.settle()
    assert queue.drain() == []


def test_one_seed_gives_one_sequence_of_events(define):
    from reconciler.simulator import Settings, Simulator

    def history(seed):
        sim = Simulator(Settings(seed=seed))
        queue, ecs = Queue(sim), sim.client("ecs")
        ecs.create_cluster(clusterName="main")
        ecs.register_task_definition(family="web", containerDefinitions=[{"name": "a", "image": "i", "memory": 8}])
        sim.events_to(queue.url)
        sim.notices.duplicates = sim.notices.reordered = sim.notices.dropped = 0.3
        ecs.create_service(**RUN, desiredCount=3)
        sim.settle()
        return queue.drain()

    assert history(4) == history(4)
    assert history(4) != history(5)


def test_a_subscription_ends(sim, web, queue):
    subscription = sim.events_to(queue.url)
    subscription.close()
    web()
    sim.settle()
    assert queue.drain() == []


def test_a_queue_that_is_not_there_is_refused(sim, queue):
    with pytest.raises(SimulatorError, match="no queue"):
        sim.events_to(queue.url + "x")
    with pytest.raises(SimulatorError, match="eu-west-1"):
        sim.events_to(queue.url, region="eu-west-1")


def test_regions_keep_their_events(sim, web, queue):
    sim.events_to(queue.url)
    elsewhere = sim.client("ecs", region="eu-west-1")
    elsewhere.create_cluster(clusterName="main")
    elsewhere.register_task_definition(family="web", containerDefinitions=[{"name": "a", "image": "i", "memory": 8}])
    elsewhere.create_service(**RUN, desiredCount=1)
    sim.settle()
    assert queue.drain() == []


CALL = "AWS API Call via CloudTrail"


def test_a_trail_tells_rules_of_calls_that_changed_something_and_of_their_caller(sim, web, queue, ecs):
    rule(sim, queue, {"source": ["aws.ecs"], "detail-type": [CALL]})
    web()
    assert queue.drain() == []  # there is none
    sim.notices.trail, sim.notices.caller = 30.0, "arn:aws:iam::123456789012:user/alice"
    ecs.update_service(cluster="main", service="web", desiredCount=3)
    ecs.describe_services(cluster="main", services=["web"])
    with pytest.raises(ecs.exceptions.ServiceNotFoundException):
        ecs.update_service(cluster="main", service="other", desiredCount=3)
    sim.advance(29)
    assert queue.drain() == []
    sim.advance(1)
    [event] = queue.drain()
    detail = event["detail"]
    assert (event["source"], event["account"], event["region"]) == ("aws.ecs", "123456789012", "us-east-1")
    assert (detail["eventSource"], detail["eventName"]) == ("ecs.amazonaws.com", "UpdateService")
    assert detail["requestParameters"] == {"cluster": "main", "service": "web", "desiredCount": 3}
    assert detail["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/alice"
    assert "Boto3" in detail["userAgent"]


def test_a_trail_tells_no_secret(sim, queue):
    rule(sim, queue, {"source": ["aws.secretsmanager", "aws.ecs"]})
    sim.notices.trail = 0.0
    sim.client("secretsmanager").create_secret(Name="db", SecretString="sesame")
    sim.advance(1)
    [event] = queue.drain()
    assert event["detail"]["requestParameters"]["name"] == "db"
    assert "sesame" not in json.dumps(event)
