"""Requests and answers are held against botocore's own model."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulator import AwsError, SimulatorError, cbor, ecs, shapes, tagging


def accept(operation, params):
    return shapes.accept(shapes.operations("ecs")[operation].input, params)


def test_nulls_are_left_out_at_any_depth():
    given = {"clusterName": "a", "tags": [None, {"key": "k", "value": None}], "settings": None}
    assert accept("CreateCluster", given) == {"clusterName": "a", "tags": [{"key": "k"}]}


def test_a_request_is_copied_not_kept():
    given = {"tags": [{"key": "k"}]}
    taken = accept("CreateCluster", given)
    taken["tags"][0]["key"] = "changed"
    assert given == {"tags": [{"key": "k"}]}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "Value null at 'serviceName' failed to satisfy constraint: Member must not be null"),
        ({"serviceName": 1}, "NUMBER_VALUE can not be converted to string at 'serviceName'"),
        ({"serviceName": "a", "desiredCount": True}, "TRUE_VALUE can not be converted to integer"),
        ({"serviceName": "a", "enableExecuteCommand": 1}, "NUMBER_VALUE can not be converted to boolean"),
        ({"serviceName": "a", "servicename": "a"}, "Unknown parameter 'servicename'"),
        (
            {"serviceName": "a", "deploymentController": {"type": "X"}},
            "Value 'X' at 'deploymentController.type' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ECS, CODE_DEPLOY, EXTERNAL]",
        ),
        (
            {"serviceName": "a", "capacityProviderStrategy": [{"capacityProvider": "F", "weight": 1001}]},
            "capacityProviderStrategy.1.member.weight' failed to satisfy constraint: Member must have value less",
        ),
        ({"serviceName": "a", "tags": [{"key": ""}]}, "length greater than or equal to 1"),
        ({"serviceName": "a", "tags": {}}, "START_OBJECT can not be converted to list"),
    ],
)
def test_what_the_model_forbids_is_refused(params, text):
    with pytest.raises(AwsError) as caught:
        accept("CreateService", params)
    assert text in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        {"clusterArns": "a"},
        {"clusterArns": [1]},
        {"nope": 1},
    ],
)
def test_an_answer_the_model_does_not_allow_is_a_mistake_of_ours(answer):
    with pytest.raises(SimulatorError):
        shapes.check(shapes.operations("ecs")["ListClusters"].output, answer)


def test_an_answer_with_an_unknown_enum_value_is_a_mistake_of_ours():
    answer = {"service": {"launchType": "MOON"}}
    with pytest.raises(SimulatorError, match="launchType"):
        shapes.check(shapes.operations("ecs")["CreateService"].output, answer)


def test_a_wrong_answer_is_seen_by_the_caller(sim, monkeypatch):
    monkeypatch.setitem(ecs.OPERATIONS, "ListClusters", lambda at, params: {"nope": []})
    with pytest.raises(SimulatorError, match="no member nope"):
        sim.client("ecs").list_clusters()


def test_every_operation_here_is_one_of_the_model():
    assert ecs.OPERATIONS.keys() <= shapes.operations("ecs").keys()
    assert tagging.OPERATIONS.keys() <= shapes.operations("resourcegroupstaggingapi").keys()


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.binary() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_like)
def test_cbor_reads_what_it_writes(value):
    assert cbor.loads(cbor.dumps(value)) == value


@given(st.binary(max_size=30))
def test_bytes_that_are_not_cbor_are_a_value_error_at_most(data):
    try:
        cbor.loads(data)
    except (ValueError, KeyError, TypeError):
        return


def test_cbor_of_other_writers_is_read():
    assert cbor.loads(bytes.fromhex("bf6161016162 9f0203ffff".replace(" ", ""))) == {"a": 1, "b": [2, 3]}
    assert cbor.loads(bytes.fromhex("f93c00")) == 1.0
    assert math.isclose(cbor.loads(bytes.fromhex("fa47c35000")), 100000.0)
    assert cbor.loads(bytes.fromhex("c11a514b67b0")) == 1363896240


def test_the_tagging_api_is_answered_in_cbor_too(sim):
    from reconciler.simulator import Request

    path = "https://tagging.us-east-1.amazonaws.com/service/ResourceGroupsTaggingAPI_20170126/operation/GetTagKeys"
    answer = sim.handle(Request("POST", path, {"smithy-protocol": "rpc-v2-cbor"}, cbor.dumps({})))
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert cbor.loads(answer.body) == {"PaginationToken": "", "TagKeys": []}
    wrong = sim.handle(Request("POST", path.replace("GetTagKeys", "GetTagValues"), {}, cbor.dumps({})))
    assert (wrong.status, cbor.loads(wrong.body)["__type"]) == (400, "InvalidParameterException")
