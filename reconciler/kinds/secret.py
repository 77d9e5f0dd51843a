"""Secret: a reference to a secret of Secrets Manager. Its existence is checked; its value is never read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model import tags
from reconciler.model.errors import AwsError, NotFound
from reconciler.model.fields import Fields
from reconciler.model.kind import NO_POLICY, Kind, Reader
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.plan import Call, Change
from reconciler.model.policy import Policy
from reconciler.model.shapes import Shape
from reconciler.model.status import Health, HealthWord
from reconciler.model.tree import Tree

_SERVICE = ":secretsmanager:"


class Secret(Kind):
    """``name`` (or an ARN) says which; ``jsonKeys`` lists the keys that ``ref:Secret/name#key`` may use."""

    name = "Secret"
    Spec = Shape("secretsmanager", "DescribeSecret", only=(), required=("name",),
                 own={"name": "string", "jsonKeys": ["string"]})  # fmt: skip
    fields = Fields(name="name", resource_type="secretsmanager:secret", kept=True)

    def address(self, spec: Tree) -> str | None:
        return str(spec["name"])

    def named(self, value: str) -> str | None:
        """The ARN of the secret in a ``valueFrom``, without JSON key, stage and version."""
        return ":".join(value.split(":")[:7]) if value.startswith("arn:") and _SERVICE in value else None

    def external(self, spec: Tree) -> bool:
        return True

    def parts(self, spec: Tree) -> frozenset[str] | None:
        """The JSON keys the manifest declares; when it declares none, any will do."""
        keys = spec.get("jsonKeys")
        return None if keys is None else frozenset(keys)

    def reference(self, seen: Observed, part: str) -> str | None:
        return f"{seen.arn}:{part}::" if part else seen.arn

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        names = [self.address(want.spec) if want.spec else self.named(want.owned[0]) for want in wanted]
        regions = [_region(name or "") or read.region for name in names]
        for region in sorted(set(regions)):
            here = [(want, name) for want, name, where in zip(wanted, names, regions, strict=True) if where == region]
            asked = [{"SecretId": name} for _, name in here]
            for (want, name), answer in zip(
                here, read.many("secretsmanager:DescribeSecret", asked, region=region), strict=True
            ):
                if isinstance(answer, NotFound):
                    yield Observed(want.key, NEVER)
                elif isinstance(answer, AwsError):
                    yield Observed.failed(want.key, answer)
                else:
                    all_tags = {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags") or ()}
                    yield Observed(
                        want.key,
                        answer.at,
                        {"name": name},
                        arn=answer["ARN"],
                        tags=tags.people_s(all_tags),
                        status="DELETING" if answer.get("DeletedDate") else "ACTIVE",
                    )

    def calls(self, change: Change) -> Sequence[Call]:
        return ()

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        if seen.status == "DELETING":
            return Health(HealthWord.DEGRADED, "SecretNotFound", "the secret is scheduled for deletion", stalled=True)
        return Health(HealthWord.HEALTHY)


def _region(name: str) -> str | None:
    """The region an ARN names."""
    parts = name.split(":")
    return parts[3] if len(parts) > 6 and parts[3] else None
