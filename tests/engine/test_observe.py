"""What is read in which order, which reading is believed, and what is ours but declared no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.observe import PATIENCE, settle
from reconciler.kinds import KINDS
from reconciler.model.errors import NotFound, Throttled
from reconciler.model.key import OWNER, PRUNE
from reconciler.model.observed import Observed, Wanted
from reconciler.model.plan import Action
from reconciler.model.status import Answered
from tests.builders import TOYS, FakeReader, absent, k, later, there
from tests.lab import SHOP, edit, shop

BEFORE, NOW = there("Thing/web", {"size": 1}), there("Thing/web", {"size": 2}, at=later(10))
OTHER = there("Thing/web", {"size": 3})
ANSWERED = Answered(NOW, (BEFORE,))


def at(seen, seconds):
    return replace(seen, at=later(seconds))


# a reading, or our own answer


def test_without_a_write_of_ours_a_reading_is_what_it_is():
    assert settle(BEFORE, None, TOYS) is BEFORE


@pytest.mark.parametrize("seconds", [0, 9, 11, 10 + PATIENCE - 1])
def test_a_reading_that_shows_what_was_before_our_write_is_taken_for_an_old_one(seconds):
    found = settle(at(BEFORE, seconds), ANSWERED, TOYS)
    assert found == at(NOW, max(10, seconds))


def test_patience_ends():
    reading = at(BEFORE, 10 + PATIENCE)
    assert settle(reading, ANSWERED, TOYS) == reading


@pytest.mark.parametrize("seen", [NOW, OTHER])
def test_a_reading_that_shows_our_write_or_somebody_elses_is_believed_at_once(seen):
    reading = at(seen, 11)
    assert settle(reading, ANSWERED, TOYS) == reading


def test_what_another_write_of_ours_replaced_is_old_too():
    answered = Answered(NOW, (absent("Thing/web"), BEFORE))
    assert settle(at(absent("Thing/web"), 11), answered, TOYS) == at(NOW, 11)
    assert settle(at(BEFORE, 11), answered, TOYS) == at(NOW, 11)


def test_where_we_wrote_back_what_was_there_before_it_is_no_old_reading():
    back = Answered(at(BEFORE, 10), (BEFORE, at(OTHER, 5)))
    fresh = replace(at(BEFORE, 11), live={"running": 2})
    assert settle(fresh, back, TOYS) is fresh
    assert settle(at(BEFORE, 11), back, TOYS) == at(BEFORE, 11)
    assert settle(at(OTHER, 11), back, TOYS) == at(BEFORE, 11)


def test_a_failed_reading_stays_one():
    failed = Observed.failed(k("Thing/web"), Throttled("slow down", operation="toy:Describe"))
    assert settle(failed, ANSWERED, TOYS) is failed


@pytest.mark.parametrize(
    "other",
    [
        there("Thing/web", {"size": 1}, arn="arn:toy:thing/web/2"),
        there("Thing/web", {"size": 1}, status="DRAINING"),
        there("Thing/web", {"size": 1}, tags={"more": "x"}),
        there("Thing/web", {"size": 1}, ours=False),
        absent("Thing/web"),
    ],
)
def test_another_incarnation_state_or_tag_is_no_old_reading(other):
    assert settle(at(other, 11), ANSWERED, TOYS) == at(other, 11)


@pytest.mark.parametrize("spec", [{"size": 1, "mode": "plain"}, {"parts": [], "size": 1}, {"size": 1, "colour": None}])
def test_what_aws_would_call_equal_is_the_same_reading(spec):
    assert settle(at(there("Thing/web", spec), 11), ANSWERED, TOYS) == at(NOW, 11)


def test_after_our_creation_an_absence_is_old_and_after_our_deletion_a_presence():
    created = Answered(NOW, (absent("Thing/web"),))
    assert settle(absent("Thing/web", at=later(11)), created, TOYS).present
    deleted = Answered(absent("Thing/web", at=later(10)), (BEFORE,))
    assert not settle(at(BEFORE, 11), deleted, TOYS).present


def test_before_the_first_reading_nothing_was_there_to_be_old():
    assert settle(absent("Thing/web", at=later(11)), Answered(NOW, (None,)), TOYS) == absent("Thing/web", at=later(11))


def test_what_a_replacement_takes_over_is_carried_until_the_new_one_is_there():
    gone = absent("Thing/web", at=later(10), carry={"size": 7})
    answered = Answered(gone, (BEFORE,))
    assert settle(absent("Thing/web", at=later(20)), answered, TOYS).carry == {"size": 7}
    assert settle(at(BEFORE, 11), answered, TOYS).carry == {"size": 7}
    assert settle(at(OTHER, 20), answered, TOYS).carry == {}


def test_patience_with_an_absence_that_comes_without_a_date_ends_too():
    gone = NotFound("cluster not found", operation="ecs:DescribeServices")
    read = FakeReader(DescribeServices=gone, DescribeScalableTargets={"ScalableTargets": []})
    service = KINDS["Service"]
    want = Wanted(k("Service/web"), {"serviceName": "web", "cluster": "main"})
    [reading] = service.observe(read, [want])
    made = Observed(want.key, later(0), {"serviceName": "web"}, arn="arn:aws:ecs:eu-west-1:1:service/main/web")
    assert not settle(reading, Answered(made, (Observed(want.key, later(-5)),)), KINDS).present


# what is read


def test_a_tick_without_changes_reads_each_sort_of_thing_once():
    lab = shop()
    lab.apply()
    lab.writes()
    lab.tick()
    reads = lab.reads()
    assert sorted(reads) == sorted(set(reads))
    assert "ListTaskDefinitions" not in reads


def test_which_revision_counts_is_asked_of_the_service_that_runs_it():
    lab = shop()
    lab.apply()
    first = lab.service("web")["taskDefinition"]
    container = {"name": "web", "image": "shop:1", "memory": 64}
    newest = lab.ecs().register_task_definition(family="web", containerDefinitions=[container])["taskDefinition"]
    assert lab.plan().empty
    assert newest["taskDefinitionArn"] != first


def test_a_ghost_in_the_inventory_is_not_believed():
    lab = shop()
    lab.apply()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    lab.ecs().delete_service(cluster="main", service="worker", force=True)
    lab.simulator.faults.stale("GetResources", service="tagging", versions=0)
    lab.simulator.settle()
    lab.writes()
    assert lab.plan(prune=True).count(Action.DELETE) == 0


def test_what_another_tool_took_over_since_the_inventory_is_not_deleted():
    lab = shop()
    lab.apply()
    lab.simulator.faults.stale("GetResources", versions=1)
    owner = {"key": OWNER, "value": "default/production/shop/Service/worker"}
    lab.ecs().tag_resource(resourceArn=lab.service("worker")["serviceArn"], tags=[owner])
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    lab.writes()
    assert lab.plan(prune=True).count(Action.DELETE) == 0


def test_what_another_manifest_of_ours_holds_by_its_own_reading_is_not_deleted_for_an_old_inventory():
    lab = shop()
    lab.apply()
    edit(lab, "metadata: {name: worker}", "metadata: {name: jobs, formerly: worker}")
    edit(lab, "taskDefinition: web, desiredCount: 1", "taskDefinition: web, desiredCount: 1, serviceName: worker")
    lab.simulator.faults.stale("GetResources", versions=1)  # the tagging API is behind
    lab.apply()
    assert lab.writes()[-1] == "TagResource"
    edit(lab, ", formerly: worker", "")
    planned = lab.plan(prune=True)
    assert planned.count(Action.DELETE) == 0


def test_what_is_kept_by_its_tag_is_read_from_the_resource_and_not_from_the_inventory():
    lab = shop()
    lab.apply()
    lab.simulator.faults.stale("GetResources", versions=1)
    lab.ecs().tag_resource(resourceArn=lab.service("worker")["serviceArn"], tags=[{"key": PRUNE, "value": "false"}])
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    assert lab.plan(prune=True).count(Action.DELETE) == 0
