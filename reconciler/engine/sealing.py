"""Sealed values in the files of a repository: which there are, and how one is sealed, changed and sealed anew.

Only texts are made here; who asked writes them into the working tree. ``apply`` brings them about like anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.desired import Document, Environment, Rendered
from reconciler.model.errors import Position, ReconcilerError, UsageError
from reconciler.model.key import Key
from reconciler.model.kind import Kinds
from reconciler.model.sealed import PREFIX, Content, Envelope, Sealed, Sealing, bound
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.edit import EditError, replace_scalar
from reconciler.source.nodes import Mark, Source
from reconciler.source.patch_edit import set_patch_member
from reconciler.source.revision import SUFFIXES

MOST = 65_536
"""Bytes a value may have. Source: the quotas of Secrets Manager."""


class Keys(Protocol):
    """Seals and opens values. Raises AwsError, and UsageError where a key is missing."""

    def open(self, content: Content) -> str:
        """The value."""
        ...

    def seal(
        self, value: str, bound_to: str, *, kms: str = "", age: Sequence[str] = (), id: str | None = None
    ) -> Envelope:
        """An envelope with a new data key; without an ``id`` the value is a new one."""
        ...


@dataclass(frozen=True)
class Holder:
    """A manifest that may hold a secret value, in its ``member``.

    ``document`` is None of one that is wrong in some way: a value that is not sealed makes it so.
    """

    key: Key
    member: str
    document: Document | None

    @property
    def sealed(self) -> Sealed | None:
        value = self.document.spec.get(self.member) if self.document else None
        return value if isinstance(value, Sealed) else None

    @property
    def envelope(self) -> Envelope | None:
        """The envelope of our own that it holds; None of what another tool has encrypted."""
        content = self.sealed.content if self.sealed else None
        return content if isinstance(content, Envelope) else None

    @property
    def place(self) -> Position | None:
        """Where it says its value, or which file holds it."""
        return self.document.position((self.member,)) if self.document and self.sealed else None

    @property
    def at(self) -> Position | None:
        """Where the envelope stands."""
        return self.place if self.envelope else None


@dataclass(frozen=True)
class Made:
    """An envelope for a holder. ``same``: it holds the value that was there before, under its id; ``unsure``: why it
    is not known whether it does."""

    holder: Holder
    envelope: Envelope
    same: bool = False
    unsure: str = ""


def holders(rendered: Rendered, kinds: Kinds) -> tuple[Holder, ...]:
    """Every manifest of an environment that may hold a secret value, sorted by key."""
    may = {name: kind.fields.sealed for name, kind in kinds.items() if kind.fields.sealed}
    found = {it.key: Holder(it.key, may[it.key.kind], it) for it in rendered.documents if it.key.kind in may}
    found |= {key: Holder(key, may[key.kind], None) for key in rendered.failed if key.kind in may}
    return tuple(found[key] for key in sorted(found))


def chosen(name: str, among: Iterable[Holder], environment: str) -> Holder:
    """The holder that ``name``, ``Kind/name`` or ``app/Kind/name`` means. Raises UsageError."""
    known = list(among)
    meant = [it for it in known if name in (str(it.key), f"{it.key.kind}/{it.key.name}", it.key.name)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(f"{name} may mean several", hint=f"say {listing([str(it.key) for it in meant])}")
    names = [str(it.key) for it in known]
    short = did_you_mean(name, [it.key.name for it in known], otherwise="")
    hint = short or did_you_mean(name, names, otherwise=f"there are: {listing(names)}" if names else "declare it first")
    raise UsageError(f"no secret or parameter {name} is declared in environment {environment}", hint=hint)


def with_what(environment: Environment, kms: str | None, age: tuple[str, ...]) -> Sealing:
    """With what to seal: as the person says, else as the environment does. Raises UsageError."""
    if kms and age:
        raise UsageError("--kms and --age cannot both be meant", hint="leave one out")
    said = Sealing(kms or "", age)
    if not said and not environment.sealing:
        raise UsageError(
            f"environment {environment.name} does not say with what values are sealed",
            hint="write sealing: {kms: alias/NAME} into its file, or say --kms KEY or --age RECIPIENT",
        )
    return said or environment.sealing


def seal(keys: Keys, environment: str, holder: Holder, value: str, sealing: Sealing) -> Made:
    """Seal a value. The one that is there already keeps its envelope, so that nothing changes by it."""
    check(value)
    known, unsure = holder.envelope, ""
    if known is not None:
        try:
            if keys.open(known) == value:
                return Made(holder, known, same=True)
        except ReconcilerError as error:
            unsure = error.message
    envelope = keys.seal(value, bound(environment, holder.key), kms=sealing.kms, age=sealing.age)
    return Made(holder, envelope, unsure=unsure)


def resealed(keys: Keys, holder: Holder, sealing: Sealing) -> Made:
    """The same value under the same id, with a new data key."""
    known = holder.envelope
    assert known is not None
    value = keys.open(known)
    envelope = keys.seal(value, known.bound_to, kms=sealing.kms, age=sealing.age, id=known.id)
    return Made(holder, envelope, same=True)


def opened(keys: Keys, holder: Holder) -> str:
    """The value that a manifest holds. Raises UsageError when it holds none."""
    sealed = holder.sealed
    if sealed is None or sealed.content is None:
        why = "its manifest is wrong: see reconciler validate" if holder.document is None else "seal one first"
        raise UsageError(f"{holder.key} holds no sealed value", hint=why)
    return keys.open(sealed.content)


def text_of(data: bytes) -> str | None:
    """Bytes as text; None when they are none. The error of decoding would carry the bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def check(value: str) -> None:
    """Raise UsageError for what cannot be a secret's value."""
    if not value:
        hint = "write it to stdin: reconciler secret seal NAME <file"
        raise UsageError("there is no value to seal: it is empty", hint=hint)
    if len(value.encode()) > MOST:
        raise UsageError(f"the value has more than {MOST:,} bytes", hint="a secret holds no more")
    if "\0" in value:
        raise UsageError("the value holds a zero byte", hint="encode it: ECS hands secrets over as text")


@dataclass(frozen=True)
class Edit:
    """A file that is to change, by its path from the repository's root; ``before`` is None of one to be made."""

    path: str
    before: bytes | None
    after: bytes


def placed(made: Made, files: Mapping[str, bytes], environment: str) -> Edit:
    """The file with an envelope in it: where the one before stands, else as a patch in the app's own environment file.

    Raises EditError where the file cannot be changed without changing anything else.
    """
    holder, text = made.holder, made.envelope.text
    at = holder.at
    if at is not None and at.file in files:
        before = _decoded(at.file, files[at.file])
        source = Source(at.file, before.removeprefix("\ufeff"))
        if source.line(at.line - 1)[at.column - 1 :].lstrip("\"'").startswith(PREFIX):
            after = replace_scalar(before, Mark(source, at.line - 1, at.column - 1), text)
            return Edit(at.file, files[at.file], after.encode())
    stem = f"apps/{holder.key.app}/environments/{environment}"
    path = next((stem + suffix for suffix in SUFFIXES if stem + suffix in files), f"{stem}.yaml")
    before = _decoded(path, files[path]) if path in files else ""
    after = set_patch_member(before, holder.key.kind, holder.key.name, holder.member, text, file=path)
    return Edit(path, files.get(path), after.encode())


def _decoded(path: str, data: bytes) -> str:
    text = text_of(data)
    if text is None:
        raise EditError("the file is not UTF-8", where=path, hint="edit it by hand")
    return text
