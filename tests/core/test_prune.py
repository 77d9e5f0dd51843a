"""What is ours and no longer declared: when it goes, in which order, and everything that keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planner import plan
from reconciler.core.prune import deletions, in_use_by
from reconciler.model.errors import Denied, Severity
from reconciler.model.key import PRUNE
from reconciler.model.observed import Observed
from reconciler.model.plan import Action
from reconciler.model.policy import Policy
from tests.builders import absent, document, k, there, world

PRUNING = Policy(prune=True)
MANY = Policy(prune=True, deletion_limit=100)


def orphaned(*orphans, asked=MANY, documents=(), **more):
    return world(*documents, orphans=orphans or (there("Thing/old"),), asked=asked, **more)


def deleted(here):
    return {str(key).removeprefix("shop/"): change for key, change in deletions(here, {})[0].items()}


def kept(here):
    """Why each orphan stays."""
    found, notes = deletions(here, {})
    assert all(note.severity is Severity.NOTE and note.code == "not-declared" for note in notes)
    assert not {note.message.partition(" is ours")[0] for note in notes} & {str(key) for key in found}
    return [note.message.partition(" but no longer declared: ")[2] for note in notes]


def test_what_is_ours_and_no_longer_declared_is_deleted_when_asked_for():
    change = deleted(orphaned())["Thing/old"]
    assert (change.action, change.step, change.desired) == (Action.DELETE, Action.DELETE, None)
    assert (change.blocked, change.waiting, change.waits_on) == (None, "", ())
    assert [(call.operation, dict(call.params)) for call in change.calls] == [
        ("toy:DeleteThing", {"arn": "arn:toy:thing/old"})
    ]


@pytest.mark.parametrize(
    ("asked", "policy", "goes"),
    [
        (Policy(), Policy(), False),
        (PRUNING, Policy(), True),
        (Policy(), PRUNING, True),
        (PRUNING, PRUNING, True),
        (PRUNING, Policy(prune=False), False),
        (Policy(prune=False), PRUNING, False),
    ],
)
def test_pruning_is_off_until_asked_for_and_needs_every_level_that_speaks(asked, policy, goes):
    here = orphaned(asked=asked, policy=policy)
    assert bool(deleted(here)) is goes
    assert bool(kept(here)) is not goes


OLD = there("Thing/old")


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (orphaned(there("Thing/old", tags={PRUNE: "false"})), "its policy said prune: false"),
        (orphaned(there("Place/old")), "a Place is kept unless its own policy said prune: true"),
        (orphaned(there("Place/old", tags={PRUNE: "false"})), "its policy said prune: false"),
        (orphaned(policy=Policy(prune=False)), "the environment's policy says prune: false"),
        (orphaned(asked=Policy()), "prune is off (allow it with policy.prune: true, or ask with --prune)"),
        (orphaned(complete=False), "the repository or the inventory could not be read completely"),
        (orphaned(Observed.failed(OLD.key, Denied("not allowed", operation="toy:Describe", action="x"))),
         "it could not be read (not allowed)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_whatever_keeps_it_is_told(here, why):
    assert deleted(here) == {}
    assert kept(here) == [why]


def test_what_is_kept_by_its_kind_goes_when_its_own_policy_said_so():
    assert list(deleted(orphaned(there("Place/old", tags={PRUNE: "true"})))) == ["Place/old"]


def test_what_keeps_one_keeps_only_that_one():
    here = orphaned(there("Thing/a", tags={PRUNE: "false"}), there("Thing/b"))
    assert list(deleted(here)) == ["Thing/b"]
    assert len(kept(here)) == 1


def test_what_is_draining_already_is_shown_until_it_is_gone_whatever_is_allowed():
    here = orphaned(absent("Thing/old", status="DRAINING"), asked=Policy(), complete=False)
    change = deleted(here)["Thing/old"]
    assert (change.waiting, change.calls, change.blocked) == ("it is draining", (), None)


# at most so many


@pytest.mark.parametrize(
    ("declared", "orphans", "limit", "refused"),
    [
        (4, 1, None, False),
        (8, 2, None, False),
        (7, 2, None, True),
        (0, 1, None, False),
        (0, 2, None, True),
        (0, 5, "100%", False),
        (5, 5, "50%", False),
        (4, 5, "50%", True),
        (0, 3, 3, False),
        (100, 4, 3, True),
        (100, 1, 0, True),
        (100, 2, "1%", True),
        (100, 1, "1%", False),
    ],
)
def test_too_many_deletions_at_once_are_refused_all_together(declared, orphans, limit, refused):
    here = orphaned(
        *(there(f"Thing/old-{number}") for number in range(orphans)),
        asked=Policy(prune=True, deletion_limit=limit),
        documents=[document(f"Thing/new-{number}") for number in range(declared)],
    )
    found = deleted(here)
    assert len(found) == orphans
    assert {change.blocked.code if change.blocked else "" for change in found.values()} == {"PruneGuard" * refused}


def test_a_share_of_nothing_is_nothing():
    found = deleted(orphaned(asked=Policy(prune=True, deletion_limit="0%")))
    assert found["Thing/old"].blocked is not None


def test_the_refusal_says_how_many_of_how_many():
    found = deleted(orphaned(there("Thing/a"), there("Thing/b"), asked=PRUNING))
    blocked = found["Thing/a"].blocked
    assert blocked is not None
    assert blocked.message == "2 of 2 resources would be deleted; the deletionLimit is 20% (1)"


def test_neither_what_stays_nor_what_is_on_its_way_counts():
    here = orphaned(
        there("Thing/a"),
        there("Thing/b", tags={PRUNE: "false"}),
        absent("Thing/c", status="DRAINING"),
        asked=Policy(prune=True, deletion_limit=1),
    )
    assert deleted(here)["Thing/a"].blocked is None


def test_the_environments_own_limit_is_more_specific_than_what_was_asked():
    here = orphaned(asked=Policy(prune=True, deletion_limit=100), policy=Policy(deletion_limit=0))
    assert deleted(here)["Thing/old"].blocked is not None


# order by use


def using(key, *arns, **more):
    return there(key, {"uses": list(arns)}, **more)


@pytest.mark.parametrize(
    ("readings", "users"),
    [
        ([], []),
        ([using("Thing/a", "arn:toy:paper/x")], ["Thing/a"]),
        ([using("Thing/a", "arn:toy:paper/x:older")], ["Thing/a"]),
        ([using("Thing/b", "arn:toy:paper/x"), using("Thing/a", "arn:toy:paper/x")], ["Thing/a", "Thing/b"]),
        ([using("Thing/a", "x"), using("Thing/b", "arn:toy:paper/y")], []),
        ([using("Paper/x", "arn:toy:paper/x")], []),
        ([absent("Thing/a", status="DRAINING", live={"uses": ["arn:toy:paper/x", None]})], ["Thing/a"]),
    ],
)
def test_in_use_is_what_a_live_spec_names_by_arn(readings, users):
    seen = there("Paper/x", arn="arn:toy:paper/x", others=("arn:toy:paper/x:older",))
    assert in_use_by(seen, readings) == tuple(map(k, users))


def test_of_several_that_go_the_user_goes_first():
    here = orphaned(there("Paper/x"), using("Thing/a", "arn:toy:paper/x"))
    found = deleted(here)
    assert found["Paper/x"].waits_on == (k("Thing/a"),)
    assert found["Paper/x"].waiting == ""
    assert found["Thing/a"].waits_on == ()
    assert [change.key.name for change in plan(here).changes] == ["a", "x"]


def test_one_that_drains_still_uses_what_it_ran():
    draining = absent("Thing/a", status="DRAINING", live={"uses": ["arn:toy:paper/x"]})
    assert deleted(orphaned(there("Paper/x"), draining))["Paper/x"].waits_on == (k("Thing/a"),)


def test_what_a_declared_thing_is_about_to_leave_waits_for_that():
    web = document("Thing/web", {"paper": "arn:toy:paper/y"})
    here = orphaned(there("Paper/x"), documents=[web], seen=[there("Thing/web", {"paper": "arn:toy:paper/x"})])
    found = {str(change.key): change for change in plan(here).changes}
    assert found["shop/Thing/web"].action is Action.UPDATE
    assert found["shop/Paper/x"].waits_on == (k("Thing/web"),)
    assert found["shop/Paper/x"].waiting == ""


def test_what_a_declared_thing_goes_on_using_stays_for_good_and_that_is_told():
    web = document("Thing/web", {"paper": "arn:toy:paper/x"})
    here = orphaned(there("Paper/x"), documents=[web], seen=[there("Thing/web", {"paper": "arn:toy:paper/x"})])
    [change] = plan(here).changes
    assert change.waits_on == (k("Thing/web"),)
    assert change.blocked is not None
    assert change.blocked.message == "still in use by shop/Thing/web"


@pytest.mark.parametrize(
    "user",
    [
        using("Thing/a", "arn:toy:paper/x", tags={PRUNE: "false"}),
        using("Place/a", "arn:toy:paper/x"),
    ],
)
def test_what_something_kept_still_uses_is_not_deleted_under_it(user):
    found = deleted(orphaned(there("Paper/x"), user))
    assert found["Paper/x"].waits_on == (user.key,)


def test_what_the_old_half_of_a_replacement_still_uses_is_not_deleted_under_it():
    web = document("Thing/web", {"name": "new", "paper": "arn:toy:paper/y"}, policy=Policy(replace=True))
    here = orphaned(
        there("Paper/x"),
        documents=[web],
        seen=[there("Thing/web", {"name": "new", "paper": "arn:toy:paper/y"}, live={"starting": True})],
        leftovers=[there("Thing/web", {"name": "old", "paper": "arn:toy:paper/x"})],
    )
    [change] = [change for change in plan(here).changes if change.key == k("Paper/x")]
    assert change.waits_on == (k("Thing/web"),)


def test_nothing_of_a_suspended_app_is_deleted():
    here = replace(orphaned(there("Thing/old")), suspended=frozenset({"shop"}))
    made = plan(here)
    assert made.empty
    assert "the app shop is suspended" in made.warnings[0].message


def test_notes_are_among_the_warnings_of_the_plan():
    made = plan(orphaned(asked=Policy()))
    assert made.empty
    assert [warning.code for warning in made.warnings] == ["not-declared"]
