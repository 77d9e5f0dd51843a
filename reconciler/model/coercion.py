"""From what people write to what AWS's API wants: the rules for single values, and how a wrong one is told.

Empty text for an unset member, digits in quotes, bare numbers where text is wanted: all of these occur in definitions
that ECS itself has printed or accepted. Nothing else is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import PydanticCustomError

_DIGITS = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,17}(\.[0-9]{1,17})?", re.ASCII)
_PLACEHOLDER = re.compile(r"\{\{.*\}\}|<[A-Za-z][\w .-]*>|\$\{?[A-Za-z_]|%[A-Z_]+%", re.DOTALL)
_NO = {"no", "off", "n", "disabled"}
_YES = {"yes", "on", "y", "enabled"}


class SpelledInt(int):
    """A whole number written otherwise than its own text (``+5``, ``0x10``): where text is wanted it is refused."""

    text: str


class SpelledFloat(float):
    """A number written otherwise than its own text (``1.10``, ``1e3``)."""

    text: str


def spelled(number: int | float, text: str) -> int | float:
    """The number, remembering how it was written where that would be lost."""
    if str(number) == text:
        return number
    made: SpelledInt | SpelledFloat = SpelledInt(number) if isinstance(number, int) else SpelledFloat(number)
    made.text = text
    return made


def describe(value: Any) -> str:
    """A value as a message names it: ``text 'abc'``, ``list``, ``number 5``."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean {str(value).lower()}"
        case SpelledInt() | SpelledFloat():
            return f"number {value.text}"
        case int() | float():
            return f"number {value}"
        case str():
            return f"text {shorten(value)}" if value else "empty text"
        case Mapping():
            return "object"
        case list() | tuple():
            return "list"
    return type(value).__name__


def shorten(text: str, most: int = 40) -> str:
    """Text in quotes, cut when long."""
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return "'" + shown.replace("\n", "\\n") + "'"


def wrong(wanted: str, value: Any, hint: str = "") -> PydanticCustomError:
    """The error for a value of another type than the member's."""
    if not hint and isinstance(value, str) and _PLACEHOLDER.search(value):
        hint = "this looks like a placeholder: fill it in, or use a variable: ${{ vars.name }}"
    said = f"{describe(value)} where {wanted} is required"
    return PydanticCustomError("wanted", "{said}", {"said": said, "hint": hint})


def to_integer(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    raise wrong("a whole number", value)


def to_number(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if number - number == 0:  # neither infinite nor not-a-number: JSON has neither
            return number
        raise wrong("a finite number", value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    raise wrong("a number", value)


def to_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return value.lower() == "true"
    hint = ""
    if isinstance(value, str) and value.lower() in _YES | _NO:
        hint = f"write {'true' if value.lower() in _YES else 'false'}"
    raise wrong("true or false", value, hint)


def to_text(value: Any) -> Any:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case SpelledInt() | SpelledFloat():
            said = f"number {value.text} where text is required, and its text would become {value!s}"
            raise PydanticCustomError("wanted", "{said}", {"said": said, "hint": f'quote it: "{value.text}"'})
        case int():
            return str(value)
        case float() if value - value == 0 and "e" not in str(value):
            return str(value)
        case int() | float():
            raise wrong("text", value, "quote it")
    raise wrong("text", value)


def to_word(value: Any) -> Any:
    """Text of an enum; what is no text is told as such, not as an unknown word."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, SpelledInt):  # retentionInDays-like words that are numbers
        return to_text(value)
    raise wrong("text", value)


def to_timestamp(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + 0
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return value
    raise wrong("a time", value, 'write it as "2030-01-31T12:00:00Z"')


def to_list(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return value
    hint = "put it in a list: [ … ]" if isinstance(value, str | int | float | Mapping) else ""
    raise wrong("a list", value, hint)


def to_map(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    hint = ""
    if isinstance(value, Sequence) and not isinstance(value, str) and value and isinstance(value[0], Mapping):
        hint = "drop the dash: this is one object" if len(value) == 1 else ""
    raise wrong("an object", value, hint)


def to_object(blank: frozenset[str]) -> Callable[[Any], Any]:
    """An object without the members whose empty text means: not set."""

    def checked(value: Any) -> Any:
        value = to_map(value)
        if not blank:
            return value
        return {name: it for name, it in value.items() if not (it == "" and isinstance(it, str) and name in blank)}

    return checked
