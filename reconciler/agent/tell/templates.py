"""The text of a notification: a template for each trigger, or a channel's own, tried out before it is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.agent.tell.outcome import TRIGGERS, Outcome
from reconciler.agent.tell.words import values
from reconciler.model.agent import Channel
from reconciler.model.errors import UsageError
from reconciler.model.suggest import did_you_mean

MOST: Final = 2_900
"""Characters of a text: Slack takes 3,000."""
FUEL: Final = 20_000
"""Steps of one rendering: what loops for ever ends."""

_COMMIT: Final = "{% if short %} at commit {{ short }}{% endif %}"
_WHY: Final = "{% if reason %}: {{ reason }}{% endif %}{% if message %}: {{ message }}{% endif %}"
_NEXT: Final = "{% if hint %}\n= {{ hint }}{% endif %}"

DEFAULTS: Final = {
    "on-created": "{{ subject }} is new in {{ environment }}" + _COMMIT,
    "on-deleted": "{{ subject }} is gone from {{ environment }}: {{ message }}",
    "on-sync-running": "{{ subject }} is being changed in {{ environment }}" + _COMMIT + ": {{ message }}",
    "on-deployed": "{{ subject }} runs {{ revision }} in {{ environment }}" + _COMMIT + ": {{ message }}",
    "on-sync-succeeded": "{{ subject }} is Ready in {{ environment }}" + _COMMIT + ": {{ message }}",
    "on-sync-failed": "FAILED: {{ subject }} in {{ environment }}" + _COMMIT + _WHY + _NEXT,
    "on-health-degraded": "DEGRADED: {{ subject }} ({{ revision }}) in {{ environment }}" + _WHY + _NEXT,
    "on-health-recovered": "RECOVERED: {{ subject }} ({{ revision }}) in {{ environment }}: {{ message }}",
    "on-sync-status-unknown": "UNKNOWN: {{ subject }} in {{ environment }} cannot be read" + _WHY + _NEXT,
    "on-drift": "DRIFT: {{ subject }} in {{ environment }} is not as the repository says" + _WHY + _NEXT,
    "on-awaiting-approval": "WAITS FOR APPROVAL: {{ subject }} in {{ environment }}"
    + _COMMIT
    + "{% if digest %}: reconciler approve {{ app }} {{ digest[:12] }} -e {{ environment }}"
    + "{% else %}" + _WHY + "{% endif %}" + _NEXT,
    "on-source-failed": "FAILED: the repository cannot be put in force in {{ environment }}" + _WHY,
    "on-said": "{{ by }}: {{ message }} ({{ subject }} in {{ environment }})",
}  # fmt: skip
_BUILT_IN: Final = frozenset({"range", "dict", "debug", "namespace", "loop", "super", "self", "caller"})


class Templates:
    """What a channel says. Raises UsageError, with the line, for a template that does not work."""

    def __init__(self, channel: Channel, url: str = "") -> None:
        from minijinja import Environment  # late: only an agent with channels needs it

        self._url, self._own = url, channel.template
        # in its errors debug names what is undefined; those of real outcomes, which hold values, are shown to nobody
        self._environment = Environment(undefined_behavior="strict", fuel=FUEL, debug=True)
        if self._own:
            self._try(channel)

    def text(self, outcome: Outcome) -> str:
        """The text of an outcome; in the words of the default where the channel's own do not work for it."""
        from minijinja import TemplateError

        said = values(outcome, self._url)
        if self._own:
            try:
                return _cut(self._render(self._own, said))
            except TemplateError:
                pass
        return _cut(self._render(DEFAULTS[outcome.trigger], said))

    def _render(self, template: str, said: Mapping[str, Any]) -> str:
        return self._environment.render_str(template, "template", **said).strip()

    def _try(self, channel: Channel) -> None:
        """Render it for every trigger, and look for names that stand in a branch that was not taken."""
        from minijinja import TemplateError

        where = f"template of channel {channel.name}"
        for trigger in channel.when or TRIGGERS:
            try:
                self._render(self._own, values(_sample(trigger), "https://reconciler.example.com"))
            except TemplateError as error:
                what = error.detail or ("it does not come to an end" if error.kind == "OutOfFuel" else error.kind)
                failed = UsageError(f"line {error.line or 1}: {what}", where=where, hint=_HINT)
            else:
                continue
            raise failed
        known = values(_sample("on-said"), "")
        for name in sorted(self._environment.undeclared_variables_in_str(self._own) - known.keys() - _BUILT_IN):
            found = re.search(rf"\b{re.escape(name)}\b", self._own)
            line = self._own.count("\n", 0, found.start() if found else 0) + 1
            raise UsageError(
                f"line {line}: there is no {name}", where=where, hint=did_you_mean(name, known, otherwise=_HINT)
            )


_HINT: Final = "variables are " + ", ".join(values(Outcome("", "", datetime(2026, 1, 1, tzinfo=UTC)), ""))


def _sample(trigger: str) -> Outcome:
    at = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    words = {"revision": "web:7", "phase": "Ready", "reason": "Healthy", "message": "2/2 running", "hint": "look"}
    return Outcome(trigger, "staging", at, "shop", "Service/web", "0" * 40, digest="0" * 64, by="alice", **words)


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
