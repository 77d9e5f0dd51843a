"""Members as the settings of an agent have them: texts, times, shares, URLs, and where a secret is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reconciler.model.agent import Kept, Login
from reconciler.model.coercion import to_integer, to_text
from reconciler.model.durations import seconds
from reconciler.source.nodes import Mark, plain
from reconciler.source.telling import Members, convert_or_tell

_LOGIN = {
    "token": ("user", "variable", "file"),
    "githubApp": ("id", "installation", "variable", "file"),
    "ssh": ("file", "knownHosts"),
    "codecommit": (),
}
_HOW = {"token": "token", "githubApp": "github-app", "ssh": "ssh", "codecommit": "codecommit"}

_T = TypeVar("_T")


def login(around: Members) -> Login | None:
    """One way to log in, and what it needs."""
    if around.get("login") is None:
        return None
    at, tell = around.mark("login"), around.tell
    before = tell.so_far
    ways = Members(around.object("login"), "login", tuple(_LOGIN), tell, at)
    named = [name for name in _LOGIN if ways.node is not None and name in ways.node.members]
    if len(named) != 1:
        if not tell.wrong_since(before):
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
        hint = "variable: NAME, or file: PATH"
        said.tell.error("missing-member", f"{said.what} has to say where it is kept", at, hint)
        return None
    return Kept(variable, "" if variable else file)


def kept_in(around: Members, name: str, at: Mark, *, required: bool = True) -> Kept | None:
    if around.get(name) is None:
        if required:
            hint = f"{name}: {{variable: NAME}}, or {name}: {{file: PATH}}"
            around.tell.error("missing-member", f"{around.what} has to say its '{name}'", at, hint)
        return None
    mark = around.mark(name)
    return _kept(Members(around.object(name), f"'{name}'", ("variable", "file"), around.tell, mark), mark)


def each(around: Members, name: str, known: Sequence[str], read: Callable[[Members, Mark], _T | None]) -> Sequence[_T]:
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


def named(said: Members, at: Mark) -> str | None:
    name: str | None = said.value("name", to_text)
    if name is None and said.get("name") is None:
        said.tell.error("missing-member", f"{said.what} has to say its 'name'", at)
    if name is not None and not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        said.tell.error("wrong-value", "'name' is of letters, digits, dashes", said.mark("name"))
    return name


def texts(said: Members, name: str) -> tuple[str, ...] | None:
    if said.get(name) is None:
        return None
    items = (convert_or_tell(item, item.at, f"an element of '{name}'", to_text, said.tell) for item in said.items(name))
    return tuple(item for item in items if item)


def time(said: Members, name: str, otherwise: float, *, least: float) -> float:
    node = said.get(name)
    if node is None:
        return otherwise
    found = seconds(plain(node))
    if found is None or found < least:
        message = f"'{name}' has to be a time of at least {least:.0f} s"
        said.tell.error("wrong-value", message, said.mark(name), "write 90s, 5m or a number of seconds")
        return otherwise
    return found


def share(said: Members) -> float:
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


def count(said: Members, name: str) -> int | None:
    value: Any = said.value(name, to_integer)
    if value is not None and value < 1:
        said.tell.error("wrong-value", f"'{name}' has to be at least 1", said.mark(name))
        return None
    return int(value) if value is not None else None


def web(said: Members, name: str, *starts: str) -> str | None:
    value: str | None = said.value(name, to_text)
    if value is not None and not value.startswith(starts):
        said.tell.error("wrong-value", f"'{name}' has to be a URL", said.mark(name), f"{starts[0]}…")
        return None
    return value
