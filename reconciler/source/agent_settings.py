"""Kind Agent: the settings of an agent, from a file beside the repository; all that is wrong is told at its place."""

from __future__ import annotations

from reconciler.model.agent import AgentSettings, Repository, Signers
from reconciler.model.allow import Allow
from reconciler.model.coercion import to_boolean, to_text
from reconciler.model.errors import InvalidManifests
from reconciler.source.agent_members import count, each, login, share, texts, time, web
from reconciler.source.agent_reach import CHANNEL, read_channel, read_forge, read_queue, read_server
from reconciler.source.formats import API_VERSION
from reconciler.source.load import load
from reconciler.source.nodes import Mark, Node, Source
from reconciler.source.telling import Members, Teller

AGENT = "Agent"

MEMBERS = ("installation", "environments", "maxEnvironments", "resync", "share", "url", "repository", "allow", "server",
           "queues", "forge", "channels")  # fmt: skip
_REPOSITORY = ("url", "branch", "folder", "worktree", "poll", "timeout", "mirror", "login", "signers")


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
        environments=texts(said, "environments"),
        allow=_allows(said),
        resync=time(said, "resync", 300.0, least=10.0),
        share=share(said),
        most=count(said, "maxEnvironments"),
        server=read_server(said),
        queues=tuple(each(said, "queues", ("url", "environment"), read_queue)),
        forge=read_forge(said),
        channels=tuple(each(said, "channels", CHANNEL, read_channel)),
        url=web(said, "url", "https://", "http://") or "",
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
        poll=time(said, "poll", 60.0, least=1.0),
        timeout=time(said, "timeout", 60.0, least=1.0),
        mirror=said.value("mirror", to_text) or "",
        login=login(said),
        signers=signers,
    )


def _allows(said: Members) -> dict[str, Allow]:
    found = {}
    by_name = said.object("allow")
    for name, node in by_name.members.items() if by_name else ():
        at = by_name.keys[name] if by_name else node.at
        lists = Members(node, f"allow of {name}", ("paths", "kinds", "roles", "images"), said.tell, at)
        found[name] = Allow(*(texts(lists, it) for it in ("paths", "kinds", "roles", "images")))
    return found
