"""Variables for what other tools own: named, asked for, and rendered once they are known."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from reconciler.engine.lookup import lookup
from reconciler.kinds import KINDS
from reconciler.model.key import Key
from reconciler.model.lookup import Edition, Found, Lookup, Stack, StateAt, StoredParameter, Unfound
from reconciler.model.sealed import HeldValue, Sealed
from reconciler.model.tree import leaves
from reconciler.source.render import render
from reconciler.source.revision import Revision
from tests.kinds.samples import SAMPLES

HEAD = "apiVersion: reconciler/v1\n"
STATE = StateAt(bucket="acme-state", key="prod/net")
WHOLE = "  tfstate: {s3: s3://acme-state/prod/net, resources: true}\n"
SECRET = Sealed("ab" * 32, HeldValue("tfstate.outputs.password of s3://acme-state/prod/net", "hunter2"))


def repository(spec: str, environment: str = WHOLE, kind: str = "LogGroup", **more: str) -> Revision:
    files = {
        "environments/prod.yaml": f"{HEAD}kind: Environment\nspec:\n  region: eu-west-1\n  cluster: main\n{environment}",
        "apps/shop/it.yaml": f"{HEAD}kind: {kind}\nmetadata: {{name: it}}\nspec: {spec}\n",
        **more,
    }
    return Revision("c" * 40, {path: text.encode() for path, text in files.items()})


def rendered(revision: Revision, values: dict[Lookup, Any] | None = None):
    return render(revision, "prod", KINDS, values)


def needs(text: str, environment: str = WHOLE) -> list[Lookup]:
    found = rendered(repository(f"{{logGroupName: '${{{{ {text} }}}}'}}", environment))
    assert found.problems == (), found.problems
    return list(found.needs)


def known(found, **values: Any) -> dict[Lookup, Any]:
    """A value for each lookup that is needed, by the last step of its path."""
    return {it: Found(values[str(it.path[-1])], Edition(serial=3)) for it in found.needs}


def spec(revision: Revision, **values: Any) -> dict[str, Any]:
    last = rendered(revision, known(rendered(revision), **values))
    assert last.problems == (), last.problems
    [document] = last.documents
    return dict(document.spec)


@pytest.mark.parametrize(
    ("text", "source", "path", "name"),
    [
        ("tfstate.outputs.vpc_id", STATE, ("outputs", "vpc_id"), "tfstate.outputs.vpc_id"),
        ('tfstate.outputs.vpc["id"]', STATE, ("outputs", "vpc", "id"), "tfstate.outputs.vpc.id"),
        ("tfstate.outputs.nets[0].id", STATE, ("outputs", "nets", 0, "id"), "tfstate.outputs.nets[0].id"),
        ("tfstate.outputs.nets.0", STATE, ("outputs", "nets", 0), "tfstate.outputs.nets[0]"),
        ('tfstate.outputs.tags["a.b/c"]', STATE, ("outputs", "tags", "a.b/c"), 'tfstate.outputs.tags["a.b/c"]'),
        ("tfstate.resources.aws_vpc.main.id", STATE, ("resources", "aws_vpc", "main", "id"),
         "tfstate.resources.aws_vpc.main.id"),
        ("cfn.network-stack.VpcId", Stack("network-stack"), ("VpcId",), "cfn.network-stack.VpcId"),
        ("ssm./prod/shop/log_group", StoredParameter("/prod/shop/log_group"), (), "ssm./prod/shop/log_group"),
        ("ssm.plain.name", StoredParameter("plain.name"), (), "ssm.plain.name"),
    ],
)  # fmt: skip
def test_a_name_says_where_a_value_is_and_what_it_is_called_there(text, source, path, name):
    assert needs(text) == [Lookup(name, source, path)]


def test_nothing_is_told_of_what_is_not_read_yet_and_who_needs_it_is_known():
    patch = "  patches: [{select: {kind: LogGroup}, spec: {retentionInDays: '${{ ssm./days }}'}}]\n"
    found = rendered(repository("{logGroupName: '/x/${{ cfn.net.Name }}/${{ cfn.net.Other }}'}", WHOLE + patch))
    assert found.problems == ()
    assert {it.name: {str(key) for key in keys} for it, keys in found.needs.items()} == {
        "cfn.net.Name": {"shop/LogGroup/it"},
        "cfn.net.Other": {"shop/LogGroup/it"},
        "ssm./days": {"shop/LogGroup/it"},
    }


@pytest.mark.parametrize(
    ("member", "value", "wanted"),
    [
        ("retentionInDays", 30, 30),
        ("retentionInDays", "30", 30),
        ("logGroupName", True, "true"),
        ("tags", {"a": 1}, {"a": "1"}),
        ("tags", None, None),
    ],
)
def test_a_whole_scalar_takes_the_value_with_its_type(member, value, wanted):
    made = spec(repository(f"{{{member}: '${{{{ tfstate.outputs.x }}}}'}}"), x=value)
    assert made.get(member) == wanted


def test_a_list_stays_one():
    manifest = "{taskDefinition: x, networkConfiguration: {awsvpcConfiguration: {subnets: '${{ tfstate.outputs.n }}'}}}"
    made = spec(repository(manifest, kind="Service"), n=["subnet-b", "subnet-a"])
    assert made["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-b", "subnet-a"]
    revision = repository("{logGroupName: '${{ tfstate.outputs.n }}'}")
    [problem] = rendered(revision, known(rendered(revision), n=["a"])).problems
    assert (problem.code, problem.path) == ("wrong-type", "logGroupName")


def test_inside_text_it_is_text():
    assert spec(repository("{logGroupName: '/${{ cfn.a.B }}/${{ env.name }}-${{ tfstate.outputs.n }}'}"), B="x", n=7)[
        "logGroupName"
    ] == "/x/prod-7"  # fmt: skip


def test_a_patch_and_the_labels_it_selects_by_may_look_up():
    patch = "  patches: [{select: {labels: {tier: web}}, spec: {tags: {net: '${{ cfn.net.Vpc }}'}}}]\n"
    files = {
        "apps/shop/it.yaml": f"{HEAD}kind: LogGroup\nmetadata: {{name: it, labels: {{tier: '${{{{ ssm./tier }}}}'}}}}\n"
    }
    revision = repository("{}", WHOLE + patch, **files)
    first = rendered(revision)
    assert ([it.name for it in first.needs], first.problems) == (["ssm./tier"], ())
    values = {it: Found("web", Edition()) for it in first.needs}
    second = rendered(revision, values)
    assert {it.name for it in second.needs} == {"ssm./tier", "cfn.net.Vpc"}
    values |= {it: Found("vpc-1", Edition()) for it in second.needs if it not in values}
    [document] = rendered(revision, values).documents
    assert document.spec["tags"] == {"net": "vpc-1"}


def test_policy_may_look_up():
    text = f"{HEAD}kind: LogGroup\nmetadata: {{name: it, policy: {{timeout: '${{{{ ssm.t }}}}', keepRevisions: '${{{{ ssm.k }}}}', deletionLimit: '${{{{ ssm.d }}}}'}}}}\n"
    revision = repository("{}", **{"apps/shop/it.yaml": text})
    first = rendered(revision)
    assert first.problems == ()
    values = {it: Found({"ssm.t": "20m", "ssm.k": "3", "ssm.d": "10%"}[it.name], Edition()) for it in first.needs}
    [document] = rendered(revision, values).documents
    policy = document.policy
    assert (policy.timeout, policy.keep_revisions, policy.deletion_limit) == (1200.0, 3, "10%")


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("tfstate.output.x", "bad-variable", "outputs"), ("tfstate.outputs", "bad-variable", "tfstate.outputs.NAME"),
        ("tfstate", "bad-variable", "tfstate.outputs.NAME"), ("tfstate.outputs.a b", "bad-variable", "NAME"),
        ("tfstate.outputs.a[x]", "bad-variable", "NAME"), ("tfstate.resources.aws_vpc.main", "bad-variable", "ATTRIBUTE"),
        ("cfn.stack", "bad-variable", "cfn.STACK.OUTPUT"), ("cfn.a.b.c", "bad-variable", "cfn.STACK.OUTPUT"),
        ("cfn.1a.B", "bad-variable", "cfn.STACK"), ("ssm./a//b", "bad-variable", "ssm./path"),
        ("ssm./a b", "bad-variable", "ssm./path"), ("ssm", "bad-variable", "ssm./path"),
        ("tfstates.outputs.x", "unknown-variable", "tfstate"),
    ],
)  # fmt: skip
def test_a_name_of_another_form_is_told_with_the_right_one(text, code, word):
    found = rendered(repository(f"{{logGroupName: '${{{{ {text} }}}}'}}"))
    [problem] = found.problems
    assert (problem.code, problem.app) == (code, "shop")
    assert word in problem.message + problem.hint
    assert str(problem.at) == "apps/shop/it.yaml:4:23"
    assert found.needs == {}


def test_without_a_state_configured_it_is_told_where_to_say_it():
    found = rendered(repository("{logGroupName: '${{ tfstate.outputs.x }}'}", ""))
    [problem] = found.problems
    assert (problem.code, problem.app) == ("no-state", "shop")
    assert "tfstate: {file:" in problem.hint
    assert [str(key) for key in found.failed] == ["shop/LogGroup/it"]


def test_attributes_of_resources_have_to_be_allowed():
    found = rendered(
        repository("{logGroupName: '${{ tfstate.resources.a.b.c }}'}", "  tfstate: {file: terraform.tfstate}\n")
    )
    [problem] = found.problems
    assert problem.code == "resources-not-allowed"
    assert "resources: true" in problem.hint


@pytest.mark.parametrize("metadata", ["{name: '${{ ssm./a }}'}", "{name: x, app: '${{ ssm./a }}'}"])
def test_a_name_is_known_before_anything_is_looked_up(metadata):
    files = {"apps/shop/it.yaml": f"{HEAD}kind: LogGroup\nmetadata: {metadata}\n"}
    found = rendered(repository("{}", **files))
    assert [problem.code for problem in found.problems] == ["bad-variable"]
    assert found.needs == {}


def test_an_environment_cannot_look_up_its_own_members():
    found = rendered(repository("{}", "  assumeRole: '${{ cfn.iam.Role }}'\n"))
    assert ["cannot be looked up here" in problem.message for problem in found.problems] == [True]


def test_the_value_of_a_variable_cannot_look_up():
    found = rendered(repository("{logGroupName: '${{ vars.x }}'}", "  vars: {x: '${{ cfn.a.B }}'}\n"))
    assert [problem.code for problem in found.problems] == ["nested-variable"]


def test_what_cannot_be_had_is_told_where_it_is_named_and_holds_back_that_manifest_alone():
    other = f"{HEAD}kind: LogGroup\nmetadata: {{name: other}}\n"
    revision = repository("\n  logGroupName: '${{ cfn.net.Nmae }}'", **{"apps/other/it.yaml": other})
    [lookup] = rendered(revision).needs
    found = rendered(revision, {lookup: Unfound("unknown-lookup", "no such output", "did you mean 'Name'?")})
    [problem] = found.problems
    assert (problem.code, problem.message, problem.hint) == ("unknown-lookup", "no such output", "did you mean 'Name'?")
    assert (str(problem.at), problem.at.width, problem.app) == ("apps/shop/it.yaml:5:18", 19, "shop")
    assert [str(document.key) for document in found.documents] == ["other/LogGroup/other"]
    assert found.failed == {Key("shop", "LogGroup", "it")}


def test_what_a_value_is_wrong_for_is_told_like_any_other_value():
    revision = repository("{retentionInDays: '${{ tfstate.outputs.days }}'}")
    [problem] = rendered(revision, known(rendered(revision), days="many")).problems
    assert (problem.code, problem.path) == ("wrong-type", "retentionInDays")


def test_a_value_is_not_looked_at_for_variables():
    revision = repository("{logGroupName: '${{ cfn.a.B }}'}")
    assert spec(revision, B="${{ vars.x }}")["logGroupName"] == "${{ vars.x }}"


def test_an_enormous_value_is_refused():
    revision = repository("{logGroupName: '${{ cfn.a.B }}'}")
    found = rendered(revision, known(rendered(revision), B="x" * (2 << 20)))
    assert [problem.code for problem in found.problems] == ["too-large"]


# What is sensitive.


def test_a_sensitive_value_may_be_the_value_of_a_secret():
    revision = repository("{name: shop/db, secretString: '${{ tfstate.outputs.password }}'}", kind="Secret")
    assert spec(revision, password=SECRET)["secretString"] is SECRET


@pytest.mark.parametrize(
    ("kind", "manifest"),
    [
        ("LogGroup", "{logGroupName: '${{ tfstate.outputs.password }}'}"),
        ("LogGroup", "{tags: {a: '${{ tfstate.outputs.password }}'}}"),
        ("LogGroup", "{logGroupName: 'x-${{ tfstate.outputs.password }}'}"),
        ("LogGroup", "{retentionInDays: '${{ tfstate.outputs.password }}'}"),
        ("Secret", "{name: '${{ tfstate.outputs.password }}'}"),
        ("Secret", "{name: a, secretString: 'x${{ tfstate.outputs.password }}'}"),
        ("Service", "{taskDefinition: x, cluster: '${{ tfstate.outputs.password }}'}"),
    ],
)
def test_a_sensitive_value_may_stand_nowhere_else_and_shows_nowhere(kind, manifest):
    revision = repository(manifest, kind=kind)
    found = rendered(revision, known(rendered(revision), password=SECRET))
    assert {problem.code for problem in found.problems} <= {"sensitive-value", "wrong-type"}
    [problem] = found.problems
    assert "sensitive" in problem.message
    assert problem.app == "shop"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("member", ["labels: {a: '%s'}", "policy: {drift: '%s'}", "dependsOn: ['%s']"])
def test_nor_may_it_stand_in_metadata(member):
    inside = member % "${{ tfstate.outputs.password }}"
    files = {"apps/shop/it.yaml": f"{HEAD}kind: LogGroup\nmetadata: {{name: it, {inside}}}\n"}
    revision = repository("{}", **files)
    found = rendered(revision, known(rendered(revision), password=SECRET))
    assert [problem.code for problem in found.problems] == ["sensitive-value"]


def test_nor_in_a_patch():
    patch = "  patches: [{select: {kind: LogGroup}, spec: {tags: {a: '${{ tfstate.outputs.password }}'}}}]\n"
    revision = repository("{}", WHOLE + patch)
    [problem] = rendered(revision, known(rendered(revision), password=SECRET)).problems
    assert (problem.code, problem.at.file, problem.app) == ("sensitive-value", "environments/prod.yaml", "shop")


# Where a state is.


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("{file: ../terraform/terraform.tfstate}", StateAt(file="../terraform/terraform.tfstate")),
        ("{file: '/var/state/${{ env.name }}.tfstate'}", StateAt(file="/var/state/prod.tfstate")),
        ("{s3: 's3://acme/${{ vars.team }}/net.tfstate', region: us-east-1}",
         StateAt(bucket="acme", key="core/net.tfstate", region="us-east-1")),
    ],
)  # fmt: skip
def test_an_environment_says_where_the_state_is(said, wanted):
    [lookup] = needs("tfstate.outputs.x", f"  vars: {{team: core}}\n  tfstate: {said}\n")
    assert lookup.source == wanted


def test_an_app_may_have_a_state_of_its_own():
    own = f"{HEAD}kind: Environment\nspec: {{vars: {{n: 1}}, tfstate: {{file: 'shop-${{{{ env.name }}}}-${{{{ vars.n }}}}'}}}}\n"
    other = f"{HEAD}kind: LogGroup\nmetadata: {{name: other}}\nspec: {{logGroupName: '${{{{ tfstate.outputs.x }}}}'}}\n"
    files = {"apps/shop/environments/prod.yaml": own, "apps/other/it.yaml": other}
    found = rendered(repository("{logGroupName: '${{ tfstate.outputs.x }}'}", **files))
    assert found.problems == ()
    assert {str(*keys): it.source for it, keys in found.needs.items()} == {
        "shop/LogGroup/it": StateAt(file="shop-prod-1"),
        "other/LogGroup/other": STATE,
    }


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("{}", "has to say 'file' or 's3'"), ("{file: a, s3: s3://bucket/key}", "one place"), ("{file: ''}", "empty"),
        ("{s3: https://bucket/key}", "s3://bucket/key"), ("{s3: s3://bucket}", "s3://bucket/key"),
        ("{s3: s3://B/key}", "s3://bucket/key"), ("{file: a, region: eu-west-1}", "that of a bucket"),
        ("{s3: s3://bucket/key, region: europe}", "no region"), ("{file: a, resources: maybe}", "true or false"),
        ("{fiel: a}", "not a member of tfstate"), ("terraform.tfstate", "object"), ("{file: '${{ ssm./a }}'}", "looked up"),
    ],
)  # fmt: skip
def test_a_mistake_in_where_it_is_is_told(said, word):
    found = rendered(repository("{}", f"  tfstate: {said}\n"))
    assert any(word in problem.message for problem in found.problems), found.problems
    assert all(problem.at.file == "environments/prod.yaml" for problem in found.problems)


# A lookup may stand anywhere, and nothing is said of it before it is read.


def _places() -> list[tuple[str, tuple[Any, ...]]]:
    return [(kind, path) for kind, sample in SAMPLES.items() for path, _ in leaves(sample)]


@pytest.mark.parametrize(
    ("kind", "path"), _places(), ids=lambda it: it if isinstance(it, str) else ".".join(map(str, it))
)
def test_any_value_may_be_looked_up_and_nothing_wrong_is_seen_in_it(kind, path):
    def findings(sample: Any) -> set[tuple[str, str]]:
        text = json.dumps({"apiVersion": "reconciler/v1", "kind": kind, "metadata": {"name": "it"}, "spec": sample})
        files = {
            "apps/shop/it.json": text.encode(),
            "environments/prod.yaml": repository("{}").files["environments/prod.yaml"],
        }
        found = rendered(Revision(None, files))
        return {(problem.code, problem.path) for problem in lookup(found, KINDS).problems}

    sample = copy.deepcopy(SAMPLES[kind])
    *above, last = path
    inside: Any = sample
    for step in above:
        inside = inside[step]
    inside[last] = "${{ tfstate.outputs.x }}"
    assert findings(sample) - findings(SAMPLES[kind]) == set()
