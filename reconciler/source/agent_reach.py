"""Whom an agent speaks with, as its settings say: who asks it, what wakes it, and where it tells."""

from __future__ import annotations

from typing import Any

from reconciler.model.agent import Channel, Forge, Hook, Kept, Queue, Server, Token
from reconciler.model.coercion import to_boolean, to_text
from reconciler.source.agent_members import each, kept_in, login, named, texts, web
from reconciler.source.nodes import Mark
from reconciler.source.telling import Members

_API = {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}


def read_server(around: Members) -> Server:
    if around.get("server") is None:
        return Server()
    known = ("listen", "anonymous", "callers", "hooks")
    said = Members(around.object("server"), "server", known, around.tell, around.mark("server"))
    listen = said.value("listen", to_text) or Server().listen
    host, colon, port = listen.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        said.tell.error("wrong-value", "'listen' has to be host:port", said.mark("listen"), "listen: 0.0.0.0:8080")
    return Server(
        listen,
        bool(said.value("anonymous", to_boolean)),
        tuple(each(said, "callers", ("name", "token", "may", "apps"), _token)),
        tuple(each(said, "hooks", ("name", "sender", "sharedSecret"), _hook)),
    )


def _token(said: Members, at: Mark) -> Token | None:
    name, secret = named(said, at), kept_in(said, "token", at)
    may: Any = said.word("may", ("read", "write")) or "read"
    return Token(name, secret, may, texts(said, "apps") or ("*",)) if name and secret else None


def _hook(said: Members, at: Mark) -> Hook | None:
    name, secret = named(said, at), kept_in(said, "sharedSecret", at)
    sender: Any = said.word("sender", ("github", "gitlab", "generic"))
    if sender is None and said.get("sender") is None:
        said.tell.error("missing-member", "a hook has to say its 'sender': github, gitlab or generic", at)
    return Hook(name, sender, secret) if name and secret and sender else None


def read_queue(said: Members, at: Mark) -> Queue | None:
    address = web(said, "url", "https://", "http://")
    if address is None and said.get("url") is None:
        said.tell.error("missing-member", "a queue has to say its 'url'", at)
    return Queue(address, said.value("environment", to_text) or "") if address else None


def read_forge(around: Members) -> Forge | None:
    if around.get("forge") is None:
        return None
    at = around.mark("forge")
    said = Members(around.object("forge"), "forge", ("kind", "repository", "api", "login"), around.tell, at)
    kind: Any = said.word("kind", tuple(_API))
    repository, way = said.value("repository", to_text), login(said)
    for name in ("kind", "repository", "login"):
        if said.get(name) is None:
            said.tell.error("missing-member", f"'forge' has to say its '{name}'", at)
    api = web(said, "api", "https://", "http://") or _API.get(kind or "", "")
    return Forge(kind, repository, api.rstrip("/"), way) if kind and repository and way else None


CHANNEL = ("name", "kind", "secretUrl", "topic", "when", "template", "environments", "apps", "sharedSecret")


def read_channel(said: Members, at: Mark) -> Channel | None:
    name = named(said, at)
    kind: Any = said.word("kind", ("slack", "webhook", "sns"))
    if kind is None:
        if said.get("kind") is None:
            said.tell.error("missing-member", "a channel has to say its 'kind': slack, webhook or sns", at)
        return None
    topic = said.value("topic", to_text) or ""
    if kind == "sns" and not topic.startswith("arn:"):
        said.tell.error("missing-member", "a channel of kind sns has to say its 'topic', an ARN", at)
    to = kept_in(said, "secretUrl", at, required=kind != "sns")
    return Channel(
        name or "",
        kind,
        to or Kept(),
        topic,
        texts(said, "when") or (),
        said.value("template", to_text) or "",
        texts(said, "environments") or ("*",),
        texts(said, "apps") or ("*",),
        kept_in(said, "sharedSecret", at, required=False),
    )
