"""Pages of lists: maxResults within AWS's limits, and tokens that survive what is created or deleted in between."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from reconciler.simulator.errors import invalid

Item = tuple[list[Any], str]
"""Its place in the order, and what is listed."""


def page(
    items: Sequence[Item], params: dict[str, Any], name: str, *, default: int, limit: int = 100, down: bool = False
) -> dict[str, Any]:
    """One page as the answer's members; ``items`` in ascending order, ``down`` lists them from the end."""
    size = params.get("maxResults", default)
    if not 1 <= size <= limit:
        raise invalid(f"Invalid maxResults: must be between 1 and {limit}.")
    ordered = list(reversed(items)) if down else items
    if "nextToken" in params:
        after = read_token(params["nextToken"], name)
        ordered = [i for i in ordered if (i[0] < after if down else i[0] > after)]
    taken = ordered[:size]
    answer: dict[str, Any] = {name: [value for _, value in taken]}
    if len(ordered) > size:
        answer["nextToken"] = make_token(taken[-1][0], name)
    return answer


def make_token(place: list[Any], name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, place]).encode()).decode()


def read_token(token: str, name: str) -> list[Any]:
    try:
        kind, place = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError):
        raise invalid("Invalid token.") from None
    if kind != name or not isinstance(place, list):
        raise invalid("Invalid token.")
    return place
