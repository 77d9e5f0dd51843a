"""A plan as a comment on a pull request: the summary always whole, details as far as the host lets them.

A hidden first line says whose plan it is, by which a later run finds its comment and rewrites it. Whatever comes from a
repository stands in code, where neither `@name` nor `<tag>` nor Markdown means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from reconciler.model.plan import Action, Change, Plan
from reconciler.report.cells import safe
from reconciler.report.plan_lines import Line, change_lines
from reconciler.report.plan_lookups import lookup_lines
from reconciler.report.plan_words import held, short, summary
from reconciler.report.problems import count, draw

GITHUB: Final = 65_536
"""Characters of a comment; Bitbucket Server takes 32,768, Azure DevOps 150,000."""
GITLAB: Final = 1_000_000

_COLUMNS: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.ADOPT, Action.RUN)
_ALWAYS: Final = (Action.CREATE, Action.UPDATE, Action.DELETE)
_MARKUP: Final = re.compile(r"[^\w /.-]|_")
_WORTH_CUTTING: Final = 1_000
_NOTE_ROOM: Final = 200


def marker(environment: str, *, installation: str = "default", folder: str = "", apps: Iterable[str] = ()) -> str:
    """The hidden comment by which a plan's comment is found again: one for each place that plans are made for.

    ``folder`` is that of the repository within git's, ``apps`` those that were named: a plan of some of them does not
    take the place of another's.
    """
    named = "\0".join(sorted(set(apps)))
    more = [
        ("installation", installation if installation != "default" else ""),
        ("folder", folder),
        ("apps", sha256(named.encode()).hexdigest()[:12] if named else ""),
    ]
    words = [_hidden(environment), *(f"{name}={_hidden(value)}" for name, value in more if value)]
    return f"<!-- reconciler:plan {' '.join(words)} -->"


def _hidden(text: str) -> str:
    return quote(text, safe="").replace("--", "-%2D")


def plan_markdown(plan: Plan, *, limit: int = GITHUB, first: str | None = None) -> str:
    """At most ``limit`` characters: the marker, the summary, a table by app, then details of as many apps as fit.

    ``first`` is the marker, where it says more than the environment.
    """
    at = f" at {_code(short(plan.revision))}" if plan.revision else ""
    head = f"{first or marker(plan.environment)}\n### Plan for {_code(plan.environment)}{at}\n\n**{summary(plan)}**\n"
    apps: dict[str, list[Change]] = {}
    for change in plan.changes:
        apps.setdefault(change.key.app, []).append(change)
    if apps:
        head += _table(apps, limit // 2 - len(head))
    blocks = [_block(f"{_code(app)}: {_said(found)}", _lines(found)) for app, found in apps.items()]
    if plan.lookups:
        number = f"{len(plan.lookups)} value{'s' * (len(plan.lookups) != 1)}"
        blocks.append(_block(f"Looked up: {number}", lookup_lines(plan.lookups), ""))
    if plan.warnings:
        drawn = "\n\n".join(draw(warning) for warning in plan.warnings).split("\n")
        blocks.insert(0, _block(f"<b>{count(plan.warnings)}</b>", drawn, ""))
    return _fitted(head, blocks, limit)[:limit]


def _table(apps: dict[str, list[Change]], room: int) -> str:
    used = [
        action
        for action in _COLUMNS
        if action in _ALWAYS or any(change.action is action for found in apps.values() for change in _coming(found))
    ]
    apart = any(held(found) for found in apps.values())
    heads = ["App", *(str(action).capitalize() for action in used), *(["Held back"] if apart else [])]
    text = "\n" + _table_row(heads) + _table_row(["---", *["---:"] * len(used), *(["---"] if apart else [])])
    for done, (app, found) in enumerate(apps.items()):
        numbers = [sum(change.action is action for change in _coming(found)) for action in used]
        cells = [_code(app), *(str(number or "") for number in numbers), *([held(found)] if apart else [])]
        row = _table_row(cells)
        if len(text) + len(row) > room:
            return f"{text}\n… and {len(apps) - done} more apps.\n"
        text += row
    return text


def _table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _coming(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if not change.blocked]


def _said(changes: list[Change]) -> str:
    counts = [(sum(change.action is action for change in _coming(changes)), action) for action in _COLUMNS]
    return ", ".join(
        [*(f"{number} to {action}" for number, action in counts if number), *filter(None, [held(changes)])]
    )


def _lines(changes: Iterable[Change]) -> list[str]:
    lines: list[str] = []
    for change in changes:
        lines += ["", *map(_set, change_lines(change))]
    return lines[1:]


def _set(line: Line) -> str:
    """A line with its marker in the first column, where GitHub colours it: green, red, ``!`` orange, ``#`` grey."""
    sign = {"~": "!", ">": "# >", "=": "# ="}.get(line.symbol, line.symbol)
    indent = " " if line.head else " " * (5 - len(sign))
    return f"{sign}{indent}{line.text}{f'  {line.note}' if line.note else ''}".rstrip()


def _block(title: str, lines: Sequence[str], language: str = "diff") -> tuple[str, list[str], str]:
    """What stands before the lines, the lines, and what stands after them."""
    runs = (len(run) for line in lines for run in re.findall(r"`+", line))
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"\n<details><summary>{title}</summary>\n\n{fence}{language}\n", list(lines), f"{fence}\n\n</details>\n"


def _fitted(text: str, blocks: Sequence[tuple[str, list[str], str]], limit: int) -> str:
    """The text with every block there is room for; the first without room is cut, the others are counted."""
    left_out, cut_one = 0, False
    for before, lines, after in blocks:
        room = limit - _NOTE_ROOM - len(text) - len(before) - len(after)
        whole = "\n".join(lines) + "\n"
        if len(whole) <= room:
            text += before + whole + after
        elif not cut_one and room >= _WORTH_CUTTING:
            cut_one = True
            text += before + _beginning(lines, room) + after
        else:
            left_out += 1
    if left_out:
        text += (
            f"\n_Details of {left_out} of {len(blocks)} left out: a comment holds no more. The job's log has all._\n"
        )
    return text


def _beginning(lines: Sequence[str], room: int) -> str:
    kept, used = 0, 60
    while kept < len(lines) and used + len(lines[kept]) + 1 <= room:
        used += len(lines[kept]) + 1
        kept += 1
    return "".join(f"{line}\n" for line in lines[:kept]) + f"… {len(lines) - kept} more lines left out\n"


def _code(text: str) -> str:
    """Foreign text in running Markdown: as code, and each sign that could be markup as its character reference."""
    return f"<code>{_MARKUP.sub(lambda sign: f'&#{ord(sign[0])};', safe(text))}</code>"
