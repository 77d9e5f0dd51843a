"""A plan for a terminal, as users of Terraform know it."""

from __future__ import annotations

from reconciler.model.plan import Plan
from reconciler.report.cells import safe
from reconciler.report.plan_lines import Line, change_lines
from reconciler.report.plan_lookups import lookup_lines
from reconciler.report.plan_words import LEGEND, revision_words, summary, symbol
from reconciler.report.problems import draw
from reconciler.report.style import paint


def plan_text(plan: Plan, *, color: bool = False, verbose: bool = False) -> str:
    """Header, legend of the symbols in use, changes, what was looked up, warnings, and the summary as the last line.

    It ends with a newline.

    ``verbose`` adds the calls and every leaf of new resources, and cuts nothing.
    """
    blocks = [paint(f"Plan for {safe(plan.environment)} at {revision_words(plan.revision)}", "bold", color)]
    if plan.changes:
        blocks.append(_legend(plan, color))
    for change in plan.changes:
        blocks += ["\n".join(_set(line, color) for line in change_lines(change, verbose=verbose))]
    if plan.lookups:
        blocks.append("\n".join(["Looked up:", *(f"    {line}" for line in lookup_lines(plan.lookups))]))
    blocks += [draw(warning, color=color) for warning in plan.warnings]
    blocks.append(paint(summary(plan), "bold", color))
    return "\n\n".join(blocks) + "\n"


def _legend(plan: Plan, color: bool) -> str:
    used = {symbol(change) for change in plan.changes}
    shown = [f"{_sign(sign, color)} {words}" for sign, (words, _) in LEGEND.items() if sign in used]
    return "\n".join(["Symbols:", *shown])


def _set(line: Line, color: bool) -> str:
    indent = "" if line.head else "    "
    text = paint(line.text, "bold", color) if line.head else line.text
    note = f"  {paint(line.note, 'dim', color)}" if line.note else ""
    return f"{indent}{_sign(line.symbol, color)} {text}{note}".rstrip()


def _sign(sign: str, color: bool) -> str:
    # The column is three wide: for -/+ and +/-.
    return " " * (3 - len(sign)) + (paint(sign, LEGEND[sign][1], color) if sign else "")
