"""`apply` makes what was planned, waits, and says how it ended."""

import json

import jsonschema
import pytest

from reconciler.report.schema import STATUS


def test_apply_makes_everything_ready_and_again_writes_nothing(world, golden):
    done = world.run("apply", "--yes")
    assert done.exit_code == 0
    golden("apply-create.stdout", done.stdout)
    golden("apply-create.stderr", done.stderr)
    assert world.writes == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]
    world.simulator.calls.clear()
    again = world.run("apply", "--yes")
    assert again.exit_code == 0
    assert world.writes == []
    assert again.stdout.endswith("Nothing to do: 3 resources are as the repository says.\n")
    assert again.stderr == ""


def test_without_yes_and_nobody_to_ask_it_refuses_before_any_call(world):
    done = world.run("apply")
    assert done.exit_code == 64
    assert "--yes" in done.stderr
    assert world.simulator.calls == []


def test_json_says_what_was_done_and_keeps_quiet_otherwise(world):
    done = world.run("apply", "--yes", "-o", "json")
    body = json.loads(done.stdout)
    assert done.stderr == ""
    assert (body["formatVersion"], body["environment"], body["revision"]) == ("1.0", "test", None)
    assert body["outcome"] == "converged"
    assert body["calls"] == [
        {"key": "platform/Cluster/main", "operation": "ecs:CreateCluster"},
        {"key": "shop/TaskDefinition/web", "operation": "ecs:RegisterTaskDefinition"},
        {"key": "shop/Service/web", "operation": "ecs:CreateService"},
    ]
    jsonschema.validate(body["status"], STATUS)
    assert body["status"]["ready"] is True


def test_a_repository_that_is_not_valid_writes_nothing(world):
    world.write({"apps/other/bad.yaml": "apiVersion: reconciler/v1\nkind: Servcie\n"})
    done = world.run("apply", "--yes")
    assert done.exit_code == 65
    assert world.simulator.calls == []


def test_keep_going_leaves_out_the_invalid_app_and_still_exits_65(world):
    world.write({"apps/other/bad.yaml": "apiVersion: reconciler/v1\nkind: Servcie\n"})
    done = world.run("apply", "--yes", "--keep-going")
    assert done.exit_code == 65
    assert "left out, because invalid: other" in done.stderr
    assert "unknown-kind" in done.stderr
    assert world.writes == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]


def test_keep_going_cannot_go_on_when_the_environment_itself_is_wrong(world):
    world.edit("environments/test.yaml", "region:", "regoin:")
    done = world.run("apply", "--yes", "--keep-going")
    assert done.exit_code == 65
    assert world.simulator.calls == []


SECRET = "      secrets:\n        - {name: KEY, valueFrom: /test/key}\n"


ROLE = "  executionRoleArn: arn:aws:iam::123456789012:role/exec\n  containerDefinitions:"


def with_a_missing_parameter(world):
    world.edit("apps/shop/web.yaml", "  containerDefinitions:", ROLE)
    world.edit("apps/shop/web.yaml", "      environment:\n", SECRET + "      environment:\n")


def test_something_missing_holds_back_everything(world, golden):
    with_a_missing_parameter(world)
    done = world.run("apply", "--yes")
    assert done.exit_code == 3
    assert world.writes == []
    golden("apply-missing.stdout", done.stdout)
    golden("apply-missing.stderr", done.stderr)
    body = json.loads(world.run("apply", "--yes", "-o", "json").stdout)
    assert (body["outcome"], body["calls"]) == ("refused", [])


def test_keep_going_does_what_can_be_done(world):
    with_a_missing_parameter(world)
    done = world.run("apply", "--yes", "--keep-going")
    assert done.exit_code == 3
    assert world.writes == ["ecs:CreateCluster"]
    assert "ParameterNotFound" in done.stdout


def test_a_replacement_without_consent_is_refused(world):
    world.applied()
    world.edit("apps/shop/web.yaml", "desiredCount: 2", "schedulingStrategy: DAEMON")
    done = world.run("apply", "--yes")
    assert done.exit_code == 3
    assert "ImmutableFieldChange" in done.stdout
    assert world.writes == []


def test_what_somebody_else_owns_is_refused_by_name_until_adopted(world):
    world.client("ecs").create_cluster(clusterName="main")
    world.simulator.calls.clear()
    done = world.run("apply", "--yes")
    assert done.exit_code == 3
    assert "OwnershipConflict" in done.stdout
    assert world.writes == []
    assert world.run("apply", "--yes", "--adopt").exit_code == 0


def test_a_denied_reading_is_a_matter_of_access_and_writes_nothing(world):
    world.simulator.faults.deny("DescribeClusters")
    done = world.run("apply", "--yes")
    assert done.exit_code == 4
    assert world.writes == []


def test_a_denied_write_is_a_matter_of_access(world):
    world.simulator.faults.deny("CreateService")
    done = world.run("apply", "--yes")
    assert done.exit_code == 4
    assert "AccessDenied" in done.stdout


def test_one_deadline_for_all_of_it(world):
    done = world.run("apply", "--yes", "--timeout", "20s")
    assert done.exit_code == 3
    assert "timed out after 20s" in done.stderr
    assert f"look again with: reconciler status -C {world.root}; go on with: reconciler apply -C" in done.stderr
    assert "what rolls out goes on by itself" in done.stderr
    body = json.loads(world.run("apply", "--yes", "--timeout", "1s", "-o", "json").stdout)
    assert body["outcome"] == "timed-out"


def test_without_waiting_it_ends_when_all_calls_are_made(world):
    done = world.run("apply", "--yes", "--no-wait")
    assert done.exit_code == 0
    assert world.writes == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]
    assert world.run("status").exit_code == 3


def test_whoever_waits_hears_something_every_ten_seconds(world):
    told = [line for line in world.run("apply", "--yes").stderr.split("\n") if line.startswith("still ")]
    assert len(told) >= 3
    assert all("shop/Service/web" in line for line in told)
    assert "(10s)" in told[0]
    assert "(20s)" in told[1]


def test_an_unknown_app_is_a_usage_error(world):
    done = world.run("apply", "shpo", "--yes")
    assert done.exit_code == 64
    assert "did you mean 'shop'?" in done.stderr
    assert world.simulator.calls == []


def test_what_could_not_be_read_holds_back_everything(world):
    world.simulator.faults.fail("DescribeServices", times=1000, how="500")
    world.client("ecs").create_cluster(clusterName="other")
    world.simulator.calls.clear()
    done = world.run("apply", "--yes")
    assert done.exit_code == 3
    assert "nothing was written: shop/Service/web could not be read" in done.stderr
    assert world.writes == []
    assert world.run("plan").exit_code == 1


def test_what_is_still_there_of_another_environment_is_never_pruned(world):
    world.applied()
    other = "apiVersion: reconciler/v1\nkind: Environment\nspec:\n  region: eu-west-1\n  cluster: second\n  apps: [platform]\n"
    world.write({"environments/other.yaml": other})
    world.edit(
        "apps/platform/cluster.yaml",
        "metadata: {name: main}\n",
        'metadata: {name: main}\nspec: {clusterName: "${{ env.cluster }}"}\n',
    )
    done = world.run("apply", "-e", "other", "--yes", "--prune", "--deletion-limit", "100%")
    assert done.exit_code == 0
    assert world.writes == ["ecs:CreateCluster"]
    assert world.run("plan", "-e", "test", "--detailed-exitcode").exit_code == 0


def test_credentials_that_expire_half_way_do_not_hide_what_was_made(world):
    handle = world.simulator.handle

    def expired(request):
        from reconciler.simulator import AwsError
        from reconciler.simulator.wire import failure

        if "CreateService" in request.headers.get("x-amz-target", ""):
            return failure("json", AwsError("ExpiredTokenException", "The security token has expired"))
        return handle(request)

    world.simulator.handle = expired
    done = world.run("apply", "--yes")
    assert done.exit_code == 4
    assert "2 calls were made before the following error" in done.stderr
    assert "ExpiredTokenException" in done.stderr
    world.simulator.handle = handle
    world.client("ecs").delete_cluster(cluster="main")
    world.simulator.handle = expired
    body = json.loads(world.run("apply", "--yes", "-o", "json").stdout)
    assert body["outcome"] == "failed"


@pytest.fixture
def somebody(monkeypatch):
    """Somebody sits there to be asked; the test says what they do and answer."""

    def answers(what):
        monkeypatch.setattr("reconciler.cli.terminal.Terminal.interactive", True)
        monkeypatch.setattr("reconciler.cli.telling.asked", what)

    return answers


def test_who_is_asked_may_say_no(world, somebody):
    somebody(lambda plan: False)
    done = world.run("apply")
    assert done.exit_code == 3
    assert "not confirmed; nothing was written" in done.stderr
    assert world.writes == []


def test_who_says_yes_gets_what_was_shown_over_several_ticks(world, somebody):
    somebody(lambda plan: True)
    assert world.run("apply").exit_code == 0
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    assert world.run("apply").exit_code == 0
    assert world.run("plan", "--detailed-exitcode").exit_code == 0


def test_who_said_yes_did_not_say_it_to_something_else(world, somebody):
    world.applied()
    world.edit("apps/shop/web.yaml", "desiredCount: 2", "desiredCount: 3")

    def meanwhile(plan):
        world.client("ecs").delete_service(cluster="main", service="web", force=True)
        world.simulator.settle()
        world.simulator.calls.clear()
        return True

    somebody(meanwhile)
    done = world.run("apply")
    assert done.exit_code == 5
    assert "ecs:CreateService is not among the calls" in done.stderr
    assert world.writes == []


def test_nobody_is_asked_about_nothing(world, somebody):
    world.applied()
    somebody(lambda plan: pytest.fail("asked about nothing"))
    assert world.run("apply").exit_code == 0


# an app that waits for another


WAITS = "shop/Service/web waits for platform/Cluster/main of app platform, which is not among the apps named"


def test_an_app_that_waits_for_one_that_was_not_named_is_refused_at_once(world):
    done = world.run("apply", "shop", "--yes", "-e", "test")
    assert done.exit_code == 3
    assert world.writes == []
    assert done.stderr == (
        f"nothing was written: {WAITS}\n  = take along what is waited for: "
        f"reconciler apply -C {world.root} -e test shop platform, or do what can be done with --keep-going\n"
    )
    assert world.run("apply", "shop", "platform", "--yes").exit_code == 0
    assert world.run("apply", "shop", "--yes").exit_code == 0


def test_with_keep_going_it_does_what_needs_no_other(world):
    done = world.run("apply", "shop", "--yes", "--keep-going", "--timeout", "5s")
    assert done.exit_code == 3
    assert world.writes == ["ecs:RegisterTaskDefinition"]
    assert f"note: {WAITS}\n" in done.stderr


def test_a_plan_says_so_and_shows_the_rest(world):
    done = world.run("plan", "shop")
    assert done.exit_code == 0
    assert done.stderr == (
        f"note: {WAITS}\n  = take along what is waited for: reconciler plan -C {world.root} shop platform\n"
    )
    assert world.run("plan", "shop", "platform").stderr == world.run("plan").stderr == ""
