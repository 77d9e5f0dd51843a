"""What an opened file gives out."""

import json

import pytest

from reconciler.aws.unsealed import as_text, decimal, whole
from reconciler.model.tree import leaves

TREES = [
    {},
    {"a": {}},
    {"a": []},
    {"a": [[], {}, [[1]], {"b": [None]}], "c": {"d": {"e": True}}, "f": ""},
    {"z": 1, "a": [{"x": 1, "y": [2, 3]}, {"x": 4}], "é": "ü"},
]


@pytest.mark.parametrize("tree", TREES, ids=json.dumps)
def test_a_tree_is_put_together_from_its_leaves(tree):
    assert whole(leaves(tree)) == json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [("5", "5"), ("", ""), (5, "5"), (5.0, "5"), (1.5, "1.5"), (True, "true"), (None, "null"), (1.2345678901234567e19, "12345678901234567000"), (1e21, "1e+21")],
)
def test_one_value_is_its_text_or_json(value, text):
    assert as_text(value) == text


# By Go's strconv.FormatFloat(f, 'f', -1, 64).
@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"), (-0.0, "-0"), (5.0, "5"), (-1.5, "-1.5"), (0.1, "0.1"), (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"), (1.2345678901234567e19, "12345678901234567000"), (100.0, "100"), (123.456, "123.456"),
    ],
)  # fmt: skip
def test_a_float_is_written_without_an_exponent(number, text):
    assert decimal(number) == text
