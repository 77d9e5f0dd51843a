"""A plan as the one comment on its pull request: written once, and written anew by every later run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from reconciler.agent.http import Ask, NoAnswer, Response
from reconciler.cli.pull_request import PullRequest
from reconciler.model.clock import Clock
from reconciler.model.errors import AccessError, ReconcilerError
from reconciler.report import redact
from reconciler.report.cells import safe
from reconciler.report.plan_markdown import GITHUB, GITLAB

TRIES: Final = 4
_PAUSE: Final = 2.0
_PAGE: Final = 20
"""Comments a page: each may be as long as the forge allows."""
_PAGES: Final = 250


class _Busy(ReconcilerError):
    """The forge did not get round to it."""

    retry = True


def limit(to: PullRequest) -> int:
    """Characters of a comment."""
    return GITHUB if to.forge == "github" else GITLAB


def folder_of(root: Path) -> str:
    """The repository's folder within git's work tree; empty where it is the same, or there is none."""
    whole = root.resolve()
    top = next((folder for folder in (whole, *whole.parents) if (folder / ".git").exists()), whole)
    return whole.relative_to(top).as_posix() if top != whole else ""


def post(to: PullRequest, body: str, ask: Ask, clock: Clock) -> str:
    """Write the comment, or write it anew: what was done, with its address. The first line of ``body`` is its marker.

    A write that got no answer is not made again before it was looked whether it had come about. Raises AccessError,
    NoAnswer, and ReconcilerError for what the forge refuses.
    """
    for tried in range(1, TRIES + 1):
        try:
            return _once(to, body, ask)
        except (NoAnswer, _Busy) as error:
            if not error.retry or tried == TRIES:
                raise
        clock.sleep(_PAUSE * 2 ** (tried - 1))
    raise AssertionError


def _once(to: PullRequest, body: str, ask: Ask) -> str:
    own = _own(to, body.partition("\n")[0], ask)
    if own is not None and _text(own) == body.strip():
        return f"the comment on {to.name} says so already{_at(own)}"
    if own is not None:
        method = "PATCH" if to.forge == "github" else "PUT"
        answer = ask(method, f"{to.comment}/{own['id']}", headers=to.headers, body={"body": body})
        if answer.status != 404:  # somebody deleted it meanwhile
            return f"the comment on {to.name} is written anew{_at(_object(_well(to, answer)))}"
    made = _well(to, ask("POST", to.comments, headers=to.headers, body={"body": body}))
    return f"the plan is a comment on {to.name}{_at(_object(made))}"


def _own(to: PullRequest, marker: str, ask: Ask) -> dict[str, Any] | None:
    """The comment that an earlier run wrote: it begins with the marker, and is ours. Anybody can copy a marker."""
    me: Any = None
    for comment in _comments(to, ask):
        if not _text(comment).startswith(f"{marker}\n"):
            continue
        me = me or _me(to, ask)
        if _is(to, comment, me):
            return comment
    return None


def _comments(to: PullRequest, ask: Ask) -> Iterator[dict[str, Any]]:
    order = "&sort=asc&order_by=created_at" if to.forge == "gitlab" else ""
    for page in range(1, _PAGES + 1):
        answer = ask("GET", f"{to.comments}?per_page={_PAGE}&page={page}{order}", headers=to.headers)
        try:
            found = _well(to, answer).json()
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise _Busy("its answer is not a list of comments", where=to.host)
        yield from (item for item in found if isinstance(item, dict) and "id" in item)
        if len(found) < _PAGE:
            return


def _me(to: PullRequest, ask: Ask) -> dict[str, Any]:
    """Who the token is; empty where it may not say, as that of a GitHub App or of a workflow's job."""
    answer = ask("GET", to.user, headers=to.headers)
    if answer.status in (403, 404):
        return {"id": None}
    return _object(_well(to, answer))


def _is(to: PullRequest, comment: dict[str, Any], me: dict[str, Any]) -> bool:
    author = comment.get("user" if to.forge == "github" else "author")
    if not isinstance(author, dict):
        return False
    if me.get("id") is not None:
        return bool(author.get("id") == me["id"])
    return to.forge == "github" and author.get("type") == "Bot"


def _well(to: PullRequest, answer: Response) -> Response:
    if 200 <= answer.status < 300:
        return answer
    said = f"answered {answer.status}{_words(answer)}"
    limited = answer.status == 403 and (
        answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    )
    if answer.status == 429 or answer.status >= 500 or limited:
        raise _Busy(f"{to.name}: {said}", where=to.host)
    if answer.status in (401, 403, 404):
        raise AccessError(f"{to.name}: {said}", where=to.host, hint=_HINTS[to.forge])
    raise ReconcilerError(f"{to.name}: {said}", where=to.host)


_HINTS: Final = {
    "github": "the token needs permissions: {pull-requests: write}; for a pull request from a fork it never has them",
    "gitlab": "GITLAB_TOKEN needs the scope api, and at least the role Reporter",
}


def _words(answer: Response) -> str:
    """The forge's own words on what is wrong, cut."""
    said = _object(answer).get("message")
    return f": {safe(redact.text(said))[:200]}" if isinstance(said, str) and said else ""


def _object(answer: Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(comment: dict[str, Any]) -> str:
    """The body as it was sent: forges make the ends of lines their own."""
    return str(comment.get("body") or "").replace("\r\n", "\n").strip()


def _at(comment: dict[str, Any]) -> str:
    url = comment.get("html_url")
    return f": {safe(url)}" if isinstance(url, str) else ""
