"""How a run ends: every error becomes a message on stderr and an exit code, never a raw traceback."""

from __future__ import annotations

import errno
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.exits import Exit, of_error
from reconciler.cli.runtime import Runtime
from reconciler.cli.terminal import to_nowhere, write
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.suggest import did_you_mean

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_running: list[Runtime] = []


def remember(runtime: Runtime) -> None:
    """Whose options say how the ending is shown."""
    _running[:] = [runtime]


def run(body: Callable[[], Any]) -> int:
    """The exit code of a run. What the body returns is the code; None is 0."""
    _running.clear()
    try:
        code = body()
        return int(code) if isinstance(code, int) else Exit.DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _usage(error)
    except click.ClickException as error:
        return _told(UsageError(error.format_message()))
    except (click.Abort, KeyboardInterrupt):
        write(sys.stderr, "interrupted")
        return Exit.INTERRUPTED
    except ReconcilerError as error:
        return _told(error)
    except BrokenPipeError:
        return Exit.DONE
    except OSError as error:
        return _unwritten(error) if error.errno in _NO_ROOM else _bug(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and it is told
        return _bug(error)


def _unwritten(error: OSError) -> int:
    """Only output is written without a message of its own where it cannot be."""
    if sys.stdout is not None:
        to_nowhere(sys.stdout)
    hint = "see where things stand with: reconciler status"
    return _told(ReconcilerError(f"the output cannot be written: {error.strerror}", hint=hint))


def _told(error: ReconcilerError) -> int:
    from reconciler.report.problems import error as drawn

    write(sys.stderr, drawn(error, _runtime().terminal.err_color))
    return of_error(error)


def _usage(error: click.UsageError) -> int:
    """A mistake on the command line, in the same manner as all others."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        write(sys.stderr, error.format_message())
        return Exit.USAGE
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        known = [name for param in error.ctx.command.get_params(error.ctx) for name in param.opts]
        near = did_you_mean(error.option_name, known, otherwise=f"see: {error.ctx.command_path} --help")
        return _told(UsageError(f"there is no option {error.option_name}", hint=near))
    message = error.format_message().rstrip(".")
    message, _, said = message.partition("; ")
    command = error.ctx.command_path if error.ctx else "reconciler"
    hint = said or f"see: {command} --help"
    return _told(UsageError(message[:1].lower() + message[1:], hint=hint))


def _bug(error: Exception) -> int:
    """Something nobody thought of. Its text may hold anything, a secret too: its place is told, and its type."""
    from reconciler.report.trace import traceback_text

    trace = traceback_text(error)
    write(sys.stderr, f"error: this is a bug in reconciler: {type(error).__name__}")
    kept = None if _runtime().verbose else _kept(trace)
    write(sys.stderr, f"  = the traceback is in {kept}; please report it (it holds no values)" if kept else trace)
    return Exit.FAILED


def _kept(trace: str) -> str | None:
    """The file that holds it now; None where there is no place for one."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="reconciler-", suffix=".txt", delete=False) as file:
            file.write(trace)
    except OSError:
        return None
    return file.name


def _runtime() -> Runtime:
    return _running[0] if _running else Runtime()
