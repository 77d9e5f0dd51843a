"""Apps' records in SSM: what goes in comes out, and what cannot be understood holds back its own app alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.aws.records import FEW, READ
from reconciler.model.errors import Denied, Rejected, Throttled
from reconciler.model.key import Scope
from reconciler.model.record import EVERY, Approval, Pin, Record, Said, Terms
from tests.lab import Lab

SCOPE = Scope("default", "staging")
SAID = Said("alice@laptop", datetime(2026, 1, 5, 9, 0, tzinfo=UTC), "too slow")
RECORD = Record(
    SAID,
    {"Service/web": Pin("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7", "0123456789ab", SAID, "c" * 40)},
    {"Service/web": "arn:deployment/1", "Job/migrate": "done"},
    Approval(Terms("d" * 64, "a" * 16, frozenset({"0" * 16, "1" * 16}), frozenset({"2" * 8})), SAID),
)

APPROVED = f'"digest":"{"d" * 64}","aim":"{"a" * 16}","said":{{"by":"a","at":"2026-01-05T09:00:00Z"}}'
"""What an approval says, but for its calls."""


@pytest.fixture
def lab():
    return Lab()


@pytest.fixture
def records(lab):
    return lab.connect().records


def put(lab, name, value, type="String"):
    lab.simulator.client("ssm", region="eu-west-1").put_parameter(Name=name, Value=value, Type=type, Overwrite=True)


def test_an_environment_nobody_has_said_anything_of_has_no_records(records):
    book = records.read(SCOPE)
    assert (book.records, book.unheard) == ({}, {})


def test_what_was_said_is_read_again(records):
    records.said(SCOPE, "shop", RECORD)
    assert records.read(SCOPE).records == {"shop": RECORD}


def test_what_people_said_and_what_was_synced_do_not_undo_each_other(records):
    behind = {"Service/api": "d" * 40, "LogGroup/logs": ""}
    synced = Record(
        synced={"Service/web": "0123456789ab"},
        commit="c" * 40,
        spent="dddd@2026-01-05T09:00:00Z",
        whole="0123456789ab",
        behind=behind,
    )
    records.synced(SCOPE, "shop", synced)
    records.said(SCOPE, "shop", RECORD)
    records.synced(SCOPE, "shop", synced)
    found = records.read(SCOPE).records["shop"]
    assert (found.suspended, found.pins, found.retried) == (SAID, RECORD.pins, RECORD.retried)
    assert (found.synced, found.commit) == (synced.synced, synced.commit)
    assert (found.whole, found.behind) == (synced.whole, behind)
    assert (found.synced, found.commit, found.spent) == (synced.synced, synced.commit, synced.spent)
    assert found.approved == RECORD.approved


def test_what_an_older_program_recorded_as_synced_is_read(lab, records):
    put(lab, "/reconciler/default/staging/shop/synced", '{"formatVersion":"1.0","synced":{"Service/web":"ab"},"commit":"cc"}')
    found = records.read(SCOPE).records["shop"]
    assert (found.synced, found.commit, found.whole, found.behind) == ({"Service/web": "ab"}, "cc", "", {})


def test_records_as_they_were_written_before_there_was_approval_are_read(lab, records):
    put(lab, "/reconciler/default/staging/shop", '{"formatVersion":"1.0","retried":{"Job/a":"x"}}')
    put(lab, "/reconciler/default/staging/shop/synced", '{"formatVersion":"1.0","synced":{"Service/a":"b"}}')
    found = records.read(SCOPE).records["shop"]
    assert (found.retried, found.synced, found.approved, found.spent) == ({"Job/a": "x"}, {"Service/a": "b"}, None, None)


def test_the_calls_of_a_large_plan_have_room_and_those_of_a_larger_one_are_refused(lab, records):
    def approval(calls):
        return Approval(Terms("d" * 64, "a" * 16, frozenset(f"{number:016x}" for number in range(calls))), SAID)

    records.said(SCOPE, "shop", Record(approved=approval(450)))
    assert len(records.read(SCOPE).records["shop"].approved.terms.calls) == 450
    lab.writes()
    with pytest.raises(Rejected, match="8192") as refused:
        records.said(SCOPE, "shop", Record(approved=approval(600)))
    assert "split the app" in refused.value.hint
    assert lab.writes() == []


def test_records_of_many_apps_come_from_many_pages(records):
    for number in range(13):
        records.said(SCOPE, f"app{number}", Record(suspended=SAID))
    assert len(records.read(SCOPE).records) == 13


def test_another_environment_or_installation_has_records_of_its_own(records):
    records.said(SCOPE, "shop", RECORD)
    records.said(Scope("default", "staging-2"), "other", RECORD)
    records.said(Scope("other", "staging"), "third", RECORD)
    assert set(records.read(SCOPE).records) == {"shop"}


def test_an_app_called_synced_is_an_app(records):
    records.said(SCOPE, "synced", RECORD)
    records.synced(SCOPE, "synced", Record(synced={"Service/web": "ab"}))
    assert records.read(SCOPE).records["synced"].synced == {"Service/web": "ab"}


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("", "JSON"),
        ("not json", "JSON"),
        ("[]", "object"),
        ("[" * 4000, "JSON"),
        ('{"formatVersion":"2.0"}', "formatVersion"),
        ("{}", "formatVersion"),
        ('{"formatVersion":"1.0","approved":{}}', "approved"),
        ('{"formatVersion":"1.0","approved":{"digest":"hunter2"}}', "approved.digest"),
        (f'{{"formatVersion":"1.0","approved":{{{APPROVED},"calls":"hunter2"}}}}', "approved.calls"),
        (f'{{"formatVersion":"1.0","approved":{{{APPROVED},"calls":"","more":"hunter2"}}}}', "approved.more"),
        ('{"formatVersion":"1.0","suspended":{"by":"a","at":"yesterday"}}', "suspended.at"),
        ('{"formatVersion":"1.0","suspended":{"by":"a","at":"2026-01-05T09:00:00"}}', "suspended.at"),
    ],
)
def test_what_cannot_be_understood_holds_back_its_own_app_and_says_how_to_mend_it(lab, records, value, word):
    records.said(SCOPE, "blog", RECORD)
    put(lab, "/reconciler/default/staging/shop", value or " ")
    book = records.read(SCOPE)
    assert set(book.records) == {"blog"}
    assert set(book.unheard) == {"shop"}
    error = book.unheard["shop"]
    assert word in error.message
    assert "/reconciler/default/staging/shop" in error.hint
    assert not error.retry


def test_a_secret_that_stands_where_a_record_should_is_not_quoted(lab, records):
    put(lab, "/reconciler/default/staging/shop", "hunter2", "SecureString")
    put(lab, "/reconciler/default/staging/blog/synced", '{"formatVersion":"hunter2"}')
    book = records.read(SCOPE)
    assert set(book.unheard) == {"shop", "blog"}
    assert "hunter2" not in "".join(f"{error} {error.hint}" for error in book.unheard.values())


def test_parameters_of_others_below_an_app_are_not_looked_at(lab, records):
    put(lab, "/reconciler/default/staging/shop/notes", "hello")
    put(lab, "/reconciler/default/staging/shop/synced/more", "hello")
    assert records.read(SCOPE).unheard == {}


def test_who_may_not_read_is_told_the_permission(lab, records):
    lab.simulator.faults.deny("GetParametersByPath", service="ssm")
    error = records.read(SCOPE).unheard[EVERY]
    assert isinstance(error, Denied)
    assert error.action == READ


def test_a_throttled_read_is_asked_again_and_at_last_a_missed_look(lab, records):
    lab.simulator.faults.fail("GetParametersByPath", how="500", times=3)
    assert records.read(SCOPE).unheard == {}
    lab.simulator.faults.throttle("GetParametersByPath", service="ssm")
    error = records.read(SCOPE).unheard[EVERY]
    assert isinstance(error, Throttled)
    assert error.retry


def test_more_than_a_parameter_holds_is_refused_before_it_is_sent(lab, records):
    many = Record(synced={f"Service/a-service-with-a-long-name-{n}": "0123456789ab" for n in range(200)})
    with pytest.raises(Rejected, match="8192"):
        records.synced(SCOPE, "shop", many)
    assert lab.writes() == []


def test_a_long_reason_is_cut(records):
    records.said(SCOPE, "shop", Record(suspended=Said("a", SAID.at, "x" * 10_000)))
    assert len(records.read(SCOPE).records["shop"].suspended.why) == 200


def test_the_reader_itself_still_refuses_parameters_and_the_door_opens_for_nothing_else(lab):
    with pytest.raises(ValueError, match="may not make it"):
        lab.connect().read.one(READ, {"Path": "/"})
    door = lab.connect().records._read
    for operation in ("ssm:GetParameter", "ssm:GetParameters", "secretsmanager:GetSecretValue"):
        with pytest.raises(ValueError, match="only records"):
            door.one(operation, {})
    for named in ({"Names": ["/reconciler/a/b/c", "/db/password"]}, {"Path": "/"}, {"Names": []}):
        with pytest.raises(ValueError, match="only records"):
            door.one("ssm:GetParameters", named)


def test_the_records_of_some_apps_are_asked_for_by_name(lab, records):
    for app in ("shop", "other", "third"):
        records.said(SCOPE, app, RECORD)
    records.synced(SCOPE, "shop", Record(synced={"Service/web": "ab"}, commit="cc"))
    put(lab, "/reconciler/default/staging/broken", "{")
    lab.simulator.calls.clear()
    book = records.read(SCOPE, {"shop", "other", "nobody", "broken"})
    assert book.records.keys() == {"shop", "other"}
    assert book.records["shop"].suspended == SAID
    assert book.records["shop"].synced == {"Service/web": "ab"}
    assert book.unheard.keys() == {"broken"}
    assert lab.reads() == ["GetParameters"]
    assert records.read(SCOPE, {f"app{number}" for number in range(FEW + 1)}).records.keys() == {"shop", "other", "third"}
    assert lab.reads()[1:] == ["GetParametersByPath"]


def test_records_that_may_not_be_asked_for_by_name_are_not_known(lab, records):
    lab.simulator.faults.deny("GetParameters", service="ssm")
    book = records.read(SCOPE, {"shop"})
    assert isinstance(book.unheard[EVERY], Denied)
