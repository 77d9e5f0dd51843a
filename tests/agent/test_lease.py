"""The lease's timing and its rules: who has it, for how long, after whom, and what each fault does."""

from __future__ import annotations

import itertools

import pytest

from reconciler.model.errors import LeaseHeld, OutcomeUnknown, ReconcilerError, StalePlan
from reconciler.model.lease import by_time
from tests.leases import LONGEST_CALL, Hand, Table, commit, gone, lease, silent, throttled


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def one(table, clock):
    return lease(table, clock)


@pytest.fixture
def two(table, clock):
    return lease(table, clock, "two")


def wait_for(waiter, clock, limit=60.0):
    """Seconds until it is had, asked for as often as it says."""
    began = clock.at
    while not waiter.try_take():
        assert clock.at - began < limit
        clock.at += waiter.again
    return clock.at - began


# who has it


def test_who_asks_first_has_it_and_the_other_learns_who(one, two):
    assert one.try_take()
    assert (one.held, one.fence, one.writer.holder) == (True, 1, "one")
    assert not two.try_take()
    assert (two.held, two.fence, two.writer.holder) == (False, 0, "one")


def test_before_it_is_taken_nothing_may_be_written(one, table):
    with pytest.raises(LeaseHeld, match="not held"):
        one.check()
    assert table.calls == []


def test_who_has_it_takes_it_again_without_a_call(one, table):
    one.try_take()
    before = list(table.calls)
    assert one.try_take()
    assert table.calls == before


def test_two_who_see_it_free_at_once_do_not_both_get_it(table, clock, one, two):
    read = table.read

    def between():
        found = read()
        table.read = read
        assert two.try_take()
        return found

    table.read = between
    assert not one.try_take()
    assert two.fence == 1


def test_one_that_is_renewed_is_never_taken(one, two, clock):
    one.try_take()
    for _ in range(500):
        assert not two.try_take()
        clock.at += 2.0
        assert one.keep() <= 3.0
    assert one.held and one.fence == 1


def test_the_fence_grows_with_every_taking(one, two, clock):
    for number in range(1, 6):
        taker = (one, two)[number % 2]
        assert taker.try_take()
        assert taker.fence == number
        taker.release()


# failing over


@pytest.mark.parametrize("phase", [step / 8 for step in range(16)])
@pytest.mark.parametrize("killed", [0.0, 0.01, 1.7, 2.99])
def test_a_holder_that_is_killed_is_followed_within_18_seconds(table, clock, phase, killed):
    holder, waiter = lease(table, clock), lease(table, clock, "two")
    holder.try_take()
    clock.at += phase
    waiter.try_take()
    clock.at += 3.0 - phase
    holder.renew()
    clock.at += killed
    # the waiter has looked every two seconds all along, in whatever phase
    since = clock.at
    clock.at += (phase - killed - 3.0) % 2.0
    wait_for(waiter, clock)
    assert 15.0 - killed <= clock.at - since <= 18.0
    assert waiter.fence == 2


@pytest.mark.parametrize("phase", [step / 10 for step in range(20)])
def test_a_holder_that_gives_it_back_is_followed_within_3_seconds(table, clock, phase):
    holder, waiter = lease(table, clock), lease(table, clock, "two")
    holder.try_take()
    waiter.try_take()
    clock.at += phase
    assert holder.release()
    clock.at += 2.0 - phase
    assert wait_for(waiter, clock) + 2.0 - phase <= 3.0


def test_the_holder_knows_that_it_is_over_before_anybody_may_take_it(one, two, clock):
    one.try_take()
    two.try_take()
    while not two.try_take():
        clock.at += 0.01
    assert one.remaining == 0.0


def test_a_slow_answer_shortens_the_lease_and_does_not_lengthen_it(table, clock, one):
    put = table.put

    def slow(tenure, over):
        clock.at += 4.0
        return put(tenure, over)

    table.put = slow
    one.try_take()
    assert one.remaining == pytest.approx(11.0)
    clock.at += 1.0
    one.renew()
    assert one.remaining == pytest.approx(11.0)


@pytest.mark.parametrize("wall", [-3600.0, 3600.0, 86400.0 * 365])
def test_the_time_of_day_changes_nothing(table, clock, wall):
    holder, waiter = lease(table, clock), lease(table, clock, "two")
    holder.try_take()
    waiter.try_take()
    clock.wall = wall
    assert not waiter.try_take()
    assert holder.held
    clock.at += 14.9
    assert not waiter.try_take()
    assert holder.held
    clock.wall = -wall
    clock.at += 0.2
    assert waiter.try_take()
    assert not holder.held


def test_two_clocks_that_began_at_different_times_agree(table):
    here, there = Hand(), Hand()
    there.at = 5.0
    holder, waiter = lease(table, here), lease(table, there, "two")
    holder.try_take()
    assert not waiter.try_take()
    there.at += 14.9
    assert not waiter.try_take()
    there.at += 0.2
    assert waiter.try_take()


def test_the_holders_own_duration_counts(table, clock):
    holder, waiter = lease(table, clock, duration=60.0), lease(table, clock, "two")
    holder.try_take()
    waiter.try_take()
    clock.at += 59.0
    assert not waiter.try_take()
    clock.at += 1.5
    assert waiter.try_take()


# asked before a write


def test_a_write_may_begin_while_it_can_still_end(one, clock, table):
    one.try_take()
    clock.at += 15.0 - LONGEST_CALL - 0.01
    before = list(table.calls)
    one.check()
    assert table.calls == before


def test_a_lease_that_is_late_is_renewed_on_the_spot(one, clock):
    one.try_take()
    clock.at += 7.0
    one.check()
    assert one.remaining == 15.0


def test_who_slept_through_its_lease_goes_on_where_nobody_took_it(one, clock):
    one.try_take()
    clock.at += 3600.0
    assert not one.held
    one.check()
    assert (one.held, one.fence) == (True, 1)


def test_who_slept_through_its_lease_is_stopped_where_somebody_did(one, two, clock):
    one.try_take()
    two.try_take()
    clock.at += 15.1
    two.try_take()
    with pytest.raises(LeaseHeld, match="held by two"):
        one.check()
    assert not one.held
    assert two.held


def test_what_was_deposed_disturbs_nobody(one, two, clock):
    one.try_take()
    two.try_take()
    clock.at += 16.0
    two.try_take()
    assert not one.renew()
    assert not one.release()
    clock.at += 3.0
    assert two.renew()
    assert two.fence == 2


def test_after_it_is_given_back_nothing_is_written(one, table):
    one.try_take()
    one.release()
    with pytest.raises(LeaseHeld):
        one.check()
    assert not one.renew()


def test_an_item_that_somebody_deletes_ends_the_lease(one, table, clock):
    one.try_take()
    table.tenure = None
    clock.at += 6.0
    with pytest.raises(LeaseHeld):
        one.check()


def test_a_table_that_is_down_stops_the_writes_within_the_lease_and_is_told(one, table, clock):
    one.try_take()
    table.faults = [gone()] * 100
    stopped, why = None, ""
    for _ in range(200):
        clock.at += 0.1
        one.keep()
        try:
            one.check()
        except LeaseHeld as error:
            stopped, why = clock.at - 1000.0, str(error)
            break
    assert "there is no table" in why
    assert stopped == pytest.approx(15.0 - LONGEST_CALL, abs=0.11)
    assert str(one.trouble) == "there is no table"
    table.faults = []
    one.keep()
    one.check()
    assert one.trouble is None


def test_a_renewal_that_failed_is_tried_again_soon(one, table, clock):
    one.try_take()
    assert one.keep() == pytest.approx(3.0)
    clock.at += 3.0
    table.faults = [silent()]
    assert one.keep() == 1.0
    clock.at += 1.0
    assert one.keep() == 3.0
    assert one.remaining == 15.0


def test_times_that_cannot_work_are_refused(table, clock):
    with pytest.raises(ValueError, match="too few"):
        lease(table, clock, duration=12.0)


# faults at each call


REFUSED = [throttled, silent, gone]


@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.parametrize("call", [0, 1])
def test_a_call_that_fails_while_it_is_taken_leaves_it_untaken(table, clock, one, two, fault, call):
    table.faults = [None] * call + [fault()]
    with pytest.raises(ReconcilerError):
        one.try_take()
    assert not one.held
    assert two.try_take()
    assert not one.try_take()


def test_an_answer_that_is_lost_while_it_is_taken_is_looked_for(table, one, two):
    table.faults = [None, "lost"]
    assert one.try_take()
    assert table.calls == ["read", "put", "read"]
    assert one.fence == 1
    assert not two.try_take()


def test_an_answer_lost_of_what_never_arrived_takes_nothing(table, one, two):
    table.faults = [None, "never"]
    assert not one.try_take()
    assert two.try_take()


def test_what_arrives_late_is_known_again(table, one, two):
    table.faults = [None, "late"]
    assert not one.try_take()
    table.arrive()
    assert not two.try_take()
    assert one.try_take()  # it is ours: there is nothing to wait for
    assert one.fence == 2


def test_what_arrives_after_somebody_else_took_it_is_refused(table, one, two):
    table.faults = [None, "late"]
    assert not one.try_take()
    assert two.try_take()
    table.arrive()
    assert table.tenure.holder == "two"
    assert not one.try_take()


def test_neither_an_answer_nor_a_look_is_no_lease_until_it_is_seen(table, one):
    table.faults = [None, "lost", silent()]
    with pytest.raises(ReconcilerError):
        one.try_take()
    assert not one.held
    assert one.try_take()


@pytest.mark.parametrize("faults", [["lost"], ["never"], ["late"], ["never", None, "never"], ["lost", silent()]])
def test_a_renewal_whose_answer_is_lost_keeps_the_lease(table, clock, one, two, faults):
    one.try_take()
    clock.at += 3.0
    table.faults = list(faults)
    one.keep()
    table.arrive()
    clock.at += 1.0
    one.keep()
    assert one.remaining >= 14.0
    assert not two.try_take()
    clock.at += 3.0
    assert one.renew()
    assert one.fence == 1


def test_a_renewal_that_arrives_in_the_midst_of_the_next_does_not_depose(table, clock, one):
    one.try_take()
    clock.at += 3.0
    table.faults = ["late", silent()]
    with pytest.raises(ReconcilerError):
        one.renew()
    table.arrive()  # now the version is another one than is thought
    assert one.renew()
    assert one.held


def test_a_renewal_that_nobody_can_settle_says_so_and_the_lease_runs_on(table, clock, one):
    one.try_take()
    clock.at += 3.0
    table.faults = list(itertools.chain(*[["never", None]] * 3))
    with pytest.raises(OutcomeUnknown):
        one.renew()
    assert one.remaining == 12.0


@pytest.mark.parametrize("fault", [*REFUSED, lambda: "never", lambda: "lost"])
def test_giving_it_back_raises_nothing_and_ends_the_writes_at_once(table, clock, one, two, fault):
    one.try_take()
    two.try_take()
    table.faults = [fault(), *([gone()] if fault() == "never" else [])]
    one.release()
    with pytest.raises(LeaseHeld):
        one.check()
    assert wait_for(two, clock) <= 15.0


# for which commit


def test_a_commit_is_put_down_before_the_first_write_for_it(table, one):
    one.try_take()
    one.begin(commit(3), by_time)
    assert table.tenure.begun == commit(3)
    assert (one.held, one.fence, one.last) == (True, 1, commit(3))


def test_the_next_holder_learns_it(one, two):
    one.try_take()
    one.begin(commit(3), by_time)
    one.release()
    assert two.try_take()
    assert two.last == commit(3)


def test_it_outlives_a_holder_that_is_killed_and_every_renewal(one, two, clock, table):
    one.try_take()
    one.begin(commit(3), by_time)
    for _ in range(3):
        clock.at += 3.0
        one.keep()
    two.try_take()
    clock.at += 15.1
    two.try_take()
    assert two.last == table.tenure.begun == commit(3)


def test_an_older_commit_is_refused_and_both_are_named(one, two, table):
    one.try_take()
    one.begin(commit(3), by_time)
    one.release()
    two.try_take()
    with pytest.raises(StalePlan) as caught:
        two.begin(commit(2), by_time)
    assert commit(2).commit[:12] in str(caught.value)
    assert commit(3).commit[:12] in str(caught.value)
    assert table.tenure.begun == commit(3)


def test_to_go_back_can_be_meant_and_is_put_down(one, table):
    one.try_take()
    one.begin(commit(3), by_time)
    one.begin(commit(2), by_time, back=True)
    assert table.tenure.begun == commit(2)


def test_history_decides_and_not_the_time_where_it_is_known(one):
    one.try_take()
    one.begin(commit(3), by_time)
    one.begin(commit(2), lambda one, other: False)
    assert one.last == commit(2)


def test_a_commit_that_goes_on_costs_no_call(one, table):
    one.try_take()
    one.begin(commit(3), by_time)
    before = list(table.calls)
    one.begin(commit(3), by_time)
    assert table.calls == before


def test_nothing_is_begun_without_the_lease(one, two, clock, table):
    with pytest.raises(LeaseHeld):
        one.begin(commit(1), by_time)
    one.try_take()
    two.try_take()
    clock.at += 15.1
    two.try_take()
    with pytest.raises(LeaseHeld):
        one.begin(commit(1), by_time)
    assert table.tenure.begun is None


@pytest.mark.parametrize("fault", ["lost", "never", "late"])
def test_a_commit_whose_putting_down_got_no_answer_is_put_down_all_the_same(one, table, clock, fault):
    one.try_take()
    table.faults = [fault]
    one.begin(commit(3), by_time)
    table.arrive()
    assert table.tenure.begun == commit(3)
    clock.at += 3.0
    assert one.renew()
    assert table.tenure.begun == commit(3)


@pytest.mark.parametrize("fault", REFUSED)
def test_a_commit_that_could_not_be_put_down_is_not_begun(one, table, fault):
    one.try_take()
    table.faults = [fault()]
    with pytest.raises(ReconcilerError):
        one.begin(commit(3), by_time)
    assert one.last is None
    assert one.held


def test_what_is_shown_says_where_and_whether():
    clock, table = Hand(), Table()
    mine = lease(table, clock)
    assert repr(mine) == "Lease('table', held=False)"
    assert mine.where == "table"
