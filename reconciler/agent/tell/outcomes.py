"""From one look at an environment to the next: what came about in between, each thing once. Pure.

The first look at an app is where it begins: what is so already is told to nobody, so that an agent that starts again
and again tells nothing twice. What flaps is told when it turns, but the same thing no more often than every half hour;
if by then what was told last is not true any more, the next look tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.agent.board import Look
from reconciler.agent.tell import reading
from reconciler.agent.tell.memory import Known, KnownApp, Told
from reconciler.agent.tell.outcome import Outcome
from reconciler.model.key import Key
from reconciler.model.status import Aggregate, Condition, ResourceStatus

QUIET: Final = timedelta(minutes=30)
"""For so long the same outcome of the same state is not told again."""
PATIENCE: Final = timedelta(minutes=10)
"""For so long a remote may be out of reach before anybody is told."""


def outcomes(told: Told, look: Look, now: datetime) -> tuple[Told, tuple[Outcome, ...]]:
    """What is to be told now, and what is to be remembered. A look without a status says something of the source."""
    fold = _Fold(told, look, now)
    told = fold.source()
    if look.status is not None:
        resources = {it.key: fold.resource(it, told.resources.get(it.key)) for it in look.status.resources}
        apps = {app.name: fold.app(app, told.apps.get(app.name), resources) for app in look.status.apps}
        fold.gone(told, resources, apps)
        told = replace(told, begun=told.begun or not look.waiting, resources=resources, apps=apps)
    return replace(told, lately=fold.lately), tuple(fold.found)


class _Fold:
    """One look being read. ``found`` grows in the order in which it is told."""

    def __init__(self, told: Told, look: Look, now: datetime) -> None:
        self.look, self.now = look, now
        self.found: list[Outcome] = []
        self.lately = {state: at for state, at in told.lately.items() if now - at < QUIET}
        self._told = told
        self._digests = {
            change.key: change.desired.digest[:12]
            for change in (look.plan.changes if look.plan is not None else ())
            if change.desired is not None
        }

    def tell(self, trigger: str, app: str = "", resource: str = "", *, version: str = "", **words: Any) -> bool:
        """Whether that counts as told: it was not when the same was told a moment ago."""
        if app and self._is_first(app):
            return True
        state = (app, resource, trigger, version)
        if state in self.lately:
            return False
        self.lately[state] = self.now
        self.found.append(
            Outcome(trigger, self.look.environment, self.now, app, resource, self.look.commit, version=version, **words)
        )
        return True

    def _is_first(self, app: str) -> bool:
        """Whether this is where an app's story begins, and not where the app does."""
        return not self._told.begun and app not in self._told.apps

    def source(self) -> Told:
        """What is wrong with the repository. A commit that cannot be used is told at once, a remote's silence later."""
        told, source, head = self._told, self.look.source, self.look.head
        if source is None or source.reason == "NotRead":
            return told
        if source.status == "True":
            return replace(told, heard=True, source=None, complained="")
        version = f"{source.reason} {head}"
        since = told.source[1] if told.source is not None and told.source[0] == version else self.now
        told = replace(told, heard=True, source=(version, since))
        silent = source.reason == "SourceFailed" and head == self.look.commit
        if told.complained == version or (silent and self.now - since < PATIENCE):
            return told
        words = {"reason": source.reason, "message": source.message}
        said = not self._told.heard or self.tell("on-source-failed", version=version, **words)
        return replace(told, complained=version) if said else told

    def resource(self, it: ResourceStatus, known: Known | None) -> Known:
        """A resource that may be a service, which is told by its deployments."""
        if known is None:
            known = self._first(it) if self._is_first(it.key.app) else Known()
        known = self._drift(it, self._rollout(it, known))
        synced = it.condition("Synced")
        return replace(known, leaving=synced is not None and synced.reason == "PrunePending")

    def _first(self, it: ResourceStatus) -> Known:
        """What was so before. A rollout that goes on has deployed nothing yet: its end is told."""
        found = reading.primary(it)
        done = found is not None and (it.ready or found.state == "COMPLETED")
        return Known(there=found is not None, deployed=found.revision if found is not None and done else "")

    def _rollout(self, it: ResourceStatus, known: Known) -> Known:
        revision, name, app = reading.revision_of(it), reading.name_of(it), it.key.app
        if reading.unknown(it):
            return known
        if revision and not known.there:
            self.tell("on-created", app, name, **_words(it, None))
            known = replace(known, there=True)
        if it.ready and revision and revision != known.deployed:
            self.tell("on-deployed", app, name, version=f"{revision} after {known.deployed}", **_words(it, None))
            known = replace(known, deployed=revision)
        if not reading.unrendered(it):
            known = replace(known, failing=self._failing(it, known))
        ill = reading.degraded(it, known.deployed)
        if ill is not None and not known.ill:
            return replace(known, ill=self.tell("on-health-degraded", app, name, version=revision, **_words(it, ill)))
        if known.ill and it.health.value == "Healthy" and revision == known.deployed:
            well = it.condition("Healthy")
            return replace(
                known, ill=not self.tell("on-health-recovered", app, name, version=revision, **_words(it, well))
            )
        return known

    def _failing(self, it: ResourceStatus, known: Known) -> tuple[str, str] | None:
        why = reading.failing(it, known.deployed)
        if why is None:
            return None
        found = reading.primary(it)
        now = (self._digests.get(it.key, ""), found.id if found is not None else "")
        before = known.failing
        if before is not None and (not now[0] or not before[0] or now[0] == before[0]):
            return (now[0] or before[0], now[1])
        version = " ".join(now)
        return (
            now
            if self.tell("on-sync-failed", it.key.app, reading.name_of(it), version=version, **_words(it, why))
            else before
        )

    def _drift(self, it: ResourceStatus, known: Known) -> Known:
        found, synced = reading.drifted(it), it.condition("Synced")
        if found is None:
            return known if synced is None or synced.status == "Unknown" else replace(known, drift="")
        if found.reason == known.drift:
            return known
        told = self.tell("on-drift", it.key.app, reading.name_of(it), version=found.reason, **_words(it, found))
        return replace(known, drift=found.reason) if told else known

    def app(self, app: Aggregate, known: KnownApp | None, resources: dict[Key, Known]) -> KnownApp:
        if known is None:
            self.tell("on-created", app.name, phase=app.phase)
            known = KnownApp()
        known = self._unknown(app, self._awaiting(app, known))
        moving = any(reading.moving(it, resources[it.key].deployed) for it in app.resources)
        if moving:
            if known.state != "running":
                number = f"{app.ready_count} of {len(app.resources)} resources are Ready"
                self.tell("on-sync-running", app.name, version=f"{self.look.commit}", phase=app.phase, message=number)
                known = replace(known, state="running", commit=self.look.commit)
            return known
        if any(resources[it.key].failing for it in app.resources):
            began = known.commit if known.state != "rest" or self._is_first(app.name) else self.look.commit
            return replace(known, state="failed", commit=began)
        deployed = any(it.trigger == "on-deployed" and it.app == app.name for it in self.found)
        if app.ready and (known.state != "rest" or deployed):
            number = f"{len(app.resources)} resources are Ready"
            self.tell("on-sync-succeeded", app.name, version=f"{self.look.commit}", phase=app.phase, message=number)
            return replace(known, state="rest", commit=known.commit if known.state != "rest" else self.look.commit)
        return known

    def _awaiting(self, app: Aggregate, known: KnownApp) -> KnownApp:
        waits = [(it, found) for it in app.resources if (found := reading.awaiting(it)) is not None]
        if not waits:
            return known if any(map(reading.unrendered, app.resources)) else replace(known, awaiting="")
        first, why = waits[0]
        digest = self.look.digests.get(app.name, "") if why.type != "Healthy" else ""
        hook = reading.primary(first)
        version = digest or f"{reading.name_of(first)} {hook.id if hook is not None else ''}"
        if version == known.awaiting:
            return known
        words = {**_words(first, why), "digest": digest}
        told = self.tell("on-awaiting-approval", app.name, version=version, **words)
        return replace(known, awaiting=version) if told else known

    def _unknown(self, app: Aggregate, known: KnownApp) -> KnownApp:
        lost = [it for it in app.resources if reading.unknown(it)]
        if not lost or known.unknown:
            return replace(known, unknown=bool(lost))
        words = _words(lost[0], lost[0].condition("Ready"))
        words["message"] = f"{_names(lost)}: {words['message']}"
        return replace(known, unknown=self.tell("on-sync-status-unknown", app.name, **words))

    def gone(self, told: Told, resources: dict[Key, Known], apps: dict[str, KnownApp]) -> None:
        """What is not in the status any more: deleted if it was about to be, else no longer spoken of."""
        for key, known in told.resources.items():
            if key not in resources and key.app in apps and known.there:
                message = "deleted" if known.leaving else f"no longer part of {self.look.environment}"
                self.tell("on-deleted", key.app, f"{key.kind}/{key.name}", message=message)
        for name in told.apps.keys() - apps.keys():
            leaving = [known.leaving for key, known in told.resources.items() if key.app == name]
            message = "deleted" if all(leaving) else f"no longer part of {self.look.environment}"
            self.tell("on-deleted", name, message=message)


def _words(it: ResourceStatus, why: Condition | None) -> dict[str, Any]:
    why = why or it.condition("Ready")
    said = {"reason": why.reason, "message": why.message} if why is not None else {}
    return {"revision": reading.revision_of(it), "phase": str(it.phase), "hint": it.hint, **said}


def _names(found: Sequence[ResourceStatus]) -> str:
    first = reading.name_of(found[0])
    return first if len(found) == 1 else f"{first} and {len(found) - 1} more"
