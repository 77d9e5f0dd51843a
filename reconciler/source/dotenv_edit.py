"""The value of one variable of a dotenv file set in place; all other bytes stay, and the edit is proved."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.source.dotenv import Dotenv, read_dotenv
from reconciler.source.edit import EditError
from reconciler.source.nodes import LINE_END

_BOM = "\ufeff"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def replace_value(text: str, file: str, name: str, new: str) -> str:
    """The text with another value of a variable, in the quotes of the old one where these can hold it."""
    bom, body = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    read = read_dotenv(file, body.encode())
    entry = read.entries.get(name)
    if read.problems or entry is None:
        why = read.problems[0].message if read.problems else f"there is no variable {name}"
        raise EditError(f"the file cannot be edited: {why}", where=file, hint="mend it first")
    wanted = {**_values(read), name: new}
    start, end = _offset(body, entry.start), _offset(body, entry.end)
    for way in _ways(body[start:end], new):
        made = body[:start] + way + body[end:]
        after = read_dotenv(file, made.encode())
        if not after.problems and _values(after) == wanted:
            return bom + made
    where = entry.key.position
    raise EditError("this value cannot be written in a dotenv file", where=where, hint="use a YAML file of variables")


def _ways(written: str, new: str) -> Iterator[str]:
    if written.startswith("'"):
        yield f"'{new}'"
    elif not written.startswith('"'):
        yield new
    yield '"' + "".join(_ESCAPES.get(char, char) for char in new) + '"'


def _values(read: Dotenv) -> dict[str, str]:
    return {name: entry.value for name, entry in read.entries.items()}


def _offset(body: str, place: tuple[int, int]) -> int:
    line, column = place
    starts = [0, *(found.end() for found in LINE_END.finditer(body))]
    return starts[line] + column
