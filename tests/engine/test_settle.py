"""What other tools own is read once, before anything is desired, and holds back only the app that cannot have it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from reconciler.model.lookup import DENIED, UNANSWERED
from reconciler.model.sealed import Sealed
from reconciler.simulator.fault import Fault
from tests.lab import ENVIRONMENT, Lab, edit

LINEAGE = "8a3f2c60-aaaa-bbbb-cccc-0123456789ab"
GROUP = "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: %s}\nspec: {logGroupName: '%s'}\n---\n"


def state(serial: int = 12, **outputs: Any) -> bytes:
    said = {name: value if isinstance(value, dict) else {"value": value} for name, value in outputs.items()}
    whole = {"version": 4, "serial": serial, "lineage": LINEAGE, "outputs": said, "resources": []}
    return json.dumps(whole).encode()


@pytest.fixture
def lab():
    made = Lab()
    made.write("environments/staging.yaml", ENVIRONMENT + "  tfstate: {s3: s3://acme-state/net}\n")
    s3 = made.simulator.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket="acme-state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    put_state(made, name="/tf/shop", days=30, other="/tf/other")
    return made


def put_state(lab: Lab, serial: int = 12, **outputs: Any) -> None:
    lab.simulator.client("s3", region="eu-west-1").put_object(
        Bucket="acme-state", Key="net", Body=state(serial, **outputs)
    )


def put_parameter(lab: Lab, name: str, value: str, type: str = "String") -> None:
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    ssm.put_parameter(Name=name, Value=value, Type=type, Overwrite=True)


def put_stack(lab: Lab, name: str, **outputs: str) -> None:
    lab.simulator.stack(name, "eu-west-1", **outputs)


def groups(lab: Lab, app: str, **names: str) -> None:
    lab.app(app, "".join(GROUP % (name, said) for name, said in names.items()))


def asked(lab: Lab) -> Counter[str]:
    """The calls by which something was looked up."""
    lookups = ("GetParameters", "DescribeStacks")
    return Counter(
        "GetObject" if call.service == "s3" and not call.mutating else call.operation
        for call in lab.simulator.calls
        if call.operation in lookups or (call.service == "s3" and not call.mutating)
    )


def wanted(lab: Lab) -> dict[str, str]:
    """The names of log groups that are desired, by their manifests."""
    return {key.name: str(item.spec["logGroupName"]) for key, item in lab.wish().desired.items()}


def test_each_place_gets_its_value(lab):
    put_parameter(lab, "/net/group", "/ssm/shop")
    put_stack(lab, "net", Group="/cfn/shop")
    groups(
        lab,
        "shop",
        a="${{ tfstate.outputs.name }}",
        b="${{ ssm./net/group }}",
        c="${{ cfn.net.Group }}-${{ env.name }}",
    )
    assert wanted(lab) == {"a": "/tf/shop", "b": "/ssm/shop", "c": "/cfn/shop-staging"}


def test_what_was_looked_up_is_told_with_its_edition_and_its_users(lab):
    put_parameter(lab, "/net/group", "x")
    put_parameter(lab, "/net/group", "/ssm/shop")
    put_stack(lab, "net", Group="/cfn/shop")
    groups(lab, "shop", a="${{ tfstate.outputs.name }}", b="${{ ssm./net/group }}", c="${{ cfn.net.Group }}")
    groups(lab, "more", d="${{ tfstate.outputs.name }}-d")
    cfn, ssm, tfstate = lab.wish().lookups
    assert (tfstate.name, tfstate.source) == ("tfstate.outputs.name", "s3://acme-state/net")
    assert (tfstate.edition.serial, tfstate.edition.lineage) == (12, LINEAGE)
    assert [str(key) for key in tfstate.used_by] == ["more/LogGroup/d", "shop/LogGroup/a"]
    assert (ssm.name, ssm.source, ssm.edition.version) == ("ssm./net/group", "SSM parameter /net/group", "2")
    assert (cfn.name, cfn.source) == ("cfn.net.Group", "CloudFormation stack net")
    assert str(cfn.edition.version).startswith("20")


def test_each_source_is_read_once_in_a_run(lab):
    for number in range(12):
        put_parameter(lab, f"/p/{number}", f"/ssm/{number}")
    put_stack(lab, "net", A="/cfn/a", B="/cfn/b")
    put_stack(lab, "other", A="/cfn/c")
    names = {f"p{number}": f"${{{{ ssm./p/{number} }}}}" for number in range(12)}
    groups(lab, "shop", **names, a="${{ cfn.net.A }}", b="${{ cfn.net.B }}", c="${{ cfn.other.A }}")
    groups(lab, "more", d="${{ tfstate.outputs.name }}", e="${{ tfstate.outputs.other }}", f="${{ ssm./p/0 }}/x")
    lab.simulator.calls.clear()
    assert not lab.wish().errors
    assert asked(lab) == {"GetObject": 1, "DescribeStacks": 2, "GetParameters": 2}


def test_a_repository_without_lookups_asks_nobody(lab):
    groups(lab, "shop", a="/x")
    lab.connect()
    lab.simulator.calls.clear()
    lab.wish()
    assert lab.simulator.calls == []


def test_a_draft_asks_nobody_and_finds_nothing_wrong(lab):
    groups(lab, "shop", a="${{ tfstate.outputs.name }}", b="${{ ssm./none }}")
    lab.simulator.calls.clear()
    assert lab.draft().wish.problems == ()
    assert lab.simulator.calls == []


def test_labels_that_are_looked_up_select_patches_that_look_up(lab):
    put_parameter(lab, "/tier", "web")
    patch = "  patches: [{select: {labels: {tier: web}}, spec: {logGroupName: '${{ tfstate.outputs.name }}'}}]\n"
    lab.write("environments/staging.yaml", ENVIRONMENT + "  tfstate: {s3: s3://acme-state/net}\n" + patch)
    lab.app(
        "shop", "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: a, labels: {tier: '${{ ssm./tier }}'}}\n"
    )
    assert lab.draft().wish.problems == ()
    assert wanted(lab) == {"a": "/tf/shop"}


# What cannot be had.


def _no_state(lab: Lab) -> None:
    lab.simulator.client("s3", region="eu-west-1").delete_object(Bucket="acme-state", Key="net")


def _bad_state(lab: Lab) -> None:
    lab.simulator.client("s3", region="eu-west-1").put_object(Bucket="acme-state", Key="net", Body=b"hunter2")


def _secret(lab: Lab) -> None:
    put_parameter(lab, "/secret", "hunter2", "SecureString")


def _fault(what: str, operation: str, service: str = "*"):
    return lambda lab: lab.simulator.faults.add(Fault(what=what, operation=operation, service=service, times=None))


FAILURES = [
    ("tfstate.outputs.nmae", lambda lab: None, "unknown-lookup", "did you mean 'name'?"),
    ("tfstate.outputs.name", _no_state, "unreadable-state", "correct 's3'"),
    ("tfstate.outputs.name", _bad_state, "bad-state", "terraform state pull"),
    ("tfstate.outputs.name", _fault("denied", "GET*", "s3"), DENIED, "allow s3:"),
    ("tfstate.outputs.name", _fault("503", "GET*", "s3"), UNANSWERED, "it is asked again"),
    ("cfn.none.X", lambda lab: None, "unknown-lookup", "deploy it"),
    ("cfn.net.Gruop", lambda lab: put_stack(lab, "net", Group="x"), "unknown-lookup", "did you mean 'Group'?"),
    ("cfn.net.Group", _fault("denied", "DescribeStacks"), DENIED, "allow cloudformation:DescribeStacks"),
    ("cfn.net.Group", _fault("throttled", "DescribeStacks"), UNANSWERED, "asked again"),
    ("ssm./none", lambda lab: None, "unknown-lookup", "create it"),
    ("ssm./secret", _secret, "sensitive-value", "valueFrom"),
    ("ssm./a", _fault("denied", "GetParameters"), DENIED, "allow ssm:GetParameters"),
    ("ssm./a", _fault("throttled", "GetParameters"), UNANSWERED, "asked again"),
]


@pytest.mark.parametrize(
    ("name", "prepare", "code", "hint"), FAILURES, ids=[f"{name} {code}" for name, _, code, _ in FAILURES]
)
def test_what_cannot_be_had_holds_back_its_app_alone_and_says_where_it_is_named(lab, name, prepare, code, hint):
    groups(lab, "shop", a=f"${{{{ {name} }}}}")
    groups(lab, "more", b="/more")
    lab.connect()
    prepare(lab)
    wish = lab.wish()
    [problem] = wish.errors
    assert (problem.code, problem.app, str(problem.key)) == (code, "shop", "shop/LogGroup/a")
    assert hint in problem.hint
    assert str(problem.at) == "apps/shop/all.yaml:4:23"
    assert "hunter2" not in f"{problem.message} {problem.hint}"
    assert [str(key) for key in wish.desired] == ["more/LogGroup/b"]
    assert [str(key) for key in wish.invalid] == ["shop/LogGroup/a"]
    assert not wish.complete


def test_a_state_on_disk_is_sought_from_the_repository(lab, tmp_path):
    (tmp_path / "terraform.tfstate").write_bytes(state(name="/disk"))
    lab.root = str(tmp_path)
    lab.write("environments/staging.yaml", ENVIRONMENT + "  tfstate: {file: terraform.tfstate}\n")
    groups(lab, "shop", a="${{ tfstate.outputs.name }}")
    assert wanted(lab) == {"a": "/disk"}
    (tmp_path / "terraform.tfstate").unlink()
    [problem] = lab.wish().errors
    assert (problem.code, problem.message) == ("unreadable-state", "there is no file terraform.tfstate")


# To AWS and back.


def test_what_is_applied_stays_until_the_value_changes(lab):
    groups(lab, "shop", a="${{ tfstate.outputs.name }}")
    lab.writes()
    lab.apply()
    assert lab.writes() == ["CreateLogGroup"]
    put_state(lab, 13, name="/tf/shop", more="x")
    assert lab.plan().empty
    edit(lab, "'${{ tfstate.outputs.name }}'", "'/fix', retentionInDays: '${{ tfstate.outputs.days }}'")
    put_state(lab, 14, days=30)
    lab.apply()
    lab.writes()
    put_state(lab, 15, days=7)
    [change] = lab.plan().changes
    assert [(field.text, field.before, field.after) for field in change.fields] == [("retentionInDays", 30, 7)]


def test_a_sensitive_output_becomes_the_value_of_a_secret_and_shows_nowhere(lab):
    put_state(lab, password={"value": "hunter2", "sensitive": True})
    manifest = "apiVersion: reconciler/v1\nkind: Secret\nmetadata: {name: db}\n"
    lab.app("shop", manifest + "spec: {name: shop/db, secretString: '${{ tfstate.outputs.password }}'}\n")
    wish = lab.wish()
    [desired] = wish.desired.values()
    assert isinstance(desired.spec["secretString"], Sealed)
    assert wish.problems == ()
    assert "hunter2" not in repr(wish)
