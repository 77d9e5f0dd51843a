"""What a lease stops of a tick, and what it does not."""

from __future__ import annotations

import boto3
import pytest

from reconciler.aws.clients import LEASED, Connection
from reconciler.engine.connect import connect
from reconciler.engine.reconcile import reconcile
from reconciler.model.errors import LeaseHeld
from reconciler.model.key import Scope
from reconciler.model.record import NO_RECORD, Record
from reconciler.model.status import Memory
from reconciler.simulator.before_send import loader
from tests.lab import edit, shop

SCOPE = Scope("default", "staging")


class Lost:
    """A lease that is somebody else's once ``lost`` is set."""

    lost = False

    def __call__(self):
        if self.lost:
            raise LeaseHeld("somebody else has it")


@pytest.fixture
def lease():
    return Lost()


@pytest.fixture
def lab(lease):
    """The small app, and a connection that asks a lease."""
    lab = shop()
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    session._session.register_component("data_loader", loader())
    lab.simulator.attach(session)
    lab._connected = connect(lab.draft().wish.environment, lab.clock, session, lease=lease)
    return lab


def test_with_the_lease_everything_is_as_ever(lab):
    assert lab.apply().last.status.ready
    assert lab.connect().records.read(SCOPE).records["shop"].synced


def test_a_tick_that_loses_it_ends_there_and_the_next_holder_goes_on_from_what_is(lab, lease):
    handle = lab.simulator.handle

    def answer(request):
        response = handle(request)
        lease.lost = lab.simulator.calls[-1].operation == "RegisterTaskDefinition"
        return response

    lab.simulator.handle = answer
    with pytest.raises(LeaseHeld):
        lab.tick()
    assert lab.writes() == ["CreateCluster", "CreateLogGroup", "PutRetentionPolicy", "RegisterTaskDefinition"]
    lab.simulator.handle, lease.lost = handle, False
    assert lab.apply().last.status.ready
    assert "RegisterTaskDefinition" not in lab.writes()


def test_without_it_looking_goes_on_and_what_was_synced_is_not_written(lab, lease):
    lab.apply()
    edit(lab, "desiredCount: 1", "desiredCount: 2")
    lab.tick()
    lab.simulator.settle()
    before = lab.connect().records.read(SCOPE).records["shop"]
    lab.writes()
    lease.lost = True
    looked = reconcile(lab.target(), lab.wish(), Memory())
    assert looked.status.ready
    assert looked.notes == ()
    assert lab.simulator.writes() == []
    assert lab.connect().records.read(SCOPE).records["shop"] == before
    lease.lost = False
    reconcile(lab.target(), lab.wish(), Memory())
    assert lab.connect().records.read(SCOPE).records["shop"] != before


def test_what_people_say_needs_none(lab, lease):
    lease.lost = True
    records = lab.connect().records
    records.said(SCOPE, "shop", Record(retried={"Service/web": "x"}))
    assert records.read(SCOPE).records["shop"].retried == {"Service/web": "x"}
    with pytest.raises(LeaseHeld):
        records.synced(SCOPE, "shop", NO_RECORD)


@pytest.mark.parametrize(
    ("given", "connection"),
    [
        ({}, Connection()),
        ({"lease": Lost()}, LEASED),
        ({"lease": Lost(), "connection": Connection(read_timeout=3.0)}, Connection(read_timeout=3.0)),
    ],
)
def test_calls_under_a_lease_have_to_end_while_it_lasts(lab, given, connection):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    session._session.register_component("data_loader", loader())
    lab.simulator.attach(session)
    made = connect(lab.draft().wish.environment, lab.clock, session, **given)
    config = made.read._clients.client("ecs").meta.config
    assert made.read._clients.connection == connection
    assert (config.connect_timeout, config.read_timeout) == (connection.connect_timeout, connection.read_timeout)
