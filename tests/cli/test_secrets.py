"""No secret byte in anything that is printed or kept, whichever way things go."""

import json

import pytest

from tests.account import role

CANARY = "hunter2-c4n4ry"
HEAD = "apiVersion: reconciler/v1\n"
MANIFEST = (
    HEAD
    + "kind: Parameter\nmetadata: {name: key}\nspec: {name: /test/key}\n---\n"
    + HEAD
    + "kind: Secret\nmetadata: {name: db}\nspec: {name: test/db, jsonKeys: [password]}\n---\n"
    + HEAD
    + f"""kind: TaskDefinition
metadata: {{name: web}}
spec:
  executionRoleArn: arn:aws:iam::123456789012:role/ecs-execution
  containerDefinitions:
    - name: web
      image: nginx:1
      memory: 128
      command: [run, --token, {CANARY}]
      environment:
        - {{name: DB_PASSWORD, value: {CANARY}}}
        - {{name: API_TOKEN, value: {CANARY}}}
        - {{name: DATABASE_URL, value: "postgres://shop:{CANARY}@db/shop"}}
      secrets:
        - {{name: KEY, valueFrom: "ref:Parameter/key"}}
        - {{name: DB, valueFrom: "ref:Secret/db#password"}}
---
"""
    + HEAD
    + "kind: Service\nmetadata: {name: web}\nspec:\n  taskDefinition: web\n  desiredCount: 1\n"
)
COMMANDS = [
    ["validate"],
    ["validate", "-o", "json"],
    ["plan"],
    ["plan", "-v"],
    ["plan", "-o", "json"],
    ["plan", "-o", "markdown"],
    ["status", "-o", "wide"],
    ["status", "-o", "json"],
]


@pytest.fixture
def secretive(world):
    world.write({"apps/shop/web.yaml": MANIFEST})
    world.client("ssm").put_parameter(Name="/test/key", Value=CANARY, Type="SecureString")
    world.client("secretsmanager").create_secret(Name="test/db", SecretString=json.dumps({"password": CANARY}))
    role(world.simulator, "ecs-execution")
    world.simulator.calls.clear()
    return world


def look(world, tmp_path):
    for words in COMMANDS:
        assert CANARY not in world.run(*words).output, words
    file = tmp_path / "plan.json"
    world.run("plan", "--out", str(file))
    assert CANARY not in file.read_text()


def test_before_while_and_after(secretive, tmp_path):
    look(secretive, tmp_path)
    done = secretive.run("apply", "--yes", "-v")
    assert done.exit_code == 0, done.output
    assert CANARY not in done.output
    look(secretive, tmp_path)
    secretive.edit("apps/shop/web.yaml", f"DB_PASSWORD, value: {CANARY}", f"DB_PASSWORD, value: {CANARY}2")
    secretive.edit("apps/shop/web.yaml", f"--token, {CANARY}", f"--token, {CANARY}3")
    look(secretive, tmp_path)
    assert secretive.run("plan", "--detailed-exitcode").exit_code == 2
    asked = {call.operation for call in secretive.simulator.calls}
    assert not asked & {"GetSecretValue", "GetParameter", "GetParameters"}
    by_path = [call.params for call in secretive.simulator.calls if call.operation == "GetParametersByPath"]
    assert {(it["Path"], it["WithDecryption"]) for it in by_path} == {("/reconciler/default/test", False)}


@pytest.mark.parametrize("number", range(1, 8))
def test_when_a_call_goes_wrong(secretive, tmp_path, number):
    secretive.simulator.faults.fail("*", on=number, times=50, how="500")
    done = secretive.run("apply", "--yes", "-v", "--timeout", "30s")
    assert CANARY not in done.output
    secretive.simulator.faults.clear()
    secretive.simulator.faults.deny("*")
    look(secretive, tmp_path)


def test_when_the_manifest_is_wrong_in_that_very_line(secretive, tmp_path):
    secretive.edit("apps/shop/web.yaml", f"DB_PASSWORD, value: {CANARY}", f"DB_PASSWORD, value: {CANARY}, more: 1")
    for words in COMMANDS:
        done = secretive.run(*words)
        assert done.exit_code == 65
        assert CANARY not in done.output, words
