"""Variables for what other tools own: ``tfstate.outputs.x``, ``tfstate.resources.t.n.a``, ``cfn.stack.x``, ``ssm./x``.

Nothing is read here. What is asked for is noted with who needs it; what has been read already takes its place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.model.key import Key
from reconciler.model.lookup import Lookup, Stack, StoredParameter, TfState, Unfound, Values
from reconciler.model.sealed import Sealed
from reconciler.model.secrecy import SENSITIVE
from reconciler.model.suggest import did_you_mean
from reconciler.model.tree import Path
from reconciler.source.nodes import List, Map, Mark, Node, Scalar
from reconciler.source.telling import Teller

ROOTS: Final = ("tfstate", "cfn", "ssm")

_ROOT = re.compile(r"\s*(tfstate|cfn|ssm)(?![\w-])")
_STEP = re.compile(
    r'\.(?P<name>[A-Za-z_][\w-]*)|(?:\.(?P<place>\d{1,9})|\[(?P<index>\d{1,9})\])|\["(?P<key>[^"\\\[\]{}]{1,200})"\]',
    re.ASCII,
)
_PLAIN = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_STACK = re.compile(r"cfn\.(?P<stack>[A-Za-z][A-Za-z0-9-]{0,127})\.(?P<output>[A-Za-z0-9]{1,255})", re.ASCII)
_PARAMETER = re.compile(r"ssm\.(?P<name>/?[\w.-]+(?:/[\w.-]+)*)", re.ASCII)
_FORMS = {
    "tfstate": "write ${{ tfstate.outputs.NAME }} or ${{ tfstate.resources.TYPE.NAME.ATTRIBUTE }}",
    "cfn": "write ${{ cfn.STACK.OUTPUT }}",
    "ssm": "write ${{ ssm./path/to/name }}",
}
_SHORTEST = {"outputs": 2, "resources": 4}


def is_lookup(inside: str) -> bool:
    """Whether what stands in a variable speaks of something that another tool owns."""
    return _ROOT.match(inside) is not None


@dataclass(frozen=True)
class Lookups:
    """What the manifests of an app may look up. ``state``: where its Terraform state is; None: nobody says.

    ``values`` are those read so far. Whatever is asked for is noted in ``needs``, and by whom.
    """

    state: TfState | None = None
    values: Values = field(default_factory=dict)
    needs: dict[Lookup, set[Key]] = field(default_factory=dict)
    silent: bool = False

    def find(self, inside: str, at: Mark, tell: Teller) -> Node | None:
        """The value; a Scalar that is ``unread`` while it has not been read; None where there is none: that is told."""
        lookup = self._named(inside.strip(), at, tell)
        if lookup is None:
            return None
        if tell.key is not None:
            self.needs.setdefault(lookup, set()).add(tell.key)
        found = self.values.get(lookup)
        if found is None:
            return Scalar(None, at, unread=True)
        if isinstance(found, Unfound):
            tell.error(found.code, found.message, at, found.hint)
            return None
        return node_of(found.value, at)

    def _named(self, text: str, at: Mark, tell: Teller) -> Lookup | None:
        root = text.partition(".")[0].strip()
        if root == "tfstate":
            return self._state(text, at, tell)
        if found := _STACK.fullmatch(text):
            return Lookup(text, Stack(found["stack"]), (found["output"],))
        if found := _PARAMETER.fullmatch(text):
            return Lookup(text, StoredParameter(found["name"]))
        tell.error("bad-variable", f"'{text[:60]}' names nothing that can be looked up", at, _FORMS.get(root, ""))
        return None

    def _state(self, text: str, at: Mark, tell: Teller) -> Lookup | None:
        path = steps_of(text.removeprefix("tfstate"))
        part = path[0] if path else ""
        if path is None or part not in _SHORTEST or len(path) < _SHORTEST[str(part)]:
            near = did_you_mean(str(part), _SHORTEST) if part and part not in _SHORTEST else ""
            message = f"'{text[:60]}' names nothing of a Terraform state"
            tell.error("bad-variable", message, at, near or _FORMS["tfstate"])
            return None
        if self.state is None:
            if not self.silent:
                hint = "write 'tfstate: {file: …}' or 'tfstate: {s3: …}' in the environment, or in the app's own file"
                tell.error("no-state", "the environment does not say where a Terraform state is", at, hint)
            return None
        if part == "resources" and not self.state.resources:
            message = "attributes of Terraform's resources are not looked up here: a state holds secrets"
            hint = "make it an output, or allow it in the environment: tfstate: {resources: true}"
            tell.error("resources-not-allowed", message, at, hint)
            return None
        return Lookup(spelled(path), self.state.at, path)


def spelled(path: Path) -> str:
    """The one spelling of a path into a state: ``tfstate.outputs.subnets[0].id``."""
    text = "tfstate"
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if _PLAIN.fullmatch(step) else f'["{step}"]'
    return text


def node_of(value: Any, at: Mark) -> Node:
    """A plain JSON value, or a Sealed, as if it had been written at a place."""
    if isinstance(value, dict):
        return Map({name: node_of(member, at) for name, member in value.items()}, dict.fromkeys(value, at), at)
    if isinstance(value, list):
        return List(tuple(node_of(item, at) for item in value), at)
    if isinstance(value, Sealed):
        return Scalar(value, at, SENSITIVE)
    return Scalar(value, at, value if isinstance(value, str) else json.dumps(value))


def steps_of(text: str) -> Path | None:
    """``.outputs.subnets[0].id`` as steps; None when it is anything else."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            return None
        number = found["place"] or found["index"]
        steps.append(int(number) if number is not None else found["name"] or found["key"])
        at = found.end()
    return tuple(steps)
