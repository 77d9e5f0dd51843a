"""What a look at the world says of things that a spec names and that are not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planner import plan
from reconciler.core.preflight import missing_external, refusal, unread, warnings
from reconciler.model.errors import Denied, Severity, Throttled
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Preflight
from tests.builders import AT, TOYS, absent, as_desired, change, document, k, there, wished, world

FAR = Observed(k("Place/far"), AT, {"name": "far"}, arn="arn:toy:place/far")
GONE = Observed(FAR.key, AT)
UNREAD = Observed.failed(FAR.key, Throttled("slow down", operation="toy:Describe"))
DYING = Observed(k("Given/db"), AT, {"name": "db"}, arn="given:db", status="DELETING")


def named(place=None, secret=None, **more):
    outside = {("Place", "far"): place, ("Given", "given:db"): secret}
    spec = {**({"place": "far"} if place else {}), **({"secret": "given:db"} if secret else {}), **more}
    return world(document("Thing/web", spec), outside={name: seen for name, seen in outside.items() if seen})


def refused(here):
    return refusal(here, here.desired[k("Thing/web")])


def warned(here):
    found = warnings(here, {k("Thing/web"): change("Thing/web", Action.CREATE)})
    return [(problem.code, problem.message) for problem in found]


def test_what_is_there_is_no_word_worth():
    assert refused(named(FAR)) is None
    assert warned(named(FAR)) == []


def test_what_is_not_there_refuses_what_names_it_by_path():
    problem = refused(named(GONE))
    assert problem is not None
    assert (problem.code, problem.message, problem.path) == ("PlaceNotFound", "there is no Place far", "place")
    assert (problem.key, problem.app) == (k("Thing/web"), "shop")
    assert problem.hint == "create it, declare it, or correct the name"
    assert warned(named(GONE)) == []


def test_what_could_not_be_read_is_a_warning_and_no_refusal():
    assert refused(named(UNREAD)) is None
    assert warned(named(UNREAD)) == [
        ("not-checked", "whether Place far exists could not be checked: slow down"),
    ]


def test_what_will_never_be_well_again_is_as_good_as_gone():
    problem = refused(named(secret=DYING))
    assert problem is not None
    assert (problem.code, problem.message) == ("GivenNotFound", "Given given:db: it is being deleted")


def test_what_has_not_been_read_is_not_judged():
    here = world(document("Thing/web", {"place": "far"}))
    assert refused(here) is None
    assert warned(here) == []


def test_the_first_of_several_refuses():
    problem = refused(named(GONE, DYING))
    assert problem is not None
    assert problem.code == "GivenNotFound"  # externals are sorted


def test_a_need_whose_manifest_is_invalid_refuses_before_all_else():
    here = world(document("Thing/web", {"place": "ref:Place/broken"}, needs=["Paper/worse"]),
                 failed=["Place/broken", "Paper/worse"], invalid=frozenset({k("Place/broken"), k("Paper/worse")}))  # fmt: skip
    problem = refused(here)
    assert problem is not None
    assert (problem.code, problem.message) == (
        "InvalidManifest",
        "it needs shop/Paper/worse, whose manifest is invalid",
    )


def test_a_kinds_own_findings_refuse_or_warn_by_their_severity():
    odd, bad = named(FAR, mode="odd"), named(FAR, mode="bad")
    assert refused(odd) is None
    assert warned(odd) == [("odd-mode", "odd, beside ['far']")]
    problem = refused(bad)
    assert problem is not None
    assert (problem.code, problem.hint, problem.path) == ("bad-mode", "mend it", "mode")
    assert warned(bad) == []


def test_warnings_are_in_the_plan_and_hold_nothing_back():
    made = plan(named(UNREAD))
    assert [warning.severity for warning in made.warnings] == [Severity.WARNING]
    assert made.blocked == ()
    assert made.changes[0].calls[0].ready


# manifests that refer to something that is to exist


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (there("Given/db", ours=False), None),
        (absent("Given/db"), "there is no Given real-db"),
        (there("Given/db", status="DELETING"), "it is being deleted"),
    ],
)
def test_a_manifest_of_something_given_is_well_when_it_is_there(seen, message):
    [desired] = wished(document("Given/db", {"name": "real-db"}))[0].values()
    problem = missing_external(TOYS["Given"], desired, seen)
    assert (problem.message if problem else None) == message
    if problem:
        assert (problem.code, problem.path) == ("GivenNotFound", "name")


def test_what_is_given_is_never_a_change_only_a_hold():
    document_ = document("Given/db")
    assert plan(world(document_, seen=[there("Given/db", ours=False)])).empty
    [held] = plan(world(document_, seen=[absent("Given/db")])).changes
    assert held.blocked is not None
    assert held.calls == ()
    denied = Observed.failed(k("Given/db"), Denied("no", operation="toy:Describe", action="toy:Describe"))
    [held] = plan(world(document_, seen=[denied])).changes
    assert held.blocked is not None
    assert held.blocked.code == "AccessDenied"


# what nobody could look into


def test_several_things_that_may_not_be_looked_at_are_one_piece_of_news():
    def denied(name):
        return Observed.failed(k(f"Place/{name}"), Denied("no", operation="toy:Describe", action="toy:Describe"))

    names = ("far", "off", "away")
    documents = [document(f"Thing/{name}", {"place": name}) for name in names]
    here = world(*documents, outside={("Place", name): denied(name) for name in names})
    [warning] = plan(here).warnings
    assert warning.message == "whether Place away and 2 more exist could not be checked: no"
    assert warning.hint == "allow toy:Describe to this role"


def test_what_does_not_change_is_not_looked_at_unless_everything_is():
    desired, _ = wished(document("Thing/web", {"place": "far", "mode": "odd"}))
    here = world(document("Thing/web", {"place": "far", "mode": "odd"}), seen=[as_desired(desired[k("Thing/web")])])
    assert plan(here).empty
    assert unread(here, ()) == []
    assert plan(here).warnings == ()
    everything = replace(here, preflight=Preflight.ALL)
    assert unread(everything, ()) == [("Place", "far")]
    assert [problem.code for problem in plan(everything).warnings] == ["odd-mode"]
    gone = replace(everything, outside={("Place", "far"): GONE})
    assert [problem.code for problem in plan(gone).warnings] == ["PlaceNotFound", "odd-mode"]


def test_without_preflight_only_manifests_that_are_wrong_refuse():
    here = replace(named(GONE, mode="bad"), preflight=Preflight.NONE)
    assert refused(here) is None
    assert warned(here) == []
    assert unread(here, plan(here).changes) == []
