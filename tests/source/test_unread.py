"""What can be said of a manifest while something in it is unread."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.errors import Finding
from reconciler.source.nodes import List, Map, Mark, Scalar, Source
from reconciler.source.unread import check, unread_paths

AT = Mark(Source("a.yaml", ""), 0, 0)
UNREAD = Scalar("${{ ssm./x }}", AT, "${{ ssm./x }}", unread=True)


class Shape:
    """``count`` has to be a number; ``name`` has to be there."""

    def check(self, spec: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
        wrong = [Finding("wrong-type", ("count",), "no number")] if isinstance(spec.get("count"), str) else []
        lacking = [] if "name" in spec else [Finding("missing-member", ("name",), "no name")]
        return spec, [*wrong, *lacking]


class Toy:
    """Finds fault with ``other`` by what ``name`` says, and with ``wrong`` in any case."""

    Spec = Shape()

    def check(self, spec: dict[str, Any]) -> list[Finding]:
        found = [Finding("pair", ("other",), f"does not go with {spec['name']}")] if "other" in spec else []
        return found + ([Finding("wrong", ("wrong",), "wrong")] if "wrong" in spec else [])


def node(**members: Any) -> Map:
    nodes = {name: it if isinstance(it, Scalar | List) else Scalar(it, AT, str(it)) for name, it in members.items()}
    return Map(nodes, dict.fromkeys(nodes, AT), AT)


@pytest.mark.parametrize(
    ("spec", "clean", "findings", "further"),
    [
        (node(name="a", other=1), {"name": "a", "other": 1}, [], ["pair"]),
        (node(name="a", count="x"), {"name": "a", "count": "x"}, ["wrong-type"], []),
        (node(name="a", more=UNREAD, wrong=1), {"name": "a", "more": UNREAD.value, "wrong": 1}, [], ["wrong"]),
        (node(name="a", count=UNREAD), {"name": "a"}, [], []),
        (node(name="a", list=List((UNREAD,), AT)), {"name": "a", "list": [UNREAD.value]}, [], []),
        (node(name=UNREAD, other=1, wrong=1), {"name": UNREAD.value, "other": 1, "wrong": 1}, [], []),
        (node(name=UNREAD, count=UNREAD), None, [], []),
        (node(more=UNREAD), {"more": UNREAD.value}, ["missing-member"], []),
    ],
)
def test_everything_is_said_that_does_not_depend_on_it_and_nothing_else(spec, clean, findings, further):
    made, wrong, besides = check(spec, Toy())  # type: ignore[arg-type]
    assert (made, [it.code for it in wrong], [it.code for it in besides]) == (clean, findings, further)


def test_a_finding_that_a_value_may_put_right_is_not_told():
    spec = node(name="a", other=1, more=UNREAD)

    class Changing(Toy):
        def check(self, spec: dict[str, Any]) -> list[Finding]:
            return [Finding("pair", ("other",), f"does not go with {spec['more']}")] if "more" in spec else []

    assert check(spec, Changing())[2] == []  # type: ignore[arg-type]


def test_its_places_are_known():
    assert unread_paths(node(name="a", count=UNREAD, list=List((Scalar(1, AT), UNREAD), AT))) == {
        ("count",),
        ("list", 1),
    }
