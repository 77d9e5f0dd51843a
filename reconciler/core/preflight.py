"""What a look at the world says before anything is written: things a spec names that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.world import World
from reconciler.model.desired import Desired, External
from reconciler.model.errors import Problem, Severity
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.observed import Observed
from reconciler.model.tree import show_path


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


def refusal(world: World, desired: Desired) -> Problem | None:
    """Why a resource must not be written now: the first of what its spec names that is not there."""
    if broken := sorted(key for key in desired.needs | desired.needs_ready if key in world.invalid):
        message = f"it needs {broken[0]}, whose manifest is invalid"
        return Problem("InvalidManifest", message, desired.document.at, desired.key, app=desired.key.app)
    return next((problem for problem in _findings(world, desired.key) if problem.severity is Severity.ERROR), None)


def warnings(world: World, key: Key) -> Iterator[Problem]:
    """What does not hold a resource back, but should be known."""
    return (problem for problem in _findings(world, key) if problem.severity is not Severity.ERROR)


def _findings(world: World, key: Key) -> Iterator[Problem]:
    desired = world.desired[key]
    seen = {}
    for external, path in world.named.get(key, ()):
        at = desired.document.position(path)
        if (external.kind, external.address) in world.outside:
            seen[external.address] = world.outside[external.kind, external.address]
        if found := _external(world, external):
            message, severity = found
            refused = severity is Severity.ERROR
            code = f"{external.kind}NotFound" if refused else "not-checked"
            hint = "create it, declare it, or correct the name" if refused else ""
            yield Problem(code, message, at, key, show_path(path), hint, severity=severity, app=key.app)
    for finding in world.kinds[key.kind].warnings(desired.spec, seen):
        at = desired.document.position(finding.path)
        path_text = show_path(finding.path)
        yield Problem(
            finding.code, finding.message, at, key, path_text, finding.hint, severity=finding.severity, app=key.app
        )


def _external(world: World, external: External) -> tuple[str, Severity] | None:
    seen = world.outside.get((external.kind, external.address))
    if seen is None:
        return None
    what = f"{external.kind} {external.address}"
    if seen.error is not None:
        return f"whether {what} exists could not be checked: {seen.error.message}", Severity.WARNING
    health = world.kinds[external.kind].health(seen)
    if not seen.present:
        return f"there is no {what}", Severity.ERROR
    if health.stalled:
        return f"{what}: {health.message}", Severity.ERROR
    return None
