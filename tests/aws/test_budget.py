"""Token buckets on a clock that never really sleeps."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.aws.budget import FLOOR, Budget
from reconciler.aws.rates import RATES, Rate, group_of

READ, WRITE, EU = "ecs:DescribeServices", "ecs:UpdateService", "eu-west-1"


def made(clock, burst=4, per_second=2, **more):
    return Budget(
        clock, rates={group_of(READ): Rate(burst, per_second), group_of(WRITE): Rate(burst, per_second)}, **more
    )


def test_a_burst_is_free_and_then_the_rate_holds(clock):
    budget = made(clock)
    assert [budget.wait_for(READ, EU) for _ in range(7)] == [0, 0, 0, 0, 0.5, 0.5, 0.5]
    assert clock.monotonic() == pytest.approx(1001.5)


def test_an_idle_bucket_fills_up_to_its_burst_and_no_further(clock):
    budget = made(clock)
    for _ in range(4):
        budget.wait_for(READ, EU)
    clock.sleep(1)
    assert budget.available(READ, EU) == 2
    clock.sleep(1000)
    assert budget.available(READ, EU) == 4


def test_operations_of_a_group_share_a_bucket_and_others_do_not(clock):
    budget = made(clock, burst=1)
    assert budget.try_take("ecs:UpdateService", EU)
    assert not budget.try_take("ecs:CreateService", EU)
    assert budget.try_take("ecs:RegisterTaskDefinition", EU)
    assert budget.try_take("ecs:UpdateService", "us-east-1")


def test_a_share_leaves_the_rest_of_the_bucket_to_others(clock):
    budget = made(clock, share=0.5)
    assert [budget.wait_for(READ, EU) for _ in range(4)] == [0, 0, 1, 1]


def test_a_share_of_a_small_bucket_still_lets_one_call_through(clock):
    assert made(clock, burst=1, share=0.1).try_take(WRITE, EU)


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_is_a_part(clock, share):
    with pytest.raises(ValueError):
        Budget(clock, share=share)


def test_taking_without_budget_takes_nothing_and_does_not_sleep(clock):
    budget = made(clock, burst=1)
    assert budget.try_take(WRITE, EU)
    assert not any(budget.try_take(WRITE, EU) for _ in range(10))
    assert clock.slept == []
    clock.sleep(budget.due_in(WRITE, EU))
    assert budget.try_take(WRITE, EU)


def test_a_throttle_empties_the_bucket_and_halves_its_rate(clock):
    budget = made(clock, burst=100, per_second=2)
    budget.throttled(READ, EU)
    assert budget.available(READ, EU) == 0
    assert budget.wait_for(READ, EU) == pytest.approx(1, abs=0.02)


def test_throttles_of_calls_under_way_together_count_once(clock):
    budget = made(clock)
    for _ in range(12):
        budget.throttled(READ, EU)
    assert budget.due_in(READ, EU) == pytest.approx(1, abs=0.02)


def test_a_storm_narrows_the_rate_down_to_a_floor(clock):
    budget = made(clock)
    for _ in range(50):
        clock.sleep(1)
        budget.throttled(READ, EU)
    rate = 1 / budget.due_in(READ, EU)
    assert 2 * FLOOR <= rate < 0.2


def test_the_rate_recovers_with_time(clock):
    budget = made(clock, burst=1000, per_second=2)
    budget.throttled(READ, EU)
    clock.sleep(30)
    # From half to all within 30 s: 30 s · 2/s · 0.75.
    assert budget.available(READ, EU) == 45
    clock.sleep(10)
    assert budget.available(READ, EU) == 65


def test_a_throttle_of_one_group_leaves_the_others_alone(clock):
    budget = made(clock)
    budget.throttled(READ, EU)
    assert budget.available(WRITE, EU) == 4
    assert budget.available(READ, "us-east-1") == 4


def test_threads_get_no_more_than_the_bucket_holds(clock):
    budget = made(clock, burst=10, per_second=1000)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: budget.wait_for(READ, EU), range(10)))
        taken = list(pool.map(lambda _: budget.try_take(WRITE, EU), range(50)))
    assert waits == [0] * 10
    assert sum(taken) == 10


@pytest.mark.parametrize(
    ("operation", "group"),
    [
        ("ecs:RegisterTaskDefinition", "ecs:registrations"),
        ("ecs:DescribeServiceDeployments", "ecs:service-reads"),
        ("ecs:RunTask", "ecs:run-task"),
        ("ecs:TagResource", "ecs:writes"),
        ("ecs:ListTagsForResource", "ecs:reads"),
        ("elbv2:DescribeRules", "elbv2:reads"),
        ("secretsmanager:PutSecretValue", "secretsmanager:writes"),
    ],
)
def test_groups(operation, group):
    assert group_of(operation) == group


def test_every_bucket_of_the_table_lets_calls_through():
    assert all(rate.burst >= 1 and rate.per_second > 0 for rate in RATES.values())


class Hands:
    """A clock moved by hand."""

    time = 0.0

    def monotonic(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


STEPS = st.lists(st.one_of(st.floats(0, 5), st.sampled_from(["wait", "take", "throttled"])), max_size=60)


@example(["throttled", "wait", "wait"], 1, 0.125)
@given(STEPS, st.integers(1, 5), st.floats(0.1, 10))
def test_no_window_of_time_ever_holds_more_than_the_bucket_grants(steps, burst, rate):
    clock = Hands()
    budget = Budget(clock, rates={group_of(READ): Rate(burst, rate)})
    granted = []
    for step in steps:
        if isinstance(step, float):
            clock.sleep(step)
        elif step == "throttled":
            budget.throttled(READ, EU)
        elif step == "wait" or budget.try_take(READ, EU):
            if step == "wait":
                budget.wait_for(READ, EU)
            granted.append(clock.time)
    for first, start in enumerate(granted):
        for last in range(first, len(granted)):
            assert last - first + 1 <= burst + (granted[last] - start) * rate + 1e-6
