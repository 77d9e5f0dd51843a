"""The lines of a file as they may be shown: the values of what is named like a secret are stars.

This reads lines, not documents, so that a file that cannot be parsed gives nothing away either. An element whose
``name`` or ``key`` is that of a secret loses all its values, whichever line they stand in; so does a member whose own
name says it, with everything below it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from reconciler.model.secrecy import SENSITIVE, names_file, said_plainly, secret_name, secret_names, source_line, stars
from reconciler.source.scalars import Ambiguous, resolve

_KEY = re.compile(r"(?P<lead>[\s\[{,-]*)[\"']?(?P<name>[\w.$-]+)[\"']?\s*:(?:\s|(?<=[\"']:)|$)(?P<rest>.*)", re.DOTALL)
_PARENT = re.compile(r"\s*[\"']?metadata[\"']?\s*:\s*\{?\s*$")
_CONTAINER = re.compile(r"[\s\[{,-]*[\"']?image[\"']?\s*:")
_BLOCK = re.compile(r"[|>][-+\d]*\s*(?:#.*)?")
_HIDDEN = re.compile(r"\*+(?:\s+\*+)*")
_VALUE = re.compile(r"[{,]\s*[\"']?value[\"']?\s*:")
_MARKS = re.compile(r"[\s\[\]{}()\"',:&*!#|>]+")
_WORD = 4
_LONG = 6


def masked_lines(lines: Sequence[str]) -> list[str]:
    """Every line with its secrets as stars; the columns stay."""
    inside = _elements(lines) | _values_of_specs(lines)
    below = _below(lines, inside)
    return [
        _whole(line) if place in below else source_line(line, inside=place in inside)
        for place, line in enumerate(lines)
    ]


def hidden_words(line: str, masked: str) -> set[str]:
    """What a masked line does not show, in every spelling in which a message may repeat it."""
    words: set[str] = set()
    for found in _HIDDEN.finditer(masked):
        said = line[found.start() : found.end()]
        if said != found[0]:
            words |= spellings(said)
    return words


def spellings(said: str) -> set[str]:
    """A value as written, without its quotes, and as the number it is read as."""
    bare = said.strip().strip("\"'")
    words = {said.strip(), bare, bare.replace("\n", "\\n"), *(it.strip() for it in bare.splitlines())}
    words |= {piece for piece in _MARKS.split(said) if len(piece) >= _WORD}
    with suppress(Ambiguous):
        words.add(str(resolve(bare)) if not isinstance(resolve(bare), bool | None) else bare)
    return {word for word in words if word}


def without(message: str, words: set[str]) -> str:
    """A message without the words that must not be shown, whole or cut short by ``…``."""
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= _LONG:
            message = message.replace(word, SENSITIVE)
        elif len(word) >= _WORD:
            message = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", SENSITIVE, message)
        else:
            message = re.sub(
                rf"(?<=['\"]){re.escape(word)}(?=['\"])|(?<=number ){re.escape(word)}(?!\w)", SENSITIVE, message
            )
        if "…" in message:
            for length in range(min(len(word), 60), 0, -1):
                message = re.sub(rf"(?<!\w){re.escape(word[:length])}…", SENSITIVE, message)
    return message


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _silent(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _elements(lines: Sequence[str]) -> set[int]:
    """The lines of the elements that are named like a secret."""
    inside: set[int] = set()
    siblings: set[int] = set()  # of a name that has been looked at: each element is walked once
    for place, line in enumerate(lines):
        if place in inside or place in siblings or not any(True for _ in secret_names(line)):
            continue
        element = _element(lines, place)
        siblings.update(it for it in element if _indent(lines[it]) == _indent(line) and not _starts(lines[it]))
        first = element[0]
        if any(_CONTAINER.match(lines[it]) or names_file(lines[it]) for it in element):
            continue
        if first and _PARENT.fullmatch(lines[first - 1].rstrip() or " "):
            continue  # a manifest's own name
        inside.update(element)
    return inside


def _values_of_specs(lines: Sequence[str]) -> set[int]:
    """The lines that hold the value of a parameter: the member ``value`` right under a ``spec``."""
    found: set[int] = set()
    above: list[tuple[int, str]] = []  # the members a line stands in: their columns and names
    for place, line in enumerate(lines):
        key = None if _silent(line) else _KEY.match(line)
        if key is None:
            continue
        column = len(key["lead"])
        while above and above[-1][0] >= column:
            above.pop()
        if (key["name"] == "value" and above and above[-1][1] == "spec") or (
            key["name"] == "spec" and _VALUE.search(key["rest"])
        ):
            found.add(place)
        above.append((column, key["name"]))
    return found


def _starts(line: str) -> bool:
    """Whether an element of a list, or an object in braces, begins here."""
    return line.lstrip()[:1] in ("-", "{", "[")


def _element(lines: Sequence[str], place: int) -> range:
    """The lines of the element that a name stands in: its siblings and what is below them."""
    column = _indent(lines[place])
    if _starts(lines[place]):
        first, least = place, column + 1
    else:
        first, least = place, column
        while first > 0:
            before = lines[first - 1]
            if _silent(before) or (_indent(before) >= column and not _starts(before)):
                first -= 1
                continue
            if _starts(before):
                lead = _KEY.match(before)
                if lead is not None and len(lead["lead"]) == column:
                    first, least = first - 1, _indent(before) + 1
                elif _indent(before) > column:
                    first -= 1
                    continue
                else:
                    least = min(least, _indent(before) + (0 if _indent(before) == column else 1))
            break
    last = place
    following = place + 1
    while following < len(lines):
        after = lines[following]
        if not _silent(after) and (
            _indent(after) < least or (after.lstrip()[:1] in ("-", "}", "]") and _indent(after) <= column)
        ):
            break
        last = following
        following += 1
    following = place + 1  # one step out of line with its siblings is a slip of the pen
    if last < following < len(lines) and not _silent(lines[following]) and not _starts(lines[following]):
        found = _KEY.match(lines[following])
        if (
            found is not None
            and found["rest"].strip()
            and (_indent(lines[place]) - _indent(lines[following]) <= 2 or "\t" in found["lead"])
        ):
            last = following
    return range(first, last + 1)


def _below(lines: Sequence[str], inside: set[int]) -> set[int]:
    """The lines that go on with a secret value: of a block, a text of several lines, an object under a secret name."""
    below: set[int] = set()
    least: int | None = None
    for place, line in enumerate(lines):
        if least is not None:
            if not line.strip() or _indent(line) > least:
                below.add(place)
                continue
            least = None
        found = _KEY.match(line)
        if found is None:
            continue
        rest = found["rest"].strip()
        secret = not said_plainly(found["name"], rest) and (place in inside or secret_name(found["name"]))
        if secret and (_goes_on(rest) or (not rest and secret_name(found["name"]) and _plainly(lines, place))):
            least = len(found["lead"])
    return below


def _goes_on(rest: str) -> bool:
    if _BLOCK.fullmatch(rest):
        return True
    if rest[:1] in ("'", '"'):
        return rest.count(rest[0]) % 2 == 1
    return bool(rest) and not rest.startswith(("ref:", "arn:", "$", "{", "[")) and not rest.endswith((",", "}", "]"))


def _plainly(lines: Sequence[str], place: int) -> bool:
    """Whether what is below a member without a value of its own is to be hidden: all but what refers to a secret."""
    return place + 1 < len(lines) and "ref:" not in lines[place + 1] and "arn:" not in lines[place + 1]


def _whole(line: str) -> str:
    found = _KEY.match(line)
    if found is not None and found["rest"].strip():
        return line[: found.start("rest")] + stars(found["rest"])
    return stars(line)
