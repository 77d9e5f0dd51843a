"""Bytes to documents: what is read as what, what is refused, and that no file breaks the reader."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.source.load import NODES, load
from reconciler.source.nodes import key_mark, plain, positions, value_mark


def read(text: str | bytes, name: str = "apps/a/x.yaml"):
    loaded = load(name, text if isinstance(text, bytes) else text.encode())
    assert not loaded.problems, loaded.problems
    return [plain(document) for document in loaded.documents]


def codes(text: str | bytes, name: str = "apps/a/x.yaml") -> list[str]:
    return [problem.code for problem in load(name, text if isinstance(text, bytes) else text.encode()).problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("yes", "yes"), ("True", "True"), ("NULL", "NULL"),
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None), ('""', ""), ("'~'", "~"),
        ("12:30:45", "12:30:45"), ("1:20", "1:20"), ("2024-01-31", "2024-01-31"), ("0001-02-03", "0001-02-03"),
        ("1.2.3", "1.2.3"), ("01.02.03", "01.02.03"), ("1,000", "1,000"), ("256m", "256m"), ("0o17", 15), ("0x1F", 31),
        ("-5", -5), ("+5", 5), ("0", 0), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), (".", "."),
        ("..", ".."), ("1_a", "1_a"), ("='a'", "='a'"), ("'0777'", "0777"), ("!!str 12", "12"), ("${X}", "${X}"),
        ("$X", "$X"), ("${{ vars.x }}", "${{ vars.x }}"), ("10.0.0.0/16", "10.0.0.0/16"), ("1.0.0-rc1", "1.0.0-rc1"),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_read_by_the_core_schema(written, value) -> None:
    [document] = read(f"a: {written}\n")
    assert document == {"a": value}
    assert type(document["a"]) is type(value) or written in {"+5", "0o17", "0x1F", "1e3", ".5"}


@pytest.mark.parametrize("written", ["0777", "017", "1_000", "-012", "0b11", "1_000.5", "00.5", "0x_ff", "9" * 50])
def test_a_number_that_two_readers_read_differently_is_refused(written) -> None:
    assert codes(f"a: {written}") == ["ambiguous-number"]
    assert read(f"a: '{written}'") == [{"a": written}]


def test_keys_are_text_however_they_look() -> None:
    assert read("8080: a\non: b\n0777: c\ntrue: d") == [{"8080": "a", "on": "b", "0777": "c", "true": "d"}]


def test_one_file_holds_many_documents_and_empty_ones_are_none() -> None:
    assert read("---\n# nothing\n---\na: 1\n...\n---\nb: 2\n---\n") == [{"a": 1}, {"b": 2}]
    assert read("") == []
    assert read("# only a comment\n") == []


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    assert read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n") == [{"a": 1, "b": 2}]


def test_json_is_read_with_tabs_trailing_commas_and_comments() -> None:
    text = '{\n\t"a": 1, // one\n\t/* two\n\t*/ "url": "http://x/*y*/#z", # three\n\t"c": [1, 2,],\n}'
    assert read(text, "apps/a/x.json") == [{"a": 1, "url": "http://x/*y*/#z", "c": [1, 2]}]


def test_places_are_those_of_keys_and_values() -> None:
    [document] = load("f.yaml", b"a:\n  b: [1, two]\n  c: |\n    text\n").documents
    assert str(key_mark(document, ("a", "b")).position) == "f.yaml:2:3"
    assert str(value_mark(document, ("a", "b")).position) == "f.yaml:2:3"
    assert str(value_mark(document, ("a", "b", 1)).position) == "f.yaml:2:10"
    assert value_mark(document, ("a", "b", 1)).position.width == 3
    assert str(value_mark(document, ("a", "nowhere")).position) == "f.yaml:1:1"
    found = positions(document)
    assert found["a", "c"].text == "  c: |"
    assert set(found) == {(), ("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1), ("a", "c")}


def test_a_tab_in_a_line_stays_in_its_text_and_a_long_line_is_cut() -> None:
    [problem] = load("f.yaml", b"a:\t0777").problems
    assert problem.at.text == "a:\t0777"
    [problem] = load("f.yaml", b"a: 0777 # " + b"x" * 5000).problems
    assert len(problem.at.text) < 300
    [problem] = load("f.yaml", b"{b: " + b"x" * 5000 + b", a: 0777}").problems
    assert problem.at.text == ""
    assert problem.at.column == 5010


def test_several_mistakes_of_a_file_are_told_at_once() -> None:
    assert codes("a: 0777\na: 1\nb: !x 1\nc: *c\nd: [") == [
        "ambiguous-number",
        "duplicate-key",
        "tag",
        "alias",
        "syntax",
    ]


def test_a_document_that_breaks_off_still_tells_what_it_is() -> None:
    loaded = load("f.yaml", b"kind: Service\nmetadata: {name: a}\nspec:\n  a: 'b")
    assert plain(loaded.documents[0])["metadata"] == {"name": "a"}
    assert loaded.broken == 0


BOMBS = {
    "aliases": "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
    "depth of a list": "[" * 20_000,
    "depth of an object": "{a: " * 20_000,
    "depth of a block list": "- " * 20_000,
    "depth of a block object": "\n".join(" " * depth + "a:" for depth in range(900)),
    "depth of keys": "? " * 20_000,
    "many documents": "---\n1\n" * 100_000,
    "many keys": "".join(f"k{i}: 1\n" for i in range(80_000)),
    "many elements": "[" + "1," * 400_000 + "]",
    "a huge number": "a: " + "1" * 1_000_000,
    "a huge tag": "a: !" + "x" * 1_000_000 + " 1",
    "a huge anchor": "a: &" + "x" * 1_000_000 + " 1",
    "a huge key": "x" * 1_000_000 + ": 1",
    "many anchors": "&a " * 300_000,
    "many quotes": '"' * 1_000_000,
    "many mistakes": "a: 0777\n" * 1_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name) -> None:
    loaded = load("f.yaml", BOMBS[name].encode())
    assert 1 <= len(loaded.problems) <= 21
    assert all(len(problem.message) < 300 and len(problem.at.text) < 300 for problem in loaded.problems)


@pytest.mark.bench
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name) -> None:
    data = BOMBS[name].encode()
    start = time.perf_counter()
    load("f.yaml", data)
    took = time.perf_counter() - start
    print(f"{name}: {took * 1000:.0f} ms for {len(data):,} bytes")
    assert took < 1


def test_a_file_below_the_bounds_is_read() -> None:
    count = (NODES - 1) // 2
    assert len(read("".join(f"k{i}: 1\n" for i in range(count)))[0]) == count


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_whatever_is_written_as_json_is_read_as_it_was(value) -> None:
    written = json.dumps({"a": value})
    assert read(written, "f.json") == [{"a": value}]


@given(st.binary(max_size=300))
def test_random_bytes_end_in_documents_or_problems(data) -> None:
    load("apps/a/f.yaml", data)
    load("apps/a/f.json", data)


PIECES = st.sampled_from(
    ["kind: Service\n", "metadata:\n", "  name: a\n", "spec: ", "{", "}", "[", "]", ",", ": ", "- ", "\n", "  ", "\t",
     "&a ", "*a", "!t ", "<<: ", "? ", "|\n", ">\n", "'", '"', "\\", "#", "---\n", "...\n", "${{ vars.a }}", "{{ x }}", "0777",
     "%TAG ! x\n", "\u2028", "\x85", "\ufeff", "é", "\U0001f600", "null", "~", "1e999", "@", "`", "=", "..."]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=300)
def test_mutated_yaml_ends_in_documents_or_problems(text) -> None:
    for name in ("apps/a/f.yaml", "apps/a/f.json"):
        loaded = load(name, text.encode())
        for problem in loaded.problems:
            assert problem.at.line >= 1
            assert problem.at.column >= 1
        for document in loaded.documents:
            positions(document)
