"""CBOR (RFC 8949) as far as AWS's rpc-v2-cbor protocol uses it: what newer SDKs speak to the tagging API."""

from __future__ import annotations

import struct
from typing import Any


def dumps(value: Any) -> bytes:
    """One JSON-like value; maps and lists of definite length."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join(map(dumps, value))
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(dumps(k) + dumps(v) for k, v in value.items())
    raise TypeError(f"no CBOR for {type(value).__name__}")


def loads(data: bytes) -> Any:
    """The first value of ``data``; ValueError when it is none."""
    try:
        return _read(data, 0)[0]
    except (IndexError, struct.error) as error:
        raise ValueError("truncated CBOR") from error


_BREAK = object()


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, size, form in ((24, 1, ">B"), (25, 2, ">H"), (26, 4, ">I"), (27, 8, ">Q")):
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError("number too large")


def _number(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info)
    if size is None:
        raise ValueError("bad CBOR length")
    if at + size > len(data):
        raise ValueError("truncated CBOR")
    return int.from_bytes(data[at : at + size], "big"), at + size


def _read(data: bytes, at: int) -> tuple[Any, int]:
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return _simple(data, at, info)
    if info == 31:
        return _indefinite(data, at, major)
    number, at = _number(data, at, info)
    if major in (0, 1):
        return (number if major == 0 else -1 - number), at
    if major in (2, 3):
        raw = data[at : at + number]
        if len(raw) < number:
            raise ValueError("truncated CBOR")
        return (raw if major == 2 else raw.decode()), at + number
    if major == 6:  # a tag (1 is a timestamp): the value itself says enough
        return _read(data, at)
    parts: list[Any] = []
    for _ in range(number * (2 if major == 5 else 1)):
        part, at = _read(data, at)
        parts.append(part)
    return (_pairs(parts) if major == 5 else parts), at


def _indefinite(data: bytes, at: int, major: int) -> tuple[Any, int]:
    parts: list[Any] = []
    while True:
        part, at = _read(data, at)
        if part is _BREAK:
            break
        parts.append(part)
    if major == 5:
        return _pairs(parts), at
    if major in (2, 3):
        return (b"" if major == 2 else "").join(parts), at
    return parts, at


def _simple(data: bytes, at: int, info: int) -> tuple[Any, int]:
    if info in (20, 21, 22, 23):
        return {20: False, 21: True}.get(info), at
    if info == 31:
        return _BREAK, at
    form, size = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}[info]
    return struct.unpack(form, data[at : at + size])[0], at + size


def _pairs(parts: list[Any]) -> dict[Any, Any]:
    return dict(zip(parts[::2], parts[1::2], strict=True))
