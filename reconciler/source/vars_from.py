"""``varsFrom``: variables that stand in files of their own, YAML or dotenv, each read when a document names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from reconciler.model.errors import Problem
from reconciler.model.sealed import PREFIX
from reconciler.source.beside import BesideError, clean_path
from reconciler.source.dotenv import is_dotenv, read_dotenv
from reconciler.source.formats import is_sops
from reconciler.source.load import load
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, Source, get, plain, scalars
from reconciler.source.revision import SUFFIXES
from reconciler.source.telling import Members, Teller

MEMBER = "varsFrom"
_MOST = 100
_ENCRYPTED = re.compile(r"\s*(?:ENC\[|" + re.escape(PREFIX) + ")")
_SECRET = "write a Secret for it and refer to that: variables are plain text wherever they are used"

Beside = Callable[[str], bytes]
"""Reads a file by its path from the repository's root; raises BesideError."""


def read_vars_from(members: Members, beside: Beside, tell: Teller) -> tuple[list[Map], bool]:
    """The variables of each file a document names, in order; and whether all of them could be read."""
    before = tell.so_far
    items = members.items(MEMBER)
    if len(items) > _MOST:
        tell.error("too-large", f"'{MEMBER}' names more than {_MOST} files", members.mark(MEMBER))
        return [], False
    found = [_read(item, beside, tell) for item in items]
    return [it for it in found if it is not None], not tell.wrong_since(before)


def named_files(node: Node) -> Iterator[str]:
    """The files that a document names, by path from the root; what cannot be a path is left out."""
    listed = get(node, "spec", MEMBER)
    for item in listed.items if isinstance(listed, List) else ():
        if isinstance(item, Scalar) and isinstance(item.value, str):
            try:
                yield clean_path(item.value)
            except BesideError:
                continue


def _read(item: Node, beside: Beside, tell: Teller) -> Map | None:
    if not (isinstance(item, Scalar) and isinstance(item.value, str)):
        tell.error("wrong-type", f"'{MEMBER}' is a list of paths", item.at, "such as apps/<app>/vars/production.yaml")
        return None
    if "${{" in item.value:
        hint = "an environment's own file can name its own: environments/<name>.yaml"
        tell.error("variable-in-path", "a variable cannot stand in the path of a file", item.at, hint)
        return None
    if not (is_dotenv(item.value) or item.value.endswith(SUFFIXES)):
        hint = "files of variables are *.yaml, *.yml, *.json or *.env"
        tell.error("unknown-format", f"{item.value[-60:]} is no file of variables by its name", item.at, hint)
        return None
    try:
        path = clean_path(item.value)
        data = beside(path)
    except BesideError as error:
        tell.error("cannot-read", f"{error.where}: {error.message}", item.at, error.hint)
        return None
    before = tell.so_far
    node = _variables(path, data, item.at, tell)
    return None if node is None or tell.wrong_since(before) else node


def _variables(path: str, data: bytes, named: Mark, tell: Teller) -> Map | None:
    """The mapping a file holds; what is wrong in it is told there, with the place that names it."""
    related = [(named, "named here")]
    node: Node
    if is_dotenv(path):
        read = read_dotenv(path, data)
        _retell(tuple(read.problems), named, tell)
        node = read.node
    else:
        loaded = load(path, data)
        _retell(loaded.problems, named, tell)
        if loaded.problems:
            return None
        start = Mark(Source(path, ""), 0, 0)
        node = loaded.documents[0] if loaded.documents else Map({}, {}, start)
        if len(loaded.documents) > 1:
            at = loaded.documents[1].at
            tell.error("several-documents", "a file of variables holds one document", at, related=related)
            return None
    if not isinstance(node, Map):
        what = "a list" if isinstance(node, List) else "plain text"
        tell.error("wrong-type", f"{what} where a file of variables has to be an object", node.at, related=related)
        return None
    if is_sops(plain(node)):
        message = "this file is encrypted with SOPS, so it holds secrets"
        tell.error("encrypted-value", message, node.keys["sops"], _SECRET, related=related)
        return None
    if {"apiVersion", "kind"} <= node.members.keys():
        message = "this is a manifest, and no file of variables"
        tell.error(
            "wrong-type",
            message,
            node.at,
            "a file of variables has their names at its top, such as tag: v1",
            related=related,
        )
        return None
    for path_, scalar in scalars(node):
        _check(str(path_[-1]), scalar, named, tell)
    return node


def _check(name: str, scalar: Scalar, named: Mark, tell: Teller) -> None:
    if not isinstance(scalar.value, str):
        return
    related = [(named, "named here")]
    if "${{" in scalar.value:
        message = "the value of a variable cannot hold a variable"
        tell.error("nested-variable", message, scalar.at, related=related)
    elif _ENCRYPTED.match(scalar.value):
        tell.error("encrypted-value", f"'{name[:40]}' is encrypted", scalar.at, _SECRET, related=related)


def _retell(problems: tuple[Problem, ...], named: Mark, tell: Teller) -> None:
    """Problems of a file are those of whoever names it, not of the folder it lies in."""
    for problem in problems:
        related = (*problem.related, (named.position, "named here"))
        tell.problems.append(replace(problem, app=tell.app, related=related))
