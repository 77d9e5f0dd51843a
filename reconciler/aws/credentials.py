"""Credentials of an assumed role, refreshed before they expire."""

from __future__ import annotations

import re
from typing import Any

from reconciler.aws.errors import access_denied, translate
from reconciler.model.errors import AwsError, ReconcilerError


def assumed(role: str, session_name: str, sts: Any) -> Any:
    """Botocore credentials that assume ``role`` on first use and again some minutes before they expire.

    ``sts`` is a client with the credentials to start from. What goes wrong is raised as our own error, so
    that a call under way which needed fresh credentials is known not to have been sent.
    """
    from botocore.credentials import DeferredRefreshableCredentials

    params = {"RoleArn": role, "RoleSessionName": re.sub(r"[^\w+=,.@-]", "-", session_name)[:64]}

    def refresh() -> dict[str, str]:
        failed: ReconcilerError
        try:
            given = sts.assume_role(**params)["Credentials"]
        except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
            failed = translate(error, "sts:AssumeRole", params, write=False)
        else:
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }
        if isinstance(failed, AwsError) and not failed.retry:
            failed = access_denied(failed, role)
        raise failed

    return DeferredRefreshableCredentials(refresh_using=refresh, method="assume-role")
