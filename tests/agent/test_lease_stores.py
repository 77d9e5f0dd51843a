"""Where a lease is kept: both stores keep one promise, and each says what is wrong with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

import reconciler
from reconciler.agent.lease.file import Busy, FileLease
from reconciler.agent.lease.keeper import Keeper
from reconciler.agent.lease.stores import lease_for, lease_store
from reconciler.aws.clients import LEASED
from reconciler.aws.leases import QUICK, DynamoLease
from reconciler.model.desired import Environment
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.key import Scope
from reconciler.model.lease import Begun, Tenure
from reconciler.simulator import Simulator
from reconciler.simulator.before_send import loader
from tests.leases import Hand, Table, commit, lease

SCOPE = Scope("default", "staging")
PACKAGES = str(Path(reconciler.__file__).parent.parent)
AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def session_of(simulator):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    session._session.register_component("data_loader", loader())
    simulator.attach(session)
    return session


def with_table(simulator, name="leases"):
    simulator.client("dynamodb", region="eu-west-1").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "lease", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "lease", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture(params=["memory", "file", "dynamodb"])
def store_of(request, tmp_path):
    """A store by the name of an environment; the one in memory is what other tests rest on."""
    if request.param == "memory":
        tables = {}
        return lambda name: tables.setdefault(name, Table())
    if request.param == "file":
        return lambda name: FileLease(str(tmp_path / "leases"), Hand(), Scope("default", name))
    simulator = Simulator()
    with_table(simulator)
    session = session_of(simulator)
    made = {}

    def store(name):
        environment = Environment(name, region="eu-west-1", lease="dynamodb:leases")
        return made.setdefault(name, lease_store(environment, "default", Hand(), session))

    return store


def tenure(version, fence=1, **more):
    return Tenure(version, fence, 15.0, "one", AT, **more)


def test_nothing_is_there_at_first(store_of):
    assert store_of("staging").read() is None


def test_what_is_written_is_read_again_whole(store_of):
    whole = tenure("a", 7, begun=Begun("c" * 40, AT))
    for store, wanted in ((store_of("staging"), whole), (store_of("other"), Tenure("b", 1, 2.5))):
        assert store.put(wanted, None)
        assert store.read() == wanted


def test_it_is_written_over_the_version_that_was_seen_or_not_at_all(store_of):
    store = store_of("staging")
    assert not store.put(tenure("b"), "a")
    assert store.put(tenure("a"), None)
    assert not store.put(tenure("b"), None)
    assert not store.put(tenure("b"), "x")
    assert store.read().version == "a"
    assert store.put(tenure("b", 2), "a")
    assert not store.put(tenure("c"), "a")
    assert store.read() == tenure("b", 2)


def test_environments_do_not_know_of_each_other(store_of):
    one, other = store_of("staging"), store_of("production")
    assert one.put(tenure("a"), None)
    assert other.read() is None
    assert other.put(tenure("b"), None)
    assert one.put(tenure("c", 2), "a")
    assert other.read().version == "b"


def test_two_leases_agree_through_it(store_of):
    clock = Hand()
    one, two = lease(store_of("staging"), clock), lease(store_of("staging"), clock, "two")
    assert one.try_take()
    assert not two.try_take()
    one.begin(commit(1), lambda *_: False)
    one.release()
    assert two.try_take()
    assert (two.fence, two.last) == (2, commit(1))
    clock.at += 20.0
    assert not one.try_take()  # it looks for the first time
    clock.at += 15.0
    assert one.try_take()
    assert one.fence == 3


# which one


def test_an_environment_that_names_none_has_none():
    assert lease_store(Environment("staging"), "default", Hand()) is None
    assert lease_for(Environment("staging"), "default", "me", Hand()) is None


def test_the_kind_of_store_is_the_words_before_the_colon(tmp_path):
    simulator = Simulator()
    session = session_of(simulator)
    file = lease_store(Environment("staging", lease=f"file:{tmp_path}/x"), "default", Hand())
    assert (type(file), file.where) == (FileLease, f"file:{tmp_path}/x")
    table = lease_store(Environment("staging", region="eu-west-1", lease="dynamodb:x"), "default", Hand(), session)
    assert (type(table), table.where) == (DynamoLease, "dynamodb:x in eu-west-1")
    assert simulator.calls == []


def test_the_times_fit_together():
    """A renewal may fail once, and calls still fit into what is left."""
    made = lease_for(Environment("staging", lease="file:/x"), "default", "me", Hand())
    assert made.longest_call == LEASED.longest_call == 10.0
    assert QUICK.longest_call <= 3.0


# the thread


def test_the_keeper_renews_when_it_is_due_and_stops_at_once():
    clock, table = Hand(), Table()
    mine = lease(table, clock)
    mine.try_take()
    waited, due, go = [], threading.Event(), threading.Semaphore(0)

    def wait(seconds):
        waited.append(seconds)
        clock.at += seconds
        due.set()
        go.acquire()
        return len(waited) == 4

    keeper = Keeper(mine, wait)
    keeper.start()
    keeper.start()  # there is one thread
    for _ in range(4):
        assert due.wait(10)
        due.clear()
        go.release()
    keeper.stop()
    assert waited == [3.0] * 4
    assert table.calls.count("put") == 1 + 3
    assert threading.active_count() == len(threading.enumerate())
    assert "lease" not in [thread.name for thread in threading.enumerate()]


def test_the_keeper_ends_while_it_waits():
    mine = lease(Table(), Hand())
    mine.try_take()
    with Keeper(mine):
        pass
    assert "lease" not in [thread.name for thread in threading.enumerate()]


def test_the_keeper_goes_on_where_the_table_fails():
    clock, table = Hand(), Table()
    mine = lease(table, clock)
    mine.try_take()
    table.faults = [ReconcilerError("gone")] * 2
    waited = []

    def wait(seconds):
        waited.append(seconds)
        clock.at += seconds
        return len(waited) == 5

    keeper = Keeper(mine, wait)
    keeper.start()
    keeper._thread.join(10)
    assert waited == [3.0, 1.0, 1.0, 3.0, 3.0]
    assert mine.held


# the file


@pytest.fixture
def file(tmp_path):
    return FileLease(str(tmp_path / "leases.json"), Hand(), SCOPE)


def test_the_file_is_for_its_owner_alone_and_leaves_nothing_beside_it(file, tmp_path):
    file.put(tenure("a"), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leases.json", "leases.json.lock"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_what_a_killed_writer_left_behind_does_not_matter(file, tmp_path):
    file.put(tenure("a"), None)
    (tmp_path / "leases.json.new").write_text("{half")
    assert file.read() == tenure("a")
    assert file.put(tenure("b"), "a")
    assert file.read() == tenure("b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "\xff",
        '{"formatVersion": "2.0", "leases": {}}',
        '{"formatVersion": "1.0"}',
        '{"formatVersion": "1.0", "leases": []}',
        '{"formatVersion": "1.0", "leases": {"default/staging": {}}}',
        '{"formatVersion": "1.0", "leases": {"default/staging": 7}}',
        json.dumps({"formatVersion": "1.0", "leases": {"default/staging": {
            "version": "a", "fence": 1, "duration": 0, "holder": "", "since": None, "begun": None}}}),
        json.dumps({"formatVersion": "1.0", "leases": {"default/staging": {
            "version": "a", "fence": "1", "duration": 15, "holder": "", "since": None, "begun": None}}}),
        json.dumps({"formatVersion": "1.0", "leases": {"default/staging": {
            "version": "a", "fence": 1, "duration": 15, "holder": "", "since": "2026-01-01T00:00:00", "begun": None}}}),
        "[" * 100_000,
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_one_error_and_is_left_alone(file, tmp_path, text):
    path = tmp_path / "leases.json"
    path.write_bytes(text.encode("latin-1"))
    for ask in (file.read, lambda: file.put(tenure("b"), None)):
        with pytest.raises(ReconcilerError, match="could be understood") as caught:
            ask()
        assert "delete the file" in caught.value.hint
        assert caught.value.__cause__ is None
    assert path.read_bytes() == text.encode("latin-1")


def test_a_folder_that_is_not_there_is_told(tmp_path):
    store = FileLease(str(tmp_path / "no/leases"), Hand(), SCOPE)
    with pytest.raises(UsageError, match="No such file or directory") as caught:
        store.read()
    assert "the folder has to be there" in caught.value.hint


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    target = tmp_path / "precious"
    target.write_text("kept")
    (tmp_path / "leases.lock").symlink_to(target)
    with pytest.raises(UsageError):
        FileLease(str(tmp_path / "leases"), Hand(), SCOPE).put(tenure("a"), None)
    assert target.read_text() == "kept"


def run(code, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


HOLDS_THE_LOCK = """
    import fcntl, os, sys
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_who_finds_it_locked_waits_a_moment_and_then_says_so_and_a_lock_dies_with_its_holder(tmp_path):
    clock = Hand()
    store = FileLease(str(tmp_path / "leases"), clock, SCOPE)
    process = run(HOLDS_THE_LOCK, tmp_path / "leases.lock", stdin=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(Busy) as caught:
            store.read()
        assert caught.value.retry
        assert 0.5 < sum(clock.slept) < 1.5
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert store.put(tenure("a"), None)


TAKES_IN_TURN = """
    import sys
    from reconciler.agent.lease.file import Busy, FileLease
    from reconciler.agent.lease.lease import Lease
    from reconciler.aws.clock import SystemClock
    from reconciler.model.key import Scope
    clock = SystemClock()
    store = FileLease(sys.argv[1], clock, Scope("default", "staging"))
    lease, had = Lease(store, sys.argv[2], clock, longest_call=10.0), 0
    while had < 25:
        try:
            if lease.try_take():
                print(lease.fence)
                had += 1
                assert lease.release()
        except Busy:
            pass
"""


def test_processes_that_race_for_it_never_have_it_at_once(tmp_path):
    racing = [run(TAKES_IN_TURN, tmp_path / "leases", number) for number in range(3)]
    fences = []
    for process in racing:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        fences += [int(line) for line in out.split()]
    assert sorted(fences) == list(range(1, 76))
