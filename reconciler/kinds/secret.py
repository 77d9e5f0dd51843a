"""Secret: a secret of Secrets Manager, kept with a sealed value or only referred to. Its value is never read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.kinds import secret_uses
from reconciler.kinds import secret_versions as versions
from reconciler.kinds.secret_fields import ATTRIBUTES, FIELDS, ROTATION, SPEC, WRITTEN, said_version
from reconciler.kinds.secret_reading import list_versions, read_secrets
from reconciler.model import tags
from reconciler.model.errors import AwsError, Finding, Severity
from reconciler.model.kind import NO_POLICY, Answer, Kind, Reader, Referent, Sight
from reconciler.model.observed import Observed, Wanted
from reconciler.model.permission import Place
from reconciler.model.plan import Action, Call, Change
from reconciler.model.policy import Policy
from reconciler.model.sealed import Sealed
from reconciler.model.status import Health, HealthWord
from reconciler.model.tree import Pending, Tree

_SERVICE = ":secretsmanager:"
RECOVERY_DAYS = 30
"""For how long a deleted secret can be restored. The longest there is, and AWS's own default."""


class Secret(Kind):
    """Members are CreateSecret's and RotateSecret's. One that says only ``name`` refers to what is there.

    ``secretString`` is sealed, or read ``from`` a file that another tool sealed. ``jsonKeys`` lists the keys that
    ``ref:Secret/name#key`` may use. ``pin`` says whether a reference names the version, so that another value is a new
    revision of what refers to it (``version``, the default for sealed values), or floats. ``versionId`` pins a
    reference to a secret that is not kept here.
    """

    name = "Secret"
    Spec = SPEC
    fields = FIELDS
    uses = secret_uses.USES

    def places(self, spec: Tree, referent: Referent) -> Iterator[Place]:
        return secret_uses.places(spec)

    def address(self, spec: Tree) -> str | None:
        name = spec.get("name")
        return None if isinstance(name, Pending) else str(name)

    def named(self, value: str) -> str | None:
        """The ARN of the secret in a ``valueFrom``, without JSON key, stage and version."""
        return ":".join(value.split(":")[:7]) if value.startswith("arn:") and _SERVICE in value else None

    def located(self, arn: str) -> str | None:
        """The name in an ARN, without the six characters that AWS puts behind it."""
        return arn.split(":", 6)[6].rpartition("-")[0] if arn.count(":") >= 6 else arn

    def external(self, spec: Tree) -> bool:
        return not any(member in spec for member in WRITTEN)

    def parts(self, spec: Tree) -> frozenset[str] | None:
        """The JSON keys the manifest declares; when it declares none, any will do."""
        keys = spec.get("jsonKeys")
        return None if keys is None else frozenset(keys)

    def normal(self, spec: Tree) -> Tree:
        """A key by its id or alias: AWS answers either, as an ARN or not."""
        key = spec.get("kmsKeyId")
        if not isinstance(key, str) or not key.startswith("arn:"):
            return spec
        resource = key.split(":", 5)[5]
        return {**spec, "kmsKeyId": resource.removeprefix("key/")}

    def essence(self, spec: Tree, referent: Any) -> Tree:
        """Its name, and the version that references name: a new description is no reason for a new revision."""
        version = said_version(spec)
        return {"name": spec.get("name"), **({"version": version} if version else {})}

    def check(self, spec: Tree) -> Iterator[Finding]:
        arn = str(spec.get("name", "")).startswith("arn:")
        if arn and not self.external(spec):
            yield Finding("wrong-value", ("name",), "a secret that is kept here has a name; its ARN is AWS's to give",
                          "write the name, or refer to the secret by name and jsonKeys alone")  # fmt: skip
        if "versionId" in spec and "secretString" in spec:
            yield Finding("wrong-value", ("versionId",), "a sealed value is a version of its own",
                          "leave out versionId, or secretString")  # fmt: skip
        if spec.get("pin") == "version" and not said_version(spec):
            yield Finding("wrong-value", ("pin",), "no version is said that could be pinned",
                          "write versionId, seal a value, or leave it at pin: float")  # fmt: skip
        if spec.get("rotationRules") and "secretString" in spec and spec.get("pin") == "version":
            yield Finding("rotated", ("pin",), "a rotated secret's version changes without the repository",
                          "write pin: float", Severity.WARNING)  # fmt: skip

    def floats(self, spec: Tree) -> bool:
        return not said_version(spec)

    def revalues(self, change: Change) -> bool:
        return change.changes("secretString")

    def reference(self, seen: Observed, part: str) -> str | None:
        """``arn``, ``arn:key::`` or, pinned, ``arn:key::version``; None while there is no value to start tasks with."""
        if seen.live.get("versions") == {}:
            return None
        spec = seen.spec or {}
        version = said_version(spec) if "secretString" not in seen.driven else None
        if version and isinstance(spec.get("secretString"), Sealed):
            version = spec["secretString"].id
        return f"{seen.arn}:{part}::{version or ''}" if part or version else seen.arn

    def warnings(self, spec: Tree, sight: Sight) -> Iterator[Finding]:
        if not self.external(spec) and "secretString" not in spec and not sight.reading.live.get("versions"):
            message = "the secret has no value: what refers to it waits until it has one"
            yield Finding("no-value", ("name",), message, _SEAL, Severity.WARNING)

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        named = [(want, self.address(want.spec) if want.spec else self.named(want.owned[0])) for want in wanted]
        return read_secrets(read, [(want, name or "") for want, name in named])

    def dated(self, read: Reader, readings: Sequence[Observed]) -> Iterator[Observed]:
        for seen, found in zip(readings, list_versions(read, [str(seen.arn) for seen in readings]), strict=True):
            if not isinstance(found, AwsError):  # else the latest that it can be is what is known
                dates = {item["VersionId"]: item["CreatedDate"] for item in found if "CreatedDate" in item}
                yield replace(seen, renewed=versions.changed_at(seen.live["answer"], dates))

    def unusable(self, seen: Observed) -> Finding | None:
        if seen.status != "DELETING":
            return None
        when = seen.live.get("deleted")
        since = f" since {when:%Y-%m-%d %H:%M} UTC" if isinstance(when, datetime) else ""
        return Finding(
            "ScheduledForDeletion",
            ("name",),
            f"a secret of this name is scheduled for deletion{since}, and has the name until it is gone",
            f"restore it with: reconciler secret restore {seen.key}; or give the secret another name",
        )

    def revival(self, seen: Observed) -> Iterable[Call]:
        return [Call("secretsmanager:RestoreSecret", {"SecretId": seen.arn})] if seen.status == "DELETING" else ()

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.CREATE:
            return self._create(change)
        assert change.observed is not None
        if change.step is Action.DELETE:
            gone = {"SecretId": change.observed.arn, "RecoveryWindowInDays": RECOVERY_DAYS}
            return [Call("secretsmanager:DeleteSecret", gone)]
        return self._update(change, str(change.observed.arn))

    def _create(self, change: Change) -> Iterator[Call]:
        """The value in a call of its own: the one that all values are written by, and that is safe to repeat."""
        spec = change.spec
        said = _named_by_aws(spec, _PLAIN)
        all_tags = tags.to_upper(tags.all_of(change))
        yield Call("secretsmanager:CreateSecret", {"Name": spec["name"], **said, "Tags": all_tags})
        if "secretString" in spec:
            yield from versions.to_current(str(spec["name"]), spec["secretString"], None)
        yield from _rotation(str(spec["name"]), spec)

    def _update(self, change: Change, arn: str) -> Iterator[Call]:
        if put := tags.to_put(change):
            yield Call("secretsmanager:TagResource", {"SecretId": arn, "Tags": tags.to_upper(put)})
        if drop := tags.to_drop(change):
            yield Call("secretsmanager:UntagResource", {"SecretId": arn, "TagKeys": drop})
        if said := _named_by_aws(change.values, _PLAIN):
            yield Call("secretsmanager:UpdateSecret", {"SecretId": arn, **said})
        if "secretString" in change.values:
            yield from versions.to_current(arn, change.values["secretString"], change.observed)
        yield from _rotation(arn, change.values)

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        at = answers[-1].at
        if change.step is Action.DELETE:
            return Observed(change.key, at)
        if change.step is Action.CREATE:
            all_tags = tags.all_of(change)
            spec = {**change.spec, "tags": tags.to_list(tags.people_s(all_tags))}
            seen = Observed(change.key, at, spec, arn=answers[0]["ARN"], tags=all_tags, live={"versions": {}})
        else:
            seen = tags.tagged(change, at)
            seen = replace(seen, spec={**(seen.spec or {}), **change.values})
        return _with_value(seen, change, answers)

    def remark(self, change: Change) -> str:
        value = change.values.get("secretString") if change.step is Action.UPDATE else None
        if not isinstance(value, Sealed):
            return ""
        known = change.observed.live.get("versions", {}) if change.observed else {}
        if value.id in known:
            return "back to a version that is still there: no value is written"
        return (
            f"known by what is encrypted in {value.content}: encrypting it again rolls too"
            if value.by_ciphertext
            else ""
        )

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        if seen.status == "DELETING":
            return Health(HealthWord.DEGRADED, "SecretNotFound", "the secret is scheduled for deletion", stalled=True)
        if seen.live.get("versions") == {}:
            return Health(
                HealthWord.DEGRADED, "SecretNotFound", "the secret has no value yet", stalled=True, hint=_SEAL
            )
        return Health(HealthWord.HEALTHY)


_SEAL = "seal one with: reconciler secret seal NAME; or put one by hand"
_PLAIN = ("description", "kmsKeyId")


def _rotation(secret: str, said: Tree) -> Iterator[Call]:
    if rules := _named_by_aws(said, ROTATION):
        yield Call("secretsmanager:RotateSecret", {"SecretId": secret, **rules, "RotateImmediately": False})


def _named_by_aws(said: Tree, members: Iterable[str]) -> dict[str, Any]:
    return {ATTRIBUTES[member]: _raised(said[member]) for member in members if member in said}


def _with_value(seen: Observed, change: Change, answers: Sequence[Answer]) -> Observed:
    """The reading with the versions as the answers show them. PutSecretValue with a token that was known before
    succeeds without any effect: only its answer tells whether the version has become the current one."""
    known: versions.Versions = seen.live.get("versions", {})
    for answer in answers:
        if "VersionStages" in answer:
            known = versions.put(known, answer["VersionId"], answer["VersionStages"])
    known = versions.written(known, change.calls)
    current = versions.current_of(known)
    spec = {name: value for name, value in (seen.spec or {}).items() if name != "secretString"}
    spec |= {"secretString": Sealed(current)} if current and "secretString" in change.spec else {}
    renewed = seen.at if change.changes("secretString") and seen.renewed else seen.renewed
    return replace(seen, spec=spec, renewed=renewed, live={**seen.live, "versions": known})


def _raised(value: Any) -> Any:
    return {f"{name[0].upper()}{name[1:]}": one for name, one in value.items()} if isinstance(value, dict) else value
