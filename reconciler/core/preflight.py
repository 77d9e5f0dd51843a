"""What a look at the world says before anything is written: things a spec names that are not there, or do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.references import references
from reconciler.core.world import World
from reconciler.model.desired import Desired, External
from reconciler.model.errors import AwsError, Problem, Severity
from reconciler.model.key import Key
from reconciler.model.kind import Kind, Sight
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Change, Preflight
from reconciler.model.tree import Path, Tree, show_path

UNCHECKED = "not-checked"


def missing_external(kind: Kind, desired: Desired, seen: Observed) -> Problem | None:
    """A manifest refers to something that is to exist already, and it does not."""
    health = kind.health(seen)
    if seen.present and health.healthy:
        return None
    address = kind.address(desired.spec)
    message = health.message if seen.present else f"there is no {kind.name} {address}"
    hint = "create it, or correct the name"
    at = desired.document.position((kind.fields.name,))
    return Problem(f"{kind.name}NotFound", message, at, desired.key, kind.fields.name, hint, app=desired.key.app)


def looked_at(world: World, changes: Mapping[Key, Change]) -> dict[Key, Change | None]:
    """The resources of whose surroundings something is to be said, each with what is about to be done to it."""
    if world.preflight is Preflight.NONE:
        return {}
    if world.preflight is Preflight.ALL:
        return {key: changes.get(key) for key in world.desired if world.covers(key.app)}
    return {key: change for key, change in changes.items() if _writes(change) and key in world.desired}


def unread(world: World, changes: Iterable[Change]) -> list[tuple[str, str]]:
    """The things outside that these changes make worth a look and that have not been read, by kind and address."""
    wanted: dict[tuple[str, str], None] = {}
    for key, change in looked_at(world, {change.key: change for change in changes}).items():
        desired = world.desired[key]
        wanted |= {(item.kind, item.address): None for item, _ in world.named.get(key, ())}
        further = world.kinds[key.kind].beside(desired.spec, _sight(world, desired, change))
        wanted |= dict.fromkeys(further)
    return [name for name in wanted if name not in world.outside]


def refusal(world: World, desired: Desired, change: Change | None = None) -> Problem | None:
    """Why a resource must not be written now: the first of what its spec names that is not there."""
    if broken := sorted(key for key in desired.needs | desired.needs_ready if key in world.invalid):
        message = f"it needs {broken[0]}, whose manifest is invalid"
        return Problem("InvalidManifest", message, desired.document.at, desired.key, app=desired.key.app)
    if world.preflight is Preflight.NONE or (change is not None and not _writes(change)):
        return None
    found = _findings(world, world.desired[desired.key], change)
    return next((problem for problem in found if problem.severity is Severity.ERROR), None)


def warnings(world: World, changes: Mapping[Key, Change]) -> list[Problem]:
    """What does not hold a resource back, but should be known; where everything is looked at, also what would.

    What could not be looked at is said once for each cause, however many things it is about.
    """
    found: list[Problem] = []
    blind: dict[tuple[str, ...], list[tuple[External, Path, Key, AwsError]]] = {}
    for key, change in looked_at(world, changes).items():
        desired = world.desired[key]
        for external, path in world.named.get(key, ()):
            seen = world.outside.get((external.kind, external.address))
            if seen is not None and seen.error is not None:
                blind.setdefault(_cause(external, seen.error), []).append((external, path, key, seen.error))
        found += [
            problem
            for problem in _findings(world, desired, change)
            if world.preflight is Preflight.ALL or problem.severity is not Severity.ERROR
        ]
    return [*_once(found), *(_not_checked(world, cases) for cases in blind.values())]


def _once(found: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, with those of one cause that nobody could look into said once."""
    same: dict[object, list[Problem]] = {}
    for number, problem in enumerate(found):
        unchecked = problem.code == UNCHECKED
        same.setdefault((problem.message, problem.hint) if unchecked else number, []).append(problem)
    for first, *others in same.values():
        more = f" (and of {len(others)} more)" if others else ""
        yield replace(first, message=first.message + more)


def _writes(change: Change) -> bool:
    return change.action not in (Action.HOLD, Action.DELETE) and not _only_deletes(change)


def _only_deletes(change: Change) -> bool:
    return change.step is Action.DELETE and change.old is not None


def _sight(world: World, desired: Desired, change: Change | None) -> Sight:
    named: dict[Path, Tree] = {}
    live: dict[Path, Tree] = {}
    for external, path in world.named.get(desired.key, ()):
        seen = world.outside.get((external.kind, external.address))
        if seen is not None and seen.spec is not None:
            named[path] = live[path] = seen.spec
    for path, reference in references(desired.spec):
        if reference.key in world.desired:
            named[path] = world.desired[reference.key].spec
        there = world.seen.get(reference.key)
        if there is not None and there.spec is not None:
            live[path] = there.spec
    reading = world.seen.get(desired.key) or Observed(desired.key, NEVER)
    return Sight(reading, change, named, live, world.outside, world.preflight is Preflight.ALL)


def _findings(world: World, desired: Desired, change: Change | None) -> Iterator[Problem]:
    key, document = desired.key, desired.document
    for external, path in world.named.get(key, ()):
        if message := _missing(world, external):
            hint = world.every_kind[external.kind].remedy
            code = f"{external.kind}NotFound"
            yield Problem(code, message, document.position(path), key, show_path(path), hint, app=key.app)
    for finding in world.kinds[key.kind].warnings(desired.spec, _sight(world, desired, change)):
        at, path_text = document.position(finding.path), show_path(finding.path)
        yield Problem(
            finding.code, finding.message, at, key, path_text, finding.hint, severity=finding.severity, app=key.app
        )


def _missing(world: World, external: External) -> str:
    """Why something outside is as good as not there; empty when it is there, or nobody can tell."""
    seen = world.outside.get((external.kind, external.address))
    if seen is None or seen.error is not None:
        return ""
    what = f"{external.kind} {external.address}"
    if not seen.present:
        return f"there is no {what}"
    health = world.every_kind[external.kind].health(seen)
    return f"{what}: {health.message}" if health.stalled else ""


def _cause(external: External, error: AwsError) -> tuple[str, ...]:
    """What makes several things that could not be looked at one piece of news."""
    return external.kind, type(error).__name__, error.operation, error.code


def _not_checked(world: World, cases: list[tuple[External, Path, Key, AwsError]]) -> Problem:
    external, path, key, error = cases[0]
    others = len({item.address for item, *_ in cases}) - 1
    more = f" and {others} more" if others else ""
    at = world.desired[key].document.position(path)
    alone = Problem(
        UNCHECKED,
        f"whether {external.kind} {external.address}{more} exists could not be checked: {error.message}",
        at,
        key,
        show_path(path),
        error.hint,
        severity=Severity.WARNING,
        app=key.app,
    )
    return replace(alone, message=alone.message.replace(" exists could", " exist could", 1)) if others else alone
