"""A cluster: read a hundred a call, changed by the call that takes each member, two of them together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.kinds import KINDS
from reconciler.model.errors import Throttled
from reconciler.model.fields import UNSET
from reconciler.model.key import OWNER
from reconciler.model.kind import Answer
from reconciler.model.observed import Wanted
from reconciler.model.plan import Action
from reconciler.model.tree import pending_after
from tests.builders import AT, FakeReader, change, document, field_change, k, wished

CLUSTER = KINDS["Cluster"]
ROOT = "arn:aws:ecs:eu-west-1:123456789012:cluster"
SLOW = Throttled("slow", operation="ecs:DescribeClusters")


def cluster(name="main", **more):
    return {"clusterName": name, "clusterArn": f"{ROOT}/{name}", "status": "ACTIVE", "runningTasksCount": 3, **more}


def observed(*clusters, names=("main",)):
    read = FakeReader(
        DescribeClusters=lambda params: {"clusters": [it for it in clusters if it["clusterName"] in params["clusters"]]}
    )
    wants = [Wanted(k(f"Cluster/{name}"), {"clusterName": name}) for name in names]
    return {seen.key.name: seen for seen in CLUSTER.observe(read, wants)}, read


def test_a_cluster_shows_what_a_manifest_may_say():
    live = cluster(
        settings=[{"name": "containerInsights", "value": "enabled"}],
        capacityProviders=["FARGATE"],
        tags=[{"key": OWNER, "value": "me"}, {"key": "team", "value": "x"}],
    )
    seen = observed(live)[0]["main"]
    assert seen.spec == {
        "clusterName": "main",
        "settings": [{"name": "containerInsights", "value": "enabled"}],
        "capacityProviders": ["FARGATE"],
        "tags": [{"key": "team", "value": "x"}],
    }
    assert (seen.arn, seen.owner, seen.status) == (f"{ROOT}/main", "me", "ACTIVE")


def test_one_that_is_not_there_or_inactive_is_an_absence():
    found, _ = observed(cluster("old", status="INACTIVE"), names=("old", "none"))
    assert [(seen.present, seen.error) for seen in found.values()] == [(False, None)] * 2


def test_clusters_are_read_a_hundred_a_call():
    names = [f"c{number}" for number in range(101)]
    found, read = observed(*(cluster(name) for name in names), names=names)
    assert all(seen.present for seen in found.values())
    assert [len(params["clusters"]) for params in read.params("DescribeClusters")] == [100, 1]


def test_a_failed_call_is_told_for_each_that_it_asked_for():
    wants = [Wanted(k("Cluster/a"), {"clusterName": "a"}), Wanted(k("Cluster/b"), None, owned=(f"{ROOT}/b",))]
    read = FakeReader(DescribeClusters=SLOW)
    assert [seen.error for seen in CLUSTER.observe(read, wants)] == [SLOW, SLOW]
    assert read.params("DescribeClusters")[0]["clusters"] == ["a", "b"]


def planned(step, *fields, values=None, **live):
    [desired] = wished(document("Thing/x"))[0].values()
    return change("Cluster/main", step, desired=replace(desired, spec={"clusterName": "main", "capacityProviders": ["FARGATE"]}),
                  fields=fields, values=values or {}, observed=observed(cluster(**live))[0]["main"], stamps={OWNER: "me"})  # fmt: skip


def calls(made):
    return [(call.operation.partition(":")[2], dict(call.params)) for call in CLUSTER.calls(made)]


SETTINGS = [{"name": "containerInsights", "value": "disabled"}]
STRATEGY = [{"capacityProvider": "FARGATE", "weight": 1}]


@pytest.mark.parametrize(
    ("values", "live", "expected"),
    [
        ({}, {}, []),
        ({"settings": SETTINGS}, {}, [("UpdateCluster", {"cluster": "main", "settings": SETTINGS})]),
        ({"settings": SETTINGS, "serviceConnectDefaults": {"namespace": "x"}}, {},
         [("UpdateCluster", {"cluster": "main", "settings": SETTINGS, "serviceConnectDefaults": {"namespace": "x"}})]),
        ({"capacityProviders": ["FARGATE"]}, {},
         [("PutClusterCapacityProviders",
           {"cluster": "main", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []})]),
        ({"defaultCapacityProviderStrategy": STRATEGY}, {"capacityProviders": ["FARGATE"]},
         [("PutClusterCapacityProviders",
           {"cluster": "main", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": STRATEGY})]),
    ],
    ids=str,
)  # fmt: skip
def test_each_member_goes_by_the_call_that_takes_it(values, live, expected):
    assert calls(planned(Action.UPDATE, values=values, **live)) == expected


def test_making_tagging_and_deleting():
    [(operation, params)] = calls(planned(Action.CREATE))
    assert (operation, params["capacityProviders"], params["tags"]) == (
        "CreateCluster", ["FARGATE"], [{"key": OWNER, "value": "me"}])  # fmt: skip
    assert calls(planned(Action.DELETE)) == [("DeleteCluster", {"cluster": "main"})]
    tagging = planned(Action.UPDATE, field_change("tags.team", UNSET, "x"))
    assert [name for name, _ in calls(tagging)] == ["TagResource"]
    assert CLUSTER.after(tagging, [Answer({}, AT)]).tags == {"team": "x"}


def test_what_answers_show():
    made = CLUSTER.after(
        planned(Action.CREATE), [Answer({"cluster": cluster(tags=[{"key": OWNER, "value": "me"}])}, AT)]
    )
    assert (made.arn, made.owner) == (f"{ROOT}/main", "me")
    update = planned(Action.UPDATE, values={"settings": SETTINGS}, tags=[{"key": OWNER, "value": "me"}])
    now = CLUSTER.after(update, [Answer({"cluster": cluster()}, AT)])
    assert (now.spec["settings"], now.owner) == (SETTINGS, "me")
    assert not CLUSTER.after(planned(Action.DELETE), [Answer({"cluster": cluster()}, AT)]).present


@pytest.mark.parametrize(
    ("status", "word"), [(None, "Healthy"), ("UPDATE_COMPLETE", "Healthy"), ("UPDATE_IN_PROGRESS", "Progressing")]
)
def test_it_is_well_when_nothing_is_being_attached(status, word):
    seen = observed(cluster(**({"attachmentsStatus": status} if status else {})))[0]["main"]
    assert str(CLUSTER.health(seen).word) == word


def test_it_is_named_by_name_or_arn():
    assert CLUSTER.named(f"{ROOT}/main") == CLUSTER.named("main") == "main"
    assert CLUSTER.address({"clusterName": pending_after("x")}) is None
