"""Which changes may be made now."""

from __future__ import annotations

import pytest

from reconciler.core.gate import ready
from reconciler.model.errors import Problem
from reconciler.model.plan import Call, Plan
from reconciler.model.tree import pending_after
from tests.builders import change, k

NOW, LATER = Call("toy:A", {}), Call("toy:B", {"x": pending_after("y")})
GATED = Call("toy:C", {}, pending_after("y is Ready"))


@pytest.mark.parametrize(
    ("more", "is_ready"),
    [
        ({"calls": (NOW,)}, True),
        ({"calls": (NOW, LATER)}, True),
        ({"calls": (NOW, GATED)}, True),
        ({"calls": ()}, False),
        ({"calls": (LATER, NOW)}, False),
        ({"calls": (GATED, NOW)}, False),
        ({"calls": (NOW,), "blocked": Problem("Suspended", "no")}, False),
        ({"calls": (NOW,), "waiting": "it is draining"}, False),
        ({"calls": (NOW,), "waits_on": (k("Thing/b"),)}, False),
    ],
    ids=str,
)
def test_a_change_is_ready_when_nothing_holds_it_and_its_next_call_is_known(more, is_ready):
    made = change("Thing/a", **more)
    assert ready(Plan("staging", None, (made,))) == ((made,) if is_ready else ())


def test_those_that_are_ready_keep_the_order_of_the_plan():
    b, held, a = change("Thing/b", calls=(NOW,)), change("Thing/c"), change("Thing/a", calls=(NOW,))
    assert ready(Plan("staging", None, (b, held, a))) == (b, a)
