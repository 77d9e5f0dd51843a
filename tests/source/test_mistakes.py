"""What a person reads who made a mistake: the place, the line, the cause, what to do."""

from __future__ import annotations

import pytest

from reconciler.report.problems import draw

HEAD = "apiVersion: reconciler/v1\n"
SERVICE = HEAD + "kind: Service\nmetadata: {name: puma}\nspec:\n"
TASK = HEAD + "kind: TaskDefinition\nmetadata: {name: puma}\nspec:\n"
WEB = "  containerDefinitions:\n    - name: web\n      image: nginx:1\n      memory: 128\n"
GOOD = SERVICE + "  taskDefinition: puma:7\n"
ENV = HEAD + "kind: Environment\nspec:\n  cluster: main\n"

MISTAKES: dict[str, dict[str, str | bytes]] = {
    "misspelled-member": {"apps/a/web.yaml": SERVICE + "  taskDefinition: puma\n  desiredCuont: 3\n"},
    "wrong-case-of-a-member": {"apps/a/web.yaml": TASK + WEB + "  NetworkMode: awsvpc\n"},
    "member-in-the-wrong-object": {"apps/a/web.yaml": SERVICE + "  taskDefinition: puma\n  subnets: [a]\n  minimumHealthyPercent: 50\n"},
    "misspelled-enum": {"apps/a/web.yaml": SERVICE + "  taskDefinition: puma\n  launchType: fargate\n"},
    "text-for-a-number": {"apps/a/web.yaml": SERVICE + "  taskDefinition: puma\n  desiredCount: two\n"},
    "placeholder-for-a-number": {"apps/a/web.yaml": SERVICE + "  taskDefinition: puma\n  desiredCount: <COUNT>\n"},
    "yes-for-true": {"apps/a/web.yaml": SERVICE + "  taskDefinition: puma\n  enableExecuteCommand: yes\n"},
    "number-that-loses-its-text": {"apps/a/web.yaml": TASK + WEB + "      environment:\n        - {name: V, value: 1.10}\n"},
    "octal-looking-number": {"apps/a/web.yaml": TASK + WEB + "      user: 0777\n"},
    "list-for-an-object": {"apps/a/web.yaml": TASK + WEB + "      logConfiguration:\n        - logDriver: awslogs\n"},
    "object-for-a-list": {"apps/a/web.yaml": TASK + WEB + "      environment:\n        RAILS_ENV: production\n"},
    "text-for-a-list": {"apps/a/web.yaml": TASK + WEB + "      command: bin/rails server\n"},
    "missing-member": {"apps/a/web.yaml": TASK + "  cpu: 256\n"},
    "missing-member-inside": {"apps/a/web.yaml": TASK + WEB + "      logConfiguration:\n        options: {a: b}\n"},
    "empty-tag-key": {"apps/a/web.yaml": TASK + WEB + '  tags:\n    - {key: "", value: x}\n'},
    "no-cluster-anywhere": {"apps/a/web.yaml": GOOD, "environments/production.yaml": HEAD + "kind: Environment\n"},
    "duplicate-key": {"apps/a/web.yaml": SERVICE + "  desiredCount: 1\n  taskDefinition: puma\n  desiredCount: 2\n"},
    "duplicate-manifest": {"apps/a/a.yaml": GOOD, "apps/a/b.yaml": "---\n" + GOOD},
    "unknown-kind": {"apps/a/web.yaml": GOOD.replace("kind: Service", "kind: Servcie")},
    "missing-kind": {"apps/a/web.yaml": HEAD + "Kind: Service\nmetadata: {name: a}\n"},
    "wrong-api-version": {"apps/a/web.yaml": GOOD.replace("reconciler/v1", "reconciler/v2")},
    "no-name": {"apps/a/web.yaml": HEAD + "kind: Service\nmetadata:\n  labels: {a: b}\nspec: {}\n"},
    "impossible-name": {"apps/a/web.yaml": GOOD.replace("puma}", "'puma web'}")},
    "unknown-metadata": {"apps/a/web.yaml": GOOD.replace("{name: puma}", "{name: puma, namespace: x, lables: {}}")},
    "policy": {"apps/a/web.yaml": GOOD.replace("{name: puma}", "{name: puma, policy: {drift: warm, timeout: soon, prun: true, deletionLimit: -1}}")},
    "depends-on": {"apps/a/web.yaml": GOOD.replace("{name: puma}", "{name: puma, dependsOn: [Jbo/x, Service/puma, a/b/c/d]}")},
    "formerly-still-here": {"apps/a/web.yaml": GOOD.replace("{name: puma}", "{name: puma, formerly: web}") + "---\n" + GOOD.replace("puma}", "web}")},
    "unknown-variable": {"apps/a/web.yaml": TASK + WEB.replace("nginx:1", "${{ vars.imgae }}:1"), "environments/production.yaml": ENV + "  vars: {image: nginx}\n"},
    "unknown-variable-root": {"apps/a/web.yaml": TASK + WEB.replace("nginx:1", "nginx:${{ environment.name }}")},
    "logic-in-a-variable": {"apps/a/web.yaml": TASK + WEB.replace("nginx:1", "nginx:${{ vars.x || 'a' }}")},
    "variable-never-closed": {"apps/a/web.yaml": TASK + WEB.replace("nginx:1", "nginx:${{ vars.x }")},
    "variable-in-a-variable": {"apps/a/web.yaml": GOOD, "environments/production.yaml": ENV + '  vars: {a: "${{ env.name }}"}\n'},
    "object-inside-text": {"apps/a/web.yaml": TASK + WEB.replace("nginx:1", "x-${{ vars.db }}"), "environments/production.yaml": ENV + "  vars: {db: {host: a}}\n"},
    "patch-without-effect": {"apps/a/web.yaml": GOOD, "environments/production.yaml": ENV + "  patches:\n    - select: {name: pumba}\n      spec: {desiredCount: 2}\n"},
    "patch-of-an-unknown-kind": {"apps/a/web.yaml": GOOD, "environments/production.yaml": ENV + "  patches:\n    - select: {kind: Servise}\n      spec: {desiredCount: 2}\n"},
    "patch-without-selection": {"apps/a/web.yaml": GOOD, "environments/production.yaml": ENV + "  patches:\n    - spec: {desiredCount: 2}\n"},
    "patch-of-a-nameless-element": {"apps/a/web.yaml": TASK + WEB, "environments/production.yaml": ENV + "  patches:\n    - select: {kind: TaskDefinition}\n      spec:\n        containerDefinitions:\n          - memory: 256\n"},
    "patch-with-a-wrong-value": {"apps/a/web.yaml": TASK + WEB, "environments/production.yaml": ENV + "  patches:\n    - select: {name: puma}\n      spec:\n        containerDefinitions:\n          - {name: web, memory: lots}\n"},
    "patch-removes-what-is-not-there": {"apps/a/web.yaml": TASK + WEB, "environments/production.yaml": ENV + "  patches:\n    - select: {name: puma}\n      spec:\n        containerDefinitions:\n          - {name: datadog, $remove: true}\n"},
    "environment": {"apps/a/web.yaml": GOOD, "environments/production.yaml": HEAD + "kind: Environment\nmetadata: {name: prod}\nspec:\n  cluster: main\n  regoin: eu-west-1\n  accountId: 12345\n  apps: [b]\n"},
    "account-id-without-quotes": {"apps/a/web.yaml": GOOD, "environments/production.yaml": ENV + "  accountId: 012345678901\n"},
    "environment-of-an-app-that-is-nowhere": {"apps/a/web.yaml": GOOD, "apps/a/environments/prodction.yaml": HEAD + "kind: Environment\n"},
    "misplaced-environment": {"apps/a/web.yaml": GOOD, "apps/a/production.yaml": HEAD + "kind: Environment\n"},
    "app": {"apps/a/web.yaml": GOOD, "apps/a/app.yaml": HEAD + "kind: App\nspec:\n  dependsOn: [b]\n  suspended: true\n"},
    "several-answers-in-one": {"apps/a/web.yaml": SERVICE + "  services:\n    - {serviceName: a, taskDefinition: x}\n    - {serviceName: b, taskDefinition: x}\n"},
    "unclosed-quote": {"apps/a/web.yaml": GOOD + '  serviceName: "puma\n  desiredCount: 1\n'},
    "unclosed-list": {"apps/a/web.yaml": GOOD + "  tags: [{key: a, value: b}\n"},
    "tab-indentation": {"apps/a/web.yaml": GOOD + "\tdesiredCount: 1\n"},
    "colon-in-text": {"apps/a/web.yaml": GOOD + "  platformVersion: a: b\n"},
    "wrong-indentation": {"apps/a/web.yaml": GOOD + "    desiredCount: 1\n"},
    "alias": {"apps/a/web.yaml": GOOD + "  tags: *tags\n"},
    "anchor-and-merge-key": {"apps/a/web.yaml": GOOD + "  deploymentController: &x {type: ECS}\n  <<: {desiredCount: 1}\n"},
    "custom-tag": {"apps/a/web.yaml": GOOD + "  desiredCount: !Ref Count\n"},
    "template-source": {"apps/a/web.yaml": GOOD + "  {{- if .Values.replicas }}\n  desiredCount: {{ .Values.replicas }}\n  {{- end }}\n"},
    "template-value": {"apps/a/web.yaml": GOOD + "  desiredCount: {{ replicas }}\n"},
    "variable-in-a-flow-list": {"apps/a/web.yaml": TASK + WEB + "      command: [${{ vars.x }}]\n"},
    "binary-file": {"apps/a/web.yaml": b"\x00\x01\xff\xfe"},
    "control-character": {"apps/a/web.yaml": GOOD + "  platformVersion: 'a\x07'\n"},
    "left-out-with-dots": {"apps/a/task.json": '{\n  "apiVersion": "reconciler/v1",\n  ...\n  "kind": "Service"\n}\n'},
    "no-apps": {},
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told(name, rendered, golden) -> None:
    result = rendered(MISTAKES[name])
    golden(name, "\n\n".join(draw(problem) for problem in result.problems))
    assert result.problems


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_manifest_is_no_document_but_known_to_be_there(name, rendered) -> None:
    result = rendered(MISTAKES[name])
    wrong = {problem.key for problem in result.problems if problem.key and problem.severity == "error"}
    assert not wrong & {document.key for document in result.documents}
    assert wrong <= result.failed


def test_of_a_value_that_cannot_be_read_one_thing_is_told(rendered) -> None:
    for value in ("0777", "${{ vars.nowhere }}", "!Ref x", "*alias"):
        spec = f"  taskDefinition: x:1\n  desiredCount: {value}\n"
        policy = SERVICE.replace("{name: puma}", f"{{name: puma, policy: {{drift: '{value}'}}}}")
        assert len(rendered({"apps/a/web.yaml": SERVICE + spec}).problems) == 1
        assert len(rendered({"apps/a/web.yaml": policy + "  taskDefinition: x:1\n"}).problems) == 1
        for member in ("name", "app"):
            named = SERVICE.replace(
                "{name: puma}", f"{{name: puma, {member}: '${{{{ vars.x }}}}'}}".replace("name: puma, name", "name")
            )
            assert [it.code for it in rendered({"apps/a/web.yaml": named}).problems] == ["unknown-variable"]


def test_of_a_document_that_breaks_off_nothing_else_is_told(rendered) -> None:
    result = rendered({"apps/a/web.yaml": "zzz: 1\n" + SERVICE + "  zzz: 'x\n"})
    assert [problem.code for problem in result.problems] == ["syntax"]
    assert [str(key) for key in result.failed] == ["a/Service/puma"]


@pytest.mark.parametrize(
    "wrong", [ENV + "  zzz: 1\n", ENV + "---\n" + ENV, "", "a: [", ENV + "  region: ${{ vars.x }}\n"]
)
def test_an_environment_that_is_wrong_gives_no_documents(wrong, rendered) -> None:
    result = rendered({"apps/a/web.yaml": GOOD, "environments/production.yaml": wrong})
    assert result.documents == ()
    assert [str(key) for key in result.failed] == ["a/Service/puma"]
    assert not result.complete
    assert [problem.at.file for problem in result.problems] == ["environments/production.yaml"]


def test_every_mistake_of_a_repository_is_told_in_one_run_sorted_by_place(rendered) -> None:
    files = {
        "apps/b/web.yaml": SERVICE + "  desiredCuont: 3\n",
        "apps/a/x.yaml": "a: [",
        "apps/a/web.yaml": TASK + WEB + "  cpu: [1]\n  memory: {}\n  zzz: 1\n",
    }
    places = [(problem.at.file, problem.at.line) for problem in rendered(files).problems]
    assert places == [("apps/a/web.yaml", 9), ("apps/a/web.yaml", 10), ("apps/a/web.yaml", 11), *places[3:]]
    assert [file for file, _ in places[3:]] == ["apps/a/x.yaml", "apps/b/web.yaml"]


def test_a_mistake_holds_back_its_own_app(rendered) -> None:
    result = rendered({"apps/bad/web.yaml": SERVICE + "  x: 1\n", "apps/good/web.yaml": GOOD})
    assert [problem.app for problem in result.problems] == ["bad"]
    assert [str(document.key) for document in result.documents] == ["good/Service/puma"]
    assert not result.complete


def test_an_app_that_the_environment_leaves_out_is_not_held_against_it(rendered) -> None:
    environment = ENV + "  apps: [good]\n"
    files = {"apps/bad/a.yaml": "a: [", "apps/good/web.yaml": GOOD, "environments/production.yaml": environment}
    result = rendered(files)
    assert result.complete
    assert list(result.apps) == ["good"]
