"""What can go wrong, drawn as a tree. An error says where, what, what to do next, and whether to try again.

ReconcilerError
├── UsageError             the command line or a setting is wrong                                (exit 64)
├── InvalidManifests       the repository does not say something that can be run                 (exit 65)
├── AccessError            credentials are missing, denied, or of another account                (exit 4)
├── StalePlan, LeaseHeld   somebody else was faster                                              (exit 5)
├── SourceError            the repository cannot be read: remote gone, no such commit            (exit 1)
└── AwsError               one call to AWS did not succeed
    ├── Throttled          refused without effect, ask again
    ├── NotFound           what was named is not there
    ├── Denied             an IAM action is missing
    ├── Rejected           AWS says the request is wrong, and will say so again
    │   └── Conflict       because of what an earlier request made
    ├── Unopenable         a sealed value does not open: nothing was sent
    ├── Unavailable        a read got no answer
    └── OutcomeUnknown     a write got no answer: it may or may not have happened
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.key import Key
from reconciler.model.tree import Path


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a file; line and column count from 1. ``text`` is the source line, ``width`` the caret's length."""

    file: str
    line: int
    column: int
    text: str = field(default="", compare=False)
    width: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a manifest or a resource, made to be shown.

    ``message`` is one sentence; ``at`` a place in a file when there is one; ``key`` and ``path`` say of which
    resource and member it speaks; ``hint`` what to do next; ``related`` further places with a word each
    (``(position, "first defined here")``); ``detail`` the evidence, line by line. ``code`` is a stable slug such as
    ``unknown-member``. ``app`` is set when the finding holds back only that app.
    """

    code: str
    message: str
    at: Position | None = None
    key: Key | None = None
    path: str = ""
    hint: str = ""
    related: tuple[tuple[Position, str], ...] = ()
    severity: Severity = Severity.ERROR
    app: str | None = None
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of one spec found, before it is known where the member was written; see Problem."""

    code: str
    path: Path
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    detail: tuple[str, ...] = ()


class ReconcilerError(Exception):
    """An error made to be read by a person: what, where, hint."""

    retry = False

    def __init__(self, message: str, *, where: object = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = str(where)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(ReconcilerError):
    """The command line, a flag's value or a setting is wrong."""


class SourceError(ReconcilerError):
    """The repository cannot be read."""


class InvalidManifests(ReconcilerError):
    """The manifests of a run, with everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problem{'s' * (len(problems) != 1)} in the manifests")
        self.problems = tuple(problems)


class AccessError(ReconcilerError):
    """Credentials are missing, expired, denied, or belong to another account than the environment names."""


class LeaseHeld(ReconcilerError):
    """Another writer holds the environment."""


class StalePlan(ReconcilerError):
    """The world or the repository is no longer what the saved plan was made for."""


class AwsError(ReconcilerError):
    """One call to AWS that did not succeed. ``operation`` is ``service:Operation``, ``code`` AWS's own error code."""

    def __init__(self, message: str, *, operation: str, code: str = "", where: object = "", hint: str = "") -> None:
        super().__init__(message, where=where or operation, hint=hint)
        self.operation = operation
        self.code = code


class Throttled(AwsError):
    """AWS refused because of rate; nothing has happened."""

    retry = True


class NotFound(AwsError):
    """What the call names does not exist."""


class Denied(AwsError):
    """The credentials lack a permission; ``action`` is the IAM action."""

    def __init__(self, message: str, *, operation: str, action: str, code: str = "", where: object = "") -> None:
        super().__init__(message, operation=operation, code=code, where=where, hint=f"allow {action} to this role")
        self.action = action


class Rejected(AwsError):
    """AWS says that the request itself is wrong; the same request will be refused again."""


class Conflict(Rejected):
    """AWS refuses because of what an earlier request made; ``resources`` are the ARNs it names."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        resources: tuple[str, ...],
        code: str = "",
        where: object = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, operation=operation, code=code, where=where, hint=hint)
        self.resources = resources


class Unopenable(AwsError):
    """A sealed value does not open, nor will it until the value or a key is another: what needs it was not sent."""

    def __init__(
        self, message: str, *, where: object, hint: str = "", operation: str = "unseal", code: str = ""
    ) -> None:
        super().__init__(message, operation=operation, code=code, where=where, hint=hint)


class Unavailable(AwsError):
    """A read got no usable answer after the budgeted tries."""

    retry = True


class OutcomeUnknown(AwsError):
    """A write got no answer: it may or may not have taken effect. Read, then decide."""

    retry = True
