"""What is known of each member of a secret. Source: the Secrets Manager API reference."""

from __future__ import annotations

from reconciler.model.fields import Field, Fields
from reconciler.model.sealed import FROM, FROM_SHAPE, Sealed
from reconciler.model.shapes import Shape
from reconciler.model.tree import Tree

SPEC = Shape(
    "secretsmanager",
    "CreateSecret",
    only=("name", "description", "kmsKeyId", "secretString", "tags", "rotationLambdaARN", "rotationRules",
          "jsonKeys", "from", "pin", "versionId"),
    also=("RotateSecret",),
    required=("name",),
    own={
        FROM: FROM_SHAPE,
        "jsonKeys": ["string"],
        "pin": ("version", "float"),
        "versionId": "string",
    },
)  # fmt: skip

OWN = ("jsonKeys", "pin", "versionId")
"""Members that say how the secret is referred to. AWS knows nothing of them: they are as the manifest says."""

WRITTEN = ("description", "kmsKeyId", "secretString", "tags", "rotationLambdaARN", "rotationRules")
"""Members that are written. A manifest that says none of them only refers to a secret that is there."""

ATTRIBUTES = {
    "description": "Description",
    "kmsKeyId": "KmsKeyId",
    "rotationLambdaARN": "RotationLambdaARN",
    "rotationRules": "RotationRules",
}
"""Member → AWS's name of it, in what is written and in what is described."""

ROTATION = ("rotationLambdaARN", "rotationRules")
"""Members of RotateSecret."""

OWN_KEY = "alias/aws/secretsmanager"
"""The key that AWS manages: a secret that is encrypted with it is described without one."""

FIELDS = Fields(
    name="name",
    resource_type="secretsmanager:secret",
    kept=True,
    sealed="secretString",
    table={
        "description": Field(shared=True, removal=""),
        "kmsKeyId": Field(shared=True, removal=OWN_KEY),
        "secretString": Field(shared=True, handed_over=True),
        "rotationLambdaARN": Field(shared=True),
        "rotationRules": Field(shared=True),
        "jsonKeys": Field(unordered=True),
        "tags": Field(key=("key",), value="value", shared=True),
        "tags.*.value": Field(default=""),
    },
    response_only=frozenset(
        {
            "ARN",
            "arn",
            "createdDate",
            "deletedDate",
            "lastAccessedDate",
            "lastChangedDate",
            "lastRotatedDate",
            "nextRotationDate",
            "owningService",
            "primaryRegion",
            "replicationStatus",
            "rotationEnabled",
            "versionIdsToStages",
        }
    ),
)


def said_version(spec: Tree) -> str | None:
    """The version that a reference to the secret names, by the spec alone; None: it floats."""
    if spec.get("pin") == "float":
        return None
    value = spec.get("secretString")
    if isinstance(value, Sealed):
        return None if spec.get("rotationRules") and spec.get("pin") is None else value.id
    version: str | None = spec.get("versionId")
    return version
