"""The written log of calls: what was asked, without what is secret."""

import io
import json

from reconciler.simulator.calls import MASK, Call, write


def written(operation, **params):
    log = io.StringIO()
    write(log, Call(1, "ecs", operation, params, True, None, 200, 0.0, "eu-west-1", "123456789012"))
    return json.loads(log.getvalue())["params"]


def test_values_whose_name_looks_secret_are_masked():
    container = {
        "name": "auth-token",
        "image": "nginx:1",
        "environment": [
            {"name": "DB_PASSWORD", "value": "canary"},
            {"name": "dbpass", "value": "canary"},
            {"name": "RAILS_ENV", "value": "production"},
        ],
        "secrets": [{"name": "API_KEY", "valueFrom": "arn:x"}],
        "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "canary", "splunk-url": "https://x"}},
        "dockerLabels": {"api-key": "canary", "team": "shop"},
        "systemControls": [{"namespace": "net.password", "value": "canary"}],
    }
    found = written("RegisterTaskDefinition", containerDefinitions=[container], tags=[{"key": "env", "value": "x"}])
    assert "canary" not in json.dumps(found)
    [shown] = found["containerDefinitions"]
    assert shown["image"] == "nginx:1"
    assert shown["environment"][0] == {"name": "DB_PASSWORD", "value": MASK}
    assert shown["environment"][2] == {"name": "RAILS_ENV", "value": "production"}
    assert shown["secrets"] == [{"name": "API_KEY", "valueFrom": "arn:x"}]
    assert shown["logConfiguration"]["options"] == {"splunk-token": MASK, "splunk-url": "https://x"}
    assert shown["dockerLabels"] == {"api-key": MASK, "team": "shop"}
    assert found["tags"] == [{"key": "env", "value": "x"}]


def test_an_override_of_one_task_is_masked_too():
    override = {"containerOverrides": [{"name": "web", "environment": [{"name": "TOKEN", "value": "canary"}]}]}
    assert "canary" not in json.dumps(written("RunTask", overrides=override))
