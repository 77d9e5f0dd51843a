"""Task definitions: register, describe, list, deregister, delete."""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.errors import AwsError, client, invalid

from .definition_rules import refuse
from .definition_view import filled
from .paging import page
from .scope import Handler, Scope, at_most, present, tags_in, tags_out
from .state import Family, Region, TaskDefinition

REFERENCE = re.compile(r"(?:arn:aws[\w-]*:ecs:([\w-]+):(\d+):task-definition/)?([A-Za-z0-9_-]+)(?::(\d+))?")


def register_task_definition(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """The same registration again is a further revision."""
    refuse(params)
    tags = tags_in(params.get("tags"))
    members = filled(params, at.state.account)
    family = at.state.families.setdefault(params["family"], Family(params["family"]))
    family.last += 1
    arn = at.state.arn("task-definition", f"{family.name}:{family.last}")
    members |= {"taskDefinitionArn": arn, "revision": family.last, "registeredAt": at.now, "registeredBy": at.caller}
    definition = family.revisions[family.last] = TaskDefinition(arn, family.name, family.last, members, at.now)
    if tags:
        at.state.tags[arn] = tags
    return {"taskDefinition": described(definition), "tags": tags_out(tags)}


def describe_task_definition(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    definition = find(at.state, params["taskDefinition"])
    if definition is None:
        raise client("Unable to describe task definition.")
    answer: dict[str, Any] = {"taskDefinition": described(definition)}
    if "TAGS" in params.get("include", ()):
        answer["tags"] = tags_out(at.state.tags.get(definition.arn))
    return answer


def list_task_definitions(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """By family and revision. ``familyPrefix`` is the whole family name."""
    status, wanted = params.get("status", "ACTIVE"), params.get("familyPrefix")
    families = [at.state.families[wanted]] if wanted in at.state.families else []
    if wanted is None:
        families = [at.state.families[name] for name in sorted(at.state.families)]
    items = [([f.name, d.revision], d.arn) for f in families for d in f.revisions.values() if d.status == status]
    return page(items, params, "taskDefinitionArns", default=100, down=params.get("sort") == "DESC")


def list_task_definition_families(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """ACTIVE: with an ACTIVE revision; INACTIVE: without. Here ``familyPrefix`` is a prefix."""
    status, prefix = params.get("status", "ALL"), params.get("familyPrefix", "")

    def fits(family: Family) -> bool:
        active = any(d.status == "ACTIVE" for d in family.revisions.values())
        return bool(status == "ALL" or active == (status == "ACTIVE"))

    names = sorted(f.name for f in at.state.families.values() if f.name.startswith(prefix) and fits(f))
    return page([([name], name) for name in names], params, "families", default=100)


def deregister_task_definition(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """What runs with it goes on; nothing new starts with it."""
    reference = params["taskDefinition"]
    if not re.search(r":\d+$", reference):
        raise client("Invalid revision number. Number: null")
    definition = find(at.state, reference)
    if definition is None:
        raise client("The specified task definition does not exist.")
    if definition.status == "ACTIVE":
        definition.status, definition.deregistered = "INACTIVE", at.now
    return {"taskDefinition": described(definition)}


def delete_task_definitions(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    wanted = params["taskDefinitions"]
    at_most(10, wanted, "taskDefinitions")
    found, failures = [], []
    for reference in wanted:
        if not re.search(r":\d+$", reference):
            raise invalid(f"Invalid task definition '{reference}': a revision is required.")
        definition = find(at.state, reference)
        if definition is None:
            failures.append(
                {
                    "arn": reference,
                    "reason": "TASK_DEFINITION_NOT_FOUND",
                    "detail": "The task definition was not found.",
                }
            )
        elif definition.status == "ACTIVE":
            detail = (
                "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
            )
            failures.append({"arn": definition.arn, "reason": "TASK_DEFINITION_ACTIVE", "detail": detail})
        else:
            if definition.delete_requested is None:
                definition.status, definition.delete_requested = "DELETE_IN_PROGRESS", at.now
                _delete_when_unused(at, definition)
            found.append(described(definition))
    return {"taskDefinitions": found, "failures": failures}


def _delete_when_unused(at: Scope, definition: TaskDefinition) -> None:
    """It is gone when its last user has ended; looked at now and then, as long as there is one."""

    def look() -> None:
        used = any(
            d.definition is definition
            for c in at.state.clusters.values()
            for s in c.services.values()
            if s.status != "INACTIVE"
            for d in s.deployments
        ) or any(
            t.definition is definition and t.status != "STOPPED"
            for c in at.state.clusters.values()
            for t in c.tasks.values()
        )
        if used:
            at.clock.after(600.0, look, housekeeping=True)
            return
        family = at.state.families[definition.family]
        family.revisions.pop(definition.revision, None)
        at.state.tags.pop(definition.arn, None)

    at.clock.after(60.0, look, housekeeping=True)


def find(state: Region, reference: str) -> TaskDefinition | None:
    """``family`` (its latest ACTIVE revision), ``family:revision`` or an ARN of this account and Region."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        return None
    region, account, name, revision = match.groups()
    if region and (region, account) != (state.name, state.account):
        return None
    family = state.families.get(name)
    if family is None:
        return None
    if revision:
        return family.revisions.get(int(revision))
    return next((d for d in reversed(family.revisions.values()) if d.status == "ACTIVE"), None)


def usable(state: Region, reference: str) -> TaskDefinition:
    """One that services and tasks may start with, or the error."""
    definition = find(state, reference)
    if definition is None:
        raise client("TaskDefinition not found.")
    if definition.status != "ACTIVE":
        raise AwsError("ClientException", "TaskDefinition is inactive")
    return definition


def described(definition: TaskDefinition) -> dict[str, Any]:
    times = present(deregisteredAt=definition.deregistered, deleteRequestedAt=definition.delete_requested)
    return definition.members | {"status": definition.status} | times


OPERATIONS: dict[str, Handler] = {
    "RegisterTaskDefinition": register_task_definition,
    "DescribeTaskDefinition": describe_task_definition,
    "ListTaskDefinitions": list_task_definitions,
    "ListTaskDefinitionFamilies": list_task_definition_families,
    "DeregisterTaskDefinition": deregister_task_definition,
    "DeleteTaskDefinitions": delete_task_definitions,
}
