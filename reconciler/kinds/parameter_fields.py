"""What is known of each member of a parameter. Source: the Systems Manager API reference."""

from __future__ import annotations

from reconciler.model.fields import Field, Fields
from reconciler.model.sealed import FROM, FROM_SHAPE
from reconciler.model.shapes import Shape

SPEC = Shape(
    "ssm",
    "PutParameter",
    only=("name", "value", "type", "description", "keyId", "allowedPattern", "tags", "tier", "dataType", "from"),
    optional=("value",),
    own={FROM: FROM_SHAPE},
)  # fmt: skip

ATTRIBUTES = {
    "type": "Type",
    "description": "Description",
    "keyId": "KeyId",
    "allowedPattern": "AllowedPattern",
    "tier": "Tier",
    "dataType": "DataType",
}
"""Member → AWS's name of it, in what is written and in what is described."""

WRITTEN = ("value", *ATTRIBUTES, "tags")
"""Members that are written. A manifest that says none of them only refers to a parameter that is there."""

FIELDS = Fields(
    name="name",
    resource_type="ssm:parameter",
    kept=True,
    sealed="value",
    table={
        "type": Field(create_only=True),
        "description": Field(shared=True),
        "keyId": Field(shared=True),
        "allowedPattern": Field(shared=True),
        "tier": Field(shared=True),
        "dataType": Field(shared=True),
        "tags": Field(key=("key",), value="value", shared=True),
        "tags.*.value": Field(default=""),
    },
    response_only=frozenset({"ARN", "arn", "version", "lastModifiedDate", "lastModifiedUser", "policies"}),
)
