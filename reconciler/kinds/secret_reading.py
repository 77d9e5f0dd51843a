"""A secret as DescribeSecret shows it, with its older versions only where they matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.kinds import secret_versions as versions
from reconciler.kinds.secret_fields import ATTRIBUTES, OWN, OWN_KEY, ROTATION, said_version
from reconciler.model import tags
from reconciler.model.errors import AwsError, NotFound
from reconciler.model.key import Key
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.sealed import Sealed

_DATED = ("VersionIdsToStages", "LastChangedDate", "LastRotatedDate")


def read_secrets(read: Reader, wanted: Sequence[tuple[Wanted, str]]) -> Iterator[Observed]:
    """A reading of each secret, by its name or ARN, in the region that an ARN says."""
    regions = [region_of(name) or read.region for _, name in wanted]
    for region in sorted(set(regions)):
        here = [item for item, where in zip(wanted, regions, strict=True) if where == region]
        answers = read.many("secretsmanager:DescribeSecret", [{"SecretId": name} for _, name in here], region=region)
        found = [(want, answer) for (want, _), answer in zip(here, answers, strict=True)]
        older = _older_versions(read, found, region)
        for (want, name), answer in zip(here, answers, strict=True):
            yield _reading(want, name, answer, older.get(want.key))


def list_versions(read: Reader, arns: Sequence[str], region: str | None = None) -> list[list[Any] | AwsError]:
    """Every version of each secret, those without a label too."""
    found: list[list[Any] | AwsError] = []
    for arn in arns:
        try:
            params = {"SecretId": arn, "IncludeDeprecated": True, "MaxResults": 100}
            where = region or region_of(arn)
            found.append(read.pages("secretsmanager:ListSecretVersionIds", params, "Versions", region=where))
        except AwsError as error:
            found.append(error)
    return found


def region_of(name: str) -> str | None:
    """The region an ARN names."""
    parts = name.split(":")
    return parts[3] if len(parts) > 6 and parts[3] else None


def _older_versions(
    read: Reader, found: Sequence[tuple[Wanted, Answer | AwsError]], region: str
) -> dict[Key, list[Any] | AwsError]:
    """All versions of the secrets whose wanted value is none of the labelled ones, or that hold as many as are kept."""
    asked = []
    for want, answer in found:
        value = (want.spec or {}).get("secretString")
        if isinstance(answer, AwsError) or not isinstance(value, Sealed) or answer.get("DeletedDate"):
            continue
        known = answer.get("VersionIdsToStages") or {}
        if known and versions.current_of(known) != value.id and (value.id not in known or versions.crowded(known)):
            asked.append((want.key, answer["ARN"]))
    lists = list_versions(read, [arn for _, arn in asked], region)
    return {key: listed for (key, _), listed in zip(asked, lists, strict=True)}


def _reading(want: Wanted, name: str, answer: Answer | AwsError, older: list[Any] | AwsError | None) -> Observed:
    if isinstance(answer, NotFound):
        return Observed(want.key, NEVER)
    if isinstance(answer, AwsError):
        return Observed.failed(want.key, answer)
    if isinstance(older, AwsError):
        return Observed.failed(want.key, older)
    if want.spec is None and want.owner and answer.get("DeletedDate"):
        return Observed(want.key, answer.at)  # scheduled for deletion: of what is no longer declared that is its end
    return _observed(want, name, answer, older or [])


def _observed(want: Wanted, name: str, answer: Answer, older: list[Any]) -> Observed:
    known: dict[str, list[str]] = {item["VersionId"]: list(item.get("VersionStages") or ()) for item in older}
    known |= answer.get("VersionIdsToStages") or {}
    current, rotated = versions.current_of(known), bool(answer.get("RotationEnabled"))
    all_tags, said = tags.of_upper(answer.get("Tags")), want.spec or {}
    spec: dict[str, Any] = {"name": name, **{member: said[member] for member in OWN if member in said}}
    described = {"KmsKeyId": OWN_KEY, **answer}
    spec |= {
        member: _lowered(described[aws])
        for member, aws in ATTRIBUTES.items()
        if described.get(aws) and (rotated or member not in ROTATION)  # what was cancelled is still described
    }
    if current and (want.spec is None or "secretString" in said):  # of others nobody here says which value is meant
        spec["secretString"] = Sealed(current)
    spec["tags"] = tags.to_list(tags.people_s(all_tags))
    deleted = answer.get("DeletedDate")
    return Observed(
        want.key,
        answer.at,
        spec,
        arn=answer["ARN"],
        tags=all_tags,
        status="DELETING" if deleted else "ACTIVE",
        created=answer.get("CreatedDate"),
        # of what floats the latest that it can be: when anything of the secret was last changed
        renewed=answer.get("LastChangedDate") if rotated or not said_version(said) else None,
        live={
            "versions": known,
            "created": {item["VersionId"]: item["CreatedDate"] for item in older if "CreatedDate" in item},
            "answer": {member: answer[member] for member in _DATED if member in answer},
            **({"deleted": deleted} if deleted else {}),
        },
        driven=frozenset({"secretString"}) if rotated and current else frozenset(),
    )


def _lowered(value: Any) -> Any:
    """A part of an answer in the form of a manifest."""
    return {f"{name[0].lower()}{name[1:]}": one for name, one in value.items()} if isinstance(value, dict) else value
