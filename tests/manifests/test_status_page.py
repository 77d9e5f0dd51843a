"""docs/reference/status.md names every phase, health word and reason that the code can give."""

import ast
import re
from pathlib import Path

import pytest

from reconciler.kinds.service_failures import FAILED
from reconciler.model.phase import Phase
from reconciler.model.status import HealthWord
from reconciler.model.stop_reasons import Cause

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/status.md").read_text()
GIVES = {"Health", "told", "Condition", "Diagnosis", "Problem", "Finding", "_blocked", "_problem"}
"""Calls whose arguments hold a reason."""


def reasons() -> set[str]:
    """The words in CamelCase that are given to these calls, in the rooms that give reasons."""
    found = {*map(str, Phase), *map(str, HealthWord), *map(str, Cause), *FAILED.values()}
    for file in (*(ROOT / "reconciler/core").glob("*.py"), *(ROOT / "reconciler/kinds").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in GIVES:
                inside = (item for argument in node.args for item in ast.walk(argument))
                constants = (item.value for item in inside if isinstance(item, ast.Constant))
                found |= {str(word) for word in constants if re.fullmatch(r"([A-Z][a-z]+)+", str(word))}
    return found - {"True", "False", "NotFound"}  # the last is the end of many: ParameterNotFound


@pytest.mark.parametrize("word", sorted(reasons()))
def test_it_is_told_what_it_means(word):
    assert f"`{word}`" in PAGE, f"docs/reference/status.md does not say what {word} means and what to do about it"


def test_reasons_are_found_at_all():
    assert {"CrashLoop", "OutOfSync", "RolledBack", "ObserveFailed"} <= reasons()
