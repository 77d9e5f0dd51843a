"""Leases in a DynamoDB table: one item an environment, written over the version that was seen or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.aws.clients import Clients, Connection
from reconciler.aws.operations import iam_action
from reconciler.aws.wire import ask
from reconciler.model.clock import Clock
from reconciler.model.errors import AwsError, Denied, NotFound, ReconcilerError, Rejected
from reconciler.model.key import Scope
from reconciler.model.lease import LONGEST, SHORTEST, Begun, Tenure, moment, moment_text

READ: Final = "dynamodb:GetItem"
WRITE: Final = "dynamodb:PutItem"
KEY: Final = "lease"
FORMAT: Final = "1.0"

QUICK: Final = Connection(pool=2, connect_timeout=1.0, read_timeout=2.0)
"""How to connect to the table: a renewal that takes longer than this is better tried again."""


class DynamoLease:
    """The lease of one environment. ``clients`` should connect as QUICK says."""

    def __init__(self, clients: Clients, clock: Clock, table: str, scope: Scope) -> None:
        self._clients, self._clock, self._table = clients, clock, table
        self._key = f"{scope.installation}/{scope.environment}"

    @property
    def where(self) -> str:
        return f"dynamodb:{self._table} in {self._clients.region}"

    def read(self) -> Tenure | None:
        item = self._ask(READ, {"Key": {KEY: {"S": self._key}}, "ConsistentRead": True}).get("Item")
        if item is None:
            return None
        try:
            return _tenure(item)
        except (KeyError, TypeError, ValueError):
            raise self._unreadable() from None

    def put(self, tenure: Tenure, over: str | None) -> bool:
        names, values = {"#it": KEY if over is None else "version"}, {":seen": {"S": over}}
        asked: dict[str, Any] = {
            "Item": {KEY: {"S": self._key}, **_item(tenure)},
            "ConditionExpression": "attribute_not_exists(#it)" if over is None else "#it = :seen",
            "ExpressionAttributeNames": names,
        }
        if over is not None:
            asked["ExpressionAttributeValues"] = values
        try:
            self._ask(WRITE, asked)
        except Rejected as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _ask(self, operation: str, params: dict[str, Any]) -> Mapping[str, Any]:
        sent = {"TableName": self._table, **params}
        try:
            return ask(
                self._clients, self._clock, operation, sent, region=self._clients.region, write=operation == WRITE
            )
        except AwsError as error:
            self._explain(error)
            raise

    def _explain(self, error: AwsError) -> None:
        """What is to be made, or allowed, for a lease to be had."""
        if isinstance(error, NotFound):
            error.message = f"there is no table {self._table} in {self._clients.region} to keep the lease in"
            error.hint = f"make it: {creation(self._table, self._clients.region)}"
        elif isinstance(error, Denied):
            actions = f"{iam_action(READ)} and {iam_action(WRITE)}"
            error.hint = f"allow {actions} on arn:aws:dynamodb:{self._clients.region}:*:table/{self._table}"
        elif error.code == "ValidationException":
            error.hint = f"the table's key has to be one string named {KEY}: make one for leases alone"

    def _unreadable(self) -> ReconcilerError:
        return ReconcilerError(
            f"the item {self._key} is no lease that could be understood",
            where=self.where,
            hint="update reconciler if a newer one wrote it; else delete the item while nobody writes",
        )


def creation(table: str, region: str) -> str:
    """The command that makes a table for leases."""
    return (
        f"aws dynamodb create-table --region {region} --table-name {table} --billing-mode PAY_PER_REQUEST"
        f" --attribute-definitions AttributeName={KEY},AttributeType=S --key-schema AttributeName={KEY},KeyType=HASH"
    )


def _item(tenure: Tenure) -> dict[str, dict[str, str]]:
    texts = {"formatVersion": FORMAT, "version": tenure.version, "holder": tenure.holder}
    if tenure.since:
        texts["since"] = moment_text(tenure.since)
    if tenure.begun:
        texts |= {"commit": tenure.begun.commit, "committedAt": moment_text(tenure.begun.at)}
    numbers = {"fence": str(tenure.fence), "duration": f"{tenure.duration:g}"}
    return {name: {"S": text} for name, text in texts.items()} | {name: {"N": it} for name, it in numbers.items()}


def _tenure(item: Mapping[str, Mapping[str, str]]) -> Tenure:
    """Raises KeyError, TypeError, ValueError for what is no lease."""
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    if texts["formatVersion"] != FORMAT:
        raise ValueError("another format")
    duration, fence = float(item["duration"]["N"]), int(item["fence"]["N"])
    if not SHORTEST <= duration <= LONGEST or fence < 1 or not texts["version"]:
        raise ValueError("no lease of ours")
    begun = Begun(texts["commit"], moment(texts["committedAt"])) if "commit" in texts else None
    since = moment(texts["since"]) if "since" in texts else None
    return Tenure(texts["version"], fence, duration, texts.get("holder", ""), since, begun)
