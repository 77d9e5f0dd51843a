"""The one rule of what is never shown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.desired import Reference
from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import Key
from reconciler.model.plan import FieldChange
from reconciler.model.tree import Pending
from reconciler.report.redact import CHANGED, SENSITIVE, secret_name, sides, source_line, text, value


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "DB_PASSWORD",
        "dbPassword",
        "PGPASSWORD",
        "MYSQL_PWD",
        "passwd",
        "SECRET",
        "SECRET_KEY_BASE",
        "token",
        "GITHUB_TOKEN",
        "API_KEY",
        "APIKEY",
        "apiKey",
        "STRIPE_KEY",
        "splunk-token",
        "AWS_ACCESS_KEY_ID",
        "CREDENTIALS",
        "GOOGLE_CREDENTIAL_JSON",
        "DB_PASS",
        "BASIC_AUTH",
        "PRIVATE_KEY",
        "privatekey",
        "PASSPHRASE",
        "DBPASS",
        "PGPASS",
        "MASTERPASS",
        "PASSCODE",
        "DB_CREDS",
        "BASICAUTH",
        "OAUTH",
        "OAUTH2_PROXY",
        "BEARER",
        "AUTHORIZATION",
        "JWT",
        "SESSION_COOKIE",
        "HMAC",
        "SIGNATURE",
        "SALT",
        "net.password",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "RAILS_ENV",
        "KEYCLOAK_URL",
        "KEYSPACE",
        "MONKEYS",
        "MONKEY",
        "KEYBOARD",
        "BYPASS_CACHE",
        "GEO_COMPASS",
        "COMPASS",
        "PASSENGER_POOL",
        "AUTHOR",
        "PATH",
        "PORT",
        "awslogs-group",
        "cpu",
    ],
)
def test_ordinary_names_are_left_alone(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgres://u:p@h/db", "postgres://u:***@h/db"),
        ("postgres://u:p%40x@h/db?sslmode=require", "postgres://u:***@h/db?sslmode=require"),
        ("redis://:p@h", "redis://:***@h"),
        ("amqp://u:a@b@h", "amqp://u:***@h"),
        ("https://0123456789abcdef0123456789abcdef@sentry.example.com/1", "https://***@sentry.example.com/1"),
        ("jdbc:mysql://h/db?user=u&password=p;x=1", "jdbc:mysql://h/db?user=u&password=***;x=1"),
        ("run --token=abc --port=1", "run --token=*** --port=1"),
        ("Server=h;Password='a b';Port=1", "Server=h;Password=***;Port=1"),
        ('{"password": "a b", "x": 1}', '{"password": ***, "x": 1}'),
        ("password: hunter2", "password: ***"),
        ("password = hunter2", "password = ***"),
        ("run --password hunter2 --port 1", "run --password *** --port 1"),
        ("curl -u user:hunter2 h", "curl -u user:*** h"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer ***"),
        ("X-Api-Key: hunter2", "X-Api-Key: ***"),
        ("root:hunter2@tcp(db:3306)/x", "root:***@tcp(db:3306)/x"),
        ("InvalidSignatureException: The request is old", "InvalidSignatureException: The request is old"),
        ("'secrets': object where a list is required", "'secrets': object where a list is required"),
        ("shop/Secret/db-token: it is not there", "shop/Secret/db-token: it is not there"),
        ("https://example.com:8080/a?b=c", "https://example.com:8080/a?b=c"),
        ("ssh://git@github.com/a/b", "ssh://git@github.com/a/b"),
        (
            "arn:aws:secretsmanager:eu-central-1:1:secret:token-abc",
            "arn:aws:secretsmanager:eu-central-1:1:secret:token-abc",
        ),
    ],
)
def test_strings_lose_passwords_and_nothing_else(said: str, shown: str) -> None:
    assert text(said) == shown


@pytest.mark.parametrize(
    "line",
    [
        "  DB_PASSWORD: hunter2",
        '  "DB_PASSWORD": "hunter2"',
        "- {name: DB_PASSWORD, value: hunter2}",
        '{"name": "DB_PASSWORD", "value": "hunter2, hunter2"}',
        "command: [run, --token=hunter2]",
        "url: postgres://u:hunter2@h/db",
        "  dbPassword: hunter2",
        "vars: {dbPassword: hunter2}",
        "  splunk-token: hunter2 hunter2",
        '{"name":"DB_PASSWORD","valeu":"hunter2"}',
        '[{"name":"A","value":"b"},{"name":"DB_PASSWORD","value":"hunter2"}]',
    ],
)
def test_source_lines_keep_their_columns(line: str) -> None:
    assert "hunter2" not in source_line(line)
    assert len(source_line(line)) == len(line)


@pytest.mark.parametrize(
    "line",
    [
        "  secretz: []",
        "  kmsKeyId: alias/x",
        "- {key: env, value: x}",
        "  API_TOKEN: ref:Secret/api",
        "  API_TOKEN: ${{ vars.token }}",
        "- {name: API_TOKEN, valueFrom: arn:x}",
    ],
)
def test_source_lines_without_secrets_are_left_alone(line: str) -> None:
    assert source_line(line) == line


ENVIRONMENT = ("containerDefinitions", "web", "environment")


@pytest.mark.parametrize(
    ("path", "said", "shown"),
    [
        ((*ENVIRONMENT, "DB_PASSWORD"), "x", SENSITIVE),
        ((*ENVIRONMENT, "DB_PASSWORD"), 5, SENSITIVE),
        ((*ENVIRONMENT, "DB_PASSWORD"), None, None),
        ((*ENVIRONMENT, "DB_PASSWORD"), Pending("(known after X)"), "(known after X)"),
        ((*ENVIRONMENT, "DB_PASSWORD", "value"), "x", SENSITIVE),
        (ENVIRONMENT, {"DB_PASSWORD": "x", "PORT": 1}, {"DB_PASSWORD": SENSITIVE, "PORT": 1}),
        (
            ENVIRONMENT,
            [{"name": "DB_PASSWORD", "value": "x"}, {"value": "y", "name": "A"}],
            [{"name": "DB_PASSWORD", "value": SENSITIVE}, {"value": "y", "name": "A"}],
        ),
        (("tags",), [{"key": "api-token", "value": "x"}], [{"key": "api-token", "value": SENSITIVE}]),
        (("logConfiguration", "options"), {"splunk-token": "x"}, {"splunk-token": SENSITIVE}),
        (("containerDefinitions", "web", "secrets", "DB_PASSWORD"), "arn:x", "arn:x"),
        (
            ("systemControls",),
            [{"namespace": "net.password", "value": "x"}],
            [{"namespace": "net.password", "value": SENSITIVE}],
        ),
        (("secretString",), "x", SENSITIVE),
        ((), {"type": "SecureString", "value": "x"}, {"type": "SecureString", "value": SENSITIVE}),
        ((), {"type": "String", "value": "x"}, {"type": "String", "value": "x"}),
        (("command",), ["run", "--token", "abc", "-v", "x"], ["run", "--token", SENSITIVE, "-v", "x"]),
        (("x",), object(), SENSITIVE),
        (("x",), b"bytes", SENSITIVE),
        (("x",), Reference(Key("a", "Secret", "b"), "c"), "ref:a/Secret/b#c"),
        (("x",), Effect.IN_PLACE, "in-place"),
        (("x",), datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (("x",), (Decimal("1.0"), Decimal("0.5"), frozenset({"b", "a"})), [1, 0.5, ["a", "b"]]),
    ],
)
def test_values_are_plain_and_masked(path: tuple[str, ...], said: Any, shown: Any) -> None:
    assert value(path, said) == shown


@pytest.mark.parametrize(
    ("path", "before", "after", "shown"),
    [
        ((*ENVIRONMENT, "TOKEN"), "a", "b", (SENSITIVE, CHANGED)),
        ((*ENVIRONMENT, "TOKEN"), UNSET, "b", (UNSET, SENSITIVE)),
        ((*ENVIRONMENT, "TOKEN"), "a", UNSET, (SENSITIVE, UNSET)),
        (ENVIRONMENT, {"TOKEN": "a"}, {"TOKEN": "b"}, ({"TOKEN": SENSITIVE}, {"TOKEN": CHANGED})),
        (ENVIRONMENT, {"TOKEN": "a"}, {"TOKEN": "a"}, ({"TOKEN": SENSITIVE}, {"TOKEN": SENSITIVE})),
        (
            ENVIRONMENT,
            [{"name": "TOKEN", "value": "a"}],
            [{"name": "X", "value": "a"}, {"name": "TOKEN", "value": "b"}],
            (
                [{"name": "TOKEN", "value": SENSITIVE}],
                [{"name": "X", "value": "a"}, {"name": "TOKEN", "value": CHANGED}],
            ),
        ),
        (("url",), "a://u:p@h", "a://u:q@h", ("a://u:***@h", "a://u:***@h (sensitive, changed)")),
        (("url",), "a://u:p@h", "a://u:q@i", ("a://u:***@h", "a://u:***@i")),
    ],
)
def test_a_change_shows_that_it_is_one(path: tuple[str, ...], before: Any, after: Any, shown: Any) -> None:
    assert sides(FieldChange(path, before, after, Effect.IN_PLACE)) == shown


def test_long_values_cost_little() -> None:
    long = "a.b-" * 50_000
    assert text(f"{long}://{long}=") == f"{long}://{long}="


@settings(deadline=None)
@given(st.text(alphabet="hunter2:/@=&; \"'ab?{},", max_size=60))
def test_a_password_in_a_url_never_survives(tail: str) -> None:
    assert "s3cr3t" not in text(f"x postgres://u:s3cr3t@h/{tail}")


@pytest.mark.parametrize("bomb", ["://" * 50_000, "a=b;" * 30_000, "password: " * 20_000, "user:" * 30_000 + "@tcp("])
def test_a_long_string_is_looked_through_in_the_end(bomb):
    assert len(text(bomb)) > 0
