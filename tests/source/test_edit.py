"""Edits in place: one value changes, every other byte stays; what cannot be edited so is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.source.edit import EditError, add_member, append_to_list, replace_scalar
from reconciler.source.load import load
from reconciler.source.nodes import List, Map, Mark, Scalar, Source, get, plain, scalars
from reconciler.source.patch_edit import set_patch_member, set_spec_member

HEAD = "apiVersion: reconciler/v1\nkind: Environment\n"


def nodes(text: str, name: str = "x.yaml"):
    loaded = load(name, text.encode())
    assert not loaded.problems, (text, loaded.problems)
    return loaded.documents


def mark_of(text: str, *path, name: str = "x.yaml") -> Mark:
    node = get(nodes(text, name)[0], *path)
    assert node is not None
    return node.at


def replaced(text: str, new: str, *path, name: str = "x.yaml") -> str:
    return replace_scalar(text, mark_of(text, *path, name=name), new)


REPLACED = {
    "plain": ("a: 1.0.0\n", "1.0.1", "a: 1.0.1\n"),
    "plain with a comment": ("a: x  # \tnote\nb: 1\n", "y", "a: y  # \tnote\nb: 1\n"),
    "a number becomes text": ("a: 3\n", "4", 'a: "4"\n'),
    "text that needs quotes": ("a: x\n", "b: c", 'a: "b: c"\n'),
    "text that looks like null": ("a: x\n", "null", 'a: "null"\n'),
    "text with a comment's sign": ("a: x\n", "b #c", 'a: "b #c"\n'),
    "the empty text": ("a: x # c\n", "", 'a: "" # c\n'),
    "single quotes": ("a: 'x' # c\n", "it's", "a: 'it''s' # c\n"),
    "single quotes of many lines": ("a: 'x'\n", "b\nc", 'a: "b\\nc"\n'),
    "double quotes": ('a: "x"\n', 'say "é\t"', 'a: "say \\"é\\t\\""\n'),
    "unprintable": ("a: x\n", "a\x85b\u2028\x07", 'a: "a\\u0085b\\u2028\\u0007"\n'),
    "literal": ("a: |\n   x\n   y\nb: 1\n", "p\nq\n", "a: |\n   p\n   q\nb: 1\n"),
    "literal that strips": ("a: |-  # n\n  x\n\n\n# c\nb: 1\n", "p\n\nq", "a: |-  # n\n  p\n\n  q\n\n\n# c\nb: 1\n"),
    "literal that strips no more": ("a: |-\n  x\nb: 1\n", "p\n", "a: |\n  p\nb: 1\n"),
    "literal that keeps": ("a: |+\n  x\n\n\nb: 1\n", "p\n\n", "a: |+\n  p\n\nb: 1\n"),
    "literal with windows line ends": ("a: |\r\n  x\r\nb: 1\r\n", "p\nq\n", "a: |\r\n  p\r\n  q\r\nb: 1\r\n"),
    "folded": ("a: >-\n  x\n  y\nb: 1\n", "p q r", "a: >-\n  p q r\nb: 1\n"),
    "folded of many lines": ("a: >\n  x\nb: 1\n", "p\nq\n", "a: |\n  p\n  q\nb: 1\n"),
    "literal that begins with a space": ("a: |\n  x\nb: 1\n", " p\n", 'a: " p\\n"\nb: 1\n'),
    "flow": ("a_: 1\na: {x: y, z: [1]}\n", "p, q", 'a_: 1\na: {x: "p, q", z: [1]}\n'),
    "windows line ends": ("a: x\r\nb: y\r\n", "z", "a: z\r\nb: y\r\n"),
    "no newline at the end": ("b: 1\na: x", "y", "b: 1\na: y"),
    "nothing yet": ("a:\nb: 1\n", "x", "a: x\nb: 1\n"),
    "nothing yet but a comment": ("a: # c\nb: 1\n", "x", "a: x # c\nb: 1\n"),
    "plain over lines": ("a: x\n  y\nb: 1\n", "z", "a: z\nb: 1\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLACED)
def test_a_scalar_is_replaced_in_its_own_style(name) -> None:
    before, new, after = REPLACED[name]
    path = ("a", "x") if name == "flow" else ("a",)
    assert replaced(before, new, *path) == after
    assert get(nodes(after)[0], *path).value == new


def test_the_byte_order_mark_stays() -> None:
    text = "\ufeff# c\na: x\n"
    assert replace_scalar(text, mark_of(text[1:], "a"), "y") == "\ufeff# c\na: y\n"


def test_the_right_document_of_a_file_is_edited() -> None:
    text = "---\n# empty\n---\na: 1\n...\n---\na: x # second\n"
    assert replace_scalar(text, get(nodes(text)[1], "a").at, "y") == text.replace("a: x", "a: y")


def test_json_is_edited_in_double_quotes_with_its_comments() -> None:
    text = '{\n  // "a": "no"\n  "a": "x", /* b */ "c": ["d"]\n}\n'
    at = mark_of(text, "a", name="x.json")
    assert replace_scalar(text, at, 'é"\n') == text.replace('"x"', '"é\\"\\n"')
    assert append_to_list(text, mark_of(text, "c", name="x.json"), "null") == text.replace('["d"]', '["d", "null"]')
    bare = '{\n  "a": {\n    "b": 1\n  }\n}\n'
    made = add_member(bare, mark_of(bare, "a", name="x.json"), "c", {"d": [True, 2]})
    assert made == '{\n  "a": {\n    "b": 1,\n    "c": {"d": [true, 2]}\n  }\n}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x y\nb: *x\n", "mistakes"), ("a: [\n", "mistakes"), ("a: 1\na: 2\n", "mistakes"),
        ("- 1\n", "no scalar here"), ("", "no scalar here"), ("bb: x\n", "no scalar here"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_is_refused_with_what_to_do(text, message) -> None:
    with pytest.raises(EditError, match=message) as raised:
        replace_scalar(text, Mark(Source("x.yaml", text), 0, 3), "z")
    assert raised.value.hint


def test_json_with_escaped_surrogates_is_refused() -> None:
    text = '{"a": "\\ud83d\\ude00", "b": "x"}'
    with pytest.raises(EditError, match="surrogates"):
        replace_scalar(text, mark_of(text, "b", name="x.json"), "y")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\n  - 1 # c\n  # end\nb: 1\n", "a:\n  - 1 # c\n  - x\n  # end\nb: 1\n"),
        ("a:\n- 1\n- - 2\n  - 3\nb: 1\n", "a:\n- 1\n- - 2\n  - 3\n- x\nb: 1\n"),
        ("a:\n- b: |\n    t\n\n\nc: 1\n", "a:\n- b: |\n    t\n- x\n\n\nc: 1\n"),
        ("a:\n- |+\n  t\n\nc: 1\n", "a:\n- |+\n  t\n\n- x\nc: 1\n"),
        ("a:\n  - 1", "a:\n  - 1\n  - x"),
        ("a:\r\n  - 1\r\n", "a:\r\n  - 1\r\n  - x\r\n"),
        ("a:\n  - 1\n  -\nb: 1\n", "a:\n  - 1\n  -\n  - x\nb: 1\n"),
        ("a: []\n", "a: [x]\n"),
        ("a: [ 1 ] # c\n", "a: [ 1, x ] # c\n"),
        ("a: [\n  1, # one\n  2 # two\n]\n", "a: [\n  1, # one\n  2, # two\n  x\n]\n"),
        ("a: [\n  1,\n]\n", "a: [\n  1,\n  x,\n]\n"),
        ("a: [1, {b: c}]\n", "a: [1, {b: c}, x]\n"),
    ],
)
def test_an_element_comes_behind_the_others(before, after) -> None:
    assert append_to_list(before, mark_of(before, "a"), "x") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\n  b: 1 # c\n# end\nc: 1\n", "a:\n  b: 1 # c\n  n: {p: q}\n# end\nc: 1\n"),
        ("a: {}\n", "a: {n: {p: q}}\n"),
        ("a: {b: 1}\n", "a: {b: 1, n: {p: q}}\n"),
        ("a:\n  b:\nc: 1\n", "a:\n  b:\n  n: {p: q}\nc: 1\n"),
        ("a:\n  b:\n    c: >-\n      t\n", "a:\n  b:\n    c: >-\n      t\n  n: {p: q}\n"),
    ],
)
def test_a_member_comes_behind_the_others(before, after) -> None:
    assert add_member(before, mark_of(before, "a"), "n", {"p": "q"}) == after


def test_a_member_that_is_there_is_not_given_twice() -> None:
    with pytest.raises(EditError, match="'b' is here already"):
        add_member("a: {b: 1}\n", mark_of("a: {b: 1}\n", "a"), "b", "x")


LONG = "sealed:v1:" + "0123456789abcdef" * 2 + ":eyJhZ2UiOlsiYWdlMXF5cSJdfQ:" + "QUJD/+_-" * 40 + "=="
PATCH = f"    - select: {{kind: Secret, name: db}}\n      spec:\n        secretString: {LONG}\n"
PATCHED = {
    "no document": ("", HEAD + "spec:\n  patches:\n" + PATCH),
    "a comment alone": ("# mine", "# mine\n" + HEAD + "spec:\n  patches:\n" + PATCH),
    "no spec": (HEAD + "# c\n", HEAD + "spec:\n  patches:\n" + PATCH + "# c\n"),
    "an empty spec": (HEAD + "spec: # c\n", HEAD + "spec: # c\n  patches:\n" + PATCH),
    "no patches": (HEAD + "spec:\n  region: x\n", HEAD + "spec:\n  region: x\n  patches:\n" + PATCH),
    "empty patches": (HEAD + "spec:\n  patches: [] # none\n  cluster: x\n", HEAD + "spec:\n  patches: # none\n" + PATCH + "  cluster: x\n"),
    "null patches": (HEAD + "spec:\n  patches: ~\n", HEAD + "spec:\n  patches:\n" + PATCH),
    "another patch": (
        HEAD + "spec:\n  patches:\n    - select: {kind: Secret}\n      spec: {secretString: x}\n\n  cluster: y\n",
        HEAD + "spec:\n  patches:\n    - select: {kind: Secret}\n      spec: {secretString: x}\n" + PATCH + "\n  cluster: y\n",
    ),
    "a patch without the member": (
        HEAD + "spec:\n  patches:\n    - select:\n        name: db # c\n        kind: Secret\n      spec:\n        name: n\n",
        HEAD + "spec:\n  patches:\n    - select:\n        name: db # c\n        kind: Secret\n      spec:\n        name: n\n        secretString: " + LONG + "\n",
    ),
    "a patch without a spec": (
        HEAD + "spec:\n  patches:\n    - select: {kind: Secret, name: db}\n      metadata: {labels: {a: b}}\n",
        HEAD + "spec:\n  patches:\n    - select: {kind: Secret, name: db}\n      metadata: {labels: {a: b}}\n      spec:\n        secretString: " + LONG + "\n",
    ),
    "a patch with it": (HEAD + "spec:\n  patches:\n" + PATCH.replace(LONG, "'old' # c"), HEAD + "spec:\n  patches:\n" + PATCH.replace(LONG, f"'{LONG}' # c")),
    "a patch in flow style": (
        HEAD + "spec: {patches: [{select: {kind: Secret, name: db}, spec: {secretString: x}}]}\n",
        HEAD + f"spec: {{patches: [{{select: {{kind: Secret, name: db}}, spec: {{secretString: {LONG}}}}}]}}\n",
    ),
    "windows line ends": ((HEAD + "spec:\n  region: x\n").replace("\n", "\r\n"), (HEAD + "spec:\n  region: x\n  patches:\n" + PATCH).replace("\n", "\r\n")),
    "a byte order mark and no newline": ("\ufeff" + HEAD + "spec:\n  region: x", "\ufeff" + (HEAD + "spec:\n  region: x\n  patches:\n" + PATCH).rstrip("\n")),
}  # fmt: skip


@pytest.mark.parametrize("name", PATCHED)
def test_a_member_of_a_patch_is_set(name) -> None:
    before, after = PATCHED[name]
    made = set_patch_member(before, "Secret", "db", "secretString", LONG)
    assert made == after
    assert set_patch_member(made, "Secret", "db", "secretString", LONG) == made
    patches = get(nodes(made.removeprefix("\ufeff"))[0], "spec", "patches")
    assert plain(patches)[-1]["spec"]["secretString"] == LONG


def test_the_last_of_several_patches_is_the_one_that_counts() -> None:
    one = "    - select: {kind: Secret, name: db}\n      spec: {secretString: one}\n"
    text = HEAD + "spec:\n  patches:\n" + one + one.replace("one", "two") + "    - select: {kind: Secret, name: db}\n      spec: {name: x}\n"
    assert set_patch_member(text, "Secret", "db", "secretString", "new") == text.replace("two", "new")


def test_an_environment_in_json_is_patched() -> None:
    text = '{\n  "apiVersion": "reconciler/v1",\n  "kind": "Environment",\n  "spec": {"region": "x"}\n}\n'
    made = set_patch_member(text, "Secret", "db", "secretString", "s", file="e.json")
    patch = '{"select": {"kind": "Secret", "name": "db"}, "spec": {"secretString": "s"}}'
    assert made == text.replace('"x"}', f'"x", "patches": [{patch}]}}')
    assert set_patch_member("", "Secret", "db", "secretString", "s", file="e.json").startswith('{"apiVersion": "recon')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "---\n" + HEAD, "2 documents of kind Environment"), ("kind: App\n", "0 documents"),
        (HEAD + "spec: []\nx: 1\n---\n- 1\n", None), (HEAD + "spec:\n  patches: {a: b}\n", "no list"),
        (HEAD + "spec: text\n", "no object"),
        (HEAD + "spec:\n  patches:\n    - select: {kind: Secret, name: db}\n      spec: {secretString: {a: b}}\n", "an object or a list"),
    ],
)  # fmt: skip
def test_an_environment_that_is_none_is_not_patched(text, message) -> None:
    if message is None:
        assert "patches" in set_patch_member(text, "Secret", "db", "secretString", "x")
        return
    with pytest.raises(EditError, match=message) as raised:
        set_patch_member(text, "Secret", "db", "secretString", "x", file="e.yaml")
    assert raised.value.where.startswith("e.yaml")


def test_a_member_of_a_manifest_is_set() -> None:
    text = "kind: Secret\nmetadata: {name: a}\n---\nkind: Secret\nmetadata:\n  name: db\nspec:\n  name: x\n# end\n"
    made = set_spec_member(text, "Secret", "db", "secretString", "s")
    assert made == text.replace("  name: x\n", "  name: x\n  secretString: s\n")
    assert set_spec_member(made, "Secret", "db", "secretString", "t") == made.replace(": s\n", ": t\n")
    assert set_spec_member(text, "Secret", "a", "secretString", "s") == text.replace("{name: a}\n", "{name: a}\nspec: {secretString: s}\n")
    with pytest.raises(EditError, match="no manifest of Secret/zz"):
        set_spec_member(text, "Secret", "zz", "secretString", "s")


# -- properties

NEW = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", " ", "null", "~", "1", "0777", "a: b", "- a", "# c", "a #b", "'", '"', "{", "[a", "*a", "&a", "!a", "%a", "@a", "`",
     "a\n", "a\n\n", "\na", " a\n", "a\nb", "a \nb\n", "\n", "|", ">", "?", "? a", ": a", "---", "...", "a\tb", "${{ x }}", "<<", "é😀"]
)  # fmt: skip
COMMENT = st.sampled_from(["", "", " # note", "  #\ttab # 'x", " # \"a: b"])
WORD = st.sampled_from(["a", "b", "name", "image", "x-y", "v1.2"])
SCALAR = st.sampled_from(
    ["x", "1", "true", "1.10", "v1.2.3", "''", "'it''s'", '"a\\tb"', '"a: b"', "a b", "repo:1@sha256:ab", "null", "~"]
)  # fmt: skip


@st.composite
def block_lines(draw, indent: int = 0, depth: int = 0) -> list[str]:
    """The lines of a random object or list in block style, with comments and blank lines between."""
    pad = " " * indent
    lines: list[str] = []
    listed = depth > 0 and draw(st.booleans())
    keys = draw(st.lists(WORD, min_size=1, max_size=3, unique=True))
    for key in keys:
        lines += draw(st.sampled_from([[], [], [""], [pad + "# own line"], ["# at the margin", ""]]))
        lead = pad + "-" if listed else f"{pad}{key}:"
        sort = draw(st.sampled_from(["scalar", "scalar", "block", "flow", "nested", "lines"]))
        note = draw(COMMENT)
        if sort == "scalar":
            lines.append(f"{lead} {draw(SCALAR)}{note}")
        elif sort == "block":
            style = draw(st.sampled_from(["|", ">", "|-", ">-", "|+", ">+"]))
            inner = pad + " " * draw(st.integers(1, 4))
            body = draw(st.sampled_from([["t"], ["t", "", "u"], ["t", "  u"], ["# no comment"], ["t", ""]]))
            lines += [f"{lead} {style}{note}", *(inner + it if it else "" for it in body)]
        elif sort == "flow":
            lines.append(f"{lead} {draw(st.sampled_from(['{p: q, r: [1, x]}', '[a, {b: c}]', '[]', '{}', '[ 1 , ]']))}{note}")
        elif sort == "lines":
            lines += [f"{lead} [", f"{pad}  one, # 1", f"{pad}  'two'{note}", f"{pad}  ]"]
        elif depth < 2:
            lines += [f"{lead}{note}", *draw(block_lines(indent + draw(st.integers(1, 4)), depth + 1))]
        else:
            lines.append(f"{lead}{note}")
    return lines


@st.composite
def texts(draw) -> str:
    documents = draw(st.lists(block_lines(), min_size=1, max_size=2))
    eol = draw(st.sampled_from(["\n", "\r\n"]))
    return eol.join(line for lines in documents for line in ["---", *lines]) + draw(st.sampled_from(["", eol, eol * 3]))


def changed_only(before: str, after: str, spans: int) -> None:
    """Every line but those of one place is the same, byte for byte."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    end = next((n for n, (a, b) in enumerate(zip(old[::-1], new[::-1], strict=False)) if a != b), min(len(old), len(new)))
    assert len(old) - start - min(end, len(old) - start) <= spans


def values(text: str):
    return [plain(it) for it in nodes(text)]


@settings(max_examples=250, deadline=None)
@given(texts(), NEW, st.data())
def test_any_scalar_can_be_replaced_and_nothing_else_changes(text, new, data) -> None:
    documents = nodes(text)
    places = [(n, path, leaf) for n, node in enumerate(documents) for path, leaf in scalars(node)]
    if not places:
        return
    number, path, leaf = data.draw(st.sampled_from(places))
    after = replace_scalar(text, leaf.at, new)
    expected = values(text)
    holder = expected[number]
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    assert values(after) == expected
    changed_only(text, after, 10)  # a block that keeps its blank lines has so many


@settings(max_examples=250, deadline=None)
@given(texts(), NEW, st.data())
def test_any_list_or_object_can_be_added_to(text, new, data) -> None:
    def containers(node):
        if isinstance(node, Map | List):
            yield node
        for inner in node.members.values() if isinstance(node, Map) else node.items if isinstance(node, List) else ():
            yield from containers(inner)

    found = [it for node in nodes(text) for it in containers(node)]
    chosen = data.draw(st.sampled_from(found))
    value = data.draw(st.sampled_from([new, {"k": new}, [new, {"l": {"m": {"n": new}}}], 3, True]))
    before = plain(chosen)
    if isinstance(chosen, Map):
        after, expected = add_member(text, chosen.at, "new key", value), {**before, "new key": value}
    else:
        after, expected = append_to_list(text, chosen.at, value), [*before, value]
    assert expected in [plain(it) for node in nodes(after) for it in containers(node)]
    kept = [line for line in text.splitlines() if line.strip()]
    there = [line for line in after.splitlines() if line.strip()]
    assert len([line for line in kept if line not in there]) <= 1


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab:-[]{},'\"|>&*!#%?\n\r\t \\"), max_size=40), st.integers(0, 3), st.integers(0, 8))
def test_no_text_breaks_an_edit(text, line, column) -> None:
    mark = Mark(Source("x.yaml", text), line, column)
    for edit in (lambda: replace_scalar(text, mark, "new"), lambda: set_patch_member(text, "Secret", "db", "s", "new")):
        with suppress(EditError):  # and nothing else
            assert nodes(edit())


def test_a_scalar_keeps_its_type_in_the_tree() -> None:
    assert isinstance(get(nodes("a: x\n")[0], "a"), Scalar)
