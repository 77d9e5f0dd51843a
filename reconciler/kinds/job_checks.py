"""What is wrong with a job, told from its manifest and from the task definition it names. Source: the API reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.desired import Reference
from reconciler.model.durations import seconds
from reconciler.model.errors import Finding
from reconciler.model.key import Key
from reconciler.model.kind import Referent
from reconciler.model.suggest import did_you_mean, listing
from reconciler.model.tree import Tree

_NETWORK = ("networkConfiguration", "awsvpcConfiguration")


def findings(spec: Tree) -> Iterator[Finding]:
    """Everything wrong with a job that its own manifest shows."""
    timeout = spec.get("timeout")
    if timeout is not None and seconds(timeout) is None:
        yield Finding("wrong-value", ("timeout",), f"'{timeout}' is not a time", "write 20m, 90s or 1h30m")
    if spec.get("launchType") and spec.get("capacityProviderStrategy"):
        yield Finding(
            "launch-type",
            ("launchType",),
            "launchType and capacityProviderStrategy exclude each other",
            "keep one of them",
        )
    network = (spec.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    if spec.get("launchType") == "FARGATE" and not network.get("subnets"):
        yield Finding("no-network", _NETWORK[:1], "a task on Fargate needs subnets", f"write {'.'.join(_NETWORK)}")
    if spec.get("launchType") == "EC2" and network.get("assignPublicIp") == "ENABLED":
        yield Finding("public-ip", (*_NETWORK, "assignPublicIp"), "not with launchType EC2")
    if spec.get("propagateTags") == "SERVICE":
        yield Finding("propagate-tags", ("propagateTags",), "a job belongs to no service", "write TASK_DEFINITION")
    if str(spec.get("group") or "").startswith("service:"):
        yield Finding("group", ("group",), "AWS keeps groups that begin with service: to itself", "choose another name")


def with_definition(spec: Tree, referent: Referent) -> Iterator[Finding]:
    """What does not go together with the task definition; that it is none of this app's is told by ``not_ours``."""
    named = spec.get("taskDefinition")
    definition = referent(named) if isinstance(named, Reference) else None
    if definition is None or not isinstance(named, Reference):
        return
    yield from _containers(spec, definition, named)
    network = (spec.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    awsvpc = definition.get("networkMode") == "awsvpc"
    if awsvpc and not network and spec.get("launchType") != "FARGATE":  # told already
        message = f"{named.key.kind}/{named.key.name} has networkMode awsvpc, and its tasks need subnets"
        yield Finding("no-network", _NETWORK[:1], message, f"write {'.'.join(_NETWORK)}")
    if network and not awsvpc:
        message = f"{named.key.kind}/{named.key.name} has no networkMode awsvpc, and its tasks take no subnets"
        yield Finding("no-network", _NETWORK[:1], message, "leave it out, or set networkMode: awsvpc")


def not_ours(key: Key, spec: Tree) -> Iterator[Finding]:
    """What it runs has to be a manifest of the app: only what is ours is changed, and runs are recorded on it."""
    named = spec.get("taskDefinition")
    if not isinstance(named, Reference) or (named.key.app, named.key.kind) != (key.app, "TaskDefinition"):
        message = f"{named} is no TaskDefinition manifest of {key.app}; a job's runs are recorded on a revision of ours"
        yield Finding("not-ours", ("taskDefinition",), message, f"name a TaskDefinition manifest of {key.app}")


def _containers(spec: Tree, definition: Tree, named: Reference) -> Iterator[Finding]:
    names = [str(one.get("name")) for one in definition.get("containerDefinitions") or () if isinstance(one, Mapping)]
    said: list[tuple[tuple[str | int, ...], Any]] = [(("container",), spec.get("container"))]
    overrides = (spec.get("overrides") or {}).get("containerOverrides") or ()
    said += [(("overrides", "containerOverrides", at, "name"), one.get("name")) for at, one in enumerate(overrides)]
    for path, name in said:
        if name is not None and name not in names:
            hint = did_you_mean(str(name), names, otherwise=f"its containers are: {listing(names)}")
            yield Finding("unknown-container", path, f"{named.key.kind}/{named.key.name} has no '{name}'", hint)
