"""Variables: ``${{ vars.x }}``, ``${{ env.name }}``, ``${{ git.sha }}``, and what is looked up. Values, no logic.

Lookup is strict. A scalar that is wholly one variable takes its value with its type, an object or a list too.
``$${{`` stands for a literal ``${{``; ``${X}`` and ``$X`` are the container's own and are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.coercion import SpelledFloat, SpelledInt
from reconciler.model.sealed import Sealed
from reconciler.model.secrecy import secret_name
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.lookups import ROOTS, Lookups, is_lookup
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, get, is_unread, scalars
from reconciler.source.telling import Teller

_OPEN = "${{"
_ESCAPED = "$${{"
_CLOSE = "}}"
_MOST = 1_000
_NAME = re.compile(r"\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*", re.ASCII)


@dataclass(frozen=True)
class _Token:
    """``${{ … }}`` in a text, or ``$${{``. ``inside`` is None when it is not closed, or no variable."""

    start: int
    end: int
    text: str
    inside: str | None = None


@dataclass(frozen=True)
class Variables:
    """What variables may name. ``values``: ``vars``, ``env``, ``git`` → members. ``missing``: a name that is known but
    has no value here → why. ``silent``: unknown names are not told, because what defines them could not be read.
    ``lookups``: what may be looked up; None where nothing may.
    """

    values: Mapping[str, Map]
    missing: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    lookups: Lookups | None = None


def substitute(node: Node, variables: Variables, tell: Teller) -> Node:
    """The tree with its variables replaced; one that cannot be is told and left as it is.

    What variables may add is bounded: the same large value in a thousand places is not what anybody meant.
    """
    return _Substitution(variables, tell).tree(node)


@dataclass
class _Substitution:
    """``room``: how many characters and values may still be added."""

    variables: Variables
    tell: Teller
    room: int = 1 << 20

    def tree(self, node: Node) -> Node:
        if isinstance(node, Map):
            members = {name: self.tree(member) for name, member in node.members.items()}
            for name in members:
                if _OPEN in name:
                    self.tell.error("variable-in-key", "a variable cannot stand in a key", node.keys[name])
            return Map(members, node.keys, node.at)
        if isinstance(node, List):
            return List(tuple(self.tree(item) for item in node.items), node.at)
        if isinstance(node.value, str) and _OPEN in node.value and self.room >= 0:
            return self.scalar(node, node.value)
        return node

    def scalar(self, node: Scalar, text: str) -> Node:
        whole = _wholly(text.strip())
        if whole is None or whole.inside is None:
            return self.text(node, text)
        found = _look_up(whole, node, self.variables, self.tell)
        if found is None or not self.fits(_size(found), node.at):
            return node._replace(unread=True)
        if is_unread(found):
            return node._replace(unread=True)
        _hide(whole.inside, found, node)
        if isinstance(found, Scalar):  # shown where it is used; an object or list where each part was written
            return Scalar(found.value, node.at, found.text, _is_commit(whole.inside))
        return found

    def text(self, node: Scalar, text: str) -> Node:
        """Text with variables inside."""
        pieces: list[str] = []
        end, commit, unread = 0, False, False
        for number, token in enumerate(_tokens(text), 1):
            if number > _MOST:
                self.tell.error("too-large", f"a value holds more than {_MOST:,} variables", node.at)
                return node._replace(unread=True)
            pieces.append(text[end : token.start])
            end = token.end
            if token.text == _ESCAPED:
                pieces.append(_OPEN)
                continue
            found = _look_up(token, node, self.variables, self.tell)
            if is_unread(found):  # the others are asked for as well: all that a text needs is read at once
                unread = True
                continue
            piece = None if found is None else _text(found)
            if found is not None and piece is None:
                message, hint = _not_inside_text(found)
                self.tell.error("wrong-type", message, _mark(node, token), hint)
            if found is None or piece is None or not self.fits(len(piece), node.at):
                return node._replace(unread=True)  # the first that is wrong is told: there may be a thousand
            _hide(token.inside or "", found, node)
            pieces.append(piece)
            commit |= _is_commit(token.inside or "")
        if unread:
            return node._replace(unread=True)
        made = "".join(pieces) + text[end:]
        return Scalar(made, node.at, made or '""', commit)

    def fits(self, size: int, at: Mark) -> bool:
        self.room -= size
        if self.room < 0:
            self.tell.error("too-large", "variables make this manifest larger than a file may be", at)
        return self.room >= 0


def _tokens(text: str) -> Iterator[_Token]:
    """The variables of a text in order; one that is never closed is the last."""
    at = text.find(_OPEN)
    while at >= 0:
        if at > 0 and text[at - 1] == "$":
            token = _Token(at - 1, at + len(_OPEN), _ESCAPED)
        elif (close := text.find(_CLOSE, at)) < 0:
            yield _Token(at, at + len(_OPEN), _OPEN)
            return
        else:
            end = close + len(_CLOSE)
            token = _Token(at, end, text[at:end], text[at + len(_OPEN) : close])
        yield token
        at = text.find(_OPEN, token.end)


def _wholly(text: str) -> _Token | None:
    """The variable that a text is, when it is nothing else."""
    token = next(_tokens(text), None)
    return token if token is not None and (token.start, token.end) == (0, len(text)) else None


def _hide(name: str, found: Node, node: Scalar) -> None:
    """What a variable named like a secret puts at a place is not repeated by what is told of that place."""
    if secret_name(name):
        for _, scalar in scalars(found):
            node.at.source.hide(node.at.line, str(scalar.value))
            node.at.source.hide(node.at.line, scalar.text)


def check_values(node: Node, tell: Teller) -> None:
    """Tell each variable inside the value of a variable: values are not looked up again."""
    for _, scalar in scalars(node):
        if isinstance(scalar.value, str) and _OPEN in scalar.value:
            tell.error("nested-variable", "the value of a variable cannot hold a variable", scalar.at)


def merge_vars(levels: list[Map]) -> Map | None:
    """The variables of several levels, from the widest to the most specific; objects are merged, all else replaced."""
    merged: Map | None = None
    for level in levels:
        merged = level if merged is None else _merged(merged, level)
    return merged


def _merged(below: Map, above: Map) -> Map:
    members = dict(below.members)
    for name, member in above.members.items():
        known = members.get(name)
        members[name] = _merged(known, member) if isinstance(known, Map) and isinstance(member, Map) else member
    return Map(members, {**below.keys, **above.keys}, above.at)


def _size(node: Node) -> int:
    if isinstance(node, Map):
        return sum(len(name) + _size(member) for name, member in node.members.items()) + 1
    if isinstance(node, List):
        return sum(_size(item) for item in node.items) + 1
    return len(node.text) + 1


def _look_up(token: _Token, node: Scalar, variables: Variables, tell: Teller) -> Node | None:
    at = _mark(node, token)
    if token.inside is None:
        tell.error("bad-variable", "'${{' is never closed by '}}'", at, "write $${{ for the text itself")
        return None
    if is_lookup(token.inside):
        return _looked_up(token.inside, at, variables, tell)
    named = _NAME.fullmatch(token.inside)
    if named is None:
        message = f"'{token.inside[:200].strip()[:60]}' is not the name of a variable"
        tell.error("bad-variable", message, at, "values only: ${{ vars.name }}, ${{ env.name }}, ${{ git.sha }}")
        return None
    name = named.group(1)
    if name in variables.missing:
        tell.error("unknown-variable", f"{name} has no value here: {variables.missing[name]}", at)
        return None
    root, *steps = name.split(".")
    if root not in variables.values:
        known = [*variables.values, *(ROOTS if variables.lookups else ())]
        hint = did_you_mean(root, known, otherwise=f"a variable begins with {listing(f'{it}.' for it in known)}")
        tell.error("unknown-variable", f"there is no variable {name}", at, hint)
        return None
    found: Node | None = variables.values[root]
    for index, step in enumerate(steps):
        inside = found
        found = get(found, step)
        if found is None:
            if not variables.silent:
                prefix = ".".join([root, *steps[:index]])
                names = [f"{prefix}.{it}" for it in inside.members] if isinstance(inside, Map) else []
                wanted = ".".join([root, *steps[: index + 1]])
                hint = did_you_mean(wanted, names, otherwise=f"known are: {listing(names)}" if names else "")
                tell.error("unknown-variable", f"there is no variable {wanted}", at, hint)
            return None
    return found


def _looked_up(inside: str, at: Mark, variables: Variables, tell: Teller) -> Node | None:
    if variables.lookups is None:
        message = f"{inside.strip()[:60]} cannot be looked up here"
        hint = "an environment, and the names and apps of manifests, are known before anything is looked up"
        tell.error("bad-variable", message, at, hint)
        return None
    return variables.lookups.find(inside, at, tell)


def _not_inside_text(found: Node) -> tuple[str, str]:
    if not isinstance(found, Scalar):
        return "a variable that is an object or a list cannot stand inside text", ""
    if isinstance(found.value, Sealed):
        return "a sensitive value cannot stand inside text", "keep the whole text in a secret, and refer to that"
    return "a variable that is null cannot stand inside text", ""


def _mark(node: Scalar, token: _Token) -> Mark:
    """The place of a token inside a scalar written on one line, else that of the scalar."""
    line = node.at.source.line(node.at.line)
    column = line.find(token.text, node.at.column)
    if column < 0:
        return node.at
    return Mark(node.at.source, node.at.line, column, len(token.text))


def _text(node: Node) -> str | None:
    if not isinstance(node, Scalar):
        return None
    match node.value:
        case None | Sealed():
            return None
        case bool():
            return "true" if node.value else "false"
        case SpelledInt() | SpelledFloat():
            return node.value.text
    return str(node.value)


def _is_commit(inside: str) -> bool:
    return inside.strip().startswith("git.")
