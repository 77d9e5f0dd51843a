"""What ECS refuses in a service, and what could never finish rolling."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS
from reconciler.model.desired import Reference
from reconciler.model.errors import Severity
from tests.builders import k

OKAY = {"serviceName": "web", "taskDefinition": "web:1"}


def found(**spec):
    given = {name: value for name, value in {**OKAY, **spec}.items() if value is not None}
    return [(finding.code, ".".join(map(str, finding.path))) for finding in KINDS["Service"].check(given)]


def percent(lowest=None, highest=None):
    both = {"minimumHealthyPercent": lowest, "maximumPercent": highest}
    return {name: value for name, value in both.items() if value is not None}


@pytest.mark.parametrize(
    ("spec", "findings"),
    [
        ({}, []),
        ({"taskDefinition": Reference(k("TaskDefinition/web"))}, []),
        ({"taskDefinition": None}, [("missing-member", "taskDefinition")]),
        ({"taskDefinition": None, "deploymentController": {"type": "EXTERNAL"}}, []),
        ({"taskDefinition": None, "deploymentController": {"type": "CODE_DEPLOY"}}, [("missing-member", "taskDefinition")]),
        ({"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "x"}]}, [("launch-type", "launchType")]),
        ({"launchType": "FARGATE", "capacityProviderStrategy": []}, []),
        ({"launchType": "EC2", "networkConfiguration": {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}}},
         [("public-ip", "networkConfiguration.awsvpcConfiguration.assignPublicIp")]),
        ({"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}}}, []),
        ({"schedulingStrategy": "DAEMON", "desiredCount": 2}, [("daemon", "desiredCount")]),
        ({"schedulingStrategy": "DAEMON", "placementStrategy": [{"type": "random"}], "volumeConfigurations": [{"name": "v"}]},
         [("daemon", "placementStrategy"), ("daemon", "volumeConfigurations")]),
        ({"schedulingStrategy": "DAEMON", "desiredCount": 0, "placementStrategy": []}, []),
        ({"networkConfiguration": None, "deploymentController": None}, []),
    ],
    ids=str,
)  # fmt: skip
def test_what_ecs_would_refuse(spec, findings):
    assert found(**spec) == findings


@pytest.mark.parametrize(
    ("count", "lowest", "highest", "hangs"),
    [
        (2, None, None, False),
        (2, 100, 100, True),
        (None, 100, 100, True),
        (None, 100, 101, False),
        (None, 99, 100, False),
        (1, 50, 100, True),  # half of one task is one
        (2, 50, 100, False),
        (2, 51, 100, True),
        (1, 100, 199, True),
        (1, 100, 200, False),
        (4, 100, 125, False),
        (4, 100, 124, True),
        (1, 0, 100, False),
        (0, 100, 100, True),  # as soon as there is one
        (Reference(k("Parameter/count")), 100, 100, True),
    ],
)
def test_percentages_that_leave_no_room_are_warned_of(count, lowest, highest, hangs):
    spec = {"deploymentConfiguration": percent(lowest, highest), "desiredCount": count}
    assert found(**spec) == [("cannot-roll", "deploymentConfiguration")] * hangs


def test_percentages_of_what_ecs_does_not_roll_by_them_are_no_matter():
    controller = {"type": "CODE_DEPLOY"}
    assert found(deploymentConfiguration=percent(100, 100), deploymentController=controller) == []


@pytest.mark.parametrize(("said", "hangs"), [(percent(100, 100), True), ({"minimumHealthyPercent": 100}, True),
                                             ({}, False), (percent(0, 100), False), (percent(50, 100), False)])  # fmt: skip
def test_a_daemon_that_may_not_stop_a_task_first_hangs(said, hangs):
    assert (
        found(deploymentConfiguration=said, schedulingStrategy="DAEMON")
        == [("cannot-roll", "deploymentConfiguration")] * hangs
    )


def test_no_room_is_a_warning_and_says_what_to_do():
    [finding] = KINDS["Service"].check({**OKAY, "desiredCount": 1, "deploymentConfiguration": percent(100, 100)})
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("with desiredCount 1 minimumHealthyPercent 100 and maximumPercent 100")
    assert finding.hint == "raise maximumPercent or lower minimumHealthyPercent"
