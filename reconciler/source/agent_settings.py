"""Kind Agent: the settings of an agent, from a file beside the repository; all that is wrong is told at its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args

from reconciler.model.agent import (
    AgentSettings,
    Channel,
    Forge,
    Hook,
    Kept,
    Login,
    Queue,
    Repository,
    Server,
    Signers,
    Token,
)
from reconciler.model.allow import Allow
from reconciler.model.coercion import to_boolean, to_integer, to_text
from reconciler.model.durations import seconds
from reconciler.model.errors import InvalidManifests
from reconciler.source.formats import API_VERSION
from reconciler.source.load import load
from reconciler.source.nodes import Mark, Node, Source, plain
from reconciler.source.telling import Members, Teller, convert_or_tell

AGENT = "Agent"

MEMBERS = ("installation", "environments", "maxEnvironments", "resync", "share", "url", "repository", "allow", "server",
           "queues", "forge", "channels")  # fmt: skip
_REPOSITORY = ("url", "branch", "folder", "worktree", "poll", "timeout", "mirror", "login", "signers")
_LOGIN = {
    "token": ("user", "variable", "file"),
    "githubApp": ("id", "installation", "variable", "file"),
    "ssh": ("file", "knownHosts"),
    "codecommit": (),
}
_HOW = {"token": "token", "githubApp": "github-app", "ssh": "ssh", "codecommit": "codecommit"}
_API = {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}

_T = TypeVar("_T")


def read_settings(name: str, data: bytes) -> AgentSettings:
    """The settings in a file. Raises InvalidManifests with everything that is wrong with them."""
    loaded = load(name, data)
    tell = Teller(list(loaded.problems))
    start = Mark(Source(name, ""), 0, 0)
    settings = None
    if len(loaded.documents) != 1:
        if not tell.problems:
            hint = f"write apiVersion: {API_VERSION}, kind: {AGENT}, spec: …"
            tell.error("wrong-value", "the file has to hold one document, the settings of an agent", start, hint)
    else:
        settings = _document(loaded.documents[0], tell, start)
    if settings is None or tell.wrong_since(0):
        raise InvalidManifests(tell.problems)
    return settings


def _document(node: Node, tell: Teller, start: Mark) -> AgentSettings | None:
    outer = Members(node, "the settings", ("apiVersion", "kind", "metadata", "spec"), tell, start)
    outer.word("apiVersion", (API_VERSION,))
    outer.word("kind", (AGENT,))
    for name in ("apiVersion", "kind", "spec"):
        if outer.get(name) is None:
            tell.error("missing-member", f"'{name}' is missing", node.at, f"kind is {AGENT}, spec holds its settings")
    Members(outer.object("metadata"), "metadata", ("name",), tell).value("name", to_text)
    if outer.get("spec") is None:
        return None
    said = Members(outer.object("spec"), "the settings", MEMBERS, tell, outer.mark("spec"))
    repository = _repository(said, outer.mark("spec"))
    if repository is None:
        return None
    return AgentSettings(
        repository,
        installation=said.value("installation", to_text) or "default",
        environments=_texts(said, "environments"),
        allow=_allows(said),
        resync=_time(said, "resync", 300.0, least=10.0),
        share=_share(said),
        most=_count(said, "maxEnvironments"),
        server=_server(said),
        queues=tuple(_each(said, "queues", ("url", "environment"), _queue)),
        forge=_forge(said),
        channels=tuple(_each(said, "channels", _CHANNEL, _channel)),
        url=_url(said, "url", "https://", "http://") or "",
    )


def _repository(around: Members, at: Mark) -> Repository | None:
    if around.get("repository") is None:
        around.tell.error("missing-member", "'repository' is missing", at, "repository: {url: …}")
        return None
    at = around.mark("repository")
    said = Members(around.object("repository"), "repository", _REPOSITORY, around.tell, at)
    url = said.value("url", to_text)
    if not url:
        around.tell.error("missing-member", "'repository' has to say its 'url'", at, "url: https://… or a path")
        return None
    signers = None
    if said.get("signers") is not None:
        keys = Members(said.object("signers"), "signers", ("ssh", "gpg"), said.tell, said.mark("signers"))
        signers = Signers(keys.value("ssh", to_text) or "", keys.value("gpg", to_text) or "")
        if not (signers.ssh or signers.gpg):
            said.tell.error("missing-member", "'signers' has to name a file: 'ssh' or 'gpg'", said.mark("signers"))
    return Repository(
        url,
        branch=said.value("branch", to_text) or "",
        folder=(said.value("folder", to_text) or "").strip("/"),
        worktree=bool(said.value("worktree", to_boolean)),
        poll=_time(said, "poll", 60.0, least=1.0),
        timeout=_time(said, "timeout", 60.0, least=1.0),
        mirror=said.value("mirror", to_text) or "",
        login=_login(said),
        signers=signers,
    )


def _login(around: Members) -> Login | None:
    """One way to log in, and what it needs."""
    if around.get("login") is None:
        return None
    at, tell = around.mark("login"), around.tell
    ways = Members(around.object("login"), "login", tuple(_LOGIN), tell, at)
    named = [name for name in _LOGIN if ways.node is not None and name in ways.node.members]
    if len(named) != 1:
        if ways.node is not None and not tell.wrong_since(0):
            tell.error("wrong-value", f"'login' has to say one way: {', '.join(_LOGIN)}", at)
        return None
    name = named[0]
    said = Members(ways.object(name), name, _LOGIN[name], tell, at)
    secret = _kept(said, at, required=name in ("token", "githubApp"))
    found = Login(
        _HOW[name],  # type: ignore[arg-type]
        secret or Kept(),
        user=said.value("user", to_text) or "",
        id=str(said.value("id", to_text) or ""),
        installation=str(said.value("installation", to_text) or ""),
        known_hosts=said.value("knownHosts", to_text) or "",
    )
    if name == "githubApp" and not (found.id and found.installation):
        tell.error("missing-member", "'githubApp' has to say its 'id' and its 'installation'", at)
    if name == "ssh" and not (found.secret.file and found.known_hosts):
        hint = "ssh takes keys from files alone, and connects to known hosts alone"
        tell.error("missing-member", "'ssh' has to say its 'file' and 'knownHosts'", at, hint)
    return found


def _kept(said: Members, at: Mark, *, required: bool = True) -> Kept | None:
    """Where a secret is. The secret itself is not written into settings."""
    variable, file = said.value("variable", to_text) or "", said.value("file", to_text) or ""
    if variable and file:
        said.tell.error("wrong-value", f"{said.what} says 'variable' and 'file': a secret is in one place", at)
    elif required and not (variable or file):
        hint = "variable: NAME, or file: /run/secrets/…"
        said.tell.error("missing-member", f"{said.what} has to say where its secret is", at, hint)
        return None
    return Kept(variable, "" if variable else file)


def _secret(around: Members, name: str, at: Mark, *, required: bool = True) -> Kept | None:
    if around.get(name) is None:
        if required:
            hint = f"{name}: {{variable: NAME}}, or {name}: {{file: /run/secrets/…}}"
            around.tell.error("missing-member", f"{around.what} has to say its '{name}'", at, hint)
        return None
    mark = around.mark(name)
    return _kept(Members(around.object(name), f"'{name}'", ("variable", "file"), around.tell, mark), mark)


def _allows(said: Members) -> dict[str, Allow]:
    found = {}
    by_name = said.object("allow")
    for name, node in by_name.members.items() if by_name else ():
        at = by_name.keys[name] if by_name else node.at
        lists = Members(node, f"allow of {name}", ("paths", "kinds", "roles", "images"), said.tell, at)
        found[name] = Allow(*(_texts(lists, it) for it in ("paths", "kinds", "roles", "images")))
    return found


def _server(around: Members) -> Server:
    if around.get("server") is None:
        return Server()
    known = ("listen", "anonymous", "tokens", "hooks")
    said = Members(around.object("server"), "server", known, around.tell, around.mark("server"))
    listen = said.value("listen", to_text) or Server().listen
    host, colon, port = listen.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        said.tell.error("wrong-value", "'listen' has to be host:port", said.mark("listen"), "listen: 0.0.0.0:8080")
    return Server(
        listen,
        bool(said.value("anonymous", to_boolean)),
        tuple(_each(said, "tokens", ("name", "secret", "may", "apps"), _token)),
        tuple(_each(said, "hooks", ("name", "sender", "secret"), _hook)),
    )


def _token(said: Members, at: Mark) -> Token | None:
    name, secret = _named(said, at), _secret(said, "secret", at)
    may: Any = said.word("may", get_args(Literal["read", "write"])) or "read"
    return Token(name, secret, may, _texts(said, "apps") or ("*",)) if name and secret else None


def _hook(said: Members, at: Mark) -> Hook | None:
    name, secret = _named(said, at), _secret(said, "secret", at)
    sender: Any = said.word("sender", ("github", "gitlab", "generic"))
    if sender is None and said.get("sender") is None:
        said.tell.error("missing-member", "a hook has to say its 'sender': github, gitlab or generic", at)
    return Hook(name, sender, secret) if name and secret and sender else None


def _queue(said: Members, at: Mark) -> Queue | None:
    url = _url(said, "url", "https://", "http://")
    if url is None and said.get("url") is None:
        said.tell.error("missing-member", "a queue has to say its 'url'", at)
    return Queue(url, said.value("environment", to_text) or "") if url else None


def _forge(around: Members) -> Forge | None:
    if around.get("forge") is None:
        return None
    at = around.mark("forge")
    said = Members(around.object("forge"), "forge", ("kind", "repository", "api", "login"), around.tell, at)
    kind: Any = said.word("kind", tuple(_API))
    repository, login = said.value("repository", to_text), _login(said)
    for name in ("kind", "repository", "login"):
        if said.get(name) is None:
            said.tell.error("missing-member", f"'forge' has to say its '{name}'", at)
    api = _url(said, "api", "https://", "http://") or _API.get(kind or "", "")
    return Forge(kind, repository, api.rstrip("/"), login) if kind and repository and login else None


_CHANNEL = ("name", "kind", "to", "topic", "when", "template", "environments", "apps", "secret")


def _channel(said: Members, at: Mark) -> Channel | None:
    name = _named(said, at)
    kind: Any = said.word("kind", ("slack", "webhook", "sns"))
    if kind is None:
        if said.get("kind") is None:
            said.tell.error("missing-member", "a channel has to say its 'kind': slack, webhook or sns", at)
        return None
    topic = said.value("topic", to_text) or ""
    if kind == "sns" and not topic.startswith("arn:"):
        said.tell.error("missing-member", "a channel of kind sns has to say its 'topic', an ARN", at)
    to = _secret(said, "to", at, required=kind != "sns")
    return Channel(
        name or "",
        kind,
        to or Kept(),
        topic,
        _texts(said, "when") or (),
        said.value("template", to_text) or "",
        _texts(said, "environments") or ("*",),
        _texts(said, "apps") or ("*",),
        _secret(said, "secret", at, required=False),
    )


def _each(around: Members, name: str, known: Sequence[str], read: Callable[[Members, Mark], _T | None]) -> Sequence[_T]:
    """The elements of a list, each with a name of its own where it has one."""
    found: list[_T] = []
    names: dict[str, Mark] = {}
    for node in around.items(name):
        said = Members(node, f"an element of {name}", known, around.tell, node.at)
        made = read(said, node.at)
        own = getattr(made, "name", None)
        if own in names:
            related = [(names[own], "first given here")]
            around.tell.error("duplicate", f"'{own}' is given twice in '{name}'", node.at, related=related)
        elif own:
            names[own] = node.at
        found += [made] if made is not None else []
    return found


def _named(said: Members, at: Mark) -> str | None:
    name: str | None = said.value("name", to_text)
    if name is None and said.get("name") is None:
        said.tell.error("missing-member", f"{said.what} has to say its 'name'", at)
    if name is not None and not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        said.tell.error("wrong-value", "'name' is of letters, digits, dashes", said.mark("name"))
    return name


def _texts(said: Members, name: str) -> tuple[str, ...] | None:
    if said.get(name) is None:
        return None
    items = (convert_or_tell(item, item.at, f"an element of '{name}'", to_text, said.tell) for item in said.items(name))
    return tuple(item for item in items if item)


def _time(said: Members, name: str, otherwise: float, *, least: float) -> float:
    node = said.get(name)
    if node is None:
        return otherwise
    found = seconds(plain(node))
    if found is None or found < least:
        message = f"'{name}' has to be a time of at least {least:.0f} s"
        said.tell.error("wrong-value", message, said.mark(name), "write 90s, 5m or a number of seconds")
        return otherwise
    return found


def _share(said: Members) -> float:
    node = said.get("share")
    if node is None:
        return 0.5
    value = plain(node)
    text = str(value).strip().rstrip("%")
    try:
        found = float(text) / (100 if str(value).strip().endswith("%") else 1)
    except ValueError:
        found = 0.0
    if isinstance(value, bool) or not 0 < found <= 1:
        said.tell.error("wrong-value", "'share' has to be a part of AWS's buckets", said.mark("share"), "write 50%")
        return 0.5
    return found


def _count(said: Members, name: str) -> int | None:
    value: Any = said.value(name, to_integer)
    if value is not None and value < 1:
        said.tell.error("wrong-value", f"'{name}' has to be at least 1", said.mark(name))
        return None
    return int(value) if value is not None else None


def _url(said: Members, name: str, *starts: str) -> str | None:
    value: str | None = said.value(name, to_text)
    if value is not None and not value.startswith(starts):
        said.tell.error("wrong-value", f"'{name}' has to be a URL", said.mark(name), f"{starts[0]}…")
        return None
    return value
