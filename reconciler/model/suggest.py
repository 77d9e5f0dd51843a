"""Did you mean: the nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one; wrong case, ``_`` and ``-`` count for nothing."""
    by_plain: dict[str, str] = {}
    for candidate in known:
        by_plain.setdefault(_plain(candidate), candidate)
    found = get_close_matches(_plain(word)[:100], by_plain, n=1, cutoff=0.65)
    return by_plain[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """The hint for an unknown word, ``did you mean 'x'?``, or another one when nothing is near."""
    found = nearest(word, known)
    return f"did you mean '{found}'?" if found is not None else otherwise


def listing(words: Iterable[str], *, most: int = 12) -> str:
    """``a, b, c`` with at most so many of them."""
    every = list(words)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
