"""The room against an AWS that has a state, a clock and faults of its own."""

from datetime import UTC, datetime
from random import Random

import boto3
import pytest

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.reader import AwsReader
from reconciler.aws.writer import AwsWriter
from reconciler.model.desired import Environment
from reconciler.model.errors import AccessError, Denied, NotFound, OutcomeUnknown, Throttled
from reconciler.model.plan import Call
from reconciler.simulator import Settings, Simulator

CLUSTER = Call("ecs:CreateCluster", {"clusterName": "main", "tags": [{"key": "team", "value": "books"}]})
REGISTER = Call(
    "ecs:RegisterTaskDefinition",
    {"family": "puma", "containerDefinitions": [{"name": "web", "image": "puma:1", "memory": 128}]},
)
FAMILY = {"familyPrefix": "puma"}


class VirtualClock:
    """The simulator's clock as a Clock: sleeping lets its time pass."""

    def __init__(self, simulator):
        self.simulator = simulator

    def now(self):
        return self.simulator.now()

    def monotonic(self):
        return self.simulator.now().timestamp()

    def sleep(self, seconds):
        self.simulator.advance(seconds)


class World:
    def __init__(self, **environment):
        self.simulator = Simulator(Settings(start=datetime(2026, 1, 5, 9, 0, tzinfo=UTC)))
        session = boto3.Session(aws_access_key_id="simulator", aws_secret_access_key="simulator")
        self.simulator.attach(session)
        self.clock = VirtualClock(self.simulator)
        environment = Environment("production", **{"region": "eu-west-1", **environment})
        self.clients = Clients(environment, session=session)
        self.budget = Budget(self.clock)
        self.reader = AwsReader(self.clients, self.budget, self.clock, threads=4, jitter=Random(1))
        self.writer = AwsWriter(self.clients, self.budget, self.clock, jitter=Random(1))

    def count(self, operation):
        return sum(call.operation == operation for call in self.simulator.calls)


@pytest.fixture
def world():
    world = World()
    yield world
    world.reader.close()


def test_what_is_written_can_be_read_and_bears_the_virtual_date(world):
    world.writer.send(CLUSTER)
    world.simulator.advance(60)
    answer = world.reader.one("ecs:DescribeClusters", {"clusters": ["main"]})
    assert answer["clusters"][0]["status"] == "ACTIVE"
    assert answer.at == datetime(2026, 1, 5, 9, 1, tzinfo=UTC)


def test_a_lost_answer_leaves_one_revision(world):
    world.simulator.faults.fail("RegisterTaskDefinition", when="after", how="closed")
    with pytest.raises(OutcomeUnknown):
        world.writer.send(REGISTER)
    assert len(world.reader.pages("ecs:ListTaskDefinitions", FAMILY, "taskDefinitionArns")) == 1


@pytest.mark.parametrize("how", ["closed", "timeout", "500"])
def test_reads_get_through_trouble(world, how):
    world.writer.send(CLUSTER)
    world.simulator.faults.fail("DescribeClusters", times=3, how=how)
    assert world.reader.one("ecs:DescribeClusters", {"clusters": ["main"]})["clusters"]
    assert world.reader.calls["ecs:DescribeClusters"] == 4


def test_within_the_buckets_of_aws_hardly_a_call_is_refused(world):
    world.simulator.faults.throttle()
    world.writer.send(REGISTER)
    found = world.reader.many("ecs:DescribeTaskDefinition", [{"taskDefinition": "puma"}] * 400)
    assert not any(isinstance(answer, Exception) for answer in found)
    assert world.count("DescribeTaskDefinition") <= 1.1 * 400


def test_a_bucket_smaller_than_thought_costs_time_and_no_answer(world):
    world.writer.send(REGISTER)
    world.simulator.faults.throttle("DescribeTaskDefinition", burst=5, rate=4)
    found = world.reader.many("ecs:DescribeTaskDefinition", [{"taskDefinition": "puma"}] * 100)
    assert not any(isinstance(answer, Exception) for answer in found)


def test_writes_beyond_the_bucket_are_left_to_the_next_tick(world):
    world.simulator.faults.throttle()
    for _ in range(20):
        world.writer.send(REGISTER)
    with pytest.raises(Throttled):
        world.writer.send(REGISTER)
    assert world.count("RegisterTaskDefinition") == 20
    world.simulator.advance(5)
    world.writer.send(REGISTER)


def test_a_write_that_others_had_throttled_goes_through_a_little_later(world):
    world.simulator.faults.throttle("RegisterTaskDefinition", burst=1, rate=1)
    world.writer.send(REGISTER)
    world.writer.send(REGISTER)
    assert len(world.reader.pages("ecs:ListTaskDefinitions", FAMILY, "taskDefinitionArns")) == 2


def test_a_denial_names_its_action_and_leaves_the_rest(world):
    world.writer.send(CLUSTER)
    world.simulator.faults.deny("DescribeClusters")
    with pytest.raises(Denied) as caught:
        world.reader.one("ecs:DescribeClusters", {"clusters": ["main"]})
    assert caught.value.action == "ecs:DescribeClusters"
    assert world.reader.pages("ecs:ListClusters", {}, "clusterArns")


def test_what_is_not_there(world):
    with pytest.raises(NotFound):
        world.reader.one("ecs:DescribeTaskDefinition", {"taskDefinition": "puma"})
    with pytest.raises(NotFound):
        world.reader.one("ecs:DescribeServices", {"cluster": "none", "services": ["puma"]})


def test_long_listings_are_read_whole(world):
    for number in range(3):
        world.writer.send(Call("ecs:CreateCluster", {"clusterName": f"c{number}"}))
    arns = world.reader.pages("ecs:ListClusters", {"maxResults": 1}, "clusterArns")
    assert [arn.rpartition("/")[2] for arn in arns] == ["c0", "c1", "c2"]
    assert world.reader.calls["ecs:ListClusters"] == 3


def test_the_tagging_api_is_read_whole(world):
    for number in range(3):
        params = {"clusterName": f"c{number}", "tags": [{"key": "team", "value": "books"}]}
        world.writer.send(Call("ecs:CreateCluster", params))
    found = world.reader.pages(
        "resourcegroupstaggingapi:GetResources",
        {"TagFilters": [{"Key": "team", "Values": ["books"]}], "ResourcesPerPage": 1},
        "ResourceTagMappingList",
    )
    assert len(found) == 3
    assert world.reader.calls["resourcegroupstaggingapi:GetResources"] >= 3


def test_other_services_answer_through_the_same_door(world):
    world.writer.send(Call("logs:CreateLogGroup", {"logGroupName": "/ecs/puma"}))
    groups = world.reader.pages("logs:DescribeLogGroups", {"logGroupNamePrefix": "/ecs/"}, "logGroups")
    assert [group["logGroupName"] for group in groups] == ["/ecs/puma"]
    with pytest.raises(NotFound):
        world.reader.one("secretsmanager:DescribeSecret", {"SecretId": "none"})
    world.writer.send(Call("secretsmanager:CreateSecret", {"Name": "db", "SecretString": "sesame"}))
    created = world.reader.one("secretsmanager:DescribeSecret", {"SecretId": "db"})["CreatedDate"]
    assert created.tzinfo is UTC


def test_the_account_is_looked_at_first():
    world = World(account_id="000000000001")
    with pytest.raises(AccessError, match="123456789012"):
        world.writer.send(CLUSTER)
    assert [call.operation for call in world.simulator.calls] == ["GetCallerIdentity"]


def test_a_role_of_another_account_is_assumed():
    world = World(account_id="222222222222", assume_role="arn:aws:iam::222222222222:role/deploy")
    world.writer.send(CLUSTER)
    assert world.reader.pages("ecs:ListClusters", {}, "clusterArns")[0].split(":")[4] == "222222222222"
    assert [call.operation for call in world.simulator.calls][:3] == [
        "AssumeRole",
        "GetCallerIdentity",
        "CreateCluster",
    ]


@pytest.mark.parametrize("call", [CLUSTER, Call("ssm:PutParameter", {"Name": "/a", "Value": "b", "Type": "String"})], ids=lambda it: it.operation)
def test_an_answer_that_breaks_off_says_nothing_of_what_was_done(world, call):
    world.simulator.faults.cut()
    with pytest.raises(OutcomeUnknown, match="cannot be read"):
        world.writer.send(call)
    world.simulator.faults.cut(on=1, times=1)
    assert world.reader.one("ecs:ListClusters", {})["clusterArns"] is not None
    assert world.count("ListClusters") == 2
