"""Two agents and one apply in CI on one environment: whoever stops in the midst, the newest commit wins and stays."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import pytest

from reconciler.agent.converge import converge
from reconciler.agent.lease.file import FileLease
from reconciler.agent.lease.lease import Lease
from reconciler.engine.apply import Target
from reconciler.model.errors import LeaseHeld, StalePlan
from reconciler.model.key import Scope
from reconciler.model.kind import Answer
from reconciler.model.lease import by_time
from reconciler.model.plan import Call
from tests.agency import Agency
from tests.lab import Lab, edit, shop

LONGEST_CALL = 10.0


class Guarded:
    """A Writer that asks the lease, may then be held up for a while, and asks again as the wire does."""

    def __init__(self, target: Target, lease: Lease, lab: Lab, pause) -> None:
        assert target.write is not None
        self.write, self.lease, self.lab, self.pause = target.write, lease, lab, pause

    def send(self, call: Call) -> Answer:
        self.lease.check()
        if seconds := self.pause():
            self.lab.clock.sleep(seconds)
        self.lease.check()
        return self.write.send(call)


class Replica(Agency):
    """An agent with a lease of its own; what it sees of the repository may lag."""

    def __init__(self, lab: Lab, place, chance: Random, name: str) -> None:
        store = FileLease(str(place), lab.clock, Scope("default", "staging"))
        lease = Lease(store, name, lab.clock, longest_call=LONGEST_CALL)
        self.pauses = chance

        def guarded(target: Target) -> Target:
            return replace(target, write=Guarded(target, lease, lab, self.pause))

        super().__init__(lab, change=guarded, lease=lease)

    def pause(self) -> float:
        return self.pauses.choice([0, 0, 0, 0, 5, 40])

    def sees(self, other: Replica) -> None:
        """Fetch what the other has."""
        self.source.number, self.source.now = other.source.number, other.source.now
        self.source.commits |= other.source.commits

    def refreshing(self, other: Replica) -> None:
        """From now on a refresh fetches from the other: the remote."""

        def refresh() -> bool:
            self.sees(other)
            return True

        self.source.refresh = refresh  # type: ignore[method-assign]


def images(lab: Lab) -> list[int]:
    """The release of each service update that was made, in order."""
    ecs, found = lab.ecs(), []
    for call in lab.simulator.calls:
        if call.operation in ("UpdateService", "CreateService") and call.params.get("taskDefinition"):
            name = call.params["taskDefinition"]
            definition = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
            found.append(int(re.sub(r".*:", "", definition["containerDefinitions"][0]["image"])))
    return found


def by_ci(lab: Lab, remote: Replica, place, commit: str) -> None:
    """An apply of a commit in CI: the lease or nothing, and nothing older over something newer."""
    store = FileLease(str(place), lab.clock, Scope("default", "staging"))
    lease = Lease(store, "ci", lab.clock, longest_call=LONGEST_CALL)
    if not lease.try_take():
        return
    try:
        lease.begin(remote.source.begun(commit), by_time)
        target = lab.target()
        guarded = replace(target, write=Guarded(target, lease, lab, lambda: 0))
        files = remote.source.commits[commit].files
        was, lab.files = lab.files, {path: content.decode() for path, content in files.items()}
        lab.commit = commit
        try:
            converge(guarded, lab.wish(), lab.clock, timeout=30, wait=False)
        finally:
            lab.files, lab.commit = was, None
    except (LeaseHeld, StalePlan):
        pass
    finally:
        lease.release()


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 200))])
def test_never_an_older_commit_over_a_newer_one_and_the_newest_is_what_is_left(seed, tmp_path):
    chance, lab, place = Random(seed), shop(), tmp_path / "lease"
    remote = Replica(lab, tmp_path / "unused", Random(0), "remote")
    agents = [Replica(lab, place, Random(chance.random()), name) for name in ("one", "two")]
    for agent in agents:
        agent.refreshing(remote)
    commits = [remote.source.commit()]
    agents[0].sees(remote)
    for _ in range(30):
        match chance.randrange(8):
            case 0 | 1 if len(commits) < 6:
                edit(lab, f"shop:{len(commits)}\n", f"shop:{len(commits) + 1}\n")
                commits.append(remote.source.commit())
            case 2:
                chance.choice(agents).sees(remote)
            case 3:
                chance.choice(agents).controller.close()  # SIGTERM
            case 4:
                by_ci(lab, remote, place, chance.choice(commits))
            case 5:
                lab.clock.sleep(chance.choice([1, 10, 30]))
            case _:
                agent = chance.choice(agents)
                agent.controller.turn()
                agent.lease.keep()
    for agent in agents:
        agent.controller.close()
    last = agents[chance.randrange(2)]
    last.pauses = Random(1)
    last.pause = lambda: 0  # type: ignore[method-assign]
    last.sees(remote)
    for _ in range(400):
        lab.clock.sleep(min(2.0, max(0.01, last.controller.turn())))
        last.lease.keep()
        if last.ready:
            break
    assert last.ready, last.look
    made = images(lab)
    assert made == sorted(made), made
    assert made[-1] == len(commits)


@pytest.mark.parametrize(("clean", "most"), [(True, 3.0), (False, 18.0)])
def test_another_agent_takes_over_within_seconds(clean, most, tmp_path):
    lab = shop()
    one, two = (Replica(lab, tmp_path / "lease", Random(0), name) for name in ("one", "two"))
    for agent in (one, two):
        agent.pause = lambda: 0  # type: ignore[method-assign]
    one.source.commit()
    two.sees(one)
    for _ in range(60):
        lab.clock.sleep(min(1.0, max(0.01, one.controller.turn())))
        one.lease.keep()
        two.controller.turn()
    assert one.lease.held
    assert not two.lease.held
    assert two.look.writer == "one"
    began = lab.clock.monotonic()
    if clean:
        one.controller.close()
    while pause := two.controller.turn():
        if two.lease.held:
            break
        lab.clock.sleep(pause)
    assert two.lease.held
    assert lab.clock.monotonic() - began <= most


def test_a_replica_that_holds_as_many_environments_as_it_may_leaves_the_others_to_others(tmp_path):
    lab = shop()
    full, free = (Replica(lab, tmp_path / "lease", Random(0), name) for name in ("full", "free"))
    for agent in (full, free):
        agent.pause = lambda: 0  # type: ignore[method-assign]
    full.controller.room = lambda: False
    full.source.commit()
    free.sees(full)
    full.controller.turn()
    assert not full.lease.held
    free.controller.turn()
    assert free.lease.held
