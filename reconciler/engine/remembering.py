"""What a resync need not ask again: answers that tell tags, while the inventory tells the same tags.

A revision never changes but for its tags and its status, and what only lists tags says nothing else. So such an answer
is asked for once, and stands for as long as the scan of the tagging API, which every tick makes, nominates its resource
with exactly these tags. That is good enough to find that nothing is to be done, and for nothing else: whatever a plan
would change is read anew before it is planned (engine/consider), and nothing is remembered of an app that is not at
rest. A revision that was deregistered by hand goes on under what runs it; that is seen before anything new starts.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.engine.inventory import SCAN
from reconciler.model import tags
from reconciler.model.errors import AwsError
from reconciler.model.key import OWNER, Key, Scope
from reconciler.model.kind import Answer, Reader
from reconciler.model.tree import Tree

MOST: Final = 10_000
"""Answers of one environment that are kept: some ten kilobytes each, at the most."""


@dataclass(frozen=True, slots=True)
class _Form:
    """Of what an operation tells: the parameter that names it, and where its answer has the tags."""

    member: str
    tags: Callable[[Tree], dict[str, str]]


_FORMS: Final[Mapping[str, _Form]] = {
    "ecs:DescribeTaskDefinition": _Form("taskDefinition", lambda answer: tags.to_map(answer.get("tags"))),
    "logs:ListTagsForResource": _Form("resourceArn", lambda answer: dict(answer.get("tags") or {})),
    "ssm:ListTagsForResource": _Form("ResourceId", lambda answer: tags.of_upper(answer.get("TagList") or ())),
}

_Place = tuple[str, str]
"""Operation and name."""


@dataclass(frozen=True, slots=True)
class _Known:
    params: Tree
    answer: Answer
    tags: Mapping[str, str]
    key: Key


class Remembering:
    """A Reader before another one, for one environment. Thread-safe.

    An answer keeps the date it was given on, so nobody takes it for a reading of now. At most ``most`` are kept: the
    one that was not asked for the longest goes first.
    """

    def __init__(self, read: Reader, scope: Scope, *, most: int = MOST) -> None:
        self.region = read.region
        self._read, self._scope, self._most = read, scope, most
        self._lock = threading.Lock()
        self._known: OrderedDict[_Place, _Known] = OrderedDict()
        self._nominated: dict[str, Mapping[str, str]] = {}
        self._under_way: list[set[_Place]] = []
        self._used: set[Key] = set()

    def one(self, operation: str, params: Tree, *, region: str | None = None) -> Answer:
        return self._read.one(operation, params, region=region)

    def many(self, operation: str, params: Sequence[Tree], *, region: str | None = None) -> list[Answer | AwsError]:
        """Only what is not remembered is asked."""
        form = _FORMS.get(operation)
        if form is None or region not in (None, self.region):
            return self._read.many(operation, params, region=region)
        with self._lock:
            found = [self._recalled((operation, _name(each[form.member])), each) for each in params]
            asked = [each for each, known in zip(params, found, strict=True) if known is None]
            places = {(operation, _name(each[form.member])) for each in asked}
            self._under_way.append(places)
        answers: list[Answer | AwsError] = []
        try:
            answers = self._read.many(operation, asked, region=region) if asked else []
        finally:
            with self._lock:
                self._under_way = [other for other in self._under_way if other is not places]
                for each, answer in zip(asked, answers, strict=False):
                    place = (operation, _name(each[form.member]))
                    if isinstance(answer, Answer) and place in places:
                        self._keep(place, each, answer, form.tags(answer))
        left = iter(answers)
        return [next(left) if known is None else known for known in found]

    def pages(self, operation: str, params: Tree, items: str, *, region: str | None = None) -> list[Any]:
        """All pages, anew. The scan of the inventory tells what is still as it was."""
        if operation != SCAN:
            return self._read.pages(operation, params, items, region=region)
        with self._lock:
            self._nominated, self._used = {}, set()
        found = self._read.pages(operation, params, items, region=region)
        with self._lock:
            self._nominated = _nominated(found)
            gone = [place for place in self._known if place[1] not in self._nominated]
            for place in gone:
                del self._known[place]
        return found

    @property
    def used(self) -> frozenset[Key]:
        """Of what something was recalled since the last scan."""
        with self._lock:
            return frozenset(self._used)

    def forget(self, arns: Iterable[str]) -> None:
        """What an event names may have changed. An answer that is on its way is not kept either."""
        names = {_name(arn) for arn in arns}
        with self._lock:
            for place in [place for place in self._known if place[1] in names]:
                del self._known[place]
            for places in self._under_way:
                places -= {place for place in places if place[1] in names}

    def forget_apps(self, apps: Collection[str]) -> None:
        """Nothing of these apps is taken for known any more; of what is on its way it is not known whose it is."""
        with self._lock:
            for place in [place for place, known in self._known.items() if known.key.app in apps]:
                del self._known[place]
            for places in self._under_way if apps else ():
                places.clear()

    @property
    def size(self) -> int:
        """How many answers are kept."""
        with self._lock:
            return len(self._known)

    def _recalled(self, place: _Place, params: Tree) -> Answer | None:
        known = self._known.get(place)
        if known is None or known.params != params or self._nominated.get(place[1]) != known.tags:
            return None
        self._known.move_to_end(place)
        self._used.add(known.key)
        return known.answer

    def _keep(self, place: _Place, params: Tree, answer: Answer, told: Mapping[str, str]) -> None:
        key = self._scope.key(told.get(OWNER))
        if key is None:
            return
        self._known[place] = _Known(params, answer, told, key)
        self._known.move_to_end(place)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def _nominated(found: Iterable[Tree]) -> dict[str, Mapping[str, str]]:
    """The tags of each resource by the name that it is asked for by; two answers about one are none."""
    told: dict[str, Mapping[str, str]] = {}
    for mapping in found:
        name, now = _name(mapping["ResourceARN"]), tags.of_upper(mapping["Tags"])
        told[name] = now if told.get(name, now) == now else {}
    return told


def _name(value: Any) -> str:
    """An ARN; of a parameter, which is asked for by name, the name without the slash that its ARN hides."""
    text = str(value)
    if not text.startswith("arn:"):
        return text.removeprefix("/")
    return text.partition(":parameter/")[2] if text.split(":")[2:3] == ["ssm"] else text
