"""The codes and texts by which AWS and its SDK say what went wrong, and what is known of each."""

from __future__ import annotations

import re
from typing import Final

NO_CREDENTIALS: Final = {
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "NotSignedUpException", "OptInRequired", "RequestExpired",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
THROTTLES: Final = {
    "BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
    "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
    "TooManyRequestsException", "TooManyRequests",
}  # fmt: skip
DENIALS: Final = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
NO_ANSWER: Final = {
    "InternalError", "InternalErrorException", "InternalFailure", "InternalServerError", "InternalServerException",
    "InternalServiceError", "InternalServiceException", "RequestTimeout", "RequestTimeoutException", "ServerException",
    "ServiceUnavailable", "ServiceUnavailableException",
}  # fmt: skip
ABSENT: Final = re.compile(r"NotFound(Exception|Fault|Error)?$|DoesNotExist(Exception)?$|^NoSuch|NonExistentQueue$")
ABSENT_TOO: Final = {"InvalidResourceId", "ServiceNotActiveException"}
ABSENT_TEXTS: Final = ("unable to describe task definition", "taskdefinition not found")

# Only a reading from before it was made can lead to this.
EXISTS: Final = "it exists already; a reading will show it"

# Refused with a 400 and yet only a matter of time.
SETTLING: Final = (
    ("verify that the ecs service role", "the role has to become visible to ECS"),
    ("does not have an associated load balancer", "the target group has to be attached to its load balancer"),
    ("service linked role", "the service-linked role has to become visible to ECS"),
    ("service-linked role", "the service-linked role has to become visible to ECS"),
    ("too many concurrent attempts to create a new revision", "another revision of the family is being registered"),
    ("still draining", "a deleted service of this name has to drain first"),
    ("creation of service was not idempotent", EXISTS),
    ("while deployments are active", "its deployments have to end first"),
)
SETTLING_CODES: Final = {
    "ClusterContainsCapacityProviderException": "its capacity providers have to be gone first",
    "ClusterContainsContainerInstancesException": "its container instances have to be gone first",
    "ClusterContainsServicesException": "its services have to be gone first",
    "ClusterContainsTasksException": "its tasks have to stop first",
    "ConcurrentUpdateException": "another update has to end first",
    "OperationAbortedException": "another operation on it has to end first",
    "ParameterAlreadyExists": EXISTS,
    "ResourceAlreadyExistsException": EXISTS,
    "ResourceExistsException": EXISTS,
    "ResourceInUse": "what uses it has to be gone first",
    "ResourceInUseException": "what uses it has to be gone first",
    "TooManyUpdates": "another update has to end first",
    "UpdateInProgressException": "another update has to end first",
}

HINTS: Final = {
    "LimitExceededException": "a quota is reached: ask AWS to raise it, or delete what is not used any more",
    "BlockedException": "AWS has blocked this account: ask AWS Support",
    "PlatformUnknownException": "name a platform version that exists",
    "PlatformTaskDefinitionIncompatibilityException": "this platform version lacks what the task definition asks for",
    "UnsupportedFeatureException": "this Region does not offer it",
}

UNAUTHORIZED: Final = re.compile(r"not authorized to perform:? \[?([\w-]+:\w+)")

# By name, so that botocore is not imported to look at an error.
LOCAL_CREDENTIALS: Final = {
    "CredentialRetrievalError", "LoginError", "MetadataRetrievalError", "NoAuthTokenError", "NoCredentialsError",
    "PartialCredentialsError", "ProfileNotFound", "RefreshWithMFAUnsupportedError", "SSOError", "TokenRetrievalError",
    "UnknownCredentialError", "UnknownTokenProviderError",
}  # fmt: skip
LOCAL_SETTINGS: Final = {
    "BaseEndpointResolverError", "ConfigNotFound", "ConfigParseError", "EndpointProviderError", "InvalidConfigError",
    "InvalidEndpointConfigurationError", "InvalidRegionError", "InvalidProxiesConfigError",
    "InvalidRetryConfigurationError", "UnknownRegionError", "InvalidSTSRegionalEndpointsConfigError",
    "InvalidDefaultsMode", "MissingDependencyException", "ServiceNotInRegionError",
}  # fmt: skip
NEVER_SENT: Final = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}
