"""Nothing that a tick hands back holds an opened value: not its plan, not its errors, not the frames behind them."""

from __future__ import annotations

import types
from typing import Any

import pytest

from reconciler.model.sealed import Envelope, HeldValue, Sealed, SopsValue, VaultValue
from reconciler.simulator.quoting import SPELLINGS
from tests.account import role
from tests.lab import SHOP, Lab
from tests.leaks import Canary, leaks
from tests.sealing import Safe

VALUE = 'zQ7canaryX1 "and"\nqW9canaryY2'
CANARY = Canary(VALUE, ("zQ7canaryX1", "qW9canaryY2"))
LEFT_OUT = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.CodeType)


def everything(*roots: Any) -> str:
    """The ``repr`` of all that can be reached from these within the product: members, elements, errors, frames."""
    todo, seen, found = list(roots), dict[int, Any](), list[str]()
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, LEFT_OUT):
            continue
        seen[id(one)] = one
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            todo += one
        elif isinstance(one, str | bytes):
            found.append(one if isinstance(one, str) else repr(one))
        elif type(one).__module__.startswith("reconciler.") and ".simulator" not in type(one).__module__:
            found.append(repr(one))
            todo += vars(one).values() if hasattr(one, "__dict__") else ()
            todo += [getattr(one, name) for name in getattr(type(one), "__slots__", ()) if hasattr(one, name)]
        if isinstance(one, BaseException):
            todo += [*one.args, one.__context__, one.__cause__]
            trace = one.__traceback__
            while trace is not None:
                if "/reconciler/" in trace.tb_frame.f_code.co_filename:
                    todo += trace.tb_frame.f_locals.values()
                trace = trace.tb_next
    return "\n".join(found)


def lab() -> Lab:
    made = Lab()
    safe = Safe(made)
    role(made.simulator, "exec")
    made.app(
        "shop",
        f"""{SHOP}
---
apiVersion: reconciler/v1
kind: Secret
metadata: {{name: db}}
spec: {{name: shop/db, secretString: "{safe.sealed("Secret/db", VALUE)}"}}
---
apiVersion: reconciler/v1
kind: Parameter
metadata: {{name: url}}
spec: {{name: /shop/url, value: "{safe.sealed("Parameter/url", VALUE)}"}}
""",
    )
    return made


def broken(made: Lab, how: str) -> None:
    faults = made.simulator.faults
    match how:
        case "denied":
            faults.deny("Put*", service="*")
        case "KMS denied":
            faults.deny("Decrypt", service="kms")
        case "lost" | "500" | "throttled":
            fault: Any = {"lost": "closed"}.get(how, how)
            faults.fail("Put*", how=fault, times=None)
        case "cut":
            faults.cut("Put*", times=None)
        case _ if how.startswith("quoted"):
            faults.quote("Put*", spelling=int(how.split()[1]), times=None)


HOWS = ["", "denied", "KMS denied", "lost", "500", "throttled", "cut", *(f"quoted {n}" for n in range(len(SPELLINGS)))]


@pytest.mark.parametrize("how", HOWS, ids=lambda it: it or "nothing wrong")
def test_no_value_is_reachable_from_what_a_tick_hands_back(how):
    made = lab()
    broken(made, how)
    first = made.tick()
    held = everything(first, made.wish(), made.look(first.memory), first.memory)
    assert leaks(held, [CANARY]) == []
    assert "shop/db" in held
    assert bool(first.failures) or not how


def test_it_would_be_found():
    """Where a value is really held, the walk finds it: in an attribute, in an error."""

    def frame() -> None:
        secret = VALUE
        raise KeyError(len(secret))

    assert leaks(everything([HeldValue("x", VALUE)]), [CANARY])
    assert leaks(everything(ValueError(VALUE)), [CANARY])
    with pytest.raises(KeyError) as caught:
        frame()
    assert leaks(everything(caught.value), [CANARY]) == []  # a frame of a test is none of the product


@pytest.mark.parametrize(
    "noun",
    [
        HeldValue("the manifest", VALUE),
        Sealed("1" * 32, HeldValue("the manifest", VALUE)),
        Envelope("1" * 32, "a/b/c/d", VALUE.encode(), VALUE.encode(), kms="arn"),
        SopsValue("f", ((("a",), VALUE, True),), {"mac": VALUE}),
        VaultValue("f", ((("a",), VALUE, True),)),
    ],
    ids=lambda it: type(it).__name__,
)
def test_no_noun_shows_what_it_holds(noun):
    assert leaks(f"{noun} {noun!r} {[noun]}", [CANARY]) == []
