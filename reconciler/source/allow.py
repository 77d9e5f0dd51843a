"""What an Environment allows its manifests to hold: lists of patterns."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.model.allow import ANYTHING, Allow
from reconciler.model.coercion import to_text
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.nodes import Mark
from reconciler.source.telling import Members, convert_or_tell

MEMBERS = ("paths", "kinds", "roles", "images")
_WILD = frozenset("*?[")


def read_allow(members: Members, kinds: Collection[str]) -> Allow:
    """Everything, where nothing is said. A list that is empty allows nothing."""
    if members.get("allow") is None:
        return ANYTHING
    said = Members(members.object("allow"), "allow", MEMBERS, members.tell, members.mark("allow"))
    found = {name: tuple(_patterns(said, name)) for name in MEMBERS if said.get(name) is not None}
    for kind, at in found.get("kinds", ()):
        if kind not in kinds and not _WILD & set(kind):
            hint = did_you_mean(kind, kinds, otherwise=f"kinds are: {listing(sorted(kinds), most=30)}")
            members.tell.error("unknown-kind", f"'{kind}' is not a kind", at, hint)
    return Allow(**{name: tuple(pattern for pattern, _ in patterns) for name, patterns in found.items()})


def _patterns(said: Members, name: str) -> Iterator[tuple[str, Mark]]:
    for item in said.items(name):
        text = convert_or_tell(item, item.at, "a pattern", to_text, said.tell)
        if text:
            yield str(text), item.at
        elif text is not None:
            said.tell.error("wrong-value", f"an empty text in '{name}' allows nothing", item.at, "leave it out")
