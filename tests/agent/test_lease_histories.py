"""Two agents and an ``apply`` over one environment: random interleavings, pauses, kills, and a table that fails.

Each writer is a thread that runs only when it is given the turn; time is virtual. What has to hold in every history:
nothing is written by who was deposed, no older commit is written over a newer one, and the newest commit is what is
left in the end.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from reconciler.agent.lease.lease import Lease
from reconciler.model.errors import LeaseHeld, OutcomeUnknown, ReconcilerError, StalePlan, Throttled, Unavailable
from reconciler.model.lease import Tenure, by_time
from tests.leases import LONGEST_CALL, START, commit

SPAN = 240.0
"""Virtual seconds for which things go wrong; then the table is well, nobody is killed, and all may settle."""
CALM = 120.0


class Killed(BaseException):
    """The process of a writer is no more."""


class Over(BaseException):
    """The history is told to its end."""


@dataclass
class Turn:
    """One writer's thread. ``due``: when it may go on; ``doomed``: it dies at its next turn."""

    name: str
    body: Callable[[Turn], None]
    due: float = 0.0
    doomed: bool = False
    done: bool = False
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None


class Play:
    """Gives the turn to one writer at a time, at random among those who are due; lets time pass when nobody is."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 1000.0
        self.begun = 1000.0
        self.turns: list[Turn] = []
        self.over = False
        self.failed: BaseException | None = None
        self._back = threading.Semaphore(0)

    @property
    def wild(self) -> bool:
        return self.now < self.begun + SPAN

    def add(self, name: str, body: Callable[[Turn], None], due: float = 0.0) -> Turn:
        turn = Turn(name, body, due)

        def run() -> None:
            turn.go.acquire()
            try:
                if not self.over:
                    body(turn)
            except (Killed, Over):
                pass
            except BaseException as error:  # noqa: BLE001 - it is raised where the history is told
                self.failed = self.failed or error
            turn.done = True
            self._back.release()

        turn.thread = threading.Thread(target=run, name=name, daemon=True)
        turn.thread.start()
        self.turns.append(turn)
        return turn

    def rest(self, turn: Turn, seconds: float = 0.0) -> None:
        """Give the turn away, and have it again after so many seconds at the least."""
        turn.due = self.now + seconds
        self._back.release()
        turn.go.acquire()
        if self.over:
            raise Over
        if turn.doomed:
            raise Killed

    def tell(self) -> None:
        """The history from its beginning to its end."""
        try:
            while self.now < self.begun + SPAN + CALM and self.failed is None:
                left = [turn for turn in self.turns if not turn.done]
                if not left:
                    break
                able = [turn for turn in left if turn.due <= self.now]
                if not able:
                    self.now = min(turn.due for turn in left)
                    continue
                self._give(self.random.choice(able))
        finally:
            self.over = True
            for turn in self.turns:
                if not turn.done:
                    self._give(turn)
                assert turn.thread is not None
                turn.thread.join(10)
        if self.failed is not None:
            raise self.failed

    def _give(self, turn: Turn) -> None:
        turn.go.release()
        self._back.acquire()


@dataclass
class Watchful:
    """A process's own clock, at its own offset; sleeping gives the turn away."""

    play: Play
    turn: Turn
    offset: float

    def now(self) -> datetime:
        return START + timedelta(seconds=self.play.now + self.offset * 3600)  # wrong by hours

    def monotonic(self) -> float:
        return self.play.now + self.offset

    def sleep(self, seconds: float) -> None:
        self.play.rest(self.turn, seconds)


class Env:
    """What everybody works on: the table, the branch in git, and what runs."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.tenure: Tenure | None = None
        self.head = 1
        self.runs = 0
        self.holders: list[tuple[float, str, int]] = []  # when a fence was taken, by whom
        self.writes: list[tuple[float, str, int, int]] = []  # when it landed: by whom, under which fence, which commit
        self.killed: list[tuple[float, str]] = []

    @property
    def fence(self) -> int:
        return self.tenure.fence if self.tenure else 0

    def put(self, tenure: Tenure, over: str | None) -> bool:
        if (self.tenure.version if self.tenure else None) != over:
            return False
        if tenure.fence > self.fence:
            self.holders.append((self.play.now, tenure.holder, tenure.fence))
        self.tenure = tenure
        return True


class Wire:
    """A store whose calls take time, give the turn away on both sides, and fail now and then."""

    where = "table"

    def __init__(self, env: Env, turn: Turn) -> None:
        self.env, self.turn, self.play = env, turn, env.play

    def _travel(self) -> None:
        chance = self.play.random
        self.play.rest(self.turn, chance.choice([0.0, 0.01, 0.01, 0.05, chance.uniform(0, 3)]))
        if self.play.wild and chance.random() < 0.01:
            self.play.rest(self.turn, chance.uniform(5, 40))

    def read(self) -> Tenure | None:
        self._travel()
        if self.play.wild and self.play.random.random() < 0.03:
            raise Unavailable("no answer", operation="x:Get")
        found = self.env.tenure
        self._travel()
        return found

    def put(self, tenure: Tenure, over: str | None) -> bool:
        self._travel()
        luck = self.play.random.random() if self.play.wild else 1.0
        if luck < 0.02:
            raise Throttled("slow down", operation="x:Put")
        if luck < 0.04:
            raise OutcomeUnknown("no answer", operation="x:Put")
        if luck < 0.06:  # it is still on its way when nobody listens any more

            def arrive(turn: Turn) -> None:
                self.env.put(tenure, over)

            self.play.add("late", arrive, self.play.now + self.play.random.uniform(0, 30))
            self._travel()
            raise OutcomeUnknown("no answer", operation="x:Put")
        done = self.env.put(tenure, over)
        if luck < 0.09:
            raise OutcomeUnknown("no answer", operation="x:Put")
        self._travel()
        return done


class Writer:
    """What an AwsWriter does, with pauses wherever there may be some. ``twice``: the second look is there."""

    def __init__(self, env: Env, turn: Turn, lease: Lease, *, twice: bool = True) -> None:
        self.env, self.turn, self.lease, self.twice = env, turn, lease, twice

    def send(self, number: int) -> None:
        play, chance = self.env.play, self.env.play.random
        self.lease.check()
        play.rest(self.turn, chance.choice([0.0, 0.0, 0.2, chance.uniform(0, 40) if play.wild else 0.0]))
        if self.twice:
            self.lease.check()
        # from here on it is on the wire: it may take its time, and its sender may die meanwhile
        name, fence = self.turn.name, self.lease.fence

        def land(turn: Turn) -> None:
            self.env.writes.append((play.now, name, fence, number))
            self.env.runs = number

        takes = chance.choice([0.05, 0.1, chance.uniform(0, LONGEST_CALL - 0.1)])
        play.add("call", land, play.now + takes)
        play.rest(self.turn, LONGEST_CALL if chance.random() < 0.1 else takes + 0.01)


def lease_of(env: Env, turn: Turn) -> Lease:
    offset = env.play.random.uniform(0, 10_000)
    clock = Watchful(env.play, turn, offset)
    count = iter(range(10**9))
    prefix = f"{turn.name}-{env.play.random.getrandbits(64):x}"
    return Lease(
        Wire(env, turn), turn.name, clock, longest_call=LONGEST_CALL, unique=lambda: f"{prefix}-{next(count)}"
    )


def agent(env: Env, name: str, *, twice: bool) -> Callable[[Turn], None]:
    """Takes the lease, fetches, writes what differs, now and then gives it back; started anew where it dies."""

    def body(turn: Turn) -> None:
        play, chance = env.play, env.play.random
        lease = lease_of(env, turn)
        write = Writer(env, turn, lease, twice=twice)
        while True:
            try:
                if not lease.held and not lease.try_take():
                    play.rest(turn, lease.again)
                    continue
                fetched = env.head
                play.rest(turn, chance.choice([0.0, 0.1, chance.uniform(0, 5) if play.wild else 0.1]))
                if env.runs != fetched:
                    lease.begin(commit(fetched), by_time)
                    for _ in range(chance.randint(1, 3)):
                        write.send(fetched)
                lease.keep()
                if play.wild and chance.random() < 0.03:
                    lease.release()
                    play.rest(turn, chance.uniform(0, 20))
            except ReconcilerError:
                play.rest(turn, 1.0)
            play.rest(turn, chance.uniform(0.2, 2.0))
            lease.keep()

    return body


def ci(env: Env, *, twice: bool) -> Callable[[Turn], None]:
    """One ``apply`` after the other, of a commit that was new when its pipeline began."""

    def body(turn: Turn) -> None:
        play, chance = env.play, env.play.random
        while play.wild:
            checked_out = env.head
            play.rest(turn, chance.uniform(0, 60))
            lease = lease_of(env, turn)
            write = Writer(env, turn, lease, twice=twice)
            deadline = play.now + 60
            try:
                while not lease.try_take():
                    play.rest(turn, lease.again)
                    if play.now > deadline:
                        raise LeaseHeld("others have it")
                lease.begin(commit(checked_out), by_time)
                for _ in range(chance.randint(1, 4)):
                    write.send(checked_out)
                    lease.keep()
            except (StalePlan, LeaseHeld, ReconcilerError):
                pass
            finally:
                if not turn.doomed and not play.over:
                    lease.release()
            play.rest(turn, 1.0)

    return body


def history(seed: int, *, twice: bool = True) -> Env:
    play = Play(seed)
    env = Env(play)
    chance = play.random

    def commits(turn: Turn) -> None:
        while play.wild:
            play.rest(turn, chance.uniform(1, 40))
            env.head += 1

    def kills(turn: Turn) -> None:
        while play.wild:
            play.rest(turn, chance.uniform(10, 60))
            running = [it for it in play.turns if it.name in bodies and not it.done and not it.doomed]
            if not running:
                continue
            victim = chance.choice(running)
            victim.doomed, victim.due = True, play.now
            env.killed.append((play.now, victim.name))
            play.rest(turn, chance.uniform(0, 10))
            play.add(victim.name, bodies[victim.name], play.now)

    bodies: dict[str, Callable[[Turn], None]] = {
        "one": agent(env, "one", twice=twice),
        "two": agent(env, "two", twice=twice),
        "ci": ci(env, twice=twice),
    }
    for name, body in bodies.items():
        play.add(name, body, play.now + chance.uniform(0, 5))
    play.add("git", commits)
    play.add("fate", kills)
    play.tell()
    return env


def after_deposal(env: Env) -> list[Any]:
    """The writes that landed while somebody with a higher fence had the lease already."""
    taken = [(at, fence) for at, _, fence in env.holders]
    return [write for write in env.writes if any(at < write[0] and fence > write[2] for at, fence in taken)]


def going_back(env: Env) -> list[Any]:
    """Writes of an older commit after those of a newer one."""
    numbers = [number for _, _, _, number in env.writes]
    return [(one, two) for one, two in itertools.pairwise(numbers) if two < one]


def judge(seed: int) -> Env:
    env = history(seed)
    assert after_deposal(env) == [], seed
    assert going_back(env) == [], seed
    assert env.runs == env.head, seed
    fences = [fence for _, _, fence in env.holders]
    assert fences == sorted(set(fences)), seed
    return env


@pytest.mark.parametrize("block", range(10))
def test_no_older_commit_over_a_newer_one_and_no_write_of_the_deposed(block):
    told = [judge(seed) for seed in range(block * 30, block * 30 + 30)]
    # the histories are no walk in the park
    assert sum(len(env.writes) for env in told) > 30 * 10
    assert sum(len(env.holders) for env in told) > 30 * 3
    assert sum(len(env.killed) for env in told) > 30


@pytest.mark.slow
@pytest.mark.parametrize("block", range(40))
def test_the_same_over_thousands(block):
    for seed in range(1000 + block * 100, 1000 + block * 100 + 100):
        judge(seed)


def test_without_the_second_look_the_deposed_do_write():
    """The search can tell: what it never finds is not there for want of looking."""
    found = [env for env in (history(seed, twice=False) for seed in range(30)) if after_deposal(env)]
    assert found
    assert any(going_back(env) for env in found)


def test_the_same_seed_is_the_same_history():
    one, two = history(7), history(7)
    assert (one.writes, one.holders) == (two.writes, two.holders)
