"""What is told of a mistake near a secret does not tell the secret."""

from __future__ import annotations

import pytest

from reconciler.report.problems import draw, github, to_json
from reconciler.source.load import load

TASK = "apiVersion: reconciler/v1\nkind: TaskDefinition\nmetadata: {name: puma}\nspec:\n"
WEB = "  containerDefinitions:\n    - name: web\n      image: nginx:1\n      memory: 128\n"
ENVIRONMENT = "      environment:\n"
PRODUCTION = "apiVersion: reconciler/v1\nkind: Environment\nspec:\n  cluster: main\n"
SERVICE = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: puma}\nspec:\n  taskDefinition: a:1\n"

LEAKS = {
    "misspelled value": "        - name: DB_PASSWORD\n          valeu: hunter22\n",
    "lower case": "        - name: db_password\n          valeu: hunter22\n",
    "value first": "        - valeu: hunter22\n          name: DB_PASSWORD\n",
    "between others": "        - name: A\n          value: b\n        - name: TOKEN\n          valeu: hunter22\n        - name: C\n          value: d\n",
    "ambiguous": "        - name: DB_PASSWORD\n          value: 0123499\n",
    "spelled": "        - name: DB_PASSWORD\n          value: 22.220\n",
    "an object": "        - name: DB_PASSWORD\n          value: {a: hunter22}\n",
    "a list": "        - name: DB_PASSWORD\n          value: [hunter22]\n",
    "two deep": "        - name: DB_PASSWORD\n          value:\n            a: hunter22\n",
    "block": "        - name: DB_PASSWORD\n          valeu: |\n            hunter22\n",
    "a tag": "        - name: DB_PASSWORD\n          value: !x hunter22\n",
    "an anchor": "        - name: DB_PASSWORD\n          value: &x hunter22\n",
    "an alias": "        - name: DB_PASSWORD\n          value: *hunter22\n",
    "given twice": "        - name: DB_PASSWORD\n          value: hunter22\n          value: hunter22\n",
    "a colon": "        - name: DB_PASSWORD\n          value: a: hunter22\n",
    "unclosed": "        - name: DB_PASSWORD\n          value: 'hunter22\n",
    "dedented": "        - name: DB_PASSWORD\n         value: hunter22\n",
    "indented": "        - name: DB_PASSWORD\n           value: hunter22\n",
    "a tab": "        - name: DB_PASSWORD\n\t  value: hunter22\n",
    "flow": "        - {name: DB_PASSWORD, valeu: hunter22}\n",
    "flow on two lines": "        - {name: DB_PASSWORD,\n           valeu: hunter22}\n",
    "json": '        [{"name":"DB_PASSWORD","valeu":"hunter22"}]\n',
    "json on lines": '        [\n          {\n            "name":"DB_PASSWORD",\n            "valeu":"hunter22"\n          }\n        ]\n',
    "no list": "        DB_PASSWORD: hunter22\n        x: [\n",
    "template": "        - name: DB_PASSWORD\n          value: {{ hunter22 }}\n",
    "control": "        - name: DB_PASSWORD\n          value: hunter22\x07\n",
}


def told(problems) -> str:
    shown = [draw(it) for it in problems] + [github(problems), str(to_json(problems)), str(problems)]
    return "\n".join(shown)


@pytest.mark.parametrize("name", LEAKS)
def test_a_mistake_beside_a_secret_name_does_not_show_the_secret(name, rendered) -> None:
    problems = rendered({"apps/a/x.yaml": TASK + WEB + ENVIRONMENT + LEAKS[name]}).problems
    assert problems
    for secret in ("hunter22", "0123499", "22.220", "22.22"):
        assert secret not in told(problems)


@pytest.mark.parametrize(
    "line", ["  dbPassword: {}", "  vars: {dbPassword: {}}", "  splunk-token: {}", "  token:\n    main: {}"]
)
@pytest.mark.parametrize("value", ["0123499", "'0123499", "!x 0123499", "[0123499", "*0123499"])
def test_a_member_named_like_a_secret_is_not_shown(line, value) -> None:
    problems = load("x.yaml", (line.replace("{}", value) + "\n").encode()).problems
    assert problems
    assert "0123499" not in told(problems)


def test_a_variable_named_like_a_secret_is_not_shown_where_it_is_used(rendered) -> None:
    environment = PRODUCTION + "  vars:\n    dbPassword: hunter22\n"
    files = {
        "apps/a/x.yaml": SERVICE + "  desiredCount: ${{ vars.dbPassword }}\n  launchType: a${{ vars.dbPassword }}\n",
        "environments/production.yaml": environment,
    }
    problems = rendered(files).problems
    assert len(problems) == 2
    assert "hunter22" not in told(problems)
    assert "(sensitive)" in draw(problems[0])


def test_of_what_is_no_secret_everything_is_shown(rendered) -> None:
    text = TASK.replace("puma", "token-service") + WEB.replace("name: web", "name: auth").replace("128", "lots")
    [problem] = rendered({"apps/a/x.yaml": text + ENVIRONMENT + "        - {name: A_KEY, value: x}\n"}).problems
    assert "text 'lots'" in problem.message
    assert problem.at.text == "      memory: lots"


def test_a_large_file_of_secrets_is_masked_in_one_go() -> None:
    text = "a:\n" + "  - name: TOKEN\n    value: x\n" * 2_000 + "  - name: TOKEN\n    value: 0123\n"
    [problem] = load("x.yaml", text.encode()).problems
    assert problem.at.text == "    value: ****"
