"""What became of a task that has stopped: succeeded, failed and why, or never started for want of room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.kinds.job_facts import Container, Task

_CAPACITY = ("resource:", "capacity is unavailable", "insufficient capacity", "no container instances were found")
_ENDED_BY_ITSELF = ("", "EssentialContainerExited")


def for_capacity(reasons: Iterable[str]) -> bool:
    """Whether all reasons why there is no task are such that there may be room later."""
    said = [reason.lower() for reason in reasons]
    return bool(said) and all(reason == "agent" or any(text in reason for text in _CAPACITY) for reason in said)


def wants_room(task: Task) -> bool:
    """Whether a task never started because there was no room for it."""
    return task.stop_code == "TaskFailedToStart" and for_capacity([task.reason])


def failure(task: Task, container: str, essential: Mapping[str, bool]) -> str:
    """Why a stopped task has failed; empty when it has succeeded.

    It has succeeded when the named container, or every essential one, ended with 0 of its own accord. A code that is
    missing is no success.
    """
    counted = _counted(task, container, essential)
    told = [_told(one) for one in counted if one.code != 0 or one.reason]
    if counted and task.stop_code in _ENDED_BY_ITSELF and all(one.code == 0 for one in counted):
        return ""
    if not counted:
        told.append(f"there is no container {container} in it" if container else "it has no containers")
    if task.reason and not (told and task.reason == "Essential container in task exited"):
        told.append(task.reason)
    return "; ".join(told) or f"it was stopped: {task.stop_code}"


def _counted(task: Task, container: str, essential: Mapping[str, bool]) -> list[Container]:
    if container:
        return [one for one in task.containers if one.name == container]
    return [one for one in task.containers if essential.get(one.name, True)]


def _told(one: Container) -> str:
    code = "gave no exit code" if one.code is None else f"exit code {one.code}"
    return f"{one.name}: {code}" + (f" ({one.reason})" if one.reason else "")
