"""JSON Schema (draft-07) of a spec, for editors. It takes what the loader takes: variables, nulls, quoted digits."""

from __future__ import annotations

from typing import Any

from reconciler.model.explain import plain_text
from reconciler.model.service_model import Shapes

VARIABLE = r"\$\{\{"
_REFERENCE = "#/definitions/"


def schema_of(shapes: Shapes) -> dict[str, Any]:
    """The root's schema with ``definitions`` named ``service.Shape``."""
    definitions: dict[str, Any] = {}
    return {**_structure(shapes, "", definitions), "definitions": definitions}


def short(documentation: str, most: int = 160) -> str:
    """The first sentence."""
    text = plain_text(documentation).partition("\n")[0]
    sentence = text.partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= most else sentence[: most - 1] + "…"


def _structure(shapes: Shapes, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    shape = shapes[name]
    properties: dict[str, Any] = {}
    for member, reference in shape["members"].items():
        inner = _schema(shapes, reference["shape"], definitions)
        about = short(reference.get("documentation", ""))
        if about:  # draft-07 ignores what stands beside a $ref
            inner = {"allOf": [inner], "description": about} if "$ref" in inner else {**inner, "description": about}
        properties[member] = inner
    return {
        "type": ["object", "string", "null"],
        "pattern": VARIABLE,
        "properties": properties,
        "additionalProperties": False,
        **({"required": sorted(shape["required"])} if shape.get("required") and name else {}),
    }


def _schema(shapes: Shapes, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    shape = shapes[name]
    match shape["type"]:
        case "structure":
            title = f"{shapes.service}.{name}"
            if title not in definitions:
                definitions[title] = {}  # a structure inside itself finds its name taken
                definitions[title] = _structure(shapes, name, definitions)
            return {"$ref": _REFERENCE + title}
        case "list":
            element = _schema(shapes, shape["member"]["shape"], definitions)
            return {"type": ["array", "string", "null"], "pattern": VARIABLE, "items": element}
        case "map":
            element = _schema(shapes, shape["value"]["shape"], definitions)
            return {"type": ["object", "string", "null"], "pattern": VARIABLE, "additionalProperties": element}
        case "integer" | "long":
            return {"type": ["integer", "string", "null"], "pattern": rf"^-?[0-9]+$|{VARIABLE}", **_range(shape)}
        case "double" | "float":
            return {"type": ["number", "string", "null"], "pattern": rf"^-?[0-9.]+$|{VARIABLE}", **_range(shape)}
        case "boolean":
            return {"type": ["boolean", "string", "null"], "pattern": rf"^([Tt]rue|[Ff]alse|TRUE|FALSE)$|{VARIABLE}"}
        case "string" if "enum" in shape:
            words = {"enum": [*shape["enum"], "", None]}
            return {"anyOf": [words, {"type": "string", "pattern": VARIABLE}]}
        case "string":
            return {"type": ["string", "number", "boolean", "null"]}
        case "timestamp" | "blob":
            return {"type": ["string", "number", "null"]}
    return {}


def _range(shape: Any) -> dict[str, Any]:
    return {keyword: shape[bound] for keyword, bound in (("minimum", "min"), ("maximum", "max")) if bound in shape}
