"""Opening files of yaml_vault: one call a value, and the YAML that yaml_vault put inside."""

import base64
import json

import pytest

from reconciler.aws.keys import Keys
from reconciler.model.errors import Denied, Unopenable
from reconciler.source import vault_file
from reconciler.source.vault_file import scalar
from tests.kms import World
from tests.sealed_files import everything

CANARY = "s3same-0pen"

# As Ruby's YAML.dump writes them: text by yaml_vault 2, and typed values by what came before.
DUMPED = [
    ("--- s3same-0pen\n", "s3same-0pen"),
    ("--- '0777'\n", "0777"),
    ("--- 'true'\n", "true"),
    ("--- ''\n", ""),
    ("--- |\n  first\n  second\n", "first\nsecond\n"),
    ('--- "tab\\tand é"\n', "tab\tand é"),
    ("--- a b c\n...\n", "a b c"),
    ("--- 5432\n...\n", "5432"),
    ("--- 1.5\n...\n", "1.5"),
    ("--- true\n...\n", "true"),
    ("--- \n...\n", "null"),
    ("--- :symbol\n...\n", ":symbol"),
    ("--- 2024-01-01\n...\n", "2024-01-01"),
]


def cipher(text):
    """What stands for KMS's ciphertext where the answer is made up."""
    return base64.b64encode(text.encode().ljust(100, b"\0")).decode()


def told(params):
    return base64.b64decode(params["CiphertextBlob"]).rstrip(b"\0").decode()


def reading(aws):
    aws.answers["kms:Decrypt"] = lambda params: {"Plaintext": base64.b64encode(told(params).encode()).decode(), "KeyId": "k"}


@pytest.fixture
def open_(clients, clock, aws):
    def opened(data, select=None, encrypted=("$",), **more):
        keys = Keys(clients, clock, environ={}, scalar=scalar)
        return keys.open(vault_file.read("v.yml", data.encode(), select, encrypted, **more).content)

    return opened


@pytest.mark.parametrize(("dumped", "value"), DUMPED)
def test_the_yaml_inside_becomes_text(open_, aws, dumped, value):
    reading(aws)
    assert open_(f"a: {cipher(dumped)}", "a") == value


def test_a_whole_file_is_json_with_plain_values_where_they_are_said_to_be_plain(open_, aws):
    reading(aws)
    file = f"foo: bar\nvault:\n  a: ENC({cipher('--- s3same-0pen')})\n  list:\n  - ENC({cipher('--- 1')})\n  - b: ENC({cipher('--- true')})\n"
    found = open_(file, encrypted=["$.vault"], prefix="ENC(", suffix=")")
    assert found == '{"foo":"bar","vault":{"a":"s3same-0pen","list":[1,{"b":true}]}}'
    assert len(aws.calls) == 3


def test_of_what_is_not_selected_nothing_is_asked(open_, aws):
    reading(aws)
    assert open_(f"a: {cipher('--- x')}\nb: {cipher('--- y')}\n", "b") == "y"
    [(_, params, request)] = aws.calls
    assert params.keys() == {"CiphertextBlob"}
    assert "kms.eu-west-1." in request.url


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (f"--- {{a: {CANARY}}}", "not one plain YAML value"),
        (f"--- [{CANARY}]", "not one plain YAML value"),
        (f"--- !ruby/object:Gem {{a: {CANARY}}}", "not one plain YAML value"),
        (f"--- !ruby/symbol {CANARY}", "not one plain YAML value"),
        (f"--- '!binary {CANARY}'", "begins with a YAML tag"),
        (f"--- '{CANARY}", "not one plain YAML value"),
        (f"--- {CANARY}\n--- b", "not one plain YAML value"),
        (f"--- &a {CANARY}", "not one plain YAML value"),
    ],
)
def test_other_yaml_inside_is_refused_without_quoting_it(open_, aws, inside, message):
    reading(aws)
    with pytest.raises(Unopenable, match=f"yaml_vault file v.yml at 'a': what is encrypted .*{message}") as caught:
        open_(f"a: {cipher(inside)}", "a")
    assert CANARY not in everything(caught.value)


def test_bytes_that_are_no_text_are_refused(open_, aws):
    aws.answers["kms:Decrypt"] = {"Plaintext": base64.b64encode(b"s3same\xff").decode(), "KeyId": "k"}
    with pytest.raises(Unopenable, match="not UTF-8") as caught:
        open_(f"a: {cipher('x')}", "a")
    assert "s3same" not in everything(caught.value)


def test_what_kms_refuses_says_which_value(open_, aws, fault):
    aws.answers["kms:Decrypt"] = [fault("InvalidCiphertextException"), fault("AccessDeniedException")]
    with pytest.raises(Unopenable, match=r"yaml_vault file v\.yml at 'b\.c': KMS does not open it: it has been altered"):
        open_(f"b: {{c: {cipher('x')}}}", "b.c")
    with pytest.raises(Denied, match=r"kms:Decrypt for yaml_vault file v\.yml at 'b\.c'"):
        open_(f"b: {{c: {cipher('x')}}}", "b.c")


def test_what_a_real_key_encrypted_is_opened_and_what_was_altered_is_not():
    world = World()
    kms = world.simulator.client("kms", region="eu-west-1")
    blobs = [kms.encrypt(KeyId=world.near, Plaintext=text)["CiphertextBlob"] for text in (f"--- {CANARY}\n", "--- 5\n...\n")]
    bad = kms.encrypt(KeyId=world.near, Plaintext="--- x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    one, two, wrong = (base64.b64encode(blob).decode() for blob in (*blobs, bad))
    open_ = world.keys().open
    data = f"default:\n  a: {one}\n  b: {two}\n".encode()
    assert json.loads(open_(vault_file.read("v.yml", data, None).content)) == {"default": {"a": CANARY, "b": 5}}
    with pytest.raises(Unopenable, match="encryption context"):
        open_(vault_file.read("v.yml", f"a: {wrong}".encode(), "a").content)
