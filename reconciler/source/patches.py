"""Patches of an environment: which manifests they select, and what they change of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.model.coercion import to_text
from reconciler.model.fields import Fields
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.merge import Merging
from reconciler.source.nodes import Map, Mark, Node
from reconciler.source.telling import Members, Teller, convert_or_tell
from reconciler.source.variables import Variables, substitute

_MEMBERS = ("select", "spec", "metadata")
_SELECT = ("kind", "name", "app", "labels")
_METADATA = ("labels", "policy", "dependsOn")
_LABELS_AND_POLICY = Fields(name="")


@dataclass(frozen=True)
class Patch:
    """``node`` is the whole patch as written; None in a selection means: any."""

    node: Map
    kind: str | None = None
    name: str | None = None
    app: str | None = None
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def at(self) -> Mark:
        return self.node.at

    def selects(self, kind: str, name: str, app: str, labels: Mapping[str, str]) -> bool:
        return (
            self.kind in (None, kind)
            and self.name in (None, name)
            and self.app in (None, app)
            and all(labels.get(label) == value for label, value in self.labels)
        )


class PatchLog:
    """Which patches selected something and which removals found something, over all manifests of a run.

    ``unsure``: labels are not read yet by which more may be selected.
    """

    def __init__(self) -> None:
        self.used: set[Mark] = set()
        self.removed: set[Mark] = set()
        self.not_there: dict[Mark, str] = {}
        self.unsure = False

    def tell(self, patches: Collection[Patch], tell: Teller, *, whole: bool) -> None:
        """Warn of patches without effect. ``whole``: every manifest could be read; else nobody knows."""
        marks = {patch.at for patch in patches}
        for patch in patches:
            if patch.at not in self.used and whole and not self.unsure:
                tell.warning("unused-patch", "this patch selects no manifest", _select_mark(patch))
        for mark, name in self.not_there.items():
            if mark not in self.removed and any(_inside(mark, it) for it in marks):
                tell.warning("unused-patch", f"there is no '{name}' to remove", mark)


def read_patches(members: Members, kinds: Collection[str], tell: Teller) -> tuple[Patch, ...]:
    """The patches of an Environment; one that is wrong is told and left out."""
    patches = []
    for item in members.items("patches"):
        before = tell.so_far
        patch = _read(item, kinds, tell)
        if patch is not None and not tell.wrong_since(before):
            patches.append(patch)
    return tuple(patches)


def apply(patch: Patch, variables: Variables, part: str, base: Node | None, merging: Merging) -> Node | None:
    """``spec`` or ``metadata`` of a manifest with a patch merged in."""
    change = patch.node.members.get(part)
    if not isinstance(change, Map):
        return base
    return merging.merge(base, substitute(change, variables, merging.tell))


def merge_metadata(tell: Teller) -> Merging:
    return Merging(_LABELS_AND_POLICY, tell)


def _read(item: Node, kinds: Collection[str], tell: Teller) -> Patch | None:
    members = Members(item, "a patch", _MEMBERS, tell)
    if members.node is None:
        return None
    select = members.object("select")
    if select is None or not select.members:
        hint = "select: {kind: TaskDefinition}, or by name, app or labels"
        if members.get("select") is None or select is not None:
            tell.error("missing-member", "a patch has to 'select' manifests", item.at, hint)
        return None
    metadata = Members(members.object("metadata"), "metadata of a patch", _METADATA, tell)
    metadata.object("labels")
    members.object("spec")
    if members.get("spec") is None and members.get("metadata") is None:
        tell.error("missing-member", "a patch has to have 'spec' or 'metadata'", item.at)
    chosen = Members(select, "select", _SELECT, tell)
    kind = chosen.value("kind", to_text)
    if kind is not None and kind not in kinds:
        hint = did_you_mean(kind, kinds, otherwise=f"kinds are: {listing(sorted(kinds), most=30)}")
        tell.error("unknown-kind", f"'{kind}' is not a kind", chosen.mark("kind"), hint)
    labels = chosen.object("labels")
    wanted = []
    for label, node in labels.members.items() if labels else ():
        value = convert_or_tell(node, node.at, f"'{label}'", to_text, tell)
        wanted.append((label, str(value)))
    name, app = chosen.value("name", to_text), chosen.value("app", to_text)
    return Patch(members.node, kind, name, app, tuple(wanted))


def _select_mark(patch: Patch) -> Mark:
    return patch.node.keys.get("select", patch.at)


def _inside(mark: Mark, around: Mark) -> bool:
    return mark.source is around.source and (mark.line, mark.column) >= (around.line, around.column)
