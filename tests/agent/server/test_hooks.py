"""Who may ring: signatures over raw bytes, by the published vectors, and all the ways in which they are wrong."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.agent.server.hooks import WINDOW, generic, github, gitlab
from reconciler.agent.server.refusals import Refused

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SECRET = b"It's a Secret to Everybody"
GITHUB_VECTOR = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
"""docs.github.com, "Testing the webhook payload validation", for this secret and the body ``Hello, World!``."""

RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
]  # fmt: skip


def signed(body, secret=SECRET):
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def from_github(body=b"Hello, World!", *, event="push", delivery="72d3162e-cc78-11e3-81ab-4c9367dc0958", signature=None):
    return [
        (b"X-Hub-Signature-256", (signature or signed(body)).encode("latin-1")),
        (b"X-GitHub-Event", event.encode()),
        (b"X-GitHub-Delivery", delivery.encode()),
    ]


def from_anyone(body=b"{}", *, at=NOW, secret=SECRET, timestamp=None):
    said = timestamp if timestamp is not None else str(int(at.timestamp())).encode()
    return [(b"x-reconciler-timestamp", said), (b"x-reconciler-signature", signed(said + b"." + body, secret).encode())]


def refused(check, headers, body=b"Hello, World!", secret=SECRET, now=NOW):
    with pytest.raises(Refused) as told:
        check(secret, headers, body, now)
    assert secret.decode("latin-1") not in str(told.value)
    return told.value.status


# GitHub


def test_the_vector_of_githubs_documentation_is_good():
    assert github(SECRET, from_github(signature=GITHUB_VECTOR), b"Hello, World!", NOW).what == "push"


@pytest.mark.parametrize(("secret", "body", "digest"), RFC_4231)
def test_the_vectors_of_rfc_4231_are_good(secret, body, digest):
    assert github(secret, from_github(signature=f"sha256={digest}"), body, NOW).what == "push"
    wrong = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    assert refused(github, from_github(signature=f"sha256={wrong}"), body, secret) == 401


@pytest.mark.parametrize(
    "signature",
    [
        GITHUB_VECTOR[7:], "sha1=" + "0" * 40, "sha256=", GITHUB_VECTOR + " ", " " + GITHUB_VECTOR, GITHUB_VECTOR + "\n",
        GITHUB_VECTOR[:-2], GITHUB_VECTOR + "00", GITHUB_VECTOR + "," + GITHUB_VECTOR, "sha256=" + "0" * 64,
        "sha256=" + "é" * 64, "SHA256=" + GITHUB_VECTOR[7:], "sha512=" + GITHUB_VECTOR[7:],
    ],
)  # fmt: skip
def test_what_is_no_signature_of_it_is_refused(signature):
    assert refused(github, from_github(signature=signature)) == 401


def test_one_byte_more_or_less_of_the_body_is_refused():
    for body in (b"Hello, World", b"Hello, World!\n", b"hello, World!", b""):
        assert refused(github, from_github(signature=GITHUB_VECTOR), body) == 401


def test_bytes_that_are_no_text_are_signed_like_all_others():
    body = b"\xff\xfe\x00{" + "ünï".encode()
    assert github(SECRET, from_github(body), body, NOW).ref == ""


def test_no_signature_is_refused_and_an_old_one_does_not_stand_for_it():
    headers = from_github()[1:]
    assert refused(github, headers) == 401
    old = hmac.new(SECRET, b"Hello, World!", hashlib.sha1).hexdigest()
    assert refused(github, [*headers, (b"x-hub-signature", f"sha1={old}".encode())]) == 401


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("name", [b"X-Hub-Signature-256", b"x-hub-signature-256", b"X-HUB-SIGNATURE-256"])
def test_of_two_signatures_neither_counts(order, name):
    both = [(b"X-Hub-Signature-256", GITHUB_VECTOR.encode()), (name, b"sha256=" + b"0" * 64)][::order]
    assert refused(github, [*both, *from_github()[1:]]) == 401


def test_two_events_are_refused_too():
    assert refused(github, [*from_github(), (b"X-GitHub-Event", b"ping")]) == 401


def test_digits_may_be_capitals():
    loud = "sha256=" + GITHUB_VECTOR[7:].upper()
    assert github(SECRET, from_github(signature=loud), b"Hello, World!", NOW).what == "push"


@pytest.mark.parametrize(
    ("event", "what"), [("push", "push"), ("ping", "ping"), ("pull_request", "other"), ("PUSH", "other"), ("", "other")]
)
def test_what_githubs_events_mean(event, what):
    assert github(SECRET, from_github(event=event), b"Hello, World!", NOW).what == what


@pytest.mark.parametrize("delivery", ["", "a" * 101, "a b", "é", "a\n"])
def test_a_delivery_without_a_proper_id_is_refused(delivery):
    assert refused(github, from_github(delivery=delivery)) == 400


def test_the_delivery_tells_a_second_one_from_the_first():
    one, two = (github(SECRET, from_github(delivery=id), b"Hello, World!", NOW).once for id in ("1", "2"))
    assert one != two
    assert one == github(SECRET, from_github(b"else", delivery="1"), b"else", NOW).once


@pytest.mark.parametrize(
    ("body", "ref"),
    [
        (json.dumps({"ref": "refs/heads/main"}).encode(), "refs/heads/main"),
        (b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D", "refs/heads/main"),
        (json.dumps({"ref": "refs/heads/ünï\u202e"}).encode(), "refs/heads/ünï\u202e"),
        (json.dumps({"ref": "r" * 1000}).encode(), "r" * 200),
        (json.dumps({"ref": 7}).encode(), ""),
        (b"[1]", ""), (b"", ""), (b"{", ""), (b"payload=", ""), (b"payload=%7B", ""), (b"[" * 100_000, ""),
        (b'{"ref": ' + b"9" * 5000 + b"}", ""),
    ],
)  # fmt: skip
def test_what_was_pushed_is_a_hint_and_never_an_error(body, ref):
    assert github(SECRET, from_github(body), body, NOW).ref == ref


def test_nothing_is_parsed_before_the_signature_is_checked(monkeypatch):
    monkeypatch.setattr("reconciler.agent.server.hooks.json.loads", lambda text: pytest.fail("parsed"))
    monkeypatch.setattr("reconciler.agent.server.hooks.parse_qs", lambda *_, **__: pytest.fail("parsed"))
    body = b'{"ref": "x"}'
    assert refused(github, from_github(body, signature=GITHUB_VECTOR), body) == 401
    assert refused(gitlab, [(b"x-gitlab-token", b"no"), (b"x-gitlab-event", b"System Hook")], body) == 401
    assert refused(generic, from_anyone(body, secret=b"another"), body) == 401
    assert refused(generic, from_anyone(body, at=NOW - timedelta(hours=1)), body) == 401


# GitLab


def from_gitlab(token=SECRET, event=b"Push Hook"):
    return [(b"X-Gitlab-Token", token), (b"X-Gitlab-Event", event)]


def test_gitlab_sends_the_secret_itself():
    assert gitlab(SECRET, from_gitlab(), b'{"ref": "refs/heads/main"}', NOW).ref == "refs/heads/main"


@pytest.mark.parametrize("token", [b"", b"no", SECRET[:-1], SECRET + b" ", SECRET.upper(), "ünï".encode(), b"\xff\xfe"])
def test_another_token_is_refused(token):
    assert refused(gitlab, from_gitlab(token)) == 401


def test_two_tokens_or_none_are_refused():
    assert refused(gitlab, [*from_gitlab(), (b"x-gitlab-token", SECRET)]) == 401
    assert refused(gitlab, from_gitlab()[1:]) == 401


def test_a_secret_with_letters_of_any_alphabet_works():
    secret = "schlüssel-ключ".encode()
    assert gitlab(secret, from_gitlab(secret), b"", NOW).what == "push"


@pytest.mark.parametrize(
    ("event", "body", "what"),
    [
        (b"Push Hook", {}, "push"), (b"Tag Push Hook", {}, "push"), (b"Merge Request Hook", {}, "other"),
        (b"System Hook", {"event_name": "push"}, "push"), (b"System Hook", {"event_name": "user_create"}, "other"),
        (b"System Hook", {"event_name": ["push"]}, "other"),
    ],
)  # fmt: skip
def test_what_gitlabs_events_mean(event, body, what):
    assert gitlab(SECRET, from_gitlab(event=event), json.dumps(body).encode(), NOW).what == what


# Anyone


def test_anyone_signs_time_and_body():
    body = b"a body"
    text = str(int(NOW.timestamp())).encode() + b"." + body
    by_hand = hashlib.sha256(bytes(b ^ 0x5C for b in SECRET.ljust(64, b"\0")) + hashlib.sha256(
        bytes(b ^ 0x36 for b in SECRET.ljust(64, b"\0")) + text).digest()).hexdigest()  # fmt: skip
    headers = [(b"X-Reconciler-Timestamp", text.split(b".")[0]), (b"X-Reconciler-Signature", b"sha256=" + by_hand.encode())]
    assert generic(SECRET, headers, body, NOW).what == "push"


@pytest.mark.parametrize("seconds", [0, WINDOW, -WINDOW, WINDOW - 1])
def test_within_the_window_it_is_good(seconds):
    assert generic(SECRET, from_anyone(at=NOW + timedelta(seconds=seconds)), b"{}", NOW).what == "push"


@pytest.mark.parametrize("seconds", [WINDOW + 1, -WINDOW - 1, 86400, -1e9])
def test_outside_of_it_is_refused(seconds):
    assert refused(generic, from_anyone(at=NOW + timedelta(seconds=seconds)), b"{}") == 401


@pytest.mark.parametrize(
    "timestamp",
    [b"", b"-1", b"+1767603600", b"1767603600.0", b"1e9", b" 1767603600", b"1767603600\n", b"1" * 13, "१७६७".encode()],
)
def test_a_time_that_is_none_is_refused_however_well_it_is_signed(timestamp):
    assert refused(generic, from_anyone(timestamp=timestamp), b"{}") == 401


def test_the_time_cannot_be_moved_and_the_dot_cannot_either():
    headers = from_anyone()
    moved = [(headers[0][0], str(int(NOW.timestamp()) + 1).encode()), headers[1]]
    assert refused(generic, moved, b"{}") == 401
    body = b"5.{}"
    shifted = [(b"x-reconciler-timestamp", headers[0][1][:-1]), headers[1]]
    assert refused(generic, shifted, headers[0][1][-1:] + b".{}") == 401
    assert refused(generic, headers, body) == 401


def test_a_signature_in_other_letters_is_the_same_one():
    headers = from_anyone()
    loud = [headers[0], (headers[1][0], b"sha256=" + headers[1][1][7:].upper())]
    assert generic(SECRET, headers, b"{}", NOW).once == generic(SECRET, loud, b"{}", NOW).once
