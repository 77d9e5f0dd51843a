"""The course of a run: find what is meant, start it, follow it, pass its code on."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from reconciler.agent.waking import Waking
from reconciler.cli.exits import Exit
from reconciler.cli.interrupts import Stop
from reconciler.cli.reading import choose, committed, draft_for, settled
from reconciler.cli.runtime import Runtime
from reconciler.cli.working import connected, target_for
from reconciler.engine.lookup import Wish
from reconciler.engine.order_task import Flags, Order, chosen, order
from reconciler.engine.run_task import Ended, Follower, Told, start
from reconciler.model.errors import InvalidManifests, ReconcilerError, Severity, UsageError
from reconciler.model.key import Key
from reconciler.report.cells import safe
from reconciler.report.problems import error as drawn

OWN_FAILURE = 125
TIMEOUT = 3600.0
"""Seconds a task may run, where no flag says."""


class Running:
    """One run. Every failure of ours ends with a code that is hardly the container's."""

    def __init__(self, ran: Runtime, target: str, words: tuple[str, ...], given: dict[str, Any]) -> None:
        self._ran, self._target, self._given = ran, target, given
        self._words = words

    def run(self) -> int:
        """The exit code."""
        try:
            return self._run()
        except ReconcilerError as error:
            self._err(drawn(error, self._ran.terminal.err_color))
            return OWN_FAILURE

    def _run(self) -> int:
        revision = committed(self._ran)
        name = choose(self._ran, revision)
        whole = draft_for(revision, name, ()).wish
        key = chosen(whole, self._target, self._given["app"])
        _valid(whole, key, read=False)
        flags = self._flags()
        drafted = draft_for(revision, name, [key.app])  # so that no other app is looked at
        with connected(self._ran, drafted.wish) as both:
            wish = settled(self._ran, drafted, both, keep_going=True)
            _valid(wish, key, read=True)
            target = target_for(self._ran, wish, both, {})
            made = order(target, wish, key, flags, uuid.uuid4().hex)
            if made.like:
                self._err(f"runs like {made.like}")
            stop = Stop(lambda text: self._err("stopping the task (Ctrl-C again: at once, and the task goes on)"))
            with stop.listening():
                task = start(both.write, made)
                arn = str(task["taskArn"])
                if self._given["detach"]:
                    self._ran.terminal.out(arn)
                    return Exit.DONE
                self._err(f"started {arn} for {key}")
                follower = Follower(
                    both.read, both.write, Waking(self._ran.clock, stop), Told(self._err, self._line), stop
                )
                ended = follower.follow(made, task, self._given["timeout"] or TIMEOUT)
            return self._code(made, ended, stop)

    def _code(self, made: Order, ended: Ended, stop: Stop) -> int:
        said = f": {ended.why}" if ended.why else ""
        if stop():
            self._err(f"{made.what} was stopped")
            return stop.code
        if ended.stopped or ended.code is None:
            self._err(f"{made.what} has failed{said}")
            return OWN_FAILURE
        self._err(f"{made.what} ended with exit code {ended.code}")
        return ended.code

    def _flags(self) -> Flags:
        given = self._given
        names = ("cluster", "public_ip", "launch_type", "capacity_provider", "cpu", "memory", "container")
        return replace(
            Flags(**{name: given[name] for name in names}),
            subnets=_list(given["subnets"]),
            security_groups=_list(given["security_groups"]),
            env=_variables(given["env"]),
            command=self._words,
        )

    def _line(self, text: str) -> None:
        self._ran.terminal.out((safe(text) if self._ran.terminal.color else text) + "\n")

    def _err(self, text: str) -> None:
        self._ran.terminal.err(safe(text) if "\n" not in text else text)


def _valid(wish: Wish, key: Key, *, read: bool) -> None:
    """What is meant has to be well; what is wrong with others does not matter. ``read``: nothing is left unread."""
    wrong = [it for it in wish.problems if it.key == key or it.app == key.app]
    if key not in wish.desired and (read or any(it.severity is Severity.ERROR for it in wrong)):
        raise InvalidManifests(wrong)


def _list(said: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (said or "").split(",") if word.strip())


def _variables(said: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in said:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise UsageError("--env wants NAME=VALUE", hint="for example: --env LEVEL=debug")
        found[name] = value
    return found
