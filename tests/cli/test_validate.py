"""`validate` finds what is wrong in every environment, once, and asks nobody."""

import json

HEAD = "apiVersion: reconciler/v1\n"
SECOND = HEAD + 'kind: Environment\nspec:\n  region: eu-west-1\n  accountId: "123456789012"\n  cluster: main\n'


def test_a_good_repository(world):
    done = world.run("validate")
    assert (done.exit_code, done.output) == (0, "valid: 3 resources in test\n")
    assert world.run("validate", "-o", "github").output == ""
    assert json.loads(world.run("validate", "-o", "json").output) == {
        "formatVersion": "1.0",
        "valid": True,
        "environments": ["test"],
        "problems": [],
    }
    assert world.simulator.calls == []


def test_what_is_wrong_everywhere_is_said_once(world):
    world.write({"environments/second.yaml": SECOND})
    world.edit("apps/shop/web.yaml", "desiredCount", "desiredCuont")
    done = world.run("validate")
    assert done.exit_code == 65
    assert done.stdout.count("desiredCuont'") == 1
    assert "1 error\n" in done.stdout
    assert "(in " not in done.stdout


def test_what_is_wrong_in_one_environment_says_which(world):
    world.write({"environments/second.yaml": SECOND + "  vars: {image: x}\n"})
    world.edit("apps/shop/web.yaml", "nginx:1", "${{ vars.image }}")
    done = world.run("validate")
    assert done.exit_code == 65
    assert "(in test)" in done.stdout
    assert world.run("validate", "-e", "second").exit_code == 0
    assert world.run("validate", "-e", "test").exit_code == 65


def test_of_some_apps_only_their_problems(world):
    world.write({"apps/other/bad.yaml": HEAD + "kind: Servcie\n"})
    assert world.run("validate", "shop").exit_code == 0
    assert world.run("validate", "other").exit_code == 65


def test_warnings_are_no_failure(world):
    world.write(
        {"environments/test.yaml": SECOND + "  patches:\n    - select: {name: nobody}\n      spec: {desiredCount: 1}\n"}
    )
    done = world.run("validate")
    assert done.exit_code == 0
    assert "warning[unused-patch]" in done.stdout
    assert "valid: 3 resources in test" in done.stdout


def test_it_reads_the_files_as_they_lie_unless_a_commit_is_named(world):
    world.commit()
    world.edit("apps/shop/web.yaml", "desiredCount", "desiredCuont")
    assert world.run("validate").exit_code == 65
    assert world.run("validate", "--revision", "HEAD").exit_code == 0
