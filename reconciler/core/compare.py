"""One resource as it should be against one as it is: what differs, and what to send."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.diff import diff, removals, target, undeclared
from reconciler.model import tags
from reconciler.model.canonical import canonical, expand
from reconciler.model.desired import Desired
from reconciler.model.fields import UNSET, Effect, Fields
from reconciler.model.key import IMAGE, OWNER, PRUNE
from reconciler.model.kind import Kind
from reconciler.model.observed import Observed
from reconciler.model.plan import Cause, FieldChange
from reconciler.model.policy import Policy
from reconciler.model.tree import Path, Pending, Tree, get_path, leaves, set_path

AS_IT_WAS = Pending("(as it was)")
"""Stands where it is not known what was in force, only that something else is desired now."""


@dataclass(frozen=True)
class Before:
    """A resource as it was last in force, resolved, and the tags of ours that it had then.

    ``spec`` None: there was none. ``exact``: it was just what is desired now.
    """

    spec: Tree | None
    stamps: Mapping[str, str]
    exact: bool = False


@dataclass(frozen=True)
class Comparison:
    """``changes`` are what differs, ``values`` the changed top-level members to send, ``spec`` the whole to send."""

    changes: tuple[FieldChange, ...]
    values: Mapping[str, Any]
    spec: Tree


def compare(
    kind: Kind,
    desired: Desired,
    seen: Observed,
    policy: Policy,
    stamps: Mapping[str, str],
    before: Before | None = None,
    leave: Collection[tuple[str, ...]] = (),
) -> Comparison:
    """Compare a resolved resource with its reading; a revision that carries our digest is as desired, tags apart.

    With what was in force ``before`` each change has its cause, and what is said no more is removed. What is at the
    paths to ``leave`` is taken as it is.
    """
    fields, ignore = kind.fields, policy.ignore or ()
    tag_changes = tuple(
        change for change in _tag_changes(desired.spec, seen, stamps, ignore, before) if change.path not in leave
    )
    carried = fields.versioned and not ignore and seen.digest == desired.digest
    if carried and kind.still_names(desired.spec, seen.spec or {}):
        return Comparison(tag_changes, {}, desired.spec)
    live = _form(fields, kind.normal(seen.spec or {}))
    normal, raw = _form(fields, kind.normal(desired.spec)), _form(fields, desired.spec)
    then = _form(fields, kind.normal(before.spec)) if before is not None and before.spec is not None else None
    left_alone = {tuple(path.split(".")) for path in (*ignore, *seen.driven)} | {*leave}
    gone = {path: word for path, word in (removals(fields, then, normal, live) if then else ()) if word is not UNSET}
    not_ours: list[Path] = [*sorted(left_alone)]
    normal = _without(target(fields, normal, live, not_ours), gone, left_alone)
    raw = _without(target(fields, raw, live, not_ours), gone, left_alone)
    differs = diff(fields, normal, live)
    if before is not None:
        once = target(fields, then, live, not_ours) if then is not None else None
        differs = tuple(replace(it, cause=cause(it.path, once, normal, live)) for it in differs)
    spec: Tree = desired.spec
    if ignore or leave:
        spec = {**expand(fields, raw), **({"tags": spec["tags"]} if "tags" in spec else {})}
    values = _values(fields, raw, differs)
    sent = {name: _spelled_out(desired.spec.get(name), value, (name,), left_alone) for name, value in values.items()}
    return Comparison((*differs, *tag_changes), sent, spec)


def missing(kind: Kind, spec: Tree, before: Before | None) -> Cause | None:
    """Why a resource is not there that should be."""
    if before is None:
        return None
    if before.spec is None or kind.address(before.spec) != kind.address(spec):
        return "git"
    return "drift" if _form(kind.fields, before.spec) == _form(kind.fields, spec) else "both"


def remaining(kind: Kind, spec: Tree, seen: Observed, policy: Policy, before: Before) -> tuple[str, ...]:
    """What a resolved spec says no more, is still there as it was said, and cannot be taken away by the API."""
    fields = kind.fields
    if before.spec is None or before.exact or fields.versioned:
        return ()
    live, wanted = _form(fields, kind.normal(seen.spec or {})), _form(fields, kind.normal(spec))
    then = _form(fields, kind.normal(before.spec))
    left_alone: list[Path] = [tuple(path.split(".")) for path in (*(policy.ignore or ()), *sorted(seen.driven))]
    shared = {path for path, word in removals(fields, then, wanted, live) if word is UNSET}
    others = undeclared(fields, target(fields, wanted, live, left_alone), live)
    found = shared | {path for path in others if get_path(then, path, UNSET) == get_path(live, path, UNSET)}
    return tuple(sorted(".".join(path) for path in found if path not in left_alone))


def cause(path: Path, before: Tree | None, wanted: Tree, live: Tree) -> Cause:
    """Why a path differs between what is wanted and what is live; ``before`` None: there was nothing. All canonical."""
    was = get_path(before, path, UNSET) if before is not None else AS_IT_WAS
    if any(leaf == AS_IT_WAS for _, leaf in leaves(was)):
        return "git"
    if was == get_path(wanted, path, UNSET):
        return "drift"
    return "git" if was == get_path(live, path, UNSET) else "both"


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


def _without(
    form: dict[str, Any], gone: Mapping[tuple[str, ...], Any], left_alone: Set[tuple[str, ...]]
) -> dict[str, Any]:
    """The form with the words that take away what is said no more."""
    for path, word in gone.items():
        if path not in left_alone:
            form = set_path(form, path, word)
    return form


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
    spec: Tree, seen: Observed, stamps: Mapping[str, str], ignore: tuple[str, ...], before: Before | None
) -> Iterator[FieldChange]:
    """Tags key by key. Those of people are ours to remove where the manifest speaks of tags at all, or did before."""
    said = spec.get("tags")
    wanted, live = _of_people(spec), tags.people_s(seen.tags)
    left_alone = {path.removeprefix("tags.") for path in ignore if path.startswith("tags.")}
    if "tags" in ignore:
        left_alone |= wanted.keys() | live.keys()
    wanted = {key: value for key, value in wanted.items() if key not in left_alone}
    live = {key: value for key, value in live.items() if key not in left_alone}
    once = _of_people(before.spec) if before is not None and before.spec is not None else {}

    def change(key: str, after: Any) -> FieldChange:
        why = _tag_cause(key, once, before, after, seen) if before is not None else None
        return FieldChange(("tags", key), seen.tags.get(key, UNSET), after, Effect.IN_PLACE, why)

    for key, value in sorted({**wanted, **stamps}.items()):
        if seen.tags.get(key, UNSET) != value:
            yield change(key, value)
    unsaid = sorted(live.keys() - wanted.keys())
    gone = [key for key in unsaid if said is not None or live[key] == once.get(key, UNSET)]
    if PRUNE in seen.tags and PRUNE not in stamps:
        gone.append(PRUNE)
    if OWNER in stamps:
        gone += sorted(key for key in seen.tags if key.startswith(IMAGE) and key not in stamps)
    for key in gone:
        yield change(key, UNSET)


def _of_people(spec: Tree) -> dict[str, str]:
    """The tags that a manifest says, in either form."""
    said = spec.get("tags")
    return dict(said) if isinstance(said, Mapping) else tags.to_map(said)


def _tag_cause(key: str, once: Mapping[str, str], before: Before, after: Any, seen: Observed) -> Cause:
    if key.startswith(IMAGE) and not before.exact:  # which tag an image was pinned by then is not in git
        return "git"
    was = {**once, **before.stamps}.get(key, UNSET)
    if before.spec is None:
        return "git"
    if was == after:
        return "drift"
    return "git" if was == seen.tags.get(key, UNSET) else "both"
