"""The errors that any service may answer with, in the words of each: denied, throttled, broken."""

from __future__ import annotations

from typing import Final

from .errors import AwsError

XML: Final = ("s3", "route53", "cloudfront")
"""Services of the protocol rest-xml: their errors are XML too."""
QUERY: Final = ("iam", "sts", "elasticloadbalancing", "autoscaling", "cloudformation", "sns", "ec2", "rds")
BROKEN: Final = {
    "ecs": "ServerException",
    "tagging": "InternalServiceException",
    "application-autoscaling": "InternalServiceException",
    "secretsmanager": "InternalServiceError",
    "ssm": "InternalServerError",
    "logs": "ServiceUnavailableException",
    "events": "InternalException",
    "dynamodb": "InternalServerError",
    "kms": "KMSInternalException",
    "ecr": "ServerException",
    "s3": "InternalError",
}


def denied(service: str, operation: str, resource: str, caller: str) -> AwsError:
    """AWS's own sentence. Services of the older protocols leave "Exception" off, and say 403."""
    action = f"{PREFIXES.get(service, service)}:{operation}"
    text = (
        f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    old = service in QUERY or service in XML
    return AwsError("AccessDenied" if old else "AccessDeniedException", text, 403 if old else 400)


PREFIXES: Final = {"tagging": "tag"}


def throttled(service: str) -> AwsError:
    if service == "s3":
        return AwsError("SlowDown", "Please reduce your request rate.", 503)
    return AwsError("Throttling" if service in QUERY or service in XML else "ThrottlingException", "Rate exceeded")


def broken(service: str, status: int) -> AwsError:
    """A 500 by the name that the service's model gives it; a 503 comes from what stands before the service."""
    if status == 503:
        return AwsError("ServiceUnavailable", "Service is unable to handle request.", 503)
    return AwsError(BROKEN.get(service, "InternalFailure"), "Service Unavailable. Please try again later.", status)
