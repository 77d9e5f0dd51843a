"""Files at a commit that no listing of manifests holds, read from git's objects one by one."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.source.beside import FILE_BYTES, not_a_file, too_large
from reconciler.source.git_process import contents, git, size

ODD_MODES = {"120000": "a symbolic link", "160000": "a submodule"}
_FOLDER = "040000"


@dataclass(frozen=True)
class GitShelf:
    """The commit's tree below ``prefix``, which ends in ``/`` unless it is empty. What was read is kept."""

    root: Path
    commit: str
    prefix: str = ""
    _read: dict[str, bytes | None] = field(default_factory=dict, repr=False, compare=False)

    def read(self, path: str) -> bytes | None:
        if path not in self._read:
            self._read[path] = self._content(path)
        return self._read[path]

    def names(self, folder: str) -> Collection[str]:
        found = self._entries(f"{folder}/") if folder else {}
        return [path for path, (mode, _, _) in found.items() if mode != _FOLDER and path.rpartition("/")[0] == folder]

    def _content(self, path: str) -> bytes | None:
        """Every folder on the way is asked for too: one that is a link holds nothing that git would list."""
        steps = path.split("/")
        way = ["/".join(steps[: depth + 1]) for depth in range(len(steps))]
        found = self._entries(*way)
        for it in way:
            if it in found and found[it][0] in ODD_MODES:
                raise not_a_file(it, ODD_MODES[found[it][0]])
        if path not in found:
            return None
        mode, oid, told = found[path]
        if mode == _FOLDER:
            raise not_a_file(path, "a folder")
        length = size(self.root, oid, told)
        if length > FILE_BYTES:
            raise too_large(path, length)
        return contents(self.root, [oid])[0]

    def _entries(self, *paths: str) -> dict[str, tuple[str, str, str]]:
        """Path → mode, object and size, of these and of what lies beside them."""
        asked = [self.prefix + path for path in paths]
        listing = git(self.root, "ls-tree", "-t", "-z", "-l", "--full-tree", self.commit, "--", *asked)
        found = {}
        for entry in listing.split(b"\0"):
            described, _, name = entry.partition(b"\t")
            shown = os.fsdecode(name)
            if described and shown.startswith(self.prefix):
                mode, _type, oid, size = described.decode().split()
                found[shown[len(self.prefix) :]] = (mode, oid, size)
        return found
