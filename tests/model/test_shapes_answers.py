"""Answers of AWS as manifests."""

from __future__ import annotations

from reconciler.model.errors import Severity
from reconciler.model.fields import Fields
from reconciler.model.shapes import unwrap

FIELDS = Fields(
    name="serviceName",
    wrappers=("service", "services"),
    response_only=frozenset({"serviceArn", "clusterArn", "roleArn", "status"}),
    defaults={"cluster": "cluster"},
)


def test_a_plain_spec_is_left_as_it_is() -> None:
    found = unwrap({"serviceName": "a", "service": 1}, FIELDS)
    assert (found.spec, found.findings) == ({"serviceName": "a", "service": 1}, ())


def test_an_answer_is_unwrapped_and_what_only_it_holds_is_left_out_with_one_note() -> None:
    answer = {"service": {"serviceName": "a", "status": "ACTIVE", "serviceArn": "x"}, "ResponseMetadata": {}}
    found = unwrap(answer, FIELDS)
    assert found.spec == {"serviceName": "a"}
    assert found.origin == {"serviceName": ("service", "serviceName")}
    [note] = found.findings
    assert (note.severity, note.path) == (Severity.NOTE, ("service", "status"))


def test_the_first_of_a_list_is_taken_and_a_second_is_an_error() -> None:
    assert unwrap({"services": [{"serviceName": "a"}], "failures": []}, FIELDS).spec == {"serviceName": "a"}
    [error] = unwrap({"services": [{"serviceName": "a"}, {"serviceName": "b"}]}, FIELDS).findings
    assert (error.severity, error.path) == (Severity.ERROR, ("services", 1))


def test_tags_beside_the_wrapper_belong_to_it() -> None:
    found = unwrap({"service": {"serviceName": "a"}, "tags": [{"key": "b"}]}, FIELDS)
    assert found.spec["tags"] == [{"key": "b"}]
    assert found.origin["tags"] == ("tags",)


def test_an_arn_stands_for_a_missing_member_that_the_environment_would_give() -> None:
    found = unwrap({"clusterArn": "arn:c", "roleArn": "arn:r"}, FIELDS)
    assert found.spec == {"cluster": "arn:c"}
    assert found.origin == {"cluster": ("clusterArn",)}
    assert [finding.message for finding in found.findings] == ["ignored, because only answers of AWS hold it: roleArn"]
    assert unwrap({"cluster": "own", "clusterArn": "arn:c"}, FIELDS).spec == {"cluster": "own"}
