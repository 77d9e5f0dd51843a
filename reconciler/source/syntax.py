"""What libyaml could not read, in plain words; and template source, which is no YAML until something renders it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from reconciler.model.errors import Problem
from reconciler.source.nodes import Mark, Source
from reconciler.source.revision import app_of

_TEMPLATE = re.compile(r"(?<!\$)\{\{|\{%|<%|^\s*(?:%\}|\{\{)")
_KEY_ALONE = re.compile(r"\s*[\w.-]+")
_VARIABLE = re.compile(r"\$\{\{")


def template_in(line: str) -> bool:
    """Whether a line is template source of another tool: ``{{ … }}``, ``{% … %}``, ``<% … %>``."""
    return bool(_TEMPLATE.search(line))


def render_first(source: Source, line: int) -> Problem:
    """The problem of a file that is a template."""
    text = source.line(line)
    found = _TEMPLATE.search(text)
    at = Mark(source, line, found.start() if found else 0, len(text.rstrip()) - (found.start() if found else 0))
    message = "this is template source and no YAML yet: render it first"
    hint = "or write ${{ vars.name }}, which is a variable here"
    return Problem("template", message, at.position, hint=hint, app=app_of(source.name))


def explain(error: yaml.YAMLError, source: Source) -> Problem:
    """The problem behind an error of the parser."""
    app = app_of(source.name)
    mark: Any = getattr(error, "problem_mark", None)
    context: Any = getattr(error, "context_mark", None)
    said: str = getattr(error, "problem", None) or getattr(error, "reason", None) or "this cannot be read as YAML"
    if mark is None:
        return Problem("syntax", said, Mark(source, 0, 0).position, app=app)
    line, column = min(mark.line, max(0, len(source.lines) - 1)), mark.column
    for number in (line, context.line if context else line, line - 1):
        if number >= 0 and template_in(source.line(number)):
            return render_first(source, number)
    for number in (line, line - 1):
        if number >= 0 and (left_out := source.line(number)).strip().rstrip(",") in {"...", "…"}:
            at = Mark(source, number, left_out.index(left_out.strip()[0]), len(left_out.strip()))
            return Problem("syntax", "'...' stands for something left out", at.position, hint="write it out", app=app)
    at = Mark(source, line, column)
    related: tuple[Any, ...] = ()
    message, hint = _plain_words(said, getattr(error, "context", None) or "", source, line, column)
    if context is not None and (context.line, context.column) != (line, column):
        opened = Mark(source, context.line, context.column)
        if "a quote is" in message or not source.line(line).strip():
            at = opened
        elif "a tab" in message:
            pass
        else:
            related = ((opened.position, "what is being read began here"),)
    return Problem("syntax", message, at.position, hint=hint, related=related, app=app)


def _plain_words(said: str, context: str, source: Source, line: int, column: int) -> tuple[str, str]:
    text = source.line(line)
    char = text[column : column + 1]
    if "cannot start any token" in said:
        if char == "\t" or text[:column].endswith("\t"):
            return "a tab is used for indentation, where YAML wants spaces", "replace the tab by spaces"
        return f"a value cannot begin with '{char}'", "quote it"
    if "block sequence entries" in said:
        return "a '-' stands where no list can begin", "put it on a line of its own, or quote it"
    if "tab character" in said:
        return "a tab is used for indentation, where YAML wants spaces", "replace the tab by spaces"
    if "mapping values are not allowed" in said and _KEY_ALONE.fullmatch(text[:column]):
        return "this line goes on with the value of the line before, so it can be no key", "align it with its siblings"
    if "mapping values are not allowed" in said:
        return "a ':' stands where no key can be", "quote text that holds ': ', or check the indentation"
    if "could not find expected ':'" in said:
        return "a line has no ':' after its key", "check the line before, too"
    if "unexpected end of stream" in said and "quoted" in context:
        return "a quote is opened here and never closed", ""
    if "did not find expected ',' or" in said:
        what = "a list" if "]" in said else "an object"
        variable = bool(_VARIABLE.search(text))
        hint = 'quote a variable inside [ ] and { }: "${{ vars.name }}"' if variable else ""
        return f"{what} is neither continued by ',' nor closed by '{said[-2:-1]}'", hint
    if "did not find expected key" in said or "block end" in said or "expected '-' indicator" in said:
        return "the indentation fits neither the lines before nor the lines around", "align it with its siblings"
    if "<document start>" in said:
        return "something follows where the document has ended", "check the indentation, and that quotes are paired"
    if "alphabetic or numeric character" in said:
        return f"a value cannot begin with '{text[max(0, column - 1) : column]}'", "quote it"
    if "unknown escape" in said or "escape code" in said:
        return "a backslash in double quotes begins no escape that YAML knows", "use single quotes, or write \\\\"
    return f"this cannot be read as YAML: {said}", ""
