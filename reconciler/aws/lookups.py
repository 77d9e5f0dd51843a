"""The one door to what other tools keep where secrets may lie, too: parameters that are no SecureString, and objects
of S3. The Reader refuses what reads them; this reads those that are named, nothing decrypted, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.errors import translate
from reconciler.aws.reader import AwsReader
from reconciler.model.batch import batches
from reconciler.model.clock import Clock
from reconciler.model.errors import AwsError, Denied, NotFound, ReconcilerError, Rejected, Unavailable
from reconciler.model.kind import Answer
from reconciler.model.lookup import Edition, Found, StateAt, Unfound, refused

PARAMETERS: Final = "ssm:GetParameters"
OBJECT: Final = "s3:GetObject"
A_CALL: Final = 10
"""Names that one GetParameters takes. Source: the Systems Manager API reference."""
MOST: Final = 64 << 20
"""Bytes of a state that are read."""
_TIMES = 3


class _OnlyThese(AwsReader):
    """Makes these two calls, as often and as patiently as any Reader, and nothing else at all."""

    def _check(self, operation: str) -> None:
        if operation not in (PARAMETERS, OBJECT):
            raise ValueError(f"{operation}: only parameters and states are looked up here")


class AwsLookups:
    """Values by name. Whatever goes wrong is an answer, not an exception; but AccessError without credentials."""

    def __init__(self, clients: Clients, budget: Budget, clock: Clock) -> None:
        self._read = _OnlyThese(clients, budget, clock)

    def parameters(self, names: Iterable[str]) -> dict[str, Found | Unfound]:
        """The values of String and StringList parameters, ten a call."""
        asked = [list(batch) for batch in batches(sorted(set(names)), A_CALL)]
        found: dict[str, Found | Unfound] = {}
        alone: list[list[str]] = []
        with self._read:
            for batch, answer in zip(asked, self._many(asked), strict=True):
                if isinstance(answer, Denied | Rejected) and len(batch) > 1:  # one of them stands in the others' way
                    alone += [[name] for name in batch]
                else:
                    found |= self._answered(batch, answer)
            for batch, answer in zip(alone, self._many(alone), strict=True):
                found |= self._answered(batch, answer)
        return found

    def state(self, at: StateAt) -> bytes | Unfound:
        """The object of S3 that holds a state."""
        params = {"Bucket": at.bucket, "Key": at.key}
        for time in range(_TIMES):
            try:
                return self._object(params, at)
            except NotFound as error:
                there = "bucket" if error.code == "NoSuchBucket" else "object"
                hint = "correct 's3' of tfstate in the environment"
                return Unfound(
                    "unreadable-state", f"there is no {there} {at.bucket if there == 'bucket' else at}", hint
                )
            except Unavailable as error:  # it broke off in the middle: the next try begins anew
                if time == _TIMES - 1:
                    return refused(str(at), error)
            except Rejected as error:
                hint = error.hint or "is its bucket in another Region? Then say it: tfstate: {region: …}"
                return Unfound("unreadable-state", f"{at} cannot be read: {error.message}", hint)
            except AwsError as error:
                return refused(str(at), error)
        raise AssertionError("unreachable")

    def _many(self, asked: Sequence[Sequence[str]]) -> list[Answer | AwsError]:
        return self._read.many(PARAMETERS, [{"Names": list(names), "WithDecryption": False} for names in asked])

    def _answered(self, names: Sequence[str], answer: Answer | AwsError) -> dict[str, Found | Unfound]:
        if isinstance(answer, AwsError):
            return {name: refused(f"SSM parameter {name}", answer) for name in names}
        there = {str(item["Name"]): item for item in answer.get("Parameters", ())}
        return {name: self._parameter(name, there.get(name)) for name in names}

    def _parameter(self, name: str, item: Mapping[str, Any] | None) -> Found | Unfound:
        edition = Edition(version=str(item.get("Version", ""))) if item else Edition()
        match item and item.get("Type"):
            case None:
                message = f"there is no SSM parameter {name} in {self._read.region}"
                return Unfound("unknown-lookup", message, "create it, or correct the name")
            case "String":
                assert item is not None
                return Found(str(item["Value"]), edition)
            case "StringList":
                assert item is not None
                return Found(str(item["Value"]).split(","), edition)
        message = f"SSM parameter {name} is a SecureString, which is not looked up"
        hint = "name it with valueFrom among a container's secrets, or in a manifest of kind Parameter"
        return Unfound("sensitive-value", message, hint)

    def _object(self, params: Mapping[str, str], at: StateAt) -> bytes | Unfound:
        answer = self._read.one(OBJECT, params, region=at.region)
        body = answer["Body"]
        failed: ReconcilerError
        try:
            data: bytes = body.read(MOST + 1)
        except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
            failed = translate(error, OBJECT, params, write=False)
        else:
            if len(data) > MOST:
                return Unfound("unreadable-state", f"{at} has more than the {MOST >> 20} MiB that are read of a state")
            return data
        finally:
            body.close()
        raise failed
