"""The course of an apply: read, plan, show, ask, converge, say how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.agent.converge import Ending, Outcome, converge
from reconciler.agent.waking import Waking
from reconciler.cli import telling
from reconciler.cli.commands import command
from reconciler.cli.exits import Exit, obstacles, of_blocked, of_problems, of_result, worst
from reconciler.cli.interrupts import Stop
from reconciler.cli.leasing import Leasing
from reconciler.cli.reading import choose, committed, draft_for, settled, tell, without_broken
from reconciler.cli.runtime import Runtime
from reconciler.cli.watching import Watch
from reconciler.cli.working import connected, target_for
from reconciler.engine.apply import Target, Writer
from reconciler.engine.connect import Connected
from reconciler.engine.lookup import Wish
from reconciler.engine.reconcile import reconcile
from reconciler.engine.restart import to_restart
from reconciler.engine.saved_plan import OnlySaved, SavedPlan, check, load, to_json
from reconciler.engine.settle import Draft
from reconciler.model.errors import InvalidManifests, LeaseHeld, Problem, UsageError
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.status import Memory, Result
from reconciler.report.plan_text import plan_text
from reconciler.report.problems import draw_all

TIMEOUT = 20 * 60.0
"""Seconds for all of an apply, at the least, where no flag says."""

WAY_BACK = 600.0
"""Seconds more for what fails at the end of its time to be taken back."""


def longest(wish: Wish, plan: Plan) -> float:
    """Seconds for an apply of which nobody says how long: the longest rollout and the longest job, and the way back."""
    of_kinds: dict[str, float] = {}
    for key in (change.key for change in plan.changes if change.key in wish.desired):
        desired = wish.desired[key]
        own = wish.kinds[key.kind].patience(desired.spec, desired.policy)
        of_kinds[key.kind] = max(own, of_kinds.get(key.kind, 0.0))
    return max(TIMEOUT, sum(of_kinds.values()) + WAY_BACK)


@dataclass(frozen=True)
class Wanted:
    """What the command line says. ``options`` are those a saved plan keeps. ``file``: one app may be such a plan."""

    apps: tuple[str, ...]
    options: Mapping[str, Any]
    output: str = "text"
    yes: bool = False
    keep_going: bool = False
    no_wait: bool = False
    timeout: float | None = None
    restart: tuple[str, ...] = ()
    lease_timeout: float | None = None
    older: bool = False
    file: bool = True


@dataclass
class Apply:
    """One apply. ``problems`` are the manifests' own."""

    ran: Runtime
    wanted: Wanted
    problems: tuple[Problem, ...] = ()
    saved: SavedPlan | None = field(default=None)

    def run(self) -> int:
        """The exit code."""
        self.saved = self._plan_file()
        if self.saved is not None:
            self._as_saved(self.saved)
        made = self._draft()
        if self.saved is None:
            self._may_ask()
        wanted = self.wanted
        lease = Leasing(
            self.ran, made.wish.environment, made.revision, timeout=wanted.lease_timeout, older=wanted.older
        )
        with connected(self.ran, made.wish, lease.check) as both:
            wish = self._wish(made, both)
            target = target_for(self.ran, wish, both, self.wanted.options)
            target = replace(target, to_write=True, restart=to_restart(wish, self.wanted.restart))
            before = reconcile(target, wish, Memory())
            if self.saved is not None:
                check(self.saved, before.plan)
            if not self._text:
                pass
            elif self.saved is None or self.ran.verbose:
                self._out(plan_text(before.plan, color=self.ran.terminal.color, verbose=self.ran.verbose))
            else:
                self._out(telling.taken_up(self.saved, before.plan))
            outside = telling.waits_outside(before.plan, self.wanted.apps)
            if (obstacles(before.plan) or outside) and not self.wanted.keep_going:
                return self._refused(before, outside)
            if outside:
                self.ran.terminal.note(telling.outside_words(outside))
            if before.plan.empty and before.status.ready:
                return self._ended("converged", before, [], of_problems(self.problems))
            agreed = self._agreed(before.plan)
            if agreed is None:
                return self._ended("declined", before, [], Exit.NOT_CONVERGED)
            return self._make(target, wish, both, agreed, before, lease)

    @property
    def _text(self) -> bool:
        return self.wanted.output == "text"

    def _plan_file(self) -> SavedPlan | None:
        """The saved plan, when the one argument is a file."""
        if len(self.wanted.apps) != 1 or not self.wanted.file:
            return None
        name = self.wanted.apps[0]
        path = Path(name)
        if path.is_file():
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                raise UsageError(
                    "is not a plan file", where=name, hint="make one with: reconciler plan --out FILE"
                ) from None
            return load(text, name)
        if path.suffix == ".json" or "/" in name:
            raise UsageError("there is no such plan file", where=name, hint="make one with: reconciler plan --out FILE")
        return None

    def _as_saved(self, saved: SavedPlan) -> None:
        """Take environment, commit and options from the file; whoever says otherwise is told that it cannot be."""
        options, said = self.ran.options, self.wanted.options
        for flag, mine, theirs in (
            ("--environment", options.environment, saved.environment),
            ("--installation", options.installation, saved.options.get("installation")),
            ("--revision", options.revision, saved.revision),
            *((f"--{name}", said[name], saved.options.get(name)) for name in ("prune", "adopt", "deletionLimit")),
            ("--no-preflight", said["noPreflight"], saved.options.get("noPreflight")),
            ("--outside-window", said["outsideWindow"], saved.options.get("outsideWindow")),
        ):
            if mine is not None and mine != theirs:
                raise UsageError(f"{flag} is not what the saved plan was made with", hint="leave it out, or plan again")
        if self.wanted.keep_going:
            raise UsageError("--keep-going and a saved plan cannot both be meant", hint="a saved plan is made whole")
        if self.wanted.restart:
            raise UsageError("--restart and a saved plan cannot both be meant", hint="make the plan, then restart")
        options.environment = saved.environment
        options.installation = saved.options.get("installation")
        options.revision, options.worktree = saved.revision, saved.revision is None
        self.wanted = replace(self.wanted, apps=tuple(saved.options.get("apps") or ()), options=saved.options)

    def _draft(self) -> Draft:
        revision = committed(self.ran)
        made = draft_for(revision, choose(self.ran, revision), self.wanted.apps)
        if made.wish.errors and not self.wanted.keep_going:
            raise InvalidManifests(made.wish.problems)
        without_broken(made.wish, self.wanted.apps)
        tell(self.ran, made.wish.problems)
        return made

    def _wish(self, made: Draft, both: Connected) -> Wish:
        wish = settled(self.ran, made, both, keep_going=self.wanted.keep_going)
        self.problems = wish.problems
        if not wish.errors:
            return wish
        wish, left_out = without_broken(wish, self.wanted.apps)
        if left_out:
            self.ran.terminal.note(f"left out, because invalid: {', '.join(sorted(left_out))}")
        return wish

    def _may_ask(self) -> None:
        if not self.wanted.yes and not (self.ran.terminal.interactive and self._text):
            raise UsageError(
                "apply asks before it writes, and here is nobody to ask",
                hint="say --yes, or save a plan with `reconciler plan --out FILE` and apply that file",
            )

    def _agreed(self, plan: Plan) -> SavedPlan | bool | None:
        """What may be made: what was saved, what was just agreed to, or (True) whatever is needed; None for nothing."""
        if self.saved is not None:
            return self.saved
        if self.wanted.yes or not any(change.calls for change in plan.changes):
            return True
        if not telling.asked(plan):
            self._err("not confirmed; nothing was written")
            return None
        # What was shown is what was agreed to: anything else has to be shown first.
        return load(json.dumps(to_json(plan, self.wanted.options)), "the plan")

    def _make(
        self, target: Target, wish: Wish, both: Connected, agreed: SavedPlan | bool, before: Result, lease: Leasing
    ) -> int:
        terminal = self.ran.terminal
        watch = Watch(terminal, self.ran.clock, quiet=not self._text)
        stop = Stop(lambda text: self._err(text))
        write: Writer = OnlySaved(both.write, agreed.calls) if isinstance(agreed, SavedPlan) else both.write
        target = replace(target, write=write, made=watch.made, stop=stop)
        timeout = self.wanted.timeout or longest(wish, before.plan)
        try:
            with stop.listening(), lease.kept():
                outcome = self._leased(target, wish, watch, lease, before, timeout)
        except Exception:
            # Whatever ended it is told where every run ends; what was made by then is told here.
            self._err(telling.cut_short(watch.calls))
            self._ended("failed", watch.last or before, watch.calls, Exit.FAILED)
            raise
        code = of_result(outcome.last, converged=outcome.ending is Ending.CONVERGED)
        if outcome.ending is Ending.STOPPED:
            code = stop.code
        else:
            code = worst([code, of_problems(self.problems)])
        if new := [note for note in outcome.last.notes if note not in before.notes]:
            self._err(draw_all(new, terminal.err_color) + "\n")
        self._conclude(outcome, watch, timeout)
        return self._ended(outcome.ending.value.replace(" ", "-"), outcome.last, watch.calls, code)

    def _leased(
        self, target: Target, wish: Wish, watch: Watch, lease: Leasing, before: Result, timeout: float
    ) -> Outcome:
        """Converge, with the lease from the moment on that there is something to write.

        What was seen before it was had counts no more: others may have written until then.
        """
        if any(change.calls for change in before.plan.changes):
            if self._text and (said := lease.unprotected()):
                self.ran.terminal.note(said)
            if not lease.take(target.stop):
                return Outcome(Ending.STOPPED, before)
            if self.saved is not None and lease.check is not None:
                check(self.saved, reconcile(replace(target, write=None), wish, Memory()).plan)

        def beat() -> None:
            watch.beat()
            lease.beat()

        clock, deadline = Waking(self.ran.clock, target.stop, beat), self.ran.clock.monotonic() + timeout
        while True:
            try:
                with watch.shown():
                    left, wait = deadline - self.ran.clock.monotonic(), not self.wanted.no_wait
                    return converge(target, wish, clock, timeout=left, wait=wait, watch=watch.saw)
            except LeaseHeld:
                if lease.taken:
                    raise
                if not lease.take(target.stop):
                    return Outcome(Ending.STOPPED, watch.last or before)

    def _conclude(self, outcome: Outcome, watch: Watch, timeout: float) -> None:
        if not self._text:
            return
        color = self.ran.terminal.color
        self._out(telling.conclusion(outcome, watch.calls, watch.elapsed, color=color))
        look = command("status", self.ran.options, self.wanted.apps)
        self._err(telling.next_step(outcome, watch.calls, timeout, self._again(self.wanted.apps), look))

    def _again(self, apps: Iterable[str]) -> str:
        """The command that goes on with this one, perhaps for more apps."""
        wanted = self.wanted
        return command(
            "apply", self.ran.options, apps, wanted.options, keep_going=wanted.keep_going, restart=wanted.restart
        )

    def _refused(self, before: Result, outside: Mapping[Key, list[Key]]) -> int:
        """Something stands in the way of some of it: nothing at all is written, unless asked to keep going."""
        codes = [of_blocked(change) for change in obstacles(before.plan)]
        code = worst([*codes, Exit.NOT_CONVERGED])
        along = self._again(dict.fromkeys([*self.wanted.apps, *telling.apps_of(outside)]))
        self._err(telling.refusal(before.plan, outside, along))
        return self._ended("refused", before, [], code)

    def _ended(self, how: str, last: Result, calls: list[Any], code: int) -> int:
        if not self._text:
            self._out(json.dumps(telling.outcome_json(how, last, calls), indent=2, ensure_ascii=False))
        return code

    def _out(self, text: str) -> None:
        self.ran.terminal.out(text)

    def _err(self, text: str) -> None:
        self.ran.terminal.err(text)
