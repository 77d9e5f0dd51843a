"""Signing in to CodeCommit over https with the SDK's credentials: SigV4 over a request that is never sent.

As git-remote-codecommit does it. A signature is good for some minutes, so one is made for each fetch.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from reconciler.aws.errors import translate
from reconciler.model.errors import AccessError, UsageError

_HOST: Final = re.compile(r"(?:[\w.-]+\.)?git-codecommit(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.[\w.-]+")


def region_of(url: str) -> str:
    """The Region of a repository by its https URL. Raises UsageError where it is none of CodeCommit's."""
    parts = urlsplit(url)
    found = _HOST.fullmatch(parts.hostname or "")
    if parts.scheme != "https" or found is None or not parts.path.startswith("/v1/repos/"):
        raise UsageError(
            "it is no repository of CodeCommit",
            where="repository.url",
            hint="https://git-codecommit.REGION.amazonaws.com/v1/repos/NAME",
        )
    return found["region"]


def credentials(session: Any, url: str, now: datetime) -> tuple[str, str]:
    """User and password for a fetch that begins ``now`` (aware). Both are secret: the user holds the session's token.

    ``session`` is a boto3 or botocore session. Raises AccessError without credentials, and what refreshing them raises.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    region, parts = region_of(url), urlsplit(url)
    found = _frozen(session)
    if found is None:
        raise AccessError(
            "there are no AWS credentials", where=parts.hostname, hint="give the task a role, or set AWS_PROFILE"
        )
    request = AWSRequest(method="GIT", url=url)
    request.context["timestamp"] = stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    signing = SigV4Auth(found, "codecommit", region)
    canonical = f"GIT\n{parts.path}\n\nhost:{parts.hostname}\n\nhost\n"
    signature = signing.signature(signing.string_to_sign(request, canonical), request)
    user = f"{found.access_key}%{found.token}" if found.token else found.access_key
    return user, f"{stamp}Z{signature}"


def _frozen(session: Any) -> Any:
    try:
        found = session.get_credentials()
        return None if found is None else found.get_frozen_credentials()
    except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
        failed = translate(error, "codecommit:GitPull", {}, write=False)
    raise failed
