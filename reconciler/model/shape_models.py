"""Pydantic models made from AWS's shapes: one model a structure, unknown members refused, enums as words."""

from __future__ import annotations

from typing import Annotated, Any, ForwardRef, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from reconciler.model import coercion
from reconciler.model.service_model import Shapes

_CONFIG = ConfigDict(extra="forbid", defer_build=True, strict=False, hide_input_in_errors=True)
_SIMPLE: dict[str, tuple[Any, Any]] = {
    "integer": (int, coercion.to_integer),
    "long": (int, coercion.to_integer),
    "double": (float, coercion.to_number),
    "float": (float, coercion.to_number),
    "boolean": (bool, coercion.to_boolean),
    "timestamp": (Any, coercion.to_timestamp),
    "blob": (str, coercion.to_text),
    "json": (Any, None),
}


def build(shapes: Shapes, root: str) -> type[BaseModel]:
    """The model of a structure and of all it reaches; the validators themselves are built on first use."""
    models: dict[str, type[BaseModel]] = {}
    model = _model(shapes, root, models, set())
    model.model_rebuild(_types_namespace={_class_name(name): made for name, made in models.items()})
    return model


def blank_members(shapes: Shapes, name: str) -> frozenset[str]:
    """The members of a structure whose empty text means that they are not set.

    Enums, and optional text without a minimum length. A member called ``value`` is data: the empty text of an
    environment variable or a tag is a value like any other.
    """
    described = shapes[name]
    required = set(described.get("required", ()))
    found = set()
    for member, reference in described["members"].items():
        shape = shapes[reference["shape"]]
        if shape["type"] != "string" or member == "value":
            continue
        if "enum" in shape or (member not in required and not shape.get("min")):
            found.add(member)
    return frozenset(found)


def _class_name(name: str) -> str:
    return "Shape_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def _model(shapes: Shapes, name: str, models: dict[str, type[BaseModel]], open_: set[str]) -> type[BaseModel]:
    if name in models:
        return models[name]
    described = shapes[name]
    required = set(described.get("required", ()))
    members: dict[str, Any] = {}
    for member, reference in described["members"].items():
        annotation = _annotation(shapes, reference["shape"], models, open_ | {name})
        default = ... if member in required else None
        shape = shapes[reference["shape"]]
        if member in required and shape["type"] == "string" and "enum" not in shape and member != "value":
            annotation = Annotated[annotation, Field(min_length=shape.get("min") or 1)]
        # the trailing underscore keeps AWS's names apart from pydantic's own (schema, copy, json)
        members[f"{member}_"] = (annotation, Field(default, alias=member))
    models[name] = create_model(_class_name(name), __config__=_CONFIG, **members)
    return models[name]


def _annotation(shapes: Shapes, name: str, models: dict[str, type[BaseModel]], open_: set[str]) -> Any:
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        # a structure inside itself is named, not built: pydantic resolves it when all are there
        model = ForwardRef(_class_name(name)) if name in open_ else _model(shapes, name, models, open_)
        return Annotated[model, BeforeValidator(coercion.to_object(blank_members(shapes, name)))]
    if kind == "list":
        element = _annotation(shapes, shape["member"]["shape"], models, open_)
        return Annotated[list[element], BeforeValidator(coercion.to_list)]  # type: ignore[valid-type]
    if kind == "map":
        key, value = (_annotation(shapes, shape[part]["shape"], models, open_) for part in ("key", "value"))
        return Annotated[dict[key, value], BeforeValidator(coercion.to_map)]  # type: ignore[valid-type]
    if kind == "string":
        if "enum" in shape:
            return Annotated[Literal[tuple(shape["enum"])], BeforeValidator(coercion.to_word)]
        # the longest lengths and the patterns of the models are not always the service's own: only the least is safe
        return Annotated[str, Field(min_length=shape.get("min") or None), BeforeValidator(coercion.to_text)]
    plain, convert = _SIMPLE[kind]
    if convert is None:
        return plain
    if kind in {"integer", "long", "double", "float"}:
        return Annotated[plain, Field(ge=shape.get("min"), le=shape.get("max")), BeforeValidator(convert)]
    return Annotated[plain, BeforeValidator(convert)]
