"""What other tools own, read in batches: each source once in a run, however many values of it are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from reconciler.model.errors import AwsError
from reconciler.model.kind import Answer, Reader
from reconciler.model.lookup import Edition, Found, Lookup, Stack, StateAt, StoredParameter, Unfound, refused
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.state_file import read_state_file
from reconciler.source.tf_state import State, parse, value_of

STACKS: Final = "cloudformation:DescribeStacks"


class Doors(Protocol):
    """What a Reader may not read: parameters that are no secret, and a state in S3."""

    def parameters(self, names: Iterable[str]) -> dict[str, Found | Unfound]: ...

    def state(self, at: StateAt) -> bytes | Unfound: ...


class Sources:
    """Everything that has been read in this run. ``root`` is the repository's, where a state on disk is sought."""

    def __init__(self, read: Reader, doors: Doors, root: str) -> None:
        self._read, self._doors, self._root = read, doors, root
        self._states: dict[StateAt, State | Unfound] = {}
        self._stacks: dict[Stack, Answer | AwsError] = {}

    def values(self, wanted: Iterable[Lookup]) -> dict[Lookup, Found | Unfound]:
        """A value for each lookup, or why there is none. Raises AccessError without usable credentials."""
        asked = list(wanted)
        names = [it.source.name for it in asked if isinstance(it.source, StoredParameter)]
        parameters = self._doors.parameters(names) if names else {}
        self._describe({it.source for it in asked if isinstance(it.source, Stack)})
        return {lookup: self._value(lookup, parameters) for lookup in asked}

    def _value(self, lookup: Lookup, parameters: dict[str, Found | Unfound]) -> Found | Unfound:
        match lookup.source:
            case StateAt() as at:
                state = self._state(at)
                return state if isinstance(state, Unfound) else value_of(state, lookup)
            case Stack() as stack:
                return _output(stack, str(lookup.path[0]), self._stacks[stack], self._read.region)
            case StoredParameter(name):
                return parameters[name]

    def _state(self, at: StateAt) -> State | Unfound:
        if at not in self._states:
            data = read_state_file(self._root, at.file) if at.file else self._doors.state(at)
            self._states[at] = data if isinstance(data, Unfound) else parse(data, str(at))
        return self._states[at]

    def _describe(self, stacks: set[Stack]) -> None:
        asked = sorted(stacks - self._stacks.keys())
        answers = self._read.many(STACKS, [{"StackName": stack.name} for stack in asked])
        self._stacks |= dict(zip(asked, answers, strict=True))


def _output(stack: Stack, output: str, answer: Answer | AwsError, region: str) -> Found | Unfound:
    if isinstance(answer, AwsError):
        if answer.code == "ValidationError" and "does not exist" in answer.message:
            message = f"there is no {stack} in {region}"
            return Unfound("unknown-lookup", message, "deploy it, or correct the name")
        return refused(str(stack), answer)
    [described] = answer["Stacks"]
    outputs = {it["OutputKey"]: it["OutputValue"] for it in described.get("Outputs", ())}
    if output not in outputs:
        known = f"its outputs are: {listing(sorted(outputs))}" if outputs else "it has no outputs"
        return Unfound(
            "unknown-lookup", f"{stack} has no output '{output}'", did_you_mean(output, outputs, otherwise=known)
        )
    changed = described.get("LastUpdatedTime") or described.get("CreationTime")
    return Found(outputs[output], Edition(version=changed.isoformat() if changed else None))
