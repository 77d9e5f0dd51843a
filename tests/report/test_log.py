"""Logging: where it goes, what it looks like, what it never says."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from reconciler.model.errors import Position, SourceError
from reconciler.model.key import Key
from reconciler.report.log import configure, redaction


class Sealed:
    def __repr__(self) -> str:
        return "hunter2"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = before


def fail() -> None:
    local = "hunter2"
    raise SourceError(f"clone of https://u:{local}@h failed")


def test_an_event_is_one_json_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True, level="info")
    structlog.get_logger().info("applied", key=Key("a", "Service", "b"), calls=3, at=Position("f", 1, 2))
    out, err = capsys.readouterr()
    assert out == ""
    event = json.loads(err)
    assert event.pop("ts").endswith("Z")
    assert event == {"event": "applied", "level": "info", "key": "a/Service/b", "calls": 3, "at": "f:1:2"}


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_logged(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=as_json)
    log = structlog.get_logger().bind(token="hunter2", nested={"DB_PASSWORD": "hunter2", "list": [Sealed()]})
    log.warning("url https://u:hunter2@h", value=Sealed(), url="https://u:hunter2@h", error=ValueError("hunter2"))
    try:
        fail()
    except SourceError:
        log.exception("failed")
    logging.getLogger("botocore").debug("hunter2")
    logging.getLogger("library").warning("password=%s", "hunter2")
    err = capsys.readouterr().err
    assert "hunter2" not in err
    assert "SourceError" in err
    assert "password=***" in err


def test_quieter_levels_are_kept_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True, level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    assert capsys.readouterr().err == ""


def test_console_lines_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=False)
    structlog.get_logger().info("applied", app="bookstore")
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "applied" in err
    assert "app=bookstore" in err


def test_objects_are_told_by_their_type() -> None:
    assert redaction(None, "info", {"value": Sealed()}) == {"value": "<Sealed>"}


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_is_logged_without_what_it_says(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=as_json)
    value = "-".join(["hunter", "2"])
    for log in (structlog.get_logger(), logging.getLogger("library")):
        try:
            int(value)
        except ValueError as error:
            log.exception("failed")
            log.error("again", exc_info=error)
            structlog.get_logger().error("an object", error=error, errors=[error], nested={"e": error})
    err = capsys.readouterr().err
    assert value not in err
    assert err.count("ValueError") >= 4
    assert "test_an_exception_is_logged" in err
