"""docs/reference/permissions.md names exactly the actions that are used, and kinds declare exactly what they call."""

import ast
import json
import re
from pathlib import Path

from reconciler.aws.operations import iam_action, is_read
from reconciler.kinds import KINDS, OUTSIDE

ROOT = Path(__file__).parents[2]
OPERATION = re.compile(r"[a-z][a-z0-9-]+:[A-Z][A-Za-z]+")
BESIDE = {"iam:PassRole", "iam:CreateServiceLinkedRole", "lambda:InvokeFunction",
          "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}  # fmt: skip
"""What AWS checks beside the calls that are made."""
FREE = {"sts:GetCallerIdentity"}
"""What needs no permission."""
LOOKUPS = [ROOT / "reconciler/engine/sources.py", ROOT / "reconciler/aws/lookups.py"]


def policies():
    text = (ROOT / "docs/reference/permissions.md").read_text()
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield json.loads(block)["Statement"]


def named(*files):
    """The operations that stand in files, but for those of a declared Use."""
    return {text for file in files for text in texts(ast.parse(file.read_text())) if OPERATION.fullmatch(text)}


def texts(node):
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Use":
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from texts(child)


def called():
    """What the kinds call, and what they call with the help of models."""
    files = [*(ROOT / "reconciler/kinds").glob("*.py"), *(ROOT / "reconciler/model").glob("*.py")]
    return named(*(file for file in files if not file.name.endswith(("_uses.py", "permission.py")))) - FREE


def declared():
    return {use.action for kind in (*KINDS.values(), *OUTSIDE.values()) for use in kind.uses}


def used():
    """Every operation that the kinds, the inventory and the records name."""
    return called() | named(ROOT / "reconciler/engine/inventory.py", ROOT / "reconciler/aws/records.py")


def test_kinds_declare_what_they_call_and_nothing_else():
    assert declared() - BESIDE == called()
    assert declared() >= BESIDE


def test_nobody_declares_a_look_at_a_value():
    assert not [action for action in declared() if "GetSecretValue" in action or "GetParameters" in action]


def test_the_actions_to_look_are_those_that_are_read():
    look, *_ = policies()
    assert look[0]["Action"] == sorted({iam_action(operation) for operation in used() if is_read(operation)})


def test_the_actions_to_change_are_those_that_are_written():
    _, change, *_ = policies()
    assert change[0]["Action"] == sorted({iam_action(operation) for operation in used() if not is_read(operation)})


def test_the_actions_to_look_up_are_those_of_the_doors_and_each_is_narrow():
    _, _, lookups = policies()
    assert [statement["Action"] for statement in lookups] == sorted(map(iam_action, named(*LOOKUPS)))
    assert all(statement["Resource"] != "*" for statement in lookups)
