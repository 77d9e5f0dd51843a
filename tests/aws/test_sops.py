"""Opening SOPS files: those that sops 3.9.4 made (``sops/``, with keys thrown away), and others made from its format."""

import json
import os
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.aws.keys import Keys
from reconciler.model.errors import Denied, Throttled, Unopenable
from reconciler.model.sealed import BadEnvelope
from reconciler.source import sops_file
from reconciler.source.vault_file import scalar
from tests.sealed_files import LASTMODIFIED, age_file, armored, everything, person, sops_for, sops_scalar, text
from tests.sealed_files import sops_file as made

FILES = Path(__file__).parent / "sops"
ARN, ARN2 = (f"arn:aws:kms:{region}:123456789012:key/0a1b" for region in ("eu-central-1", "us-east-1"))
CANARY = "s3same-0pen"
ALICE, EVE = person(), person()
KEY = bytes(range(32))

DATABASE = {
    "password": "p4ss-wörd ✓", "port": 5432, "ratio": 0.125, "big": 1e21, "tiny": 1.5e-7, "whole": 5, "on": True,
    "off": False, "nothing": None, "empty": "", "lines": "first\nsecond\n", "no": "0777",
}  # fmt: skip
YAML = {
    "database": DATABASE,
    "hosts": ["a", {"name": "b", "ports": [1, 2.5, True]}, ["c", "d"]],
    "nest": {},
    "none": [],
    "label_unencrypted": "plain and simple",
    "count_unencrypted": 12,
    "a.b": "dotted",
    "date": "2024-01-01",
}
JSON = {
    "password": "s3same", "port": 5432, "f": 1.5, "t": True, "n": None, "l": ["x", {"y": "z"}], "e": "",
    "big": 12345678901234567000, "u": "é\u2028😀", "x_unencrypted": 7,
}  # fmt: skip
ENV = {"PASSWORD": "s3same open", "EMPTY": "", "LINES": "a\nb", "X_unencrypted": "hello", "Q": '"quoted"'}
BY_SOPS = {
    "all.yaml": YAML,
    "mac-only.yaml": YAML,
    "encrypted-regex.yaml": YAML,
    "mac-only-encrypted-regex.yaml": YAML,
    "all.json": JSON,
    "encrypted-suffix.json": JSON,
    "unencrypted-regex.json": JSON,
    "binary.json": {"data": "binary é data\nline"},
    "all.env": ENV,
    "mac-only.env": ENV,
}


@pytest.fixture
def open_(clients, clock, aws):
    """What is at a path of a file, by its name and content, for the identities given."""

    def opened(file, data, select=None, **environ):
        environ = environ or {"RECONCILER_AGE_KEY": ALICE.identity}
        content = sops_file.read(file, data, select).content
        return Keys(clients, clock, environ=environ, scalar=scalar).open(content)

    return opened


@pytest.mark.parametrize("name", BY_SOPS)
def test_what_sops_encrypted_is_opened_whole(open_, name):
    found = open_(name, (FILES / name).read_bytes(), SOPS_AGE_KEY_FILE=str(FILES / "keys.txt"))
    assert found == json.dumps(BY_SOPS[name], ensure_ascii=False, separators=(",", ":"))


def test_every_file_that_sops_made_is_opened_above():
    assert {file.name for file in FILES.iterdir()} == {*BY_SOPS, "keys.txt"}


SELECTED = [
    ("all.yaml", "database.password", "p4ss-wörd ✓"),
    ("all.yaml", "database.port", "5432"),
    ("all.yaml", "database.ratio", "0.125"),
    ("all.yaml", "database.whole", "5"),
    ("all.yaml", "database.big", "1e+21"),
    ("all.yaml", "database.on", "true"),
    ("all.yaml", "database.off", "false"),
    ("all.yaml", "database.lines", "first\nsecond\n"),
    ("all.yaml", "database.empty", ""),
    ("all.yaml", "database.no", "0777"),
    ("all.yaml", "'a.b'", "dotted"),
    ("all.yaml", "hosts[1].ports[2]", "true"),
    ("all.yaml", "hosts[2][1]", "d"),  # a comment stands between it and the element before
    ("all.json", "l[1].y", "z"),
    ("all.json", "big", "12345678901234567000"),
    ("all.env", "LINES", "a\nb"),
    ("all.env", "Q", '"quoted"'),
    ("binary.json", "data", "binary é data\nline"),
]


@pytest.mark.parametrize(("name", "select", "value"), SELECTED)
def test_a_selected_value_is_its_text_or_as_json_writes_it(open_, name, select, value):
    assert open_(name, (FILES / name).read_bytes(), select, SOPS_AGE_KEY_FILE=str(FILES / "keys.txt")) == value


TREE = {
    "password": CANARY,
    "list": [CANARY + "1", {"deep": 7}],
    "label": "plain",
    "flag": True,
    "rate": 0.5,
    "nothing": None,
}


def with_age(tree=TREE, **more):
    return made(tree, KEY, age=[sops_for(ALICE, KEY)], **more)


PIECES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=("Cs", "Cc"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), inner, max_size=3),
    max_leaves=6,
)


@given(tree=st.dictionaries(st.from_regex(r"[a-r]{1,4}", fullmatch=True), PIECES, max_size=4), only=st.booleans())
@settings(deadline=None)
def test_whatever_is_made_by_the_format_is_opened_as_it_was(tree, only):
    keys = Keys(None, None, environ={"RECONCILER_AGE_KEY": ALICE.identity}, scalar=scalar)
    data = text(with_age(tree, only_encrypted=only, unencrypted_suffix="x", encrypts=lambda names: not any(n.endswith("x") for n in names)))
    assert json.loads(keys.open(sops_file.read("a.json", data, None).content)) == tree


def test_a_kms_key_is_asked_in_its_region_with_its_context(open_, aws):
    aws.answers["kms:Decrypt"] = {"Plaintext": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "KeyId": ARN}
    entry = {"arn": ARN, "enc": "d3JhcHBlZA==", "context": {"app": "shop"}, "created_at": LASTMODIFIED, "aws_profile": ""}
    assert open_("a.json", text(made(TREE, KEY, kms=[entry])), "password") == CANARY
    [(_, params, request)] = aws.calls
    assert params == {"KeyId": ARN, "CiphertextBlob": "d3JhcHBlZA==", "EncryptionContext": {"app": "shop"}}
    assert "kms.eu-central-1." in request.url


def kms(arn=ARN, **more):
    return {"arn": arn, "enc": "d3JhcHBlZA==", **more}


def test_the_first_key_that_opens_is_enough(open_, aws, fault):
    aws.answers["kms:Decrypt"] = fault("AccessDeniedException")
    keys = {"kms": [kms(), kms(ARN2)], "age": [sops_for(EVE, KEY), sops_for(ALICE, KEY)]}
    assert open_("a.json", text(made(TREE, KEY, **keys)), "password") == CANARY
    assert aws.calls == []


def test_keys_in_one_group_are_taken_from_it(open_):
    file = made(TREE, KEY, key_groups=[{"age": [sops_for(ALICE, KEY)], "hc_vault": []}])
    assert open_("a.json", text(file), "password") == CANARY


def test_when_no_key_opens_it_every_one_says_why(open_, aws, fault):
    aws.answers["kms:Decrypt"] = [fault("InvalidCiphertextException"), fault("AccessDeniedException", "not you")]
    file = made(TREE, KEY, kms=[kms(), kms(ARN2)], age=[sops_for(EVE, KEY)])
    with pytest.raises(Unopenable, match="none of its 3 keys opens it") as caught:
        open_("a.json", text(file))
    for said in (f"{ARN}: KMS does not open its data key", f"{ARN2}: AccessDeniedException: not you",
                 f"{EVE.recipient}: none of the 1 age identities"):  # fmt: skip
        assert said in str(caught.value)
    assert "sops updatekeys" in caught.value.hint


def test_an_only_key_that_is_denied_is_denied(open_, aws, fault):
    aws.answers["kms:Decrypt"] = fault("AccessDeniedException")
    with pytest.raises(Denied) as caught:
        open_("a.json", text(made(TREE, KEY, kms=[kms(role="arn:aws:iam::1:role/sops")])))
    assert "allow kms:Decrypt" in caught.value.hint
    assert "the role arn:aws:iam::1:role/sops, which is not assumed" in caught.value.hint


def test_what_will_pass_is_asked_again(open_, aws, fault):
    aws.answers["kms:Decrypt"] = [fault("AccessDeniedException"), fault("ThrottlingException")]
    with pytest.raises(Throttled):
        open_("a.json", text(made(TREE, KEY, kms=[kms(), kms(ARN2)])))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"age": [sops_for(EVE, KEY)]}, "its only key, age1.* none of the 1 age identities"),
        ({"age": [{"recipient": ALICE.recipient, "enc": "no file"}]}, "no age file: it is cut short or altered"),
        ({"age": [{"recipient": ALICE.recipient, "enc": armored(age_file(KEY[:16], ALICE.public))}]}, "16 bytes, not 32"),
        ({"kms": [kms("arn:aws:kms:here")]}, "is not the ARN of a KMS key"),
    ],
    ids=["not for us", "no age file", "a short key", "no ARN"],
)  # fmt: skip
def test_an_only_key_that_does_not_open_says_why(open_, keys, message):
    with pytest.raises(Unopenable, match=message):
        open_("a.json", text(made(TREE, KEY, **keys)))


def moved(file):
    file["password"], file["list"][0] = file["list"][0], file["password"]


def flip(at):
    """Another character of the base64 of a scalar's part."""

    def flipped(file):
        said = file["password"]
        place = said.index(at) + len(at)
        file["password"] = said[:place] + ("B" if said[place] == "A" else "A") + said[place + 1 :]

    return flipped


def reordered(file):
    file["list"] = file["list"][::-1]


ALTERED = {
    "its data": (flip("data:"), "sops a.json at 'password': it has been altered, or moved here"),
    "its nonce": (flip("iv:"), "sops a.json at 'password': it has been altered"),
    "its tag": (flip("tag:"), "sops a.json at 'password': it has been altered"),
    "its type": (lambda it: it.update(password=it["password"].replace("type:str", "type:int")), "is not of its type, int"),
    "a boolean": (lambda it: it.update(flag=it["flag"].replace("type:bool", "type:float")), "is not of its type, float"),
    "another boolean": (lambda it: it.update(password=it["password"].replace("type:str", "type:bool")), "is not of its type, bool"),
    "moved": (moved, "altered, or moved here from another place"),
    "put into another order": (reordered, "its MAC is not that of its values"),
    "one left out": (lambda it: it.pop("rate"), "its MAC is not that of its values"),
    "one doubled": (lambda it: it["list"].append(it["list"][0]), "its MAC is not that of its values"),
    "made a comment": (lambda it: it["list"].__setitem__(0, it["list"][0].replace("type:str", "type:comment")), "its MAC is not"),
    "a plain one": (lambda it: it.update(label_unencrypted="other"), "its MAC is not that of its values"),
    "the time": (lambda it: it["sops"].update(lastmodified="2026-01-05T09:00:01Z"), "its MAC does not open"),
    "the MAC": (lambda it: it["sops"].update(mac=sops_scalar(bytes(32), "0" * 128, LASTMODIFIED)), "its MAC does not open"),
    "the MAC of another": (lambda it: it["sops"].update(mac=with_age({"a": "b"})["sops"]["mac"]), "its MAC is not that"),
    "its rule": (lambda it: it["sops"].update(mac_only_encrypted=True), "its MAC is not that of its values"),
}  # fmt: skip


@pytest.mark.parametrize("what", ALTERED)
@pytest.mark.parametrize("select", [None, "password"])
def test_an_altered_file_gives_nothing_out(open_, what, select):
    tree = {**TREE, "label_unencrypted": "plain"}
    file = with_age(tree, encrypts=lambda names: "label_unencrypted" not in names)
    assert json.loads(open_("a.json", text(file))) == tree
    alter, message = ALTERED[what]
    alter(file)
    with pytest.raises(Unopenable) as caught:
        open_("a.json", text(file), select)
    assert message.replace("sops a.json", "SOPS file a.json") in str(caught.value)
    assert caught.value.hint
    assert not caught.value.retry
    assert CANARY not in everything(caught.value)


def test_only_encrypted_values_count_where_the_file_says_so(open_):
    file = with_age({"password": CANARY, "note_unencrypted": "a"}, only_encrypted=True,
                    encrypts=lambda names: names != ("note_unencrypted",))  # fmt: skip
    file["note_unencrypted"] = "b"
    assert json.loads(open_("a.json", text(file))) == {"password": CANARY, "note_unencrypted": "b"}
    file["sops"]["mac_only_encrypted"] = False
    with pytest.raises(Unopenable, match="its MAC is not"):
        open_("a.json", text(file))


@pytest.mark.parametrize(
    ("kind", "plain"),
    [("int", b"12x-open"), ("int", b"9" * 5000), ("float", b"nan"), ("float", b"inf"), ("float", b"1.5-open"), ("bool", b"sesame"), ("str", b"s3same\xff"), ("int", b"\xff")],
)
def test_a_value_that_is_not_of_its_type_is_not_quoted(open_, kind, plain):
    nonce = os.urandom(32)
    sealed = AESGCM(KEY).encrypt(nonce, plain, b"password:")
    parts = (b64encode(part).decode() for part in (sealed[:-16], nonce, sealed[-16:]))
    file = with_age()
    file["password"] = "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{}]".format(*parts, kind)
    with pytest.raises(Unopenable, match=f"SOPS file a.json at 'password': what is encrypted is not of its type, {kind}") as caught:
        open_("a.json", text(file))
    told = everything(caught.value)
    assert not any(word in told for word in ("-open", "99999", "nan", "inf'", "sesame", "s3same"))


SEALED = text(with_age({"a": CANARY, "list": [CANARY + "1", {"deep": 7}], "flag": True, "rate": 0.5}))
WHOLE = '{"a":"s3same-0pen","list":["s3same-0pen1",{"deep":7}],"flag":true,"rate":0.5}'


@given(cut=st.integers(0, len(SEALED)), drop=st.integers(0, 3), put=st.binary(max_size=2))
@settings(deadline=None, max_examples=200)
def test_a_mutated_file_gives_what_was_sealed_or_nothing(cut, drop, put):
    keys = Keys(None, None, environ={"RECONCILER_AGE_KEY": ALICE.identity}, scalar=scalar)
    with suppress(BadEnvelope, Unopenable):
        assert keys.open(sops_file.read("a.json", SEALED[:cut] + put + SEALED[cut + drop :], None).content) == WHOLE


def test_what_is_damaged_after_reading_is_refused_too(clients, clock):
    content = sops_file.read("a.json", text(with_age()), None).content
    leaves = tuple((path, "ENC[half", ours) if ours else (path, leaf, ours) for path, leaf, ours in content.leaves)
    keys = Keys(clients, clock, environ={"RECONCILER_AGE_KEY": ALICE.identity}, scalar=scalar)
    with pytest.raises(Unopenable, match="cut short or altered"):
        keys.open(replace(content, leaves=leaves))
