"""The listener passes on what a queue brings, however much it is and whatever goes wrong with it."""

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.agent.blame import Blame
from reconciler.agent.index import Index
from reconciler.agent.wake.listener import FIRST, HANDFULS, LAST, REST, Listener, WhileHeld
from reconciler.aws.clients import Clients
from reconciler.aws.queue import AwsQueue, Message
from reconciler.engine.reconcile import reconcile
from reconciler.engine.remembering import Remembering
from reconciler.model.desired import Environment
from reconciler.model.errors import AccessError, Denied, NotFound, OutcomeUnknown, Throttled, Unavailable
from reconciler.model.key import Key, Scope
from reconciler.model.status import Memory
from tests.lab import shop

WEB = Key("shop", "TaskDefinition", "web")

ROOT = "arn:aws:ecs:eu-west-1:123456789012"
NOW = datetime(2026, 1, 5, 10, 4, tzinfo=UTC)


class Clock:
    def now(self):
        return NOW

    def monotonic(self):
        return 0.0

    def sleep(self, seconds):
        raise AssertionError("nobody sleeps here")


class Queue:
    """Messages that stay until they are deleted; ``errors`` are raised first, ``broken`` ones when deleting."""

    def __init__(self, *bodies):
        self.left = [Message(f"m{n}", body, f"r{n}") for n, body in enumerate(bodies)]
        self.errors, self.broken, self.undeletable, self.waits, self.taken = [], [], set(), [], set()

    def receive(self, wait=20):
        self.waits.append(wait)
        if self.errors and (error := self.errors.pop(0)):
            raise error
        found = [message for message in self.left if message.receipt not in self.taken][:10]
        self.taken |= {message.receipt for message in found}
        return found

    def delete(self, messages):
        if self.broken:
            raise self.broken.pop(0)
        gone = {message.receipt for message in messages if message.id not in self.undeletable}
        self.left = [message for message in self.left if message.receipt not in gone]
        return dict.fromkeys({message.id for message in messages} & self.undeletable, "InternalError")


def body(app, name="web", call=""):
    arn = f"{ROOT}:service/{app}/{name}"
    told = {"detail-type": "ECS Service Action", "source": "aws.ecs", "account": "123456789012", "region": "eu-west-1"}
    if not call:
        return json.dumps({**told, "resources": [arn], "detail": {}})
    detail = {
        "eventSource": "ecs.amazonaws.com",
        "eventName": call,
        "eventTime": "2026-01-05T10:03:00Z",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/alice"},
        "requestParameters": {"cluster": app, "service": name},
    }
    return json.dumps({**told, "detail-type": "AWS API Call via CloudTrail", "resources": [], "detail": detail})


def learned(*apps):
    index = Index()
    index.learn("production", {Key(app, "Service", "web"): f"{ROOT}:service/{app}/web" for app in apps})
    return index


class Ear:
    """A listener and what it has passed on."""

    def __init__(self, queue, index=None, **more):
        self.queue, self.wakes, self.blame, self.counted = queue, [], Blame(Clock()), Counter()
        self.listener = Listener(
            queue, index or learned("shop", "blog"), self.woken, self.blame.tell, Clock(), count=self.count,
            jitter=Random(1), **more,
        )  # fmt: skip
        self.before_delete = lambda: None

    def woken(self, wake):
        self.wakes.append(wake)
        self.before_delete()

    def count(self, name, by=1.0, **labels):
        self.counted[(name, *sorted(labels.items()))] += by

    def apps(self):
        return [sorted(wake.apps) for wake in self.wakes]


def error(kind):
    if kind is Denied:
        return Denied("no", operation="sqs:ReceiveMessage", action="sqs:ReceiveMessage")
    return AccessError("no credentials") if kind is AccessError else kind("no", operation="sqs:ReceiveMessage")


ERRORS = (Throttled, Unavailable, NotFound, Denied, AccessError)


def test_what_a_message_names_is_woken_once_and_the_message_is_deleted():
    ear = Ear(Queue(body("shop")))
    ear.listener.step()
    assert ear.apps() == [["shop"]]
    assert ear.queue.left == []
    assert ear.queue.waits == [20]


def test_a_message_is_deleted_after_it_has_been_passed_on():
    ear = Ear(Queue(body("shop")))
    there = []
    ear.before_delete = lambda: there.append(len(ear.queue.left))
    ear.listener.step()
    assert there == [1]


def test_nothing_received_asks_for_nothing_and_polls_again_at_once():
    ear = Ear(Queue())
    assert ear.listener.step() == 0.0
    assert ear.wakes == []
    assert ear.listener.answered == NOW


def test_many_messages_of_many_apps_are_one_wake():
    ear = Ear(Queue(*[body("shop"), body("blog")] * 40))
    ear.listener.step()
    assert ear.apps() == [["blog", "shop"]]
    assert ear.queue.left == []


def test_a_flood_is_taken_by_the_step_each_of_which_is_bounded_and_followed_by_a_rest():
    ear = Ear(Queue(*[body("shop")] * 5000))
    assert ear.listener.step() == REST
    assert len(ear.queue.waits) == HANDFULS
    assert len(ear.wakes) == 1
    assert len(ear.queue.left) == 5000 - 10 * HANDFULS
    assert ear.queue.waits == [20, *[0] * (HANDFULS - 1)]  # only the first reach waits


def test_rubbish_is_counted_deleted_and_wakes_nobody():
    ear = Ear(Queue("", "[" * 10_000, "{}", body("other"), body("shop")))
    ear.listener.step()
    assert ear.apps() == [["shop"]]
    assert ear.queue.left == []
    ignored = {dict(key[1:])["ignored"]: count for key, count in ear.counted.items() if key[0].endswith("events_total")}
    assert ignored == {"not-json": 2, "not-an-event": 1, "nobody-s": 1, "": 1}


def test_who_did_it_is_told_before_anybody_is_woken():
    ear = Ear(Queue(body("shop", call="UpdateService")))
    known = []
    ear.before_delete = lambda: known.append(ear.blame.who("production", Key("shop", "Service", "web")))
    ear.listener.step()
    assert known == ["by arn:aws:iam::123456789012:user/alice at 10:03 UTC"]
    assert ear.wakes[0].reset


def test_our_own_calls_wake_nobody():
    ear = Ear(Queue(body("shop", call="UpdateService")), ourselves={"arn:aws:iam::123456789012:user/alice"})
    ear.listener.step()
    assert ear.wakes == [] and ear.queue.left == []
    assert ear.blame.who("production", Key("shop", "Service", "web")) == ""


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_pauses_longer_each_time_and_is_over_with_the_first_answer(kind):
    ear = Ear(Queue(body("shop")))
    ear.queue.errors = [error(kind) for _ in range(12)]
    pauses = [ear.listener.step() for _ in range(12)]
    assert FIRST / 2 <= pauses[0] <= FIRST
    assert all(LAST / 2 <= pause <= LAST for pause in pauses[7:])
    assert pauses[0] < pauses[2] < pauses[5]
    assert isinstance(ear.listener.problem, kind)
    assert ear.listener.step() == REST
    assert ear.listener.problem is None
    assert ear.apps() == [["shop"]]
    ear.queue.errors = [error(kind)]
    assert ear.listener.step() <= FIRST


def test_what_came_before_an_error_is_passed_on():
    ear = Ear(Queue(*[body("shop")] * 15))
    ear.queue.errors = [None, error(Unavailable)]
    assert ear.listener.step() >= FIRST / 2
    assert ear.apps() == [["shop"]]
    assert len(ear.queue.left) == 5
    assert isinstance(ear.listener.problem, Unavailable)


@pytest.mark.parametrize("kind", [OutcomeUnknown, Throttled, Denied])
def test_what_cannot_be_deleted_was_passed_on_all_the_same(kind):
    ear = Ear(Queue(body("shop")))
    ear.queue.broken = [error(kind)]
    assert ear.listener.step() >= FIRST / 2
    assert ear.apps() == [["shop"]]
    assert isinstance(ear.listener.problem, kind)


def test_some_that_cannot_be_deleted_are_counted():
    ear = Ear(Queue(body("shop"), body("blog")))
    ear.queue.undeletable = {"m1"}
    ear.listener.step()
    assert ear.counted[("reconciler_events_undeleted_total",)] == 1
    assert len(ear.queue.left) == 1


def test_its_thread_listens_until_it_is_stopped():
    heard = threading.Event()
    ear = Ear(Queue(body("shop")))
    ear.before_delete = heard.set
    ear.listener.start()
    assert heard.wait(10)
    assert ear.listener.alive
    ear.listener.stop(10)
    assert not ear.listener.alive


def test_a_mistake_of_ours_does_not_end_it():
    failed = threading.Event()

    class Bug(Queue):
        def receive(self, wait=20):
            failed.set()
            raise KeyError("a bug")

    ear = Ear(Bug())
    ear.listener.start()
    assert failed.wait(10)
    ear.listener.stop()
    ear.listener._thread.join(10)
    assert isinstance(ear.listener.problem, KeyError)


def test_stopping_does_not_wait_for_a_poll_and_what_that_brings_is_left_to_the_next():
    polling, over = threading.Event(), threading.Event()

    class Slow(Queue):
        def receive(self, wait=20):
            polling.set()
            over.wait(10)
            return super().receive(wait)

    ear = Ear(Slow(body("shop")))
    ear.listener.start()
    assert polling.wait(10)
    ear.listener.stop()
    over.set()
    ear.listener._thread.join(10)
    assert ear.wakes == [] and len(ear.queue.left) == 1


@given(
    order=st.permutations([body("shop"), body("blog"), body("shop", call="UpdateService"), "rubbish", body("other")]),
    copies=st.lists(st.integers(0, 4), max_size=8),
    lost=st.sets(st.integers(0, 12)),
    failing=st.lists(st.sampled_from([None, None, *ERRORS]), max_size=6),
)
@settings(max_examples=150)
def test_doubled_shuffled_and_lost_messages_wake_those_and_only_those_that_arrived(order, copies, lost, failing):
    bodies = [it for n, it in enumerate([*order, *(order[n] for n in copies)]) if n not in lost]
    ear = Ear(Queue(*bodies))
    ear.queue.errors = [kind and error(kind) for kind in failing]
    for _ in range(len(failing) + 3):
        ear.listener.step()
    assert ear.queue.left == []
    woken = {app for wake in ear.wakes for app in wake.apps}
    expected = {app for app in ("shop", "blog") if body(app) in bodies}
    expected |= {"shop"} if body("shop", call="UpdateService") in bodies else set()
    assert woken == expected


# with the simulator, its events and its SQS


class Told:
    """The small app, applied, and a queue that its account's events come to."""

    def __init__(self):
        self.lab = shop()
        assert self.lab.apply().last.status.ready
        simulator = self.lab.simulator
        self.sqs = simulator.client("sqs", region="eu-west-1")
        self.url = self.sqs.create_queue(QueueName="reconciler")["QueueUrl"]
        self.index = Index()
        self.index.learn("staging", self.lab.tick().arns)
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
        simulator.attach(session)
        clients = Clients(Environment("staging", region="eu-west-1"), session=session)
        self.ear = Ear(AwsQueue(clients, self.lab.clock, self.url), self.index)
        self.rule()

    def rule(self):
        events = self.lab.simulator.client("events", region="eu-west-1")
        events.put_rule(Name="reconciler", EventPattern=json.dumps({"source": [{"prefix": "aws."}]}))
        arn = "arn:aws:sqs:eu-west-1:123456789012:reconciler"
        events.put_targets(Rule="reconciler", Targets=[{"Id": "1", "Arn": arn}])
        self.lab.simulator.advance(1)

    def hear(self):
        self.ear.wakes.clear()
        while self.ear.listener.step(0):
            pass
        return {(wake.environment, app) for wake in self.ear.wakes for app in wake.apps}


def test_a_service_changed_by_hand_is_told_by_the_events_of_what_comes_of_it():
    told = Told()
    told.lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    told.lab.simulator.advance(5)
    assert told.hear() == {("staging", "shop")}
    assert told.hear() == set()


def test_a_task_that_dies_is_told():
    told = Told()
    [task, *_] = told.lab.ecs().list_tasks(cluster="main", serviceName="web")["taskArns"]
    told.lab.ecs().stop_task(cluster="main", task=task)
    told.lab.simulator.advance(1)
    assert told.hear() == {("staging", "shop")}


def test_what_is_not_ours_is_told_and_passed_over():
    told = Told()
    ecs = told.lab.ecs()
    ecs.create_cluster(clusterName="theirs")
    ecs.register_task_definition(family="theirs", containerDefinitions=[{"name": "a", "image": "i", "memory": 8}])
    ecs.create_service(cluster="theirs", serviceName="web", taskDefinition="theirs", desiredCount=1)
    told.lab.simulator.advance(120)
    assert told.hear() == set()
    assert any(dict(key[1:]).get("ignored") == "nobody-s" for key in told.ear.counted)


def test_events_that_come_twice_late_or_never_lead_to_no_other_app():
    told = Told()
    notices = told.lab.simulator.notices
    notices.duplicates, notices.reordered, notices.dropped = 0.5, 0.5, 0.2
    told.lab.ecs().update_service(cluster="main", service="web", desiredCount=6)
    told.lab.simulator.settle()
    assert told.hear() == {("staging", "shop")}
    notices.dropped = 1.0
    told.lab.ecs().update_service(cluster="main", service="web", desiredCount=2)
    told.lab.simulator.settle()
    assert told.hear() == set()


def test_a_hand_edit_is_told_by_the_trail_with_the_name_of_who_made_it():
    told = Told()
    told.lab.simulator.notices.trail, told.lab.simulator.notices.caller = 0.0, "arn:aws:iam::123456789012:user/alice"
    arn = told.index._arns["staging"]["shop"][WEB]
    told.lab.ecs().deregister_task_definition(taskDefinition=arn)
    told.lab.simulator.advance(1)
    assert told.hear() == {("staging", "shop")}
    last = told.ear.blame.last("staging", WEB)
    assert (last.by, last.action) == ("arn:aws:iam::123456789012:user/alice", "ecs:DeregisterTaskDefinition")
    told.lab.simulator.client("logs", region="eu-west-1").put_retention_policy(
        logGroupName="/ecs/shop", retentionInDays=1
    )
    told.lab.simulator.advance(1)
    assert told.hear() == {("staging", "shop")}
    assert told.ear.blame.last("staging", Key("shop", "LogGroup", "shop"))


def test_what_we_did_ourselves_is_told_by_the_trail_and_passed_over():
    told = Told()
    told.lab.simulator.notices.trail = 0.0
    told.lab.app("shop", told.lab.files["apps/shop/all.yaml"].replace("retentionInDays: 30", "retentionInDays: 60"))
    told.lab.apply()
    assert "PutRetentionPolicy" in told.lab.writes()
    told.lab.simulator.advance(1)
    assert told.hear() == set()
    assert any(dict(key[1:]).get("ignored") == "our-own" for key in told.ear.counted)


def test_a_revision_deregistered_by_hand_is_replaced_as_soon_as_the_trail_tells_of_it():
    told = Told()
    lab, scope = told.lab, Scope("default", "staging")
    remembering, memory = Remembering(lab.connect().read, scope), Memory()
    target, wish = replace(lab.target(), remembering=remembering), lab.wish()

    def tick():
        nonlocal memory
        result = reconcile(target, wish, memory)
        memory = result.memory
        return result

    for _ in range(3):
        lab.simulator.advance(300)
        told.index.learn("staging", tick().arns)
    lab.writes()
    lab.simulator.notices.trail = 60.0
    lab.ecs().deregister_task_definition(taskDefinition=told.index._arns["staging"]["shop"][WEB])
    told.hear()
    lab.writes()
    tick()
    assert lab.writes() == []  # what runs goes on
    lab.simulator.advance(60)
    for _, app in told.hear():
        remembering.forget_apps({app})
    lab.writes()
    tick()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]


def test_a_queue_is_left_alone_while_another_replica_has_the_environment():
    slept, held = [], [False]

    class Clock:
        def sleep(self, seconds):
            slept.append(seconds)

    class Queue:
        asked = 0

        def receive(self, wait=20):
            self.asked += 1
            return ["message"]

        def delete(self, messages):
            return {"all": str(messages)}

    queue = Queue()
    ours = WhileHeld(queue, lambda: held[0], Clock())
    assert ours.receive() == []
    assert (queue.asked, slept) == (0, [2.0])
    held[0] = True
    assert ours.receive() == ["message"]
    assert ours.delete([1]) == {"all": "[1]"}
