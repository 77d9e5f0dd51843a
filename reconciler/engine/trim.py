"""What a memory that is kept for months may forget."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.engine.lookup import Wish
from reconciler.engine.observe import PATIENCE
from reconciler.model.observed import NEVER
from reconciler.model.status import Answered, Memory

_BEFORE = 8
"""Earlier states of one resource that an old reading may still show."""


def trimmed(memory: Memory, wish: Wish, read: datetime | None) -> Memory:
    """Without answers that no old reading can contradict any more, and without what nobody declares.

    ``read`` is the date of the newest reading: AWS's clock.
    """
    known = wish.desired.keys() | wish.invalid
    answers = {
        key: _short(item)
        for key, item in memory.answers.items()
        if item.now.carry or item.now.status == "DRAINING" or _recent(item, read)
    }
    return replace(
        memory,
        answers=answers,
        past={key: item for key, item in memory.past.items() if key in known or key in answers},
        restarts={key: item for key, item in memory.restarts.items() if key in known},
        clear={key: item for key, item in memory.clear.items() if key in known},
    )


def _recent(item: Answered, read: datetime | None) -> bool:
    if read is None or item.now.at == NEVER:
        return True
    return read - item.now.at < timedelta(seconds=2 * PATIENCE)


def _short(item: Answered) -> Answered:
    return item if len(item.before) <= _BEFORE else replace(item, before=item.before[-_BEFORE:])
