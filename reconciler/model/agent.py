"""What an agent is told to do: its settings, read once at start and checked there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.allow import Allow


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a secret of the agent is: in a variable of its process, or in a file that is read anew at each use."""

    variable: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"the variable {self.variable}" if self.variable else f"the file {self.file}"


@dataclass(frozen=True, slots=True)
class Login:
    """How the agent shows who it is to a git remote, or to the forge that serves it.

    TOKEN: ``secret`` with ``user``. GITHUB_APP: the app ``id`` and its ``installation``; ``secret`` is the private key
    in PEM. SSH: ``secret`` must be a file, the private key; ``known_hosts`` a file. CODECOMMIT: the SDK's credentials.
    """

    how: Literal["token", "github-app", "ssh", "codecommit"]
    secret: Kept = field(default_factory=Kept)
    user: str = ""
    id: str = ""
    installation: str = ""
    known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose signature a commit must carry. ``ssh`` is a file of allowed signers, ``gpg`` one of public keys."""

    ssh: str = ""
    gpg: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """What is watched. ``url`` is a remote (https, ssh) or a path on this machine; seconds.

    ``branch``: empty: what the remote's HEAD names. ``folder`` holds apps/ and environments/. ``worktree``: ``url`` is
    a folder that is read as it lies, and watched, instead of a git repository. ``mirror`` is where objects are kept.
    """

    url: str
    branch: str = ""
    folder: str = ""
    worktree: bool = False
    poll: float = 60.0
    timeout: float = 60.0
    mirror: str = ""
    login: Login | None = None
    signers: Signers | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Who may speak to the agent's API. ``read`` sees; ``write`` also says: sync, suspend, resume, approve, retry,
    rollback. ``apps``: patterns of environment/app that its word is good for."""

    name: str
    secret: Kept
    may: Literal["read", "write"] = "read"
    apps: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook that is listened to at ``/hooks/<name>``: who sends, and the secret it is known by."""

    name: str
    sender: Literal["github", "gitlab", "generic"]
    secret: Kept


@dataclass(frozen=True, slots=True)
class Server:
    """``listen`` is host:port. ``anonymous``: whether status and plan are shown to whoever asks."""

    listen: str = "127.0.0.1:8080"
    anonymous: bool = False
    tokens: tuple[Token, ...] = ()
    hooks: tuple[Hook, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue that EventBridge rules fill; it lies where ``environment`` does (empty: the SDK's own account)."""

    url: str
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Forge:
    """Where commit statuses go. ``repository`` is owner/name, ``api`` the root of the API."""

    kind: Literal["github", "gitlab"]
    repository: str
    api: str
    login: Login


@dataclass(frozen=True, slots=True)
class Channel:
    """Where people are told. ``to``: a URL (kept secret: whoever knows it may write), or the ARN of a topic.

    ``when``: which triggers are told of (empty: all). ``template``: minijinja, of the text. ``environments``, ``apps``:
    patterns. ``secret`` signs the body of a generic webhook.
    """

    name: str
    kind: Literal["slack", "webhook", "sns"]
    to: Kept = field(default_factory=Kept)
    topic: str = ""
    when: tuple[str, ...] = ()
    template: str = ""
    environments: tuple[str, ...] = ("*",)
    apps: tuple[str, ...] = ("*",)
    secret: Kept | None = None


@dataclass(frozen=True)
class AgentSettings:
    """All of it. Seconds.

    ``environments``: those that are worked on, None: all that the repository has. ``allow``: by environment (``*``:
    each), what commits may do there, whatever the repository says. ``resync``: how long nothing may go unlooked-at.
    ``share``: the part of each of AWS's buckets that is used. ``most``: how many environments this replica holds.
    ``url`` is where people find its API, for links.
    """

    repository: Repository
    installation: str = "default"
    environments: tuple[str, ...] | None = None
    allow: Mapping[str, Allow] = field(default_factory=dict)
    resync: float = 300.0
    share: float = 0.5
    most: int | None = None
    server: Server = field(default_factory=Server)
    queues: tuple[Queue, ...] = ()
    forge: Forge | None = None
    channels: tuple[Channel, ...] = ()
    url: str = ""
