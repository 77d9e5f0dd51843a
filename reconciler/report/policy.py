"""Permissions as documents of IAM: one policy, or as many as it takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from reconciler.model.permission import Grant, Limit

MOST: Final = 6144
"""Characters of a managed policy, white space not counted. Source: the IAM user guide, quotas."""
MANY: Final = 10
"""Managed policies that a role takes before its quota is raised. Source: the same."""

_VERSION: Final = "2012-10-17"
Statement = dict[str, Any]


def documents(grants: Iterable[Grant], most: int = MOST) -> list[dict[str, Any]]:
    """The grants as few documents, none longer than ``most``; the same grants give the same text."""
    found: list[list[Statement]] = [[]]
    for statement in _statements(grants):
        for part in _small(statement, most):
            if found[-1] and _size([*found[-1], part]) > most:
                found.append([])
            found[-1].append(part)
    return [_document(statements) for statements in found if statements]


def policy_json(made: list[dict[str, Any]]) -> str:
    """One document as it is, several as a list of them."""
    return json.dumps(made[0] if len(made) == 1 else made, indent=2, ensure_ascii=False)


def _statements(grants: Iterable[Grant]) -> list[Statement]:
    """Actions on the same resources under the same conditions together."""
    resources: dict[tuple[str, tuple[Limit, ...]], set[str]] = {}
    for grant in grants:
        resources.setdefault((grant.action, grant.limits), set()).add(grant.resource)
    anywhere = {action for (action, limits), on in resources.items() if "*" in on and not limits}
    alike: dict[tuple[tuple[str, ...], tuple[Limit, ...]], set[str]] = {}
    for (action, limits), on in resources.items():
        if action in anywhere and limits:
            continue
        alike.setdefault((("*",) if "*" in on else tuple(sorted(on)), limits), set()).add(action)
    made = [_statement(actions, on, limits) for (on, limits), actions in _joined(alike)]
    return sorted(made, key=lambda it: json.dumps([it["Action"], it["Resource"], it.get("Condition")]))


Alike = tuple[tuple[tuple[str, ...], tuple[tuple[str, str, tuple[str, ...]], ...]], set[str]]


def _joined(alike: Mapping[tuple[tuple[str, ...], tuple[Limit, ...]], set[str]]) -> Iterator[Alike]:
    """Those that differ in the value of their one condition alone, as one with a list of values."""
    values: dict[tuple[Any, ...], set[str]] = {}
    for (on, limits), actions in alike.items():
        if len(limits) == 1:
            [(operator, key, value)] = limits
            values.setdefault((on, operator, key, frozenset(actions)), set()).add(value)
        else:
            yield (on, tuple((operator, key, (value,)) for operator, key, value in limits)), actions
    for (on, operator, key, actions), said in values.items():
        yield (on, ((operator, key, tuple(sorted(said))),)), set(actions)


def _statement(
    actions: Iterable[str], on: tuple[str, ...], limits: tuple[tuple[str, str, tuple[str, ...]], ...]
) -> Statement:
    condition: dict[str, dict[str, Any]] = {}
    for operator, key, said in sorted(limits):
        condition.setdefault(operator, {})[key] = said[0] if len(said) == 1 else list(said)
    return {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(on),
        **({"Condition": condition} if condition else {}),
    }


def _small(statement: Statement, most: int) -> Iterator[Statement]:
    """A statement in parts that fit, each on some of its resources."""
    if _size([statement]) <= most or len(statement["Resource"]) == 1:
        yield statement
        return
    half = len(statement["Resource"]) // 2
    for on in (statement["Resource"][:half], statement["Resource"][half:]):
        yield from _small({**statement, "Resource": on}, most)


def _document(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": statements}


def _size(statements: list[Statement]) -> int:
    return len("".join(json.dumps(_document(statements), separators=(",", ":"), ensure_ascii=False).split()))
