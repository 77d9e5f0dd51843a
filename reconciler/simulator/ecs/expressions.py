"""The cluster query language: which container instances an expression means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.simulator.errors import invalid

Look = Callable[[str], str | None]
"""A subject's value for one instance: ``attribute:name``, ``ec2InstanceId``…; None when it has none.

Several values are lines.
"""
TOKEN = re.compile(r"\s*(\(|\)|\[|\]|,|==|!=|>=|<=|>|<|=~|!~|&&|\|\||!|[^\s()\[\],=!<>~&|]+)")
NAMES: Mapping[str, str] = {
    "equals": "==",
    "not_equals": "!=",
    "matches": "=~",
    "not_matches": "!~",
    "and": "&&",
    "or": "||",
    "not": "!",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
}
COMPARE = ("==", "!=", "=~", "!~", ">", ">=", "<", "<=")


@dataclass
class Parser:
    """``subject operator argument`` joined by and, or, not and parentheses."""

    tokens: list[str]
    place: int = 0

    def peek(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise _broken()
        self.place += 1
        return token

    def either(self, look: Look) -> bool:
        value = self.both(look)
        while self.peek() == "||":
            self.take()
            value = self.both(look) or value
        return value

    def both(self, look: Look) -> bool:
        value = self.one(look)
        while self.peek() == "&&":
            self.take()
            value = self.one(look) and value
        return value

    def one(self, look: Look) -> bool:
        if self.peek() == "!":
            self.take()
            return not self.one(look)
        if self.peek() == "(":
            self.take()
            value = self.either(look)
            if self.take() != ")":
                raise _broken()
            return value
        subject = self.take()
        seen, operator = look(subject), self.take()
        if operator in ("exists", "!exists", "not_exists"):
            return (seen is not None) == (operator == "exists")
        if operator == "!" and self.peek() == "exists":
            self.take()
            return seen is None
        if operator in ("in", "not_in") or (operator == "!" and self.peek() == "in"):
            negative = operator != "in"
            if operator == "!":
                self.take()
            return (seen in self.choices()) != negative
        if operator not in COMPARE:
            raise _broken()
        return _compare(seen, operator, self.take())

    def choices(self) -> list[str]:
        if self.take() != "[":
            raise _broken()
        found = []
        while (token := self.take()) != "]":
            if token != ",":
                found.append(token)
        return found


def _compare(seen: str | None, operator: str, wanted: str) -> bool:
    if operator in ("==", "!="):
        return (wanted in (seen or "").split("\n") if seen is not None else False) == (operator == "==")
    if operator in ("=~", "!~"):
        try:
            pattern = re.compile(wanted)
        except re.error:
            raise _broken() from None
        return bool(seen is not None and pattern.match(seen)) == (operator == "=~")
    try:
        left, right = float(seen or ""), float(wanted)
    except ValueError:
        return False
    return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operator]


def tokens(expression: str) -> list[str]:
    """The words of an expression, long operator names made short."""
    found, place, text = [], 0, expression.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise _broken()
        found.append(NAMES.get(match.group(1), match.group(1)))
        place = match.end()
    return found


def fits(expression: str, look: Look) -> bool:
    """Whether one instance is meant; InvalidParameterException when the expression is none."""
    parser = Parser(tokens(expression))
    value = parser.either(look)
    if parser.peek() is not None:
        raise _broken()
    return value


def refuse(constraints: Sequence[Mapping[str, str]]) -> None:
    """Placement constraints of a request."""
    for one in constraints:
        if one.get("type") == "memberOf":
            if len(one.get("expression", "")) > 2000:
                raise invalid("The expression of a placement constraint can have at most 2000 characters.")
            fits(one.get("expression", ""), lambda _: None)
        elif one.get("expression"):
            raise invalid("An expression cannot be specified for the distinctInstance placement constraint.")


def _broken() -> Exception:
    return invalid("The cluster query language expression is invalid.")
