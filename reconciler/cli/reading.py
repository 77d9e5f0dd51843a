"""From the command line to a wish: which files, which environment, which apps, and what these look up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.place import INSIDE, find_root, in_git, is_bare
from reconciler.cli.runtime import Runtime
from reconciler.engine.lookup import Wish, narrowed
from reconciler.engine.settle import Draft, draft, settle
from reconciler.kinds import KINDS
from reconciler.model.errors import InvalidManifests, Problem, UsageError
from reconciler.model.suggest import did_you_mean, listing
from reconciler.report.problems import draw_all
from reconciler.source.directory import read_directory
from reconciler.source.git import dirty, read_git, resolve
from reconciler.source.render import environments
from reconciler.source.revision import Revision

if TYPE_CHECKING:  # what only reads files has no need of AWS
    from reconciler.engine.connect import Connected


def committed(run: Runtime) -> Revision:
    """What plan, apply and status read: the commit in a git repository, else the directory as it lies."""
    root = find_root(run.options.directory)
    if is_bare(root):
        return _bare(run, root)
    if run.options.revision is not None:
        return read_git(root, run.options.revision)
    if run.options.worktree or not in_git(root):
        return read_directory(root)
    revision = read_git(root)
    _tell_dirty(run, root, revision)
    return revision


def lying(run: Runtime) -> Revision:
    """What validate reads: the files as they lie, unless a commit is named or there are only commits."""
    root = find_root(run.options.directory)
    if is_bare(root):
        return _bare(run, root)
    return read_git(root, run.options.revision) if run.options.revision is not None else read_directory(root)


def work_tree(run: Runtime) -> tuple[Path, Revision]:
    """The root, and the files as they lie, for a verb that writes there. Raises UsageError where there are none."""
    root = find_root(run.options.directory)
    if run.options.revision is not None:
        hint = "check it out, and leave out --revision"
        raise UsageError("a commit cannot be edited: files of the work tree are", hint=hint)
    if is_bare(root):
        hint = "go to a clone that has its files checked out"
        raise UsageError("this git repository is bare: it has no files to edit", where=root, hint=hint)
    return root, read_directory(root)


def _bare(run: Runtime, root: Path) -> Revision:
    """A commit of a repository that has no work tree. Raises UsageError where that is what should be read."""
    if run.options.worktree:
        raise UsageError(
            "this git repository is bare: it has no files that lie anywhere",
            where=root,
            hint="leave out --worktree, or choose a commit with --revision",
        )
    commit = resolve(root, run.options.revision or "HEAD")
    found = read_git(root, commit)
    below = None if found.files or found.problems else read_git(root, commit, prefix=INSIDE)
    return below if below and (below.files or below.problems) else found


def earlier(run: Runtime) -> Callable[[str], Revision]:
    """What reads an earlier commit of the repository. It raises SourceError where there is none, or no repository."""
    root = find_root(run.options.directory)

    def read(commit: str) -> Revision:
        if not is_bare(root):
            return read_git(root, commit)
        found = read_git(root, commit)
        return found if found.files else read_git(root, commit, prefix=INSIDE)

    return read


def choose(run: Runtime, revision: Revision) -> str:
    """The environment that is meant; InvalidManifests when it is not there, UsageError when it has to be said."""
    known = environments(revision)
    name = run.options.environment
    if name is not None:
        if name not in known and known:
            others = did_you_mean(name, known, otherwise=f"environments are: {listing(known)}")
            raise InvalidManifests([Problem("unknown-environment", f"there is no environment '{name}'", hint=others)])
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        raise InvalidManifests([nowhere()])
    raise UsageError(f"which environment? There are {listing(known)}", hint=f"choose one with -e {known[0]}")


def nowhere() -> Problem:
    """A repository that describes no environment."""
    return Problem(
        "no-environments",
        "there is no environment: environments/ holds no manifest",
        hint="write environments/<name>.yaml with kind: Environment",
    )


def draft_for(revision: Revision, environment: str, apps: Sequence[str]) -> Draft:
    """What the environment wants, nobody having been asked; of some apps when they are named.

    Raises UsageError for an unknown one.
    """
    made = draft(revision, environment, KINDS, apps)
    known = made.rendered.apps.keys()
    for app in apps:
        if app not in known:
            hint = did_you_mean(app, known, otherwise=f"apps are: {listing(sorted(known))}")
            raise UsageError(f"there is no app '{app}' in environment {environment}", hint=hint)
    return made


def wish_for(revision: Revision, environment: str, apps: Sequence[str]) -> Wish:
    """The same as a wish, for whoever asks nobody: what is looked up stays unread, and no image is pinned."""
    return draft_for(revision, environment, apps).wish


def settled(run: Runtime, made: Draft, both: Connected, *, keep_going: bool = False) -> Wish:
    """What the environment wants, everything having been read that this takes. What is found wrong on the way is told.

    Raises InvalidManifests where something is, unless to ``keep_going``.
    """
    wish = settle(made, both.read, both.lookups)
    news = [problem for problem in wish.problems if problem not in made.wish.problems]
    if wish.errors and not keep_going:
        raise InvalidManifests(news or wish.problems)
    tell(run, news)
    return wish


def tell(run: Runtime, problems: Sequence[Problem]) -> None:
    """Show what is wrong with manifests, on stderr."""
    if problems:
        run.terminal.err(draw_all(problems, run.terminal.err_color) + "\n\n")


def without_broken(wish: Wish, apps: Collection[str]) -> tuple[Wish, frozenset[str]]:
    """The wish without the apps that have errors, and which these are.

    Raises InvalidManifests where an error is no app's own: then nothing can be said of any of them.
    """
    owners = {problem.app or (problem.key.app if problem.key else None) for problem in wish.errors}
    broken = frozenset(owner for owner in owners if owner is not None)
    if None in owners:
        raise InvalidManifests(wish.problems)
    declared = {key.app for key in (*wish.desired, *wish.invalid)}
    return narrowed(wish, (set(apps) or declared) - broken), broken


def _tell_dirty(run: Runtime, root: Path, revision: Revision) -> None:
    changed = dirty(root, revision)
    if not changed:
        return
    number = f"{len(changed)} manifest{'s' if len(changed) != 1 else ''}"
    verb = "are" if len(changed) != 1 else "is"
    run.terminal.note(
        f"{number} in the working tree {verb} not as committed; the commit is read ({listing(changed, most=3)})",
        "commit first, or read the files as they lie with --worktree",
    )
