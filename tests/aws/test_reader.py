"""The Reader: what it refuses, what it asks again, and the order of its answers."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from reconciler.aws.backoff import Backoff
from reconciler.model.errors import AccessError, Denied, NotFound, Throttled, Unavailable
from reconciler.model.kind import Reader
from reconciler.model.tree import Pending

SERVICES = "ecs:DescribeServices"


def test_it_is_a_reader(reader):
    checked: Reader = reader
    assert checked.region == "eu-west-1"


def test_an_answer_carries_the_date_of_aws_and_no_metadata(reader, aws):
    aws.answers[SERVICES] = {"services": [{"serviceName": "puma"}], "failures": []}
    answer = reader.one(SERVICES, {"cluster": "main", "services": ("puma",)})
    assert answer == {"services": [{"serviceName": "puma"}], "failures": []}
    assert answer.at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert aws.calls[0][1] == {"cluster": "main", "services": ["puma"]}


def test_timestamps_are_aware_and_in_utc(reader, aws):
    aws.answers[SERVICES] = {"services": [{"createdAt": 1735787045.25}]}
    created = reader.one(SERVICES, {"services": ["puma"]})["services"][0]["createdAt"]
    assert created == datetime(2025, 1, 2, 3, 4, 5, 250000, tzinfo=UTC)
    assert created.tzinfo is UTC


@pytest.mark.parametrize(
    "operation",
    [
        "secretsmanager:GetSecretValue",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetRandomPassword",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
        "ssm:GetParameterHistory",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "sts:GetSessionToken",
        "sts:GetFederationToken",
        "sts:AssumeRole",
        "ecr:GetAuthorizationToken",
        "s3:GetObject",
        "ecs:UpdateService",
        "ecs:RunTask",
        "ecs:ExecuteCommand",
        "logs:StartLiveTail",
    ],
)
def test_what_writes_or_returns_a_secret_is_refused_before_any_call(reader, aws, operation):
    with pytest.raises(ValueError, match="a Reader may not make it"):
        reader.one(operation, {})
    with pytest.raises(ValueError, match="a Reader may not make it"):
        reader.many(operation, [{}])
    with pytest.raises(ValueError, match="a Reader may not make it"):
        reader.pages(operation, {}, "x")
    assert aws.calls == []


@pytest.mark.parametrize(
    "operation",
    [
        "ecs:DescribeClusters",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:DescribeServiceRevisions",
        "ecs:ListTagsForResource",
        "logs:DescribeLogGroups",
        "logs:GetLogEvents",
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecretVersionIds",
        "ssm:DescribeParameters",
        "elbv2:DescribeTargetHealth",
        "application-autoscaling:DescribeScalableTargets",
        "resourcegroupstaggingapi:GetResources",
        "sts:GetCallerIdentity",
        "iam:GetRole",
        "ecr:DescribeImages",
        "cloudwatch:DescribeAlarms",
    ],
)
def test_what_the_kinds_need_may_be_read(clients, operation):
    from reconciler.aws.operations import refusal

    assert refusal(operation, clients.model(operation)) is None


def test_a_pending_value_is_a_mistake_of_the_program(reader, aws):
    with pytest.raises(ValueError, match="not known yet"):
        reader.one(SERVICES, {"services": [Pending("(known after x)")]})
    assert aws.calls == []


@pytest.mark.parametrize("operation", ["ecs:DescribeNothing", "nothing:DescribeServices", "DescribeServices"])
def test_an_operation_that_does_not_exist_is_a_mistake_of_the_program(reader, operation):
    with pytest.raises(ValueError):
        reader.one(operation, {})


def test_throttles_and_silence_are_asked_again_and_counted(reader, aws, clock, fault):
    aws.answers[SERVICES] = [
        fault("ThrottlingException", "Rate exceeded"),
        fault("ServerException", status=500),
        ReadTimeoutError(endpoint_url="https://ecs"),
        {"services": []},
    ]
    assert reader.one(SERVICES, {"services": ["puma"]}) == {"services": []}
    assert reader.calls == {SERVICES: 4}
    assert len(aws.calls) == 4
    assert clock.slept, "it waited by the clock it was handed"


def test_after_the_budgeted_tries_the_last_error_is_raised(make_reader, aws, fault):
    aws.answers[SERVICES] = fault("ServerException", status=500)
    with make_reader(backoff=Backoff(tries=3)) as reader, pytest.raises(Unavailable):
        reader.one(SERVICES, {"services": ["puma"]})
    assert len(aws.calls) == 3


def test_a_throttle_is_asked_again_more_often_than_silence(make_reader, aws, fault):
    aws.answers[SERVICES] = fault("ThrottlingException", "Rate exceeded")
    with make_reader(backoff=Backoff(tries=3, throttles=7)) as reader, pytest.raises(Throttled):
        reader.one(SERVICES, {"services": ["puma"]})
    assert len(aws.calls) == 7


def test_what_aws_will_say_again_is_not_asked_again(reader, aws, fault):
    aws.answers[SERVICES] = fault("ClusterNotFoundException", "Cluster not found.")
    with pytest.raises(NotFound) as caught:
        reader.one(SERVICES, {"cluster": "main", "services": ["puma"]})
    assert len(aws.calls) == 1
    assert str(caught.value) == "ecs:DescribeServices puma: ClusterNotFoundException: Cluster not found."
    assert not caught.value.retry


def test_many_keeps_the_order_and_leaves_errors_in_their_place(reader, aws, fault):
    def answer(params):
        number = int(params["services"][0])
        return fault("AccessDeniedException") if number % 7 == 3 else {"services": [{"runningCount": number}]}

    aws.answers[SERVICES] = answer
    found = reader.many(SERVICES, [{"services": [str(number)]} for number in range(50)])
    for number, each in enumerate(found):
        if number % 7 == 3:
            assert isinstance(each, Denied)
            assert str(number) in each.where
        else:
            assert each["services"][0]["runningCount"] == number
    assert reader.calls[SERVICES] == 50


def test_more_threads_than_connections_are_a_mistake_of_the_program(make_reader):
    with pytest.raises(ValueError, match="connections"):
        make_reader(threads=1000)


def test_many_asks_nothing_for_nothing(reader, aws):
    assert reader.many(SERVICES, []) == []
    assert aws.calls == []


def test_missing_credentials_end_all_of_many(reader, aws, fault):
    aws.answers[SERVICES] = fault("ExpiredTokenException", "expired")
    with pytest.raises(AccessError):
        reader.many(SERVICES, [{"services": [str(number)]} for number in range(20)])


def test_a_worker_that_asks_for_many_does_not_wait_for_its_own_pool(make_reader, aws):
    with make_reader(threads=1) as reader:

        def answer(params):
            if params["services"] == ["inner"]:
                return {"services": []}
            found = reader.many("ecs:DescribeServices", [{"services": ["inner"]}] * 2)
            return {"services": [], "failures": [{"reason": str(len(found))}]}

        aws.answers[SERVICES] = answer
        # The answers of the outer calls are made in the pool's only worker.
        aws._lock = _NoLock()
        outer = reader.many(SERVICES, [{"services": ["a"]}, {"services": ["b"]}])
    assert [each["failures"] for each in outer] == [[{"reason": "2"}]] * 2


class _NoLock:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def test_pages_gathers_all_pages_and_asks_for_large_ones(reader, aws):
    aws.answers["ecs:ListServices"] = [
        {"serviceArns": ["a", "b"], "nextToken": "1"},
        {"serviceArns": [], "nextToken": "2"},
        {"serviceArns": ["c"]},
    ]
    assert reader.pages("ecs:ListServices", {"cluster": "main"}, "serviceArns") == ["a", "b", "c"]
    assert [params for _, params, _ in aws.calls] == [
        {"cluster": "main", "maxResults": 100},
        {"cluster": "main", "maxResults": 100, "nextToken": "1"},
        {"cluster": "main", "maxResults": 100, "nextToken": "2"},
    ]


def test_the_size_of_a_page_may_be_said(reader, aws):
    aws.answers["ecs:ListServices"] = {"serviceArns": []}
    reader.pages("ecs:ListServices", {"maxResults": 5}, "serviceArns")
    assert aws.calls[0][1] == {"maxResults": 5}


def test_pages_of_an_operation_without_a_paginator_follow_its_token(reader, aws):
    aws.answers["ecs:ListServiceDeployments"] = [
        {"serviceDeployments": [{"status": "PENDING"}], "nextToken": "x"},
        {"serviceDeployments": [{"status": "SUCCESSFUL"}]},
    ]
    found = reader.pages("ecs:ListServiceDeployments", {"service": "puma"}, "serviceDeployments")
    assert [each["status"] for each in found] == ["PENDING", "SUCCESSFUL"]


def test_one_page_is_enough_where_there_are_no_pages(reader, aws):
    aws.answers[SERVICES] = {"services": [{"serviceName": "puma"}]}
    assert reader.pages(SERVICES, {"services": ["puma"]}, "services") == [{"serviceName": "puma"}]


def test_a_failed_page_raises_and_gives_no_part(reader, aws, fault):
    aws.answers["ecs:ListServices"] = [{"serviceArns": ["a"], "nextToken": "1"}, fault("AccessDeniedException")]
    with pytest.raises(Denied):
        reader.pages("ecs:ListServices", {}, "serviceArns")


def test_a_page_that_is_throttled_is_asked_again(reader, aws, fault):
    aws.answers["ecs:ListServices"] = [
        {"serviceArns": ["a"], "nextToken": "1"},
        ConnectionClosedError(endpoint_url="https://ecs"),
        {"serviceArns": ["b"]},
    ]
    assert reader.pages("ecs:ListServices", {}, "serviceArns") == ["a", "b"]


def test_a_listing_that_goes_in_circles_is_not_believed(reader, aws):
    aws.answers["ecs:ListServices"] = {"serviceArns": ["a"], "nextToken": "1"}
    with pytest.raises(Unavailable):
        reader.pages("ecs:ListServices", {}, "serviceArns")


def test_a_member_the_answer_does_not_have_is_a_mistake_of_the_program(reader):
    with pytest.raises(ValueError, match="services"):
        reader.pages("ecs:ListServices", {}, "services")


def test_another_region_has_its_own_client(reader, aws):
    aws.answers[SERVICES] = {"services": []}
    reader.one(SERVICES, {"services": ["puma"]}, region="us-east-1")
    assert "us-east-1" in aws.calls[0][2].url


def test_a_closed_reader_may_be_used_again(reader, aws):
    aws.answers[SERVICES] = {"services": []}
    reader.close()
    assert len(reader.many(SERVICES, [{"services": ["a"]}, {"services": ["b"]}])) == 2
