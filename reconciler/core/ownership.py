"""Only what is ours is changed: whose a resource is, and whether it may be taken over."""

from __future__ import annotations

from reconciler.model.desired import Desired
from reconciler.model.errors import Problem
from reconciler.model.key import Scope
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy

STACK = "aws:cloudformation:stack-name"


def is_ours(scope: Scope, desired: Desired, seen: Observed) -> bool:
    """Whether the owner tag names this very key."""
    return seen.owner == scope.owner(desired.key)


def refusal(scope: Scope, desired: Desired, seen: Observed, policy: Policy) -> Problem | None:
    """Why a present resource that does not carry our tag may not be taken over; None when it may."""
    what = seen.arn or str(desired.key)
    if stack := seen.tags.get(STACK):
        return _problem(
            desired,
            f"{what} belongs to the CloudFormation stack {stack}",
            "remove it from the stack (DeletionPolicy: Retain), or give the manifest another AWS name",
        )
    if seen.owner is None:
        if policy.adopt:
            return None
        return _problem(
            desired,
            f"{what} exists and carries no owner tag: it was made by hand or by another tool",
            "adopt it with --adopt or policy.adopt: true, or give the manifest another AWS name",
        )
    former = desired.document.formerly
    if former is not None and seen.owner == scope.owner(former):
        return None
    other = scope.key(seen.owner)
    if other is None:
        return _problem(
            desired,
            f"{what} belongs to {seen.owner}, another installation or environment",
            "give the manifest another AWS name, or remove it there first",
        )
    return _problem(
        desired, f"{what} belongs to {other}", f"if it was renamed, say formerly: {other.name} in its metadata"
    )


def _problem(desired: Desired, message: str, hint: str) -> Problem:
    return Problem("OwnershipConflict", message, desired.document.at, desired.key, hint=hint, app=desired.key.app)
