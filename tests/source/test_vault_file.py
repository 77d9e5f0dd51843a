"""Reading files of yaml_vault: its path grammar, what is encrypted and what is meant, and everything that is refused."""

import base64
import os
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.sealed import BadEnvelope, VaultValue
from reconciler.source.vault_file import read, scalar
from tests.sealed_files import everything

CANARY = "s3same-0pen"


def cipher(what=b""):
    return base64.b64encode(b"\x01\x02\x02\x00x" + what + os.urandom(100)).decode()


A, B, C, D = (cipher() for _ in range(4))
FILE = f"""\
foo: bar
vault:
  secret_data: {A}
  secrets:
  - {B}
  - four: {C}
  ":sym": {D}
  none: []
"""


def refused(data, select=None, encrypted=("$",), **more):
    with pytest.raises(BadEnvelope) as caught:
        read("secrets.yml", data if isinstance(data, bytes) else data.encode(), select, encrypted, **more)
    told = everything(caught.value) + caught.value.hint + repr(caught.value.at)
    assert CANARY not in told and A not in told
    return caught.value


def encrypted(data, *paths, **more):
    content = read("secrets.yml", data.encode(), None, paths, **more).content
    return {".".join(map(str, path)): leaf for path, leaf, ours in content.leaves if ours}


PATHS = [
    ("$.vault", ["vault.secret_data", "vault.secrets.0", "vault.secrets.1.four", "vault.:sym"]),
    ("$.vault.secret_data", ["vault.secret_data"]),
    ("$.vault.secrets", ["vault.secrets.0", "vault.secrets.1.four"]),
    ("$.vault.secrets.[0]", ["vault.secrets.0"]),
    ("$.vault.secrets[0]", None),  # to yaml_vault that is a key of this name
    ("$.vault.secrets.[1].four", ["vault.secrets.1.four"]),
    ("$.vault.secrets.0", None),
    ("$.vault.*.[0]", ["vault.secrets.0"]),
    ("$.*.secret_data", ["vault.secret_data"]),
    ("$.vault.:sym", ["vault.:sym"]),
    ("$.vault.':sym'", ["vault.:sym"]),
    ('$."vault"./^secret/', ["vault.secret_data", "vault.secrets.0", "vault.secrets.1.four"]),
    (r"$.vault./\Asecret_data\z/", ["vault.secret_data"]),
    ("$./a.lt/.secret_data", ["vault.secret_data"]),
]


@pytest.mark.parametrize(("path", "found"), PATHS)
def test_paths_select_what_yaml_vault_selects(path, found):
    if found is None:
        assert f"nothing in it is at {path}" in str(refused(FILE, encrypted=[path]))
    else:
        assert list(encrypted(FILE, path)) == found


def test_without_a_path_everything_is_encrypted():
    data = FILE.replace("foo: bar\n", "").encode()
    assert read("s.yml", data, None) == read("s.yml", data, None, ["$"])
    assert len([leaf for leaf in read("s.yml", data, None).content.leaves if leaf[2]]) == 4


def test_prefix_and_suffix_are_taken_off_where_they_are():
    data = f"a: ENC({A})\nb: ENC({B}\nc: {C}\n"
    assert encrypted(data, "$", prefix="ENC(", suffix=")") == {"a": A, "b": B, "c": C}


def test_the_value_is_known_by_its_ciphertext():
    one = read("s.yml", FILE.encode(), "vault.secret_data", ["$.vault"])
    assert isinstance(one.content, VaultValue) and one.by_ciphertext
    assert one.id == read("t.yml", FILE.replace(B, D).encode(), "vault.secret_data", ["$.vault.secret_data"]).id
    assert one.id != read("s.yml", FILE.replace(A, B).encode(), "vault.secret_data", ["$.vault"]).id
    whole = read("s.yml", FILE.encode(), None, ["$.vault"])
    assert whole.id == read("s.yml", FILE.replace("bar", "baz").encode(), None, ["$.vault"]).id
    assert A not in repr(one) + repr(one.content) + str(one)


GOOGLE = base64.b64encode(b"\x0a\x24\x00" + os.urandom(100)).decode()
SIMPLE = "U3dGVVAwMmZaU0MvMms2dmtHT0I5UT09LS00NjExanJtTmlDZmQxSzFSQit1WVBRPT0=--c9c36d46b255588569103bc19ca78169bd4cd06cde5baae141089a6d0f192c3b"

REFUSED = [
    ("plain text", f"a: {CANARY}\n", {}, "a is said to be encrypted and is not", 1),
    ("plain text that is base64", "a: c2VzYW1l\n", {}, "a is said to be encrypted and is not", 1),
    ("a number", f"a: {A}\nb: 5\n", {}, "b is said to be encrypted and is not", 2),
    ("null", f"a: {A}\nb:\n", {}, "b is said to be encrypted and is not", 2),
    ("cut short", f"a: {A[:-1]}\n", {}, "a is said to be encrypted and is not", 1),
    ("a passphrase", f"a: {SIMPLE}\n", {}, "a is encrypted with a passphrase (simple), which is not read", 1),
    ("Google", f"a: {GOOGLE}\n", {}, "a is encrypted with Google Cloud KMS (gcp-kms), which is not read", 1),
    ("ERB", f"x: y\na: <%= '{CANARY}' %>\n", {}, "it holds ERB (<%), which is not run here", 2),
    ("a Ruby object", f"a: !ruby/object:Gem {{x: {CANARY}}}\n", {}, "it holds a YAML tag", 1),
    ("a Ruby symbol", f"a: !ruby/symbol {CANARY}\n", {}, "it holds a YAML tag", 1),
    ("an anchor", f"a: &a {A}\nb: *a\n", {}, "it holds an anchor", 1),
    ("nothing", "", {}, "it is empty", None),
    ("no value", "{}", {}, "nothing in it is said to be encrypted", None),
    ("a list", f"- {A}\n", {}, "it is not an object", 1),
    ("no root", FILE, {"encrypted": ["vault"]}, "the path vault does not begin with $", None),
    ("an empty path", FILE, {"encrypted": [""]}, "the path (empty) does not begin with $", None),
    ("a path nowhere", FILE, {"encrypted": ["$.vault", "$.valt"]}, "nothing in it is at $.valt", None),
    ("a pattern that takes long", FILE, {"encrypted": ["$./(a+)+/"]}, "the pattern in $./(a+)+/ is not taken", None),
    ("a plain selection", FILE, {"encrypted": ["$.vault"], "select": "foo"}, "foo is not among what is said to be encrypted", 1),
    ("an object", FILE, {"encrypted": ["$.vault"], "select": "vault"}, "vault is an object", 2),
    ("an absent one", FILE, {"encrypted": ["$.vault"], "select": "vault.secretdata"}, "it has no vault.secretdata", None),
]  # fmt: skip


@pytest.mark.parametrize(("data", "given", "message", "line"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_opened_is_refused_by_name(data, given, message, line):
    error = refused(data, **given)
    assert message in str(error)
    assert error.hint
    assert (error.at.line if error.at else None) == line


def test_an_absent_value_is_guessed():
    assert refused(FILE, "vault.secretdata", ["$.vault"]).hint == "did you mean 'vault.secret_data'?"


@pytest.mark.parametrize(("text", "value"), [("--- a\n", "a"), ("--- 5\n...\n", 5), ("", None), ("---\n...\n", None), ("--- ''\n", "")])
def test_one_scalar_of_yaml_is_read(text, value):
    assert scalar(text) == value


@pytest.mark.parametrize("text", ["a: b", "[a]", "a\n--- b", "'a", "--- !x a", "\x00", "0777", "\ud800"])
def test_other_yaml_is_no_scalar(text):
    with pytest.raises(BadEnvelope, match="not one plain YAML value"):
        scalar(text)


@given(st.binary(max_size=200), st.text(max_size=10), st.text(max_size=12), st.text(max_size=3))
@settings(deadline=None)
def test_random_bytes_and_paths_are_refused_and_nothing_else(data, select, path, around):
    for encrypted in (["$"], [path], ["$." + path]):
        with suppress(BadEnvelope):
            read("s.yml", data, select, encrypted, around, around)


@given(st.text(st.sampled_from("$.*[0]:'\"/ab\\A^"), max_size=20))
@settings(deadline=None)
def test_any_path_is_read_or_refused(path):
    with suppress(BadEnvelope):
        read("s.yml", FILE.encode(), None, ["$" + path])


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text_is_a_scalar_or_refused(text):
    with suppress(BadEnvelope):
        scalar(text)
