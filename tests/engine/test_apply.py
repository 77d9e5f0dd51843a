"""Making the calls that are ready: what an answer, a refusal, silence and a stop do to the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.agent.converge import Ending, converge
from reconciler.core.gate import ready
from reconciler.core.planner import plan
from reconciler.engine.apply import Target, Tick, apply, untried
from reconciler.model.errors import Denied, OutcomeUnknown, Rejected, StalePlan, Throttled
from reconciler.model.fields import UNSET
from reconciler.model.key import OWNER
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Call
from reconciler.model.policy import Policy
from reconciler.model.status import Memory
from reconciler.model.tree import pending_after
from tests.builders import (
    AT,
    SCOPE,
    FakeReader,
    FakeWriter,
    absent,
    change,
    document,
    field_change,
    k,
    there,
    wished,
    world,
)
from tests.lab import edit, shop

A, B = document("Thing/a", {"size": 1}), document("Thing/b", {"size": 1})
SLOW = Throttled("slow down", operation="toy:CreateThing")
LOST = OutcomeUnknown("no answer", operation="toy:CreateThing")


def applied(here, write, *, changes=None, stop=lambda: False, made=lambda change, call: None):
    """The world after one round, and what the tick has noted."""
    tick = Tick(Memory())
    target = Target(SCOPE, FakeReader(), write, stop=stop, made=made)
    now = ready(plan(here)) if changes is None else changes
    return apply(write, here, now, tick, target), tick


def test_an_answer_stands_for_the_reading():
    write = FakeWriter()
    after, tick = applied(world(A), write)
    seen = after.seen[k("Thing/a")]
    assert (seen.present, seen.arn, seen.owner, seen.at) == (
        True,
        "arn:toy:thing/a",
        "default/staging/shop/Thing/a",
        AT,
    )
    assert after.health[k("Thing/a")].healthy
    assert plan(after).empty
    assert tick.failed == {}


def test_what_was_there_before_is_remembered_so_that_an_old_reading_is_known():
    here = world(A, seen=[absent("Thing/a")])
    _, tick = applied(here, FakeWriter())
    known = tick.memory.answers[k("Thing/a")]
    assert known.now.present
    assert known.before == (here.seen[k("Thing/a")],)


def test_a_second_write_remembers_both_states_before_it():
    seen = there("Thing/a")
    here = world(A, seen=[seen])
    tick, write = Tick(Memory()), FakeWriter()
    tagging = change("Thing/a", observed=seen, desired=here.desired[k("Thing/a")],
                     fields=(field_change("tags.x", UNSET, "1"),), calls=(Call("ecs:TagResource", {"n": 1}),))  # fmt: skip
    target = Target(SCOPE, FakeReader(), write)
    once = apply(write, here, [tagging], tick, target)
    first = once.seen[k("Thing/a")]
    more = replace(tagging, observed=first, fields=(field_change("tags.y", UNSET, "2"),))
    twice = apply(write, once, [more], tick, target)
    assert twice.seen[k("Thing/a")].tags == {OWNER: seen.owner, "x": "1", "y": "2"}
    assert tick.memory.answers[k("Thing/a")].before == (seen, first, first)


def test_calls_are_made_up_to_the_first_that_is_not_known_yet():
    calls = (
        Call("toy:CreateThing", {"name": "a"}),
        Call("toy:Second", {"x": pending_after("something")}),
        Call("toy:Third", {}),
    )
    [planned] = plan(world(A)).changes
    write = FakeWriter()
    applied(world(A), write, changes=[replace(planned, calls=calls)])
    assert write.operations == ["CreateThing"]


def test_each_call_that_was_made_is_told_and_none_that_was_not():
    told = []
    applied(world(A, B), FakeWriter(CreateThing=[SLOW, {}]), made=lambda change, call: told.append(str(change.key)))
    assert told == ["shop/Thing/b"]


@pytest.mark.parametrize(
    "error",
    [SLOW, Rejected("nonsense", operation="toy:X"), Denied("no", operation="toy:X", action="toy:X"), LOST],
    ids=lambda error: type(error).__name__,
)
def test_a_call_that_fails_holds_back_only_its_own_resource(error):
    write = FakeWriter(CreateThing=[error, {}])
    after, tick = applied(world(A, B), write)
    assert tick.failed == {k("Thing/a"): error}
    assert k("Thing/a") not in after.seen
    assert after.seen[k("Thing/b")].present
    assert tick.unknown == ({k("Thing/a")} if isinstance(error, OutcomeUnknown) else set())


def two_calls(**answers):
    """A resource whose second call goes wrong."""
    here = world(A, seen=[there("Thing/a", {"size": 1})])
    planned = change("Thing/a", desired=here.desired[k("Thing/a")], observed=here.seen[k("Thing/a")],
                     fields=(field_change("tags.x", UNSET, "1"),),
                     calls=(Call("ecs:TagResource", {}), Call("toy:UpdateThing", {})))  # fmt: skip
    write = FakeWriter(**answers)
    after, tick = applied(here, write, changes=[planned])
    assert write.operations == ["TagResource", "UpdateThing"]
    return after.seen[k("Thing/a")], tick


def test_of_what_was_half_made_nothing_is_assumed_until_it_is_read():
    seen, tick = two_calls(UpdateThing=SLOW)
    assert "x" not in seen.tags
    assert tick.memory.answers == {}
    assert tick.unknown == {k("Thing/a")}
    assert tick.failed


def test_after_a_call_without_an_answer_nothing_is_known_until_it_is_read():
    seen, tick = two_calls(UpdateThing=LOST)
    assert "x" not in seen.tags
    assert tick.memory.answers == {}
    assert tick.unknown == {k("Thing/a")}


@pytest.mark.parametrize("error", [StalePlan("no"), KeyboardInterrupt()])
def test_what_is_no_word_of_aws_ends_the_tick(error):
    write = FakeWriter(CreateThing=[error, {}])
    with pytest.raises(type(error)):
        applied(world(A, B), write)
    assert len(write.sent) == 1


def test_told_to_stop_it_makes_no_further_call():
    write = FakeWriter()
    after, tick = applied(world(A, B), write, stop=lambda: len(write.sent) == 1)
    assert write.operations == ["CreateThing"]
    assert list(after.seen) == [k("Thing/a")]
    assert tick.failed == {}


def test_told_to_stop_between_two_calls_of_one_resource_it_will_read_how_that_stands():
    here = world(A, seen=[there("Thing/a")])
    planned = change("Thing/a", desired=here.desired[k("Thing/a")], observed=here.seen[k("Thing/a")],
                     fields=(field_change("tags.x", UNSET, "1"),),
                     calls=(Call("ecs:TagResource", {}), Call("toy:UpdateThing", {})))  # fmt: skip
    write = FakeWriter()
    _, tick = applied(here, write, changes=[planned], stop=lambda: bool(write.sent))
    assert write.operations == ["TagResource"]
    assert tick.unknown == {k("Thing/a")}


# what has been tried in this tick


def test_no_planned_call_is_made_twice_in_a_tick():
    here = world(A, B)
    now = ready(plan(here))
    tick = Tick(Memory())
    write = FakeWriter(CreateThing=[{}, SLOW])
    assert untried(now, tick) == now
    apply(write, here, now, tick, Target(SCOPE, FakeReader(), write))
    assert untried(now, tick) == ()


def test_another_call_for_the_same_resource_is_one_more_to_make_unless_it_failed():
    planned = change("Thing/a", calls=(Call("toy:UpdateThing", {"size": 1}),))
    tick = Tick(Memory(), calls={"shop/Thing/a " + repr(planned.calls[0])})
    other = replace(planned, calls=(Call("toy:UpdateThing", {"size": 2}),))
    assert untried([planned, other], tick) == (other,)
    tick.failed[k("Thing/a")] = SLOW
    assert untried([other], tick) == ()


def test_the_same_call_for_another_resource_is_its_own():
    call = Call("toy:UpdateThing", {})
    tick = Tick(Memory(), calls={f"shop/Thing/a {call!r}"})
    other = change("Thing/b", calls=(call,))
    assert untried([other], tick) == (other,)


# deletions


def test_a_deleted_orphan_is_gone_at_once():
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    after, tick = applied(here, FakeWriter())
    assert after.orphans == {}
    assert not tick.memory.answers[k("Thing/old")].now.present


def test_one_that_drains_stays_in_sight(monkeypatch):
    here = world(orphans=[there("Thing/old")], asked=Policy(prune=True))
    draining = Observed(k("Thing/old"), AT, arn="arn:toy:thing/old", status="DRAINING")
    monkeypatch.setattr(type(here.kinds["Thing"]), "after", lambda self, change, answers: draining)
    after, _ = applied(here, FakeWriter())
    assert after.orphans == {k("Thing/old"): draining}
    assert plan(after).changes[0].waiting == "it is draining"


def test_what_was_left_behind_goes_without_touching_what_is_there():
    new, old = there("Thing/a", {"name": "new", "size": 1}), there("Thing/a", {"name": "old"})
    here = world(
        document("Thing/a", {"name": "new", "size": 1}, policy=Policy(replace=True)), seen=[new], leftovers=[old]
    )
    after, tick = applied(here, FakeWriter())
    assert after.seen[k("Thing/a")] == new
    assert not after.leftovers[k("Thing/a")].present
    assert tick.memory.answers == {}
    assert plan(after).empty


def test_what_is_deleted_to_be_made_anew_hands_on_what_it_carries():
    here = world(document("Thing/a", {"colour": "blue"}, policy=Policy(replace=True)),
                 seen=[there("Thing/a", {"colour": "red"}, live={"size": 7})])  # fmt: skip
    write = FakeWriter()
    after, _ = applied(here, write)
    assert write.operations == ["DeleteThing"]
    assert after.seen[k("Thing/a")].carry == {"size": 7}
    [now] = plan(after).changes
    assert now.action is Action.CREATE
    assert now.calls[0].params["size"] == 7


def test_nothing_ready_is_nothing_made():
    desired, _ = wished(A)
    assert list(desired) == [k("Thing/a")]
    after, _ = applied(world(A, seen=[there("Thing/a", {"size": 1})]), FakeWriter())
    assert plan(after).empty


class RefusesOnce:
    """A Writer whose calls of one operation are refused for rate, the first time."""

    def __init__(self, write, operation):
        self._write, self._operation = write, operation

    def send(self, call):
        if call.operation == self._operation:
            self._operation = ""
            raise Throttled("slow down", operation=call.operation)
        return self._write.send(call)


@pytest.mark.parametrize("operation", ["logs:PutRetentionPolicy", "logs:UntagResource"])
def test_it_is_not_converged_while_the_second_call_of_an_update_has_not_been_made(operation):
    lab = shop()
    edit(lab, "retentionInDays: 30", "retentionInDays: 30, tags: {old: x}")
    lab.apply()
    edit(lab, "retentionInDays: 30, tags: {old: x}", "retentionInDays: 60, tags: {new: y}")
    target = lab.target()
    target = replace(target, write=RefusesOnce(target.write, operation))
    assert converge(target, lab.wish(), lab.clock, timeout=3600).ending is Ending.CONVERGED
    assert lab.plan().empty
