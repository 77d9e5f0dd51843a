"""The versions of a secret: which one is current, which are kept, and the calls that make another one current.

A version's id is the id of the sealed value it holds, so DescribeSecret tells which value is live and nothing has to be
decrypted. A label of ours on each version keeps it: Secrets Manager removes versions without one, and a revision that
names such a version could not start any more. Source: the Secrets Manager API reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.model.observed import Observed
from reconciler.model.plan import Call
from reconciler.model.sealed import Sealed

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
LABEL = "reconciler-"
KEPT = 10
"""How many versions keep a label of ours. A secret has room for about 20 labels (unverified)."""

Versions = Mapping[str, Sequence[str]]
"""Version id → its labels."""


def label_of(version: str) -> str:
    """The label that keeps a version."""
    return f"{LABEL}{version}"


def current_of(versions: Versions) -> str | None:
    """The id of the current version; None of a secret without a value."""
    return next((version for version, labels in versions.items() if CURRENT in labels), None)


def to_current(secret: str, wanted: Sealed, seen: Observed | None) -> Iterator[Call]:
    """The calls after which the wanted value is the current one, and kept.

    A version that is there is only labelled: no value is written. RemoveFromVersionId makes that a compare-and-set.
    """
    versions: Versions = seen.live.get("versions", {}) if seen else {}
    current = current_of(versions)
    if wanted.id not in versions:
        yield Call(
            "secretsmanager:PutSecretValue",
            {
                "SecretId": secret,
                "ClientRequestToken": wanted.id,
                "SecretString": wanted,
                "VersionStages": [CURRENT, label_of(wanted.id)],
            },
        )
    elif current != wanted.id:
        if label_of(wanted.id) not in versions[wanted.id]:
            yield _move(secret, label_of(wanted.id), to=wanted.id)
        yield _move(secret, CURRENT, to=wanted.id, of=current)
    yield from _let_go(secret, wanted.id, versions, seen.live.get("created", {}) if seen else {})


def _let_go(secret: str, wanted: str, versions: Versions, created: Mapping[str, datetime]) -> Iterator[Call]:
    """The oldest of more versions than are kept lose our label. Of those whose age is not known none does."""
    labelled = [
        version
        for version, labels in versions.items()
        if label_of(version) in labels and version != wanted and not {CURRENT, PREVIOUS} & set(labels)
    ]
    over = len(labelled) + 3 - KEPT  # beside the wanted one, the current and the previous one
    known = sorted((version for version in labelled if version in created), key=lambda version: created[version])
    for version in known[: max(over, 0)]:
        yield _move(secret, label_of(version), of=version)


def crowded(versions: Versions) -> bool:
    """Whether the next version may need room, so that the age of the kept ones is to be asked."""
    return sum(any(label.startswith(LABEL) for label in labels) for labels in versions.values()) >= KEPT


def written(versions: Versions, calls: Sequence[Call]) -> dict[str, list[str]]:
    """The versions and their labels once calls that answer nothing about them have been made."""
    now = {version: list(labels) for version, labels in versions.items()}
    for call in calls:
        if call.operation != "secretsmanager:UpdateSecretVersionStage":
            continue
        label, to, of = (call.params.get(name) for name in ("VersionStage", "MoveToVersionId", "RemoveFromVersionId"))
        for labels in now.values():
            if label in labels:
                labels.remove(label)
        if to:
            now.setdefault(to, []).append(str(label))
        if label == CURRENT and of:
            now = {version: [one for one in labels if one != PREVIOUS] for version, labels in now.items()}
            now.setdefault(of, []).append(PREVIOUS)
    return now


def put(versions: Versions, version: str, labels: Sequence[str]) -> dict[str, list[str]]:
    """The versions once PutSecretValue has answered with a version and its labels."""
    before = current_of(versions)
    now = {one: [label for label in held if label not in labels] for one, held in versions.items()}
    if CURRENT in labels and before and before != version:
        now = {one: [label for label in held if label != PREVIOUS] for one, held in now.items()}
        now[before] = [*now.get(before, []), PREVIOUS]
    return {**now, version: list(labels)}


def changed_at(answer: Mapping[str, Any], dates: Mapping[str, datetime]) -> datetime | None:
    """When the current value became current.

    It is when its version was made, or when its rotation ended. Where the label was moved back to an older version,
    the time of that is not told: the secret's last change of any kind stands for it.
    """
    versions: Versions = answer.get("VersionIdsToStages") or {}
    current = current_of(versions)
    if current is None:
        return None
    made = dates.get(current)
    previous = next((version for version, labels in versions.items() if PREVIOUS in labels), None)
    before = dates.get(previous) if previous else None
    latest: datetime | None = answer.get("LastChangedDate")
    if made is None or (before is not None and before > made):
        return latest
    rotated: datetime | None = answer.get("LastRotatedDate")
    return max(made, rotated) if rotated is not None else made


def _move(secret: str, label: str, *, to: str | None = None, of: str | None = None) -> Call:
    params: dict[str, Any] = {"SecretId": secret, "VersionStage": label}
    if to:
        params["MoveToVersionId"] = to
    if of:
        params["RemoveFromVersionId"] = of
    return Call("secretsmanager:UpdateSecretVersionStage", params)
