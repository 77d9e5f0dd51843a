"""What a look at everything found, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from reconciler.model.errors import Problem
from reconciler.model.key import Key
from reconciler.report.problems import count, draw, to_json
from reconciler.report.style import paint

FORMAT_VERSION: Final = "1.0"
_NAMED: Final = 4
"""How many resources are named beside a finding about several."""

WELL = "nothing stands in the way of a change (how things fare: reconciler status)"


@dataclass(frozen=True)
class Shown:
    """What is shown: a problem with every resource it is about, and what the look was like."""

    environment: str
    revision: str | None
    account: str | None
    caller: str | None
    region: str
    findings: Sequence[tuple[Problem, Sequence[Key]]]
    lacking: Sequence[str]
    looked: int
    well: bool


def doctor_text(shown: Shown, *, color: bool = False) -> str:
    """Whose account, what was found, what may not be looked at, and a summary as the last line."""
    who = f"account {shown.account} as {shown.caller}" if shown.account else "account unknown"
    blocks = [paint(f"{shown.environment}: {who}, {shown.region}", "bold", color)]
    blocks += [draw(_with_others(problem, keys), color=color) for problem, keys in shown.findings]
    if shown.lacking:
        lines = ["not allowed to look; add to this role's policy:", *(f"  {action}" for action in shown.lacking)]
        blocks.append("\n".join(lines))
    number = f"{shown.looked} resource{'s' * (shown.looked != 1)} looked at"
    found = count([problem for problem, _ in shown.findings]) or WELL
    blocks.append(paint(f"{number}: {found}", "bold", color))
    return "\n\n".join(blocks) + "\n"


def doctor_json(shown: Shown) -> dict[str, Any]:
    """Plain JSON values; ``keys`` are all resources a problem is about."""
    problems = [{**to_json([problem])[0], "keys": [str(key) for key in keys]} for problem, keys in shown.findings]
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": shown.environment,
        "revision": shown.revision,
        "account": shown.account,
        "caller": shown.caller,
        "region": shown.region,
        "well": shown.well,
        "resources": shown.looked,
        "problems": problems,
        "missingPermissions": list(shown.lacking),
    }


def _with_others(problem: Problem, keys: Sequence[Key]) -> Problem:
    """A problem that says which other resources it is about, too."""
    others = [str(key) for key in keys if key != problem.key]
    if not others:
        return problem
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return replace(problem, message=f"{problem.message}\nalso {', '.join(others[:_NAMED])}{more}")
