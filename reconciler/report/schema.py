"""JSON Schemas (draft-07) of what `plan`, `status` and `history` print with `-o json`; further members may come."""

from __future__ import annotations

from typing import Any, Final, get_args

from reconciler.model.fields import Effect
from reconciler.model.history import Outcome
from reconciler.model.phase import Phase
from reconciler.model.plan import Action, Cause
from reconciler.model.status import HealthWord

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}


def _object(description: str, **members: Any) -> dict[str, Any]:
    """An object that has all of these members."""
    return {"type": "object", "description": description, "required": list(members), "properties": members}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _and(base: dict[str, Any], **members: Any) -> dict[str, Any]:
    """An object that may have these members, too."""
    return {**base, "properties": {**base["properties"], **members}}


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

_CAUSE: Final = {
    "enum": [*get_args(Cause), None],
    "description": "What changed since it was last in force: what is desired, what is in AWS, both; null: not known.",
}

_FIELD: Final = _and(
    _object(
        "One member that differs; an absent side is null.",
        path=_TEXT,
        before={},
        after={},
        effect={"enum": [str(effect) for effect in Effect]},
    ),
    cause=_CAUSE,
)

_WHY: Final = _object("Why nothing of it is done.", code=_TEXT, message=_TEXT, hint=_TEXT)

_CHANGE: Final = _and(
    _object(
        "What one resource needs.",
        key={"type": "string", "pattern": "^[^/]+/[^/]+/.+$", "description": "app/Kind/name"},
        app=_TEXT,
        action={"enum": [str(action) for action in Action]},
        effect={"enum": [*(str(effect) for effect in Effect), None]},
        waitsOn=_list(_TEXT),
        fields=_list(_FIELD),
        calls=_list({"type": "string", "pattern": "^[a-z0-9-]+:[A-Za-z0-9]+$"}),
        blocked={"oneOf": [{"type": "null"}, _WHY]},
        waiting=_TEXT,
        note=_TEXT,
    ),
    cause=_CAUSE,
    left={**_list(_FIELD), "description": "What differs too and is not corrected: somebody changed it in AWS."},
)

_LOOKUP: Final = _object(
    "A value that another tool owns, and that something here uses; never the value itself.",
    name={"type": "string", "description": "As a manifest names it: tfstate.outputs.vpc_id"},
    source={"type": "string", "description": "Where it was found."},
    serial={"type": ["integer", "null"], "description": "Of a Terraform state."},
    lineage={"type": ["string", "null"], "description": "Of a Terraform state."},
    version={"type": ["string", "null"], "description": "Of a parameter; of a stack when it was last changed."},
    usedBy=_list(_TEXT),
)

PLAN: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "Plan",
    **_and(
        _object(
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
        lookups=_list(_LOOKUP),
        planDigests={
            "type": "object",
            "description": "By app, what stands for all that is to be done to it: what `reconciler approve` wants.",
            "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
    ),
}

_TIME: Final = {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_PHASE: Final = {"type": "string", "description": f"One of {', '.join(Phase)}; more may come."}
_HEALTH: Final = {"enum": [str(word) for word in HealthWord]}
_COUNTS: Final = {"type": "object", "description": "How many, by phase.", "additionalProperties": _COUNT}

_CONDITION: Final = _object(
    "A condition as in Kubernetes.",
    type=_TEXT,
    status={"enum": ["True", "False", "Unknown"]},
    reason=_TEXT,
    message=_TEXT,
    lastTransitionTime=_TIME,
)

_TASK: Final = _and(
    _object(
        "A task.",
        id=_TEXT,
        state=_TEXT,
        health=_TEXT,
        cause=_TEXT,
        exitCode={"type": ["integer", "null"]},
        reason=_TEXT,
        startedAt=_TIME,
        stoppedAt=_TIME,
    ),
    wrong={"type": "boolean", "description": "Whether it is unwell, or its end speaks against what it ran."},
)

_DEPLOYMENT: Final = _object(
    "A deployment or a task set; PRIMARY is the one that is to be.",
    id=_TEXT,
    role=_TEXT,
    revision=_TEXT,
    desiredCount=_COUNT,
    runningCount=_COUNT,
    pendingCount=_COUNT,
    failedTasks=_COUNT,
    state=_TEXT,
    createdAt=_TIME,
    tasks=_list(_TASK),
)

_RESOURCE: Final = _and(
    _object("One resource.", key=_TEXT, app=_TEXT, phase=_PHASE, conditions=_list(_CONDITION)),
    kstatus={"enum": ["Current", "InProgress", "Failed", "Terminating", "NotFound", "Unknown"]},
    health=_HEALTH,
    observedAt=_TIME,
    missedReads={**_COUNT, "description": "How often in a row it could not be read since."},
    detail={**_list(_TEXT), "description": "Lines of evidence."},
    hint={"type": "string", "description": "What to do next."},
    deployments=_list(_DEPLOYMENT),
)

_APP: Final = _and(
    _object(
        "An app: the worst of its resources, and how many are in each phase.",
        name=_TEXT,
        phase=_PHASE,
        health=_HEALTH,
        ready={"type": "boolean"},
        readyCount=_COUNT,
        total=_COUNT,
        counts=_COUNTS,
    ),
    suspended={"type": "string", "description": "By whom and why, when it is."},
    approved={
        "type": "string",
        "description": "Which plan was approved last, by whom and why, unless one waits for it.",
    },
)

_PINNED: Final = _object("Who pinned it there.", by=_TEXT, at=_TEXT, why=_TEXT)

_DEPLOYED: Final = _object(
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
        deployments=_list(_DEPLOYED),
    ),
}

STATUS: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "Status",
    **_and(
        _object(
            "How everything in an environment fares.",
            formatVersion={"type": "string", "pattern": r"^1\."},
            environment=_TEXT,
            revision=_MAYBE_TEXT,
            ready={"type": "boolean"},
            resources=_list(_RESOURCE),
        ),
        phase=_PHASE,
        health=_HEALTH,
        counts=_COUNTS,
        apps=_list(_APP),
    ),
}

AGENT_STATUS: Final[dict[str, Any]] = {
    **_and(
        STATUS,
        commit={**_MAYBE_TEXT, "description": "The commit that is in force: the last good one."},
        head={**_MAYBE_TEXT, "description": "The newest commit that was seen, in force or not."},
        source={"oneOf": [{"type": "null"}, _CONDITION]},
        held={"type": "boolean", "description": "Whether the agent that answers is the one that writes."},
        writer={"type": "string", "description": "Who writes."},
        lookedAt={**_TIME, "description": "When the last tick ended, by the agent's clock; null: no look yet."},
        waiting={**_COUNT, "description": "How many apps are due."},
        problems=_list(PROBLEM),
    ),
    "title": "Status, as an agent tells it",
}
