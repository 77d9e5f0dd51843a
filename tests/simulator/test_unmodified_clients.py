"""Tools nobody changed for it: the AWS command line against the HTTP door. Skipped where ``aws`` is not installed."""

import json
import os
import shutil
import subprocess

import pytest

from reconciler.simulator import Simulator

AWS = shutil.which("aws")
pytestmark = pytest.mark.skipif(AWS is None, reason="aws is not installed")
SPEED = 5000  # a service is stable when the first poll of `wait` asks: the next comes 15 s later


@pytest.fixture
def aws(tmp_path):
    """``aws("ecs", "list-clusters")`` gives the answer; another exit code than 0 is a failure."""
    with Simulator().serve(speed=SPEED) as server:
        environment = os.environ | {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

        def run(*words):
            done = subprocess.run(
                [str(AWS), *words], capture_output=True, text=True, env=environment, timeout=120, check=False
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout) if done.stdout.strip() else {}

        yield run


def test_a_service_from_its_creation_to_its_end(aws):
    web = ("--cluster", "main", "--service", "web")
    wait = ("--cluster", "main", "--services", "web")
    assert aws("ecs", "create-cluster", "--cluster-name", "main")["cluster"]["status"] == "ACTIVE"
    container = '[{"name":"app","image":"nginx","memory":128}]'
    aws("ecs", "register-task-definition", "--family", "web", "--container-definitions", container)
    creation = ("--cluster", "main", "--service-name", "web", "--task-definition", "web", "--desired-count", "2")
    aws("ecs", "create-service", *creation)
    aws("ecs", "wait", "services-stable", *wait)
    changed = aws("ecs", "update-service", *web, "--desired-count", "3", "--force-new-deployment")
    assert [d["status"] for d in changed["service"]["deployments"]] == ["PRIMARY", "ACTIVE"]
    aws("ecs", "wait", "services-stable", *wait)
    assert len(aws("ecs", "list-tasks", "--cluster", "main", "--service-name", "web")["taskArns"]) == 3
    aws("ecs", "delete-service", *web, "--force")
    aws("ecs", "wait", "services-inactive", *wait)
    assert aws("ecs", "delete-cluster", "--cluster", "main")["cluster"]["status"] == "INACTIVE"


def test_the_other_services_answer_it_too(aws):
    aws("ecs", "create-cluster", "--cluster-name", "main", "--tags", "key=owner,value=a")
    found = aws("resourcegroupstaggingapi", "get-resources", "--tag-filters", "Key=owner,Values=a")
    assert len(found["ResourceTagMappingList"]) == 1
    scaling = "application-autoscaling"
    assert aws(scaling, "describe-scalable-targets", "--service-namespace", "ecs") == {"ScalableTargets": []}
    aws("logs", "create-log-group", "--log-group-name", "/x")
    aws("ssm", "put-parameter", "--name", "/p", "--value", "v", "--type", "String")
    assert aws("ssm", "get-parameter", "--name", "/p")["Parameter"]["Value"] == "v"
    aws("secretsmanager", "create-secret", "--name", "s", "--secret-string", "x")
    assert aws("elbv2", "describe-target-groups") == {"TargetGroups": []}
    assert aws("sts", "get-caller-identity")["Account"] == "123456789012"
