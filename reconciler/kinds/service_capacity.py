"""How many more tasks fit on the instances of a cluster: a pure packing of needs into what is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.tree import Tree

_PART = re.compile(
    r"attribute:(?P<name>[\w.:/-]+)\s*(?:(?P<sign>==|!=)\s*(?P<value>[\w.:/-]+)"
    r"|(?P<word>in|not_in|!in)\s*\[(?P<values>[^\]]*)\]|(?P<exists>exists|!exists|not_exists))"
)


@dataclass(frozen=True)
class Need:
    """What one task takes: CPU units, MiB, host ports as ``tcp:80``."""

    cpu: int = 0
    memory: int = 0
    ports: frozenset[str] = frozenset()

    def less_than(self, other: Need) -> bool:
        """Whether it takes no more of anything than another one."""
        return self.cpu <= other.cpu and self.memory <= other.memory and self.ports <= other.ports


@dataclass(frozen=True)
class Room:
    """What is left of an instance; ``whole`` is what it has when it is empty."""

    id: str
    type: str
    left: Need
    whole: Need
    provider: str = ""
    attributes: Mapping[str, str] | None = None

    def fits(self, need: Need) -> bool:
        left = self.left
        return need.cpu <= left.cpu and need.memory <= left.memory and not need.ports & left.ports

    def without(self, need: Need) -> Room:
        """What is left when a task has been placed. ``ports`` of a room are those that are taken."""
        left = Need(self.left.cpu - need.cpu, self.left.memory - need.memory, self.left.ports | need.ports)
        return replace(self, left=left)

    def freed_of(self, need: Need) -> Room:
        """What would be left when a task had stopped."""
        left = Need(self.left.cpu + need.cpu, self.left.memory + need.memory, self.left.ports - need.ports)
        return replace(self, left=left)

    @property
    def empty(self) -> Room:
        return replace(self, left=self.whole)


def packed(rooms: Sequence[Room], need: Need, most: int, *, apart: bool = False) -> int:
    """How many of ``most`` equal tasks fit, first fit; ``apart``: one an instance."""
    placed = 0
    for room in rooms:
        here = room
        while placed < most and here.fits(need):
            here, placed = here.without(need), placed + 1
            if apart:
                break
    return placed


def missing(rooms: Sequence[Room], need: Need, tasks: int, *, apart: bool = False) -> tuple[int, Room] | None:
    """How many more instances so many tasks need, and like which one; None when no instance is large enough."""
    best = max(rooms, key=lambda room: packed([room.empty], need, tasks, apart=apart), default=None)
    each = packed([best.empty], need, tasks, apart=apart) if best else 0
    return (-(-tasks // each), best) if best and each else None


def need_of(definition: Tree) -> Need:
    """What a task of a definition takes of an instance: what the task says, else the sum of its containers.

    Of a container's memory the reservation counts when there is one. Source: the ECS API reference.
    """
    containers = [item for item in definition.get("containerDefinitions") or () if isinstance(item, Mapping)]
    cpu = _number(definition.get("cpu"), "vcpu")
    memory = _number(definition.get("memory"), "gb")
    if cpu is None:
        cpu = sum(int(item.get("cpu") or 0) for item in containers)
    if memory is None:
        memory = sum(int(item.get("memoryReservation") or item.get("memory") or 0) for item in containers)
    return Need(cpu, memory, frozenset(_ports(containers, definition.get("networkMode") or "bridge")))


def rooms_of(instances: Iterable[Tree]) -> list[Room]:
    """What a reading of instances leaves, in the order of their ids."""
    found = []
    for item in instances:
        left, whole = (
            Need(item[side]["cpu"], item[side]["memory"], frozenset(item[side]["ports"])) for side in ("left", "whole")
        )
        found.append(Room(item["id"], item["type"], left, whole, item["provider"], item["attributes"]))
    return sorted(found, key=lambda room: room.id)


def allowed(rooms: Iterable[Room], expression: str) -> list[Room] | None:
    """The rooms that a placement expression allows; None when it is more than attributes compared and joined by and."""
    parts = [part.strip() for part in re.split(r"\s+and\s+|\s*&&\s*", expression.strip())]
    read = [_PART.fullmatch(part.strip("() ")) for part in parts]
    if not all(read):
        return None
    return [room for room in rooms if all(_holds(part, room.attributes or {}) for part in read if part)]


def _holds(part: re.Match[str], attributes: Mapping[str, str]) -> bool:
    name = part["name"]
    if part["exists"]:
        return (name in attributes) == (part["exists"] == "exists")
    if part["sign"]:
        return (attributes.get(name) == part["value"]) == (part["sign"] == "==")
    values = {value.strip() for value in part["values"].split(",")}
    return (attributes.get(name) in values) == (part["word"] == "in")


def _ports(containers: Sequence[Mapping[str, Any]], mode: str) -> Iterable[str]:
    """The ports of the host that a task takes for itself: none with awsvpc, whose tasks have an address each."""
    for container in containers if mode in ("bridge", "host") else ():
        for port in container.get("portMappings") or ():
            number = port.get("hostPort") or (port.get("containerPort") if mode == "host" else 0)
            if number:
                yield f"{port.get('protocol') or 'tcp'}:{number}"


def _number(value: Any, unit: str) -> int | None:
    text = str(value or "").lower().strip()
    try:
        return int(float(text.removesuffix(unit)) * 1024) if text.endswith(unit) else int(text)
    except ValueError:
        return None
