"""What differs between a resource as it should be and as it is, member by member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.canonical import canonical, same
from reconciler.model.fields import UNSET, Fields, pattern_of
from reconciler.model.plan import FieldChange
from reconciler.model.tree import Path, Tree, drop_path, get_path, set_path


def target(fields: Fields, desired: Tree, live: Tree, not_ours: Iterable[Path]) -> dict[str, Any]:
    """The canonical form to bring about: what is desired, with the live value where that is not ours to set.

    Not ours are the paths that are said to be (under ``policy.ignore``, say, or driven by somebody else now), and
    shared members left unsaid. Both trees are canonical.
    """
    form = dict(desired)
    foreign: list[Path] = list(not_ours)
    foreign += [
        path
        for path in _shared_paths(fields)
        if get_path(form, path, UNSET) is UNSET and isinstance(get_path(form, path[:-1]), Mapping)
    ]
    # "remove it" is already so where there is nothing
    foreign += [
        path
        for path in _shared_paths(fields)
        if get_path(form, path, UNSET) in ({}, []) and get_path(live, path, UNSET) is UNSET
    ]
    for path in foreign:
        value = get_path(live, path, UNSET)
        form = drop_path(form, path) if value is UNSET else set_path(form, path, value)
    return form


def diff(fields: Fields, wanted: Tree, live: Tree) -> tuple[FieldChange, ...]:
    """The changes that lead from one canonical form to the other, sorted by path.

    A live value that nobody declared, that has no known default and that the API cannot remove is left alone, unless
    the kind is versioned: a new revision simply lacks it.
    """
    if wanted == live:
        return ()
    changes = []
    for path, before, after in _leading(fields, wanted, live):
        pattern = pattern_of(path, fields)
        known = fields.at(pattern)
        if after is UNSET:
            if _stays(fields, pattern):
                continue
            after = known.default if known.default is not UNSET else known.removal
        if before is UNSET:
            before = known.default
        if same(before, after):
            continue
        changes.append(FieldChange(path, before, after, fields.effect_at(pattern)))
    return tuple(sorted(changes, key=lambda change: change.path))


def undeclared(fields: Fields, wanted: Tree, live: Tree) -> tuple[tuple[str, ...], ...]:
    """The paths of live values that nobody declares and that the API cannot remove: ``diff`` leaves them alone."""
    differs = () if wanted == live else _leading(fields, wanted, live)
    return tuple(
        sorted(path for path, _, after in differs if after is UNSET and _stays(fields, pattern_of(path, fields)))
    )


def removals(fields: Fields, before: Tree, desired: Tree, live: Tree) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, what to set) of each shared member that was said before, is said no more, and is still as it was said.

    UNSET: the API cannot take it away. What is handed over, or was changed since, is somebody else's. All trees are
    canonical.
    """
    for path in _shared_paths(fields):
        known, said = fields.at(".".join(path)), get_path(before, path, UNSET)
        if said is UNSET or said in ({}, []) or known.handed_over or get_path(desired, path, UNSET) is not UNSET:
            continue
        if get_path(live, path, UNSET) != said or not isinstance(get_path(desired, path[:-1]), Mapping):
            continue
        word: Any = known.removal
        if word is UNSET and not known.lasting:
            word = {} if known.key else [] if known.unordered else UNSET
        yield path, word


def create_only(fields: Fields, changes: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    """Those of the changes that the API cannot make in place."""
    return tuple(change for change in changes if fields.at(change.path[0]).create_only)


def digestible(fields: Fields, spec: Tree) -> dict[str, Any]:
    """The part of a spec that a digest is made of; a revision's tags change in place and are none of it."""
    form = canonical(fields, spec)
    return {name: value for name, value in form.items() if name != "tags"} if fields.versioned else form


def _shared_paths(fields: Fields) -> Iterator[tuple[str, ...]]:
    for pattern, known in fields.table.items():
        if known.shared and "*" not in pattern:
            yield tuple(pattern.split("."))


def _leading(fields: Fields, wanted: Tree, live: Tree) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(path, before, after) of all that differs, whole objects by their members."""
    return (part for found in _differences(live, wanted) for part in _parts(fields, *found))


def _stays(fields: Fields, pattern: str) -> bool:
    """Whether a live value that nobody declares is left alone: it has no default, and the API cannot remove it."""
    known = fields.at(pattern)
    removable = known.default is not UNSET or known.removal is not UNSET or fields.versioned
    return not removable and not pattern.endswith(".*")


def _differences(live: Tree, wanted: Tree) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(path, before, after) of each difference; a list of order is one value.

    DeepDiff finds the places. It is costly beside ``==``, so it sees only the members that differ.
    """
    from deepdiff import DeepDiff

    seen: set[tuple[str, ...]] = set()
    for name in sorted({*live, *wanted}):
        before, after = live.get(name, UNSET), wanted.get(name, UNSET)
        if before is UNSET or after is UNSET or not (isinstance(before, Mapping) and isinstance(after, Mapping)):
            if before != after:
                yield (name,), before, after
            continue
        if before == after:
            continue
        found = DeepDiff(_opaque(before), _opaque(after), view="tree", threshold_to_diff_deeper=0)
        for level in (level for levels in found.values() for level in levels):
            path = (name, *(str(part) for part in level.path(output_format="list")))
            if path not in seen:
                seen.add(path)
                yield path, get_path(live, path, UNSET), get_path(wanted, path, UNSET)


def _parts(
    fields: Fields, path: tuple[str, ...], before: Any, after: Any
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """A whole object that one side lacks, member by member: each has a default of its own. Elements stay whole."""
    pattern = pattern_of(path, fields)
    known = fields.at(pattern)
    there = before if after is UNSET else after
    if (
        (before is UNSET or after is UNSET)
        and isinstance(there, Mapping)
        and there
        and not (known.key or pattern.endswith(".*") or known.default is not UNSET or known.removal is not UNSET)
    ):
        for name, member in there.items():
            sides = (UNSET, member) if before is UNSET else (member, UNSET)
            yield from _parts(fields, (*path, name), *sides)
    else:
        yield path, before, after


def _opaque(tree: Any) -> Any:
    """The tree with lists and values not known yet turned into text, which DeepDiff does not descend into."""
    if isinstance(tree, Mapping):
        return {name: _opaque(value) for name, value in tree.items()}
    return tree if isinstance(tree, str | int | float | bool) else repr(tree)
