"""Terraform states: what is found in them, what is sensitive, and what hostile ones come to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.lookup import Edition, Found, Lookup, StateAt, Unfound
from reconciler.model.sealed import HeldValue, Sealed
from reconciler.source.lookups import spelled, steps_of
from reconciler.source.tf_state import State, parse, value_of

AT = StateAt(file="net.tfstate")


def step(value: Any, kind: str = "get_attr") -> dict[str, Any]:
    return {"type": kind, "value": value}


def resource(type_: str, name: str, *instances: Any, mode: str = "managed", **more: Any) -> dict[str, Any]:
    return {"mode": mode, "type": type_, "name": name, "provider": "p", "instances": list(instances), **more}


def instance(attributes: dict[str, Any], *sensitive: Any, **more: Any) -> dict[str, Any]:
    return {"schema_version": 0, "attributes": attributes, "sensitive_attributes": list(sensitive), **more}


STATE: dict[str, Any] = {
    "version": 4,
    "terraform_version": "1.9.5",
    "serial": 12,
    "lineage": "8a3f2c60-aaaa-bbbb-cccc-0123456789ab",
    "outputs": {
        "vpc_id": {"value": "vpc-1", "type": "string"},
        "count": {"value": 3, "type": "number"},
        "nets": {"value": [{"id": "subnet-a"}, {"id": "subnet-b"}], "type": ["tuple", []]},
        "by.name": {"value": {"a.b": "x"}, "type": "object"},
        "nothing": {"value": None, "type": "dynamic"},
        "password": {"value": "hunter2", "type": "string", "sensitive": True},
        "db": {"value": {"user": "u", "password": "hunter2"}, "type": "object", "sensitive": True},
    },
    "resources": [
        resource("aws_vpc", "main", instance({"id": "vpc-1", "tags": {"a": "b"}, "cidrs": ["10.0.0.0/8"]})),
        resource("aws_subnet", "net", instance({"id": "s0"}, index_key=0), instance({"id": "s1"}, index_key=1)),
        resource("aws_sg", "by", instance({"id": "sg-a"}, index_key="a"), instance({"id": "sg-b"}, index_key="b.c")),
        resource("aws_ami", "linux", instance({"id": "ami-1"}), mode="data"),
        resource("aws_vpc", "main", instance({"id": "vpc-2"}), module='module.net["eu"].module.inner'),
        resource("aws_db", "db", instance({"id": "db-1", "conf": {"key": "hidden-1", "size": 1}, "endpoint": "hidden-2"},
                                          [step("conf"), step("key")], [step("endpoint")])),
        resource("aws_db", "unmarked", instance({"id": "db-2", "master_password": "hunter2"})),
        resource("aws_ssm_parameter", "p", instance({"value": "hunter2", "name": "/p"})),
        resource("aws_vpc", "deposed", instance({"id": "new"}), instance({"id": "old"}, deposed="00000001")),
    ],
}  # fmt: skip


def state(**more: Any) -> State:
    found = parse(json.dumps({**STATE, **more}).encode(), str(AT))
    assert isinstance(found, State), found
    return found


def find(text: str, **more: Any) -> Found | Unfound:
    path = steps_of(f".{text}")
    assert path is not None
    return value_of(state(**more), Lookup(spelled(path), AT, path))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("outputs.vpc_id", "vpc-1"), ("outputs.count", 3), ("outputs.nets", [{"id": "subnet-a"}, {"id": "subnet-b"}]),
        ("outputs.nets[1].id", "subnet-b"), ("outputs.nets.0.id", "subnet-a"), ("outputs.nothing", None),
        ('outputs["by.name"]["a.b"]', "x"),
        ("resources.aws_vpc.main.id", "vpc-1"), ("resources.aws_vpc.main.tags.a", "b"),
        ("resources.aws_vpc.main.cidrs[0]", "10.0.0.0/8"), ("resources.aws_subnet.net[1].id", "s1"),
        ('resources.aws_sg.by["b.c"].id', "sg-b"), ("resources.aws_sg.by.a.id", "sg-a"),
        ("resources.data.aws_ami.linux.id", "ami-1"), ("resources.aws_vpc.deposed.id", "new"),
        ('resources.module.net["eu"].module.inner.aws_vpc.main.id', "vpc-2"), ("resources.aws_db.db.conf.size", 1),
    ],
)  # fmt: skip
def test_a_value_is_found_with_its_type_and_its_edition(text, value):
    assert find(text) == Found(value, Edition(serial=12, lineage=STATE["lineage"]))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("outputs.vpc_ic", "no output 'vpc_ic'", "did you mean 'vpc_id'?"),
        ("outputs.zzzz", "no output 'zzzz'", "outputs are: by.name, count, db"),
        ("outputs.nets[2].id", "no outputs.nets[2]", "a list of 2, counted from 0"),
        ("outputs.nets[0].idd", "no outputs.nets[0].idd", "did you mean 'id'?"),
        ("outputs.vpc_id.x", "no outputs.vpc_id.x", ""),
        ("resources.aws_vpc.mian.id", "no resource aws_vpc.mian", "did you mean 'aws_vpc.main'?"),
        ("resources.data.aws_ami.lunix.id", "no resource data.aws_ami.lunix", "did you mean 'data.aws_ami.linux'?"),
        ("resources.aws_vpc.main.idd", "no resources.aws_vpc.main.idd", "did you mean 'id'?"),
        ("resources.aws_subnet.net.id", "which one is meant?", "its instances are [0], [1]"),
        ("resources.aws_sg.by[0].id", "which one is meant?", 'its instances are ["a"], ["b.c"]'),
        ("resources.aws_subnet.net[1]", "an attribute has to be named", ""),
    ],
)
def test_what_is_not_there_is_told_with_what_is(text, message, hint):
    found = find(text)
    assert isinstance(found, Unfound)
    assert found.code == "unknown-lookup"
    assert message in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("outputs.password", "hunter2"), ("outputs.db.password", "hunter2"),
        ("outputs.db", '{"password":"hunter2","user":"u"}'),
        ("resources.aws_db.db.conf.key", "hidden-1"), ("resources.aws_db.db.conf", '{"key":"hidden-1","size":1}'),
        ("resources.aws_db.db.endpoint", "hidden-2"), ("resources.aws_db.unmarked.master_password", "hunter2"),
        ("resources.aws_ssm_parameter.p.value", "hunter2"),
    ],
)  # fmt: skip
def test_what_is_sensitive_is_sealed_and_shows_nowhere(text, value):
    found = find(text)
    assert isinstance(found, Found)
    assert isinstance(found.value, Sealed)
    assert isinstance(found.value.content, HeldValue)
    assert found.value.content.value == value
    assert found.value.content.source == f"tfstate.{text} of net.tfstate"
    assert len(found.value.id) == 64
    assert value not in f"{found!r} {found.value} {found.value.content!r}"


def test_the_name_of_a_member_of_what_is_sensitive_is_not_given_away():
    found = find("outputs.db.passwort")
    assert isinstance(found, Unfound)
    assert "password" not in found.hint


def test_a_sealed_value_is_known_again_and_by_nobody_who_lacks_the_state():
    def identity(**more: Any) -> str:
        found = find("outputs.password", **more)
        assert isinstance(found, Found)
        return str(found.value.id)

    other = {"password": {"value": "hunter3", "sensitive": True}}
    assert identity() == identity(serial=13)
    assert len({identity(), identity(lineage="another"), identity(outputs=other)}) == 3


@pytest.mark.parametrize("marks", ["x", {"a": 1}, [["conf"]], [[{"type": "get_attr"}]], [None], [[{"value": {}}]]])
def test_marks_that_are_not_understood_hide_everything_they_may_mean(marks):
    item = {"attributes": {"conf": {"key": "k"}}, "sensitive_attributes": marks}
    found = find("resources.a.b.conf.key", resources=[resource("a", "b", item)])
    assert isinstance(found, Found)
    assert isinstance(found.value, Sealed)


@pytest.mark.parametrize("marks", [None, []])
def test_without_marks_nothing_is_hidden(marks):
    item = {"attributes": {"conf": {"key": "k"}}, "sensitive_attributes": marks}
    found = find("resources.a.b.conf.key", resources=[resource("a", "b", item)])
    assert found == Found("k", state().edition)


def test_an_index_in_a_mark_is_understood():
    path = [step("list"), step({"value": 1, "type": "number"}, "index")]
    one = resource("a", "b", instance({"list": ["x", "y"]}, path))
    assert find("resources.a.b.list[0]", resources=[one]) == Found("x", state().edition)
    hidden = find("resources.a.b.list[1]", resources=[one])
    assert isinstance(hidden, Found)
    assert isinstance(hidden.value, Sealed)


NAN = json.dumps(STATE).replace('"vpc-1", "type"', 'NaN, "type"').encode()
HALF = json.dumps({**STATE, "outputs": {"a": {"value": "\ud83d"}}}).encode()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "is not JSON"), (b"{", "is not JSON"), (b"\xff\xfe", "is not JSON"), (b"[" * 100_000, "is not JSON"),
        (b'{"version": ' + b"9" * 5000 + b"}", "is not JSON"), (NAN, "is not JSON"), (HALF, "is not JSON"),
        (b"[]", "no Terraform state"), (b"null", "no Terraform state"), (b"{}", "no Terraform state"),
        (b'{"version": 4}', "no Terraform state"), (b'{"version": "4", "serial": 1, "lineage": "x"}', "no Terraform state"),
        (b'{"version": 3, "serial": 1, "lineage": "x", "modules": []}', "format 3; format 4 is read"),
        (b'{"version": 5, "serial": 1, "lineage": "x"}', "format 5; format 4 is read"),
        (b'{"version": 4, "serial": 1, "lineage": ""}', "damaged"), (b'{"version": 4, "serial": "1", "lineage": "x"}', "damaged"),
        (b'{"version": 4, "serial": 1, "lineage": "x", "outputs": [1]}', "damaged"),
        (b'{"version": 4, "serial": 1, "lineage": "x", "resources": {"a": 1}}', "damaged"),
        (b'{"meta": {}, "encrypted_data": "hunter2", "encryption_version": "v0"}', "is encrypted"),
    ],
)  # fmt: skip
def test_what_is_no_state_is_told_in_a_sentence(data, word):
    found = parse(data, "net.tfstate")
    assert isinstance(found, Unfound)
    assert found.code == "bad-state"
    assert found.message.startswith("net.tfstate ")
    assert word in found.message
    assert "hunter2" not in found.message + found.hint


def test_a_whole_surrogate_pair_is_text():
    assert find("outputs.a", outputs={"a": {"value": "\U0001f680"}}) == Found("\U0001f680", state().edition)


def test_what_is_nested_without_end_is_refused():
    deep: Any = "x"
    for _ in range(100):
        deep = {"a": deep}
    found = find("outputs.deep", outputs={"deep": {"value": deep}})
    assert isinstance(found, Unfound)
    assert "nested more than" in found.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "module.", "data", "c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "b", "c", "value", "sensitive", "type", "name", "module", "instances", "attributes", "mode"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), JSON), st.lists(JSON, max_size=4))
def test_whatever_a_state_holds_the_answer_is_a_value_or_a_sentence(outputs, resources):
    for text in ("outputs.a", "outputs.a.b[0]", "resources.a.b.c", "resources.a.b[0].c", "resources.module.a.a.b.c"):
        found = find(text, outputs=outputs, resources=resources)
        assert isinstance(found, Found | Unfound)
