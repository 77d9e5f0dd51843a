"""The SDK's own chain of settings and credentials, for what belongs to no environment."""

from __future__ import annotations

from typing import Any


def sdk_session(given: Any = None) -> Any:
    """A boto3 session: the one that is handed in, else one of the SDK's own."""
    if given is not None:
        return given
    import boto3

    return boto3.Session()
