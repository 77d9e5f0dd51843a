"""Where moto's Secrets Manager and Parameter Store are not AWS's: the clock they tell, and what becomes of labels.

Source: the Secrets Manager API reference. A version whose last label is taken away is deprecated: DescribeSecret shows
it no more, ListSecretVersionIds does when asked. Moving AWSCURRENT takes no other label from a version.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from json import dumps
from typing import Any

from . import long_poll

Now = Callable[[], float]
"""Seconds since the epoch, of whichever simulator moto's state belongs to."""


_corrected: set[str] = set()


def correct(service: str, now: Now) -> None:
    """Make a service of moto's behave so, once a process: ``now`` asks the simulator of the moment."""
    if service in _CORRECTIONS and service not in _corrected:
        _corrected.add(service)
        _CORRECTIONS[service](now)


def _parameters(now: Now) -> None:
    from moto.ssm import models

    module: Any = models
    module.utcnow = _utcnow(now)


def _secrets(now: Now) -> None:
    from moto.secretsmanager import models

    module: Any = models
    module.utcnow, module.time = _utcnow(now), _Time(now)
    module.FakeSecret.reset_default_version = _new_version
    module.FakeSecret._form_version_ids_to_stages = _labelled
    backend = module.SecretsManagerBackend
    move = backend.update_secret_version_stage

    def moved(self: Any, secret_id: str, version_stage: str, *ids: Any, **more: Any) -> Any:
        answer = move(self, secret_id, version_stage, *ids, **more)
        held = self.secrets[secret_id]
        held.default_version_id = _current(held)
        held.last_changed_date = int(now())
        return answer

    backend.update_secret_version_stage = moved
    backend.list_secret_version_ids = _listed


_CORRECTIONS = {"secretsmanager": _secrets, "ssm": _parameters, "sqs": long_poll.correct}


def _utcnow(now: Now) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(now(), UTC).replace(tzinfo=None)


class _Time:
    """In the place of the module ``time``."""

    def __init__(self, now: Now) -> None:
        self.time = now


def _current(secret: Any) -> str | None:
    return next((id for id, version in secret.versions.items() if "AWSCURRENT" in version["version_stages"]), None)


def _new_version(self: Any, secret_version: dict[str, Any], version_id: str) -> None:
    """A version is made with its labels, which others lose; AWSPREVIOUS goes to the one that was current."""
    before = _current(self)
    for version in self.versions.values():
        lost = {"AWSPREVIOUS", *secret_version["version_stages"]}
        version["version_stages"] = [label for label in version["version_stages"] if label not in lost]
    if before is not None:
        self.versions[before]["version_stages"].append("AWSPREVIOUS")
    self.versions[version_id] = secret_version
    self.default_version_id = version_id


def _labelled(self: Any) -> dict[str, list[str]]:
    return {id: list(version["version_stages"]) for id, version in self.versions.items() if version["version_stages"]}


def _listed(self: Any, secret_id: str) -> str:
    secret = self.secrets[secret_id]
    versions = [
        {"VersionId": id, "VersionStages": list(version["version_stages"]), "CreatedDate": version["createdate"]}
        for id, version in secret.versions.items()
    ]
    return dumps({"ARN": secret.arn, "Name": secret.name, "Versions": versions})
