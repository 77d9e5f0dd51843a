"""The value of a secret stands sealed in a manifest, or the manifest is refused by words that show nothing of it."""

from __future__ import annotations

import base64

import pytest

from reconciler.kinds import KINDS
from reconciler.model.sealed import Envelope, HeldValue, Sealed
from reconciler.report.problems import draw_all
from reconciler.source.beside import Among
from reconciler.source.render import render
from reconciler.source.revision import Revision

ID = "5d41402abc4b2a76b9719d911017c592"
HEAD = "apiVersion: reconciler/v1\n"
PLAIN = "hunter2-c4n4ry"


def sealed(bound_to: str = "staging/shop/Secret/db") -> str:
    return Envelope(ID, bound_to, b"k", b"n" * 28, kms="arn:aws:kms:eu-west-1:1:key/1").text


def rendered(kind: str, spec: str, overlay: str = "", name: str = "db"):
    files = {
        "environments/staging.yaml": f"{HEAD}kind: Environment\nspec: {{region: eu-west-1}}\n",
        "apps/shop/all.yaml": f"{HEAD}kind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n",
    }
    if overlay:
        files["apps/shop/environments/staging.yaml"] = f"{HEAD}kind: Environment\nspec:\n  patches:\n{overlay}"
    return render(Revision(None, {path: text.encode() for path, text in files.items()}), "staging", KINDS)


def test_a_sealed_value_stands_in_the_spec_as_what_only_the_writer_opens():
    found = rendered("Secret", f"secretString: {sealed()}")
    [document] = found.documents
    assert document.spec["secretString"] == Sealed(ID)
    assert document.spec["secretString"].content.bound_to == "staging/shop/Secret/db"
    assert found.problems == ()


@pytest.mark.parametrize(
    "written", [f"'{sealed()}'", f'"{sealed()}"', f">-\n    {sealed()}", f"|\n    {sealed()}"], ids=["'", '"', ">", "|"]
)
def test_however_yaml_spells_it(written):
    [document] = rendered("Secret", f"secretString: {written}").documents
    assert document.spec["secretString"] == Sealed(ID)


def test_it_may_come_from_a_patch_of_the_environment():
    overlay = f"    - select: {{kind: Secret, name: db}}\n      spec: {{secretString: '{sealed()}'}}\n"
    [document] = rendered("Secret", "name: shop/db", overlay).documents
    assert document.spec == {"name": "shop/db", "secretString": Sealed(ID)}
    assert document.position(("secretString",)).file == "apps/shop/environments/staging.yaml"


FOREIGN = [
    ("ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]", "a value that SOPS has encrypted"),
    ("ENC(AQICAHj5FJv0)", "a value that yaml_vault has encrypted"),
    ("AQICAH" + "jq" * 40, "what KMS has encrypted"),
    ("|\n    -----BEGIN AGE ENCRYPTED FILE-----\n    YWdl\n    -----END AGE ENCRYPTED FILE-----", "an age file"),
    ("|\n    -----BEGIN PGP MESSAGE-----\n    x\n    -----END PGP MESSAGE-----", "a PGP message"),
    ("$ANSIBLE_VAULT;1.1;AES256", "an Ansible vault"),
]


@pytest.mark.parametrize(("written", "what"), FOREIGN, ids=[what for _, what in FOREIGN])
def test_what_looks_encrypted_and_cannot_be_opened_is_refused_by_name(written, what):
    [problem] = rendered("Secret", f"secretString: {written}").problems
    assert problem.code == "unopenable"
    assert what in problem.message
    assert problem.hint


def test_what_was_sealed_for_something_else_is_refused_by_its_name():
    for other in ("production/shop/Secret/db", "staging/other/Secret/db", "staging/shop/Secret/url"):
        [problem] = rendered("Secret", f"secretString: {sealed(other)}").problems
        assert problem.code == "sealed-for-another"
        assert f"sealed for {other}" in problem.message
        assert "staging/shop/Secret/db" in problem.hint


def test_what_is_cut_short_is_refused():
    [problem] = rendered("Secret", f"secretString: {sealed()[:-5]}").problems
    assert (problem.code, "cut short" in problem.message) == ("unopenable", True)
    assert problem.at.line == 5


PLAINTEXTS = [
    ("Secret", f"secretString: {PLAIN}"),
    ("Secret", f'secretString: "{{\\"password\\": \\"{PLAIN}\\"}}"'),
    ("Secret", f"secretString: |\n    {PLAIN}\n    second line {PLAIN}"),
    ("Secret", f"secretString: {{password: {PLAIN}}}"),
    ("Secret", f"secretString: [{PLAIN}]"),
    ("Parameter", f"value: {PLAIN}"),
    ("Parameter", f"value: {PLAIN}\n  type: SecureString"),
    ("Parameter", f"{{type: SecureString, value: {PLAIN}}}"),
    ("Parameter", f"value: |\n    {PLAIN}\n    {PLAIN}"),
    ("Parameter", f"value: [{PLAIN}]"),
    ("Parameter", f"name: /shop/db_password\n  type: String\n  value: {PLAIN}"),
    ("Parameter", f"value: {PLAIN}\n  nonsense: 1"),
    ("Parameter", f"value: {PLAIN}\n  value: twice-{PLAIN}"),
    ("Parameter", f"value: {PLAIN}: {PLAIN}"),
    ("Secret", f"secretString: {PLAIN}\n   nonsense"),
]


@pytest.mark.parametrize(("kind", "spec"), PLAINTEXTS)
def test_plaintext_is_refused_and_shown_by_no_word_and_no_line(kind, spec):
    found = rendered(kind, spec)
    assert found.documents == ()
    assert [problem for problem in found.problems if problem.severity == "error"]
    assert PLAIN not in draw_all(found.problems, False)
    assert PLAIN not in repr(found)


def test_the_refusal_says_how_to_seal_it():
    [problem] = rendered("Secret", f"secretString: {PLAIN}").problems
    assert problem.code == "not-sealed"
    assert "reconciler secret seal shop/Secret/db -e staging" in problem.hint


@pytest.mark.parametrize("type", ["String", "StringList"])
def test_what_aws_shows_to_everybody_may_stand_plainly(type):
    [document] = rendered("Parameter", f"value: a,b\n  type: {type}", name="hosts").documents
    value = document.spec["value"]
    assert value.content == HeldValue("the manifest", "a,b")
    assert value == rendered("Parameter", f"value: a,b\n  type: {type}", name="hosts").documents[0].spec["value"]
    assert value != rendered("Parameter", f"value: a,c\n  type: {type}", name="hosts").documents[0].spec["value"]


def test_numbers_are_the_text_that_was_written():
    [document] = rendered("Parameter", "value: 1.10\n  type: String", name="version").documents
    assert document.spec["value"].content.value == "1.10"


def test_a_secret_without_a_value_only_refers_to_one():
    [document] = rendered("Secret", "name: shop/db").documents
    assert KINDS["Secret"].external(document.spec)


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("Secret", "name: arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf\n  description: x", "its ARN is AWS's"),
        ("Secret", f"secretString: {sealed()}\n  versionId: {ID}", "a sealed value is a version of its own"),
        ("Secret", "name: x\n  pin: version", "no version is said that could be pinned"),
        ("Parameter", "name: /x\n  description: x", "needs a 'value'"),
        ("Parameter", "name: /x\n  type: String\n  value: a\n  keyId: alias/x", "is not encrypted"),
    ],
)
def test_what_does_not_go_together_is_told(kind, spec, said):
    [problem] = [it for it in rendered(kind, spec).problems if it.severity == "error"]
    assert said in problem.message


# values in the files of other tools

CIPHERTEXT = base64.b64encode(b"\1\2\2\0x" + b"abc" * 40).decode()
OTHER = base64.b64encode(b"\1\2\2\0x" + b"abd" * 40).decode()
VAULT = f"production:\n  db:\n    password: ENC({CIPHERTEXT})\n    port: 5432\n"


def from_file(said: str, files: dict[str, str] | None = None):
    every = {
        "environments/staging.yaml": f"{HEAD}kind: Environment\nspec: {{region: eu-west-1}}\n",
        "apps/shop/all.yaml": f"{HEAD}kind: Secret\nmetadata: {{name: db}}\nspec:\n  name: shop/db\n  from: {said}\n",
        "secrets/vault.yml": VAULT,
        **(files or {}),
    }
    manifests = {path: text.encode() for path, text in every.items() if path.startswith(("apps/", "environments/"))}
    shelf = Among({path: text.encode() for path, text in every.items()})
    return render(Revision(None, manifests, shelf=shelf), "staging", KINDS)


@pytest.mark.parametrize("key", ["$.production.db.password", "production.db.password"])
def test_a_value_of_yaml_vault_is_known_by_its_ciphertext(key):
    said = f'{{yamlVault: secrets/vault.yml, encrypted: ["$.*.*.password"], key: {key}, prefix: "ENC(", suffix: ")"}}'
    found = from_file(said)
    assert found.problems == ()
    [document] = found.documents
    value = document.spec["secretString"]
    assert len(value.id) == 64
    assert value.by_ciphertext
    assert "from" not in document.spec
    other = from_file(said, {"secrets/vault.yml": VAULT.replace(CIPHERTEXT, OTHER)}).documents[0].spec["secretString"]
    assert other != value
    moved = from_file(said, {"secrets/vault.yml": VAULT.replace("5432", "5433")}).documents[0].spec["secretString"]
    assert moved == value


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{sops: secrets/none.yaml}", "there is no such file"),
        ("{sops: ../none.yaml}", "leads out of the repository"),
        ("{sops: secrets/vault.yml}", "sops"),
        ("{yamlVault: secrets/vault.yml, encrypted: [$.a], key: production.db.x}", "nothing in it is at $.a"),
        ("{}", "names one file"),
        ("{sops: a, yamlVault: b}", "names one file"),
        ("{sopps: a}", "'sopps' is not a member"),
        ("secrets/a.yaml", "has to be an object"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_where_it_is_named(said, message):
    problems = from_file(said).problems
    assert any(message in problem.message for problem in problems), problems
    assert {problem.at.file for problem in problems} == {"apps/shop/all.yaml"}


def test_a_value_cannot_be_in_a_file_and_here():
    found = from_file(f"{{sops: a}}\n  secretString: {sealed()}")
    assert [it.message for it in found.problems] == ["'from' and 'secretString' cannot both be said"]


def test_the_line_that_names_a_file_is_shown_although_its_key_sounds_like_a_secret():
    shown = draw_all(from_file("{sops: secrets/none.yaml, key: database.password}").problems, False)
    assert "secrets/none.yaml" in shown
    assert "***" not in shown
