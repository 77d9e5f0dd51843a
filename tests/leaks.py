"""Values made to be found, and one oracle that finds them in whatever shape they got out."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random
from urllib.parse import quote, quote_plus

LEAST = 8
"""So many characters are no accident. What is shorter is only looked for where it is as rare as a hieroglyph."""


@dataclass(frozen=True)
class Canary:
    """A value that must not get out. ``marks`` are random words in it: a part of one is a part of the value."""

    value: str
    marks: tuple[str, ...]

    @cached_property
    def needles(self) -> dict[bytes, str]:
        """What to look for, in UTF-8, and how it is spelt there."""
        found: dict[bytes, str] = {}
        for how, text in spellings(self.value):
            data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
            if len(data) >= LEAST or (how == "raw" and not data.isascii()):
                found.setdefault(data, how)
        for mark in self.marks:
            for at in range(len(mark) - LEAST + 1):
                found.setdefault(mark[at : at + LEAST].encode(), "a part")
        return found


def spellings(value: str) -> Iterator[tuple[str, str | bytes]]:
    """Every encoding in which a value could hide, with its name."""
    lines = [line for line in value.splitlines() if len(line) >= LEAST]
    for how, text in [("raw", value), *(("a line", line) for line in lines), ("folded", " ".join(value.split()))]:
        yield how, text
        yield f"{how}, JSON", json.dumps(text)[1:-1]
        yield f"{how}, JSON in UTF-8", json.dumps(text, ensure_ascii=False)[1:-1]
        yield f"{how}, JSON twice", json.dumps(json.dumps(text))[3:-3]
        yield f"{how}, repr", repr(text)[1:-1]
        yield f"{how}, repr in double quotes", repr(f"'{text}").removeprefix('"\'').removesuffix('"').removeprefix("'\\'")
        yield f"{how}, ascii", ascii(text)[1:-1]
        yield f"{how}, YAML in single quotes", text.replace("'", "''")
        yield f"{how}, YAML in double quotes", in_yaml(text)
        yield f"{how}, in a URL", quote(text, safe="")
        yield f"{how}, in a path", quote(text)
        yield f"{how}, in a form", quote_plus(text)
        yield f"{how}, HTML", html.escape(text)
        yield f"{how}, shell", text.replace("'", "'\"'\"'")
        yield f"{how}, escaped for a terminal", text.encode("ascii", "backslashreplace")
        yield f"{how}, GitHub", text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    data = value.encode()
    yield "bytes, repr", repr(data)[2:-1]
    yield "hex", data.hex()
    yield "hex in capitals", data.hex().upper()
    yield "UTF-16, little", value.encode("utf-16-le")
    yield "UTF-16, big", value.encode("utf-16-be")
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + data).decode().rstrip("=")[(0, 2, 3)[shift] : -1]
        yield f"base64, {shift} behind", text
        yield f"base64 for URLs, {shift} behind", text.translate(str.maketrans("+/", "-_"))


def in_yaml(text: str) -> str:
    """A text as YAML writes it between double quotes."""
    names = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e", "\x07": "\\a", "\x08": "\\b", "\x85": "\\N", "\xa0": "\\_"}
    return "".join(names.get(char) or (char if char.isprintable() else _escape(char)) for char in text)


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02X}" if number < 256 else f"\\u{number:04X}" if number < 65536 else f"\\U{number:08X}"


def leaks(text: str | bytes, canaries: Iterable[Canary]) -> list[str]:
    """How each value that a text gives away is spelt in it, and what stands around; empty when there is none."""
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    found = []
    for canary in canaries:
        for needle, how in canary.needles.items():
            at = data.find(needle)
            if at >= 0:
                found.append(f"{canary.value[:60]!r} ({how}) in …{data[max(0, at - 120) : at + len(needle) + 60]!r}…")
                break
    return found


_JSON = '{{"username": "{0}", "password": "{1}", "port": 5432}}'
SHAPES: dict[str, str | Callable[[Random, str, str], str]] = {
    "plain": "{0}",
    "quotes": "{0}'\"{1}\"'",
    "backslashes": "{0}\\n\\\\{1}\\",
    "lines": "{0}\n{1}\n",
    "key file": "-----BEGIN PRIVATE KEY-----\n{0}\n{1}\n-----END PRIVATE KEY-----\n",
    "CRLF": "{0}\r\n{1}\r\n",
    "tabs": "\t{0}\t{1}",
    "accents": "{0}é{1}ß",
    "astral": "{0}\U0001f511{1}\U00013080",
    "combining": "{0}e\u0301\u0327{1}",
    "right to left": "\u202e{0}\u05d0{1}",
    "blanks at the ends": "  {0} {1}  ",
    "JSON": _JSON,
    "JSON on lines": '{{\n  "url": "postgres://app:{0}@db/app",\n  "password": "{1}"\n}}',
    "YAML": "password: {0}\nother: [{1}, *x, &y]",
    "YAML, a tag": "!!python/object {0}",
    "YAML, a comment": "{0} # {1}",
    "base64": lambda random, a, b: base64.b64encode(f"{a}{b}".encode()).decode(),
    "URL": "postgres://{0}:{1}@db.example.com:5432/app?sslmode=require",
    "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{0}-AbCdEf:{1}::",
    "sealed": "sealed:v1:{0}:{1}",
    "reference": "ref:Secret/{0}#{1}",
    "variable": "${{{{ vars.{0} }}}}-{1}",
    "shell": "$(cat {0}) `{1}` $X",
    "control characters": "{0}\x01\x1b[31m{1}\x7f\x85",
    "percents": "%s%d{0}%({1})s%%",
    "braces": "{{{0}}} {{1}}{1}",
    "a hieroglyph": lambda random, a, b: chr(random.randrange(0x13000, 0x1342E)),
    "4 KiB": lambda random, a, b: "".join(f"{mark(random)} " for _ in range(310)) + a,
    "digits": lambda random, a, b: str(random.randrange(10**15, 10**16)),
    "option": "--password {0} -p{1}",
    "GitHub": "::add-mask::{0}%0A{1}",
}


def mark(random: Random) -> str:
    """A word that stands nowhere by accident, and is no name, no number and no base64 of anything."""
    return random.choice("QXZqxz") + "".join(random.choices(string.ascii_letters + string.digits, k=11))


def made(random: Random, shape: str) -> Canary:
    """A new value of a shape."""
    marks = (mark(random), mark(random))
    how = SHAPES[shape]
    value = how.format(*marks) if isinstance(how, str) else how(random, *marks)
    return Canary(value, tuple(it for it in marks if it in value))
