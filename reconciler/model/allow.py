"""What commits may do in an environment: a list for each matter, and nothing that is not on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allow:
    """Shell patterns, where ``*`` stands for any text; None: anything goes.

    paths   files that may hold manifests: ``apps/shop/*``
    kinds   ``Service``
    roles   IAM roles that specs may name, as the spec writes them or by their name alone
    images  ``123456789012.dkr.ecr.eu-west-1.amazonaws.com/*``
    """

    paths: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    images: tuple[str, ...] | None = None


ANYTHING = Allow()
