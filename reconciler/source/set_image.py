"""``set-image``: a variable that names an image is set where it is given for one environment.

Only what that environment alone reads is changed unless more is asked for, and an image is replaced by an image only:
what a registry would not take, or what is another sort of thing than before, is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.errors import UsageError
from reconciler.model.image import ImageChange, replaceable, sort_of
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.dotenv import is_dotenv
from reconciler.source.dotenv_edit import replace_value
from reconciler.source.edit import replace_scalar
from reconciler.source.given import Giving
from reconciler.source.nodes import List, Map, Mark, Scalar, Source, get, scalars
from reconciler.source.revision import Revision


@dataclass(frozen=True)
class Edited:
    """What was asked for, in the order asked. ``files``: path → content before and after, of those that change."""

    images: tuple[ImageChange, ...]
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)


def read_images(words: Sequence[str]) -> dict[str, str]:
    """``NAME=IMAGE`` by name. Raises UsageError for what is none."""
    images: dict[str, str] = {}
    for word in words:
        name, equals, image = word.partition("=")
        if not equals or not name or not all(name.split(".")):
            raise UsageError(f"{word[:80]!r} is not NAME=IMAGE", hint="such as release=v1.42.0 or image=example/web:2")
        if name in images:
            raise UsageError(f"{name} is given twice", hint="keep one")
        if sort_of(image) is None:
            hint = "write a tag, repository:tag or host:port/repository@sha256:…, without spaces"
            raise UsageError(f"what is given for {name} is no image", hint=hint)
        images[name] = image
    return images


def set_images(
    revision: Revision,
    environment: str,
    kinds: Collection[str],
    images: Mapping[str, str],
    *,
    app: str | None = None,
    everywhere: bool = False,
) -> Edited:
    """What the files are to say, nothing written yet.

    ``environment`` is one of the revision. Raises UsageError where it is not clear, or not allowed, what to change;
    InvalidManifests where the files that give variables are wrong; EditError where one cannot be edited in place.
    """
    giving = Giving.of(revision, kinds)
    if app is not None and app not in giving.by_app(environment, app):
        known = giving.by_app(environment)
        hint = did_you_mean(app, known, otherwise=f"apps are: {listing(sorted(known))}")
        raise UsageError(f"there is no app '{app}' in environment {environment}", hint=hint)
    changes = [_change(giving, environment, app, name, image) for name, image in images.items()]
    changed: dict[str, list[ImageChange]] = {}
    for change in changes:
        if change.changes:
            if not everywhere:
                _refuse_others(change, environment)
            changed.setdefault(change.at.file, []).append(change)
    return Edited(tuple(changes), {file: _edited(revision, file, them) for file, them in changed.items()})


def _change(giving: Giving, environment: str, app: str | None, name: str, image: str) -> ImageChange:
    given = giving.by_app(environment, app)
    places: dict[tuple[str, int, int], tuple[Scalar, list[str]]] = {}
    for reader, variables in given.items():
        node = get(variables, *name.split("."))
        if node is None:
            continue
        if not isinstance(node, Scalar):
            raise _no_single_value(name, node)
        place = (node.at.source.name, node.at.line, node.at.column)
        places.setdefault(place, (node, []))[1].append(reader)
    if not places:
        raise _unknown(name, environment, given.values())
    if len(places) > 1:
        found = [f"{file}:{line + 1} ({listing(apps)})" for (file, line, _), (_, apps) in places.items()]
        first = next(apps[0] for _, apps in places.values())
        hint = f"choose one with --app {first}: {listing(found)}"
        raise UsageError(f"{name} is given in {len(places)} places, for different apps", hint=hint)
    [(node, _)] = places.values()
    before = _before(node, name, image)
    apps = giving.apps_at(environment, name, node.at)
    return ImageChange(name, node.at.position, before, image, apps, giving.environments_at(name, node.at))


def _no_single_value(name: str, node: Map | List) -> UsageError:
    inside = [".".join(map(str, (name, *path))) for path, _ in scalars(node)] if isinstance(node, Map) else []
    what = "an object" if isinstance(node, Map) else "a list"
    hint = f"name one of {listing(inside)}" if inside else ""
    return UsageError(f"{name} is {what}, and no image", where=str(node.at.position), hint=hint)


def _unknown(name: str, environment: str, given: Iterable[Map]) -> UsageError:
    paths = [path for it in given for path, _ in scalars(it) if all(isinstance(step, str) for step in path)]
    known = sorted({".".join(map(str, path)) for path in paths})
    hint = did_you_mean(name, known, otherwise=f"known are: {listing(known)}" if known else "")
    return UsageError(f"there is no variable {name} in environment {environment}", hint=hint)


def _before(node: Scalar, name: str, image: str) -> str:
    """The value that is replaced, as written; UsageError where an image like this one cannot stand in its place."""
    before = node.value if isinstance(node.value, str) else "" if node.value is None else node.text
    where = str(node.at.position)
    if before and (isinstance(node.value, bool) or sort_of(before) is None):
        raise UsageError(f"what {name} is now is no image", where=where, hint="name a variable that holds one")
    if before and not replaceable(before, image):
        hint = f"give {sort_of(before)}, or change what {name} stands for by hand"
        raise UsageError(f"{name} is {sort_of(before)} now, and {sort_of(image)} is given", where=where, hint=hint)
    return before


def _refuse_others(change: ImageChange, environment: str) -> None:
    others = [name for name in change.environments if name != environment]
    if not others:
        return
    folder = f"apps/{change.apps[0]}/" if len(change.apps) == 1 else ""
    hint = (
        f"give {change.name} for {environment} alone, in {folder}environments/{environment}.yaml under 'vars', "
        "or change it for all of them with --everywhere"
    )
    message = f"{change.name} is given where {listing(others)} would change as well"
    raise UsageError(message, where=str(change.at), hint=hint)


def _edited(revision: Revision, file: str, changes: list[ImageChange]) -> tuple[bytes, bytes]:
    """A file before and after; from its end to its beginning, so that no edit moves the place of another."""
    content = revision.beside(file)
    text = content.decode()
    for change in sorted(changes, key=lambda it: (it.at.line, it.at.column), reverse=True):
        if is_dotenv(file):
            text = replace_value(text, file, change.name, change.after)
        else:
            mark = Mark(Source(file, text), change.at.line - 1, change.at.column - 1)
            text = replace_scalar(text, mark, change.after)
    return content, text.encode()
