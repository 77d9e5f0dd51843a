"""docs/reference/permissions.md names exactly the actions that are used."""

import json
import re
from pathlib import Path

from reconciler.aws.operations import iam_action, is_read

ROOT = Path(__file__).parents[2]
OPERATION = re.compile(r'"([a-z][a-z0-9-]+:[A-Z][A-Za-z]+)"')


def policies():
    text = (ROOT / "docs/reference/permissions.md").read_text()
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield json.loads(block)["Statement"]


def used():
    """Every operation that the kinds, the inventory and the account guard name."""
    files = [
        *(ROOT / "reconciler/kinds").glob("*.py"),
        *(ROOT / "reconciler/model").glob("*.py"),
        ROOT / "reconciler/engine/inventory.py",
        ROOT / "reconciler/aws/records.py",
    ]
    found = {operation for file in files for operation in OPERATION.findall(file.read_text())}
    return found | {"sts:GetCallerIdentity"}


def test_the_actions_to_look_are_those_that_are_read():
    look, _ = policies()
    assert look[0]["Action"] == sorted({iam_action(operation) for operation in used() if is_read(operation)})


def test_the_actions_to_change_are_those_that_are_written():
    _, change = policies()
    assert change[0]["Action"] == sorted({iam_action(operation) for operation in used() if not is_read(operation)})
