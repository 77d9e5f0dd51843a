"""A plan of faults is one line that reads back the same, and the same plan does the same again."""

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulator import Fault, Group, Simulator, SimulatorError
from reconciler.simulator.engine import Plan
from reconciler.simulator.fault import WHATS

WORDS = st.text("abcXYZ*?-", min_size=1, max_size=8)
FAULTS = st.builds(
    Fault,
    what=st.sampled_from(WHATS),
    amount=st.integers(0, 9000) | st.sampled_from([0.5, 2.25]),
    when=st.sampled_from(["before", "after"]),
    calls=st.sampled_from(["call", "read", "write"]),
    service=WORDS,
    operation=WORDS,
    resource=WORDS | st.just("arn:aws:ecs:*:service/main/web"),
    page=st.none() | st.integers(1, 9),
    on=st.integers(1, 500),
    times=st.none() | st.integers(1, 50),
    odds=st.floats(0, 1),
    until=st.none() | st.floats(0, 2e9),
)
GROUPS = st.builds(Group, WORDS, st.lists(WORDS, min_size=1, max_size=3).map(tuple), st.floats(0, 99), st.floats(0, 9))


@given(st.builds(Plan, st.integers(0, 2**40), st.lists(FAULTS).map(tuple), st.lists(GROUPS, max_size=2).map(tuple)))
def test_a_plan_reads_back_the_same_from_one_line(plan):
    line = str(plan)
    assert "\n" not in line
    assert Plan.read(line) == plan


def test_a_plan_is_readable():
    plan = Plan(7, (Fault(what="closed", when="after", calls="write", on=3), Fault(what="stale", amount=2, times=None)))
    assert str(plan) == "seed=7; closed after write #3; stale=2 #1 x*"
    assert Plan.read("seed=7; closed write after #3; stale=2 x*") == plan


@pytest.mark.parametrize(
    "line",
    ["nonsense", "seed=x", "closed #0", "closed x0", "closed p=2", "closed #", "bucket ecs", "closed page=a", "=3"],
)
def test_what_is_no_plan_is_refused(line):
    with pytest.raises((SimulatorError, ValueError)):
        Plan.read(line)


def outcomes(plan, calls=60):
    """Names of what came of many calls under a plan, and the line of what happened."""
    sim = Simulator()
    ecs = sim.client("ecs")
    sim.faults.load(plan)
    seen = []
    for n in range(calls):
        try:
            ecs.create_cluster(clusterName=f"c{n}") if n % 3 == 0 else ecs.list_clusters()
            seen.append("ok")
        except ClientError as error:
            seen.append(error.response["Error"]["Code"])
        except BotoCoreError as error:
            seen.append(type(error).__name__)
    return seen, sim.faults.happened


MIX = "seed=11; closed after write p=0.3 x*; 500 read p=0.2 x*; throttled ecs:List* p=0.1 x*; latency=2 p=0.5 x*"


def test_one_seed_draws_the_same_lots_and_another_others():
    first, _ = outcomes(MIX)
    assert outcomes(MIX)[0] == first
    assert outcomes(MIX.replace("seed=11", "seed=12"))[0] != first
    assert {"ok", "ConnectionClosedError", "ServerException", "ThrottlingException"} == set(first)


def test_what_has_happened_is_a_plan_without_lots_that_repeats_it():
    first, happened = outcomes(MIX)
    assert "p=" not in happened
    assert outcomes(happened)[0] == first


def test_a_lot_does_not_depend_on_what_else_is_armed():
    alone, _ = outcomes("seed=3; 500 write p=0.5 x*")
    among, _ = outcomes("seed=3; 500 write p=0.5 x*; latency=1 p=0.5 x*; closed read p=0.5 x*")
    writes = slice(0, None, 3)
    assert alone[writes] == among[writes]


def test_the_plan_of_a_simulator_is_what_was_armed_by_hand():
    sim = Simulator()
    sim.faults.fail("CreateService", on=2, when="after")
    sim.faults.deny("Update*", resource="*/web")
    sim.faults.throttle("RunTask", burst=20, rate=20)
    sim.faults.stale("DescribeServices", seconds=30)
    line = sim.faults.plan
    assert line == (
        "seed=0; bucket ecs:RunTask burst=20 rate=20; closed after *:CreateService #2; "
        "denied ecs:Update* #1 x* resource=*/web; past=30 *:DescribeServices #1 x*"
    )
    again = Simulator()
    again.faults.load(line)
    assert again.faults.plan == line
