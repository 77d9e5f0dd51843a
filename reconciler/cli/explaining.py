"""What is known of a kind or a member, set for a terminal in the manner of ``kubectl explain``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.cli.explain_page import Page, draw
from reconciler.kinds import KINDS
from reconciler.model.errors import UsageError
from reconciler.model.fields import UNSET, Field, Fields, step
from reconciler.model.kind import Kind
from reconciler.model.suggest import did_you_mean, listing
from reconciler.report.cells import pad
from reconciler.report.plan_words import effect_words
from reconciler.report.style import paint
from reconciler.source.schema import manifest_schema

_OURS: Final = {
    "App": "What holds for every manifest of a folder under apps/. Optional.",
    "Environment": "One place to run in: environments/<name>.yaml, or apps/<app>/environments/<name>.yaml for one app.",
}


def kinds(*, color: bool = False) -> str:
    """Every kind with the AWS operation its spec comes from."""
    rows = [(name, f"{kind.Spec.service}:{kind.Spec.operation}") for name, kind in sorted(KINDS.items())]
    column = max(len(name) for name, _ in (*rows, *_OURS.items()))
    lines = [paint("KINDS", "bold", color)]
    lines += [f"  {pad(name, column)}  spec: the input of {operation}" for name, operation in rows]
    lines += [f"  {pad(name, column)}  {words}" for name, words in _OURS.items()]
    return "\n".join([*lines, "", "More: reconciler explain Service, reconciler explain Service.desiredCount"]) + "\n"


def explain(path: str, *, color: bool = False) -> str:
    """The page of ``Kind``, ``Kind.member.member`` … Raises UsageError with what may have been meant."""
    name, _, rest = path.strip(". ").partition(".")
    known = [*sorted(KINDS), *_OURS]
    if name not in known:
        hint = did_you_mean(name, known, otherwise=f"kinds are: {listing(known)}")
        raise UsageError(f"'{name}' is not a kind", hint=hint)
    if name in _OURS:
        return draw(_of_ours(name, rest), color)
    if rest == "metadata" or rest.startswith("metadata."):
        return draw(_from_schema(f"{name}.metadata", "metadata", rest.removeprefix("metadata").lstrip(".")), color)
    rest = rest.removeprefix("spec").lstrip(".") if rest.split(".")[0] == "spec" else rest
    return draw(_of_kind(KINDS[name], rest), color)


def _of_kind(kind: Kind, path: str) -> Page:
    try:
        member = kind.Spec.member(path)
    except LookupError as error:
        raise _no_such(kind.name, str(error)) from None
    shape_members = member.members or {}
    defaults = set() if member.path else {kind.fields.name, *kind.fields.defaults}
    required = {
        name
        for name in shape_members.keys() - defaults
        if kind.Spec.member(f"{member.path}.{name}".strip(".")).required
    }
    page = Page(
        f"{kind.name}.{member.path}".rstrip("."), member.type, members=shape_members, required=frozenset(required)
    )
    page.documentation = member.documentation
    if member.path:
        filled = member.path == kind.fields.name or member.path in kind.fields.defaults
        page.facts.append(("required", "yes" if member.required and not filled else "no"))
    if member.values:
        page.facts.append(("values", ", ".join(member.values)))
    if member.minimum is not None or member.maximum is not None:
        page.facts.append(("range", _range(member)))
    if not member.path:
        page.facts += _whole(kind)
    else:
        page.facts += _known(kind.fields, _pattern(kind, path))
    return page


def _range(member: Any) -> str:
    unit = " characters" if member.type == "string" else ""
    bounds = [f"at least {member.minimum:g}"] if member.minimum is not None else []
    bounds += [f"at most {member.maximum:g}"] if member.maximum is not None else []
    return ", ".join(bounds) + unit


def _pattern(kind: Kind, path: str) -> str:
    """The pattern of a member in the kind's table: a step through a list or a map is ``*``, written or not."""
    pattern, walked = "", ""
    steps = [part for part in path.replace("[", ".").replace("]", "").split(".") if part and not _any(part)]
    for part in steps:
        outer = kind.Spec.member(walked).type if walked else "object"
        walked = f"{walked}.{part}" if walked else part
        if outer.startswith("map of "):
            pattern = step(pattern, "*")
            continue
        while outer.startswith("list of "):
            pattern, outer = step(pattern, "*"), outer.removeprefix("list of ")
        pattern = step(pattern, part)
    return pattern


def _any(part: str) -> bool:
    return part == "*" or part.isdigit()


def _whole(kind: Kind) -> list[tuple[str, str]]:
    fields = kind.fields
    facts = [("API", f"{kind.Spec.service}:{kind.Spec.operation}")]
    if fields.name:
        facts.append(("AWS name", f"{fields.name}; metadata.name when it is left out"))
    if fields.versioned:
        facts.append(("versioned", "every change is a new revision"))
    if fields.kept:
        facts.append(("pruning", "kept when its manifest goes, unless its own policy says prune: true"))
    return facts


def _known(fields: Fields, pattern: str) -> list[tuple[str, str]]:
    known: Field = fields.at(pattern)
    facts = []
    if known.default is not UNSET:
        facts.append(("default", json.dumps(known.default, ensure_ascii=False, default=str)))
    if pattern == fields.name:
        facts.append(("default", "metadata.name"))
    if pattern in fields.defaults:
        facts.append(("default", f"the environment's {fields.defaults[pattern]}"))
    if not known.create_only:
        facts.append(("a change", effect_words(fields.effect_at(pattern))))
    else:
        facts.append(("a change", "cannot be made in place: the resource is replaced, if policy.replace allows it"))
    if known.shared:
        facts.append(("left out", "not ours: somebody else may set it"))
    if names := [name for name in known.names if name in KINDS]:
        how = "by name, ref: or ARN" if known.by_name else "by ref: or ARN"
        facts.append(("may name", f"{' or '.join(names)}, {how}"))
    if known.key:
        facts.append(("elements", f"known by their {' and '.join(known.key)}; their order counts for nothing"))
    elif known.unordered:
        facts.append(("elements", "a set: their order counts for nothing"))
    return facts


def _of_ours(name: str, path: str) -> Page:
    path = path.removeprefix("spec").lstrip(".") if path.split(".")[0] == "spec" else path
    return _from_schema(name, name, path)


def _from_schema(title: str, definition: str, path: str) -> Page:
    definitions = manifest_schema(KINDS)["definitions"]
    schema = definitions[definition]
    about = schema.get("description", "") or _OURS.get(definition, "")
    walked = title
    for part in filter(None, path.split(".")):
        schema = _inner(schema, definitions)
        members = schema.get("properties", {})
        if part not in members:
            known = listing(sorted(members), most=40)
            hint = did_you_mean(part, members, otherwise=f"its members are: {known}" if members else "it has none")
            raise UsageError(f"'{part}' is not a member of {walked}", hint=hint)
        schema = members[part]
        about, walked = schema.get("description", ""), f"{walked}.{part}"
    whole = _inner(schema, definitions)
    members = whole.get("properties", {})
    types = {name: _type(member, definitions) for name, member in members.items()}
    required = frozenset(whole.get("required", ()))
    page = Page(walked, _type(schema, definitions), members=types, required=required)
    page.documentation = about or whole.get("description", "")
    words = [word for word in _words(schema) if word is not None]
    if words:
        page.facts.append(("values", ", ".join(words)))
    return page


def _inner(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object a schema leads to, through references and lists."""
    while "$ref" in schema or "items" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["items"]
    return schema


def _words(schema: Mapping[str, Any]) -> list[Any]:
    return next((part["enum"] for part in (schema, *schema.get("anyOf", ())) if "enum" in part), [])


def _type(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return "object"
    types = schema.get("type", "string")
    first = types if isinstance(types, str) else types[0]
    if first == "array":
        return f"list of {_type(schema['items'], definitions)}"
    if first == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {_type(schema['additionalProperties'], definitions)}"
    return str(first)


def _no_such(kind: str, said: str) -> UsageError:
    message, _, hint = said.partition("; ")
    if " is not a member of " in message:
        message = message.replace(" is not a member of ", f" is not a member of {kind}.", 1)
    else:
        message = message.replace(" is not a member", f" is not a member of {kind}", 1)
    return UsageError(message, hint=hint)
