"""Events lead to the apps they name and tell who did it; whatever else stands in a message is passed over."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.agent.blame import Who
from reconciler.agent.desk import Wake
from reconciler.agent.index import Index, Owned
from reconciler.agent.wake import trail
from reconciler.agent.wake.events import LARGEST, hear, hints, who
from reconciler.model.key import Key

ACCOUNT, REGION = "123456789012", "eu-west-1"
ROOT = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop/db-AbCdEf"
TASK, DEPLOYMENT, ACTION = "ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"
CALL = "AWS API Call via CloudTrail"


def key(kind, name="web", app="shop"):
    return Key(app, kind, name)


ARNS = {
    key("Service"): f"{ROOT}:service/main/web",
    key("TaskDefinition", "web", "defs"): f"{ROOT}:task-definition/web:7",
    key("Cluster", "main", "platform"): f"{ROOT}:cluster/main",
    key("Job", "migrate", "jobs"): f"{ROOT}:task/main/abc",
    key("Secret", "db", "vault"): SECRET,
    key("LogGroup", "logs", "logs"): f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/shop",
    key("Parameter", "level", "params"): f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/level",
}


def learned():
    index = Index()
    index.learn("production", ARNS)
    return index


INDEX = learned()


def event(type, detail, *resources, source="aws.ecs", account=ACCOUNT, region=REGION, **more):
    return json.dumps(
        {
            "version": "0",
            "id": "1",
            "detail-type": type,
            "source": source,
            "account": account,
            "time": "2026-01-05T10:03:04Z",
            "region": region,
            "resources": list(resources),
            "detail": detail,
            **more,
        }
    )


ALICE = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLE",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "userName": "alice",
}


def call(name, said, service="ecs", identity=ALICE, **more):
    where = {key: more.pop(key) for key in ("account", "region") if key in more}
    detail = {
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": "2026-01-05T10:03:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.15",
        "requestParameters": said,
        "responseElements": None,
        **more,
    }
    return event(CALL, detail, source=f"aws.{service}", **where)


def apps(body, index=INDEX):
    return {app for wake in hints(body, index) for app in wake.apps}


# what ECS tells


@pytest.mark.parametrize("type", [DEPLOYMENT, ACTION])
def test_an_event_of_a_service_wakes_its_app(type):
    body = event(type, {"eventName": "SERVICE_STEADY_STATE"}, f"{ROOT}:service/main/web")
    assert hints(body, INDEX) == [
        Wake(environment="production", apps=frozenset({"shop"}), why=f"events: {type}")
    ]
    assert who(body, INDEX) == []


def test_an_event_of_a_task_wakes_the_app_of_its_service():
    detail = {
        "group": "service:web",
        "clusterArn": f"{ROOT}:cluster/main",
        "taskArn": f"{ROOT}:task/main/new",
        "taskDefinitionArn": f"{ROOT}:task-definition/web:7",
        "lastStatus": "STOPPED",
    }
    assert apps(event(TASK, detail, detail["taskArn"])) == {"shop"}


def test_an_event_of_a_lone_task_wakes_the_app_of_its_run_and_that_of_what_it_runs():
    detail = {"group": "family:web", "clusterArn": f"{ROOT}:cluster/main", "taskArn": f"{ROOT}:task/main/abc"}
    assert apps(event(TASK, detail)) == {"jobs"}
    assert apps(event(TASK, {**detail, "taskDefinitionArn": f"{ROOT}:task-definition/web:3"})) == {"jobs", "defs"}


def test_a_parameter_that_changed_wakes_its_app():
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/level"
    assert apps(event("Parameter Store Change", {"operation": "Update"}, arn, source="aws.ssm")) == {"params"}


def test_one_event_may_wake_more_environments_than_one():
    index = learned()
    index.learn("staging", {key("Secret", "db", "other"): SECRET})
    wakes = hints(call("PutSecretValue", {"secretId": SECRET}, "secretsmanager"), index)
    assert [(wake.environment, wake.apps) for wake in wakes] == [
        ("production", frozenset({"vault"})),
        ("staging", frozenset({"other"})),
    ]


# what CloudTrail tells

CALLS = [
    ("ecs", "UpdateService", {"cluster": "main", "service": "web", "desiredCount": 5}, "shop"),
    ("ecs", "UpdateService", {"cluster": f"{ROOT}:cluster/main", "service": f"{ROOT}:service/main/web"}, "shop"),
    ("ecs", "CreateService", {"cluster": "main", "serviceName": "web", "taskDefinition": "web"}, "shop"),
    ("ecs", "DeleteService", {"cluster": "main", "service": "web", "force": True}, "shop"),
    ("ecs", "StopServiceDeployment", {"serviceDeploymentArn": f"{ROOT}:service-deployment/main/web/x"}, "shop"),
    ("ecs", "TagResource", {"resourceArn": f"{ROOT}:service/main/web", "tags": []}, "shop"),
    ("ecs", "TagResource", {"resourceArn": f"{ROOT}:task-definition/web:7", "tags": []}, "defs"),
    ("ecs", "UntagResource", {"resourceArn": f"{ROOT}:cluster/main", "tagKeys": ["a"]}, "platform"),
    ("ecs", "RegisterTaskDefinition", {"family": "web", "containerDefinitions": []}, "defs"),
    ("ecs", "DeregisterTaskDefinition", {"taskDefinition": "web:7"}, "defs"),
    ("ecs", "DeregisterTaskDefinition", {"taskDefinition": f"{ROOT}:task-definition/web:7"}, "defs"),
    ("ecs", "DeleteTaskDefinitions", {"taskDefinitions": ["other:1", "web:7"]}, "defs"),
    ("ecs", "RunTask", {"cluster": "main", "taskDefinition": "web"}, "defs"),
    ("ecs", "UpdateCluster", {"cluster": "main", "settings": []}, "platform"),
    ("ecs", "DeleteCluster", {"cluster": f"{ROOT}:cluster/main"}, "platform"),
    ("ecs", "CreateCluster", {"clusterName": "main"}, "platform"),
    ("application-autoscaling", "RegisterScalableTarget", {"resourceId": "service/main/web"}, "shop"),
    ("application-autoscaling", "DeleteScalingPolicy", {"resourceId": "service/main/web"}, "shop"),
    ("logs", "PutRetentionPolicy", {"logGroupName": "/ecs/shop", "retentionInDays": 1}, "logs"),
    ("logs", "DeleteLogGroup", {"logGroupName": "/ecs/shop"}, "logs"),
    ("logs", "TagResource", {"resourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/shop"}, "logs"),
    ("secretsmanager", "PutSecretValue", {"secretId": "shop/db"}, "vault"),
    ("secretsmanager", "UpdateSecret", {"secretId": SECRET}, "vault"),
    ("secretsmanager", "DeleteSecret", {"secretId": SECRET.removesuffix("-AbCdEf")}, "vault"),
    ("secretsmanager", "CreateSecret", {"name": "shop/db"}, "vault"),
    ("ssm", "PutParameter", {"name": "/shop/level", "overwrite": True}, "params"),
    ("ssm", "DeleteParameters", {"names": ["/other", "/shop/level"]}, "params"),
    ("ssm", "AddTagsToResource", {"resourceType": "Parameter", "resourceId": "/shop/level"}, "params"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "name", "said", "app"), CALLS)
def test_a_call_by_hand_wakes_the_app_of_what_it_names_and_tells_who_made_it(service, name, said, app):
    body = call(name, said, service)
    [wake] = hints(body, INDEX)
    assert wake.apps == {app} and wake.reset
    [told] = who(body, INDEX)
    assert told == Who(
        Owned("production", told.owned.key), ALICE["arn"], f"{service}:{name}", datetime(2026, 1, 5, 10, 3, tzinfo=UTC)
    )
    assert told.owned.key.app == app


@pytest.mark.parametrize(("service", "name", "said", "app"), CALLS)
@pytest.mark.parametrize("where", [{"account": "999999999999"}, {"region": "us-east-1"}])
def test_the_same_names_in_another_account_or_region_are_nobodys(service, name, said, app, where):
    assert hear(call(name, said, service, **where), INDEX).ignored == "nobody-s"


def test_a_task_that_was_stopped_is_its_services():
    task = {"group": "service:web", "clusterArn": f"{ROOT}:cluster/main", "taskArn": f"{ROOT}:task/main/x"}
    body = call("StopTask", {"cluster": "main", "task": "x"}, responseElements={"task": task})
    assert apps(body) == {"shop"}


def test_a_rotation_that_ended_wakes_the_app_of_the_secret_and_nobody_did_it():
    detail = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "RotationSucceeded",
        "userIdentity": {"type": "AWSService", "invokedBy": "secretsmanager.amazonaws.com"},
        "eventTime": "2026-01-05T10:03:00Z",
        "additionalEventData": {"SecretId": SECRET},
        "requestParameters": None,
    }
    body = event("AWS Service Event via CloudTrail", detail, source="aws.secretsmanager")
    [wake] = hints(body, INDEX)
    assert wake.apps == {"vault"} and not wake.reset
    assert who(body, INDEX) == []


@pytest.mark.parametrize(
    "body",
    [
        call("DescribeServices", {"cluster": "main", "services": ["web"]}),
        call("UpdateService", {"cluster": "main", "service": "web"}, errorCode="AccessDenied"),
        call("UpdateService", {"cluster": "main", "service": "web"}, readOnly=True),
        call("GetSecretValue", {"secretId": "shop/db"}, "secretsmanager"),
        call("CreateLogStream", {"logGroupName": "/ecs/shop", "logStreamName": "x"}, "logs"),
        call("PutObject", {"bucketName": "x"}, "s3"),
        call("UpdateService", {"cluster": "main", "service": "web"}, "eks"),
    ],
)
def test_a_call_that_changes_nothing_of_ours_is_passed_over(body):
    assert hear(body, INDEX).ignored == "no-change"


@pytest.mark.parametrize(
    "more",
    [
        {"userAgent": "Boto3/1.40 md/Botocore#1.40 ecs-reconciler"},
        {"identity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reconciler/task-1"}},
    ],
)
def test_our_own_calls_are_passed_over(more):
    ourselves = {f"arn:aws:sts::{ACCOUNT}:assumed-role/reconciler/task-1"}
    body = call("UpdateService", {"cluster": "main", "service": "web"}, **more)
    assert hear(body, INDEX, ourselves).ignored == "our-own"
    assert hints(body, INDEX, ourselves) == [] and who(body, INDEX, ourselves) == []


def assumed(session, role="admins"):
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
    }


@pytest.mark.parametrize(
    ("identity", "by"),
    [
        (ALICE, f"arn:aws:iam::{ACCOUNT}:user/alice"),
        (assumed("bob@example.com"), f"arn:aws:sts::{ACCOUNT}:assumed-role/admins/bob@example.com"),
        ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "principalId": ACCOUNT}, f"arn:aws:iam::{ACCOUNT}:root"),
        (
            {"type": "FederatedUser", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/carol"},
            f"arn:aws:sts::{ACCOUNT}:federated-user/carol",
        ),
        ({"type": "SAMLUser", "principalId": "abc=:dave", "userName": "dave"}, "dave"),
        ({"type": "Unknown", "principalId": "AROAEXAMPLE:erin"}, "AROAEXAMPLE:erin"),
        ({"type": "AWSAccount", "accountId": "999999999999"}, "999999999999"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "906-1"}}, "906-1"),
        ({**ALICE, "invokedBy": "cloudformation.amazonaws.com"}, ALICE["arn"]),
        ({"type": "IAMUser", "principalId": "AKIAIOSFODNN7EXAMPLE:x"}, "access-key:x"),
        ({"type": "IAMUser", "userName": "a\u202eb\x1b[31m\ncréd <script>"}, "a?b??31m?cr?d??script?"),
        ({"type": "IAMUser", "userName": "x" * 5000}, "x" * 200),
        ({"type": "IAMUser", "userName": "x" * 190 + "AKIAIOSFODNN7EXAMPLE"}, "x" * 190 + "access-key"),
    ],
)
def test_who_made_a_call_is_told_by_principal_fit_to_be_shown(identity, by):
    [told] = who(call("UpdateService", {"cluster": "main", "service": "web"}, identity=identity), INDEX)
    assert told.by == by


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "AWSService", "invokedBy": "ecs.application-autoscaling.amazonaws.com"},
        assumed("AutoScaling-UpdateDesiredCapacity", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
        {},
        None,
        "root",
        {"arn": 5},
    ],
)
def test_an_autoscaler_is_nobody_and_neither_is_what_nobody_tells(identity):
    body = call("UpdateService", {"cluster": "main", "service": "web"}, identity=identity)
    assert who(body, INDEX) == []
    [wake] = hints(body, INDEX)
    assert wake.apps == {"shop"} and not wake.reset


@pytest.mark.parametrize("time", [None, 5, "", "yesterday", "2026-13-45T99:99:99Z", "2026-01-05 10:03:00", "٢٠٢٦-01-05T10:03:00Z"])
def test_without_a_time_nobody_is_blamed_and_the_app_is_woken_all_the_same(time):
    body = call("UpdateService", {"cluster": "main", "service": "web"}, eventTime=time)
    assert who(body, INDEX) == [] and apps(body) == {"shop"}


# what is no event

GOOD = event(ACTION, {"eventName": "SERVICE_STEADY_STATE"}, f"{ROOT}:service/main/web")


def wrapped(body):
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:x", "Message": body})


def test_an_event_that_came_through_a_topic_is_the_same_event():
    assert hints(wrapped(GOOD), INDEX) == hints(GOOD, INDEX) != []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not-json"),
        ("hello", "not-json"),
        (GOOD[:-1], "not-json"),
        ("[" * 100_000, "not-json"),
        ("[" * 100_000 + "]" * 100_000, "not-json"),
        ('{"a":' * 100_000, "not-json"),
        ("1" * 5000, "not-json"),
        (" " * (LARGEST + 1), "too-large"),
        (GOOD + " " * LARGEST, "too-large"),
        ("null", "not-an-event"),
        ("17", "not-an-event"),
        ("NaN", "not-an-event"),
        ('"text"', "not-an-event"),
        (f"[{GOOD}]", "not-an-event"),
        ("{}", "not-an-event"),
        (wrapped("{}"), "not-an-event"),
        (wrapped("hello"), "not-json"),
        (wrapped(wrapped(GOOD)), "not-an-event"),
        (json.dumps({"Type": "Notification", "Message": 5}), "not-an-event"),
        (json.dumps({"Type": "SubscriptionConfirmation", "Token": "x"}), "not-an-event"),
        (json.dumps({"wake": "shop"}), "not-an-event"),
        (event(ACTION, "text", f"{ROOT}:service/main/web"), "not-an-event"),
        (event(ACTION, None), "not-an-event"),
        (event(5, {}), "not-an-event"),
        (event("ECS Container Instance State Change", {}), "other-type"),
        (event("EC2 Instance State-change Notification", {}, source="aws.ec2"), "other-type"),
        (event(ACTION, {}, f"{ROOT}:service/main/web", source="my.app"), "other-source"),
        (event(ACTION, {}, f"{ROOT}:service/main/web", source="aws.ec2"), "other-source"),
        (event(CALL, {}, source="mine"), "other-source"),
        (event(ACTION, {}, f"{ROOT}:service/main/web", account=123456789012), "other-source"),
        (event(ACTION, {}, f"{ROOT}:service/main/web", region=None), "other-source"),
        (event(CALL, {}), "no-change"),
        (event(ACTION, {}), "nobody-s"),
        (event(ACTION, {}, f"{ROOT}:service/main/other"), "nobody-s"),
        (event(ACTION, {}, f"{ROOT}:service/main/web", account="999999999999"), "nobody-s"),
        (event(ACTION, {}, f"{ROOT}:service/main/web", region="us-east-1"), "nobody-s"),
        (event(ACTION, {}, f"{ROOT.replace(ACCOUNT, '9' * 12)}:service/main/web"), "nobody-s"),
        (event(ACTION, {}, 5, None, ["x"], {}), "nobody-s"),
        (event(ACTION, {}, resources="x"), "nobody-s"),
        (event(TASK, {}), "nobody-s"),
        (event(TASK, {"group": 5, "clusterArn": {}, "taskArn": []}), "nobody-s"),
        (event(TASK, {"group": "service:web", "clusterArn": "arn:nonsense"}), "nobody-s"),
        (event(TASK, {"group": "service:", "clusterArn": f"{ROOT}:cluster/main"}), "nobody-s"),
        (event(ACTION, {}, *[f"{ROOT}:service/main/x{n}" for n in range(5000)], f"{ROOT}:service/main/web"), "nobody-s"),
    ],
)  # fmt: skip
def test_whatever_else_a_message_holds_is_passed_over_with_a_reason(body, why):
    assert hear(body, INDEX).ignored == why
    assert hints(body, INDEX) == [] and who(body, INDEX) == []


def test_a_request_with_many_names_is_looked_at_as_far_as_that_makes_sense():
    names = [f"/x{number}" for number in range(100_000)]
    body = call("DeleteParameters", {"names": [*names[:5], "/shop/level", *names[5:50_000]]}, "ssm")
    assert apps(body) == ({"params"} if len(body) <= LARGEST else set())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    ["cluster", "service", "serviceName", "taskDefinition", "taskDefinitions", "family", "resourceArn", "resourceId",
     "secretId", "name", "names", "logGroupName", "group", "clusterArn", "taskArn", "arn", "type", "userName", "task"]
)  # fmt: skip
VALUES = JSON | st.sampled_from([*ARNS.values(), "main", "web", "service:web", "shop/db", ALICE, ROOT, "arn:aws:ecs:::"])
SAID = st.dictionaries(MEMBERS, VALUES, max_size=5) | JSON


@given(
    type=st.sampled_from([TASK, DEPLOYMENT, ACTION, CALL, "AWS Service Event via CloudTrail", "Parameter Store Change"]),
    source=st.sampled_from(["aws.ecs", "aws.ssm", "aws.logs", "aws.secretsmanager", "mine"]),
    account=st.sampled_from([ACCOUNT, "999999999999", "", None]),
    resources=st.lists(VALUES, max_size=3) | JSON,
    said=SAID,
    identity=SAID,
    service=st.sampled_from([f"{name}.amazonaws.com" for name in trail.WRITES]) | JSON,
    name=st.sampled_from(sorted(name for names in trail.WRITES.values() for name in names)) | JSON,
    task=SAID,
    wrap=st.booleans(),
)
@settings(max_examples=400)
def test_no_event_raises_and_none_leads_out_of_its_account(
    type, source, account, resources, said, identity, service, name, task, wrap
):
    detail = {
        **(said if isinstance(said, dict) else {}),
        "eventSource": service,
        "eventName": name,
        "eventTime": "2026-01-05T10:03:00Z",
        "userIdentity": identity,
        "requestParameters": said,
        "responseElements": {"task": task},
    }
    body = json.dumps({"detail-type": type, "source": source, "account": account, "region": REGION,
                       "resources": resources, "detail": detail})  # fmt: skip
    found = hear(wrapped(body) if wrap else body, INDEX)
    if account != ACCOUNT:
        assert found.owned == frozenset()
    assert bool(found.ignored) != bool(found.owned)
    for told in found.who:
        assert told.by.isprintable() and told.by.isascii() and 0 < len(told.by) <= 200
        assert told.owned in found.owned


@given(body=st.text() | JSON.map(json.dumps) | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
@settings(max_examples=300)
def test_no_text_raises(body):
    assert hear(body, INDEX).ignored


@given(st.text(alphabet="AKISB0123456789ABCDEF:/ \x00é", max_size=300))
def test_nothing_that_looks_like_an_access_key_is_shown(text):
    import re

    assert not re.search(r"(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{8,}", trail.shown(text))
