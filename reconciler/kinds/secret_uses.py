"""What IAM has to allow for secrets, and what a spec says for it. No use of GetSecretValue is among it.

Source: the Secrets Manager user guide. A secret that is not there yet is asked for by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.kinds.secret_fields import ROTATION, WRITTEN
from reconciler.model.permission import OURS, TO_PRUNE, Place, Purpose, Use, sealing_place, sealing_uses
from reconciler.model.tree import Tree

_NAMED: Final = ("secret:{secret}", "secret:{secret}-??????")
_ANY: Final = ("secret:*",)

_CHANGES: Final = {
    "secretsmanager:CreateSecret": "",
    "secretsmanager:UpdateSecret": "",
    "secretsmanager:TagResource": "",
    "secretsmanager:UntagResource": "",
    "secretsmanager:PutSecretValue": "value",
    "secretsmanager:UpdateSecretVersionStage": "value",
    "secretsmanager:RotateSecret": "rotation",
}
"""Action → what a spec must say for it; nothing: that it is written at all."""

USES: Final = (
    Use("secretsmanager:DescribeSecret", _NAMED),
    Use("secretsmanager:DescribeSecret", ("{arn}", "{arn}-??????")),
    Use("secretsmanager:DescribeSecret", _ANY, limits=OURS),
    Use("secretsmanager:ListSecretVersionIds", _NAMED),
    Use("secretsmanager:ListSecretVersionIds", ("{arn}", "{arn}-??????")),
    *(Use(action, _NAMED, Purpose.CHANGE, where=where or "written") for action, where in _CHANGES.items()),
    Use("lambda:InvokeFunction", ("{lambda}",), Purpose.CHANGE),
    *sealing_uses("secretsmanager", "kms:GenerateDataKey", "value"),
    *sealing_uses("secretsmanager", "kms:Decrypt", "value"),
    Use("secretsmanager:DeleteSecret", _ANY, Purpose.DELETE, TO_PRUNE),
    Use("secretsmanager:RestoreSecret", _ANY, Purpose.VERB, OURS),
)


def places(spec: Tree) -> Iterator[Place]:
    name = str(spec["name"])
    secret = {"arn": name} if name.startswith("arn:") else {"secret": name}
    yield secret
    if not any(member in spec for member in WRITTEN):
        return
    yield {**secret, "written": ""}
    if "secretString" in spec:
        yield {**secret, "value": ""}
        yield {**sealing_place(spec.get("kmsKeyId")), "value": ""}
    if any(member in spec for member in ROTATION):
        yield {**secret, "rotation": ""}
        if function := spec.get("rotationLambdaARN"):
            yield {"lambda": str(function)}
