"""The example repository: right in every environment, and at rest after one apply."""

import pytest

from reconciler.engine.lookup import lookup
from reconciler.kinds import KINDS
from reconciler.source.directory import read_directory
from reconciler.source.render import environments, render

ENVIRONMENTS = ("production", "qa", "staging")


@pytest.fixture
def applied(repository, world):
    """The environment of this name, applied."""

    def apply(environment):
        wish = repository.wish(environment)
        world.prepare(wish)
        result = world.apply(wish)
        assert result.status.ready, result.status
        world.writes()
        return wish

    return apply


def container(wish, app, definition, name):
    document = next(item for key, item in wish.desired.items() if str(key) == f"{app}/TaskDefinition/{definition}")
    return next(one for one in document.spec["containerDefinitions"] if one["name"] == name)


def variables(wish, app, definition, name):
    return {it["name"]: it["value"] for it in container(wish, app, definition, name)["environment"]}


def containers(wish, definition):
    [document] = [item for key, item in wish.desired.items() if (key.kind, key.name) == ("TaskDefinition", definition)]
    return [one["name"] for one in document.spec["containerDefinitions"]]


def service(wish, name):
    [document] = [item for key, item in wish.desired.items() if (key.kind, key.name) == ("Service", name)]
    return document.spec


def test_these_are_all_environments(repository):
    assert environments(read_directory(repository.root)) == ENVIRONMENTS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_wrong_with_them_not_even_a_warning(repository, environment):
    assert repository.wish(environment).problems == ()


def test_they_read_the_same_as_they_lie(repository):
    lying = lookup(render(read_directory(repository.root), "qa", KINDS), KINDS)
    assert {key: item.digest for key, item in lying.desired.items()} == {
        key: item.digest for key, item in repository.wish("qa").desired.items()
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_plan_says_what_apply_does_and_then_nothing_is_left(repository, world, environment):
    wish = repository.wish(environment)
    world.prepare(wish)
    world.writes()
    planned = world.plan(wish).plan
    assert world.writes() == []
    assert not planned.blocked
    assert {change.action for change in planned.changes} <= {"create", "run"}

    result = world.apply(wish)
    assert result.status.ready, result.status
    expected = [call.operation.partition(":")[2] for change in planned.changes for call in change.calls]
    assert sorted(world.writes()) == sorted(expected)

    assert world.plan(wish).plan.empty
    assert world.apply(wish).status.ready
    assert world.writes() == []


def test_a_commit_of_a_readme_changes_nothing(repository, world, applied):
    before = applied("production").commit
    (repository.root / "README.md").write_text("other words\n")
    repository.commit()
    wish = repository.wish("production")
    assert wish.commit != before
    assert world.plan(wish).plan.empty
    world.apply(wish)
    assert world.writes() == []


def test_a_comment_and_the_order_of_members_change_nothing(repository, world, applied):
    applied("staging")
    repository.change("apps/bookstore/puma.yaml", "networkMode: bridge", "networkMode: bridge  # as before")
    repository.change(
        "apps/bookstore/puma.yaml",
        "        - {name: RAILS_ENV, value: staging}            # patched in production\n"
        '        - {name: RAILS_LOG_TO_STDOUT, value: "1"}\n',
        '        - {value: "1", name: RAILS_LOG_TO_STDOUT}\n        - {name: RAILS_ENV, value: staging}\n',
    )
    assert world.plan(repository.wish("staging")).plan.empty


def test_one_line_moves_both_services_to_the_new_image(repository, world, applied):
    applied("staging")
    repository.change("apps/bookstore/app.yaml", "v1.42.0", "v1.43.0")
    wish = repository.wish("staging")
    assert {change.blocked.code for change in world.plan(wish).plan.changes if change.blocked} == {"ImageNotFound"}
    world.push(wish)
    assert [str(change.key) for change in world.plan(wish).plan.changes] == [
        "bookstore/TaskDefinition/puma",
        "bookstore/TaskDefinition/sidekiq",
        "bookstore/Job/db-migrate",
        "bookstore/Service/puma",
        "bookstore/Service/sidekiq",
    ]
    assert world.apply(wish).status.ready
    registered, run, moved = (
        ["RegisterTaskDefinition"] * 2,
        ["TagResource", "RunTask", "TagResource"],
        ["UpdateService"] * 2,
    )
    assert sorted(world.writes()) == sorted([*registered, *run, *moved])
    assert world.plan(wish).plan.empty


def test_a_revert_takes_the_old_revision_again(repository, world, applied):
    applied("staging")
    repository.change("apps/bookstore/app.yaml", "v1.42.0", "v1.43.0")
    world.push(repository.wish("staging"))
    world.apply(repository.wish("staging"))
    world.writes()
    repository.change("apps/bookstore/app.yaml", "v1.43.0", "v1.42.0")
    assert world.apply(repository.wish("staging")).status.ready
    assert world.writes() == ["UpdateService", "UpdateService"]


def test_staging_deletes_what_is_no_longer_declared(repository, world, applied):
    applied("staging")
    repository.remove("apps/bookstore/sidekiq.yaml")
    world.apply(repository.wish("staging"))
    assert world.writes() == ["DeleteService", "DeregisterTaskDefinition"]
    assert world.plan(repository.wish("staging")).plan.empty


@pytest.mark.parametrize("path", ["apps/bookstore/logs.yaml", "apps/profile/needs.yaml"])
def test_logs_are_not_lost_to_a_new_name_even_where_replacing_is_allowed(repository, world, applied, path):
    applied("staging")
    repository.change(path, "logGroupName: /ecs/", "logGroupName: /logs/")
    wish = repository.wish("staging")
    assert wish.environment.policy.replace
    world.apply(wish)
    made = world.writes()
    assert "CreateLogGroup" in made
    assert "DeleteLogGroup" not in made
    assert world.plan(wish).plan.empty


def test_production_deletes_nothing_and_says_so(repository, world, applied):
    applied("production")
    repository.remove("apps/bookstore/sidekiq.yaml")
    planned = world.plan(repository.wish("production")).plan
    assert planned.empty
    assert [str(note.key) for note in planned.warnings] == [
        "bookstore/Service/sidekiq",
        "bookstore/TaskDefinition/sidekiq",
    ]


def test_how_many_profiles_run_in_production_is_nobody_s_business_here(repository, world, applied):
    wish = applied("production")
    ecs = world.sim.client("ecs", wish.environment.region)
    ecs.update_service(cluster="production", service="profile", desiredCount=5)
    world.sim.settle()
    assert world.plan(wish).plan.empty


def test_spot_and_on_demand_are_exchanged_without_a_replacement(repository, world, applied):
    applied("qa")
    text = (repository.root / "environments/staging.yaml").read_text()
    patch = text[text.index("    # Spot capacity") :]
    repository.change("environments/qa.yaml", "  patches:\n", "  patches:\n" + patch)
    [change] = world.plan(repository.wish("qa")).plan.changes
    assert (change.action, change.effect) == ("update", "rolls-tasks")


def test_the_three_environments_share_an_account_without_meeting(repository, world, applied):
    for environment in ENVIRONMENTS:
        applied(environment)
    for environment in ENVIRONMENTS:
        assert world.plan(repository.wish(environment)).plan.empty
    assert world.writes() == []


def test_production_differs_where_its_files_say_so(repository):
    production, staging = repository.wish("production"), repository.wish("staging")
    assert containers(staging, "profile") == ["profile", "mailpit"]
    assert containers(production, "profile") == ["profile", "datadog-agent"]
    assert containers(production, "puma") == ["puma", "datadog-agent"]
    assert variables(staging, "bookstore", "puma", "puma")["RAILS_ENV"] == "staging"
    assert variables(production, "bookstore", "puma", "puma") == {
        "RAILS_ENV": "production", "RAILS_LOG_TO_STDOUT": "1", "PORT": "3000", "WEB_CONCURRENCY": "4"
    }  # fmt: skip
    assert container(production, "bookstore", "puma", "puma")["image"].endswith("/bookstore:v1.41.3")
    assert service(production, "puma")["desiredCount"] == 4
    assert "desiredCount" not in service(production, "profile")
    assert "launchType" not in service(staging, "profile")


def test_the_switches_that_could_destroy_are_off_for_good_in_production(repository):
    policy = repository.wish("production").environment.policy
    assert (policy.prune, policy.adopt, policy.replace) == (False, False, False)
