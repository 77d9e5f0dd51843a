"""``schema``: the JSON Schema of a manifest, for editors."""

from __future__ import annotations

import json
from typing import Any

import click

from reconciler.cli import completing
from reconciler.cli.options import common, option
from reconciler.cli.runtime import current
from reconciler.model.errors import UsageError
from reconciler.model.suggest import did_you_mean, listing

_REFERENCE = "#/definitions/"


@click.command(short_help="Print the JSON Schema of a manifest, for editors.")
@option("--kind", metavar="KIND", shell_complete=completing.kinds, help="Of manifests of one kind alone.")
@common(verb=True, repository=False)
def command(kind: str | None, **given: Any) -> int:
    """Print the JSON Schema (draft-07) of a manifest.

    With the YAML language server a manifest begins with: # yaml-language-server: $schema=FILE
    """
    run = current()
    run.take(given)
    from reconciler.kinds import KINDS
    from reconciler.source.schema import manifest_schema

    schema = manifest_schema(KINDS)
    run.terminal.out(json.dumps(schema if kind is None else of_kind(schema, kind), indent=2, ensure_ascii=False))
    return 0


def of_kind(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    """What the schema says of one kind, and the definitions that needs. Raises UsageError for an unknown one."""
    known = schema["properties"]["kind"]["enum"]
    if kind not in known:
        hint = did_you_mean(kind, known, otherwise=f"kinds are: {listing(known)}")
        raise UsageError(f"'{kind}' is not a kind", hint=hint)
    branch = next(it for it in schema["allOf"] if it["if"]["properties"]["kind"]["const"] == kind)
    properties = {**schema["properties"], "kind": {"const": kind}, **branch["then"]["properties"]}
    single = {key: value for key, value in schema.items() if key not in ("allOf", "definitions")}
    single |= {"title": kind, "properties": properties}
    definitions: dict[str, Any] = {}
    _collect(properties, schema["definitions"], definitions)
    return {**single, "definitions": dict(sorted(definitions.items()))}


def _collect(part: Any, every: dict[str, Any], found: dict[str, Any]) -> None:
    if isinstance(part, list):
        for element in part:
            _collect(element, every, found)
    elif isinstance(part, dict):
        name = part.get("$ref")
        if isinstance(name, str) and (name := name.removeprefix(_REFERENCE)) not in found:
            found[name] = every[name]
            _collect(every[name], every, found)
        for member in part.values():
            _collect(member, every, found)
