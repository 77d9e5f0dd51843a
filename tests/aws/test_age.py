"""Keys wrapped with age, against files made from the specification; see tests/sealed_files.py."""

import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.aws.age import identities, wrap
from reconciler.model.errors import Unopenable, UsageError
from tests.sealed_files import age_file, armored, everything, person

SECRET = bytes(range(32))
ALICE, BOB, EVE = person(), person(), person()


def held(environ, home=None):
    return identities(environ, home, where="sealed value 1")


def keys(*people):
    return "# a comment\n\n" + "".join(f"{one.identity}\n" for one in people)


@pytest.mark.parametrize("who", [ALICE, BOB])
@pytest.mark.parametrize("form", [bytes, lambda data: armored(data).encode()], ids=["binary", "armored"])
def test_a_file_made_from_the_specification_opens_for_each_recipient(who, form):
    made = form(age_file(SECRET, ALICE.public, BOB.public))
    assert held({"RECONCILER_AGE_KEY": who.identity}).unwrap(made, where="") == SECRET


def test_what_is_wrapped_opens_for_each_recipient_and_nobody_else():
    made = wrap(SECRET, [ALICE.recipient, BOB.recipient])
    assert made.startswith(b"age-encryption.org/v1\n")
    for who in (ALICE, BOB):
        assert held({"RECONCILER_AGE_KEY": keys(EVE, who)}).unwrap(made, where="") == SECRET
    with pytest.raises(Unopenable, match=r"none of the 1 age identities opens it \(RECONCILER_AGE_KEY\)"):
        held({"RECONCILER_AGE_KEY": EVE.identity}).unwrap(made, where="")


def test_an_ssh_key_wraps_and_opens(tmp_path):
    private = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    (tmp_path / "id").write_bytes(private.private_bytes(serialization.Encoding.PEM, *form))
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    made = wrap(SECRET, [public.decode()])
    assert held({"SOPS_AGE_KEY_FILE": str(tmp_path / "id")}).unwrap(made, where="") == SECRET


PLACES = ("RECONCILER_AGE_KEY_FILE", "RECONCILER_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY", "home")


@pytest.mark.parametrize("place", PLACES)
def test_an_identity_is_found_in_every_place_among_those_of_the_others(tmp_path, place):
    environ = {}
    for name in PLACES:
        text = keys(ALICE if name == place else EVE)
        file = tmp_path / (".config/sops/age/keys.txt" if name == "home" else name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        environ[name] = str(file) if name.endswith("_FILE") else text
    found = held(environ, tmp_path)
    assert found.unwrap(age_file(SECRET, ALICE.public), where="") == SECRET
    assert [source.split()[0] for source in found.sources] == [*PLACES[:4], str(file)]
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe", b"junk", b"AGE-PLUGIN-YUBIKEY-1X", b"-----BEGIN X"])
def test_a_key_file_that_is_none_is_told(tmp_path, content):
    (tmp_path / "k").write_bytes(content)
    with pytest.raises(Unopenable) as caught:
        held({"RECONCILER_AGE_KEY_FILE": str(tmp_path / "k")})
    assert f"{tmp_path}/k" in str(caught.value)
    assert "RECONCILER_AGE_KEY_FILE" in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "no age identity is configured"),
        ({"RECONCILER_AGE_KEY": "  "}, "no age identity is configured"),
        ({"RECONCILER_AGE_KEY_FILE": "/nowhere/k"}, "/nowhere/k cannot be read: No such file"),
        ({"SOPS_AGE_KEY_FILE": "/"}, "/ cannot be read: Is a directory"),
        ({"SOPS_AGE_KEY": f"\n{ALICE.identity}\n{BOB.identity[:-1]}"}, "SOPS_AGE_KEY: line 3 is no age identity"),
        ({"SOPS_AGE_KEY": ALICE.recipient}, "line 1 is no age identity"),
    ],
)
def test_identities_that_cannot_be_had_say_why(environ, message):
    with pytest.raises(Unopenable, match=message) as caught:
        held(environ, Path("/nowhere"))
    assert caught.value.hint
    for who in (ALICE, BOB):
        assert who.identity[20:-1] not in everything(caught.value)


def test_a_damaged_file_is_not_taken_for_a_missing_key():
    made = age_file(SECRET, ALICE.public)
    mine = held({"RECONCILER_AGE_KEY": ALICE.identity})
    for broken in (b"", made[:40], made[:-1], b"junk", made[:-1] + bytes([made[-1] ^ 1]), os.urandom(300)):
        with pytest.raises(Unopenable, match="cut short or altered"):
            mine.unwrap(broken, where="")


@pytest.mark.parametrize(
    ("recipients", "message"),
    [
        ([], "at least one recipient"),
        (["age1bad"], "'age1bad' is no age recipient"),
        ([ALICE.recipient, ""], "'' is no age recipient"),
        (["ssh-ed25519 AAAA"], "'ssh-ed25519 AAAA' is no age recipient"),
        (["age1" + "q" * 500], "…' is no age recipient"),
        ([ALICE.identity], "what was given is no age recipient"),
    ],
)
def test_a_recipient_that_is_none_is_told(recipients, message):
    with pytest.raises(UsageError, match=message) as caught:
        wrap(SECRET, recipients)
    assert ALICE.identity[20:] not in everything(caught.value)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrage", None)
    for attempt in (lambda: held({}), lambda: wrap(SECRET, [ALICE.recipient])):
        with pytest.raises((Unopenable, UsageError), match="pyrage") as caught:
            attempt()
        assert caught.value.hint == "pip install 'ecs-reconciler[age]'"
