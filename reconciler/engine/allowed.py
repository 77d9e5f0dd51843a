"""What commits may do in an environment, held against what its manifests say: before anything is planned.

Whatever is not on a list is not allowed, nor is what cannot be told: a revision that no manifest declares may hold any
image and role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reconciler.core.references import Linked
from reconciler.model.allow import Allow
from reconciler.model.desired import Document, Environment
from reconciler.model.errors import Problem
from reconciler.model.fields import pattern_of
from reconciler.model.image import in_full
from reconciler.model.kind import Kind, Kinds
from reconciler.model.suggest import listing
from reconciler.model.tree import Path, get_path, leaves, show_path

_ROLES = ("role", "roleArn", "taskRoleArn", "executionRoleArn")
"""Members of AWS's APIs that name a role, whether or not a kind's table says so."""


@dataclass(frozen=True)
class _Rule:
    """One Allow, and who says it."""

    who: str
    allow: Allow
    environment: Environment


def barred(linked: Iterable[Linked], environment: Environment, more: Sequence[Allow], kinds: Kinds) -> list[Problem]:
    """What the manifests hold that is not allowed: by the environment itself, or by ``more``, which agents are told.

    A place that is still to be looked up is passed over: it is looked at again when its value is known.
    """
    rules = [_Rule(f"environment {environment.name}", environment.allow, environment)]
    rules += [_Rule(f"the agent of environment {environment.name}", allow, environment) for allow in more]
    rules = [rule for rule in rules if rule.allow != Allow()]
    documents = list(linked) if rules else []
    return [
        problem
        for it in documents
        for rule in rules
        for problem in _of_one(it, rule, kinds[it.document.key.kind], kinds)
    ]


def _of_one(link: Linked, rule: _Rule, kind: Kind, kinds: Kinds) -> Iterator[Problem]:
    document, allow = link.document, rule.allow
    if not _listed(allow.paths, document.at.file):
        yield _problem(document, rule, (), f"manifests in {document.at.file}", allow.paths)
    if not _listed(allow.kinds, document.key.kind):
        yield _problem(document, rule, (), f"the kind {document.key.kind}", allow.kinds)
    if allow.images is None and allow.roles is None:
        return
    for path, leaf in leaves(link.spec):
        if path in document.unread:
            continue
        names = kind.fields.at(pattern_of(path, kind.fields)).names
        if "Image" in names and allow.images is not None and not _image(document, path, leaf, allow.images):
            yield _problem(document, rule, path, f"the image {leaf}", allow.images)
        elif _names_role(kind, path, names) and allow.roles is not None and not _role(leaf, rule):
            yield _problem(document, rule, path, f"the role {leaf}", allow.roles)
        elif isinstance(leaf, str) and any(name in kinds and kinds[name].fields.versioned for name in names):
            what = f"{leaf}, of which no manifest says what it holds"
            yield _problem(document, rule, path, what, None, "name the manifest instead")


def _problem(
    document: Document, rule: _Rule, path: Path, what: str, patterns: Sequence[str] | None, hint: str = ""
) -> Problem:
    allowed = f"allowed are: {listing(patterns)}" if patterns else "nothing is allowed"
    at = document.position(path) if path else document.at
    key, message = document.key, f"{rule.who} does not allow {what}"
    return Problem("not-allowed", message, at, key, show_path(path), hint or allowed, app=key.app)


def _listed(patterns: Sequence[str] | None, *forms: str) -> bool:
    """Whether one of the forms of a thing is on a list, letter by letter; without a list everything is."""
    return patterns is None or any(fnmatchcase(form, pattern) for form in forms for pattern in patterns)


def _image(document: Document, path: Path, leaf: Any, patterns: Sequence[str]) -> bool:
    """An image as it is written, and in full: with Docker's registry, where it says none. Of one whose tag has been
    pinned, also with that tag. What is no reference to an image cannot be told."""
    written = [str(leaf)] if isinstance(leaf, str) else []
    tag = document.pinned.get(str(get_path(document.spec, (*path[:-1], "name"), "")))
    if tag and written:
        written.append(f"{written[0].partition('@')[0]}:{tag}")
    return any(_listed(patterns, text, full) for text in written if (full := in_full(text)) is not None)


def _names_role(kind: Kind, path: Path, names: Sequence[str]) -> bool:
    if "Role" in names:
        return True
    steps = [str(step) for step in path if isinstance(step, str)]
    if not steps or steps[-1] not in _ROLES:
        return False
    return len(steps) == 1 or not kind.Spec.member(".".join(steps[:-1])).type.startswith("map of ")


def _role(leaf: Any, rule: _Rule) -> bool:
    """A role as it is written; one of this account by its name alone, and by its path and name.

    A name says nothing of the path, so it is never taken for an ARN.
    """
    if not isinstance(leaf, str):
        return False
    account, _, name = leaf.removeprefix("arn:").partition(":role/")
    if not leaf.startswith("arn:"):
        return _listed(rule.allow.roles, leaf)
    own = rule.environment.account_id in (None, account.split(":")[-1])
    return _listed(rule.allow.roles, leaf, *((name, name.rpartition("/")[2]) if own and name else ()))
