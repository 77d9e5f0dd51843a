"""Stacks of CloudFormation: what somebody has deployed is described, and nothing is deployed here."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def described(sim, name, region="us-east-1"):
    [stack] = sim.client("cloudformation", region=region).describe_stacks(StackName=name)["Stacks"]
    return stack


def test_a_stack_tells_its_outputs_and_when_it_was_made(sim):
    sim.stack("net", Vpc="vpc-1", Note="<a & b>")
    stack = described(sim, "net")
    assert {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]} == {"Vpc": "vpc-1", "Note": "<a & b>"}
    assert (stack["StackStatus"], stack["CreationTime"], "LastUpdatedTime" in stack) == (
        "CREATE_COMPLETE",
        sim.now(),
        False,
    )


def test_deployed_anew_it_tells_when(sim):
    sim.stack("net", Vpc="vpc-1")
    made = sim.now()
    sim.advance(60)
    sim.stack("net", Vpc="vpc-2")
    stack = described(sim, "net")
    assert (stack["CreationTime"], stack["LastUpdatedTime"]) == (made, sim.now())
    assert stack["Outputs"] == [{"OutputKey": "Vpc", "OutputValue": "vpc-2"}]


def test_one_that_is_not_there_is_refused_in_the_words_of_cloudformation(sim):
    sim.stack("net", "eu-west-1", Vpc="vpc-1")
    with pytest.raises(ClientError) as refused:
        described(sim, "net")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert "does not exist" in refused.value.response["Error"]["Message"]
