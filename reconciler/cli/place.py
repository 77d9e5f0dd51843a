"""Where the repository is: upwards from here, or where ``-C`` says."""

from __future__ import annotations

from pathlib import Path

from reconciler.model.errors import UsageError

_FOLDERS = ("apps", "environments")
_INSIDE = "manifests"


def find_root(given: str | None, start: Path | None = None) -> Path:
    """The folder that holds apps/ and environments/, or whose ``manifests`` folder does.

    A given folder is taken even when it holds neither: what is wrong with it is then told like any other mistake.
    Raises UsageError.
    """
    if given is not None:
        root = Path(given)
        if not root.is_dir():
            raise UsageError("there is no such directory", where=given, hint="give the repository's folder with -C DIR")
        return _at(root) or root
    try:
        here = start or Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            "the current folder is no longer there", hint="go to the repository, or name it with -C DIR"
        ) from None
    for folder in (here, *here.parents):
        if found := _at(folder):
            return found
    raise UsageError(
        "here is no repository: there is no apps/ or environments/ in this folder or above it",
        where=here,
        hint="go to the repository, or name it with -C DIR",
    )


def in_git(root: Path) -> bool:
    """Whether a folder lies in a git repository, or is a bare one."""
    whole = root.resolve()
    bare = (whole / "HEAD").is_file() and (whole / "objects").is_dir()
    return bare or any((folder / ".git").exists() for folder in (whole, *whole.parents))


def _at(folder: Path) -> Path | None:
    for root in (folder, folder / _INSIDE):
        if any((root / name).is_dir() for name in _FOLDERS):
            return root
    return None
