"""From a draft to a wish: what other tools own is read and the manifests rendered with it, tags of images are pinned.

All of it happens before anything is desired, so a value that has changed is another digest like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from reconciler.engine.lookup import Wish, lookup, narrowed
from reconciler.engine.pin_images import pinned
from reconciler.engine.sources import Doors, Sources
from reconciler.model.allow import Allow
from reconciler.model.desired import Rendered
from reconciler.model.key import Key
from reconciler.model.kind import Kinds, Reader
from reconciler.model.lookup import Found, LookedUp, Lookup, Unfound, Values
from reconciler.source.render import render
from reconciler.source.revision import Revision


@dataclass(frozen=True)
class Draft:
    """What an environment wants, as far as it can be said without asking anybody.

    ``wish`` is all there is to know when nothing is looked up and nothing pinned. ``apps``: those that are meant; none
    named: all. ``allow`` is what may be done there besides what the environment itself says.
    """

    revision: Revision
    rendered: Rendered
    kinds: Kinds
    apps: tuple[str, ...]
    wish: Wish
    allow: tuple[Allow, ...] = ()


def draft(
    revision: Revision, environment: str, kinds: Kinds, apps: Collection[str] = (), allow: Iterable[Allow] = ()
) -> Draft:
    """Render and link. Raises InvalidManifests where there is no such environment."""
    rendered, allowed = render(revision, environment, kinds), tuple(allow)
    return Draft(revision, rendered, kinds, tuple(apps), _wish(rendered, kinds, apps, allowed), allowed)


def settle(made: Draft, read: Reader, doors: Doors) -> Wish:
    """The wish, with everything read that the apps which are meant need. What cannot be had is among its problems."""
    rendered, wish = made.rendered, made.wish
    sources = Sources(read, doors, made.revision.root)
    values: dict[Lookup, Found | Unfound] = {}
    # once is enough, unless what was read selects a patch that looks up more
    while wanted := _needed(rendered, _meant(wish, made.apps)) - values.keys():
        values |= sources.values(sorted(wanted, key=lambda it: it.name))
        rendered = render(made.revision, rendered.environment.name, made.kinds, values)
        wish = _wish(rendered, made.kinds, made.apps, made.allow)
    meant = _meant(wish, made.apps)
    exact = pinned(read, rendered, meant, made.kinds)
    if exact is not rendered:
        wish = _wish(exact, made.kinds, made.apps, made.allow)
    return replace(wish, lookups=_told(rendered, values, meant))


def _wish(rendered: Rendered, kinds: Kinds, apps: Collection[str], allow: tuple[Allow, ...]) -> Wish:
    wish = lookup(rendered, kinds, allow)
    return narrowed(wish, apps) if apps else wish


def _meant(wish: Wish, apps: Collection[str]) -> frozenset[Key]:
    """The keys of which everything has to be known: those of the apps, and what these need of others."""
    needed = (item.needs | item.needs_ready for item in wish.desired.values())
    return frozenset(wish.desired).union(*needed) | {key for key in wish.invalid if not apps or key.app in apps}


def _needed(rendered: Rendered, meant: frozenset[Key]) -> set[Lookup]:
    return {lookup for lookup, keys in rendered.needs.items() if keys & meant}


def _told(rendered: Rendered, values: Values, meant: frozenset[Key]) -> tuple[LookedUp, ...]:
    """What the plan rests on, in the order of names."""
    found = [
        LookedUp(lookup.name, str(lookup.source), value.edition, tuple(sorted(keys & meant)))
        for lookup, keys in rendered.needs.items()
        if isinstance(value := values.get(lookup), Found) and keys & meant
    ]
    return tuple(sorted(found, key=lambda it: (it.name, it.source)))
