"""The settings of an agent: all of them read, whatever is wrong told at its place."""

from __future__ import annotations

import textwrap

import pytest

from reconciler.model.agent import Kept, Login, Queue, Server, Signers
from reconciler.model.allow import Allow
from reconciler.model.errors import InvalidManifests
from reconciler.source.agent_settings import read_settings

WHOLE = """
apiVersion: reconciler/v1
kind: Agent
metadata: {name: main}
spec:
  installation: blue
  environments: [staging, production]
  maxEnvironments: 3
  resync: 10m
  share: 25%
  url: https://reconciler.example.com
  repository:
    url: https://github.com/acme/deploy.git
    branch: main
    folder: manifests/
    poll: 30s
    timeout: 20s
    mirror: /var/lib/reconciler
    login: {githubApp: {id: 123, installation: 456, file: /run/key.pem}}
    signers: {ssh: /etc/signers, gpg: /etc/keys.asc}
  allow:
    production: {roles: ["shop-*"], images: ["1.dkr.ecr/*"], kinds: [Service], paths: [apps/shop/*]}
    "*": {kinds: []}
  server:
    listen: 0.0.0.0:9000
    anonymous: true
    callers:
      - {name: ops, token: {variable: OPS}, may: write, apps: ["production/*"]}
      - {name: wall, token: {file: /run/wall}}
    hooks: [{name: github, sender: github, sharedSecret: {file: /run/hook}}]
  queues: [{url: "https://sqs.eu-west-1.amazonaws.com/1/q", environment: production}]
  forge: {kind: gitlab, repository: acme/deploy, login: {token: {variable: FORGE, user: bot}}}
  channels:
    - {name: chat, kind: slack, secretUrl: {variable: CHAT}, when: [on-deployed], template: "{{ app }}"}
    - {name: topic, kind: sns, topic: "arn:aws:sns:eu-west-1:1:t", environments: [production], apps: [shop]}
    - {name: own, kind: webhook, secretUrl: {file: /run/url}, sharedSecret: {variable: SIGN}}
"""

LEAST = """
apiVersion: reconciler/v1
kind: Agent
spec: {repository: {url: /srv/deploy.git}}
"""


def read(text: str):
    return read_settings("agent.yaml", textwrap.dedent(text).encode())


def problems(text: str):
    with pytest.raises(InvalidManifests) as error:
        read(text)
    return error.value.problems


def test_everything_that_can_be_said_is_read():
    found = read(WHOLE)
    assert (found.installation, found.environments, found.most) == ("blue", ("staging", "production"), 3)
    assert (found.resync, found.share, found.url) == (600.0, 0.25, "https://reconciler.example.com")
    repository = found.repository
    assert (repository.branch, repository.folder, repository.poll, repository.timeout) == ("main", "manifests", 30, 20)
    assert repository.login == Login("github-app", Kept(file="/run/key.pem"), id="123", installation="456")
    assert repository.signers == Signers("/etc/signers", "/etc/keys.asc")
    assert found.allow["production"] == Allow(("apps/shop/*",), ("Service",), ("shop-*",), ("1.dkr.ecr/*",))
    assert found.allow["*"].kinds == ()
    ops, wall = found.server.tokens
    assert (ops.name, ops.secret, ops.may, ops.apps) == ("ops", Kept("OPS"), "write", ("production/*",))
    assert (wall.may, wall.apps, wall.secret) == ("read", ("*",), Kept(file="/run/wall"))
    assert found.server.anonymous
    assert found.server.hooks[0].sender == "github"
    assert found.queues == (Queue("https://sqs.eu-west-1.amazonaws.com/1/q", "production"),)
    assert found.forge.api == "https://gitlab.com/api/v4"
    assert found.forge.login == Login("token", Kept("FORGE"), user="bot")
    chat, topic, own = found.channels
    assert (chat.when, chat.to, chat.template) == (("on-deployed",), Kept("CHAT"), "{{ app }}")
    assert (topic.topic, topic.environments, topic.apps) == ("arn:aws:sns:eu-west-1:1:t", ("production",), ("shop",))
    assert own.secret == Kept("SIGN")


def test_a_repository_is_all_that_has_to_be_said():
    found = read(LEAST)
    assert found.repository.url == "/srv/deploy.git"
    assert (found.resync, found.share, found.environments, found.most) == (300.0, 0.5, None, None)
    assert found.server == Server("127.0.0.1:8080")


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("  resync: 10m", "  resync: 1s", "wrong-value", "at least 10 s"),
        ("  resync: 10m", "  resink: 10m", "unknown-member", "resink"),
        ("  share: 25%", "  share: 250%", "wrong-value", "share"),
        ("  share: 25%", "  share: 0", "wrong-value", "share"),
        ("  share: 25%", "  share: true", "wrong-value", "share"),
        ("  share: 25%", "  share: lots", "wrong-value", "share"),
        ("  maxEnvironments: 3", "  maxEnvironments: 0", "wrong-value", "at least 1"),
        ("kind: Agent", "kind: Agnet", "unknown-value", "kind"),
        ("apiVersion: reconciler/v1", "apiVersion: v1", "unknown-value", "apiVersion"),
        ("    url: https://github.com/acme/deploy.git\n", "", "missing-member", "url"),
        ("{githubApp: {id: 123, installation: 456, file: /run/key.pem}}", "{}", "wrong-value", "one way"),
        ("id: 123, installation: 456, ", "", "missing-member", "installation"),
        ("{githubApp: {id: 123", "{ssh: {file: /k}, githubApp: {id: 123", "wrong-value", "one way"),
        ("{githubApp: {id: 123, installation: 456, file: /run/key.pem}}", "{ssh: {file: /k}}", "missing-member", "knownHosts"),
        ("{githubApp: {id: 123, installation: 456, file: /run/key.pem}}", "{token: {}}", "missing-member", "kept"),
        ("{token: {variable: FORGE", "{token: {file: /x, variable: FORGE", "wrong-value", "one place"),
        ("{ssh: /etc/signers, gpg: /etc/keys.asc}", "{}", "missing-member", "signers"),
        ("0.0.0.0:9000", "9000", "wrong-value", "host:port"),
        ("0.0.0.0:9000", "0.0.0.0:99999", "wrong-value", "host:port"),
        ("may: write", "may: wirte", "unknown-value", "read, write"),
        ("name: wall, ", "", "missing-member", "name"),
        ("name: wall", "name: ops", "duplicate", "ops"),
        ("name: wall", 'name: "a/b"', "wrong-value", "letters"),
        (", token: {file: /run/wall}", "", "missing-member", "token"),
        ("token: {file: /run/wall}", "token: {}", "missing-member", "where it is kept"),
        ("sender: github", "sender: gitea", "unknown-value", "gitlab"),
        ("sender: github, ", "", "missing-member", "sender"),
        ('{url: "https://sqs.eu-west-1.amazonaws.com/1/q", ', "{", "missing-member", "url"),
        ('url: "https://sqs.eu-west-1.amazonaws.com/1/q"', "url: q", "wrong-value", "URL"),
        ("kind: gitlab", "kind: gitea", "unknown-value", "github"),
        ("repository: acme/deploy, ", "", "missing-member", "repository"),
        ("kind: slack", "kind: irc", "unknown-value", "slack"),
        ("kind: slack, ", "", "missing-member", "slack"),
        (', topic: "arn:aws:sns:eu-west-1:1:t"', "", "missing-member", "topic"),
        ("secretUrl: {variable: CHAT}, ", "", "missing-member", "secretUrl"),
        ("url: https://reconciler.example.com", "url: reconciler", "wrong-value", "URL"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(old, new, code, words):
    assert old in WHOLE
    found = problems(WHOLE.replace(old, new, 1))
    assert [problem.code for problem in found] == [code]
    assert words in f"{found[0].message} {found[0].hint}"
    assert found[0].at.file == "agent.yaml"


def test_all_that_is_wrong_is_told_in_one_run():
    found = problems(WHOLE.replace("resync: 10m", "resync: 1s").replace("may: write", "may: x").replace("kind: slack", "kind: x"))
    assert len(found) == 3


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "kind: Agent", "---\na: 1\n---\nb: 2", "apiVersion: reconciler/v1\nkind: Agent\nspec: 3", "\x00"])
def test_garbage_is_told_and_is_no_exception(text):
    assert problems(text)


@pytest.mark.parametrize("where", ["{variable: OPS}", "{file: /run/hook}", "{variable: CHAT}", "{variable: SIGN}"])
def test_a_secret_written_into_the_settings_is_refused_and_not_shown(where):
    found = problems(WHOLE.replace(where, "hunter2hunter2"))
    assert found
    assert "hunter2" not in str(found)
