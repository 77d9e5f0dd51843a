"""Many things in few calls: lists cut to the size a call takes, listings read page beside page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from reconciler.model.errors import AwsError, Unavailable
from reconciler.model.kind import Reader
from reconciler.model.tree import Tree

T = TypeVar("T")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def listings(
    read: Reader, operation: str, asked: Sequence[Tree], items: str, token: str = "nextToken"
) -> list[list[Any] | AwsError]:
    """What each of several listings holds, page beside page: a round asks for the next page of all that have one.

    A listing of which a page failed is an error as a whole: never a part.
    """
    found: list[list[Any] | AwsError] = [[] for _ in asked]
    left: dict[int, Tree] = dict(enumerate(asked))
    while left:
        answers = read.many(operation, list(left.values()))
        further: dict[int, Tree] = {}
        for (index, params), answer in zip(left.items(), answers, strict=True):
            known = found[index]
            if isinstance(answer, AwsError) or isinstance(known, AwsError):
                found[index] = answer if isinstance(answer, AwsError) else known
                continue
            known.extend(answer.get(items) or ())
            if answer.get(token) and answer[token] == params.get(token):
                found[index] = Unavailable("the listing leads back to a page it has shown already", operation=operation)
            elif answer.get(token):
                further[index] = {**params, token: answer[token]}
        left = further
    return found
