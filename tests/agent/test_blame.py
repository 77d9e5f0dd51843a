"""Who changed a resource by hand is known for a while, the newest of all that was told."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.agent.blame import Blame, Who
from reconciler.agent.index import Owned
from reconciler.model.key import Key

KEY = Key("shop", "Service", "web")
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ALICE = "arn:aws:iam::123456789012:user/alice"


class Clock:
    def __init__(self):
        self.time = NOON

    def now(self):
        return self.time

    def monotonic(self):
        return 0.0

    def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def blame(clock):
    return Blame(clock)


def did(by=ALICE, minutes=0, key=KEY, environment="production"):
    return Who(Owned(environment, key), by, "ecs:UpdateService", NOON + timedelta(minutes=minutes))


def test_of_what_nothing_was_told_nobody_is_blamed(blame):
    assert blame.who("production", KEY) == ""
    assert blame.last("production", KEY) is None


def test_who_did_it_is_told_with_the_time_of_day(blame):
    blame.tell(did(minutes=-117))
    assert blame.who("production", KEY) == f"by {ALICE} at 10:03 UTC"
    assert blame.last("production", KEY) == did(minutes=-117)


def test_a_time_of_another_day_has_its_date(blame, clock):
    blame.tell(did())
    clock.sleep(20 * 3600)
    assert blame.who("production", KEY) == f"by {ALICE} at 2026-01-05 12:00 UTC"


def test_environments_and_keys_are_told_apart(blame):
    blame.tell(did())
    assert blame.who("staging", KEY) == ""
    assert blame.who("production", Key("shop", "Service", "other")) == ""


@pytest.mark.parametrize("order", [(-9, -5), (-5, -9)])
def test_the_newest_counts_in_whichever_order_it_is_told(blame, order):
    for minutes in order:
        blame.tell(did(by=f"user{minutes}", minutes=minutes))
    assert blame.who("production", KEY) == "by user-5 at 11:55 UTC"


def test_it_is_forgotten_after_a_day(blame, clock):
    blame.tell(did())
    clock.sleep(24 * 3600)
    assert blame.who("production", KEY)
    clock.sleep(1)
    assert blame.who("production", KEY) == ""
    blame.tell(did())  # told late
    assert blame.who("production", KEY) == ""


def test_a_time_to_come_counts_as_now(blame):
    blame.tell(did(minutes=500_000))
    assert blame.who("production", KEY) == f"by {ALICE} at 12:00 UTC"
    blame.tell(did(by="bob", minutes=0))
    assert blame.who("production", KEY) == "by bob at 12:00 UTC"


def test_no_more_than_so_many_are_kept(clock):
    blame = Blame(clock, most=3)
    for number in range(5):
        blame.tell(did(key=Key("shop", "Service", f"s{number}")))
    known = [number for number in range(5) if blame.who("production", Key("shop", "Service", f"s{number}"))]
    assert known == [2, 3, 4]
