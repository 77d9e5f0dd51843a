"""Why a service is not as it should be: one likely cause in one sentence, what speaks for it, and what to do next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from reconciler.kinds.service_evidence import Evidence, Target
from reconciler.model.stop_reasons import Cause, Stop


@dataclass(frozen=True)
class Diagnosis:
    """``reason`` is the word for a condition, ``sentence`` the likely cause, ``detail`` the evidence line by line."""

    reason: str
    sentence: str
    detail: tuple[str, ...]
    hint: str
    cause: Cause | None = None


def diagnosed(found: Evidence, events: Sequence[str] = (), *, short: bool = True) -> Diagnosis | None:
    """The likely cause; None when nothing speaks of any. ``events`` are the service's, newest first; ``short``: it has
    fewer tasks than it wants.

    What stopped tasks say outweighs what targets say of those that still run, and both outweigh an event's words.
    """
    event = explaining(events) if short else ""
    detail = tuple(_detail(found, event))
    counted = [stop for stop in found.stops if stop.counts]
    if counted:
        commonest = Counter(stop.cause for stop in counted).most_common(1)[0][0]
        stop = next(stop for stop in counted if stop.cause is commonest)
        sentence, hint = _of_stop(stop, found, events)
        return Diagnosis(commonest.value, sentence, detail, hint, commonest)
    ill = [target for target in found.targets if target.state in ("unhealthy", "unused")]
    if ill:
        sentence, hint = _of_target(ill[0])
        return Diagnosis(Cause.TARGET_UNHEALTHY.value, sentence, detail, hint, Cause.TARGET_UNHEALTHY)
    sick = _unhealthy_container(found)
    if sick:
        return Diagnosis(Cause.UNHEALTHY.value, *_ill_container(sick, detail), Cause.UNHEALTHY)
    unplaced = next((stop for stop in found.stops if stop.cause is Cause.NO_CAPACITY), None)
    if unplaced:
        sentence = f"there is no room: {_plain(unplaced.text)}"
        return Diagnosis(Cause.NO_CAPACITY.value, sentence, detail, _ROOM, Cause.NO_CAPACITY)
    if event:
        reason, sentence, hint = of_event(event)
        return Diagnosis(reason, sentence, detail, hint)
    return None


_ROOM = "add capacity, or ask for less CPU, memory or fixed ports; it goes on by itself as soon as there is room"


def of_event(text: str) -> tuple[str, str, str]:
    """Reason, sentence and hint of what a service event explains."""
    words = text.partition(") ")[2] or text
    if "unable to place a task" in text:
        missing = words.partition("unable to place a task because ")[2] or words
        return "InsufficientCapacity", _unplaced(missing), _ROOM
    if "service deployment configuration" in text:
        sentence = "minimumHealthyPercent and maximumPercent leave no room to start or stop a task"
        return "CannotRoll", sentence, "raise maximumPercent or lower minimumHealthyPercent"
    if "throttled" in text:
        return "Throttled", f"ECS is being throttled: {_plain(words)}", "it goes on by itself"
    return "TasksFailing", _plain(words), "look at the stopped tasks"


def _unplaced(words: str) -> str:
    """What was missing, in short; ECS's own words where they are not known."""
    if "No Container Instances" in words:
        return "the cluster has no container instance to place a task on"
    found = _CLOSEST.search(words)
    why = f"the closest one ({found[1][:8]}…) {_plain(found[2])}" if found else _plain(words)
    return f"no instance has room for a task: {why}"


_CLOSEST = re.compile(r"closest matching \(?container-instance ([0-9a-f-]+)\)? (.*)")


def explaining(events: Sequence[str]) -> str:
    """Of the events since something last went well, newest first, the one that tells most."""
    recent = list(takewhile(lambda text: not any(words in text for words in _WENT_WELL), events))
    return next((text for words in _TELLING for text in recent if words in text), "")


_WENT_WELL = ("has started", "steady state", "deployment completed")
_TELLING = ("unable to place a task", "service deployment configuration", "throttled", "unable to consistently")


def _plain(words: str) -> str:
    """ECS's own words without the advice that follows them."""
    return words.partition(" For more information")[0].strip().rstrip(".")


def _of_stop(stop: Stop, found: Evidence, events: Sequence[str]) -> tuple[str, str]:
    """The sentence and the hint for one stopped task."""
    who = f"container {stop.container}" if stop.container else "its container"
    match stop.cause:
        case Cause.IMAGE_NOT_FOUND:
            return f"the image {stop.image} does not exist", "push the image, or correct its name in the manifest"
        case Cause.SECRET_NOT_FOUND:
            return (
                "a secret or parameter that it needs does not exist",
                "create it, or correct its name in the manifest",
            )
        case Cause.LOG_GROUP_NOT_FOUND:
            hint = "declare a LogGroup, or set awslogs-create-group"
            return "the log group it is to write to does not exist", hint
        case Cause.ACCESS_DENIED:
            return _denied(stop)
        case Cause.NOT_EXECUTABLE:
            sentence = f"{who} cannot be started: the image is for another architecture, or has no such program"
            return sentence, "check runtimePlatform, entryPoint and command against the image"
        case Cause.OUT_OF_MEMORY:
            return f"{who} ran out of memory and was killed (exit code 137)", f"raise the memory of {who}"
        case Cause.KILLED:
            sentence = f"{who} was killed (exit code 137): out of memory, or it ignored SIGTERM until its stopTimeout"
            return sentence, f"look at the memory {who} uses, and at what it does on SIGTERM"
        case Cause.EXITED:
            return _exited(stop, who, bool(found.words))
        case Cause.UNHEALTHY:
            hint = "run its healthCheck command in the container; raise startPeriod if it only needs longer to start"
            return f"the health check of {who} fails" if stop.container else "the container's health check fails", hint
        case Cause.TARGET_UNHEALTHY:
            ill = next((target for target in found.targets if target.state == "unhealthy"), None)
            return _of_target(ill or _target_of(stop, events))
        case Cause.UNREACHABLE:
            hint = "check the subnets' route to a NAT gateway or VPC endpoints, and the security groups"
            return f"something it needs to start cannot be reached: {_plain(stop.text)}", hint
    return f"its tasks do not start: {_plain(stop.text)}", "look at the stopped task"


_DUE_TO = re.compile(r"is unhealthy in \(target-group ([^)]*)\) due to \(reason ([^)]*)\)")


def _target_of(stop: Stop, events: Sequence[str]) -> Target:
    """What the load balancer said of a task that is gone: it stands in the events."""
    told = next((found for text in events if stop.task in text and (found := _DUE_TO.search(text))), None)
    if told is None:
        told = next((found for text in events if (found := _DUE_TO.search(text))), None)
    return Target(told[1], "unhealthy", "", told[2]) if told else Target("", "unhealthy", "", stop.text)


def _denied(stop: Stop) -> tuple[str, str]:
    if stop.action:
        return f"{stop.action} is denied to its execution role", f"allow {stop.action} to the execution role"
    if "assume" in stop.text.lower():
        hint = "let ecs-tasks.amazonaws.com assume the role, and check its name"
        return "ECS is not allowed to assume the task's role", hint
    if "CannotPull" in stop.text:
        return f"the image {stop.image} may not be pulled", "allow the execution role to pull it, or correct its name"
    return f"it lacks a permission to start: {_plain(stop.text)}", "allow it to the execution role"


_EXIT_CODES = {
    0: "it ended by itself, and a service's container has to keep running",
    126: "its command is not executable",
    127: "its command was not found",
    134: "it aborted",
    139: "it crashed with a segmentation fault",
    143: "it ended on SIGTERM",
}


def _exited(stop: Stop, who: str, words: bool) -> tuple[str, str]:
    after = f" after {stop.seconds:.0f} s" if stop.seconds is not None else ""
    meaning = f": {_EXIT_CODES[stop.code]}" if stop.code in _EXIT_CODES else ""
    code = f"exits with code {stop.code}" if stop.code is not None else "ends without an exit code"
    hint = "its last log lines say why" if words else "read its log: none that could be read here was written"
    if stop.code in (126, 127):
        hint = f"correct the command or entryPoint of {who}"
    return f"{who} {code}{after}{meaning}", hint


_TARGET_HINTS = {
    "Target.Timeout": "check that the container listens on that port, and that its security group lets the balancer in",
    "Target.ResponseCodeMismatch": "make the health check's path answer with the code that the target group expects",
    "Target.FailedHealthChecks": "check that the container listens on the port and path of the health check",
    "Target.NotInUse": "give the target group a listener rule that sends it traffic",
}


def _of_target(target: Target) -> tuple[str, str]:
    group = target.group.rpartition(":targetgroup/")[2].partition("/")[0]
    where = f" of {group}" if group else ""
    why = " ".join(word for word in (target.reason, f"({target.text})" if target.reason else target.text) if word)
    if target.state == "unused":
        return f"the load balancer does not use its targets{where}: {why}", _TARGET_HINTS["Target.NotInUse"]
    sentence = f"its targets fail the load balancer's health check{where}: {why or 'no reason given'}"
    hint = _TARGET_HINTS.get(target.reason, "check that the container answers on the port and path of the health check")
    return sentence, f"{hint}; raise healthCheckGracePeriodSeconds if it only needs longer to start"


def _unhealthy_container(found: Evidence) -> str:
    return next(
        (
            str(container.get("name"))
            for task in found.tasks
            if task.get("lastStatus") == "RUNNING"
            for container in task.get("containers") or ()
            if container.get("healthStatus") == "UNHEALTHY"
        ),
        "",
    )


def _ill_container(name: str, detail: tuple[str, ...]) -> tuple[str, tuple[str, ...], str]:
    hint = "run its healthCheck command in the container; raise startPeriod if it only needs longer to start"
    return f"the health check of container {name} fails", detail, hint


def _detail(found: Evidence, event: str) -> Iterator[str]:
    """The evidence: what stopped, grouped; the targets, grouped; the event; the last log lines; what is not known."""
    groups = Counter((_what(stop), stop.counts) for stop in found.stops)
    for (what, counts), number in groups.most_common(4):
        newest = max(stop.at for stop in found.stops if _what(stop) == what)
        plural = "tasks" if number != 1 else "task"
        aside = "" if counts else ", which is no failure"
        yield f"{number} {plural} stopped{aside}, last at {newest:%H:%M:%S}: {what}"
    states = Counter((target.group, target.state, target.reason, target.text) for target in found.targets)
    for (group, state, reason, text), number in sorted(states.items()):
        name = group.rpartition(":targetgroup/")[2].partition("/")[0]
        why = " ".join(word for word in (reason, text) if word)
        yield f"{number} target{'s' * (number != 1)} of {name} {state}{f': {why}' if why else ''}"
    if event:
        yield f"event: {event}"
    for line in found.words:
        yield f"log: {line}"
    for gap in found.gaps:
        yield f"not known: {gap}"


def _what(stop: Stop) -> str:
    code = f" ({stop.container}: exit code {stop.code})" if stop.code is not None else ""
    return f"{_plain(stop.text) or stop.cause.value}{code}"
