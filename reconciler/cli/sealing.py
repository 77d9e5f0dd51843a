"""The course of the ``secret`` verbs: which manifest, with which keys, into which file."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import TracebackType

from reconciler.cli.commands import command
from reconciler.cli.editing import edited
from reconciler.cli.reading import choose, work_tree
from reconciler.cli.runtime import Runtime
from reconciler.cli.working import no_core_dumps
from reconciler.engine.connect import Connected, connect
from reconciler.engine.revive import revive
from reconciler.engine.sealing import Holder, Made, chosen, holders, opened, placed, resealed, seal, text_of, with_what
from reconciler.kinds import KINDS
from reconciler.model.desired import Rendered
from reconciler.model.errors import InvalidManifests, UsageError
from reconciler.model.key import Scope
from reconciler.report.cells import safe
from reconciler.report.sealed import Line
from reconciler.source.render import render
from reconciler.source.writing import write_over


def from_stdin(raw: bool) -> str:
    """The value on stdin, without the newline that ``echo`` and editors put behind it. Raises UsageError."""
    text = text_of(sys.stdin.buffer.read())
    if text is None:
        hint = "encode it, with base64 say: ECS hands secrets over as text"
        raise UsageError("the value on stdin is not UTF-8", hint=hint)
    return text if raw else text.removesuffix("\n").removesuffix("\r")


class Sealer:
    """One manifest of one environment, connected to the account that seals. Use as a context."""

    def __init__(self, run: Runtime, name: str) -> None:
        no_core_dumps()
        self._run = run
        self._repository = Repository(run)
        self.holder = self._repository.holder(name)
        self._stack = ExitStack()
        self._keys = self._repository.connected(self._stack).keys

    def __enter__(self) -> Sealer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def opened(self) -> str:
        return opened(self._keys, self.holder)

    def edited(self, value: str) -> str | None:
        """What the person makes of a value in the editor; None when it was left as it is."""
        if not self._run.terminal.interactive:
            raise UsageError("an editor needs a terminal", hint="write the value to stdin of: reconciler secret seal")
        return edited(value)

    def put(self, value: str | None, kms: str | None, age: tuple[str, ...]) -> int:
        """Seal a value into the file where it belongs."""
        terminal = self._run.terminal
        if value is None:
            terminal.out(safe(f"{self.holder.key} is left as it is"))
            return 0
        sealing = with_what(self._repository.rendered.environment, kms, age)
        made = seal(self._keys, self._repository.name, self.holder, value, sealing)
        if made.same:
            terminal.out(safe(f"{self.holder.key} holds this very value already; nothing was written"))
            return 0
        path = self._repository.write(made)
        terminal.out(safe(f"sealed {made.envelope.id} for {made.envelope.bound_to} in {path}"))
        if made.unsure:
            note = f"whether it is the value that was there could not be told: {made.unsure}"
            terminal.note(safe(note), "it counts as another one, and rolls what uses it")
        terminal.note("nothing is deployed by this", "commit the change; plan and apply read the commit")
        return 0


class Repository:
    """The files of the working tree, as one environment sees them."""

    def __init__(self, run: Runtime) -> None:
        self._run = run
        self.root, self.revision = work_tree(run)
        self.name = choose(run, self.revision)
        self.rendered: Rendered = render(self.revision, self.name, KINDS)
        self.holders = holders(self.rendered, KINDS)

    def holder(self, name: str) -> Holder:
        return chosen(name, self.holders, self.name)

    def connected(self, stack: ExitStack) -> Connected:
        both = connect(self.rendered.environment, self._run.clock, self._run.session)
        stack.enter_context(both.read)
        return both

    def write(self, made: Made) -> str:
        """Put an envelope where it belongs; the path of the file."""
        edit = placed(made, self.revision.files, self.name)
        write_over(self.root, edit.path, edit.before, edit.after)
        return edit.path


def rotated(run: Runtime, names: tuple[str, ...], kms: str | None, age: tuple[str, ...]) -> int:
    """Seal values anew, one by one: what is done stays done when one fails."""
    no_core_dumps()
    here = Repository(run)
    meant = [here.holder(name).key for name in names] or [it.key for it in here.holders if it.envelope]
    sealing = with_what(here.rendered.environment, kms, age)
    with ExitStack() as stack:
        keys = here.connected(stack).keys
        for key in meant:
            holder = here.holder(str(key))  # read anew: a file may hold several
            if holder.envelope is None:
                raise UsageError(f"{key} holds no value that was sealed here", hint="see: reconciler secret list")
            path = here.write(resealed(keys, holder, sealing))
            here = Repository(run)
            run.terminal.out(safe(f"sealed {key} anew in {path}; it is the same value"))
    if not meant:
        run.terminal.out("nothing is sealed in this environment")
    return 0


def listed(run: Runtime) -> tuple[str, list[Line]]:
    """The environment's name, and a line for each manifest that may hold a value."""
    here = Repository(run)
    lines = [Line(it.key, it.sealed, str(it.place or ""), it.document is None) for it in here.holders]
    return here.name, lines


def restored(run: Runtime, name: str) -> int:
    """Take back a deletion that is under way."""
    here = Repository(run)
    holder = here.holder(name)
    with ExitStack() as stack:
        both = here.connected(stack)
        if holder.document is None:
            raise InvalidManifests(here.rendered.problems)
        revive(both.read, both.write, Scope(run.installation, here.name), holder.document, KINDS)
    run.terminal.out(safe(f"{holder.key} is no longer scheduled for deletion"))
    run.terminal.note("what the repository says of it is applied with", command("apply", run.options, [holder.key.app]))
    return 0
