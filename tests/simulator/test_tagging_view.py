"""The tagging API's view: what it lists, how it lags, and the ghosts it sees.

Sources: behind after a write, and listing what is gone for a while, are what users of GetResources report; AWS
documents neither, so both are settings that are off.
"""

import pytest

from reconciler.simulator import Settings, Simulator

TAG = [{"Key": "owner", "Value": "a"}]


def listed(sim, *types):
    pages = sim.client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = pages.paginate(TagFilters=[{"Key": "owner"}], **({"ResourceTypeFilters": list(types)} if types else {}))
    return [r["ResourceARN"].split(":", 5)[5] for page in found for r in page["ResourceTagMappingList"]]


def cluster(sim, name):
    sim.client("ecs").create_cluster(clusterName=name, tags=[{"key": "owner", "value": "a"}])


def test_what_moto_holds_is_listed_too(sim):
    cluster(sim, "main")
    sim.client("secretsmanager").create_secret(Name="db", SecretString="s", Tags=TAG)
    sim.client("ssm").put_parameter(Name="/p", Value="v", Type="String", Tags=TAG)
    sim.client("logs").create_log_group(logGroupName="/l", tags={"owner": "a"})
    vpc = sim.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    sim.client("elbv2").create_target_group(Name="g", TargetType="ip", Protocol="HTTP", Port=1, VpcId=vpc, Tags=TAG)
    kinds = [name.partition("/")[0].partition(":")[0] for name in listed(sim)]
    assert sorted(kinds) == ["cluster", "log-group", "parameter", "secret", "targetgroup"]
    assert [n[:9] for n in listed(sim, "secretsmanager:secret")] == ["secret:db"]
    assert listed(sim, "ssm:parameter") == ["parameter/p"]
    assert listed(sim, "logs:log-group") == ["log-group:/l"]
    assert listed(sim, "elasticloadbalancing:targetgroup")[0].startswith("targetgroup/g/")


def test_by_default_the_view_is_what_is(sim):
    cluster(sim, "main")
    assert listed(sim) == ["cluster/main"]
    sim.client("ecs").delete_cluster(cluster="main")
    assert listed(sim) == []


@pytest.mark.parametrize("how", ["setting", "fault"])
def test_a_view_that_is_behind_shows_the_new_and_the_gone_later(how):
    sim = Simulator(Settings(tagging_lag=60 if how == "setting" else 0))
    if how == "fault":
        sim.faults.tagging(behind=60)
    cluster(sim, "main")
    sim.advance(59)
    assert listed(sim) == []
    sim.advance(1)
    assert listed(sim) == ["cluster/main"]
    sim.client("ecs").delete_cluster(cluster="main")
    sim.advance(59)
    assert listed(sim) == ["cluster/main"]
    sim.advance(1)
    assert listed(sim) == []


def test_a_change_of_tags_comes_late_too(sim):
    cluster(sim, "main")
    sim.faults.tagging(behind=30)
    arn = sim.region().clusters["main"].arn
    sim.client("ecs").untag_resource(resourceArn=arn, tagKeys=["owner"])
    assert listed(sim) == ["cluster/main"]
    sim.advance(30)
    assert listed(sim) == []


@pytest.mark.parametrize("how", ["setting", "fault"])
def test_ghosts_are_listed_for_a_while(how):
    sim = Simulator(Settings(tagging_ghosts=300 if how == "setting" else 0))
    if how == "fault":
        sim.faults.tagging(ghosts=300)
    cluster(sim, "main")
    assert listed(sim) == ["cluster/main"]
    sim.client("ecs").delete_cluster(cluster="main")
    cluster(sim, "new")
    sim.advance(299)
    assert listed(sim) == ["cluster/main", "cluster/new"]
    sim.advance(2)
    assert listed(sim) == ["cluster/new"]


def test_ghosts_of_what_moto_held(sim):
    sim.faults.tagging(ghosts=300)
    logs = sim.client("logs")
    logs.create_log_group(logGroupName="/l", tags={"owner": "a"})
    sim.advance(10)
    logs.delete_log_group(logGroupName="/l")
    assert listed(sim) == ["log-group:/l"]
    sim.advance(301)
    assert listed(sim) == []


def test_ghosts_are_read_only(sim, ecs, refused):
    sim.faults.tagging(ghosts=300)
    cluster(sim, "gone")
    arn = sim.region().clusters["gone"].arn
    ecs.delete_cluster(cluster="gone")
    assert listed(sim) == ["cluster/gone"]
    with refused("ClusterNotFoundException"):
        ecs.list_tags_for_resource(resourceArn=arn)


def test_a_service_that_drains_away_leaves_a_ghost(sim, ecs, define):
    sim.faults.tagging(ghosts=60)
    define()
    tags = [{"key": "owner", "value": "a"}]
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1, tags=tags)
    sim.settle()
    ecs.delete_service(cluster="main", service="web", force=True)
    sim.settle()
    assert sim.region().clusters["main"].services["web"].status == "INACTIVE"
    assert listed(sim) == ["service/main/web"]
    sim.advance(61)
    assert listed(sim) == []


def test_the_view_some_writes_ago(sim):
    sim.faults.stale("GetResources", versions=2)
    for name in ("a", "b", "c"):
        cluster(sim, name)
    assert listed(sim) == ["cluster/a"]
    sim.faults.fresh()
    assert listed(sim) == ["cluster/a", "cluster/b", "cluster/c"]
