"""The shape of a kind's spec: what may be written, checked member by member, from AWS's own description of its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from reconciler.model.answers import Unwrapped, unwrap
from reconciler.model.errors import Finding
from reconciler.model.explain import Member, find_member
from reconciler.model.findings import findings_of
from reconciler.model.json_schema import schema_of
from reconciler.model.service_model import Own, Shapes
from reconciler.model.shape_models import blank_members, build
from reconciler.model.tree import Path, Tree

__all__ = ["Member", "Shape", "Unwrapped", "unwrap"]


class Shape:
    """Which members a spec may have. Cheap to make; AWS's model is read when first asked.

    ``operation``'s input is the spec; the members of ``also`` join it; ``only`` keeps just these (``()``: none),
    ``without`` leaves some out; ``required`` and ``optional`` correct what AWS
    requires; ``own`` adds members AWS does not know.
    """

    def __init__(
        self,
        service: str,
        operation: str,
        *,
        also: Sequence[str] = (),
        only: Sequence[str] | None = None,
        without: Sequence[str] = (),
        required: Sequence[str] = (),
        optional: Sequence[str] = (),
        own: Mapping[str, Own] | None = None,
    ) -> None:
        self.service = service
        self.operation = operation
        self._said: dict[str, Any] = {
            "also": also,
            "only": only,
            "without": without,
            "required": required,
            "optional": optional,
            "own": own or {},
        }

    def __repr__(self) -> str:
        return f"Shape({self.service!r}, {self.operation!r})"

    @cached_property
    def shapes(self) -> Shapes:
        """AWS's shapes, with the root of this spec under the name ``""``."""
        shapes = Shapes(self.service)
        shapes.root(self.operation, **self._said)
        return shapes

    @cached_property
    def model(self) -> type[BaseModel]:
        return build(self.shapes, "")

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the spec's own members."""
        return tuple(self.shapes[""]["members"])

    def check(self, spec: Tree) -> tuple[dict[str, Any], list[Finding]]:
        """The spec as AWS's API wants it, and all that is wrong with it.

        Of a spec with findings what is given back is the spec without its nulls. Paths are those of the spec as given.
        """
        pruned, moved = prune_nulls(spec)
        blank = blank_members(self.shapes, "")
        tidy = {name: value for name, value in pruned.items() if not (name in blank and value == "")}
        try:
            made = self.model.model_validate(tidy)
        except ValidationError as error:
            return pruned, findings_of(error, self.shapes, spec, moved)
        return made.model_dump(by_alias=True, exclude_unset=True), []

    def member(self, path: str | Path = "") -> Member:
        """What is known of a member: ``containerDefinitions.cpu``; LookupError with a hint when there is none."""
        return find_member(self.shapes, path)

    def json_schema(self) -> dict[str, Any]:
        """A JSON Schema (draft-07) of the spec; what it refers to is under ``definitions``."""
        return schema_of(self.shapes)


def prune_nulls(spec: Tree) -> tuple[dict[str, Any], dict[Path, list[int]]]:
    """A tree without its nulls, and for each list that lost elements the places its remaining ones had."""
    moved: dict[Path, list[int]] = {}

    def pruned(value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {name: pruned(it, (*path, name)) for name, it in value.items() if it is not None}
        if isinstance(value, list | tuple):
            kept = [index for index, it in enumerate(value) if it is not None]
            if len(kept) < len(value):
                moved[path] = kept
            return [pruned(value[index], (*path, new)) for new, index in enumerate(kept)]
        return value

    return pruned(spec, ()), moved
