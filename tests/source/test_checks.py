"""Mistakes that no member shows by itself: names given twice, tags of others, paths that lead nowhere."""

from __future__ import annotations

import pytest

HEAD = "apiVersion: reconciler/v1\n"
TASK = HEAD + "kind: TaskDefinition\nmetadata: {name: puma}\nspec:\n"
WEB = "  containerDefinitions:\n    - name: web\n      image: nginx:1\n      memory: 128\n"
SERVICE = HEAD + "kind: Service\nmetadata: {name: puma}\nspec:\n  taskDefinition: a:1\n"


def problems(rendered, text):
    return rendered({"apps/a/x.yaml": text}).problems


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (TASK + WEB + "      environment: [{name: A, value: x}, {name: A, value: y}]\n", "containerDefinitions[0].environment are named A"),
        (TASK + WEB + "  tags: [{key: a, value: x}, {key: a, value: y}]\n", "tags are named a"),
        (TASK + WEB + "    - {name: web, image: b, memory: 5}\n", "containerDefinitions are named web"),
        (TASK + WEB + "      portMappings: [{containerPort: 80}, {containerPort: 80, protocol: tcp}]\n", "portMappings are named 80/tcp"),
    ],
)  # fmt: skip
def test_two_elements_of_one_name_are_refused_with_both_places(text, what, rendered) -> None:
    [problem] = problems(rendered, text)
    assert what in problem.message
    assert problem.severity == "error"
    assert [word for _, word in problem.related] == ["the first one"]


def test_elements_of_other_names_and_ports_are_well(rendered) -> None:
    ports = "[{containerPort: 80}, {containerPort: 80, protocol: udp}, {containerPort: 81}]"
    text = (
        TASK + WEB + f"      environment: [{{name: A, value: x}}, {{name: a, value: x}}]\n      portMappings: {ports}\n"
    )
    assert problems(rendered, text) == ()


@pytest.mark.parametrize("key", ["reconciler:owner", "aws:x", "AWS:x", "Reconciler:x"])
def test_a_tag_that_is_not_ours_to_set_is_refused(key, rendered) -> None:
    [problem] = problems(rendered, SERVICE + f"  tags: [{{key: '{key}', value: x}}]\n")
    assert (problem.code, problem.severity) == ("reserved-tag", "error")


def test_a_former_name_of_another_kind_is_refused(rendered) -> None:
    [problem] = problems(rendered, SERVICE.replace("{name: puma}", "{name: puma, formerly: TaskDefinition/old}"))
    assert "TaskDefinition" in problem.message
    assert problem.severity == "error"


def test_an_ignored_path_that_names_no_member_is_warned_of(rendered) -> None:
    result = rendered(
        {"apps/a/x.yaml": SERVICE.replace("{name: puma}", "{name: puma, policy: {ignore: [desiredCuont]}}")}
    )
    [problem] = result.problems
    assert problem.severity == "warning"
    assert "desiredCuont" in problem.message
    assert problem.hint == "did you mean 'desiredCount'?"
    assert result.documents


@pytest.mark.parametrize(
    "path",
    ["cpu", "containerDefinitions.web.image", "containerDefinitions.web.environment.A", "tags", "tags.a.b",
     "containerDefinitions.web.dockerLabels.x", "containerDefinitions.web.command.0"],
)  # fmt: skip
def test_an_ignored_path_goes_by_what_names_an_element(path, rendered) -> None:
    text = TASK.replace("{name: puma}", f"{{name: puma, policy: {{ignore: [{path}]}}}}")
    assert problems(rendered, text + WEB) == ()
