"""What the repository says: environments, documents as written, resources as desired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.allow import ANYTHING, Allow
from reconciler.model.errors import Position, Problem
from reconciler.model.key import Key
from reconciler.model.lookup import Needs
from reconciler.model.policy import Policy
from reconciler.model.sealed import Sealing
from reconciler.model.tree import Path, Tree
from reconciler.model.window import Window


@dataclass(frozen=True)
class Environment:
    """One place to run in, as ``environments/<name>.yaml`` says.

    ``apps`` None means: every app of the repository. ``call_rates``: (bucket of calls, burst, calls per second).
    ``allow`` is what its manifests may hold. ``lease`` is where the one writer is agreed on: ``dynamodb:<table>`` or
    ``file:<path>``. ``windows`` say when something may be changed, ``approve`` that a person agrees to each plan.
    """

    name: str
    region: str | None = None
    account_id: str | None = None
    assume_role: str | None = None
    endpoint_url: str | None = None
    cluster: str | None = None
    apps: tuple[str, ...] | None = None
    call_rates: tuple[tuple[str, float, float], ...] = ()
    sealing: Sealing = field(default_factory=Sealing)
    policy: Policy = field(default_factory=Policy)
    allow: Allow = ANYTHING
    lease: str | None = None
    windows: tuple[Window, ...] = ()
    approve: bool = False


@dataclass(frozen=True)
class Document:
    """A manifest after environment, patches and variables; its spec has been checked against the kind's shape.

    ``spec`` holds plain values; ``positions`` says where each member was written (of a list element: the element).
    ``depends_on`` are keys as written, not yet known to exist. ``policy`` is the joined policy of environment, app
    and document; ``own_policy`` is the document's own word. ``unread`` are the places of its spec that wait for a value
    to be looked up: the variable's text stands there. ``pinned`` are the tags that pinned images were written with, by
    the name of their container.
    """

    key: Key
    spec: Tree
    positions: Mapping[Path, Position]
    at: Position
    labels: Mapping[str, str] = field(default_factory=dict)
    depends_on: tuple[tuple[Key, Position], ...] = ()
    formerly: Key | None = None
    policy: Policy = field(default_factory=Policy)
    own_policy: Policy = field(default_factory=Policy)
    unread: frozenset[Path] = frozenset()
    pinned: Mapping[str, str] = field(default_factory=dict)

    def position(self, path: Path) -> Position:
        """Where a member of the spec was written, or the nearest thing around it that was."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path[:-1]
        return self.positions.get((), self.at)


@dataclass(frozen=True)
class App:
    """A folder under ``apps/`` as one environment sees it.

    ``windows`` are its own and hold besides the environment's; ``approve``: a person agrees to each of its plans here.
    """

    name: str
    depends_on: tuple[str, ...] = ()
    suspend: bool = False
    policy: Policy = field(default_factory=Policy)
    windows: tuple[Window, ...] = ()
    approve: bool = False


@dataclass(frozen=True)
class Rendered:
    """What one environment wants at one revision, and everything that is wrong with it.

    ``commit`` is None for a directory that is no git repository or is read as it lies. ``complete`` is False when some
    file could not be read or rendered: then nothing may be pruned. ``failed`` are the keys of manifests that are there
    but wrong: they have no document, and what names them names something. ``needs`` is what their variables look up.
    """

    environment: Environment
    commit: str | None
    apps: Mapping[str, App]
    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    failed: frozenset[Key] = frozenset()
    needs: Needs = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return not any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Reference:
    """Stands in a spec for a live value of another resource: ``ref:Kind/name#part``."""

    key: Key
    part: str = ""

    def __str__(self) -> str:
        return f"ref:{self.key}" + (f"#{self.part}" if self.part else "")


@dataclass(frozen=True)
class Desired:
    """A resource as it should be. Leaves of ``spec`` may be References.

    ``digest`` is the hash of the canonical spec with each reference replaced by its referent's digest.
    ``needs`` are the keys that must be there as desired first, ``needs_ready`` those that must be Ready first.
    ``external``: nothing of it is ours to write; it only has to exist. ``content`` is the hash of all that the spec
    says, what the digest leaves out too.
    """

    document: Document
    spec: Tree
    digest: str
    needs: frozenset[Key] = frozenset()
    needs_ready: frozenset[Key] = frozenset()
    external: bool = False
    content: str = ""

    @property
    def key(self) -> Key:
        return self.document.key

    @property
    def policy(self) -> Policy:
        return self.document.policy


@dataclass(frozen=True)
class External:
    """Something a spec names that no manifest declares: an existing secret, log group, cluster.

    ``address`` is what the spec says; ``named_by`` are the places that say it.
    """

    kind: str
    address: str
    named_by: tuple[tuple[Key, Path], ...] = ()
