"""Dotenv files: what all readers take alike is taken, everything else is told with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.report.problems import draw
from reconciler.source.dotenv import is_dotenv, masked, read_dotenv
from reconciler.source.dotenv_edit import replace_value
from reconciler.source.edit import EditError
from reconciler.source.nodes import plain


def values(text: str) -> dict[str, str]:
    read = read_dotenv("x.env", text.encode())
    assert not read.problems, read.problems
    return plain(read.node)


def wrong(text: str | bytes) -> list[tuple[int, int, str]]:
    read = read_dotenv("x.env", text if isinstance(text, bytes) else text.encode())
    return [(it.at.line, it.at.column, it.message) for it in read.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("A=b", "b"), ("A=", ""), ("A=''", ""), ('A=""', ""), ("A = b ", "b"), ("  A=b", "b"), ("export A=b", "b"),
        ("export\tA=b", "b"), ("A=b c # d", "b c"), ("A=b#c", "b#c"), ("A=#c", "#c"), ("A= # c", ""), ("A=b\t# c", "b"),
        ("A=it's", "it's"), ('A=say "x"', 'say "x"'), ("A=$B ${C} `d`", "$B ${C} `d`"), ("A=a=b", "a=b"), ("A=\\n", "\\n"),
        ("A='b # c' # d", "b # c"), ("A='$B\\n'", "$B\\n"), ('A="b # c"', "b # c"), ('A="a\\nb\\t\\"\\\\\\$x"', 'a\nb\t"\\$x'),
        ('A="one\ntwo\n\nfour"', "one\ntwo\n\nfour"), ('A="one\r\ntwo"\r', "one\ntwo"), ('A="$B"', "$B"), ("A=é😀", "é😀"),
        ("A=1.10", "1.10"), ("A=true", "true"), ("A=host:5000/x@sha256:ab", "host:5000/x@sha256:ab"),
    ],
)  # fmt: skip
def test_a_value_is_read(written, value) -> None:
    assert values(written) == {"A": value}
    assert values(f"# c\n\n{written}\nB=2\n") == {"A": value, "B": "2"}


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter() -> None:
    assert values("\ufeffA=b") == {"A": "b"}
    assert values("A=b\r\n# c\r\nB='c'\r\n") == {"A": "b", "B": "c"}


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("A=1\nB\n", 2, 1, "a line has to be NAME=value"), ("A: 1\n", 1, 1, "a line has to be NAME=value"),
        ("=1\n", 1, 1, "a line has to be NAME=value"), ("export A\n", 1, 1, "a line has to be NAME=value"),
        ("1A=1\n", 1, 1, "this cannot be the name"), ("A.B=1\n", 1, 1, "this cannot be the name"),
        ("A='x\n", 1, 3, "a quote is opened here and never closed"), ('A="x\nB=1\n', 1, 3, "a quote is opened here"),
        ("A='x' y\n", 1, 7, "something follows the closing quote"), ('A="x"y # c\n', 1, 6, "something follows"),
        ('A="a\\d"\n', 1, 5, "\\d in double quotes"), ('A="a\\\nb"\n', 1, 5, "a backslash at the end"),
        ("A=1\n\nA=2\n", 3, 1, "'A' is given twice, in lines 1 and 3"), ("A=\x07\n", 1, 3, "control character U+0007"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text, line, column, message) -> None:
    [(found_line, found_column, said)] = wrong(text)
    assert (found_line, found_column) == (line, column)
    assert message in said


def test_all_that_is_wrong_is_told_in_one_run_but_no_end_of_it() -> None:
    assert [line for line, _, _ in wrong("A\nB=1\nC\nB=2\n")] == [1, 3, 4]
    assert len(wrong("A\n" * 1000)) == 20
    assert wrong(b"A=\xff\n") == [(1, 3, "the file is not UTF-8")]


@pytest.mark.parametrize(
    "text",
    [
        "DB_PASSWORD=hunter22 x\nDB_PASSWORD=hunter22\n", "DB_PASSWORD='hunter22\n", 'DB_PASSWORD="hunter22\nhunter22\n',
        "DB_PASSWORD hunter22\n", "DB PASSWORD=hunter22\n", "DB_PASSWORD: hunter22\n", "DB_PASSWORD='a' hunter22\n",
        'API_KEY="hunter22\\d"\n', "TOKEN=-----BEGIN\nhunter22\n", "export TOKEN = hunter22\nTOKEN=x\n",
        'TOKEN="x\nB=hunter22\nC\\d"\n', "password.x=hunter22\n",
    ],
)  # fmt: skip
def test_a_secret_is_not_shown(text) -> None:
    problems = read_dotenv("x.env", text.encode()).problems
    assert problems
    assert "hunter22" not in "\n".join(draw(it) for it in problems) + str(problems)


def test_what_is_no_secret_is_shown_where_it_stands() -> None:
    lines = ["A=x", "TOKEN=ab cd", "more", "# note", 'B="x', "B=y", 'z"', "C=1"]
    assert masked(lines) == ["A=x", "TOKEN=** **", "****", "# note", 'B="x', "B=y", 'z"', "C=1"]


@pytest.mark.parametrize(
    ("path", "is_one"),
    [(".env", True), ("a/prod.env", True), ("a/.env.prod", True), ("a.env.yaml", False), ("env", False), ("a.envx", False)],
)
def test_a_dotenv_file_is_known_by_its_name(path, is_one) -> None:
    assert is_dotenv(path) is is_one


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(st.sampled_from("AB='\"\\\n\r #$export\t\u2028"), max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(data) -> None:
    read = read_dotenv("x.env", data)
    plain(read.node)
    for problem in read.problems:
        assert draw(problem)
    lines = read.source.lines
    assert [len(line) for line in masked(lines)] == [len(line) for line in lines]


# -- edits


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("A=1 # c\nB=2\n", "x:2", "A=x:2 # c\nB=2\n"), ("export A = 1", "2", "export A = 2"), ("A='1'\r\n", "2", "A='2'\r\n"),
        ('A="1"\n', 'say "x"', 'A="say \\"x\\""\n'), ("A='1'\n", "it's", 'A="it\'s"\n'), ("A=\n", "b", "A=b\n"),
        ("A=1\n", "b # c", 'A="b # c"\n'), ('# A=0\nA="one\ntwo" # c\n', "x\ny", '# A=0\nA="x\\ny" # c\n'),
        ("\ufeffA=1", "2", "\ufeffA=2"), ("A= # c\n", "x", "A=x # c\n"),
    ],
)  # fmt: skip
def test_a_value_is_replaced_in_its_own_quotes(before, new, after) -> None:
    assert replace_value(before, "x.env", "A", new) == after


@pytest.mark.parametrize(("text", "new"), [("B=1\n", "x"), ("A=1\nA=2\n", "x"), ("A=1\n", "\x07")])
def test_a_file_that_cannot_say_it_is_not_edited(text, new) -> None:
    with pytest.raises(EditError) as raised:
        replace_value(text, "x.env", "A", new)
    assert raised.value.hint


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["# c", "", "B=1", "export C='x y'", 'D="p\nq"', "E=a # b"]), unique=True, max_size=5),
    st.sampled_from(["A=1", "A='1'", 'A="1"', "export A = 1  # note", 'A="1\n2"']),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_value_can_be_set_and_nothing_else_changes(others, line, new, eol) -> None:
    if any(char in new for char in "\x85\u2028\u2029\ufffe\uffff"):
        return
    text = eol.join([*others, line, "Z=9"])
    after = replace_value(text, "x.env", "A", new)
    assert values(after) == {**values(text), "A": new}
    assert [it for it in after.split(eol) if not it.lstrip("export ").startswith("A")][: len(others)] == text.split(eol)[: len(others)]
