"""Regular expressions over the names of keys, as SOPS (Go) and yaml_vault (Ruby) take them.

Only what those two and Python read alike is taken, and nothing that may take long: a repeated group, or many
repetitions in a row, can make a short pattern run for hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

# Groups that are repeated or look around, references back, classes and sets that are written or read otherwise.
_UNLIKE: Final = re.compile(r"\)[*+{]|\(\?(?!i\)|:)|\\[1-9pPQEKGXRhHCuxzZ]|\[\[|\[[^]]*(?:&&|\|\||~~|--)|[*+?}]\+")
_REPEATS: Final = re.compile(r"(?<!\\)[*+{]")
_MOST_REPEATS: Final = 3
_LONGEST: Final = 200
_LONGEST_NAME: Final = 128


def compiled(pattern: str) -> Callable[[str], bool]:
    """Whether a name holds a match of the pattern; raises ValueError for one that is not taken.

    Of a longer name than a pattern is made for, its first 128 characters count.
    """
    ends = pattern.replace("\\z", "$").replace("\\A", "^")
    if len(ends) > _LONGEST or _UNLIKE.search(ends) or len(_REPEATS.findall(ends)) > _MOST_REPEATS:
        raise ValueError("it holds more than names, classes and single repetitions")
    try:
        search = re.compile(ends).search
    except (re.error, RecursionError, OverflowError):
        raise ValueError("it is no regular expression") from None

    @lru_cache(maxsize=1024)
    def matches(name: str) -> bool:
        return search(name[:_LONGEST_NAME]) is not None

    return matches
