"""One manifest in one environment: variables, patches, defaults, the check of its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.desired import Document, Environment
from reconciler.model.errors import Finding, Severity
from reconciler.model.fields import Effect, step
from reconciler.model.key import Key
from reconciler.model.kind import Kind, Kinds
from reconciler.model.policy import Policy, join
from reconciler.model.shapes import unwrap
from reconciler.model.tree import Path, show_path
from reconciler.source.checks import check_identities, check_ignored, check_tags
from reconciler.source.merge import Merging
from reconciler.source.metadata import Metadata, read_key, read_metadata
from reconciler.source.nodes import (
    Map,
    Mark,
    Node,
    Scalar,
    get,
    is_null,
    key_mark,
    plain,
    positions,
    pruned,
    scalars,
    value_mark,
    with_member,
)
from reconciler.source.patches import Patch, PatchLog, apply, merge_metadata
from reconciler.source.repository import Raw
from reconciler.source.sealing import sealed_value, without_sensitive
from reconciler.source.telling import Members, Teller
from reconciler.source.unread import check, unread_paths
from reconciler.source.variables import Variables, substitute
from reconciler.source.vars_from import Beside

_AT_KEY = {"unknown-member", "missing-member", "response-only"}


@dataclass(frozen=True)
class Setting:
    """What surrounds the manifests of one app in one environment.

    ``marks``: where the environment's members stand; ``beside`` reads other files of the repository.
    """

    environment: Environment
    variables: Variables
    patches: Sequence[Patch]
    policies: Sequence[Policy]
    marks: dict[str, Mark]
    log: PatchLog
    beside: Beside


@dataclass(frozen=True)
class Made:
    """A manifest as rendered. ``document`` is None when something is wrong with it: then only its key is known."""

    key: Key
    at: Mark
    document: Document | None = None
    formerly: tuple[Key, Mark] | None = None


def render_manifest(raw: Raw, key: Key, name_at: Mark, setting: Setting, kinds: Kinds, tell: Teller) -> Made:
    """Render one manifest; what is wrong with it is told."""
    before = tell.so_far
    kind = kinds[raw.kind]
    metadata_node = raw.node.members.get("metadata")
    if metadata_node is not None:
        metadata_node = without_sensitive(substitute(metadata_node, setting.variables, tell), "", tell)
        setting.log.unsure |= any(path[:1] == ("labels",) for path in unread_paths(metadata_node))
    labels = read_metadata(metadata_node, key, kinds, Teller()).labels
    chosen = [patch for patch in setting.patches if patch.selects(key.kind, key.name, key.app, labels)]
    for patch in chosen:
        setting.log.used.add(patch.at)
        metadata_node = apply(patch, setting.variables, "metadata", metadata_node, merge_metadata(tell))
    if metadata_node is not None:
        metadata_node = without_sensitive(metadata_node, "", tell)
    metadata = read_metadata(metadata_node, key, kinds, tell)
    root = raw.node.keys.get("spec", raw.start)
    around = Members(raw.node, "a manifest", tuple(raw.node.members), tell)
    written = around.object("spec")
    if written is None and around.get("spec") is not None:
        return Made(key, name_at, None, metadata.formerly)
    spec = _spec(written or Map({}, {}, root), kind, chosen, setting, tell)
    spec = without_sensitive(spec, kind.fields.sealed, tell)
    spec = _defaults(spec, key, name_at, root, kind, setting, tell)
    _warn_of_commit(spec, kind, tell)
    spec, sealed = sealed_value(spec, key, kind, setting.environment.name, setting.beside, tell)
    clean, findings, further = check(spec, kind)
    if sealed is not None and clean is not None and not findings:
        clean[kind.fields.sealed] = sealed
    check_tags(spec, tell)
    check_ignored(metadata_node, kind, tell)
    told = check_identities(spec, kind.fields, tell)
    if not findings:
        findings = [_with_path(finding) for finding in further if finding.path not in told]
    _tell_findings(findings, spec, root, tell)
    if tell.wrong_since(before) or raw.flawed or clean is None:
        return Made(key, name_at, None, metadata.formerly)
    return Made(key, name_at, _document(key, clean, spec, root, raw, metadata, setting), metadata.formerly)


def _with_path(finding: Finding) -> Finding:
    """A kind's finding speaks of its member; the sentence has to name it."""
    path = show_path(finding.path)
    return replace(finding, message=f"{path}: {finding.message}" if path else finding.message)


def key_of(raw: Raw, variables: Variables, tell: Teller) -> tuple[Key, Mark] | None:
    """The key of a manifest and where its name stands, variables replaced."""
    node = raw.node.members.get("metadata")
    if isinstance(node, Map):  # the rest is replaced, and its mistakes told, once it is known whose they are
        named = {name: substitute(it, variables, tell) for name, it in node.members.items() if name in ("name", "app")}
        node = Map({**node.members, **named}, node.keys, node.at)
    return read_key(node, raw.kind, raw.folder, raw.node.keys.get("metadata", raw.start), tell)


def _spec(written: Map, kind: Kind, patches: Sequence[Patch], setting: Setting, tell: Teller) -> Map:
    """The spec with its variables, out of its wrapper, patched, without nulls."""
    substituted = substitute(written, setting.variables, tell)
    bare = unwrap(plain(substituted), kind.fields)
    _tell_findings(bare.findings, substituted, written.at, tell)
    members: dict[str, Any] = {name: get(substituted, *origin) for name, origin in bare.origin.items()}
    keys = {name: key_mark(substituted, origin) for name, origin in bare.origin.items()}
    spec = Map(members, keys, written.at)
    merging = Merging(kind.fields, tell)
    for patch in patches:
        merged = apply(patch, setting.variables, "spec", spec, merging)
        spec = merged if isinstance(merged, Map) else spec
    setting.log.removed |= merging.removed
    setting.log.not_there |= merging.not_there
    said = pruned(spec, is_null)  # null is absent, as a member and as an element
    assert isinstance(said, Map)
    return said


def _defaults(spec: Map, key: Key, name_at: Mark, root: Mark, kind: Kind, setting: Setting, tell: Teller) -> Map:
    """AWS's name from the manifest's, and what the environment gives."""
    fields = kind.fields
    if fields.name and _unset(spec, fields.name):
        spec = with_member(spec, fields.name, Scalar(key.name, name_at, key.name), name_at)
    for name, attribute in fields.defaults.items():
        if not _unset(spec, name):
            continue
        value = getattr(setting.environment, attribute)
        if value is None and setting.variables.silent:
            continue
        if value is None:
            said = f"'{name}' is missing, and environment {setting.environment.name} has no '{attribute}'"
            tell.error("missing-member", said, root, f"write it in the spec, or '{attribute}' in the environment")
            continue
        at = setting.marks.get(attribute, spec.at)
        spec = with_member(spec, name, Scalar(value, at, str(value)), at)
    return spec


def _unset(spec: Map, name: str) -> bool:
    found = spec.members.get(name)
    return found is None or (isinstance(found, Scalar) and found.value in (None, ""))


def _warn_of_commit(spec: Map, kind: Kind, tell: Teller) -> None:
    for path, scalar in scalars(spec):
        if scalar.commit and kind.fields.effect_at(pattern_of(path)).severity > Effect.IN_PLACE.severity:
            message = "every commit changes this, so every commit rolls the tasks"
            hint = "use a value that changes with the program alone, such as the image's tag"
            tell.warning("commit-rolls-tasks", message, scalar.at, hint, path=show_path(path))
            return


def pattern_of(path: Path) -> str:
    """The pattern of a path in a kind's table."""
    pattern = ""
    for part in path:
        pattern = step(pattern, "*" if isinstance(part, int) else part)
    return pattern


def _tell_findings(findings: Iterable[Finding], spec: Node, root: Mark, tell: Teller) -> None:
    for finding in findings:
        found = get(spec, *finding.path)
        if isinstance(found, Scalar) and found.unread:
            continue
        at = (key_mark if finding.code in _AT_KEY else value_mark)(spec, finding.path)
        if at is spec.at:  # the spec as a whole: its key says more than the first member
            at = root
        path = show_path(finding.path)
        if finding.severity is Severity.ERROR:
            tell.error(finding.code, finding.message, at, finding.hint, path=path)
        else:
            tell.error(finding.code, finding.message, at, finding.hint, path=path, severity=finding.severity)


def _document(
    key: Key, clean: dict[str, Any], spec: Map, root: Mark, raw: Raw, metadata: Metadata, setting: Setting
) -> Document:
    return Document(
        key=key,
        spec=clean,
        positions=positions(spec, key=root),
        at=raw.start.position,
        labels=metadata.labels,
        depends_on=tuple((it, at.position) for it, at in metadata.depends_on),
        formerly=metadata.formerly[0] if metadata.formerly else None,
        policy=join([*setting.policies, metadata.policy]),
        own_policy=metadata.policy,
        unread=unread_paths(spec),
    )
