"""A service as its answers show it: ten a call, one denied beside nine, what stands elsewhere, and who drives the count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.compare import compare
from reconciler.kinds import KINDS
from reconciler.kinds.service_reading import describe, read_service, scaled, with_namespaces
from reconciler.model.desired import Desired
from reconciler.model.errors import Denied, NotFound, Throttled
from reconciler.model.key import OWNER
from reconciler.model.kind import Answer
from reconciler.model.observed import NEVER, Wanted
from reconciler.model.policy import Policy
from tests.builders import AT, FakeReader, document, k, later

DENIED = Denied("no", operation="ecs:DescribeServices", action="ecs:DescribeServices")
SLOW = Throttled("slow", operation="ecs:DescribeServices")
ROOT = "arn:aws:ecs:eu-west-1:123456789012"
NAMESPACE = "arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-1"


def service(name="web", **more):
    return {
        "serviceName": name,
        "serviceArn": f"{ROOT}:service/main/{name}",
        "clusterArn": f"{ROOT}:cluster/main",
        "status": "ACTIVE",
        "taskDefinition": f"{ROOT}:task-definition/web:1",
        "desiredCount": 2,
        "createdAt": AT,
        **more,
    }


def services(*denied, missing=()):
    """A Reader that knows every service asked for, but for some; a batch with a denied one is denied whole."""

    def answer(params):
        if set(params["services"]) & set(denied):
            return DENIED
        return {"services": [service(name) for name in params["services"] if name not in missing]}

    return FakeReader(DescribeServices=answer, DescribeScalableTargets={"ScalableTargets": []})


# ten a call


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3)])
def test_services_are_described_ten_a_call(count, calls):
    read = services()
    found = describe(read, [("main", f"s{number}") for number in range(count)])
    assert read.times("DescribeServices") == calls
    assert len(found) == count
    assert all(described[0] is not None for described in found.values())


def test_clusters_are_asked_apart_and_a_service_wanted_twice_once():
    read = services()
    describe(read, [("main", "a"), ("other", "a"), ("main", "a"), ("main", "b")])
    asked = [(params["cluster"], params["services"], params["include"]) for params in read.params("DescribeServices")]
    assert asked == [("main", ["a", "b"], ["TAGS"]), ("other", ["a"], ["TAGS"])]


def test_one_that_may_not_be_looked_at_does_not_hide_the_nine_beside_it():
    read = services("s3")
    found = describe(read, [("main", f"s{number}") for number in range(10)])
    assert {name for (_, name), answer in found.items() if answer is DENIED} == {"s3"}
    assert read.times("DescribeServices") == 11


def test_one_alone_that_may_not_be_looked_at_is_not_asked_for_twice():
    read = services("a")
    assert describe(read, [("main", "a")]) == {("main", "a"): DENIED}
    assert read.times("DescribeServices") == 1


def test_only_a_denied_batch_is_taken_apart():
    read = services("s12")
    describe(read, [("main", f"s{number}") for number in range(20)])
    assert read.times("DescribeServices") == 12
    slow = FakeReader(DescribeServices=SLOW)
    assert set(describe(slow, [("main", "a"), ("main", "b")]).values()) == {SLOW}
    assert slow.times("DescribeServices") == 1


def test_a_service_that_is_not_there_is_an_absence_with_a_time():
    assert describe(services(missing=["a"]), [("main", "a")]) == {("main", "a"): (None, AT)}


def test_a_cluster_that_is_not_there_holds_no_service():
    gone = FakeReader(DescribeServices=NotFound("no cluster", operation="ecs:DescribeServices"))
    assert describe(gone, [("main", "a")]) == {("main", "a"): (None, NEVER)}


# one reading


WEB = k("Service/web")


def test_an_active_service_shows_the_members_of_its_manifest_and_nothing_an_answer_alone_holds():
    seen = read_service(
        WEB, service(roleArn="arn:role", runningCount=1, events=[], enableExecuteCommand=True), later(3)
    )
    assert seen.spec == {
        "serviceName": "web",
        "cluster": f"{ROOT}:cluster/main",
        "taskDefinition": f"{ROOT}:task-definition/web:1",
        "desiredCount": 2,
        "enableExecuteCommand": True,
        "role": "arn:role",
        "tags": [],
    }
    assert (seen.arn, seen.status, seen.created, seen.at) == (f"{ROOT}:service/main/web", "ACTIVE", AT, later(3))
    assert (seen.live["desiredCount"], seen.live["runningCount"]) == (2, 1)


def test_tags_of_people_are_the_manifests_and_all_are_kept():
    seen = read_service(WEB, service(tags=[{"key": OWNER, "value": "me"}, {"key": "team", "value": "x"}]), AT)
    assert seen.spec["tags"] == [{"key": "team", "value": "x"}]
    assert seen.tags == {OWNER: "me", "team": "x"}


def test_members_that_stand_in_a_deployment_are_read_from_the_primary_one():
    connect = {"enabled": True, "namespace": "x"}
    deployments = [
        {
            "status": "ACTIVE",
            "serviceConnectConfiguration": {"enabled": False},
            "volumeConfigurations": [{"name": "old"}],
        },
        {"status": "PRIMARY", "serviceConnectConfiguration": connect},
    ]
    seen = read_service(WEB, service(deployments=deployments), AT)
    assert seen.spec["serviceConnectConfiguration"] == connect
    assert "volumeConfigurations" not in seen.spec
    assert seen.live["deployments"] == deployments


def test_ten_events_are_kept():
    assert len(read_service(WEB, service(events=[{"message": str(n)} for n in range(100)]), AT).live["events"]) == 10


def test_one_that_drains_is_no_service_but_holds_its_name_and_uses_what_it_ran():
    seen = read_service(WEB, service(status="DRAINING"), AT)
    assert (seen.present, seen.status, seen.arn) == (False, "DRAINING", f"{ROOT}:service/main/web")
    assert seen.uses == {f"{ROOT}:cluster/main", f"{ROOT}:task-definition/web:1"}
    assert seen.created == AT


def test_one_that_is_inactive_is_gone_and_uses_nothing():
    seen = read_service(WEB, service(status="INACTIVE"), AT)
    assert (seen.present, seen.status, seen.arn, seen.uses) == (False, "INACTIVE", None, frozenset())


def test_one_that_never_was_is_an_absence():
    seen = read_service(WEB, None, AT)
    assert (seen.present, seen.status, seen.at) == (False, "ACTIVE", AT)


# who drives the count


def targets(**minima):
    found = [{"ResourceId": f"service/main/{name}", "MinCapacity": minimum} for name, minimum in minima.items()]
    return {"ScalableTargets": found}


def observe(read, *names, **spec):
    wants = [Wanted(k(f"Service/{name}"), {"serviceName": name, "cluster": "main", **spec}) for name in names]
    return {seen.key.name: seen for seen in KINDS["Service"].observe(read, wants)}


def reading(scaling, **more):
    return FakeReader(
        DescribeServices=lambda params: {"services": [service(name) for name in params["services"]]},
        DescribeScalableTargets=scaling,
        **more,
    )


def test_a_scaled_service_is_driven_by_its_autoscaler_and_the_others_are_not():
    found = observe(reading(targets(a=3)), "a", "b")
    assert found["a"].driven == {"desiredCount"}
    assert found["a"].live["scalableMinimum"] == 3
    assert found["b"].driven == frozenset()
    assert "scalableMinimum" not in found["b"].live


def test_when_nobody_may_tell_the_count_is_left_alone():
    found = observe(reading(Denied("no", operation="x", action="y")), "a")
    assert found["a"].driven == {"desiredCount"}
    assert found["a"].present
    assert "no" in found["a"].live["scalingUnknown"]


@pytest.mark.parametrize(("count", "calls"), [(0, 0), (50, 1), (51, 2)])
def test_scalable_targets_are_asked_for_fifty_a_call(count, calls):
    read = FakeReader(DescribeScalableTargets=targets(a=1))
    assert scaled(read, [f"service/main/s{n}" for n in range(count)] * 2) == ({"service/main/a": 1} if count else {})
    assert read.times("DescribeScalableTargets") == calls
    for params in read.params("DescribeScalableTargets"):
        assert (params["ServiceNamespace"], params["ScalableDimension"]) == ("ecs", "ecs:service:DesiredCount")


def test_a_service_that_is_to_be_made_learns_its_scalable_minimum():
    read = FakeReader(DescribeServices={"services": []}, DescribeScalableTargets=targets(a=3))
    seen = observe(read, "a")["a"]
    assert not seen.present
    assert seen.live["scalableMinimum"] == 3


def test_a_failed_reading_is_one_whatever_is_scaled():
    read = FakeReader(DescribeServices=SLOW, DescribeScalableTargets=targets(a=3))
    assert observe(read, "a")["a"].error is SLOW


def test_what_no_manifest_declares_is_read_by_its_arn():
    read = reading(targets())
    [seen] = KINDS["Service"].observe(read, [Wanted(WEB, None, owned=(f"{ROOT}:service/main/web",))])
    assert seen.present
    assert read.params("DescribeServices")[0]["cluster"] == "main"


# namespaces


def connected(said, answer, live=NAMESPACE):
    primary = {"status": "PRIMARY", "serviceConnectConfiguration": {"enabled": True, "namespace": live}}
    read = FakeReader(GetNamespace=answer)
    spec = {"serviceConnectConfiguration": {"enabled": True, "namespace": said}} if said else {}
    want, there = Wanted(WEB, {"serviceName": "web", **spec}), read_service(WEB, service(deployments=[primary]), AT)
    [seen] = with_namespaces(read, [want], [there])
    return seen.spec["serviceConnectConfiguration"]["namespace"], read


NAMED = {"Namespace": {"Name": "shop", "Id": "ns-1"}}


def test_a_namespace_said_by_name_is_shown_by_name():
    shown, read = connected("shop", NAMED)
    assert shown == "shop"
    assert read.params("GetNamespace") == [{"Id": "ns-1"}]


@pytest.mark.parametrize(("said", "live"), [(NAMESPACE, NAMESPACE), (None, NAMESPACE), ("shop", "shop")])
def test_a_namespace_said_by_arn_or_not_at_all_is_not_looked_up(said, live):
    shown, read = connected(said, NAMED, live)
    assert shown == live
    assert read.times("GetNamespace") == 0


@pytest.mark.parametrize("error", [DENIED, SLOW])
def test_a_namespace_that_cannot_be_looked_up_is_not_taken_for_another_one(error):
    spec = {"serviceName": "web", "cluster": "main", "taskDefinition": "web:1",
            "serviceConnectConfiguration": {"enabled": True, "namespace": "shop"}}  # fmt: skip
    live = replace(
        read_service(WEB, service(), AT),
        spec={**spec, "serviceConnectConfiguration": {"enabled": True, "namespace": NAMESPACE}},
    )
    [seen] = with_namespaces(FakeReader(GetNamespace=error), [Wanted(WEB, spec)], [live])
    desired = Desired(document("Service/web", spec), spec, "d")
    assert seen.error is not None or compare(KINDS["Service"], desired, seen, Policy(), {}).changes == ()


def test_answers_keep_their_own_time():
    read = FakeReader(DescribeServices=Answer({"services": [service()]}, later(9)), DescribeScalableTargets=targets())
    assert observe(read, "web")["web"].at == later(9)
