"""One resource as it should be against one as it is: what differs, and what to send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from reconciler.core.diff import diff, target
from reconciler.model import tags
from reconciler.model.canonical import canonical, expand
from reconciler.model.desired import Desired
from reconciler.model.fields import UNSET, Effect, Fields
from reconciler.model.key import IMAGE, OWNER, PRUNE
from reconciler.model.kind import Kind
from reconciler.model.observed import Observed
from reconciler.model.plan import FieldChange
from reconciler.model.policy import Policy
from reconciler.model.tree import Tree, get_path, set_path


@dataclass(frozen=True)
class Comparison:
    """``changes`` are what differs, ``values`` the changed top-level members to send, ``spec`` the whole to send."""

    changes: tuple[FieldChange, ...]
    values: Mapping[str, Any]
    spec: Tree


def compare(kind: Kind, desired: Desired, seen: Observed, policy: Policy, stamps: Mapping[str, str]) -> Comparison:
    """Compare a resolved resource with its reading; a revision that carries our digest is as desired, tags apart."""
    fields, ignore = kind.fields, policy.ignore or ()
    tag_changes = tuple(_tag_changes(desired.spec, seen, stamps, ignore))
    carried = fields.versioned and not ignore and seen.digest == desired.digest
    if carried and kind.still_names(desired.spec, seen.spec or {}):
        return Comparison(tag_changes, {}, desired.spec)
    live = _form(fields, kind.normal(seen.spec or {}))
    normal = target(fields, _form(fields, kind.normal(desired.spec)), live, ignore, seen.driven)
    raw = target(fields, _form(fields, desired.spec), live, ignore, seen.driven)
    differs = diff(fields, normal, live)
    spec: Tree = desired.spec
    if ignore:
        spec = {**expand(fields, raw), **({"tags": spec["tags"]} if "tags" in spec else {})}
    values = _values(fields, raw, differs)
    left_alone = {tuple(path.split(".")) for path in (*ignore, *seen.driven)}
    sent = {name: _spelled_out(desired.spec.get(name), value, (name,), left_alone) for name, value in values.items()}
    return Comparison((*differs, *tag_changes), sent, spec)


def created(kind: Kind, spec: Tree) -> tuple[FieldChange, ...]:
    """Every member a new resource gets; nothing that runs is touched by it."""
    form = canonical(kind.fields, spec)
    return tuple(FieldChange(path, UNSET, leaf, Effect.IN_PLACE) for path, leaf in _members(form))


def _members(form: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The leaves of a canonical form; a list of order is one."""
    if isinstance(form, Mapping) and form:
        for name, member in form.items():
            yield from _members(member, (*path, name))
    else:
        yield path, form


def _form(fields: Fields, spec: Tree) -> dict[str, Any]:
    """The canonical form without tags, which are compared key by key."""
    return canonical(fields, {name: value for name, value in spec.items() if name != "tags"})


def _values(fields: Fields, raw: Tree, changes: tuple[FieldChange, ...]) -> dict[str, Any]:
    """The members to send, as declared; what goes back to a default or is removed must be said too."""
    form = dict(raw)
    for change in changes:
        if get_path(form, change.path, UNSET) is UNSET and change.after is not UNSET:
            form = set_path(form, change.path, change.after)
    members = dict.fromkeys(change.path[0] for change in changes)
    return {member: expand(fields, form[member], member) for member in members if member in form}


def _spelled_out(said: Any, value: Any, path: tuple[str, ...], left_alone: Set[tuple[str, ...]]) -> Any:
    """A member as it is sent, with what the manifest says of it although it is a default: AWS requires some of them."""
    if not isinstance(said, Mapping) or not isinstance(value, Mapping):
        return value
    whole = dict(value)
    for name, member in said.items():
        at = (*path, name)
        if member is None or at in left_alone:
            continue
        whole[name] = _spelled_out(member, whole[name], at, left_alone) if name in whole else member
    return whole


def _tag_changes(
    spec: Tree, seen: Observed, stamps: Mapping[str, str], ignore: tuple[str, ...]
) -> Iterator[FieldChange]:
    """Tags key by key. Those of people are ours to remove only where the manifest speaks of tags at all."""
    said = spec.get("tags")
    wanted = dict(said) if isinstance(said, Mapping) else tags.to_map(said)
    live = tags.people_s(seen.tags)
    left_alone = {path.removeprefix("tags.") for path in ignore if path.startswith("tags.")}
    if "tags" in ignore:
        left_alone |= wanted.keys() | live.keys()
    wanted = {key: value for key, value in wanted.items() if key not in left_alone}
    live = {key: value for key, value in live.items() if key not in left_alone}
    for key, value in sorted({**wanted, **stamps}.items()):
        before = seen.tags.get(key, UNSET)
        if before != value:
            yield FieldChange(("tags", key), before, value, Effect.IN_PLACE)
    gone = sorted(live.keys() - wanted.keys()) if said is not None else []
    if PRUNE in seen.tags and PRUNE not in stamps:
        gone.append(PRUNE)
    if OWNER in stamps:
        gone += sorted(key for key in seen.tags if key.startswith(IMAGE) and key not in stamps)
    for key in gone:
        yield FieldChange(("tags", key), seen.tags[key], UNSET, Effect.IN_PLACE)
