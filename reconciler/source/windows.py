"""Sync windows as manifests write them: a schedule that allows or denies, a duration, a time zone."""

from __future__ import annotations

from reconciler.model.coercion import to_text
from reconciler.model.cron import Flaw, flaw, near_zone, zone
from reconciler.model.durations import seconds
from reconciler.model.window import Window
from reconciler.source.nodes import Mark, Node, Scalar, is_unread, plain
from reconciler.source.telling import Members, Teller

MEMBERS = ("allow", "deny", "duration", "timeZone")
_SHORTEST = 60


def read_windows(members: Members) -> tuple[Window, ...]:
    """The windows of an Environment or an App; what is wrong with one is told, and it is left out."""
    found = (_window(item, members.tell) for item in members.items("windows"))
    return tuple(window for window in found if window is not None)


def _window(node: Node, tell: Teller) -> Window | None:
    members = Members(node, "a window", MEMBERS, tell)
    if members.node is None:
        return None
    said = [name for name in ("allow", "deny") if members.get(name) is not None]
    if len(said) != 1:
        message = "a window says 'allow' or 'deny'" + (", not both" if said else ": neither is there")
        tell.error("wrong-value", message, node.at, 'write allow: "0 9 * * 1-5", or deny')
    schedule = _schedule(members, said[0]) if said else None
    duration, time_zone = _duration(members, node), _time_zone(members)
    if schedule is None or duration is None or time_zone is None or len(said) != 1:
        return None
    return Window(schedule, duration, time_zone, deny=said == ["deny"])


def _schedule(members: Members, name: str) -> str | None:
    schedule = members.value(name, to_text)
    if schedule is None:
        return None
    wrong = flaw(schedule)
    if wrong is None:
        return " ".join(str(schedule).split())
    members.tell.error("wrong-value", f"'{name}': {wrong.message}", _at(members, name, wrong), wrong.hint)
    return None


def _at(members: Members, name: str, wrong: Flaw) -> Mark:
    """The place of one field within a schedule, where the schedule stands in one line just as it is read."""
    node, mark = members.get(name), members.mark(name)
    assert isinstance(node, Scalar)
    start = mark.source.line(mark.line).find(str(node.value), mark.column)
    if start < 0 or not wrong.width:
        return mark
    return Mark(mark.source, mark.line, start + wrong.start, wrong.width)


def _duration(members: Members, window: Node) -> float | None:
    node = members.get("duration")
    if node is None:
        members.tell.error("missing-member", "'duration' is missing: how long a window is open", window.at, "write 8h")
        return None
    if is_unread(node):
        return None
    found = seconds(plain(node))
    if found is None or found < _SHORTEST:
        message, hint = "'duration' has to be a time of at least a minute", "write 8h, 90m or a number of seconds"
        members.tell.error("wrong-value", message, members.mark("duration"), hint)
        return None
    return found


def _time_zone(members: Members) -> str | None:
    if members.get("timeZone") is None:
        return "UTC"
    name = members.value("timeZone", to_text)
    if name is None or zone(name) is not None:
        return None if name is None else str(name)
    members.tell.error("unknown-value", f"there is no time zone '{name}'", members.mark("timeZone"), near_zone(name))
    return None
