"""JSON Schemas (draft-07) of what `plan`, `status` and `history` print with `-o json`; further members may come."""

from __future__ import annotations

from typing import Any, Final

from reconciler.model.fields import Effect
from reconciler.model.history import Outcome
from reconciler.model.plan import Action

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}


def _object(description: str, **members: Any) -> dict[str, Any]:
    """An object that has all of these members."""
    return {"type": "object", "description": description, "required": list(members), "properties": members}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_PLACE: Final = {"file": _TEXT, "line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}}

PROBLEM: Final = _object(
    "A finding about a manifest or a resource.",
    severity={"enum": ["error", "warning", "note"]},
    code={"type": "string", "description": "A stable slug."},
    message=_TEXT,
    hint=_TEXT,
    at={"oneOf": [{"type": "null"}, _object("A place in a file, counted from 1.", **_PLACE)]},
    key=_MAYBE_TEXT,
    path=_TEXT,
    app=_MAYBE_TEXT,
    related=_list(_object("A further place, and what it has to do with it.", **_PLACE, message=_TEXT)),
)

_FIELD: Final = _object(
    "One member that differs; an absent side is null.",
    path=_TEXT,
    before={},
    after={},
    effect={"enum": [str(effect) for effect in Effect]},
)

_CHANGE: Final = _object(
    "What one resource needs.",
    key={"type": "string", "pattern": "^[^/]+/[^/]+/.+$", "description": "app/Kind/name"},
    app=_TEXT,
    action={"enum": [str(action) for action in Action]},
    effect={"enum": [*(str(effect) for effect in Effect), None]},
    waitsOn=_list(_TEXT),
    fields=_list(_FIELD),
    calls=_list({"type": "string", "pattern": "^[a-z0-9-]+:[A-Za-z0-9]+$"}),
    blocked={"oneOf": [{"type": "null"}, _object("Why nothing of it is done.", code=_TEXT, message=_TEXT, hint=_TEXT)]},
    waiting=_TEXT,
    note=_TEXT,
)

PLAN: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "Plan",
    **_object(
        "All changes of an environment, in the order they are made.",
        formatVersion={"type": "string", "pattern": r"^1\."},
        environment=_TEXT,
        revision=_MAYBE_TEXT,
        summary=_object(
            "Changes by action; the blocked ones are counted with their action, too.",
            **{str(action): _COUNT for action in Action},
            blocked=_COUNT,
            unchanged=_COUNT,
        ),
        changes=_list(_CHANGE),
        warnings=_list(PROBLEM),
    ),
}

_CONDITION: Final = _object(
    "A condition as in Kubernetes.",
    type=_TEXT,
    status={"enum": ["True", "False", "Unknown"]},
    reason=_TEXT,
    message=_TEXT,
    lastTransitionTime={"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
)

_PINNED: Final = _object("Who pinned it there.", by=_TEXT, at=_TEXT, why=_TEXT)

_DEPLOYMENT: Final = _object(
    "One deployment; what is not known is null.",
    key=_TEXT,
    id=_TEXT,
    outcome={"enum": [str(outcome) for outcome in Outcome]},
    began=_TEXT,
    ended=_MAYBE_TEXT,
    seconds={"type": ["integer", "null"], "minimum": 0},
    revision=_TEXT,
    commit=_MAYBE_TEXT,
    author=_MAYBE_TEXT,
    subject=_MAYBE_TEXT,
    reason=_TEXT,
    pinned={"oneOf": [{"type": "null"}, _PINNED]},
)

HISTORY: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "History",
    **_object(
        "What was deployed of an app, newest first.",
        formatVersion={"type": "string", "pattern": r"^1\."},
        environment=_TEXT,
        app=_TEXT,
        deployments=_list(_DEPLOYMENT),
    ),
}

STATUS: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "Status",
    **_object(
        "How everything in an environment fares.",
        formatVersion={"type": "string", "pattern": r"^1\."},
        environment=_TEXT,
        revision=_MAYBE_TEXT,
        ready={"type": "boolean"},
        resources=_list(
            _object("One resource.", key=_TEXT, app=_TEXT, phase=_TEXT, conditions=_list(_CONDITION)),
        ),
    ),
}
