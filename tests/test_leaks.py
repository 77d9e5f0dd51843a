"""The oracle that looks for values finds them, in each spelling alone, and nothing where there is none."""

from __future__ import annotations

from random import Random

import pytest

from tests.leaks import LEAST, SHAPES, Canary, leaks, made, spellings


@pytest.mark.parametrize("shape", SHAPES)
def test_each_spelling_of_each_shape_is_found(shape):
    canary = made(Random(1), shape)
    for how, text in spellings(canary.value):
        data = text if isinstance(text, bytes) else text.encode()
        if len(data) >= LEAST:
            assert leaks(b"before \x00" + data + b" after", [canary]), how


@pytest.mark.parametrize("text", ["", "one", "another value", "anoth\ner", "YW5vdGhlciB2YWx1ZQ==", "616e6f74686572"])
def test_what_is_not_the_value_is_not_found(text):
    assert leaks(text, [Canary('another"one', ())]) == []


def test_it_knows_each_encoding_by_a_text_written_by_hand():
    value = "trä\"x'y\n\\zQ12345"
    written = {
        "JSON": 'tr\\u00e4\\"x\'y\\n\\\\zQ12345',
        "JSON in UTF-8": 'trä\\"x\'y\\n\\\\zQ12345',
        "repr": "trä\"x\\'y\\n\\\\zQ12345",
        "ascii": "tr\\xe4\"x\\'y\\n\\\\zQ12345",
        "YAML": 'trä\\"x\'y\\n\\\\zQ12345',
        "YAML in single quotes": "trä\"x''y\n\\zQ12345",
        "URL": "tr%C3%A4%22x%27y%0A%5CzQ12345",
        "HTML": "trä&quot;x&#x27;y\n\\zQ12345",
        "folded": "trä\"x'y \\zQ12345",
        "a line": "the line is \\zQ12345",
        "bytes": "tr\\xc3\\xa4\"x\\'y\\n\\\\zQ12345",
        "hex": "7472c3a42278",
        "base64": "dHLDpCJ4J3kKXHpRMTIzNDU=",
        "base64, one behind": "eHRyw6QieCd5Clx6UTEyMzQ1",
        "base64, two behind": "eHh0csOkIngneQpcelExMjM0NQ==",
        "base64 of a JSON document": "eyJhIjoidHLDpCJ4J3kKXHpRMTIzNDUifQ==",
        "UTF-16": "trä\"x'y\n\\zQ12345".encode("utf-16"),
    }
    written["hex"] = value.encode().hex()
    for how, text in written.items():
        assert leaks(text, [Canary(value, ())]), how


def test_a_part_of_it_is_found_by_the_words_in_it():
    canary = made(Random(2), "JSON")
    assert leaks(f"Value '{canary.value[:27]}...' is wrong", [canary])
    assert leaks(canary.marks[1][2:10], [canary])
    assert leaks(canary.marks[1][2:9], [canary]) == []


def test_one_rare_character_is_found():
    canary = made(Random(3), "a hieroglyph")
    assert len(canary.value) == 1
    assert leaks(f"it is {canary.value}", [canary])
    assert leaks("it is none", [canary]) == []


def test_two_shapes_never_share_a_value():
    random = Random(4)
    values = [made(random, shape) for shape in SHAPES]
    for canary in values:
        assert leaks("\n".join(it.value for it in values if it is not canary), [canary]) == []
