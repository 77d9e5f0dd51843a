"""The protocol of a kind: everything the rest of the product needs to know of one sort of AWS resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from reconciler.model.desired import Reference
from reconciler.model.errors import AwsError, Conflict, Finding
from reconciler.model.fields import Fields
from reconciler.model.history import Deployed, Revision
from reconciler.model.key import Key
from reconciler.model.observed import Observed, Retention, Wanted
from reconciler.model.permission import Place, Use
from reconciler.model.plan import Call, Change, Left
from reconciler.model.policy import Policy
from reconciler.model.shapes import Shape
from reconciler.model.status import Health, HealthWord
from reconciler.model.tree import Path, Tree

NO_POLICY = Policy()

Referent = Callable[[Reference], Tree | None]
"""The spec a reference leads to; None when it is not well."""


class Answer(dict[str, Any]):
    """The body of one answer; ``at`` is its Date: AWS's clock."""

    def __init__(self, body: Mapping[str, Any], at: datetime) -> None:
        super().__init__(body)
        self.at = at


class Items(list[Any]):
    """What all pages of a listing hold; ``at`` is the Date of the last one."""

    def __init__(self, items: Iterable[Any], at: datetime) -> None:
        super().__init__(items)
        self.at = at


class Reader(Protocol):
    """Can Describe, List and Get, and nothing whose answer holds a secret. Operations are ``service:Operation``."""

    region: str

    def one(self, operation: str, params: Tree, *, region: str | None = None) -> Answer:
        """One answer; raises AwsError."""
        ...

    def many(self, operation: str, params: Sequence[Tree], *, region: str | None = None) -> list[Answer | AwsError]:
        """An answer or an error for each, in the order asked, made in parallel."""
        ...

    def pages(self, operation: str, params: Tree, items: str, *, region: str | None = None) -> list[Any]:
        """The items of every page, or AwsError: never a part."""
        ...


@dataclass(frozen=True)
class Sight:
    """What a look at the world shows of one resource and of what its spec names.

    reading  of the resource itself
    change   what is about to be done to it; None: nothing, it is looked at as it runs
    named    the spec of what a member names, by the member's path: a manifest's, or the reading's of a thing outside
    live     the same as it is there right now; a path that is missing names nothing that is there
    outside  the readings of things that no manifest declares, by kind and what specs call them
    thorough whether everything is looked at, also what no change is about to need
    """

    reading: Observed
    change: Change | None
    named: Mapping[Path, Tree]
    live: Mapping[Path, Tree]
    outside: Mapping[tuple[str, str], Observed]
    thorough: bool = False


class Kind:
    """A kind is one file: this class with what is particular to it filled in. All but ``observe`` is pure."""

    name: ClassVar[str]
    Spec: ClassVar[Shape]
    fields: ClassVar[Fields]
    runs: ClassVar[str] = ""
    """The member that names the revision it runs: what a person's rollback pins. Empty: it cannot be rolled back."""
    restarting: ClassVar[Mapping[str, Any]] = {}
    """What an update says to begin anew although nothing differs. Empty: it cannot be restarted."""
    remedy: ClassVar[str] = "create it, declare it, or correct the name"
    """What to do when something outside that a spec names is not there."""
    uses: ClassVar[tuple[Use, ...]] = ()
    """Every action of IAM that its calls need, and on what. What is missing here is missing in the printed policy."""

    def address(self, spec: Tree) -> str | None:
        """AWS's own identity within the account and region; two manifests with one are an error.

        None while a member it is made of is Pending: then there is nothing yet to look for.
        """
        raise NotImplementedError

    def named(self, value: str) -> str | None:
        """The address that a name or ARN found in a spec speaks of; None when it cannot be of this kind."""
        return value

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterable[Observed]:
        """A reading for each wanted; absent is an answer, a failed reading an Observed with ``error``."""
        raise NotImplementedError

    def calls(self, change: Change) -> Iterable[Call]:
        """All calls that are left for the change's step, in order. A step is never a replacement."""
        raise NotImplementedError

    def second_look(self, read: Reader, changes: Sequence[Change]) -> Iterable[Observed]:
        """Readings with what is asked only of what is about to be updated; those not in it stay as they are."""
        return ()

    def closer_look(
        self, read: Reader, readings: Sequence[Observed], policy_of: Callable[[Key], Policy]
    ) -> Iterable[Observed]:
        """Readings with what is asked only of what is not at rest: why it is not. Those not in it stay as they are."""
        return ()

    def hold(self, change: Change) -> Finding | None:
        """Why what a change rolls out is held: it has failed before, or somebody moved it. What it changes in place is
        still made. Of severity NOTE: it passes by itself."""
        return None

    def released(self, seen: Observed) -> str | None:
        """The id of what holds a resource (a failed deployment, a run): what a person's ``retry`` releases."""
        return None

    def unusable(self, seen: Observed) -> Finding | None:
        """Why nothing can be done with what is there, nor anything new take its place."""
        return None

    def revival(self, seen: Observed) -> Iterable[Call]:
        """The calls that take back a deletion which is under way; none where there is no such thing."""
        return ()

    def revalues(self, change: Change) -> bool:
        """Whether a change in place gives the resource another value, or another identity."""
        return self.fields.versioned and any(field.path[0] != "tags" for field in change.fields)

    def floats(self, spec: Tree) -> bool:
        """Whether what refers to it does not say which value is meant: a new one then reaches only tasks that start."""
        return False

    def dated(self, read: Reader, readings: Sequence[Observed]) -> Iterable[Observed]:
        """Readings whose ``renewed`` is known exactly, where what is cheap to ask knows only the latest it can be."""
        return ()

    def remark(self, change: Change) -> str:
        """What a person should know about a change of this kind."""
        return ""

    def began(self, seen: Observed) -> datetime | None:
        """Since when the tasks that run for it have been started; None: nothing of it starts tasks."""
        return None

    def deployment(self, seen: Observed) -> str | None:
        """The id of the deployment that a resource is at, by which a restart is known again."""
        return None

    def history(self, read: Reader, seen: Observed, most: int) -> Sequence[Deployed]:
        """What was deployed of a resource, newest first, at most so many; raises AwsError."""
        return ()

    def revisions(self, read: Reader, seen: Observed, names: Sequence[str]) -> Sequence[Revision]:
        """Those of these revisions, by ARN or name, that a resource could run and that there are; raises AwsError."""
        return ()

    def patience(self, spec: Tree, policy: Policy) -> float:
        """Seconds that a change of it may take by itself, from its first call to its end."""
        return 0.0

    def retreat(self, seen: Observed, health: Health) -> Iterable[Call]:
        """The calls that take back a rollout which has failed; none where there is nothing to go back to."""
        return ()

    def left(self, change: Change) -> Left | None:
        """Of a one-off kind: what is left of the run that is wanted; None: nothing. An empty digest wants no run."""
        raise NotImplementedError

    def on_failure(self, spec: Tree) -> bool:
        """Whether it is run once for each failure of something else in its app."""
        return False

    def conflict(self, change: Change, error: Conflict) -> Observed | None:
        """The reading that a refusal amounts to, when it says that the call was made before; else None."""
        return None

    def carry(self, seen: Observed) -> Mapping[str, Any]:
        """What a replacement takes over from what it replaces, where the manifest says nothing."""
        return {}

    def located(self, arn: str) -> str | None:
        """The address that an ARN of this kind belongs to."""
        return self.named(arn)

    def requires(self, spec: Tree, path: Path) -> bool:
        """Whether the thing outside that a spec names at a path has to exist before a write."""
        return True

    def parts(self, spec: Tree) -> frozenset[str] | None:
        """The parts ``ref:Kind/name#part`` may name; None: any."""
        return frozenset()

    def open_value(self, spec: Tree) -> bool:
        """Whether the member that is sealed elsewhere may be written as it is: it is no secret."""
        return False

    def external(self, spec: Tree) -> bool:
        """Whether a manifest only refers to something that exists; then nothing of it is ever written."""
        return False

    def normal(self, spec: Tree) -> Tree:
        """Canonical rules that need context; the rest is in ``fields``. Idempotent."""
        return spec

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        """The reading that the answers to all calls of a step amount to."""
        raise NotImplementedError

    def recalled(self, reading: Observed, now: Observed) -> Observed:
        """A reading with what only ``now``, our own answer to a write, knows of it."""
        return reading

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        """How a resource that is there fares, by the clock of its reading; ``policy`` says how patient to be."""
        return Health(HealthWord.HEALTHY)

    def still_names(self, spec: Tree, live: Tree) -> bool:
        """Of a versioned kind: whether a revision that carries the digest of a resolved spec names what is there now.

        A digest is made of what is meant; made anew under its name, that may have another ARN.
        """
        return True

    def reference(self, seen: Observed, part: str) -> str | None:
        """The value of ``ref:Kind/name#part``; None when the kind has no such part."""
        return seen.arn if not part else None

    def check(self, spec: Tree) -> Iterable[Finding]:
        """What AWS would refuse although the shape is right, told from the spec alone. It may hold References."""
        return ()

    def check_referents(self, key: Key, spec: Tree, referent: Referent) -> Iterable[Finding]:
        """What does not go together in a spec, whose references have been found, and what it refers to."""
        return ()

    def essence(self, spec: Tree, referent: Referent) -> Tree | None:
        """What the digest is made of; None: the whole canonical spec."""
        return None

    def warnings(self, spec: Tree, sight: Sight) -> Iterable[Finding]:
        """What a look at the world before a write finds. ``spec`` may hold References."""
        return ()

    def beside(self, spec: Tree, sight: Sight) -> Iterable[tuple[str, str]]:
        """What else is worth a look before a write, as (kind, address): things that no member of the spec names.

        Asked again when these have been read, so one may lead to the next.
        """
        return ()

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        """What a spec says for the templates of ``uses``. It may hold References; of a thing outside it is the name."""
        return ()

    def leads_to(self, spec: Tree, referent: Referent) -> Iterable[tuple[str, str]]:
        """All that ``beside`` may ever ask for, told from the spec alone; an empty address: it does not say which."""
        return ()

    def superseded(self, read: Reader, asked: Sequence[Retention]) -> Iterable[Observed]:
        """Of a versioned kind: readings of the older revisions that nothing needs any more, in ``arn`` and ``others``.

        Absent: there are none. A reading that is not complete is an Observed with ``error``: nothing is retired.
        """
        return ()


Kinds = Mapping[str, Kind]
