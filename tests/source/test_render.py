"""From files to what one environment wants: environments, patches, variables, policy, defaults."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.kinds import KINDS
from reconciler.model.errors import InvalidManifests
from reconciler.model.key import Key
from reconciler.model.policy import Policy
from reconciler.source.policy import seconds
from reconciler.source.render import environments, render
from reconciler.source.revision import Revision

HEAD = "apiVersion: reconciler/v1\n"
ENV = HEAD + "kind: Environment\nspec:\n  region: eu-west-1\n  cluster: main\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def service(name: str = "puma", spec: str = "", metadata: str = "") -> str:
    return f"{HEAD}kind: Service\nmetadata:\n  name: {name}\n{metadata}spec:\n  taskDefinition: x:1\n{spec}"


def task(name: str = "puma", spec: str = "", metadata: str = "") -> str:
    containers = "  containerDefinitions:\n    - {name: web, image: nginx, memory: 128}\n"
    return f"{HEAD}kind: TaskDefinition\nmetadata:\n  name: {name}\n{metadata}spec:\n{containers}{spec}"


def only(result):
    assert result.complete, result.problems
    [document] = result.documents
    return document


def test_a_manifest_becomes_a_document_with_its_places(rendered) -> None:
    result = rendered({"apps/bookstore/web.yaml": service(spec="  desiredCount: 2\n")}, commit=COMMIT)
    document = only(result)
    assert document.key == Key("bookstore", "Service", "puma")
    assert document.spec == {"serviceName": "puma", "cluster": "main", "taskDefinition": "x:1", "desiredCount": 2}
    assert str(document.position(("desiredCount",))) == "apps/bookstore/web.yaml:7:17"
    assert str(document.position(("serviceName",))) == "apps/bookstore/web.yaml:4:9"
    assert str(document.position(("cluster",))) == "environments/production.yaml:5:12"
    assert str(document.position(("nowhere", 3))) == "apps/bookstore/web.yaml:5:1"
    assert str(document.at) == "apps/bookstore/web.yaml:2:1"
    assert (result.commit, result.environment.region, list(result.apps)) == (COMMIT, "eu-west-1", ["bookstore"])


def test_aws_own_name_and_cluster_in_the_spec_win(rendered) -> None:
    document = only(rendered({"apps/a/web.yaml": service(spec="  serviceName: other\n  cluster: mine\n")}))
    assert (document.spec["serviceName"], document.spec["cluster"]) == ("other", "mine")


def test_a_document_can_belong_to_another_app_than_its_folder(rendered) -> None:
    result = rendered({"apps/a/web.yaml": service(metadata="  app: b\n")})
    assert only(result).key == Key("b", "Service", "puma")
    assert list(result.apps) == ["a", "b"]


def test_a_document_outside_of_every_app_has_to_name_its_app(rendered) -> None:
    assert only(rendered({"apps/web.yaml": service(metadata="  app: b\n")})).key.app == "b"
    [problem] = rendered({"apps/web.yaml": service()}).problems
    assert "metadata.app" in problem.message


def test_environments_are_named_by_their_files() -> None:
    files = {
        "environments/b.yml": b"",
        "environments/a.yaml": b"",
        "environments/c.json": b"",
        "apps/x/environments/d.yaml": b"",
    }
    assert environments(Revision(None, files)) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("name", "hint"), [("prodction", "did you mean 'production'?"), ("x", "environments are: production")]
)
def test_an_unknown_environment_names_the_known_ones(rendered, name, hint) -> None:
    with pytest.raises(InvalidManifests) as raised:
        rendered({"apps/a/web.yaml": service()}, environment=name)
    assert raised.value.problems[0].hint == hint


def test_an_app_can_be_in_several_environments(rendered) -> None:
    files = {
        "apps/a/web.yaml": service(spec="  serviceName: web-${{ env.name }}\n"),
        "environments/staging.yaml": ENV,
    }
    assert [only(rendered(files, environment=name)).spec["serviceName"] for name in ("production", "staging")] == [
        "web-production",
        "web-staging",
    ]


# -- variables


def with_vars(variables: str) -> str:
    return ENV + f"  vars: {variables}\n"


def test_a_whole_scalar_variable_keeps_its_type(rendered) -> None:
    document = only(
        rendered(
            {
                "apps/a/web.yaml": task(
                    spec="  cpu: ${{ vars.cpu }}\n  volumes: ${{ vars.volumes }}\n  tags: ${{ vars.tags }}\n"
                ),
                "environments/production.yaml": with_vars("{cpu: 256, volumes: [{name: data}], tags: null}"),
            }
        )
    )
    assert document.spec["cpu"] == "256"
    assert document.spec["volumes"] == [{"name": "data"}]
    assert "tags" not in document.spec
    assert str(document.position(("volumes", 0, "name"))).startswith("environments/production.yaml:6:")


def test_inside_text_a_variable_is_its_own_text(rendered) -> None:
    text = "v${{ vars.n }}-${{vars.f}}-${{ vars.b }}-${{ vars.db.host }}-$${{ x }}-${X}-$Y"
    document = only(
        rendered(
            {
                "apps/a/web.yaml": task(spec=f"  family: '{text}'\n"),
                "environments/production.yaml": with_vars("{n: 1, f: 1.10, b: true, db: {host: h}}"),
            }
        )
    )
    assert document.spec["family"] == "v1-1.10-true-h-${{ x }}-${X}-$Y"


def test_variables_of_the_app_win_and_those_of_its_environment_win_over_them(rendered) -> None:
    files = {
        "environments/production.yaml": with_vars("{a: 1, b: 1, c: 1, deep: {x: 1, y: 1}}"),
        "apps/a/app.yaml": HEAD + "kind: App\nspec:\n  vars: {b: 2, c: 2, deep: {y: 2}}\n",
        "apps/a/environments/production.yaml": HEAD + "kind: Environment\nspec:\n  vars: {c: 3}\n",
        "apps/a/web.yaml": task(
            spec="  family: ${{ vars.a }}${{ vars.b }}${{ vars.c }}${{ vars.deep.x }}${{ vars.deep.y }}\n"
        ),
    }
    assert only(rendered(files)).spec["family"] == "12312"


def test_the_commit_is_a_variable_and_warned_of_where_it_rolls_tasks(rendered) -> None:
    files = {
        "apps/a/task.yaml": task(spec="  cpu: 256\n").replace("nginx", '"web:${{ git.sha }}"'),
        "apps/a/web.yaml": service(metadata="  labels: {commit: '${{ git.shortSha }}'}\n"),
    }
    result = rendered(files, commit=COMMIT)
    assert result.complete
    assert [(problem.code, problem.severity, problem.path) for problem in result.problems] == [
        ("commit-rolls-tasks", "warning", "containerDefinitions[0].image")
    ]
    assert result.documents[0].labels == {"commit": "0123456"}
    [problem, *_] = rendered(files, commit=None).problems
    assert "read as it lies" in problem.message


def test_variables_cannot_make_a_manifest_endlessly_large(rendered) -> None:
    environment = with_vars("{big: '" + "x" * 100_000 + "', list: [" + "1," * 9_000 + "]}")
    for use in ("${{ vars.big }}" * 5_000, "[" + "'${{ vars.list }}', " * 5_000 + "]"):
        files = {"apps/a/web.yaml": service(spec=f"  role: {use}\n"), "environments/production.yaml": environment}
        codes = [problem.code for problem in rendered(files).problems]
        assert codes.count("too-large") == 1


def test_what_the_environment_does_not_say_is_no_variable(rendered) -> None:
    [problem] = rendered({"apps/a/web.yaml": service(spec="  role: ${{ env.accountId }}\n")}).problems
    assert problem.message == "env.accountId has no value here: environment production does not say its accountId"


def test_an_environment_may_use_its_own_name_and_variables(rendered) -> None:
    environment = (
        HEAD + "kind: Environment\nspec:\n  cluster: ${{ vars.prefix }}-${{ env.name }}\n  vars: {prefix: x}\n"
    )
    assert only(rendered({"apps/a/a.yaml": service(), "environments/production.yaml": environment})).spec[
        "cluster"
    ] == ("x-production")


# -- patches


def patched(rendered, patch: str, document: str, **files: str):
    return rendered({"apps/a/a.yaml": document, "environments/production.yaml": ENV + "  patches:\n" + patch, **files})


def test_a_keyed_element_is_merged_added_and_removed(rendered) -> None:
    patch = """
    - select: {kind: TaskDefinition}
      spec:
        cpu: 512
        memory: null
        containerDefinitions:
          - {name: web, memory: 256, image: null, environment: [{name: B, value: b}, {name: A, $remove: true}]}
          - {name: sidecar, image: envoy, memory: 64}
"""
    base = task(spec="  cpu: 256\n  memory: 512\n").replace(
        "memory: 128}", "memory: 128, environment: [{name: A, value: a}, {name: B, value: x}, {name: C, value: c}]}"
    )
    result = patched(rendered, patch.replace("image: null, ", ""), base)
    document = only(result)
    assert document.spec == {
        "family": "puma",
        "cpu": "512",
        "containerDefinitions": [
            {
                "name": "web",
                "image": "nginx",
                "memory": 256,
                "environment": [{"name": "B", "value": "b"}, {"name": "C", "value": "c"}],
            },
            {"name": "sidecar", "image": "envoy", "memory": 64},
        ],
    }
    assert document.position(("cpu",)).file == "environments/production.yaml"
    assert document.position(("containerDefinitions", 0, "memory")).file == "environments/production.yaml"
    assert document.position(("containerDefinitions", 0, "image")).file == "apps/a/a.yaml"
    assert document.position(("containerDefinitions", 1)).file == "environments/production.yaml"


def test_a_plain_list_is_replaced_and_defaults_name_an_element(rendered) -> None:
    patch = """
    - select: {kind: TaskDefinition}
      spec:
        requiresCompatibilities: [EC2]
        containerDefinitions:
          - {name: web, command: [b], portMappings: [{containerPort: 80, protocol: tcp, hostPort: 8080}]}
"""
    base = task(spec="  requiresCompatibilities: [FARGATE, EXTERNAL]\n").replace(
        "memory: 128}",
        "memory: 128, command: [a, c], portMappings: [{containerPort: 80}, {containerPort: 80, protocol: udp}]}",
    )
    spec = only(patched(rendered, patch, base)).spec
    assert spec["requiresCompatibilities"] == ["EC2"]
    [container] = spec["containerDefinitions"]
    assert container["command"] == ["b"]
    assert container["portMappings"] == [
        {"containerPort": 80, "hostPort": 8080, "protocol": "tcp"},
        {"containerPort": 80, "protocol": "udp"},
    ]


@pytest.mark.parametrize(
    ("select", "hit"),
    [
        ("{kind: Service}", True), ("{kind: TaskDefinition}", False), ("{name: puma}", True), ("{name: pum}", False),
        ("{app: a}", True), ("{app: b}", False), ("{labels: {tier: web}}", True), ("{labels: {tier: db}}", False),
        ("{labels: {tier: web, other: x}}", False), ("{kind: Service, name: puma, app: a, labels: {tier: web}}", True),
    ],
)  # fmt: skip
def test_a_patch_selects_by_kind_name_app_and_labels(rendered, select, hit) -> None:
    patch = f"    - select: {select}\n      spec: {{desiredCount: 9}}\n"
    result = patched(
        rendered, patch, service(metadata="  labels: {tier: web}\n"), **{"apps/b/b.yaml": service("other")}
    )
    found = {document.key.name: document.spec.get("desiredCount") for document in result.documents}
    assert (found["puma"] == 9) is hit


def test_patches_of_the_app_come_after_those_of_the_environment(rendered) -> None:
    overlay = (
        HEAD + "kind: Environment\nspec:\n  patches:\n    - select: {kind: Service}\n      spec: {desiredCount: 3}\n"
    )
    patch = "    - select: {kind: Service}\n      spec: {desiredCount: 2, launchType: EC2}\n"
    files = {"apps/a/environments/production.yaml": overlay, "apps/b/b.yaml": service("other")}
    result = patched(rendered, patch, service(), **files)
    assert [(it.key.app, it.spec["desiredCount"], it.spec["launchType"]) for it in result.documents] == [
        ("a", 3, "EC2"),
        ("b", 2, "EC2"),
    ]


def test_a_patch_sees_variables_and_changes_labels_and_policy(rendered) -> None:
    patch = """
    - select: {kind: Service}
      spec: {serviceName: "x-${{ env.name }}"}
      metadata: {labels: {b: c, a: null}, policy: {drift: "off"}}
"""
    document = only(patched(rendered, patch, service(metadata="  labels: {a: b}\n  policy: {timeout: 90s}\n")))
    assert document.spec["serviceName"] == "x-production"
    assert document.labels == {"b": "c"}
    assert document.own_policy == Policy(drift="off", timeout=90)


def test_a_removal_is_warned_of_only_when_no_manifest_had_the_element(rendered) -> None:
    patch = "    - select: {kind: TaskDefinition}\n      spec: {containerDefinitions: [{name: dd, $remove: true}]}\n"
    with_it = task("one").replace("memory: 128}", "memory: 128}\n    - {name: dd, image: dd, memory: 1}")
    assert patched(rendered, patch, with_it, **{"apps/b/b.yaml": task("two")}).problems == ()
    assert [it.code for it in patched(rendered, patch, task("two")).problems] == ["unused-patch"]


# -- policy, dependsOn, formerly, apps


def test_policy_is_joined_from_environment_app_and_document(rendered) -> None:
    files = {
        "environments/production.yaml": ENV
        + '  policy: {prune: true, adopt: true, drift: correct, deletionLimit: "20%"}\n',
        "apps/a/app.yaml": HEAD
        + "kind: App\nspec:\n  suspend: true\n  policy: {adopt: false, drift: warn, timeout: 20m}\n",
        "apps/a/web.yaml": service(metadata='  policy: {adopt: true, drift: "off", ignore: [desiredCount]}\n'),
    }
    result = rendered(files)
    document = only(result)
    assert document.policy == Policy(
        prune=True, adopt=False, drift="off", timeout=1200, deletion_limit="20%", ignore=("desiredCount",)
    )
    assert document.own_policy == Policy(adopt=True, drift="off", ignore=("desiredCount",))
    assert result.environment.policy.prune
    assert (result.apps["a"].suspend, result.apps["a"].policy.timeout) == (True, 1200)


@pytest.mark.parametrize(
    ("written", "found"),
    [("20m", 1200), ("90s", 90), (300, 300), ("300", 300), ("1h30m", 5400), ("1h 5s", 3605), (1.5, 1.5), ("soon", None),
     ("", None), (0, None), ("0s", None), (True, None), ("-5m", None), ("5d", None), (None, None), (float("inf"), None)],
)  # fmt: skip
def test_a_timeout_is_a_duration(written, found) -> None:
    assert seconds(written) == found


def test_depends_on_and_formerly_name_manifests(rendered) -> None:
    metadata = "  dependsOn: [TaskDefinition/a, other/Service/api]\n  formerly: web\n"
    document = only(rendered({"apps/a/web.yaml": service(metadata=metadata)}))
    assert [str(key) for key, _ in document.depends_on] == ["a/TaskDefinition/a", "other/Service/api"]
    assert document.depends_on[1][1].column == 33
    assert document.formerly == Key("a", "Service", "web")


@pytest.mark.parametrize(("written", "key"), [("Service/x", "a/Service/x"), ("b/Service/x", "b/Service/x")])
def test_a_former_name_can_be_of_another_app(rendered, written, key) -> None:
    assert str(only(rendered({"apps/a/web.yaml": service(metadata=f"  formerly: {written}\n")})).formerly) == key


def test_apps_depend_on_apps(rendered) -> None:
    files = {
        "apps/a/web.yaml": service(),
        "apps/b/web.yaml": service(),
        "apps/b/app.yaml": HEAD + "kind: App\nmetadata: {name: b}\nspec: {dependsOn: [a]}\n",
    }
    assert rendered(files).apps["b"].depends_on == ("a",)


# -- what was found in the field


def test_an_answer_of_aws_is_unwrapped_with_one_note(rendered) -> None:
    text = (
        '{"apiVersion": "reconciler/v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"services": [{'
        '"serviceName": "web", "clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/c", "taskDefinition": "x:1", "status": "ACTIVE",'
        '"runningCount": 2, "launchType": "", "loadBalancers": null}], "failures": []}}'
    )
    result = rendered({"apps/a/web.json": text})
    assert only(result).spec == {
        "serviceName": "web",
        "cluster": "arn:aws:ecs:eu-west-1:1:cluster/c",
        "taskDefinition": "x:1",
    }
    [note] = result.problems
    assert (note.severity, note.message) == (
        "note",
        "ignored, because only answers of AWS hold it: status, runningCount",
    )


def test_a_patch_reaches_into_an_unwrapped_answer(rendered) -> None:
    text = HEAD + "kind: Service\nmetadata: {name: x}\nspec:\n  service: {taskDefinition: 'x:1', desiredCount: 1}\n"
    document = only(patched(rendered, "    - select: {name: x}\n      spec: {desiredCount: 5}\n", text))
    assert document.spec["desiredCount"] == 5
    assert str(document.position(("taskDefinition",))) == "apps/a/a.yaml:5:29"


def test_nulls_are_absent_as_members_elements_and_values(rendered) -> None:
    spec = "  tags: [null, {key: a, value: null}]\n  cpu: null\n  volumes: null\n"
    assert only(rendered({"apps/a/a.yaml": task(spec=spec)})).spec["tags"] == [{"key": "a"}]


# -- nothing breaks it

PIECES = st.sampled_from(
    [HEAD, "kind: Service\n", "kind: App\n", "kind: Environment\n", "kind: TaskDefinition\n", "metadata:\n", "  name: a\n",
     "  name: ${{ vars.a }}\n", "spec:\n", "spec: []\n", "  cluster: x\n", "  patches:\n", "    - select: {kind: Service}\n",
     "      spec: {tags: [{key: a}]}\n", "  vars: {a: [1]}\n", "  vars: 1\n", "  policy: {drift: 1}\n", "  policy: []\n",
     "  dependsOn: a\n", "  tags: [{key: ${{ vars.a }}}]\n", "  desiredCount: ${{ vars.a }}\n", "---\n", "  apps: [a, 1, {}]\n",
     "  service: {}\n", "  services: [1]\n", "  services: []\n", "  labels: {a: []}\n", "  formerly: Service/a\n", "  app: b\n",
     "  accountId: 1\n", "  cluster: [1]\n", "  containerDefinitions: {}\n", "  containerDefinitions: [1, {name: {}}]\n"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=14).map("".join)


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_ends_in_documents_or_problems(environment, overlay, manifest) -> None:
    files = {
        "environments/p.yaml": environment.encode(),
        "apps/a/environments/p.yaml": overlay.encode(),
        "apps/a/a.yaml": manifest.encode(),
    }
    result = render(Revision(None, files), "p", KINDS)
    for problem in result.problems:
        assert problem.message
        assert "pydantic" not in problem.message
    assert not result.failed & {document.key for document in result.documents}


def test_an_environment_may_say_how_much_is_asked_of_aws(rendered) -> None:
    text = (
        "apiVersion: reconciler/v1\nkind: Environment\nspec:\n  region: eu-west-1\n"
        '  callRates: {"ecs:definition-reads": {burst: 100, perSecond: 2.5}}\n'
    )
    found = rendered({"environments/production.yaml": text})
    assert found.environment.call_rates == (("ecs:definition-reads", 100.0, 2.5),)
    wrong = rendered({"environments/production.yaml": text.replace("100", "none").replace("perSecond", "persecond")})
    assert {"wrong-type", "unknown-member"} <= {problem.code for problem in wrong.problems}


LEASED = "apiVersion: reconciler/v1\nkind: Environment\nspec:\n  region: eu-west-1\n  lease: "


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("dynamodb:reconciler", "dynamodb:reconciler"),
        ('"dynamodb:leases-${{ env.name }}"', "dynamodb:leases-production"),
        ("file:/var/lib/reconciler/leases", "file:/var/lib/reconciler/leases"),
        ("null", None),
    ],
)
def test_an_environment_says_where_its_one_writer_is_agreed_on(rendered, said, read) -> None:
    found = rendered({"environments/production.yaml": f"{LEASED}{said}\n"})
    assert found.environment.lease == read
    assert not [problem for problem in found.problems if problem.at and problem.at.file.startswith("environments/")]


@pytest.mark.parametrize(
    "said", ["reconciler", "'dynamodb:'", "dynamodb:a b", "dynamodb:ab", "s3:bucket", "'file:'", "file:leases", '""', "7"]
)
def test_a_lease_that_is_nowhere_is_told_with_its_place(rendered, said) -> None:
    found = rendered({"environments/production.yaml": f"{LEASED}{said}\n"})
    [problem] = [it for it in found.problems if it.at and it.at.file.startswith("environments/")]
    assert (problem.code, problem.at.line) == ("wrong-value", 5)
    assert "dynamodb:<name of a table>" in problem.hint
    assert found.environment.lease is None
