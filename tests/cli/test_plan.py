"""`plan` shows what would change in three forms that agree, and writes nothing."""

import json
import re
import stat

import jsonschema
import pytest

from reconciler.report.schema import PLAN


def test_the_plan_of_an_empty_account_is_to_create_everything(world, golden):
    done = world.run("plan")
    assert done.exit_code == 0
    assert world.writes == []
    golden("plan-create.txt", done.output)


def test_text_json_and_markdown_agree(world):
    text, markdown = world.run("plan").stdout, world.run("plan", "-o", "markdown").stdout
    body = json.loads(world.run("plan", "-o", "json").stdout)
    jsonschema.validate(body, PLAN)
    assert [change["key"] for change in body["changes"]] == re.findall(r"^  \+ (\S+/\S+/\S+)$", text, re.MULTILINE)
    for change in body["changes"]:
        assert change["key"] in markdown
    line = text.strip().split("\n")[-1]
    assert line in markdown
    assert line.startswith(f"Plan: {body['summary']['create']} to create, ")
    assert body["revision"] is None
    assert body["environment"] == "test"


def test_nothing_to_do_after_apply_and_the_detailed_exit_code_says_so(world):
    assert world.run("plan", "--detailed-exitcode").exit_code == 2
    world.applied()
    done = world.run("plan", "--detailed-exitcode")
    assert done.exit_code == 0
    assert "Nothing to do: 3 resources are as the repository says." in done.stdout
    assert world.run("plan").exit_code == 0
    assert world.writes == []


def test_an_update_shows_its_field(world, golden):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.edit("apps/shop/web.yaml", "desiredCount: 2", "desiredCount: 3")
    done = world.run("plan", "--detailed-exitcode")
    assert done.exit_code == 2
    assert world.writes == []
    golden("plan-update.txt", done.output)


@pytest.mark.parametrize("bare", [False, True])
def test_what_somebody_changed_is_told_apart_from_what_a_commit_changes(world, tmp_path, bare):
    world.commit()
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.commit()
    ecs = world.client("ecs")
    [service] = [arn for arn in ecs.list_services(cluster="main")["serviceArns"] if arn.endswith("/web")]
    ecs.update_service(cluster="main", service=service, desiredCount=5)
    place = []
    if bare:
        world.git("clone", "-q", "--bare", str(world.root), str(tmp_path / "mirror"))
        place = ["-C", str(tmp_path / "mirror")]
    body = json.loads(world.run(*place, "plan", "-o", "json").stdout)
    jsonschema.validate(body, PLAN)
    [changed] = [change for change in body["changes"] if "/Service/" in change["key"]]
    assert {field["path"]: field["cause"] for field in changed["fields"]} == {
        "desiredCount": "drift", "taskDefinition": "git"
    }  # fmt: skip
    text = world.run(*place, "plan").stdout
    assert re.search(r"desiredCount +5 -> 2 +\(in place, changed in AWS\)", text)


def test_verbose_shows_the_calls(world):
    assert "calls ecs:CreateService" in world.run("plan", "-v").stdout
    assert "calls ecs:CreateService" not in world.run("plan").stdout


def test_some_apps_alone(world):
    body = json.loads(world.run("plan", "platform", "-o", "json").stdout)
    assert [change["key"] for change in body["changes"]] == ["platform/Cluster/main"]


def test_a_saved_plan_is_for_its_owner_alone_and_is_a_plan(world, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text("older")
    done = world.run("plan", "--out", str(file))
    assert done.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    jsonschema.validate(json.loads(file.read_text()), PLAN)
    assert str(file) in done.stderr
    assert [it.name for it in tmp_path.iterdir() if it.name != "repository"] == ["plan.json"]


def test_a_plan_that_cannot_be_saved_says_where(world, tmp_path):
    done = world.run("plan", "--out", str(tmp_path / "nowhere" / "plan.json"))
    assert done.exit_code == 64
    assert "nowhere/plan.json" in done.stderr


def test_a_repository_that_is_not_valid_is_not_planned_and_nobody_is_asked(world):
    world.edit("apps/shop/web.yaml", "desiredCount", "desiredCuont")
    done = world.run("plan", "-o", "json")
    assert done.exit_code == 65
    assert done.stdout == ""
    assert "did you mean 'desiredCount'?" in done.stderr
    assert world.simulator.calls == []


def test_what_may_not_be_read_is_a_matter_of_access(world):
    world.applied()
    world.simulator.faults.deny("DescribeServices")
    done = world.run("plan", "--detailed-exitcode")
    assert done.exit_code == 4
    assert "ecs:DescribeServices" in done.stdout


def test_credentials_of_another_account_are_refused_before_anything(world):
    world.edit("environments/test.yaml", "123456789012", "999999999999")
    done = world.run("plan")
    assert done.exit_code == 4
    assert "999999999999" in done.stderr
    assert [call.operation for call in world.simulator.calls] == ["GetCallerIdentity"]


def test_no_credentials_at_all(world):
    import boto3

    world.session = boto3.Session()
    done = world.run("plan")
    assert done.exit_code == 4
    assert "credentials" in done.stderr


def test_prune_is_off_until_asked(world):
    world.applied()
    world.write(
        {
            "apps/shop/web.yaml": None,
            "apps/shop/app.yaml": "apiVersion: reconciler/v1\nkind: App\nmetadata: {name: shop}\n",
        }
    )
    kept = json.loads(world.run("plan", "-o", "json").stdout)
    assert kept["summary"]["delete"] == 0
    assert {"not-declared"} == {warning["code"] for warning in kept["warnings"]}
    pruned = json.loads(world.run("plan", "--prune", "--deletion-limit", "100%", "-o", "json").stdout)
    assert pruned["summary"]["delete"] == 2
    assert pruned["summary"]["blocked"] == 0
    held = json.loads(world.run("plan", "--prune", "--deletion-limit", "1", "-o", "json").stdout)
    assert held["summary"]["blocked"] == 2


@pytest.mark.parametrize("limit", ["many", "-1", "101%", "5.5"])
def test_a_limit_that_is_none_is_a_usage_error(world, limit):
    assert world.run("plan", "--deletion-limit", limit).exit_code == 64
