"""Files of other tools are recognised and refused by name."""

from __future__ import annotations

import pytest

FILES = {
    "a CloudFormation template": [
        "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n",
        "Resources:\n  Web: {Type: AWS::ECS::Service}\n",
    ],
    "an AppSpec file of CodeDeploy": [
        "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n",
    ],
    "a Docker Compose file": [
        "services:\n  web: {image: nginx}\n",
        "version: '3'\nservices:\n  web: {build: .}\nvolumes: {}\n",
    ],
    "a Copilot manifest": ["name: api\ntype: Backend Service\nimage: {build: Dockerfile}\n"],
    "a PipeCD application": ["apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec: {}\n"],
    "a Kubernetes manifest": [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    ],
    "an ecs-params file of the ECS CLI": ["version: 1\ntask_definition:\n  ecs_network_mode: awsvpc\n"],
    "an ecspresso configuration": [
        "region: eu-west-1\ncluster: x\nservice: y\nservice_definition: s.json\ntask_definition: t.json\n",
    ],
    "an ecschedule configuration": ["region: eu-west-1\ncluster: x\nrules:\n  - name: a\n"],
    "a hako definition": ["scheduler:\n  type: ecs\napp: {image: x}\n"],
    "a CircleCI configuration": ["version: 2.1\njobs: {}\nworkflows: {}\n"],
    "a GitHub Actions workflow": ["name: x\non: push\njobs: {}\n"],
    "a Serverless Framework file": ["service: x\nprovider: {name: aws}\nfunctions: {}\n"],
    "a bare task definition of the ECS API": [
        "family: x\ncontainerDefinitions: []\n",
        "taskDefinition: {family: x, revision: 3}\n",
    ],
    "a bare service of the ECS API": ["serviceName: x\n", "desiredCount: 1\nloadBalancers: []\n"],
    "an answer of the ECS API about services": [
        "services: [{serviceName: x}]\nfailures: []\n",
        "service: {serviceName: x}\n",
    ],
    "a bare list of container definitions": ["- {name: web, image: nginx}\n"],
}


@pytest.mark.parametrize(("what", "text"), [(what, text) for what, texts in FILES.items() for text in texts])
def test_a_file_of_another_tool_is_refused_by_name(what, text, rendered) -> None:
    [problem] = rendered({"apps/a/x.yaml": text}).problems
    assert problem.code == "foreign-format"
    assert problem.message == f"this is {what}, not a manifest"
    assert problem.hint
    assert problem.at.line == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just text\n", "plain text where a manifest has to be an object"),
        ("- a\n- b\n", "a list where a manifest has to be an object"),
        ("a: 1\n", "'kind' is missing: this is not a manifest"),
        ("kind: [Service]\n", "what stands here is not a kind"),
    ],
)
def test_what_looks_like_nothing_known_is_refused_too(text, message, rendered) -> None:
    assert message in [problem.message for problem in rendered({"apps/a/x.yaml": text}).problems]


@pytest.mark.parametrize(
    "text",
    [
        "{{ if x }}\na: 1\n",
        "a: {{ b }}\n",
        "{% for x in y %}\n- a\n{% endfor %}\n",
        "a: <%= b %>\nc: {{d}}\n",
        '{"a": {{ must_env `X` }} }',
    ],
)
def test_template_source_is_told_to_be_rendered_first(text, rendered) -> None:
    [problem] = rendered({"apps/a/x.yaml": text}).problems
    assert problem.code == "template"
    assert "render it first" in problem.message
