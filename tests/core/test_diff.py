"""What differs, member by member, and what is not ours to change."""

from __future__ import annotations

import pytest

from reconciler.core.diff import diff, target
from reconciler.kinds.service_fields import FIELDS as SERVICE
from reconciler.kinds.task_definition_fields import FIELDS as DEFINITION
from reconciler.model.canonical import canonical
from reconciler.model.fields import UNSET, Effect
from reconciler.model.tree import pending_after

NOBODY: frozenset[str] = frozenset()


def service(desired, live, ignore=(), driven=NOBODY):
    wanted, there = canonical(SERVICE, desired), canonical(SERVICE, live)
    found = diff(SERVICE, target(SERVICE, wanted, there, [tuple(path.split(".")) for path in (*ignore, *driven)]), there)
    return {change.text: (change.before, change.after) for change in found}


def definition(desired, live):
    found = diff(DEFINITION, canonical(DEFINITION, desired), canonical(DEFINITION, live))
    return {change.text: (change.before, change.after) for change in found}


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        ({"desiredCount": 2}, {"desiredCount": 3}, {"desiredCount": (3, 2)}),
        ({}, {"desiredCount": 3}, {}),
        ({"desiredCount": 0}, {"desiredCount": 3}, {"desiredCount": (3, 0)}),
        ({}, {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, {}),
        (
            {"capacityProviderStrategy": []},
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            {"capacityProviderStrategy.FARGATE": ({"capacityProvider": "FARGATE"}, UNSET)},
        ),
        ({}, {"healthCheckGracePeriodSeconds": 30}, {"healthCheckGracePeriodSeconds": (30, 0)}),
        ({}, {"deploymentConfiguration": {"maximumPercent": 150}}, {"deploymentConfiguration.maximumPercent": (150, 200)}),
        ({}, {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a"]}}}, {}),
        ({}, {"serviceConnectConfiguration": {"enabled": True}}, {"serviceConnectConfiguration": ({"enabled": True}, {"enabled": False})}),
        ({}, {"placementStrategy": [{"type": "random"}]}, {"placementStrategy": ([{"type": "random"}], [])}),
        ({}, {"monitoring": {"x": 1}}, {}),
        ({}, {"memberOfTomorrow": "x"}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_of_a_service(desired, live, expected):
    assert service(desired, live) == expected


def test_an_ignored_path_and_a_count_somebody_else_drives_are_left():
    live = {"desiredCount": 9, "deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}}
    assert service({"desiredCount": 2}, live, ("deploymentConfiguration",), frozenset({"desiredCount"})) == {}


def test_a_value_not_known_yet_differs_from_any_that_is():
    after = pending_after("TaskDefinition/web")
    assert service({"taskDefinition": after}, {"taskDefinition": "web:1"}) == {"taskDefinition": ("web:1", after)}


def test_paths_of_a_definition_go_by_name():
    web = {"name": "web", "image": "a", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    changed = {**web, "environment": [{"name": "A", "value": "1"}, {"name": "C", "value": "3"}], "command": ["x"]}
    assert definition({"containerDefinitions": [changed]}, {"containerDefinitions": [web]}) == {
        "containerDefinitions.web.command": (UNSET, ["x"]),
        "containerDefinitions.web.environment.B": ("2", UNSET),
        "containerDefinitions.web.environment.C": (UNSET, "3"),
    }


def test_a_container_added_is_one_change():
    web, side = {"name": "web", "image": "a"}, {"name": "side", "image": "b"}
    assert definition({"containerDefinitions": [web, side]}, {"containerDefinitions": [web]}) == {
        "containerDefinitions.side": (UNSET, side)
    }


def test_what_a_new_revision_lacks_is_removed():
    live = {"containerDefinitions": [{"name": "web", "image": "a", "user": "root"}]}
    desired = {"containerDefinitions": [{"name": "web", "image": "a"}]}
    assert definition(desired, live) == {"containerDefinitions.web.user": ("root", UNSET)}


def test_each_change_says_what_it_does():
    there = canonical(SERVICE, {"taskDefinition": "web:1", "desiredCount": 1, "enableExecuteCommand": True})
    wanted = canonical(SERVICE, {"taskDefinition": "web:2", "desiredCount": 2})
    assert {change.text: change.effect for change in diff(SERVICE, wanted, there)} == {
        "taskDefinition": Effect.ROLLS_TASKS,
        "desiredCount": Effect.IN_PLACE,
        "enableExecuteCommand": Effect.NEW_TASKS_ONLY,
    }


def test_the_inputs_are_not_touched():
    wanted, there = {"desiredCount": 2}, {"desiredCount": 3}
    diff(SERVICE, target(SERVICE, wanted, there, [("desiredCount",)]), there)
    assert (wanted, there) == ({"desiredCount": 2}, {"desiredCount": 3})
