"""Where the repository is: upwards from here, or where ``-C`` says."""

from __future__ import annotations

from pathlib import Path

from reconciler.model.errors import UsageError

_FOLDERS = ("apps", "environments")
INSIDE = "manifests"
"""Where a repository that holds other things too keeps them."""


def find_root(given: str | None, start: Path | None = None) -> Path:
    """The folder that holds apps/ and environments/, or whose ``manifests`` folder does; or a bare git repository.

    An app's folder is never taken for it, though it may hold environments/ of its own. A given folder is taken even
    when it holds neither: what is wrong with it is then told like any other mistake. Raises UsageError.
    """
    if given is not None:
        root = Path(given)
        if not root.is_dir():
            raise UsageError("there is no such directory", where=given, hint="give the repository's folder with -C DIR")
        if root.name == ".git" and _at(root.parent):
            root = root.parent
        return _around(root.resolve()) or _at(root) or root
    try:
        here = start or Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            "the current folder is no longer there", hint="go to the repository, or name it with -C DIR"
        ) from None
    if found := _around(here) or _upwards(here):
        return found
    raise UsageError(
        "here is no repository: there is no apps/ or environments/ in this folder or above it",
        where=here,
        hint="go to the repository, or name it with -C DIR",
    )


def is_bare(folder: Path) -> bool:
    """Whether a folder is a git repository without a work tree."""
    whole = folder.resolve()
    return whole.name != ".git" and (whole / "HEAD").is_file() and (whole / "objects").is_dir()


def in_git(root: Path) -> bool:
    """Whether a folder lies in a git repository, or is a bare one."""
    whole = root.resolve()
    return is_bare(root) or any((folder / ".git").exists() for folder in (whole, *whole.parents))


def _around(folder: Path) -> Path | None:
    """The repository in whose apps/ a folder lies; what another git repository holds is not looked at."""
    found = None
    for at in (folder, *folder.parents):
        if (at / ".git").exists():
            break
        if at.name == "apps" and (at.parent / "environments").is_dir():
            found = at.parent
    return found


def _upwards(here: Path) -> Path | None:
    """The nearest repository: one with apps/ before one without, but no further up than git's."""
    first = None
    for folder in (here, *here.parents):
        found = _at(folder) or (folder if is_bare(folder) else None)
        if found and ((found / "apps").is_dir() or is_bare(found)):
            return found
        first = first or found
        if first and (folder / ".git").exists():
            break
    return first


def _at(folder: Path) -> Path | None:
    for root in (folder, folder / INSIDE):
        if any((root / name).is_dir() for name in _FOLDERS):
            return root
    return None
