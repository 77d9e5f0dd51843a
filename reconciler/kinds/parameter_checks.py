"""What AWS would refuse of a parameter that is kept here, told from its spec alone. Source: the Systems Manager API
reference and quotas."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.kinds.parameter_fields import WRITTEN
from reconciler.model.errors import Finding, Severity
from reconciler.model.sealed import Envelope, Sealed
from reconciler.model.tree import Tree

STANDARD, ADVANCED = 4_096, 8_192
"""Bytes a value may have, by tier."""


def findings(spec: Tree) -> Iterator[Finding]:
    """A value that is missing or too long, names that are AWS's, a key for what is not encrypted."""
    if "value" not in spec:
        said = next(member for member in WRITTEN if member in spec)
        yield Finding("missing-member", (said,), "a parameter that is kept here needs a 'value'",
                      "seal one, or leave the name alone to refer to a parameter")  # fmt: skip
    if str(spec.get("name", "")).startswith("arn:"):
        yield Finding("wrong-value", ("name",), "a parameter that is kept here has a name, no ARN", "write the name")
    yield from _too_long(spec)
    name = str(spec.get("name", ""))
    if "/" in name and not name.startswith(("/", "arn:")):
        yield Finding("wrong-value", ("name",), "AWS takes a name with a slash in it only if it begins with one",
                      f"write /{name}")  # fmt: skip
    if re.match(r"(?:aws|ssm)|/(?:aws|ssm)(?:/|$)", name, re.IGNORECASE):
        yield Finding("wrong-value", ("name",), "names that begin with aws or ssm are AWS's own", "name it otherwise")
    if "keyId" in spec and spec.get("type") in ("String", "StringList"):
        yield Finding("wrong-value", ("keyId",), f"a {spec['type']} is not encrypted", "leave it out")


def _too_long(spec: Tree) -> Iterator[Finding]:
    """A sealed value longer than a parameter may be: what is sealed is hidden, its size is not."""
    value, tier = spec.get("value"), spec.get("tier")
    if not isinstance(value, Sealed) or not isinstance(value.content, Envelope) or value.content.size <= STANDARD:
        return
    size = f"the value has {value.content.size:,} bytes"
    if value.content.size > ADVANCED:
        yield Finding("too-long", ("value",), f"{size}; a parameter holds {ADVANCED:,}", "make it a Secret")
    elif tier in ("Standard", None):
        severity = Severity.ERROR if tier else Severity.WARNING
        message = f"{size}; a parameter of the tier Standard holds {STANDARD:,}"
        yield Finding("too-long", ("value",), message, "write tier: Advanced, which AWS charges for", severity)
