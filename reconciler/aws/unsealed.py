"""What a file of secrets gives out once it is open: the text of one value, or all of it as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any

from reconciler.model.tree import Path


def as_text(value: Any) -> str:
    """Text as it is; every other value as JSON writes it."""
    return value if isinstance(value, str) else _json(value)


def whole(leaves: Iterable[tuple[Path, Any]]) -> str:
    """Compact JSON of the tree that these leaves make, in their order."""
    root: Any = {}
    for path, value in leaves:
        if not path:
            continue  # an empty file is an empty object
        here = root
        for step, following in pairwise(path):
            below: Any = [] if isinstance(following, int) else {}
            if isinstance(step, str):
                here = here.setdefault(step, below)
            else:
                if step == len(here):
                    here.append(below)
                here = here[step]
        if isinstance(path[-1], str):
            here[path[-1]] = value
        else:
            here.append(value)
    return _json(root)


def decimal(number: float) -> str:
    """A float without exponent, in the fewest digits that give it back, as SOPS writes one."""
    text = f"{Decimal(repr(number)):f}"
    return text.removesuffix(".0")


def _json(value: Any) -> str:
    return json.dumps(_whole_numbers(value), ensure_ascii=False, separators=(",", ":"))


def _whole_numbers(value: Any) -> Any:
    """A float that is a whole number without its ``.0``: SOPS reads every number of a JSON file as a float."""
    if isinstance(value, dict):
        return {name: _whole_numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(element) for element in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(decimal(value))
    return value
