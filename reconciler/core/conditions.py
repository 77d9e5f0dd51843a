"""What one reading, one verdict and one change say, as conditions: sync, health, and what is going on, each apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reconciler.core.drift import listed
from reconciler.model.errors import AwsError, Denied
from reconciler.model.key import Key
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Change
from reconciler.model.record import Approval, Said
from reconciler.model.status import Condition, Health, HealthWord

Word = Literal["True", "False", "Unknown"]

_OF_SYNC = {
    "AwaitingApproval": "AwaitingApproval",
    "DriftDetected": "DriftDetected",
    "DriftUnresolvable": "DriftDetected",
    "PrunePending": "PrunePending",
}
"""Codes of what is blocked that say how it stands with the repository, and not only why it is held: as its reason."""

_WORDS: dict[HealthWord, Word] = {
    HealthWord.HEALTHY: "True",
    HealthWord.SUSPENDED: "Unknown",
    HealthWord.PROGRESSING: "Unknown",
    HealthWord.UNKNOWN: "Unknown",
    HealthWord.MISSING: "False",
    HealthWord.DEGRADED: "False",
}


@dataclass(frozen=True)
class Facts:
    """What is known of one resource when its conditions are set.

    failure    the call for it that did not succeed in this tick
    unread     why what it refers to could not be read: so it cannot be known how it stands with the repository
    invalid    it is declared, but wrong
    drifted    where a change does not know its cause: this very digest was synced, so somebody else changed it
    ignored    the paths that somebody changed, and that a policy leaves so
    suspended  who suspended its app; True when its manifest does
    approved   the plan of its app that a person has agreed to, when no other one waits for that
    """

    key: Key
    seen: Observed
    health: Health | None
    change: Change | None
    failure: AwsError | None = None
    unread: AwsError | None = None
    invalid: bool = False
    drifted: bool = False
    ignored: tuple[str, ...] = ()
    suspended: Said | bool = False
    approved: Approval | None = None


def conditions(facts: Facts) -> Iterator[Condition]:
    """All that hold, Ready first. Reconciling and Stalled are only there when they are true."""
    synced, healthy, stalled = _synced(facts), _healthy(facts), _stalled(facts)
    ready = _ready(synced, healthy, stalled)
    yield from (ready, synced, healthy)
    if stalled is not None:
        yield stalled
    elif ready.status != "True":
        yield _reconciling(facts, ready)
    if facts.suspended:
        yield _suspended(facts.suspended)
    if facts.approved:
        yield Condition("Approved", "True", "Approved", str(facts.approved), facts.approved.said.at)


def _ready(synced: Condition, healthy: Condition, stalled: Condition | None) -> Condition:
    """True when all else is; otherwise in the words of what stands in the way."""
    why = stalled or (synced if synced.status != "True" else healthy)
    word: Word = "True" if why is healthy and healthy.status == "True" else "False"
    if why.status == "Unknown" and why.reason == "ObserveFailed":
        word = "Unknown"
    return Condition("Ready", word, why.reason, why.message)


def health_word(facts: Facts) -> HealthWord:
    """The verdict, also where there is nothing to judge."""
    if facts.health is not None:
        return facts.health.word
    unknown = bool(facts.seen.error or facts.unread or facts.invalid or _going(facts))
    return HealthWord.UNKNOWN if unknown else HealthWord.MISSING


def detail(facts: Facts) -> tuple[str, ...]:
    """The evidence, line by line."""
    blocked = facts.change.blocked if facts.change else None
    if blocked is not None and blocked.detail:
        return blocked.detail
    return facts.health.detail if facts.health is not None else ()


def hint(facts: Facts) -> str:
    """What to do next, from whoever knows best."""
    if facts.failure is not None and not facts.failure.retry:
        return facts.failure.hint
    if facts.change is not None and facts.change.blocked is not None:
        return facts.change.blocked.hint
    if facts.change is not None and _takes_back(facts.change):
        return "; ".join(filter(None, (facts.health.hint if facts.health else "", "the next apply takes it back")))
    if facts.health is not None and facts.health.hint:
        return facts.health.hint
    return facts.seen.error.hint if facts.seen.error is not None else ""


def reason(code: str) -> str:
    """A problem's code as a condition's reason: ``replace-refused`` → ``ReplaceRefused``; what is one stays."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", code) if word]
    return "".join(word[:1].upper() + word[1:] for word in words) or "Blocked"


def _not_known(error: AwsError) -> str:
    return f"what it refers to could not be read: {error.message}"


def _takes_back(change: Change) -> bool:
    """Whether what runs is as declared, has failed, and is only waiting to be taken back."""
    return change.action is Action.HOLD and bool(change.calls)


def _going(facts: Facts) -> bool:
    return facts.change is not None and facts.change.action is Action.DELETE


def _synced(facts: Facts) -> Condition:
    change = facts.change
    if facts.seen.error is not None:
        return Condition("Synced", "Unknown", "ObserveFailed", facts.seen.error.message)
    if facts.unread is not None:
        return Condition(
            "Synced", "Unknown", "ObserveFailed", f"what it refers to was not read: {facts.unread.message}"
        )
    if facts.invalid:
        return Condition("Synced", "Unknown", "RenderFailed", "its manifest is invalid")
    if change is None or _takes_back(change):
        if facts.ignored:
            paths = listed(facts.ignored) if facts.seen.present else "it was deleted"
            return Condition("Synced", "True", "DriftIgnored", f"left as somebody changed it in AWS: {paths}")
        return Condition("Synced", "True", "Synced", "as the repository says")
    if change.action is Action.DELETE:
        return Condition("Synced", "False", "PrunePending", change.waiting or "no longer declared")
    paths = ", ".join(field.text for field in change.fields[:3]) + (", …" if len(change.fields) > 3 else "")
    what = str(change.action if change.action is not Action.HOLD else Action.UPDATE)
    said = f"{what}: {paths}" if paths else what
    if change.doing == "Pinned" and change.blocked is None:
        return Condition("Synced", "False", "Pinned", f"{change.note}; it is not there yet: apply puts it there")
    if change.blocked is not None and (code := reason(change.blocked.code)) in _OF_SYNC:
        return Condition("Synced", "False", _OF_SYNC[code], change.blocked.message)
    return _differs(change, said, drifted=facts.drifted)


def _differs(change: Change, said: str, *, drifted: bool) -> Condition:
    """Out of sync, with the cause where it is known."""
    by = f", by {change.who}" if change.who else ""
    if change.left:
        left = listed([field.text for field in change.left])
        return Condition("Synced", "False", "DriftDetected", f"{said}; left as changed in AWS{by}: {left}")
    if change.cause in ("drift", "both"):
        where = "AWS" if change.cause == "drift" else "git and in AWS"
        said = f"{said} (changed in {where}{by})"
    return Condition("Synced", "False", "DriftDetected" if drifted or change.cause == "drift" else "OutOfSync", said)


def _healthy(facts: Facts) -> Condition:
    health = facts.health
    if facts.seen.error is not None:
        return Condition("Healthy", "Unknown", "ObserveFailed", facts.seen.error.message)
    if health is not None:
        return Condition("Healthy", _WORDS[health.word], health.reason or health.word.value, health.message)
    if facts.unread is not None:
        return Condition("Healthy", "Unknown", "ObserveFailed", _not_known(facts.unread))
    if facts.invalid:
        return Condition("Healthy", "Unknown", "RenderFailed", "it is not looked at")
    if _going(facts):
        return Condition("Healthy", "Unknown", "PrunePending", "about to be deleted")
    return Condition("Healthy", "False", "Missing", "it does not exist yet")


def _stalled(facts: Facts) -> Condition | None:
    if facts.failure is not None and not facts.failure.retry:
        why = "AccessDenied" if isinstance(facts.failure, Denied) else "Rejected"
        return Condition("Stalled", "True", why, str(facts.failure))
    if facts.invalid:
        return Condition("Stalled", "True", "InvalidManifest", "its manifest is invalid")
    blocked = facts.change.blocked if facts.change else None
    if blocked is not None:
        return Condition("Stalled", "True", reason(blocked.code), blocked.message)
    as_declared = facts.change is None or _takes_back(facts.change)
    if facts.health is not None and facts.health.stalled and as_declared:
        return Condition("Stalled", "True", facts.health.reason or facts.health.word.value, facts.health.message)
    return None


def _reconciling(facts: Facts, ready: Condition) -> Condition:
    change = facts.change
    if facts.failure is not None:
        return Condition("Reconciling", "True", "ProgressingWithRetry", str(facts.failure))
    if change is not None and change.waits_on:
        names = ", ".join(map(str, change.waits_on))
        return Condition("Reconciling", "True", "WaitingForDependency", f"after {names}")
    if facts.seen.error is not None:
        return Condition("Reconciling", "True", "ProgressingWithRetry", ready.message)
    if change is None:
        return Condition("Reconciling", "True", _moving(facts.health), ready.message)
    told = facts.health.message if change.action is Action.RUN and facts.health else ready.message
    return Condition("Reconciling", "True", _doing(change), change.waiting or told)


def _moving(health: Health | None) -> str:
    """What goes on by itself in something that is as declared."""
    of_health = {"OldTasksDraining": "Draining", "RollingBack": "RollingBack", "RunningHook": "RunningHook"}
    if health is None or health.word in (HealthWord.UNKNOWN, HealthWord.SUSPENDED) or health.reason == "Recovering":
        return "Progressing"
    return of_health.get(health.reason, "RollingOut")


def _doing(change: Change) -> str:
    if change.doing:
        return reason(change.doing)
    if change.action is Action.HOLD:
        return "Progressing"
    if change.action is Action.RUN:
        return "RunningHook"
    return "Draining" if change.waiting else "Progressing"


def _suspended(said: Said | bool) -> Condition:
    if not isinstance(said, Said):
        return Condition("Suspended", "True", "Suspended", "its App manifest says suspend: true")
    why = f": {said.why}" if said.why else ""
    return Condition("Suspended", "True", "Suspended", f"by {said.by}{why}", said.at)
