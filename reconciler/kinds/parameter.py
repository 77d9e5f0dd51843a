"""Parameter: a reference to an SSM parameter. Its existence is checked; its value is never read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.model.batch import batches
from reconciler.model.errors import AwsError
from reconciler.model.fields import Fields
from reconciler.model.kind import Kind, Reader
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.plan import Call, Change
from reconciler.model.shapes import Shape
from reconciler.model.tree import Tree


class Parameter(Kind):
    """``name`` says which; an ARN will do as well."""

    name = "Parameter"
    Spec = Shape("ssm", "DescribeParameters", only=(), required=("name",), own={"name": "string"})
    fields = Fields(name="name", resource_type="ssm:parameter", kept=True)

    def address(self, spec: Tree) -> str | None:
        return str(spec["name"])

    def named(self, value: str) -> str | None:
        """The name or ARN in a ``valueFrom``: whatever is no ARN of another service."""
        return value if not value.startswith("arn:") or ":ssm:" in value else None

    def external(self, spec: Tree) -> bool:
        return True

    def reference(self, seen: Observed, part: str) -> str | None:
        return seen.arn or str((seen.spec or {})["name"])

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        names = [(self.address(want.spec) if want.spec else want.owned[0]) or "" for want in wanted]
        regions = [_region(name) or read.region for name in names]
        for region in sorted(set(regions)):
            here = [(want, name) for want, name, where in zip(wanted, names, regions, strict=True) if where == region]
            for batch in batches(here, 25):  # 50 values a filter; an ARN stands for two possible names
                values = sorted({value for _, name in batch for value in _values(name)})
                asked: dict[str, Any] = {
                    "ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": values}],
                    "MaxResults": 50,
                }
                try:
                    parameters = read.pages("ssm:DescribeParameters", asked, "Parameters", region=region)
                except AwsError as error:
                    yield from (Observed.failed(want.key, error) for want, _ in batch)
                    continue
                found = {parameter["Name"]: parameter for parameter in parameters}
                for want, name in batch:
                    there = next((found[value] for value in _values(name) if value in found), None)
                    if there is None:
                        yield Observed(want.key, NEVER)
                    else:
                        yield Observed(want.key, NEVER, {"name": name}, arn=there.get("ARN"))

    def calls(self, change: Change) -> Sequence[Call]:
        return ()


def _values(name: str) -> list[str]:
    """The names a parameter may have; its ARN hides whether the name began with a slash."""
    if not name.startswith("arn:"):
        return [name]
    rest = name.partition(":parameter/")[2]
    return [rest, f"/{rest}"]


def _region(name: str) -> str | None:
    return name.split(":")[3] or None if name.startswith("arn:") else None
