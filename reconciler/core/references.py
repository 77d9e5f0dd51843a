"""How manifests speak of each other: references found, checked, resolved. One generic walk for all kinds."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.desired import App, Document, External, Reference
from reconciler.model.errors import Position, Problem, Severity
from reconciler.model.fields import pattern_of
from reconciler.model.key import Key
from reconciler.model.kind import Kinds, Referent
from reconciler.model.tree import Path, Pending, Tree, leaves, map_leaves, show_path

PREFIX = "ref:"


@dataclass(frozen=True)
class Linked:
    """A document whose references have been found.

    ``spec`` holds a Reference for each; ``needs`` and ``needs_ready`` are the keys that come first.
    """

    document: Document
    spec: Tree
    needs: frozenset[Key]
    needs_ready: frozenset[Key]


def link(
    documents: Iterable[Document],
    apps: Mapping[str, App],
    failed: frozenset[Key],
    kinds: Kinds,
    beyond: Kinds | None = None,
) -> tuple[tuple[Linked, ...], tuple[External, ...], tuple[Problem, ...]]:
    """Find every reference of every document.

    Answers the documents with their references in place, the things outside that they name, and what is wrong: a
    reference to nothing, of an unknown kind, two manifests for one thing. ``failed`` keys exist but are not well;
    ``beyond`` are kinds of things that specs may name and no manifest can declare.
    """
    book = _Book(tuple(documents), failed, kinds, beyond or {})
    linked = tuple(_link_one(document, apps, book) for document in book.documents)
    externals = tuple(External(kind, said, tuple(by)) for (kind, said), by in sorted(book.externals.items()))
    return linked, externals, (*book.problems, *_twins(linked, kinds), *_misfits(linked, kinds))


def resolve(spec: Tree, value: Callable[[Reference], str | Pending]) -> dict[str, Any]:
    """The spec with each Reference replaced by its value."""
    resolved = map_leaves(spec, lambda _, leaf: value(leaf) if isinstance(leaf, Reference) else leaf)
    return dict(resolved)


def referents(by_key: Mapping[Key, Linked]) -> Referent:
    """What references lead to among linked documents."""
    return lambda reference: by_key[reference.key].spec if reference.key in by_key else None


def references(spec: Tree) -> Iterator[tuple[Path, Reference]]:
    """Every Reference of a spec with its path."""
    return ((path, leaf) for path, leaf in leaves(spec) if isinstance(leaf, Reference))


class _Book:
    """What is known of all documents while they are linked, and what is found on the way."""

    def __init__(self, documents: tuple[Document, ...], failed: frozenset[Key], kinds: Kinds, beyond: Kinds) -> None:
        self.documents = documents
        self.kinds = kinds
        self.nameable = {**beyond, **kinds}
        self.by_key = {document.key: document for document in documents}
        self.keys = {document.key for document in documents} | failed
        self.by_address: dict[tuple[str, str], list[Key]] = {}
        for document in documents:
            address = kinds[document.key.kind].address(document.spec)
            if address is not None:
                self.by_address.setdefault((document.key.kind, address), []).append(document.key)
        self.externals: dict[tuple[str, str], list[tuple[Key, Path]]] = {}
        self.problems: list[Problem] = []

    def parts(self, key: Key) -> frozenset[str] | None:
        """The parts of a declared resource that may be referred to; None: any."""
        document = self.by_key.get(key)
        return self.kinds[key.kind].parts(document.spec) if document else None

    def near_miss(self, text: str, kind: str, document: Document, path: Path) -> None:
        """A name that is nearly a manifest's is taken as it is, for something outside; but hardly meant so."""
        names = [key.name for key in self.keys if key.kind == kind and key.app == document.key.app]
        near = [] if ":" in text else difflib.get_close_matches(text, names, 1, 0.75)
        if near:
            message = f"there is no {kind} manifest '{text}': it is taken for one that exists outside"
            hint = f"did you mean {near[0]}?"
            at, key = document.position(path), document.key
            self.problems.append(
                Problem("near-miss", message, at, key, show_path(path), hint, severity=Severity.WARNING, app=key.app)
            )

    def known(self, key: Key, document: Document, at: Position, path: str) -> bool:
        """Whether a key exists; a problem when it does not."""
        if key in self.keys:
            return True
        if key.kind not in self.kinds:
            near = difflib.get_close_matches(key.kind, self.kinds, 1)
            message = f"there is no kind {key.kind}"
            hint = f"did you mean {near[0]}?" if near else f"kinds are {', '.join(self.kinds)}"
        else:
            near = difflib.get_close_matches(str(key), map(str, self.keys), 1)
            message = f"{key} is not declared in this environment"
            hint = f"did you mean {near[0]}?" if near else f"add a {key.kind} named {key.name} to app {key.app}"
        self.problems.append(Problem("dangling-reference", message, at, document.key, path, hint, app=document.key.app))
        return False


def _link_one(document: Document, apps: Mapping[str, App], book: _Book) -> Linked:
    needs: set[Key] = set()

    def link_leaf(path: Path, leaf: Any) -> Any:
        if not isinstance(leaf, str):
            return leaf
        if leaf.startswith(PREFIX):
            found = _explicit(path, leaf, document, book)
        else:
            found, implied = _implicit(path, leaf, document, book)
            needs.update(implied)
        if found is None:
            return leaf
        needs.add(found.key)
        return found

    spec = map_leaves(document.spec, link_leaf)
    needs_ready = {key for key, at in document.depends_on if book.known(key, document, at, "metadata.dependsOn")}
    app = apps.get(document.key.app)
    for name in app.depends_on if app else ():
        needs_ready |= {key for key in book.keys if key.app == name and key != document.key}
    return Linked(document, spec, frozenset(needs), frozenset(needs_ready))


def _implicit(path: Path, text: str, document: Document, book: _Book) -> tuple[Reference | None, tuple[Key, ...]]:
    """What a plain value names: a manifest by its name (a reference), one by its address (an order), or neither."""
    fields = book.kinds[document.key.kind].fields
    known = fields.at(pattern_of(path, fields))
    for name in known.names:
        if known.by_name and (own := Key(document.key.app, name, text)) in book.keys:
            return Reference(own), ()
        kind = book.nameable.get(name)
        address = kind.named(text) if kind else None
        if address is None:
            continue
        declared = [key for key in book.by_address.get((name, address), ()) if key != document.key]
        if not declared and known.by_name:
            book.near_miss(text, name, document, path)
        if not declared and book.kinds[document.key.kind].requires(document.spec, path):
            book.externals.setdefault((name, text), []).append((document.key, path))
        return None, tuple(declared)
    return None, ()


def _explicit(path: Path, text: str, document: Document, book: _Book) -> Reference | None:
    target, _, part = text[len(PREFIX) :].partition("#")
    steps = target.split("/")
    at = document.position(path)
    if len(steps) == 2:
        steps = [document.key.app, *steps]
    if len(steps) != 3 or not all(steps):
        message = f"{text} is not a reference"
        hint = "write ref:Kind/name, ref:app/Kind/name or ref:Kind/name#part"
        book.problems.append(
            Problem("bad-reference", message, at, document.key, show_path(path), hint, app=document.key.app)
        )
        return None
    key = Key(*steps)
    if not book.known(key, document, at, show_path(path)):
        return None
    parts = book.parts(key)
    if part and parts is not None and part not in parts:
        near = difflib.get_close_matches(part, parts, 1)
        hint = f"did you mean #{near[0]}?" if near else f"it has {', '.join(sorted(parts)) or 'no parts'}"
        book.problems.append(
            Problem(
                "unknown-part",
                f"{key} has no part {part}",
                at,
                document.key,
                show_path(path),
                hint,
                app=document.key.app,
            )
        )
    return Reference(key, part)


def _twins(linked: Iterable[Linked], kinds: Kinds) -> Iterator[Problem]:
    """Two manifests that stand for one thing in AWS."""
    first: dict[tuple[str, str], Document] = {}
    by_key = {link.document.key: link for link in linked}

    def named(reference: Reference) -> str:
        """The address of what is referred to, which is what another manifest may call it."""
        link = by_key.get(reference.key)
        address = kinds[reference.key.kind].address(link.document.spec) if link else None
        return address or str(reference)

    for link in by_key.values():
        kind = kinds[link.document.key.kind]
        address = kind.address(resolve(link.spec, named))
        if address is None or kind.external(link.spec) or kind.fields.one_off:
            continue
        other = first.setdefault((kind.name, address), link.document)
        if other is not link.document:
            yield Problem(
                "duplicate-resource",
                f"{link.document.key} and {other.key} are one {kind.name}: {address}",
                link.document.position((kind.fields.name,)),
                link.document.key,
                kind.fields.name,
                f"give one of them another {kind.fields.name}",
                related=((other.position((kind.fields.name,)), "first declared here"),),
                app=link.document.key.app,
            )


def _misfits(linked: Iterable[Linked], kinds: Kinds) -> Iterator[Problem]:
    """What each kind finds wrong between a manifest and those it refers to."""
    by_key = {link.document.key: link for link in linked}
    for key, link in by_key.items():
        for found in kinds[key.kind].check_referents(key, link.spec, referents(by_key)):
            at, path = link.document.position(found.path), show_path(found.path)
            message = f"{path}: {found.message}" if path else found.message
            yield Problem(found.code, message, at, key, path, found.hint, severity=found.severity, app=key.app)
