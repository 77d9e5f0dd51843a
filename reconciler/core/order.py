"""The one graph: what comes before what, cycles named, digests along it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from reconciler.core.diff import digestible
from reconciler.core.references import Linked, referents, resolve
from reconciler.model.desired import Desired, Reference
from reconciler.model.errors import Problem
from reconciler.model.key import Key
from reconciler.model.kind import Kinds
from reconciler.model.sealed import Sealed


def in_order(graph: Mapping[Key, Iterable[Key]]) -> list[Key]:
    """The keys of a graph (key → what comes before it), each after what it needs; among equals in the order of keys.

    Raises graphlib.CycleError.
    """
    sorter = TopologicalSorter({key: set(graph[key]) & graph.keys() for key in sorted(graph)})
    sorter.prepare()
    order: list[Key] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def desire(linked: Iterable[Linked], kinds: Kinds) -> tuple[dict[Key, Desired], tuple[Problem, ...]]:
    """Linked documents as Desired, in an order that converges, each with its digest; or the cycles among them."""
    by_key = {link.document.key: link for link in linked}
    graph = {key: link.needs | link.needs_ready for key, link in by_key.items()}
    problems = []
    while True:
        try:
            order = in_order(graph)
            break
        except CycleError as error:
            cycle = list(reversed(error.args[1]))
            problems.append(_cycle(cycle, by_key))
            for key in cycle:
                graph.pop(key, None)
    desired: dict[Key, Desired] = {}
    for key in order:
        link, kind = by_key[key], kinds[key.kind]

        def digest_of(reference: Reference) -> str:
            found = desired.get(reference.key)
            return f"{found.digest if found else reference.key}#{reference.part}"

        essence = kind.essence(link.spec, referents(by_key))
        spec = resolve(essence if essence is not None else kind.normal(link.spec), digest_of)
        desired[key] = Desired(
            link.document,
            link.spec,
            digest=fingerprint(digestible(kind.fields, spec) if essence is None else spec),
            needs=link.needs,
            needs_ready=link.needs_ready,
            external=kind.external(link.spec),
            content=fingerprint(resolve(link.spec, digest_of)),
        )
    return desired, tuple(problems)


def fingerprint(value: object) -> str:
    """The SHA-256 of a plain value's canonical JSON, in hex; a sealed value stands for its identity."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_identity)
    return hashlib.sha256(text.encode()).hexdigest()


def _identity(value: object) -> dict[str, str]:
    if isinstance(value, Sealed):
        return {"sealed": value.id}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _cycle(cycle: list[Key], by_key: Mapping[Key, Linked]) -> Problem:
    first = min(cycle)
    turn = cycle.index(first)
    members = cycle[turn:-1] + cycle[:turn] if cycle[0] == cycle[-1] else cycle[turn:] + cycle[:turn]
    link = by_key[first]
    return Problem(
        "dependency-cycle",
        "these wait for each other: " + " -> ".join(map(str, [*members, first])),
        link.document.at,
        first,
        hint="remove one of the references or dependsOn",
        app=first.app,
    )
