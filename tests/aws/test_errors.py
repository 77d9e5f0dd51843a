"""The table of failures, by behaviour."""

import botocore.exceptions as sdk
import pytest
from botocore.parsers import ResponseParserError

from reconciler.aws.errors import NotYet, translate
from reconciler.model.errors import (
    AccessError,
    Conflict,
    Denied,
    NotFound,
    OutcomeUnknown,
    ReconcilerError,
    Rejected,
    Throttled,
    Unavailable,
    UsageError,
)

PARAMS = {"cluster": "main", "service": "puma"}


def answered(code, message="no", status=400, operation="UpdateService", **more):
    return sdk.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}, operation
    )


def failed(error, operation="ecs:UpdateService", params=PARAMS, write=True):
    return translate(error, operation, params, write=write)


@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "retry"),
    [
        ("ThrottlingException", "Rate exceeded", 400, Throttled, True),
        ("ClientException", "Rate exceeded", 400, Throttled, True),
        ("Throttling", "Rate exceeded", 400, Throttled, True),
        ("TooManyRequestsException", "slow", 400, Throttled, True),
        ("Whatever", "slow", 429, Throttled, True),
        ("RequestLimitExceeded", "slow", 503, Throttled, True),
        ("AccessDeniedException", "no", 400, Denied, False),
        ("AccessDenied", "no", 403, Denied, False),
        ("UnauthorizedOperation", "no", 403, Denied, False),
        ("ServiceNotFoundException", "Service not found.", 400, NotFound, False),
        ("ServiceNotActiveException", "Service was not ACTIVE.", 400, NotFound, False),
        ("ResourceNotFoundException", "no such log group", 400, NotFound, False),
        ("ParameterNotFound", "", 400, NotFound, False),
        ("TargetGroupNotFound", "", 400, NotFound, False),
        ("ServiceDeploymentNotFoundException", "", 400, NotFound, False),
        ("ObjectNotFoundException", "", 400, NotFound, False),
        ("NoSuchEntity", "", 404, NotFound, False),
        ("ClientException", "Unable to describe task definition.", 400, NotFound, False),
        ("ClusterNotFoundException", "Cluster not found.", 400, NotFound, True),
        ("InvalidParameterException", "Unable to assume role and validate the specified targetGroupArn. Please verify "
         "that the ECS service role being passed has the proper permissions.", 400, NotYet, True),
        ("InvalidParameterException", "The target group with targetGroupArn x does not have an associated load "
         "balancer.", 400, NotYet, True),
        ("InvalidParameterException", "Unable to assume the service linked role. Please verify that the ECS service "
         "linked role exists.", 400, NotYet, True),
        ("ClientException", "Too many concurrent attempts to create a new revision of the specified family.", 400,
         NotYet, True),
        ("InvalidParameterException", "Unable to Start a service that is still Draining.", 400, NotYet, True),
        ("ResourceInUseException", "in use", 400, NotYet, True),
        ("ClusterContainsServicesException", "", 400, NotYet, True),
        ("ConflictException", "", 400, Conflict, False),
        ("InvalidParameterException", "cpu", 400, Rejected, False),
        ("LimitExceededException", "", 400, Rejected, False),
        ("BlockedException", "", 400, Rejected, False),
        ("Unheard", "", 400, Rejected, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", [True, False])
def test_what_aws_answers(code, message, status, kind, retry, write):
    error = failed(answered(code, message, status), write=write)
    assert type(error) is kind
    if code != "ClusterNotFoundException":
        assert error.retry is retry
    assert (error.operation, error.code, error.where) == ("ecs:UpdateService", code, "ecs:UpdateService puma")
    assert code in str(error)


def test_a_cluster_that_a_write_does_not_find_may_only_be_new():
    assert failed(answered("ClusterNotFoundException"), write=True).retry
    assert not failed(answered("ClusterNotFoundException"), write=False).retry


@pytest.mark.parametrize("code", ["ServerException", "InternalFailure", "ServiceUnavailableException", "Odd"])
def test_trouble_of_aws_is_silence_to_a_read_and_unknown_to_a_write(code):
    assert type(failed(answered(code, status=500), write=False)) is Unavailable
    assert type(failed(answered(code, status=500), write=True)) is OutcomeUnknown


@pytest.mark.parametrize(
    "error",
    [
        sdk.ConnectionClosedError(endpoint_url="u"),
        sdk.ReadTimeoutError(endpoint_url="u"),
        sdk.SSLError(endpoint_url="u", error="e"),
        sdk.HTTPClientError(error="e"),
        sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("not json"),
    ],
)
def test_a_broken_connection_is_silence_to_a_read_and_unknown_to_a_write(error):
    assert type(failed(error, write=False)) is Unavailable
    assert type(failed(error, write=True)) is OutcomeUnknown


@pytest.mark.parametrize(
    "error",
    [
        sdk.EndpointConnectionError(endpoint_url="u"),
        sdk.ConnectTimeoutError(endpoint_url="u"),
        sdk.ProxyConnectionError(proxy_url="u"),
    ],
)
@pytest.mark.parametrize("write", [True, False])
def test_a_connection_that_never_stood_carried_nothing(error, write):
    found = failed(error, write=write)
    assert type(found) is Unavailable
    assert found.retry
    assert "nothing was sent" in str(found)


@pytest.mark.parametrize(
    "error",
    [
        sdk.NoCredentialsError(),
        sdk.PartialCredentialsError(provider="env", cred_var="x"),
        sdk.CredentialRetrievalError(provider="process", error_msg="e"),
        sdk.TokenRetrievalError(provider="sso", error_msg="e"),
        sdk.UnauthorizedSSOTokenError(),
        sdk.SSOTokenLoadError(profile_name="p", error_msg="e"),
        sdk.ProfileNotFound(profile="p"),
        sdk.MetadataRetrievalError(error_msg="e"),
        answered("ExpiredToken"),
        answered("ExpiredTokenException"),
        answered("UnrecognizedClientException"),
        answered("InvalidClientTokenId", status=403),
        answered("InvalidSignatureException"),
        answered("AccessDenied", status=403, operation="AssumeRole"),
    ],
)
def test_credentials_that_do_not_serve(error):
    found = failed(error)
    assert type(found) is AccessError
    assert found.hint


def test_a_clock_that_is_off_is_named():
    found = failed(answered("InvalidSignatureException", "Signature expired: 2020 is now earlier than 2025"))
    assert "clock" in found.hint


def test_trouble_on_the_way_to_credentials_means_that_nothing_was_sent():
    assert type(failed(answered("ServiceUnavailable", status=503, operation="AssumeRole"))) is Unavailable


@pytest.mark.parametrize("error", [sdk.NoRegionError(), sdk.InvalidRegionError(region_name="x y")])
def test_settings_that_do_not_serve(error):
    assert type(failed(error)) is UsageError


def test_a_mistake_of_the_program_stays_one():
    with pytest.raises(ZeroDivisionError):
        failed(ZeroDivisionError())


def test_our_own_error_is_left_as_it_is():
    error = ReconcilerError("x")
    assert failed(error) is error


@pytest.mark.parametrize(
    ("operation", "message", "action"),
    [
        ("ecs:UpdateService", "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: "
         "arn:aws:iam::1:role/task because no identity-based policy allows the iam:PassRole action", "iam:PassRole"),
        ("ecs:UpdateService", "You are not authorized to perform: [ecs:UpdateService]", "ecs:UpdateService"),
        ("elbv2:DescribeRules", "no", "elasticloadbalancing:DescribeRules"),
        ("resourcegroupstaggingapi:GetResources", "no", "tag:GetResources"),
        ("application-autoscaling:RegisterScalableTarget", "", "application-autoscaling:RegisterScalableTarget"),
        ("logs:CreateLogGroup", "", "logs:CreateLogGroup"),
    ],
)  # fmt: skip
def test_a_denial_names_the_action_that_is_missing(operation, message, action):
    error = failed(answered("AccessDeniedException", message, operation=operation.split(":")[1]), operation)
    assert isinstance(error, Denied)
    assert error.action == action
    assert action in error.hint


def test_a_conflict_names_what_it_is_with():
    error = failed(answered("ConflictException", resourceIds=["arn:task/1"]))
    assert isinstance(error, Conflict)
    assert error.resources == ("arn:task/1",)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"cluster": "main", "services": ["a", "b"]}, "a, b"),
        ({"services": [f"s{number}" for number in range(10)]}, "s0, s1, s2 and 7 more"),
        ({"taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/puma:7"}, "task-definition/puma:7"),
        ({"logGroupName": "/ecs/puma"}, "/ecs/puma"),
        ({"Name": "/app/key", "Value": "sesame"}, "/app/key"),
        ({}, ""),
        ({"service": 3}, ""),
    ],
)
def test_where_names_the_resource(params, name):
    error = failed(answered("Unheard"), params=params)
    assert error.where == f"ecs:UpdateService {name}".strip()


@pytest.mark.parametrize(
    ("operation", "code", "message", "kind"),
    [
        ("ecs:CreateService", "InvalidParameterException", "Creation of service was not idempotent.", NotYet),
        ("logs:CreateLogGroup", "ResourceAlreadyExistsException", "", NotYet),
        ("secretsmanager:CreateSecret", "ResourceExistsException", "", NotYet),
        ("ssm:PutParameter", "ParameterAlreadyExists", "", NotYet),
        ("secretsmanager:PutSecretValue", "ResourceExistsException", "the token is in use", Rejected),
    ],
)
def test_what_was_to_be_created_and_is_there_already_is_shown_by_the_next_reading(operation, code, message, kind):
    assert type(failed(answered(code, message, operation=operation.split(":")[1]), operation)) is kind
