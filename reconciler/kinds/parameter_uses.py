"""What IAM has to allow for parameters, and what a spec says for it. Source: the Systems Manager user guide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.kinds.parameter_fields import WRITTEN
from reconciler.model.permission import OURS, TO_PRUNE, Place, Purpose, Use, sealing_place, sealing_uses
from reconciler.model.tree import Tree

_ONE: Final = ("parameter/{parameter}",)
_ANY: Final = ("parameter/*",)

USES: Final = (
    Use("ssm:DescribeParameters"),
    Use("ssm:ListTagsForResource", _ONE, where="written"),
    Use("ssm:ListTagsForResource", _ANY, limits=OURS),
    Use("ssm:PutParameter", _ONE, Purpose.CHANGE, where="written"),
    Use("ssm:AddTagsToResource", _ONE, Purpose.CHANGE, where="written"),
    Use("ssm:RemoveTagsFromResource", _ONE, Purpose.CHANGE, where="written"),
    *sealing_uses("ssm", "kms:Encrypt", "standard"),
    *sealing_uses("ssm", "kms:GenerateDataKey", "advanced"),
    Use("ssm:DeleteParameter", _ANY, Purpose.DELETE, TO_PRUNE),
    Use("ssm:DeleteParameter", _ONE, Purpose.DELETE, where="replaced"),
)


def places(spec: Tree) -> Iterator[Place]:
    """The name without the slash it begins with; a value is sealed by another action in an advanced parameter."""
    yield {}
    if not any(member in spec for member in WRITTEN):
        return
    yield {"parameter": str(spec["name"]).removeprefix("/"), "written": ""}
    if spec.get("type", "SecureString") == "SecureString":
        tier = str(spec.get("tier", "")).lower()
        for name, other in (("standard", "advanced"), ("advanced", "standard")):
            if tier != other:  # which of them it is is AWS's to choose, or was said before
                yield {**sealing_place(spec.get("keyId")), name: ""}
