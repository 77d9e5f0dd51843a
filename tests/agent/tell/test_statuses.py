"""How commits are marked: by environment, by app where few change, once a state, and none is left pending for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.agent.tell.statuses import LONGEST, Mark, Marked, context_of, marks
from reconciler.core.rollup import unrendered
from reconciler.model.errors import Position, Problem, Severity
from reconciler.model.plan import Plan
from reconciler.model.status import Condition, HealthWord
from tests.agent.tell.looks import THREE, TWO, Listener, failed, look, resource, rolling, sick
from tests.builders import change

ENV = "reconciler/staging"


class Marker:
    """Marks what it sees, with a listener that knows which apps move."""

    def __init__(self, installation="default"):
        self.listener, self.marked, self.installation = Listener(), Marked(), installation
        self.last: tuple[Mark, ...] = ()

    def saw(self, seen):
        self.listener.saw(seen)
        self.marked, self.last = marks(self.marked, seen, self.listener.told, self.installation)
        return [(it.sha[0], it.context.removeprefix(ENV), it.state.name) for it in self.last]


@pytest.fixture
def marker() -> Marker:
    found = Marker()
    assert found.saw(look(resource())) == [("1", "", "SUCCESS")]
    return found


def changing(*resources, **more):
    plan = Plan("staging", None, tuple(change(str(it.key)) for it in resources if not it.ready))
    return look(*resources, **{"plan": plan, **more})


def test_a_commit_from_its_first_sight_to_its_end(marker):
    fresh = replace(look(resource()), head=TWO)
    assert marker.saw(fresh) == [("2", "", "PENDING")]
    assert marker.last[0].description == "waits to be rendered"
    assert marker.saw(replace(look(resource()), commit=TWO, head=TWO)) == []
    outdated = resource(synced="OutOfSync", health=HealthWord.PROGRESSING)
    assert marker.saw(changing(outdated, commit=TWO)) == [("2", "", "RUNNING"), ("2", "/shop", "RUNNING")]
    assert marker.saw(changing(rolling(), commit=TWO)) == []
    assert marker.saw(look(resource(revision="web:2"), commit=TWO)) == [("2", "", "SUCCESS"), ("2", "/shop", "SUCCESS")]
    assert marker.last[0].description == "1 of 1 resources is Ready"
    for _ in range(5):
        assert marker.saw(look(resource(revision="web:2"), commit=TWO)) == []


def test_a_rollout_that_fails_and_is_tried_again_with_success(marker):
    marker.saw(look(rolling(), commit=TWO))
    assert marker.saw(look(failed(), commit=TWO)) == [("2", "", "FAILURE"), ("2", "/shop", "FAILURE")]
    assert marker.last[0].description == "shop/Service/web: CrashLoop: 2/2 running"
    assert marker.saw(look(rolling(), commit=TWO)) == []
    assert marker.saw(look(failed(), commit=TWO)) == []
    assert marker.saw(look(resource(revision="web:2"), commit=TWO)) == [("2", "", "SUCCESS"), ("2", "/shop", "SUCCESS")]


def test_what_fails_after_it_was_deployed_well_is_no_matter_of_the_commit(marker):
    assert marker.saw(look(sick())) == []
    assert marker.saw(look(failed(revision="web:1"))) == []
    assert marker.saw(look(rolling(revision="web:1"))) == []


def test_success_waits_for_every_app_and_every_change(marker):
    assert marker.saw(look(resource(), commit=TWO, waiting=3)) == [("2", "", "PENDING")]
    assert marker.saw(look(resource(), commit=TWO, plan=Plan("staging", TWO, (change("blog/Service/x"),)))) == []
    assert marker.saw(look(resource(), commit=TWO, plan=None)) == []
    assert marker.saw(look(resource(), commit=TWO)) == [("2", "", "SUCCESS")]


def test_a_status_of_another_commit_says_nothing_of_this_one(marker):
    older = look(resource())
    assert marker.saw(replace(older, commit=TWO, head=TWO)) == [("2", "", "PENDING")]


@pytest.mark.parametrize("why", ["Suspended", "Pinned", "Superseded", "AwaitingApproval", "OutsideWindow", "DriftDetected"])
def test_what_somebody_holds_is_pending_and_says_why(marker, why):
    assert marker.saw(look(resource(synced="OutOfSync", stalled=why), commit=TWO)) == [("2", "", "PENDING")]
    assert why in marker.last[0].description


@pytest.mark.parametrize("why", ["NotDriven", "PruneGuard", "DriftUnresolvable", "ImageNotFound", "AccessDenied"])
def test_what_will_not_come_about_is_a_failure(marker, why):
    assert ("2", "", "FAILURE") in marker.saw(look(resource(synced="OutOfSync", stalled=why), commit=TWO))


def test_manifests_that_are_wrong_are_an_error_with_their_place(marker):
    wrong = Problem("unknown-member", "there is no desiredCuont", Position("apps/shop/web.yaml", 7, 3), app="shop")
    assert marker.saw(look(resource(), commit=TWO, problems=(wrong, wrong))) == [("2", "", "ERROR")]
    assert marker.last[0].description == "apps/shop/web.yaml:7: there is no desiredCuont (and 1 more)"
    fine = replace(wrong, severity=Severity.WARNING)
    assert Marker().saw(look(resource(), problems=(fine,))) == [("1", "", "SUCCESS")]


def test_manifests_that_are_wrong_are_told_before_anything_was_looked_at():
    wrong = Problem("no-environments", "there is no environment")
    assert Marker().saw(replace(look(problems=(wrong,)), status=None, plan=None)) == [("1", "", "ERROR")]


@pytest.mark.parametrize(("reason", "status"), [("RenderFailed", "False"), ("SourceFailed", "Unknown")])
def test_a_head_that_is_not_put_in_force_is_an_error_and_what_is_in_force_is_not(marker, reason, status):
    marker.saw(look(rolling(), commit=TWO))
    bad = Condition("SourceVerified", status, reason, "nobody's signature")
    wrong = (Problem("x", "there is no desiredCuont"),)
    seen = look(unrendered(rolling(), "the newest commit cannot be used"), commit=TWO, head=THREE, source=bad, problems=wrong)
    assert marker.saw(seen) == [("3", "", "ERROR")]
    assert marker.last[0].description == f"{reason}: nobody's signature"
    assert marker.saw(look(resource(revision="web:2"), commit=THREE)) == [
        ("3", "", "SUCCESS"), ("2", "", "SUPERSEDED"), ("2", "/shop", "SUPERSEDED"),
    ]  # fmt: skip


def test_a_remote_that_is_out_of_reach_marks_nothing(marker):
    assert marker.saw(look(resource(), source=Condition("SourceVerified", "Unknown", "SourceFailed", "no answer"))) == []


def test_a_commit_that_is_overtaken_is_marked_so(marker):
    marker.saw(look(rolling(), commit=TWO))
    assert marker.saw(look(rolling(), commit=THREE)) == [
        ("3", "", "RUNNING"),
        ("2", "", "SUPERSEDED"),
        ("2", "/shop", "SUPERSEDED"),
    ]
    assert marker.last[1].description == "overtaken by 333333333333 before all of it was Ready"
    assert marker.saw(look(resource(revision="web:2"), commit=THREE)) == [("3", "", "SUCCESS")]


def test_a_head_that_is_overtaken_before_it_was_in_force_is_marked_so(marker):
    marker.saw(replace(look(resource()), head=TWO))
    assert marker.saw(replace(look(resource()), head=THREE)) == [("3", "", "PENDING"), ("2", "", "SUPERSEDED")]


@pytest.mark.parametrize("end", [resource(revision="web:2"), failed()])
def test_a_commit_that_ended_before_is_not_overtaken(marker, end):
    marker.saw(look(end, commit=TWO))
    assert not [it for it in marker.saw(look(rolling(revision="web:3"), commit=THREE)) if it[0] == "2"]


def test_of_many_apps_only_the_environment_is_marked(marker):
    many = [rolling(f"app{number}/Service/web") for number in range(6)]
    before = [resource(f"app{number}/Service/web") for number in range(6)]
    fresh = Marker()
    fresh.saw(look(*before))
    assert fresh.saw(look(*many[:2], *before[2:], commit=TWO)) == [
        ("2", "", "RUNNING"), ("2", "/app0", "RUNNING"), ("2", "/app1", "RUNNING"),
    ]  # fmt: skip
    assert fresh.saw(look(*many, commit=TWO)) == []
    done = [resource(f"app{number}/Service/web", "web:2") for number in range(6)]
    assert fresh.saw(look(*done, commit=TWO)) == [("2", "", "SUCCESS"), ("2", "/app0", "SUCCESS"), ("2", "/app1", "SUCCESS")]


def test_an_app_that_a_commit_does_not_change_is_not_marked_for_it():
    fresh = Marker()
    fresh.saw(look(resource(), failed("blog/Service/blog", "blog:1")))
    found = fresh.saw(look(rolling(), failed("blog/Service/blog", "blog:1"), commit=TWO))
    assert found == [("2", "", "FAILURE"), ("2", "/shop", "RUNNING")]


def test_no_commit_nothing_to_mark():
    assert Marker().saw(look(resource(), commit=None)) == []


def test_a_description_is_short_and_gives_nothing_away(marker):
    stuck = resource(synced="OutOfSync", stalled="Rejected", message="DB_PASSWORD=hunter2 \x1b[31m " + "x" * 500)
    marker.saw(look(stuck, stuck, commit=TWO))
    said = marker.last[0].description
    assert len(said) == LONGEST
    assert said.endswith("… (and 1 more)")
    assert "hunter2" not in said
    assert "\x1b" not in said


def test_another_installation_marks_in_its_own_name():
    assert context_of("default", "production", "shop") == "reconciler/production/shop"
    assert context_of("blue", "production") == "reconciler:blue/production"


def test_what_is_remembered_is_of_the_commits_that_count(marker):
    for number in range(100):
        marker.saw(look(resource(revision="web:2"), commit=f"{number:040}"))
    assert {sha for sha, _ in marker.marked.states} == {f"{99:040}"}
