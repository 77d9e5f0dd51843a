"""Reading SOPS files: what is meant, what it is known by, and everything that is refused before any key is asked."""

import copy
import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.sealed import BadEnvelope, SopsValue
from reconciler.source.sops_file import read
from tests.sealed_files import everything, person, sops_for, sops_scalar, text
from tests.sealed_files import sops_file as made

FILES = Path(__file__).parent.parent / "aws" / "sops"
CANARY = "s3same-0pen"
KEY = bytes(32)
ALICE = person()
TREE = {
    "database": {"password": CANARY, "port": 5432, "empty": "", "nothing": None},
    "list": [CANARY, {"deep": CANARY}],
    "a.b": CANARY,
    "note_unencrypted": CANARY,
    "none": [],
}


def file(tree=TREE, **more):
    age = more.pop("age", [sops_for(ALICE, KEY)])
    encrypts = more.pop("encrypts", lambda names: not any(name.endswith("_unencrypted") for name in names))
    return made(tree, KEY, age=age, encrypts=encrypts, **more)


def refused(data, select=None, path="secrets/a.yaml"):
    with pytest.raises(BadEnvelope) as caught:
        read(path, data if isinstance(data, bytes) else text(data), select)
    told = everything(caught.value) + caught.value.hint + repr(caught.value.at)
    assert CANARY not in told
    assert "ENC[AES256_GCM,data:x" not in told
    return caught.value


def test_the_value_holds_the_file_and_its_identity_holds_only_what_is_selected():
    data = file()
    whole, one = read("a.json", text(data), None), read("a.json", text(data), "database.password")
    assert isinstance(whole.content, SopsValue)
    assert whole.content.leaves == one.content.leaves
    assert one.content.select == ("database", "password")
    assert one.content.metadata["mac"] == data["sops"]["mac"]
    assert not any(path[0] == "sops" for path, _, _ in whole.content.leaves)
    assert [path for path, _, ours in whole.content.leaves if not ours] == [
        ("database", "nothing"), ("note_unencrypted",), ("none",),
    ]  # fmt: skip
    assert CANARY not in repr(whole) + repr(whole.content) + str(whole)
    assert len(one.id) == 64 and one.by_ciphertext


def test_another_key_for_the_file_leaves_every_identity_and_another_ciphertext_changes_its_own():
    first = file()
    keys, value = copy.deepcopy(first), copy.deepcopy(first)
    keys["sops"] |= file()["sops"]
    value["list"][0] = sops_scalar(KEY, CANARY, "list:")

    def ids(data):
        return [read("a.json", text(data), select).id for select in (None, "list[0]", "database.password")]

    assert ids(first) == ids(keys)
    assert [one == other for one, other in zip(ids(first), ids(value), strict=True)] == [False, False, True]
    assert read("elsewhere.yaml", text(first), "list[0]").id == ids(first)[1]


@pytest.mark.parametrize("select", ["database.password", "list[1].deep", "'a.b'", '"a.b"', "list[0]", "database.empty"])
def test_every_value_can_be_selected(select):
    assert read("a.yaml", text(file()), select).content.select is not None


@pytest.mark.parametrize(
    ("select", "message", "hint", "line"),
    [
        ("database.pasword", "it has no database.pasword", "did you mean 'database.password'?", None),
        ("nowhere.at.all", "it has no nowhere.at.all", "it has database.password, database.port", None),
        ("list[7]", "it has no list[7]", "list[", None),
        ("database.password.more", "it has no database.password.more", "did you mean 'database.password'?", None),
        ("a.b", "it has no a.b", "'a.b'", None),
        ("database", "database is an object", "select one of its values: database.password, database.port", 2),
        ("list", "list is a list", "select one of its values: list[0], list[1].deep", 8),
        ("note_unencrypted", "note_unencrypted is not encrypted", "everybody who reads the repository", 15),
        ("database.nothing", "database.nothing is not encrypted", "it is null", 6),
        ("none", "none is not encrypted", "", 16),
        ("", "no path in a file", "database.password", None),
        ("a..b", "no path in a file", "database.password", None),
        ("list[x]", "no path in a file", "database.password", None),
        ("list.[0]", "no path in a file", "list[0]", None),
        (".a", "no path in a file", "list[0]", None),
        ("a.", "no path in a file", "list[0]", None),
        ("a[0]b", "no path in a file", "list[0]", None),
        ("[9999999]", "no path in a file", "list[0]", None),
    ],
)
def test_what_cannot_be_selected_says_what_can(select, message, hint, line):
    error = refused(file(), select)
    assert message in str(error)
    assert hint in error.hint
    assert (error.at.line if error.at else None) == line
    assert not error.at or str(error.at).startswith("secrets/a.yaml:")


def section(**more):
    data = file()
    data["sops"].update(more)
    return data


def without(*names):
    data = file()
    for name in names:
        del data["sops"][name]
    return data


def leaf(value, name="password"):
    data = file()
    data["database"][name] = value
    return data


ENC = "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{}]"
IV, TAG = "A" * 43 + "=", "A" * 22 + "=="
PGP = [{"fp": "1", "enc": "x"}]
KMS = {"arn": "arn:aws:kms:eu-west-1:123456789012:key/1", "enc": "d3JhcHBlZA=="}

REFUSED = [
    ("no sops section", {"a": CANARY}, "it has no sops section: it is not encrypted"),
    ("an empty file", b"", "it is empty"),
    ("a list", b"- a\n", "it is not an object"),
    ("a text", b"s3same-0pen", "it is not an object"),
    ("broken", b"a: 's3same-0pen", "it cannot be read as YAML"),
    ("binary", b"a: \xff\xfe", "it is not plain UTF-8 text"),
    ("a control character", b"a: s3same-0pen\x07", "it is not plain UTF-8 text"),
    ("an anchor", b"a: &x s3same-0pen\nb: *x\n", "it holds an anchor"),
    ("a tag", b"a: !!binary s3same-0pen\n", "it holds a YAML tag"),
    ("given twice", b"a: s3same-0pen\na: s3same-0pen\n", "a key is given twice"),
    ("a doubtful number", b"a_unencrypted: 0777\n", "is not one number to every reader"),
    ("two documents", b"a: 1\n---\nb: 2\n", "it holds several documents"),
    ("too large", b"a: " + b"x" * (1 << 20), "it is larger than 1 MiB"),
    ("INI", b"[a]\nb = ENC[x]\n[sops]\nmac = x\n", None),
    ("a section that is none", section() | {"sops": "x"}, "its sops section is not an object"),
    ("no mac", without("mac"), "its sops section has no mac"),
    ("an empty mac", section(mac=""), "its sops section has no mac"),
    ("half a mac", section(mac="ENC[AES256_GCM,data:x"), "its mac is not ENC[AES256_GCM"),
    ("no lastmodified", without("lastmodified"), "its sops section has no lastmodified"),
    ("no key", without("age"), "its sops section names no key"),
    ("no key in a group", section(age=[], key_groups=[{}]), "its sops section names no key"),
    ("PGP", section(age=[], pgp=PGP), "its keys are of PGP alone"),
    ("others", section(age=None, gcp_kms=PGP, azure_kv=PGP, hc_vault=PGP), "of Google Cloud KMS and Azure Key Vault and HashiCorp Vault alone"),
    ("Huawei", section(age=None, hckms=PGP), "of Huawei Cloud KMS alone"),
    ("Shamir", section(age=[], shamir_threshold=2, key_groups=[{"age": []}, {"kms": []}]), "split over 2 key groups (shamir_threshold)"),
    ("groups that are none", section(age=[], key_groups="x"), "no list of groups"),
    ("keys that are no list", section(age="x"), "does not list its keys"),
    ("a key that is none", section(age=["x"]), "an entry of age in its sops section lacks recipient or enc"),
    ("an age entry without enc", section(age=[{"recipient": "age1x"}]), "lacks recipient or enc"),
    ("a kms entry without arn", section(kms=[{"enc": "eA=="}]), "lacks arn or enc"),
    ("a wrapped key that is cut", section(kms=[KMS | {"enc": "x"}]), "is no base64"),
    ("a context that is none", section(kms=[KMS | {"context": {"a": 1}}]), "is not text by name"),
    ("two rules", section(encrypted_suffix="a", unencrypted_regex="b"), "its rules are two: encrypted_suffix and unencrypted_regex"),
    ("comments as rules", section(encrypted_comment_regex="x"), "depends on comments (encrypted_comment_regex)"),
    ("a pattern that takes long", section(encrypted_regex="^(a+)+$"), "its encrypted_regex cannot be followed here"),
    ("a rule that is none", section(encrypted_suffix=5), "its encrypted_suffix is not text"),
    ("plain text", leaf(CANARY), "database.password is not encrypted, and the file's own rules say it is"),
    ("a plain number", leaf(5), "database.password is not encrypted"),
    ("a comment", leaf(ENC.format("eA==", IV, TAG, "comment")), "database.password is an encrypted comment"),
    ("encrypted in a plain place", section(unencrypted_regex="^password$"), "database.password is encrypted, and the file's own rules say it is not"),
    ("cut short", leaf("ENC[AES256_GCM,data:x"), "database.password is not ENC[AES256_GCM,data:…"),
    ("with something behind", leaf(ENC.format("eA==", IV, TAG, "str") + "x"), "database.password is not ENC["),
    ("another cipher", leaf(ENC.format("eA==", IV, TAG, "str").replace("256", "128")), "database.password is not ENC["),
    ("broken base64", leaf(ENC.format("eA=", IV, TAG, "str")), "database.password holds base64 that does not decode"),
    ("a short tag", leaf(ENC.format("eA==", IV, "eA==", "str")), "nonce or a tag of the wrong length"),
    ("a short nonce", leaf(ENC.format("eA==", "eA==", TAG, "str")), "nonce or a tag of the wrong length"),
    ("another type", leaf(ENC.format("eA==", IV, TAG, "map")), "says a type that SOPS gives no value"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_opened_is_refused_by_name(data, message):
    error = refused(data, path="secrets/a.ini" if message is None else "secrets/a.yaml")
    assert (message or "it is an INI file of SOPS, which is not read") in str(error)
    assert error.hint


def test_a_number_without_end_is_text():
    data = file(TREE | {"big_unencrypted": 1}, only_encrypted=True)
    leaves = read("a.json", text(data).replace(b'"big_unencrypted": 1', b'"big_unencrypted": 1e999'), None).content.leaves
    assert (("big_unencrypted",), "1e999", False) in leaves


def test_among_thousands_of_values_a_wrong_name_is_told_at_once():
    data = file() | {f"{'x' * 180}{number}": "" for number in range(5_000)}
    start = time.process_time()
    assert "did you mean 'database.password'?" in refused(data, "database.passwort").hint
    assert time.process_time() - start < 5


def test_a_place_is_told_without_the_line():
    error = refused(leaf(CANARY))
    assert str(error.at) == "secrets/a.yaml:3:17"
    assert error.at.text == ""


def test_a_dotenv_file_without_metadata_is_plain():
    assert "it has no sops metadata" in str(refused(f"A={CANARY}\n".encode(), path="a.env"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("encrypted-regex.yaml", ["database.port", "label_unencrypted", "a.b", "date"]),
        ("unencrypted-regex.json", ["port"]),
        ("encrypted-suffix.json", ["port", "u", "x_unencrypted"]),
        ("all.env", ["X_unencrypted"]),
    ],
)
def test_what_sops_left_plain_by_its_rules_is_known_as_plain(name, plain):
    leaves = read(name, (FILES / name).read_bytes(), None).content.leaves
    kept = {".".join(map(str, path)) for path, _, ours in leaves if not ours}
    assert set(plain) <= kept
    assert not kept & {"database.password", "password", "PASSWORD"}


@given(st.binary(max_size=300), st.none() | st.text(max_size=12))
@settings(deadline=None)
def test_random_bytes_are_refused_and_nothing_else(data, select):
    for path in ("a.yaml", "a.json", "a.env", "a"):
        with pytest.raises(BadEnvelope):
            read(path, data, select)


SAMPLES = [text(file()), *((FILES / name).read_bytes() for name in ("all.yaml", "all.env", "all.json"))]


@given(data=st.sampled_from(SAMPLES), cut=st.integers(0, 5000), drop=st.integers(0, 40), put=st.binary(max_size=4))
@settings(deadline=None, max_examples=150)
def test_a_mutated_file_is_read_or_refused(data, cut, drop, put):
    cut %= len(data)
    changed = data[:cut] + put + data[cut + drop :]
    for path in ("a.yaml", "a.json"):
        with suppress(BadEnvelope):
            read(path, changed, None)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kms", "age", "key_groups", "enc", "arn", "recipient", "context", "x"]), inner, max_size=3), max_leaves=8))
@settings(deadline=None)
def test_any_metadata_is_read_or_refused(odd):
    data = file()
    for name in ("age", "kms", "key_groups", "pgp", "encrypted_regex", "shamir_threshold"):
        changed = json.loads(json.dumps(data))
        changed["sops"][name] = odd
        with suppress(BadEnvelope):
            read("a.json", text(changed), None)
