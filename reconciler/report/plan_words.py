"""The words and symbols of a plan, said once for text and Markdown.

Symbols are Terraform's where Terraform has one (``+ ~ - -/+ +/-``).
"""

from __future__ import annotations

import re
from typing import Final

from reconciler.model.fields import Effect
from reconciler.model.key import Key
from reconciler.model.plan import Action, Cause, Change, Plan
from reconciler.report.cells import safe
from reconciler.report.style import Tone

LEGEND: Final[dict[str, tuple[str, Tone]]] = {
    "+": ("create", "green"),
    "~": ("update", "yellow"),
    "-/+": ("replace, with downtime", "red"),
    "+/-": ("replace, the new one first", "green"),
    "-": ("delete", "red"),
    "=": ("adopt", "blue"),
    ">": ("run", "cyan"),
    "!": ("on hold or blocked", "magenta"),
}
_SYMBOLS: Final = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.ADOPT: "=",
    Action.RUN: ">",
    Action.HOLD: "!",
}
_EFFECTS: Final = {
    Effect.IN_PLACE: "in place",
    Effect.NEW_TASKS_ONLY: "new tasks only",
    Effect.ROLLS_TASKS: "rolls tasks",
    Effect.SHIFTS_TRAFFIC: "shifts traffic",
    Effect.REPLACES_CREATE_FIRST: "replaces create-first",
    Effect.REPLACES_WITH_DOWNTIME: "replaces with downtime",
}
_CAUSES: Final[dict[Cause, str]] = {"drift": "changed in AWS", "both": "changed in git and in AWS"}
# These four are always said, so that a zero can be trusted; the others only where there are any.
_ALWAYS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
_COUNTED: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.ADOPT, Action.RUN)


def symbol(change: Change) -> str:
    """The symbol of a change; what is not going to happen shows as ``!`` whatever it would have been."""
    if change.blocked:
        return "!"
    if change.action is Action.REPLACE:
        return "+/-" if change.effect is Effect.REPLACES_CREATE_FIRST else "-/+"
    return _SYMBOLS[change.action]


def effect_words(effect: Effect) -> str:
    """An effect as people say it: ``rolls tasks``."""
    return _EFFECTS[effect]


def manner(change: Change) -> str:
    """What stands in brackets behind the key: what is held back, and what the change does to what runs."""
    words = []
    if change.blocked and change.action not in (Action.HOLD, Action.REPLACE):
        words.append(str(change.action))
    # A new thing has no effect on what runs, and the symbol of a replacement already says which way.
    if change.effect and (change.blocked or change.action in (Action.UPDATE, Action.RUN, Action.HOLD)):
        words.append(effect_words(change.effect))
    if why := cause_words(change.cause):
        words.append(why)
    if change.blocked:
        words.append("blocked")
    elif change.action is Action.HOLD:
        words.append("on hold")
    return ", ".join(words)


def cause_words(cause: Cause | None) -> str:
    """Why a member differs, where it is worth saying: ``changed in AWS``; a change in git is what one expects."""
    return _CAUSES.get(cause, "") if cause else ""


def waits(change: Change) -> str:
    """``after TaskDefinition/puma, other/Service/api``; keys of the change's own app without the app."""
    names = [_near(key, change.key.app) for key in change.waits_on]
    return f"after {', '.join(names)}" if names else ""


def summary(plan: Plan) -> str:
    """The line at the end: ``Plan: 1 to create, 2 to update, 0 to delete, 7 unchanged. 1 blocked.``

    Create, update, delete and unchanged are always counted, replace, adopt and run where there are any. What is
    blocked or on hold is not going to happen and is counted apart.
    """
    if plan.empty:
        return nothing(plan)
    coming = [change for change in plan.changes if not change.blocked]
    counts = [(sum(change.action is action for change in coming), action) for action in _COUNTED]
    said = [f"{number} to {action}" for number, action in counts if number or action in _ALWAYS]
    apart = held(plan.changes)
    return f"Plan: {', '.join(said)}, {len(plan.unchanged)} unchanged." + (f" {apart}." if apart else "")


def held(changes: tuple[Change, ...] | list[Change]) -> str:
    """``1 blocked, 2 on hold``, or nothing."""
    blocked = sum(change.blocked is not None for change in changes)
    on_hold = sum(change.action is Action.HOLD and not change.blocked for change in changes)
    return ", ".join(f"{number} {word}" for number, word in ((blocked, "blocked"), (on_hold, "on hold")) if number)


def nothing(plan: Plan) -> str:
    """The sentence of a plan without changes."""
    number = len(plan.unchanged)
    if not number:
        return "Nothing to do: there are no resources."
    return f"Nothing to do: {number} resource{'s are' if number != 1 else ' is'} as the repository says."


def revision_words(revision: str | None) -> str:
    """``revision 3f2a91c4d5e6``, or that there is none."""
    if revision is None:
        return "the files as they lie"
    return f"revision {short(revision)}"


def short(revision: str) -> str:
    """A commit as short as git shows it in a big repository; anything else as it is."""
    return revision[:12] if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", revision) else safe(revision)


def _near(key: Key, app: str) -> str:
    return safe(f"{key.kind}/{key.name}" if key.app == app else str(key))
