"""The one door to the apps' records in SSM. The Reader refuses what reads parameters, since values may be secrets;
this reads the records' own path and nothing else.

``/reconciler/<installation>/<environment>/<app>`` holds what people said, ``…/<app>/synced`` what was last synced:
PutParameter has no compare-and-set, so people and machine do not write the same parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from reconciler.aws import record_format as form
from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.last_word import Check as Lease
from reconciler.aws.reader import AwsReader
from reconciler.aws.writer import AwsWriter
from reconciler.model.batch import batches
from reconciler.model.clock import Clock
from reconciler.model.errors import AwsError, ReconcilerError, Rejected
from reconciler.model.key import Scope
from reconciler.model.kind import Answer
from reconciler.model.plan import Call
from reconciler.model.record import EVERY, NO_RECORD, Book, Record
from reconciler.model.tree import Tree

READ = "ssm:GetParametersByPath"
BY_NAME = "ssm:GetParameters"
A_CALL = 10
"""Names that one call takes; a page of a path holds as many. Source: the Systems Manager API reference."""
FEW = 50
"""Apps of which the records are asked for by name, two for each; of more the whole path is read."""
WRITE = "ssm:PutParameter"
ROOM = 8192
"""Bytes of a parameter; above 4096 it is an advanced one. Source: the Systems Manager API reference."""

_SYNCED = "synced"
_ABOVE = "/reconciler/"


class _OnlyRecords(AwsReader):
    """Reads parameters by path and by name, as often and as patiently as any Reader, and nothing else at all."""

    def one(self, operation: str, params: Tree, *, region: str | None = None) -> Answer:
        named = [str(params.get("Path", "")), *(params.get("Names") or ())]
        if not all(name.startswith(_ABOVE) for name in named if name) or not any(named):
            raise ValueError(f"{operation}: only records are read here")
        return super().one(operation, params, region=region)

    def _check(self, operation: str) -> None:
        if operation not in (READ, BY_NAME):
            raise ValueError(f"{operation}: only records are read here")


class AwsRecords:
    """Records in SSM. What people say needs no lease: it holds whoever works. What was synced is the one writer's."""

    def __init__(self, clients: Clients, budget: Budget, clock: Clock, lease: Lease | None = None) -> None:
        self._read = _OnlyRecords(clients, budget, clock)
        self._people = AwsWriter(clients, budget, clock)
        self._machine = AwsWriter(clients, budget, clock, lease)
        self._budget, self._clock = budget, clock

    def read(self, scope: Scope, apps: Collection[str] | None = None) -> Book:
        """All records of an environment, or those of some apps; ten a call."""
        path = f"{_root(scope)}/"
        try:
            found = self._all(scope) if apps is None or len(apps) > FEW else self._some(path, apps)
        except AwsError as error:
            return Book(unheard={EVERY: error})
        return _book({item["Name"].removeprefix(path): item for item in found}, path)

    def _all(self, scope: Scope) -> list[Any]:
        asked = {"Path": _root(scope), "Recursive": True, "WithDecryption": False}
        return self._read.pages(READ, asked, "Parameters")

    def _some(self, path: str, apps: Collection[str]) -> list[Any]:
        names = [name for app in sorted(apps) for name in (path + app, f"{path}{app}/{_SYNCED}")]
        found: list[Any] = []
        for batch in batches(names, A_CALL):  # what is not there is told among InvalidParameters
            found += self._read.one(BY_NAME, {"Names": batch, "WithDecryption": False})["Parameters"]
        return found

    def said(self, scope: Scope, app: str, record: Record) -> None:
        self._put(self._people, f"{_root(scope)}/{app}", form.people_text(record))

    def synced(self, scope: Scope, app: str, record: Record) -> None:
        self._put(self._machine, f"{_root(scope)}/{app}/{_SYNCED}", form.synced_text(record))

    def _put(self, write: AwsWriter, name: str, text: str) -> None:
        if len(text.encode()) > ROOM:
            message = f"more is to be kept than the {ROOM} bytes there is room for"
            raise Rejected(message, operation=WRITE, where=name, hint="split the app in two")
        # SSM takes a few writes a second; a record that is left to the next tick may be left to nobody
        if due := self._budget.due_in(WRITE, write.region):
            self._clock.sleep(due + 0.01)
        write.send(
            Call(
                WRITE,
                {"Name": name, "Value": text, "Type": "String", "Overwrite": True, "Tier": "Intelligent-Tiering"},
            )
        )


def _root(scope: Scope) -> str:
    return f"{_ABOVE}{scope.installation}/{scope.environment}"


def _book(found: Mapping[str, Mapping[str, Any]], path: str) -> Book:
    """What was found by its place below the path; what is neither a record nor a synced is nobody's."""
    records: dict[str, Record] = {}
    unheard: dict[str, ReconcilerError] = {}
    for place, item in sorted(found.items()):
        app, _, rest = place.partition("/")
        if rest not in ("", _SYNCED):
            continue
        try:
            read = _record(item, form.synced if rest else form.people)
        except ValueError as error:
            unheard[app] = _unreadable(path + place, error, synced=bool(rest))
            continue
        known = records.get(app, NO_RECORD)
        if rest:
            members = ("synced", "commit", "spent", "whole", "behind")
            read = replace(known, **{name: getattr(read, name) for name in members})
        records[app] = read
    return Book({app: record for app, record in records.items() if app not in unheard}, unheard)


def _record(item: Mapping[str, Any], parse: Callable[[str], Record]) -> Record:
    if item["Type"] != "String":
        raise ValueError(f"a {item['Type']}, where a String is kept")
    return parse(str(item["Value"]))


def _unreadable(name: str, error: ValueError, *, synced: bool) -> ReconcilerError:
    told = ": the next apply writes it anew" if synced else " and say again what was said"
    hint = f"update reconciler if a newer one wrote it; else delete the parameter {name}{told}"
    return ReconcilerError(f"the record {name} cannot be understood: {error}", hint=hint)
