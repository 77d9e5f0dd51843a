"""A page of ``explain`` set for a terminal: a title, facts, AWS's words, members."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.report.cells import pad, safe, width
from reconciler.report.style import paint

COLUMNS: Final = 100


@dataclass
class Page:
    """What is said of one thing. ``facts`` are lines of a word and what it is; ``members`` name → type."""

    title: str
    type: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    documentation: str = ""
    members: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


def draw(page: Page, color: bool) -> str:
    blocks = [f"{paint(safe(page.title), 'bold', color)}  <{page.type}>"]
    if page.facts:
        column = max(width(word) for word, _ in page.facts)
        indent = " " * (column + 4)
        lines = [_wrapped(f"  {pad(word, column)}  {what}", indent) for word, what in page.facts]
        blocks.append("\n".join(lines))
    if page.documentation:
        blocks.append("\n".join(_wrapped(f"  {safe(line)}", "  ") for line in page.documentation.split("\n")))
    if page.members:
        column = max(width(name) for name in page.members)
        lines = [paint("MEMBERS", "bold", color)]
        for name, type in sorted(page.members.items()):
            must = "  required" if name in page.required else ""
            lines.append(f"  {pad(safe(name), column)}  <{type}>{must}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
