"""A simulated account with KMS keys, and the Keys that open what they seal."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3

from reconciler.aws.clients import Clients
from reconciler.aws.keys import Keys
from reconciler.model.desired import Environment
from reconciler.simulator import Settings, Simulator
from reconciler.source.vault_file import scalar
from tests.lab import SimulatedClock


class World:
    """An account with a key in each of two Regions."""

    def __init__(self) -> None:
        self.simulator = Simulator(Settings(start=datetime(2026, 1, 5, 9, 0, tzinfo=UTC)))
        session = boto3.Session(aws_access_key_id="simulator", aws_secret_access_key="simulator")
        self.simulator.attach(session)
        self.clients = Clients(Environment("production", region="eu-west-1"), session=session)
        self.near, self.far, self.other = (self._key(region) for region in ("eu-west-1", "us-east-1", "eu-west-1"))
        kms = self.simulator.client("kms", region="eu-west-1")
        kms.create_alias(AliasName="alias/secrets", TargetKeyId=self.near)

    def _key(self, region: str) -> str:
        return self.simulator.client("kms", region=region).create_key()["KeyMetadata"]["Arn"]

    def keys(self, **environ: str) -> Keys:
        return Keys(self.clients, SimulatedClock(self.simulator), environ=environ, scalar=scalar)
