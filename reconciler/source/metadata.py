"""``metadata`` of a manifest: its key, labels, former name, what it depends on, its own policy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from reconciler.model.coercion import to_text
from reconciler.model.key import Key
from reconciler.model.policy import Policy
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.nodes import Map, Mark, Node, is_null
from reconciler.source.policy import read_policy
from reconciler.source.repository import NAME
from reconciler.source.telling import Members, Teller, convert_or_tell

MEMBERS = ("name", "app", "labels", "formerly", "dependsOn", "policy")
_NAME_HINT = "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 100"


@dataclass(frozen=True)
class Metadata:
    """What ``metadata`` says beside the key."""

    labels: dict[str, str] = field(default_factory=dict)
    depends_on: tuple[tuple[Key, Mark], ...] = ()
    formerly: tuple[Key, Mark] | None = None
    policy: Policy = field(default_factory=Policy)


def read_key(node: Node | None, kind: str, folder: str | None, start: Mark, tell: Teller) -> tuple[Key, Mark] | None:
    """The key of a manifest and where its name stands; None when it has none, which is told."""
    members = Members(node, "metadata", MEMBERS, tell, start)
    name = _name(members, "name")
    app = _name(members, "app") if members.get("app") is not None else folder
    if name is None:
        if members.get("name") is None:
            tell.error("missing-member", "'metadata.name' is missing", start)
        return None
    if app is None and members.get("app") is None:
        message = "a manifest lies in the folder of its app, apps/<app>/, or says 'metadata.app'"
        tell.error("missing-member", message, start)
    if app is None:
        return None
    return Key(app, kind, name), members.mark("name")


def read_metadata(node: Node | None, key: Key, kinds: Collection[str], tell: Teller) -> Metadata:
    """The rest of a manifest's metadata. Unknown members were told with the key."""
    known = node if isinstance(node, Map) else None
    members = Members(known, "metadata", tuple(known.members) if known else (), tell)
    depends_on = []
    for item in members.items("dependsOn"):
        found = _key(item, key, kinds, tell, "what it depends on")
        if found == key:
            tell.error("cycle", f"{key.kind}/{key.name} cannot depend on itself", item.at)
        elif found is not None:
            depends_on.append((found, item.at))
    former = members.get("formerly")
    formerly = _key(former, key, kinds, tell, "its former name", name_alone=True) if former is not None else None
    if formerly == key:
        tell.error("wrong-value", "'formerly' names the manifest itself", members.mark("formerly"))
        formerly = None
    elif formerly is not None and formerly.kind != key.kind:
        message = f"'formerly' names a {formerly.kind}, and a {key.kind} was never one"
        tell.error("wrong-value", message, members.mark("formerly"), f"write the former name of this {key.kind}")
        formerly = None
    return Metadata(
        labels=read_labels(members, tell),
        depends_on=tuple(depends_on),
        formerly=(formerly, members.mark("formerly")) if formerly else None,
        policy=read_policy(members.object("policy"), "policy", tell),
    )


def read_labels(members: Members, tell: Teller) -> dict[str, str]:
    """``labels``: text by name."""
    labels: dict[str, str] = {}
    found = members.object("labels")
    for name, node in found.members.items() if found else ():
        if is_null(node):
            continue
        value = convert_or_tell(node, node.at, f"label '{name}'", to_text, tell)
        if value is not None:
            labels[name] = value
    return labels


def _name(members: Members, which: str) -> str | None:
    value = members.value(which, to_text)
    if value is None:
        return None
    if not NAME.fullmatch(value):
        message = f"'{value[:40]}' cannot be a name" if value else f"'{which}' is empty"
        members.tell.error("wrong-name", message, members.mark(which), _NAME_HINT)
        return None
    return str(value)


def _key(
    item: Node, around: Key, kinds: Collection[str], tell: Teller, what: str, *, name_alone: bool = False
) -> Key | None:
    """``Kind/name`` of the same app or ``app/Kind/name``."""
    text = convert_or_tell(item, item.at, what, to_text, tell)
    if text is None:
        return None
    parts = text.split("/")
    if len(parts) == 1 and name_alone:
        parts = [around.kind, *parts]
    if len(parts) == 2:
        parts = [around.app, *parts]
    if len(parts) != 3 or not all(NAME.fullmatch(part) for part in parts):
        tell.error("wrong-value", f"'{text[:60]}' names no manifest", item.at, "write Kind/name, or app/Kind/name")
        return None
    key = Key(*parts)
    if key.kind not in kinds:
        hint = did_you_mean(key.kind, kinds, otherwise=f"kinds are: {listing(sorted(kinds), most=30)}")
        tell.error("unknown-kind", f"'{key.kind}' is not a kind", item.at, hint)
        return None
    return key
