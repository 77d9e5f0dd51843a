"""A day of an agent on the virtual clock: commits, hands, throttles, outages; what it costs, and that memory is flat."""

from __future__ import annotations

import gc
import resource
import time
from collections import Counter
from random import Random

import pytest

from reconciler.agent.desk import Wake
from tests.agency import Agency
from tests.agent.test_many_apps import many
from tests.bench.measure import table
from tests.lab import edit

SERVICES = 1000
HOURS = 24


def memory() -> float:
    """Resident memory in MiB, now."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / (1 << 20)


@pytest.mark.bench
def test_a_day_of_a_thousand_services():
    """Half an hour between rounds, so that a day is a coffee break; commits, hands and faults come at their own times."""
    chance, agency = Random(7), Agency(many(SERVICES), resync=1800)
    agency.commit()
    took = agency.until_ready(40_000)
    releases = {place: 1 for place in range(SERVICES)}
    rows, calls = [["start", f"{took / 60:.0f} min", "", "", "", f"{memory():.0f}"]], Counter()
    agency.lab.simulator.calls.clear()
    for hour in range(HOURS):
        began = time.process_time()
        commits = hands = 0
        for _ in range(4):
            for place in chance.sample(range(SERVICES), 3):
                name, number = f"app{place:03}", releases[place]
                edit(agency.lab, f"{name}:{number}", f"{name}:{number + 1}", f"apps/{name}/all.yaml")
                releases[place] += 1
            agency.commit()
            commits += 1
            hand = f"app{chance.randrange(SERVICES):03}"
            agency.lab.ecs().update_service(cluster="main", service=hand, desiredCount=3)
            agency.controller.wake(Wake(environment="staging", apps=frozenset([hand]), why="event"))
            hands += 1
            match chance.randrange(3):
                case 0:
                    agency.lab.simulator.faults.fail("Describe*", how="throttled", calls="read", times=20)
                case 1:
                    agency.lab.simulator.faults.fail(how="500", calls="read", times=10)
            agency.run(900)
        made = Counter(call.operation for call in agency.lab.simulator.calls)
        writes = sum(call.mutating for call in agency.lab.simulator.calls)
        agency.lab.simulator.calls.clear()
        calls += made
        if hour % 4 == 3 or hour < 2:
            rows.append([f"{hour + 1} h", f"{sum(made.values())}", f"{writes}", f"{commits}/{hands}",
                         f"{time.process_time() - began:.1f}", f"{memory():.0f}"])  # fmt: skip
    agency.lab.simulator.faults.clear()
    agency.run(4000)
    assert agency.ready
    head = ["after", "calls in its hour", "writes", "commits/hands", "CPU s", "MiB"]
    table(f"{HOURS} h of {SERVICES} services, simulator included", head, rows)
    table("calls of the day", ["operation", "calls"], calls.most_common(8))
