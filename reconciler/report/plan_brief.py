"""A plan in a line a change and a line a field, from its JSON: what somebody is asked to agree to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.report import redact
from reconciler.report.cells import safe


def brief(plan: Mapping[str, Any]) -> list[str]:
    """``update shop/Service/web``, and below it ``desiredCount: 2 -> 4``. The document is that of ``plan_json``."""
    return [line for change in plan.get("changes", ()) for line in _change(change)]


def _change(change: Mapping[str, Any]) -> Iterator[str]:
    effect = f" ({change['effect']})" if change.get("effect") else ""
    yield _shown(f"{change['action']} {change['key']}{effect}")
    for field in change.get("fields", ()):
        yield _shown(f"  {field['path']}: {_value(field.get('before'))} -> {_value(field.get('after'))}")
    if blocked := change.get("blocked"):
        yield _shown(f"  {blocked['code']}: {blocked['message']}")


def _value(value: Any) -> str:
    """An absent side is ``none``."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(text: str) -> str:
    return safe(redact.text(text))
