"""What git wrote, made fit to be shown."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from reconciler.source.credentials import Password
from reconciler.source.refusals import clean, refusal
from reconciler.source.remote import remote

CANARY = "cAnArY/9f3b7+w%y=1"
REMOTE = remote("https://git.example.com/shop/deploy")


@pytest.mark.parametrize(
    "shown",
    [
        CANARY,
        quote(CANARY, safe=""),
        quote(CANARY),
        base64.b64encode(f"bot:{CANARY}".encode()).decode(),
        f"https://bot:{quote(CANARY, safe='')}@git.example.com/x",
    ],
)
def test_a_password_is_not_repeated_however_it_was_written(shown):
    error = refusal(f"fatal: unable to access '{shown}': {shown}", REMOTE, "", Password("bot", CANARY))
    for text in (str(error), error.hint, repr(error)):
        assert CANARY not in text and shown not in text
        assert "cAnArY" not in text


def test_a_user_that_is_secret_is_not_repeated_either():
    who = Password("AKID%" + CANARY, "signature-1234", secret_user=True)
    said = f"fatal: Authentication failed for 'https://{quote(who.user, safe='')}@git.example.com/x' ({who.user})"
    assert "cAnArY" not in str(refusal(said, REMOTE, "", who))


def test_somebody_elses_credentials_in_a_url_are_not_repeated():
    assert clean("to https://x:hunter22@proxy:3128/ and ssh://hunter22@h/p", None) == "to https://proxy:3128/ and ssh://h/p"


def test_of_many_lines_the_complaint_is_told_and_not_the_advice():
    said = "remote: Counting\nwarning: x\nfatal: the bundle is odd\nPlease make sure you have the correct access rights\n"
    assert str(refusal(said, REMOTE, "", None)) == f"{REMOTE}: git fetch failed: the bundle is odd"


def test_silence_is_told():
    assert "it said nothing" in str(refusal("", REMOTE, "", None))


@pytest.mark.parametrize(
    ("said", "told", "retry"),
    [
        ("fatal: unable to access 'https://git.example.com/shop/deploy/': server certificate verification failed. "
         "CAfile: none CRLfile: none", "certificate is not trusted", True),
        ("fatal: unable to access 'https://git.example.com/shop/deploy/': SSL certificate problem: self-signed",
         "certificate is not trusted", True),
        ("fatal: unable to access 'https://git.example.com/shop/deploy/': Could not resolve host: git.example.com",
         "the host's name is not known", True),
        ("error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF",
         "no usable answer", True),
        ("fatal: unable to access 'https://git.example.com/shop/deploy/': Operation too slow. Less than 1 bytes/sec",
         "no usable answer", True),
        ("error: cannot run /m/askpass: Permission denied\nfatal: could not read Username for 'https://x': "
         "terminal prompts disabled", "may not run the helper", False),
        ("error: cannot run ssh: No such file or directory\nfatal: unable to fork", "ssh is not installed", False),
        ("remote: HTTP Basic: Access denied.\nfatal: Authentication failed for 'https://x/'", "missing or refused", False),
        ("fatal: couldn't find remote ref refs/heads/x", "there is no branch x", False),
        (" ! [rejected]  HEAD -> x (shallow update not allowed)", "a shallow clone", False),
        ("fatal: mismatched algorithms: client sha1; server sha256", "SHA-256", False),
        ("error: unable to write file: Disk quota exceeded", "the disk is full", True),
    ],
)  # fmt: skip
def test_what_git_complains_of_is_told_with_what_to_do(said, told, retry):
    error = refusal(said, REMOTE, "x", None)
    assert told in error.message
    assert error.hint
    assert error.retry is retry
