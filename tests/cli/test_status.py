"""`status` says how things fare, and in its exit code whether all is well."""

import json

import jsonschema

from reconciler.report.schema import STATUS


def test_nothing_is_there_yet(world, golden):
    done = world.run("status")
    assert done.exit_code == 3
    golden("status-missing.txt", done.output)
    assert world.writes == []


def test_all_is_well(world, golden):
    world.applied()
    for form in ("text", "wide"):
        done = world.run("status", "-o", form)
        assert done.exit_code == 0
        golden(f"status-ready-{form}.txt", done.output)
    assert world.writes == []


def test_json_agrees_and_holds_to_its_schema(world):
    world.applied()
    body = json.loads(world.run("status", "-o", "json").stdout)
    jsonschema.validate(body, STATUS)
    assert body["ready"] is True
    assert [resource["phase"] for resource in body["resources"]] == ["Ready"] * 3


def test_a_rollout_on_its_way_is_not_ready(world):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.run("apply", "--yes", "--no-wait")
    done = world.run("status")
    assert done.exit_code == 3
    assert "RollingOut" in done.stdout


def test_what_is_invalid_is_said_and_the_rest_is_shown(world):
    world.applied()
    world.write({"apps/other/bad.yaml": "apiVersion: reconciler/v1\nkind: Servcie\n"})
    done = world.run("status")
    assert done.exit_code == 65
    assert "unknown-kind" in done.stderr
    assert "shop/Service/web" in done.stdout


def test_what_may_not_be_read_is_a_matter_of_access(world):
    world.applied()
    world.simulator.faults.deny("DescribeServices")
    assert world.run("status").exit_code == 4


def test_some_apps_alone(world):
    body = json.loads(world.run("status", "platform", "-o", "json").stdout)
    assert [resource["key"] for resource in body["resources"]] == ["platform/Cluster/main"]
