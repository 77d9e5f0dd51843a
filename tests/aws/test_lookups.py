"""The door to parameters and states: those that are named, nothing decrypted, and never more than asked for."""

from __future__ import annotations

import pytest

from reconciler.aws import lookups as door
from reconciler.model.lookup import DENIED, UNANSWERED, Edition, Found, StateAt, Unfound
from reconciler.simulator.fault import Fault
from tests.lab import Lab

AT = StateAt(bucket="acme-state", key="prod/net.tfstate")


@pytest.fixture
def lab():
    return Lab()


@pytest.fixture
def lookups(lab):
    return lab.connect().lookups


def put(lab, name, value, type="String"):
    lab.simulator.client("ssm", region="eu-west-1").put_parameter(Name=name, Value=value, Type=type, Overwrite=True)


def bucket(lab, region="eu-west-1", name="acme-state"):
    s3 = lab.simulator.client("s3", region=region)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return s3


def calls(lab, operation):
    return [call for call in lab.simulator.calls if call.operation == operation]


def test_a_parameter_gives_its_value_and_version(lab, lookups):
    put(lab, "/net/vpc", "vpc-1")
    put(lab, "/net/vpc", "vpc-2")
    put(lab, "/net/subnets", "subnet-a,subnet-b", "StringList")
    assert lookups.parameters(["/net/vpc", "/net/subnets", "/net/vpc"]) == {
        "/net/vpc": Found("vpc-2", Edition(version="2")),
        "/net/subnets": Found(["subnet-a", "subnet-b"], Edition(version="1")),
    }


def test_a_secret_one_is_not_given_nor_decrypted(lab, lookups):
    put(lab, "/shop/password", "hunter2", "SecureString")
    found = lookups.parameters(["/shop/password"])
    assert found["/shop/password"].code == "sensitive-value"
    assert "SecureString" in found["/shop/password"].message
    assert "valueFrom" in found["/shop/password"].hint
    assert "hunter2" not in repr(found)
    assert [call.params["WithDecryption"] for call in calls(lab, "GetParameters")] == [False]


def test_what_is_not_there_is_told_beside_what_is(lab, lookups):
    put(lab, "/a", "1")
    found = lookups.parameters(["/a", "/b"])
    assert found["/a"].value == "1"
    assert (found["/b"].code, found["/b"].message) == ("unknown-lookup", "there is no SSM parameter /b in eu-west-1")


def test_ten_are_asked_for_in_a_call(lab, lookups):
    for number in range(23):
        put(lab, f"/p/{number}", str(number))
    found = lookups.parameters(f"/p/{number}" for number in range(23))
    assert {name: value.value for name, value in found.items()} == {f"/p/{n}": str(n) for n in range(23)}
    assert sorted(len(call.params["Names"]) for call in calls(lab, "GetParameters")) == [3, 10, 10]


def test_one_that_may_not_be_read_does_not_stand_in_the_way_of_others(lab, lookups):
    put(lab, "/a", "1")
    put(lab, "/b", "2")
    lab.simulator.faults.add(Fault(what="denied", operation="GetParameters"))
    lab.simulator.faults.add(Fault(what="denied", operation="GetParameters", on=2))
    found = lookups.parameters(["/a", "/b"])
    assert [type(found[name]) for name in ("/a", "/b")].count(Unfound) == 1
    [denied] = [it for it in found.values() if isinstance(it, Unfound)]
    assert denied.code == DENIED
    assert "ssm:GetParameters" in denied.hint


def test_a_throttle_is_waited_for_and_then_told(lab, lookups):
    put(lab, "/a", "1")
    lab.simulator.faults.add(Fault(what="throttled", operation="GetParameters", times=2))
    assert lookups.parameters(["/a"])["/a"].value == "1"
    lab.simulator.faults.add(Fault(what="throttled", operation="GetParameters", times=None))
    assert lookups.parameters(["/a"])["/a"].code == UNANSWERED


def test_a_state_is_read_from_s3(lab, lookups):
    bucket(lab).put_object(Bucket="acme-state", Key=AT.key, Body=b"content")
    assert lookups.state(AT) == b"content"


def test_a_state_may_lie_in_another_region(lab, lookups):
    bucket(lab, "us-west-2").put_object(Bucket="acme-state", Key=AT.key, Body=b"content")
    assert lookups.state(StateAt(bucket="acme-state", key=AT.key, region="us-west-2")) == b"content"
    assert [call.region for call in lab.simulator.calls if call.service == "s3" and not call.mutating] == ["us-west-2"]


def test_a_state_that_is_not_there_is_told(lab, lookups):
    assert lookups.state(AT).message == "there is no bucket acme-state"
    bucket(lab)
    assert lookups.state(AT).message == "there is no object s3://acme-state/prod/net.tfstate"
    assert lookups.state(AT).code == "unreadable-state"


def test_a_state_that_may_not_be_read_is_told_with_the_permission(lab, lookups):
    lab.simulator.faults.add(Fault(what="denied", service="s3", calls="read", times=None))
    found = lookups.state(AT)
    assert (found.code, found.hint.startswith("allow s3:")) == (DENIED, True)


def test_a_state_that_gives_no_answer_is_told_after_a_few_tries(lab, lookups):
    lab.simulator.faults.add(Fault(what="throttled", service="s3", calls="read", times=None))
    assert lookups.state(AT).code == UNANSWERED


def test_a_state_has_a_cap(lab, lookups, monkeypatch):
    monkeypatch.setattr(door, "MOST", 4)
    bucket(lab).put_object(Bucket="acme-state", Key=AT.key, Body=b"12345")
    found = lookups.state(AT)
    assert (found.code, "more than" in found.message) == ("unreadable-state", True)


@pytest.mark.parametrize("breaks", [1, 2, 3])
def test_a_stream_that_breaks_off_is_read_again_and_then_told(lab, lookups, monkeypatch, breaks):
    from botocore.exceptions import ReadTimeoutError
    from botocore.response import StreamingBody

    bucket(lab).put_object(Bucket="acme-state", Key=AT.key, Body=b"content")
    read, broken = StreamingBody.read, []

    def breaking(self, amt=None):
        if len(broken) < breaks:
            broken.append(True)
            raise ReadTimeoutError(endpoint_url="https://acme-state")
        return read(self, amt)

    monkeypatch.setattr(StreamingBody, "read", breaking)
    found = lookups.state(AT)
    assert (found == b"content") if breaks < 3 else (found.code == UNANSWERED)


@pytest.mark.parametrize(
    "operation", ["ssm:GetParameter", "ssm:GetParametersByPath", "s3:ListObjectsV2", "ssm:PutParameter"]
)
def test_nothing_else_goes_through_the_door(lookups, operation):
    with pytest.raises(ValueError, match="only parameters and states"):
        lookups._read.one(operation, {})


def test_the_reader_still_refuses_both(lab):
    read = lab.connect().read
    for operation in (door.PARAMETERS, door.OBJECT):
        with pytest.raises(ValueError, match="a Reader may not make it"):
            read.one(operation, {})
