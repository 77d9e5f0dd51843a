"""docs/reference/events.md names what is listened to, and its rules bring it."""

import json
import re
from pathlib import Path

import yaml

from reconciler.agent.wake.events import TYPES
from reconciler.agent.wake.trail import WRITES
from reconciler.aws.operations import iam_action
from reconciler.aws.queue import DELETE, RECEIVE
from reconciler.simulator import Simulator

PAGE = (Path(__file__).parents[2] / "docs/reference/events.md").read_text()


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as what they stand for."""


Loader.add_multi_constructor("!", lambda loader, tag, node: f"!{tag} {node.value}")


def template():
    [block] = re.findall(r"^```yaml\n(AWSTemplate.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return yaml.load(block, Loader)["Resources"]


def patterns():
    return {name: template()[name]["Properties"]["EventPattern"] for name in ("Events", "Calls")}


def test_every_call_that_is_understood_is_listed_and_no_other():
    rows = dict(re.findall(r"^\| ([a-z-]+) \| ((?:`\w+` ?)+)\|$", PAGE, re.MULTILINE))
    assert {service: re.findall(r"`(\w+)`", names) for service, names in rows.items()} == {
        service: sorted(names) for service, names in WRITES.items()
    }


def test_every_type_that_is_understood_is_listed_and_is_in_a_rule():
    assert all(f"`{type}`" in PAGE for type in TYPES)
    assert sorted(type for pattern in patterns().values() for type in pattern["detail-type"]) == sorted(TYPES)


def test_every_service_whose_calls_are_understood_is_in_the_rule():
    assert sorted(patterns()["Calls"]["source"]) == sorted(f"aws.{service}" for service in WRITES)


def test_no_call_that_is_understood_is_left_out_by_the_rule():
    [rule] = patterns()["Calls"]["detail"]["eventName"]
    assert not set(rule["anything-but"]) & {name for names in WRITES.values() for name in names}


def test_a_pattern_is_as_short_as_eventbridge_wants_it():
    assert all(len(json.dumps(pattern)) < 2048 for pattern in patterns().values())


def test_terraform_says_the_same_as_cloudformation():
    [block] = re.findall(r"^```hcl\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for name, pattern in patterns().items():
        part = block.split(f"    {name.lower()} = {{")[1].split("\n    }")[0]
        said = set(re.findall(r'"([^"]+)"', part)) - {"detail-type", "anything-but"}
        wanted = {*pattern["source"], *pattern["detail-type"]}
        assert said == wanted | set(pattern.get("detail", {}).get("eventName", [{"anything-but": []}])[0]["anything-but"])


def test_the_queue_takes_messages_of_the_two_rules_alone():
    [statement] = template()["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == ["!GetAtt Events.Arn", "!GetAtt Calls.Arn"]


def test_the_policy_of_the_agent_is_what_its_two_calls_need():
    [policy] = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)]
    assert policy["Statement"][0]["Action"] == sorted({iam_action(RECEIVE), iam_action(DELETE)})


def test_on_the_simulator_these_rules_bring_what_happens():
    simulator = Simulator()
    sqs, events, ecs = (simulator.client(name) for name in ("sqs", "events", "ecs"))
    url = sqs.create_queue(QueueName="reconciler")["QueueUrl"]
    for name, pattern in patterns().items():
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        arn = "arn:aws:sqs:us-east-1:123456789012:reconciler"
        events.put_targets(Rule=name, Targets=[{"Id": "reconciler", "Arn": arn}])
    simulator.notices.trail = 0.0
    simulator.advance(1)
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "a", "image": "i", "memory": 8}])
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1)
    logs = simulator.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    simulator.settle()
    told = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            told.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert {"ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"} <= {
        event["detail-type"] for event in told
    }
    calls = {event["detail"]["eventName"] for event in told if event["detail-type"].startswith("AWS API Call")}
    assert {"CreateCluster", "RegisterTaskDefinition", "CreateService", "CreateLogGroup"} <= calls
    assert "CreateLogStream" not in calls
