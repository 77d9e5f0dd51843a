"""Answers of AWS pasted as manifests: what they are wrapped in, and what only an answer holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import Finding, Severity
from reconciler.model.fields import Fields
from reconciler.model.suggest import listing
from reconciler.model.tree import Path, Tree

_BESIDE = {"failures", "ResponseMetadata", "tags"}


@dataclass(frozen=True)
class Unwrapped:
    """A spec without an answer's wrapping. ``origin`` says for each of its members where in the given spec it was."""

    spec: dict[str, Any]
    origin: Mapping[str, Path]
    findings: tuple[Finding, ...] = ()


def unwrap(spec: Tree, fields: Fields) -> Unwrapped:
    """Take a spec out of its wrapper and leave out what only answers hold, with one note.

    An answer's ``clusterArn`` stands for a missing ``cluster``: so it is for each member that would otherwise be
    taken from the environment.
    """
    findings: list[Finding] = []
    prefix, inner = _inner(spec, fields, findings)
    origin: dict[str, Path] = {name: (*prefix, name) for name in inner}
    made = dict(inner)
    if prefix and spec.get("tags") and not made.get("tags"):
        made["tags"], origin["tags"] = spec["tags"], ("tags",)
    stood_in = set()
    for name in fields.defaults:
        arn = f"{name}Arn"
        if not made.get(name) and arn in fields.response_only and made.get(arn):
            made[name], origin[name] = made[arn], origin[arn]
            stood_in.add(arn)
    ignored = [name for name in made if name in fields.response_only]
    for name in ignored:
        del made[name]
    ignored = [name for name in ignored if name not in stood_in]
    if ignored:
        message = f"ignored, because only answers of AWS hold it: {listing(ignored)}"
        findings.append(Finding("response-only", origin[ignored[0]], message, severity=Severity.NOTE))
    return Unwrapped(made, {name: origin[name] for name in made}, tuple(findings))


def _inner(spec: Tree, fields: Fields, findings: list[Finding]) -> tuple[Path, Tree]:
    for wrapper in fields.wrappers:
        if wrapper not in spec or not set(spec) - {wrapper} <= _BESIDE:
            continue
        match spec[wrapper]:
            case Mapping() as inner:
                return (wrapper,), inner
            case [Mapping() as inner, *more]:
                if more:
                    message = f"'{wrapper}' holds {len(more) + 1} resources; a manifest holds one"
                    findings.append(Finding("several-resources", (wrapper, 1), message, "split it, one document each"))
                return (wrapper, 0), inner
    return (), spec
