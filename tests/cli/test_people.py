"""The verbs with which people say something: history, rollback, retry, suspend, resume, wait, and apply --restart."""

import json

import jsonschema
import pytest

from reconciler.report.schema import HISTORY, STATUS

WEB = "apps/shop/web.yaml"
BREAKER = "  desiredCount: 2\n  deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}\n"
BY = ("--by", "alice")


@pytest.fixture
def shop(world):
    """Three commits, all applied: nginx:1 as web:1, nginx:2 as web:2, and a third that changes the count alone."""
    world.edit(WEB, "  desiredCount: 2\n", BREAKER)
    world.commits = [world.commit("first light")]
    world.applied()
    world.edit(WEB, "nginx:1", "nginx:2")
    world.commits.append(world.commit("nginx:2 is faster"))
    world.applied()
    world.edit(WEB, "desiredCount: 2", "desiredCount: 3")
    world.commits.append(world.commit("one more"))
    world.applied()
    return world


def runs(world):
    [service] = world.client("ecs").describe_services(cluster="main", services=["web"])["services"]
    return service["taskDefinition"].rpartition("/")[2]


def done(world, *words, code=0):
    result = world.run(*words)
    assert result.exit_code == code, result.output
    return result


# rollback


def test_rollback_goes_to_the_last_good_revision_and_apply_makes_it_so(shop, golden):
    said = done(shop, "rollback", "shop", "--yes", *BY, "--why", "too slow")
    golden("rollback.stdout", said.stdout)
    golden("rollback.stderr", said.stderr)
    assert shop.writes == ["ssm:PutParameter"]
    planned = done(shop, "plan", "shop")
    assert "pinned to web:1" in planned.stdout
    assert "by alice" in planned.stdout
    assert done(shop, "apply", "--yes", code=3).exit_code == 3
    assert runs(shop) == "web:1"
    golden("rollback-plan.stdout", done(shop, "plan").stdout)
    golden("rollback-status.stdout", done(shop, "status", code=3).stdout)


def test_an_unrelated_commit_keeps_the_pin_and_a_change_of_the_service_releases_it(shop):
    done(shop, "rollback", "shop", "--yes")
    done(shop, "apply", "--yes", code=3)
    shop.write({"apps/platform/logs.yaml": "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: x}\n"})
    shop.commit("unrelated")
    done(shop, "apply", "--yes", "--keep-going", code=3)
    assert runs(shop) == "web:1"
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit("better")
    done(shop, "apply", "--yes")
    assert runs(shop) == "web:3"


def test_rolling_back_again_goes_further_back(shop):
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit("third image")
    done(shop, "apply", "--yes")
    done(shop, "rollback", "shop", "--yes")
    done(shop, "apply", "--yes", code=3)
    assert runs(shop) == "web:2"
    assert "to web:1" in done(shop, "rollback", "shop", "--yes").stdout


@pytest.mark.parametrize("written", ["web:1", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"])
def test_rollback_to_a_revision(shop, written):
    assert "from web:2 to web:1" in done(shop, "rollback", "shop", "--to", written, "--yes").stdout


def test_rollback_to_a_commit_or_to_one_that_changed_nothing_of_it(shop):
    first, second, third = shop.commits
    assert f"to web:1 (commit {first[:12]})" in done(shop, "rollback", "shop", "--to", first[:7], "--yes").stdout
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit("third image")
    done(shop, "retry", "shop")
    done(shop, "apply", "--yes")
    assert f"to web:2 (commit {second[:12]})" in done(shop, "rollback", "shop", "--to", third[:10], "--yes").stdout


@pytest.mark.parametrize(
    ("to", "code", "word"),
    [
        ("web:9", 1, "there is no revision web:9"),
        ("worker:1", 1, "it runs the family web"),
        ("web:2", 1, "web:2 is what the repository wants now"),
        ("abcdef0", 1, "no revision of web is known from abcdef0"),
        ("yesterday", 64, "neither a commit nor a revision"),
        ("abc", 64, "neither a commit nor a revision"),
        ("--output=x", 64, "neither a commit nor a revision"),
        ("", 64, "neither a commit nor a revision"),
    ],
)
def test_what_cannot_be_gone_back_to_is_told_and_nothing_is_written(shop, to, code, word):
    told = done(shop, "rollback", "shop", f"--to={to}", "--yes", code=code)
    assert word in told.stderr
    assert shop.writes == []


def test_a_deregistered_revision_cannot_be_gone_back_to(shop):
    shop.client("ecs").deregister_task_definition(taskDefinition="web:1")
    shop.simulator.calls.clear()
    assert "has been deregistered" in done(shop, "rollback", "shop", "--to", "web:1", "--yes", code=1).stderr
    assert "nothing to go back to" in done(shop, "rollback", "shop", "--yes", code=1).stderr


def test_rollback_without_anything_earlier_says_so(world):
    world.applied()
    told = done(world, "rollback", "shop", "--yes", code=1)
    assert "no earlier deployment of it is known to have succeeded" in told.stderr


def test_rollback_of_an_app_that_does_not_run_yet_or_has_no_service(world):
    assert "it does not exist yet" in done(world, "rollback", "shop", "--yes", code=1).stderr
    assert "no service" in done(world, "rollback", "platform", "--yes", code=64).stderr


def test_rollback_asks_and_with_nobody_to_ask_refuses_before_any_call(shop):
    assert "--yes" in done(shop, "rollback", "shop", code=64).stderr
    assert shop.simulator.calls == []


def test_rollback_after_a_failed_rollout_stays_where_ecs_went(shop):
    shop.simulator.script("nginx:9", cannot_pull="not found")
    shop.edit(WEB, "nginx:2", "nginx:9")
    shop.commit("broken")
    done(shop, "apply", "--yes", code=3)
    assert "to web:2" in done(shop, "rollback", "shop", "--yes").stdout


# retry


def test_retry_lifts_a_pin(shop, golden):
    done(shop, "rollback", "shop", "--yes", *BY)
    done(shop, "apply", "--yes", code=3)
    said = done(shop, "retry", "shop")
    golden("retry.stdout", said.stdout)
    done(shop, "apply", "--yes")
    assert runs(shop) == "web:2"


def test_retry_of_what_is_not_held_and_of_what_is_not_there(shop):
    assert done(shop, "retry", "shop").stdout == "nothing of shop is held\n"
    told = done(shop, "retry", "shop", "Service/wbe", code=64)
    assert "Service/web" in told.stderr
    assert "did you mean 'shop'?" in done(shop, "retry", "shpo", code=64).stderr
    assert shop.writes == []


def test_a_rollback_in_the_console_is_told_and_lifted_by_retry(shop):
    shop.client("ecs").update_service(cluster="main", service="web", taskDefinition="web:1")
    shop.simulator.settle()
    shown = done(shop, "status", code=3)
    assert "somebody moved it back to web:1" in shown.stdout
    assert "Pinned" in shown.stdout
    assert "somebody moved it back" in done(shop, "retry", "shop", "Service/web").stdout
    done(shop, "apply", "--yes")
    assert runs(shop) == "web:2"


# suspend, resume


def test_a_suspended_app_is_not_changed_until_it_is_resumed(shop):
    assert "shop is suspended by alice at " in done(shop, "suspend", "shop", *BY, "--why", "sale").stdout
    assert done(shop, "status").exit_code == 0
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit()
    shop.simulator.calls.clear()
    refused = done(shop, "apply", "--yes", code=3)
    assert "was suspended by alice" in refused.stdout
    assert shop.writes == []
    assert "it was suspended already by alice" in done(shop, "suspend", "shop", "--by", "bob").stderr
    assert "it was suspended by bob" in done(shop, "resume", "shop").stdout
    done(shop, "apply", "--yes")


def test_resume_of_what_nobody_suspended_and_of_what_its_manifest_suspends(shop):
    assert "nobody has suspended shop" in done(shop, "resume", "shop").stdout
    head = "apiVersion: reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {suspend: true}\n"
    shop.write({"apps/shop/app.yaml": head})
    shop.commit()
    assert "suspend: true" in done(shop, "resume", "shop", code=3).stderr


def test_an_app_is_suspended_even_while_its_manifests_are_wrong(shop):
    shop.edit(WEB, "desiredCount: 3", "desiredCuont: 3")
    shop.commit()
    done(shop, "suspend", "shop")
    assert shop.writes == ["ssm:PutParameter"]


def test_who_says_so_comes_from_the_environment_too(shop):
    said = shop.run("suspend", "shop", env={"RECONCILER_BY": "carol", "RECONCILER_WHY": "moon\nlight"})
    assert "by carol at" in said.stdout
    assert "moon light" in said.stdout


# permissions, unreadable records


@pytest.mark.parametrize(
    "words", [("suspend", "shop"), ("resume", "shop"), ("retry", "shop"), ("rollback", "shop", "--yes")]
)
def test_without_permission_to_read_the_record_nothing_is_said(shop, words):
    shop.simulator.faults.deny("GetParametersByPath", service="ssm")
    told = done(shop, *words, code=4)
    assert "ssm:GetParametersByPath" in told.stderr
    assert shop.writes == []


def test_without_permission_to_write_the_record_the_permission_is_named(shop):
    shop.simulator.faults.deny("PutParameter", service="ssm")
    assert "ssm:PutParameter" in done(shop, "suspend", "shop", code=4).stderr


def test_who_may_not_read_records_plans_with_a_warning_and_does_not_apply(shop):
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit()
    shop.simulator.faults.deny("GetParametersByPath", service="ssm")
    planned = done(shop, "plan")
    assert "ssm:GetParametersByPath" in planned.stdout
    assert "blocked" not in planned.stdout
    done(shop, "apply", "--yes", code=4)
    assert shop.writes == []


def test_a_record_that_cannot_be_understood_is_told_with_what_to_do(shop):
    ssm = shop.client("ssm")
    ssm.put_parameter(Name="/reconciler/default/test/shop", Value="{", Type="String", Overwrite=True)
    told = done(shop, "suspend", "shop", code=1)
    assert "delete the parameter /reconciler/default/test/shop" in told.stderr
    assert "cannot be understood" in done(shop, "status").stderr


# history


def test_history_tells_outcome_revision_commit_author_and_subject(shop, golden):
    shop.simulator.script("nginx:9", cannot_pull="not found")
    shop.edit(WEB, "nginx:2", "nginx:9")
    shop.commit("broken")
    done(shop, "apply", "--yes", code=3)
    done(shop, "rollback", "shop", "--to", "web:1", "--yes", *BY, "--why", "really")
    golden("history.stdout", done(shop, "history", "shop").stdout)
    body = json.loads(done(shop, "history", "shop", "Service/web", "-n", "2", "-o", "json").stdout)
    assert (body["formatVersion"], body["environment"], body["app"]) == ("1.0", "test", "shop")
    jsonschema.validate(body, HISTORY)
    first, second = body["deployments"]
    assert (first["outcome"], first["subject"], first["pinned"]) == ("rolled back", "broken", None)
    assert (second["outcome"], second["commit"], second["author"]) == ("succeeded", shop.commits[1], "Test")
    assert second["seconds"] > 0
    everything = json.loads(done(shop, "history", "shop", "-o", "json").stdout)["deployments"]
    assert [it["pinned"] and it["pinned"]["by"] for it in everything] == [None, None, "alice"]


def test_history_of_what_is_not_there(shop):
    assert "Service/web" in done(shop, "history", "shop", "Service/wbe", code=64).stderr
    assert "known to have been deployed" in done(shop, "history", "platform").stdout
    done(shop, "history", "shop", "-n", "0", code=64)


def test_history_without_git_has_no_authors(world):
    world.applied()
    [only] = json.loads(done(world, "history", "shop", "-o", "json").stdout)["deployments"]
    assert (only["commit"], only["author"], only["outcome"]) == (None, None, "succeeded")


# wait


def test_wait_writes_nothing_and_ends_when_all_is_ready(shop):
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit()
    done(shop, "apply", "--yes", "--no-wait")
    shop.simulator.calls.clear()
    waited = done(shop, "wait", "shop")
    assert shop.writes == []
    assert waited.stdout.startswith("Waited ")
    assert "ready: shop/Service/web" in waited.stderr
    body = json.loads(done(shop, "wait", "-o", "json").stdout)
    assert body["outcome"] == "converged"
    jsonschema.validate(body["status"], STATUS)


def test_wait_times_out_while_nobody_works(shop):
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit()
    told = done(shop, "wait", "--timeout", "1m", code=3)
    assert told.stdout.startswith("Timed out after 1m00s.")
    assert "shop/Service/web" in told.stdout


def test_wait_ends_where_waiting_does_not_help(shop):
    done(shop, "suspend", "shop", *BY)
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit()
    assert "Suspended" in done(shop, "wait", code=3).stdout


# restart


def test_restart_makes_one_new_deployment_and_waits_for_it(shop):
    done(shop, "apply", "--yes", "--restart", "Service/web")
    assert shop.writes == ["ecs:UpdateService"]
    body = json.loads(done(shop, "history", "shop", "-o", "json").stdout)
    assert [it["outcome"] for it in body["deployments"]] == ["succeeded"] * 3
    done(shop, "apply", "--yes")
    assert shop.writes == ["ecs:UpdateService"]


def test_a_restart_that_is_rolled_back_is_no_success(shop):
    shop.simulator.script("nginx:2", cannot_pull="gone")
    told = done(shop, "apply", "--yes", "--restart", "Service/web", code=3)
    assert "the restart did not last" in told.stdout


@pytest.mark.parametrize("name", ["Service/wbe", "web", "TaskDefinition/web", "platform/Service/web"])
def test_restart_of_what_cannot_be_restarted(shop, name):
    told = done(shop, "apply", "--yes", "--restart", name, code=64)
    assert f"there is no {name} to restart" in told.stderr
    assert shop.writes == []


def test_restart_does_not_go_with_a_saved_plan(shop):
    done(shop, "plan", "--out", str(shop.root.parent / "plan.json"))
    told = done(shop, "apply", str(shop.root.parent / "plan.json"), "--restart", "Service/web", code=64)
    assert "cannot both be meant" in told.stderr
