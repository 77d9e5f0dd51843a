"""Logging set up once for agent and command line: to stderr, one JSON line or one console line an event, redacted.

Everything goes through the same redaction, the standard library's records included; what libraries say below WARNING
is never asked for, since it holds requests and answers.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final

from reconciler.model.errors import Position, ReconcilerError
from reconciler.report import redact
from reconciler.report.trace import traceback_text

# Our own words for other things than secrets, although they look like some.
_OURS: Final = frozenset({"key", "keys", "run_key"})


def configure(json: bool, level: str = "info") -> None:
    """Set up structlog and the standard library's root logger. ``level`` is one of debug, info, warning, error."""
    import structlog

    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        # Rendered before redaction, without local variables and without texts: those hold anything.
        structlog.processors.ExceptionRenderer(_exception),
        redaction,
    ]
    last: structlog.typing.Processor
    if json:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        last = structlog.dev.ConsoleRenderer(
            colors=False, timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))


def log(event: str, **fields: Any) -> None:
    """One line: a warning where it tells of an error, with the hint the error has."""
    import structlog

    level = "warning" if fields.get("error") is not None or fields.get("exc_info") is not None else "info"
    told = {name: value for name, value in fields.items() if value is not None and value != ""}
    getattr(structlog.get_logger(), level)(event, **told)


def _exception(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> str:
    return traceback_text(exc_info[1]).rstrip()


def redaction(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: secret-looking members are masked, all others cleaned, objects show their type."""
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = _clean(name, value)
    return event


def _clean(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if name.lower() not in _OURS and redact.secret_name(name):
        return redact.SENSITIVE
    if isinstance(value, str):
        return redact.text(value)
    if isinstance(value, Mapping):
        return {str(member): _clean(str(member), held) for member, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", element) for element in value]
    if isinstance(value, Position | ReconcilerError):
        return redact.text(str(value))
    shown = redact.value((), value)
    # An object nobody taught us to show is told by its type: its repr may hold anything.
    return f"<{type(value).__name__}>" if shown == redact.SENSITIVE else shown
