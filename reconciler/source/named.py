"""Which other files of the repository the manifests of a revision name: variables, and what other tools sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from reconciler.model.sealed import FROM, TOOLS
from reconciler.source.beside import BesideError, clean_path
from reconciler.source.load import load
from reconciler.source.nodes import List, Map, Node, Scalar
from reconciler.source.revision import Revision
from reconciler.source.vars_from import MEMBER, named_files

_ENVIRONMENT = re.compile(r"\$\{\{\s*env\.name\s*\}\}")


def files_named_in(revision: Revision) -> frozenset[str]:
    """All files that documents of a revision name; a document that cannot be read names none.

    A path that holds the environment's name stands for that of each; of other variables nothing is known here.
    """
    environments = {PurePosixPath(it).stem for it in revision.files if it.startswith("environments/")}
    found: set[str] = set()
    for path, content in revision.files.items():
        if MEMBER.encode() in content or any(tool.encode() in content for tool in TOOLS):
            for node in load(path, content).documents:
                found.update(named_files(node))
                found.update(name for said in _sealed_in(node) for name in _paths(said, environments))
    return frozenset(found)


def _sealed_in(node: Node) -> Iterator[str]:
    """What every ``from`` of a document says."""
    if isinstance(node, List):
        for item in node.items:
            yield from _sealed_in(item)
    elif isinstance(node, Map):
        said = node.members.get(FROM)
        tools = [said.members.get(tool) for tool in TOOLS] if isinstance(said, Map) else []
        for file in tools:
            if isinstance(file, Scalar) and isinstance(file.value, str):
                yield file.value
        for member in node.members.values():
            yield from _sealed_in(member)


def _paths(said: str, environments: set[str]) -> Iterator[str]:
    for name in environments if _ENVIRONMENT.search(said) else {""}:
        path = _ENVIRONMENT.sub(name, said)
        if "${{" not in path:
            try:
                yield clean_path(path)
            except BesideError:
                continue
