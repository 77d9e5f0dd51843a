"""approve, --outside-window and allow-lists at the command line: what is shown, what is written, which exit code."""

import json

import jsonschema
import pytest

from reconciler.report.schema import PLAN, STATUS

ENV = "environments/test.yaml"
WEB = "apps/shop/web.yaml"
BY = ("--by", "alice", "--why", "looks good")


@pytest.fixture
def shop(world):
    """Applied; then every plan has to be approved, and there is a new image."""
    world.commit()
    world.applied()
    world.edit(ENV, "  cluster: main\n", "  cluster: main\n  approve: true\n")
    world.edit(WEB, "nginx:1", "nginx:2")
    world.commit()
    return world


def done(world, *words, code=0, **more):
    result = world.run(*words, **more)
    assert result.exit_code == code, result.output
    return result


def digest(world):
    shown = json.loads(done(world, "plan", "-o", "json").stdout)
    jsonschema.validate(shown, PLAN)
    return shown["planDigests"]["shop"]


# approve


def test_apply_is_held_until_the_plan_is_approved_and_then_goes_through(shop):
    held = done(shop, "apply", "--yes", code=3)
    assert "AwaitingApproval: the plan" in held.stdout
    assert f"= reconciler approve shop {digest(shop)[:12]}" in held.stdout
    assert shop.writes == []
    said = done(shop, "approve", "shop", "--yes", *BY)
    assert "nginx:2" in said.stdout
    assert f"Digest of the plan of shop: {digest(shop)[:12]}" in said.stdout
    assert "approved: the plan of shop" in said.stdout
    assert "by alice" in said.stdout
    assert shop.writes == ["ssm:PutParameter"]
    done(shop, "apply", "--yes")
    assert shop.writes == ["ssm:PutParameter", "ecs:RegisterTaskDefinition", "ecs:UpdateService"]


def test_ci_approves_what_it_showed_and_no_other_plan(shop):
    shown = digest(shop)
    shop.edit(WEB, "nginx:2", "nginx:3")
    shop.commit()
    stale = done(shop, "approve", "shop", shown, code=5)
    assert digest(shop)[:12] in stale.stderr
    assert shop.writes == []
    done(shop, "approve", "shop", digest(shop))
    again = done(shop, "approve", "shop", digest(shop)[:8])
    assert "already approved" in again.stdout
    assert shop.writes == ["ssm:PutParameter"]


def test_it_asks_where_there_is_somebody_and_refuses_where_there_is_nobody(shop):
    refused = done(shop, "approve", "shop", code=64)
    assert "--yes" in refused.stderr
    assert shop.writes == []


@pytest.mark.parametrize("wrong", ["short", "1234567", "not-a-digest", "zzzzzzzzzzzz"])
def test_what_is_no_digest_is_a_mistake_of_usage(shop, wrong):
    assert "is not the digest of a plan" in done(shop, "approve", "shop", wrong, code=64).stderr
    assert shop.writes == []


def test_where_nothing_is_to_be_approved_it_says_so(shop, world):
    assert "nothing is to be done to it" in done(shop, "approve", "platform", "--yes").stdout
    world.edit(ENV, "  approve: true\n", "")
    world.commit()
    assert "its changes need no approval" in done(shop, "approve", "shop", "--yes").stdout
    assert shop.writes == []


def test_an_app_that_is_not_there_is_told_with_what_may_be_meant(shop):
    said = done(shop, "approve", "shpo", "--yes", code=64)
    assert "did you mean 'shop'?" in said.stderr


def test_a_plan_file_is_held_like_any_plan_and_holds_once_it_is_approved(shop, tmp_path):
    file = str(tmp_path / "plan.json")
    done(shop, "plan", "--out", file)
    assert "AwaitingApproval" in done(shop, "apply", file, "-v", code=3).stdout
    assert shop.writes == []
    done(shop, "approve", "shop", digest(shop))
    done(shop, "apply", file)
    assert "ecs:UpdateService" in shop.writes


def test_what_a_flag_adds_is_approved_with_that_flag(shop):
    shop.write({WEB: None})
    shop.commit()
    held = done(shop, "apply", "--yes", "--prune", "--deletion-limit", "9", code=3)
    hint = next(line for line in held.stdout.splitlines() if "reconciler approve shop" in line)
    words = hint.split("reconciler ", 1)[1].split()
    assert words[3:] == ["--prune", "--deletion-limit", "9"]
    done(shop, *words)
    done(shop, "apply", "--yes", "--prune", "--deletion-limit", "9")
    assert "ecs:DeleteService" in shop.writes


def test_status_says_who_approved(shop):
    assert "; approved: " not in done(shop, "status", code=3).stdout
    done(shop, "approve", "shop", "--yes", *BY)
    text = done(shop, "status", code=3).stdout
    assert "; approved: " in text
    assert "by alice" in text
    shown = json.loads(done(shop, "status", "-o", "json", code=3).stdout)
    jsonschema.validate(shown, STATUS)
    [app] = [it for it in shown["apps"] if it["name"] == "shop"]
    assert "looks good" in app["approved"]
    done(shop, "apply", "--yes")
    assert "by alice" in done(shop, "status").stdout


def test_no_value_of_what_is_approved_comes_into_the_record(shop):
    shop.edit(WEB, "value: info", "value: hunter2hunter2")
    shop.commit()
    done(shop, "approve", "shop", "--yes")
    [call] = [it for it in shop.simulator.writes() if it.operation == "PutParameter"]
    assert "hunter2" not in str(call.params)


# windows


@pytest.fixture
def closed(shop):
    now = shop.clock.now()
    shop.edit(ENV, "  approve: true\n", f'  windows:\n    - {{deny: "{now.minute} {now.hour} * * *", duration: 10m}}\n')
    shop.commit()
    return shop


def test_outside_a_window_apply_writes_nothing_and_does_not_wait_for_it(closed):
    before = closed.clock.now()
    held = done(closed, "apply", "--yes", code=3)
    assert "OutsideWindow: deny" in held.stdout
    assert "--outside-window" in held.stdout
    done(closed, "apply", "--yes", "--keep-going", code=3)
    assert closed.writes == []
    assert closed.clock.now() == before


def test_a_flag_says_that_windows_do_not_matter(closed):
    done(closed, "apply", "--yes", "--outside-window")
    assert "ecs:UpdateService" in closed.writes


def test_a_plan_file_keeps_the_flag_and_without_it_is_held(closed, tmp_path):
    with_it, without = str(tmp_path / "with.json"), str(tmp_path / "without.json")
    done(closed, "plan", "--out", without)
    done(closed, "plan", "--out", with_it, "--outside-window")
    assert json.loads((tmp_path / "with.json").read_text())["options"]["outsideWindow"] is True
    done(closed, "apply", without, code=3)
    assert "not what the saved plan was made with" in done(closed, "apply", without, "--outside-window", code=64).stderr
    assert closed.writes == []
    done(closed, "apply", with_it)
    assert "ecs:UpdateService" in closed.writes


def test_a_plan_that_was_saved_outside_is_made_inside(closed, tmp_path):
    file = str(tmp_path / "plan.json")
    done(closed, "plan", "--out", file)
    closed.simulator.advance(2 * 3600)
    done(closed, "apply", file)
    assert "ecs:UpdateService" in closed.writes


# allow-lists


def test_what_is_not_allowed_is_told_by_validate_plan_and_doctor_and_not_applied(shop):
    shop.edit(ENV, "  approve: true\n", "  allow: {images: ['other:*']}\n")
    shop.commit()
    for words in (["validate"], ["plan"], ["apply", "--yes"]):
        said = done(shop, *words, code=65)
        assert "environment test does not allow the image nginx:2" in said.output
        assert "apps/shop/web.yaml:7:14" in said.output
    assert "does not allow" in done(shop, "doctor", code=65).output
    done(shop, "apply", "--yes", "--keep-going", code=65)
    assert shop.writes == []


def test_a_window_that_is_wrong_is_drawn_with_a_caret_under_its_field(shop):
    shop.edit(ENV, "  approve: true\n", '  windows:\n    - {allow: "0 25 * * 1-5", duration: 8h}\n')
    said = done(shop, "validate", code=65)
    lines = said.stdout.splitlines()
    line = next(number for number, text in enumerate(lines) if '"0 25 * * 1-5"' in text)
    assert lines[line + 1].index("^") == lines[line].index("25")
