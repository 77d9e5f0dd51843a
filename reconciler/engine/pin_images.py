"""Tags of images as the digests that they have in ECR right now, where the policy says ``images: pin``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from reconciler.kinds.outside_images import Pullable, digests, has_digest, tag_of, with_digest
from reconciler.model.desired import Document, Rendered
from reconciler.model.errors import AwsError, NotFound, Problem, Severity
from reconciler.model.fields import Fields, pattern_of
from reconciler.model.key import Key
from reconciler.model.kind import Kinds, Reader
from reconciler.model.lookup import refused
from reconciler.model.tree import Path, get_path, leaves, map_leaves, show_path

_REMEDY = "push the image first, or correct its tag"


@dataclass(frozen=True)
class _Use:
    """One image where a document names it."""

    document: Document
    path: Path
    image: str

    @property
    def container(self) -> str:
        return str(get_path(self.document.spec, (*self.path[:-1], "name"), ""))

    def problem(self, code: str, message: str, hint: str, severity: Severity = Severity.ERROR) -> Problem:
        at, key, path = self.document.position(self.path), self.document.key, show_path(self.path)
        return Problem(code, message, at, key, path, hint, severity=severity, app=key.app)


def pinned(read: Reader, rendered: Rendered, keys: Collection[Key], kinds: Kinds) -> Rendered:
    """The documents with their images pinned; the very same when none is to be. One image is asked for once.

    A document of which an image cannot be found has failed. Only these keys are looked at.
    """
    chosen = [it for it in rendered.documents if it.key in keys and it.policy.images == "pin"]
    uses = [use for document in chosen for use in _uses(document, kinds[document.key.kind].fields)]
    if not uses:
        return rendered
    found = digests(read, dict.fromkeys(use.image for use in uses if tag_of(use.image)))
    exact: dict[Key, dict[Path, str]] = {}
    told: dict[tuple[str, Key | None], Problem] = {}
    for use in uses:
        answer = found.get(use.image)
        if isinstance(answer, str):
            exact.setdefault(use.document.key, {})[use.path] = answer
        elif isinstance(answer, AwsError):
            told[use.image, use.document.key] = use.problem(*_lacking(use.image, answer))
        else:  # said once, and not by each that uses it
            told.setdefault((use.image, None), use.problem(*_left_alone(use.image, answer), Severity.WARNING))
    failed = {it.key for it in told.values() if it.key is not None and it.severity is Severity.ERROR}
    return replace(
        rendered,
        documents=tuple(_with(it, exact.get(it.key, {})) for it in rendered.documents if it.key not in failed),
        problems=(*rendered.problems, *told.values()),
        failed=rendered.failed | failed,
    )


def _uses(document: Document, fields: Fields) -> Iterator[_Use]:
    """The images that are named by a tag, or by none, and are not left to somebody else."""
    for path, leaf in leaves(document.spec):
        if not isinstance(leaf, str) or path in document.unread or leaf.startswith("ref:") or has_digest(leaf):
            continue
        use = _Use(document, path, leaf)
        shown = ".".join(use.container if isinstance(step, int) else step for step in path)
        ignored = any(f"{shown}.".startswith(f"{path}.") for path in document.policy.ignore or ())
        if "Image" in fields.at(pattern_of(path, fields)).names and not ignored:
            yield use


def _with(document: Document, digest_at: dict[Path, str]) -> Document:
    """The document with the images at some paths by their digests, and the tags they were written with recorded."""
    tags: dict[str, str] = {}
    images: dict[Path, str] = {}
    for path, digest in digest_at.items():
        use = _Use(document, path, str(get_path(document.spec, path)))
        tags[use.container] = tag_of(use.image) or ""
        images[path] = with_digest(use.image, digest)
    spec = map_leaves(document.spec, lambda path, leaf: images.get(path, leaf))
    return replace(document, spec=spec, pinned=tags) if tags else document


def _left_alone(image: str, why: Pullable | None) -> tuple[str, str, str]:
    if why is not None:
        message = f"{image} is not pinned: the first pull brings it, by the pull-through cache rule '{why.prefix}'"
        return "not-pinned", message, "pull it once, or write its digest"
    message = f"{image} is not pinned: only images of private ECR registries are"
    return "not-pinned", message, "write its digest, or say 'images: tag' in the policy of this manifest"


def _lacking(image: str, error: AwsError) -> tuple[str, str, str]:
    if isinstance(error, NotFound):
        return "unknown-image", f"{image} cannot be pinned: it is not in its registry", _REMEDY
    why = refused(image, error)
    return why.code if why.code != "unknown-lookup" else "unknown-image", why.message, why.hint
