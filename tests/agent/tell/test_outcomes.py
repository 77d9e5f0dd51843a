"""From look to look: each outcome once, whatever flaps, and nothing of what was so before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.rollup import unrendered
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.status import Condition, HealthWord
from tests.agent.tell.looks import THREE, TWO, Listener, failed, look, resource, rolling, sick
from tests.builders import document, wished

WEB, API = "shop/Service/web", "shop/Service/api"


@pytest.fixture
def heard() -> Listener:
    return Listener().begun()


def test_what_is_so_at_the_first_look_is_told_to_nobody():
    before = (
        failed(),
        sick(API),
        resource("shop/Service/held", "held:1", synced="AwaitingApproval", stalled="AwaitingApproval"),
        resource("shop/Service/moved", "moved:1", synced="DriftDetected", stalled="DriftDetected"),
        resource("shop/Service/lost", "lost:1", synced="ObserveFailed"),
        rolling("shop/Service/slow", "slow:2"),
    )
    for _ in range(3):
        told = Listener()
        assert told.saw(look(*before, digests={"shop": "d" * 64})) == []
        for _ in range(90):
            assert told.saw(look(*before, digests={"shop": "d" * 64})) == []


def test_a_rollout_that_was_under_way_at_the_first_look_is_told_by_its_outcome():
    assert Listener().begun(rolling()).saw(look(resource(revision="web:2"))) == [
        "deployed shop/Service/web",
        "sync-succeeded shop",
    ]
    assert Listener().begun(rolling()).saw(look(failed())) == ["sync-failed shop/Service/web"]


def test_a_rollout_is_told_when_it_begins_and_when_it_has_ended(heard):
    assert heard.saw(look(resource(synced="OutOfSync", health=HealthWord.PROGRESSING), commit=TWO)) == [
        "sync-running shop"
    ]
    for _ in range(5):
        assert heard.saw(look(rolling(), commit=TWO)) == []
    assert heard.saw(look(resource(revision="web:2"), commit=TWO)) == ["deployed shop/Service/web", "sync-succeeded shop"]
    assert [it.commit for it in heard.last] == [TWO, TWO]
    assert heard.last[0].revision == "web:2"
    for _ in range(90):
        assert heard.saw(look(resource(revision="web:2"), commit=TWO)) == []


def test_a_rollout_that_nobody_saw_moving_is_told_all_the_same(heard):
    assert heard.saw(look(resource(revision="web:2"), commit=TWO)) == ["deployed shop/Service/web", "sync-succeeded shop"]


def test_tasks_that_fail_while_a_rollout_goes_on_are_not_told_until_it_has_ended(heard):
    heard.saw(look(rolling(), commit=TWO))
    assert heard.saw(look(sick(revision="web:2", why="TasksFailing", state="IN_PROGRESS"), commit=TWO)) == []
    assert heard.saw(look(failed(), commit=TWO)) == ["sync-failed shop/Service/web"]
    assert heard.last[0].reason == "CrashLoop"


def test_ecs_rolling_back_is_one_failure_and_not_an_illness(heard):
    heard.saw(look(rolling(), commit=TWO))
    back = rolling(revision="web:1", id="ecs-svc/back", why="RollingBack")
    assert heard.saw(look(back, commit=TWO)) == []
    gone = failed(revision="web:1", id="ecs-svc/back", synced="OutOfSync", why="RolledBack", stalled="RolledBack")
    assert heard.saw(look(gone, commit=TWO)) == ["sync-failed shop/Service/web"]
    for commit in (TWO, THREE) * 40:
        assert heard.saw(look(gone, commit=commit)) == []


def test_a_rollback_is_no_illness_either_while_the_app_is_suspended(heard):
    held = resource(synced="OutOfSync", health=HealthWord.DEGRADED, why="RolledBack", stalled="Suspended")
    assert heard.saw(look(held)) == []


def test_a_commit_that_changes_what_failed_and_fails_again_is_told_again(heard):
    def blocked(spec):
        desired, _ = wished(document(WEB.replace("Service", "Thing"), spec))
        made = replace(next(iter(desired.values())), document=document(WEB))
        stuck = failed(revision="web:1", synced="OutOfSync", why="Healthy", stalled="ImageNotFound")
        return stuck, Plan("staging", None, (Change(stuck.key, Action.UPDATE, Action.UPDATE, desired=made),))

    first, second = blocked({"size": 1}), blocked({"size": 2})
    assert heard.saw(look(first[0], plan=first[1], commit=TWO)) == ["sync-failed shop/Service/web"]
    assert heard.saw(look(first[0], plan=first[1], commit=THREE)) == []
    assert heard.saw(look(second[0], plan=second[1], commit=THREE)) == ["sync-failed shop/Service/web"]
    assert heard.saw(look(first[0], commit=THREE)) == []


def test_what_is_tried_again_by_a_person_and_fails_again_is_told_again(heard):
    heard.saw(look(failed(id="a")))
    assert heard.saw(look(rolling(id="b"))) == ["sync-running shop"]
    assert heard.saw(look(failed(id="b"))) == ["sync-failed shop/Service/web"]


def test_a_failure_that_comes_and_goes_is_told_once_in_half_an_hour(heard):
    for _ in range(14):
        heard.saw(look(failed()))
        heard.saw(look(rolling()))
    assert heard.heard.count("sync-failed shop/Service/web") == 1
    heard.saw(look(failed()), minutes=30)
    assert heard.heard.count("sync-failed shop/Service/web") == 2


def test_a_retry_that_succeeds_is_told(heard):
    heard.saw(look(failed(id="a"), commit=TWO))
    heard.saw(look(rolling(id="b"), commit=TWO))
    assert heard.saw(look(resource(revision="web:2"), commit=TWO)) == ["deployed shop/Service/web", "sync-succeeded shop"]


def test_a_service_that_stops_working_and_recovers(heard):
    assert heard.saw(look(sick())) == ["health-degraded shop/Service/web"]
    assert heard.last[0].reason == "TasksMissing"
    assert heard.saw(look(sick(), commit=TWO)) == []
    assert heard.saw(look(rolling(revision="web:1", why="Recovering"))) == []
    assert heard.saw(look(resource())) == ["health-recovered shop/Service/web"]


def test_an_illness_that_is_for_good_is_an_illness_and_no_failed_change(heard):
    assert heard.saw(look(failed(revision="web:1"))) == ["health-degraded shop/Service/web"]


def test_health_that_flaps_is_told_once_in_half_an_hour_and_at_the_end_as_it_is(heard):
    for _ in range(12):
        heard.saw(look(sick()))
        heard.saw(look(resource()))
    assert heard.heard == ["health-degraded shop/Service/web", "health-recovered shop/Service/web"]
    assert heard.saw(look(sick())) == []
    assert heard.saw(look(sick()), minutes=10) == ["health-degraded shop/Service/web"]
    assert heard.saw(look(resource()), minutes=31) == ["health-recovered shop/Service/web"]


def test_a_recovery_of_what_was_ill_before_the_first_look_is_told():
    assert Listener().begun(sick()).saw(look(resource())) == ["health-recovered shop/Service/web"]


def test_a_recovery_by_a_new_revision_is_told_with_it(heard):
    heard.saw(look(sick()))
    heard.saw(look(rolling(), commit=TWO))
    assert heard.saw(look(resource(revision="web:2"), commit=TWO)) == [
        "deployed shop/Service/web",
        "health-recovered shop/Service/web",
        "sync-succeeded shop",
    ]


def test_going_back_to_a_revision_is_a_deployment_of_it(heard):
    heard.saw(look(resource(revision="web:2"), commit=TWO))
    assert heard.saw(look(resource(revision="web:1"), commit=THREE)) == ["deployed shop/Service/web", "sync-succeeded shop"]


def test_scaling_restarting_and_a_replaced_task_are_nothing_to_tell(heard):
    assert heard.saw(look(rolling(revision="web:1", why="TasksStarting"))) == []
    assert heard.saw(look(rolling(revision="web:1", id="ecs-svc/restarted"))) == []
    assert heard.saw(look(resource(id="ecs-svc/restarted"))) == []


def test_what_cannot_be_read_is_told_once_and_forgets_nothing(heard):
    lost = resource(synced="ObserveFailed", health=HealthWord.UNKNOWN)
    assert heard.saw(look(lost)) == ["sync-status-unknown shop"]
    assert heard.last[0].message == "Service/web: 2/2 running"
    assert heard.saw(look(lost)) == []
    assert heard.saw(look(resource())) == []
    assert heard.saw(look(lost)) == []


def test_a_failure_that_cannot_be_read_for_a_while_is_not_told_again(heard):
    heard.saw(look(failed()))
    heard.saw(look(resource(synced="ObserveFailed", health=HealthWord.UNKNOWN)), minutes=40)
    assert heard.saw(look(failed())) == []


def test_drift_is_told_once_and_again_when_it_cannot_be_put_right(heard):
    moved = resource(synced="DriftDetected", stalled="DriftDetected")
    assert heard.saw(look(moved)) == ["drift shop/Service/web"]
    assert heard.saw(look(moved)) == []
    assert heard.saw(look(resource(synced="DriftDetected", stalled="DriftUnresolvable"))) == ["drift shop/Service/web"]
    assert heard.last[0].reason == "DriftUnresolvable"


def test_a_drift_that_is_put_right_and_comes_back_is_told_once_in_half_an_hour(heard):
    for _ in range(14):
        heard.saw(look(resource(synced="DriftDetected", health=HealthWord.PROGRESSING)))
        heard.saw(look(rolling(revision="web:1")))
        heard.saw(look(resource()), minutes=0)
    assert heard.heard == ["drift shop/Service/web"]


def test_a_plan_that_waits_for_a_person_is_told_once_and_again_when_it_is_another(heard):
    waits = resource(synced="AwaitingApproval", stalled="AwaitingApproval")
    assert heard.saw(look(waits, digests={"shop": "a" * 64})) == ["awaiting-approval shop"]
    assert heard.last[0].digest == "a" * 64
    assert heard.saw(look(waits, digests={"shop": "a" * 64})) == []
    assert heard.saw(look(waits, digests={"shop": "b" * 64})) == ["awaiting-approval shop"]
    assert heard.saw(look(resource(), digests={})) == []


def test_a_hook_of_a_rollout_that_waits_for_a_person_is_told_by_its_deployment(heard):
    heard.saw(look(rolling()))
    assert heard.saw(look(rolling(why="AwaitingApproval"))) == ["awaiting-approval shop"]
    assert heard.last[0].digest == ""
    assert heard.saw(look(rolling(why="AwaitingApproval"))) == []


@pytest.mark.parametrize("why", ["Suspended", "Pinned", "OutsideWindow", "NotDriven", "PruneGuard"])
def test_what_somebody_holds_has_not_failed(heard, why):
    assert heard.saw(look(resource(synced="OutOfSync", stalled=why), commit=TWO)) == []


def test_an_app_and_a_service_that_come_and_go(heard):
    two = (resource(), resource("blog/Service/blog", "blog:1"), resource("blog/LogGroup/blog", ""))
    assert heard.saw(look(*two)) == ["created blog/Service/blog", "deployed blog/Service/blog", "created blog", "sync-succeeded blog"]
    going = resource("blog/Service/blog", "blog:1", synced="PrunePending", health=HealthWord.PROGRESSING)
    log = resource("blog/LogGroup/blog", "")
    assert heard.saw(look(resource(), going, log, commit=TWO)) == ["sync-running blog"]
    assert heard.saw(look(resource(), log, commit=TWO)) == ["sync-succeeded blog", "deleted blog/Service/blog"]
    assert heard.last[1].message == "deleted"
    assert heard.saw(look(resource())) == ["deleted blog"]
    assert heard.last[0].message == "no longer part of staging"


def test_a_service_that_is_not_declared_any_more_is_not_said_to_be_deleted(heard):
    heard.saw(look(resource(), resource(API, "api:1")))
    assert heard.saw(look(resource())) == ["deleted shop/Service/api"]
    assert heard.last[0].message == "no longer part of staging"


def test_one_app_is_not_told_of_for_another(heard):
    both = Listener().begun(resource(), resource("blog/Service/blog", "blog:1"))
    assert both.saw(look(rolling(), resource("blog/Service/blog", "blog:1"), commit=TWO)) == ["sync-running shop"]
    assert both.saw(look(failed(), resource("blog/Service/blog", "blog:1"), commit=TWO)) == ["sync-failed shop/Service/web"]
    assert both.saw(look(failed(), rolling("blog/Service/blog", "blog:2"), commit=THREE)) == ["sync-running blog"]


def bad(reason="RenderFailed", status="False"):
    return Condition("SourceVerified", status, reason, "apps/shop/web.yaml:7:3: there is no desiredCuont")


def test_a_commit_that_cannot_be_put_in_force_is_told_once_a_head(heard):
    assert heard.saw(look(resource(), head=TWO, source=bad())) == ["source-failed staging"]
    assert heard.saw(look(resource(), head=TWO, source=bad()), minutes=60) == []
    assert heard.saw(look(resource(), head=THREE, source=bad())) == ["source-failed staging"]
    assert heard.saw(look(resource())) == []
    assert heard.saw(look(resource(), head=THREE, source=bad())) == []
    assert heard.saw(look(resource(), head=THREE, source=bad()), minutes=31) == ["source-failed staging"]


def test_a_commit_that_is_not_signed_is_told_at_once(heard):
    assert heard.saw(look(resource(), head=TWO, source=bad("SourceFailed", "Unknown"))) == ["source-failed staging"]


def test_a_remote_that_is_out_of_reach_is_told_when_it_stays_so(heard):
    gone = look(resource(), source=bad("SourceFailed", "Unknown"))
    for _ in range(3):
        assert heard.saw(gone) == []
        assert heard.saw(gone, minutes=9) == []
        assert heard.saw(look(resource())) == []
    assert heard.saw(gone) == []
    assert heard.saw(gone, minutes=10) == ["source-failed staging"]
    assert heard.saw(gone, minutes=60) == []


def test_a_source_that_failed_at_the_start_is_not_told_and_its_next_failure_is():
    told = Listener()
    nothing = replace(look(), status=None, plan=None)
    assert told.saw(replace(nothing, head=None, source=bad("NotRead", "Unknown"))) == []
    assert told.saw(replace(nothing, head=TWO, source=bad())) == []
    assert told.saw(replace(nothing, head=TWO, source=bad()), minutes=60) == []
    assert told.saw(replace(nothing, head=THREE, source=bad())) == ["source-failed staging"]
    assert not told.told.begun


def test_a_commit_that_cannot_be_rendered_is_told_of_the_repository_and_not_of_every_resource(heard):
    both = Listener().begun(resource(), failed(API, "api:1"))
    assert both.saw(look(rolling(), failed(API, "api:1"))) == ["sync-running shop"]
    held = [
        unrendered(it, "the newest commit cannot be used") for it in (rolling(), failed(API, "api:1"))
    ]
    assert both.saw(look(*held, head=TWO, source=bad())) == ["source-failed staging"]
    assert both.saw(look(*held, head=TWO, source=bad()), minutes=60) == []
    assert both.saw(look(resource(revision="web:2"), failed(API, "api:1"))) == ["deployed shop/Service/web"]


def test_while_it_cannot_be_rendered_a_service_that_falls_ill_is_told(heard):
    ill = unrendered(sick(), "the newest commit cannot be used")
    assert heard.saw(look(ill, head=TWO, source=bad())) == ["source-failed staging", "health-degraded shop/Service/web"]


def test_a_first_sweep_that_takes_many_looks_tells_nothing_of_what_it_comes_upon():
    told = Listener()
    blog, late = resource("blog/Service/blog", "blog:1"), failed("late/Service/late", "late:1")
    assert told.saw(look(resource(), waiting=2)) == []
    assert told.saw(look(sick(), blog, waiting=1)) == ["health-degraded shop/Service/web"]
    assert told.saw(look(sick(), blog, late)) == []
    fresh = resource("new/Service/new", "new:1")
    assert "created new" in told.saw(look(sick(), blog, late, fresh))


def test_what_is_remembered_does_not_grow(heard):
    for number in range(300):
        heard.saw(look(sick(revision=f"web:{number}"), resource(f"shop/Service/s{number}", f"s{number}:1")))
    assert len(heard.told.resources) == 2
    assert len(heard.told.lately) < 200
