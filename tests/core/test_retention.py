"""Which families are asked about: those at rest, of which a policy keeps some, with what people said of them."""

from __future__ import annotations

import pytest

from reconciler.core.planner import plan
from reconciler.core.retention import notes, resting
from reconciler.model.errors import Denied, SourceError
from reconciler.model.key import OWNER
from reconciler.model.observed import NEVER, Inventory, Nominated, Observed
from reconciler.model.plan import Action
from reconciler.model.policy import Policy
from reconciler.model.record import Pin, Record, Said
from tests.builders import AT, SCOPE, as_desired, document, k, wished, world

PAPER, THING = k("Paper/a"), k("Thing/web")
KEEP = Policy(keep_revisions=2)


def family(count=4, *, policy=KEEP, starting=False, **more):
    """A Paper of which so many revisions are ours, and a Thing that runs the newest."""
    documents = [document("Paper/a", policy=policy), document("Thing/web", {"paper": "ref:Paper/a"})]
    desired, _ = wished(*documents)
    arns = [f"arn:toy:paper/a:{number}" for number in range(1, count + 1)]
    paper = as_desired(desired[PAPER], arn=arns[-1])
    thing = as_desired(desired[THING], {"paper": arns[-1]}, live={"starting": True} if starting else {})
    owned = tuple(Nominated(arn, {OWNER: SCOPE.owner(PAPER)}) for arn in arns)
    return world(*documents, seen=[paper, thing], inventory=Inventory({PAPER: owned}), **more)


def asked(here):
    return resting(here, plan(here))


def test_a_family_at_rest_is_asked_about_with_its_users():
    [item] = asked(family())
    assert (item.reading.key, item.keep, len(item.owned), item.owner) == (PAPER, 2, 4, SCOPE.owner(PAPER))
    assert [user.key for user in item.users] == [THING]


@pytest.mark.parametrize(
    "here",
    [
        family(policy=Policy()),
        family(count=2),
        family(starting=True),
        family(complete=False),
        family(suspended=frozenset({"shop"})),
        family(unheard={"blog": SourceError("no record")}),
    ],
    ids=["no policy", "few", "not Ready", "not read completely", "suspended", "pins unknown"],
)
def test_no_other_family_is(here):
    assert asked(here) == []


def test_the_revision_of_a_pin_is_needed():
    said = Said("ann", AT)
    record = Record(pins={"Thing/web": Pin("arn:toy:paper/a:1", "digest", said)})
    [item] = asked(family(records={"shop": record}))
    assert item.needed == {"arn:toy:paper/a:1"}


def test_what_nothing_needs_is_let_go_of_in_a_change_that_nothing_waits_for():
    old = Observed(PAPER, AT, {"name": "a"}, arn="arn:toy:paper/a:2", others=("arn:toy:paper/a:1",))
    made = plan(family(superseded={PAPER: old}))
    [change] = made.changes
    assert (change.action, change.step, change.waits_on) == (Action.UPDATE, Action.DELETE, ())
    assert [call.params["arn"] for call in change.calls] == ["arn:toy:paper/a:1", "arn:toy:paper/a:2"]
    assert THING in made.unchanged


def test_what_could_not_be_read_is_told_and_keeps_everything():
    error = Denied("no", operation="toy:List", action="toy:List")
    here = family(superseded={PAPER: Observed.failed(PAPER, error)})
    assert plan(here).empty
    assert [(note.code, note.hint) for note in notes(here)] == [("revisions-kept", "allow toy:List to this role")]
    assert plan(family(superseded={PAPER: Observed(PAPER, NEVER)})).warnings == ()
