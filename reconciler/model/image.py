"""What a text names of a container image: a whole one, a repository, a tag or a digest.

Source: the grammar of github.com/distribution/reference; names are lower case, a tag has up to 128 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.errors import Position

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_LONGEST = 255
_DOCKERS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_AT_ONCE = 1_000


class Sort(StrEnum):
    """What a text names. A word without ``/``, ``:`` and ``@`` is taken for a tag."""

    IMAGE = "a whole image"
    REPOSITORY = "a repository without a tag"
    TAG = "a tag"
    DIGEST = "a digest"


def sort_of(text: str) -> Sort | None:
    """What a text names; None when it is no reference to an image."""
    if len(text) > _AT_ONCE:
        return None
    if re.fullmatch(_DIGEST, text):
        return Sort.DIGEST
    if not any(sign in text for sign in "/:@"):
        return Sort.TAG if re.fullmatch(_TAG, text) else None
    found = _REFERENCE.fullmatch(text)
    if found is None or len(found["repository"]) > _LONGEST:
        return None
    return Sort.IMAGE if found["tag"] or found["digest"] else Sort.REPOSITORY


def repository_of(text: str) -> str | None:
    """The repository that a whole image, or a repository, names."""
    found = _REFERENCE.fullmatch(text) if len(text) <= _AT_ONCE else None
    return found["repository"] if found else None


def in_full(text: str) -> str | None:
    """An image with its registry and tag, as Docker understands it; None when it is no reference to one.

    ``nginx`` → ``docker.io/library/nginx:latest``. The first part is a registry when it has a dot or a port, or is
    ``localhost``; one digest, and a tag beside it that says nothing, stay as they are.
    """
    found = _REFERENCE.fullmatch(text) if len(text) <= _AT_ONCE else None
    if found is None or len(found["repository"]) > _LONGEST:
        return None
    first, slash, rest = found["repository"].partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = "docker.io", found["repository"]
    registry = first.lower() if first.lower() not in _DOCKERS else "docker.io"
    repository = f"library/{rest}" if registry == "docker.io" and "/" not in rest else rest
    tag = f":{found['tag']}" if found["tag"] else "" if found["digest"] else ":latest"
    return f"{registry}/{repository}{tag}" + (f"@{found['digest']}" if found["digest"] else "")


def replaceable(old: str, new: str) -> bool:
    """Whether a text may stand where another one stands: both name the same, or the image's tag was left out."""
    return sort_of(old) == sort_of(new) or (sort_of(old) is Sort.TAG and repository_of(new) == old)


@dataclass(frozen=True, slots=True)
class ImageChange:
    """A variable that names an image, and its new value. ``apps`` and ``environments`` are all that read it there."""

    name: str
    at: Position
    before: str
    after: str
    apps: tuple[str, ...]
    environments: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether it is another value at all."""
        return self.before != self.after
