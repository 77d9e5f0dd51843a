"""Scripts as YAML: workloads, alarms, hooks and Fargate's capacity, for people who watch the simulator."""

from __future__ import annotations

from typing import Any

from .ecs.workload import Script, Workload, made
from .errors import ScriptError

SECTIONS = ("workloads", "alarms", "hooks", "fargate")
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
ANSWERS = ("SUCCEEDED", "FAILED", "IN_PROGRESS")


def load(text: str, hook_answer: float) -> Script:
    """What the text says, or a ScriptError with the place."""
    import yaml

    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "script"
        raise ScriptError(f"{where}: not YAML: {getattr(error, 'problem', error)}") from None
    script = Script()
    if said is None:
        return script
    if not isinstance(said, dict):
        raise ScriptError(f"script: a mapping of {', '.join(SECTIONS)} is wanted")
    for name in said:
        if name not in SECTIONS:
            raise ScriptError(f"script: '{name}' is not known; one of {', '.join(SECTIONS)}")
    script.workloads = _workloads(said.get("workloads") or [])
    script.alarms = _alarms(said.get("alarms") or {})
    for target, answer in _mapping(said.get("hooks") or {}, "hooks").items():
        script.hooks[target] = hook(target, answer, hook_answer)
    for provider, tasks in _mapping(said.get("fargate") or {}, "fargate").items():
        script.fargate[provider] = room(provider, tasks)
    return script


def _workloads(said: Any) -> list[Workload]:
    if not isinstance(said, list):
        raise ScriptError("workloads: a list is wanted")
    found = []
    for number, one in enumerate(said, 1):
        if not isinstance(one, dict):
            raise ScriptError(f"workloads[{number}]: a mapping is wanted")
        found.append(made({str(k): v for k, v in one.items()}, f"workloads[{number}]"))
    return found


def _alarms(said: Any) -> dict[str, str]:
    return {name: alarm(name, state) for name, state in _mapping(said, "alarms").items()}


def _mapping(said: Any, where: str) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise ScriptError(f"{where}: a mapping is wanted")
    return {str(k): v for k, v in said.items()}


def alarm(name: str, state: Any) -> str:
    if state not in STATES:
        raise ScriptError(f"alarms.{name}: {state!r}, wanted one of {', '.join(STATES)}")
    return str(state)


def hook(target: str, answer: Any, seconds: float) -> tuple[str, float]:
    """An answer alone, or ``{answer: …, after: seconds}``."""
    if isinstance(answer, dict):
        seconds, answer = answer.get("after", seconds), answer.get("answer", "SUCCEEDED")
    if answer not in ANSWERS:
        raise ScriptError(f"hooks.{target}: {answer!r}, wanted one of {', '.join(ANSWERS)}")
    wait: Any = seconds
    if isinstance(wait, bool) or not isinstance(wait, int | float) or wait < 0:
        raise ScriptError(f"hooks.{target}: 'after' is {wait!r}, wanted a number of seconds, 0 or more")
    return str(answer), float(wait)


def room(provider: str, tasks: Any) -> int:
    if provider not in ("FARGATE", "FARGATE_SPOT"):
        raise ScriptError(f"fargate: '{provider}' is not known; FARGATE or FARGATE_SPOT")
    if isinstance(tasks, bool) or not isinstance(tasks, int) or tasks < 0:
        raise ScriptError(f"fargate.{provider}: {tasks!r}, wanted a number of tasks, 0 or more")
    return tasks
