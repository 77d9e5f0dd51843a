"""The Desk of a running agent: a word is written down at once, and the controller it concerns looks again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from reconciler.agent.controller import Controller
from reconciler.agent.desk import Wake
from reconciler.agent.source import Source
from reconciler.engine import people
from reconciler.engine.apply import Target
from reconciler.engine.in_force import apps_of
from reconciler.engine.lookup import Wish, narrowed
from reconciler.engine.people import Released
from reconciler.engine.rollback import Ancestors, roll_back
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.history import Revision
from reconciler.model.record import Said
from reconciler.model.suggest import did_you_mean, listing


class Office:
    """``controllers`` gives those there are now, by environment; ``ancestors`` knows the history of the mirror."""

    def __init__(
        self, controllers: Callable[[], Mapping[str, Controller]], source: Source, ancestors: Ancestors
    ) -> None:
        self._controllers, self._source, self._ancestors = controllers, source, ancestors

    def wake(self, wake: Wake) -> None:
        if wake.git:
            self._source.poke()
            return
        for name, controller in self._controllers().items():
            if wake.environment in (None, name):
                controller.wake(wake)

    def sync(self, environment: str, app: str | None, said: Said) -> str | None:
        controller = self._controller(environment)
        if app is not None:
            self._known(controller, app)
        self._source.refresh()
        controller.ask(app)
        return self._source.reading().head

    def suspend(self, environment: str, app: str, said: Said) -> Said | None:
        controller, target, _ = self._place(environment, app)
        assert target.records is not None
        before = people.suspend(target.records, target.scope, app, said)
        self._look_at(controller, app)
        return before

    def resume(self, environment: str, app: str, said: Said) -> Said | None:
        controller, target, _ = self._place(environment, app)
        assert target.records is not None
        before = people.resume(target.records, target.scope, app)
        self._look_at(controller, app)
        return before

    def approve(self, environment: str, app: str, digest: str, said: Said) -> str:
        controller, target, wish = self._place(environment, app)
        proposal = people.propose(target, narrowed(wish, [app]), app)
        agreed = people.approve(target, proposal, said, digest)
        if agreed is None:
            raise UsageError(f"there is nothing to approve of {app}", hint=f"see reconciler plan {app}")
        self._look_at(controller, app)
        return agreed.terms.digest

    def retry(self, environment: str, app: str, names: Collection[str], said: Said) -> list[Released]:
        controller, target, wish = self._place(environment, app)
        found = people.retry(target, narrowed(wish, [app]), app, names)
        self._look_at(controller, app)
        return found

    def rollback(self, environment: str, app: str, to: str | None, said: Said) -> list[str]:
        controller, target, wish = self._place(environment, app)
        found = roll_back(target, narrowed(wish, [app]), app, to, said, self._ancestors)
        assert target.records is not None
        target.records.said(target.scope, app, found.record)
        self._look_at(controller, app)
        return [
            f"{back.key} stays: {back.why}"
            if back.to is None
            else f"{back.key} goes back from {Revision(back.at).name} to {back.to.name}"
            for back in found.services
        ]

    def _place(self, environment: str, app: str) -> tuple[Controller, Target, Wish]:
        """What is needed to say something of an app. The target has no Writer: a word changes nothing but a record."""
        controller = self._controller(environment)
        wish = self._known(controller, app)
        ends = controller.ends
        if ends is None:
            raise ReconcilerError(f"{environment} is not connected yet", hint="see why with: reconciler status")
        return controller, replace(ends.target(), write=None), wish

    def _controller(self, environment: str) -> Controller:
        known = self._controllers()
        if environment not in known:
            hint = did_you_mean(environment, known, otherwise=f"environments are: {listing(sorted(known))}")
            raise UsageError(f"there is no environment '{environment}' here", hint=hint)
        return known[environment]

    @staticmethod
    def _known(controller: Controller, app: str) -> Wish:
        wish = controller.wish
        if wish is None:
            hint = "another replica is its writer, or the repository has not been read: see reconciler status"
            raise ReconcilerError(f"nothing of {controller.name} is in force here yet", hint=hint)
        if app not in (apps := apps_of(wish)):
            hint = did_you_mean(app, apps, otherwise=f"apps are: {listing(sorted(apps))}")
            raise UsageError(f"there is no app '{app}' in environment {controller.name}", hint=hint)
        return wish

    @staticmethod
    def _look_at(controller: Controller, app: str) -> None:
        controller.wake(Wake(environment=controller.name, apps=frozenset([app]), why="said", reset=True))
