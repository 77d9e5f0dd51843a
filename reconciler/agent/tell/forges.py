"""Commit statuses as GitHub and GitLab have them: read what is there, write one, look up what came before a commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlsplit

from reconciler.agent.http import Ask, Response
from reconciler.agent.tell.answers import Later, Refused, settled
from reconciler.agent.tell.statuses import Mark, State, superseded
from reconciler.model.agent import Forge
from reconciler.model.clock import Clock

Headers = Callable[[], Mapping[str, str]]
EARLIER: Final = 10
"""How many commits are looked back on."""

_GITHUB: Final = {
    State.PENDING: "pending",
    State.RUNNING: "pending",
    State.SUPERSEDED: "error",
    State.ERROR: "error",
    State.FAILURE: "failure",
    State.SUCCESS: "success",
}
_GITLAB: Final = {
    State.PENDING: "pending",
    State.RUNNING: "running",
    State.SUPERSEDED: "canceled",
    State.ERROR: "failed",
    State.FAILURE: "failed",
    State.SUCCESS: "success",
}


class Statuses:
    """The statuses of one repository. Everything raises NoAnswer, Later and Refused.

    ``headers`` says who asks, anew each time: a token may last for an hour.
    """

    def __init__(self, forge: Forge, ask: Ask, headers: Headers, clock: Clock, url: str = "") -> None:
        self._ask, self._headers, self._clock, self._url = ask, headers, clock, url
        self._github = forge.kind == "github"
        self._words = _GITHUB if self._github else _GITLAB
        root = forge.api.rstrip("/")
        name = quote(forge.repository, safe="/" if self._github else "")
        self._root = f"{root}/repos/{name}" if self._github else f"{root}/projects/{name}"
        self._host = urlsplit(root).hostname or "the forge"

    def existing(self, sha: str) -> dict[str, State]:
        """context → the state that a commit is marked with now."""
        path = f"commits/{sha}/statuses" if self._github else f"repository/commits/{sha}/statuses"
        found: dict[str, State] = {}
        newest: dict[str, int] = {}
        for item in self._list(f"{path}?per_page=100"):
            context = str(item.get("context" if self._github else "name") or "")
            state = self._state(str(item.get("state" if self._github else "status") or ""))
            id = item.get("id")
            # both list the newest first, but neither promises it; ids only ever grow
            if state is not None and isinstance(id, int) and id > newest.get(context, -1):
                newest[context], found[context] = id, state
        return found

    def earlier(self, sha: str) -> list[str]:
        """The commits before one, nearest first."""
        path = f"commits?sha={sha}" if self._github else f"repository/commits?ref_name={sha}"
        found = self._list(f"{path}&per_page={EARLIER + 1}")
        ids = [str(item.get("sha" if self._github else "id") or "") for item in found]
        return [id for id in ids if id and id != sha][:EARLIER]

    def word(self, state: State) -> str:
        """What the forge calls it."""
        return self._words[state]

    def write(self, mark: Mark) -> None:
        """Mark a commit."""
        link = {"target_url": self._url} if self._url else {}
        about = {"state": self._words[mark.state], "description": mark.description, **link}
        own = {"context": mark.context} if self._github else {"name": mark.context}
        try:
            self._send("POST", f"statuses/{mark.sha}", {**about, **own})
        except Refused as error:
            # GitLab refuses a state that is there already, or that it does not let follow the one that is
            if self._github or error.status != 400:
                raise

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = self._send("GET", path)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise Later("the answer is not a list", where=self._host)
        return [item for item in found if isinstance(item, dict)]

    def _send(self, method: str, path: str, body: Any = None) -> Response:
        headers = {"Accept": "application/vnd.github+json"} if self._github else {}
        answer = self._ask(method, f"{self._root}/{path}", headers={**headers, **self._headers()}, body=body)
        return settled(answer, self._host, self._clock.now())

    def _state(self, word: str) -> State | None:
        """The state that a forge's word may stand for: of several the one that gives way soonest."""
        if word in ("created", "waiting_for_resource", "preparing", "scheduled", "manual"):
            return State.PENDING
        return next((state for state, said in self._words.items() if said == word), None)


class Marking:
    """Writes marks where they say something new. What a commit is marked with is read once, before the first mark."""

    def __init__(self, statuses: Statuses) -> None:
        self._statuses = statuses
        self._known: dict[str, dict[str, State]] = {}
        self._looked_back: set[str] = set()

    def mark(self, mark: Mark) -> None:
        known = self._of(mark.sha)
        before = known.get(mark.context)
        if before is None or (mark.state > before and self._statuses.word(mark.state) != self._statuses.word(before)):
            self._statuses.write(mark)
            known[mark.context] = mark.state
        if mark.context not in self._looked_back and mark.state is not State.SUPERSEDED:
            # a token that may do no more than mark does not get a second chance either
            with suppress(Refused):
                self._look_back(mark)
            self._looked_back.add(mark.context)

    def _look_back(self, mark: Mark) -> None:
        """An agent that was not there when a commit was overtaken left it pending: that is made good for, once."""
        for sha in self._statuses.earlier(mark.sha):
            if self._of(sha).get(mark.context, State.SUCCESS) < State.SUPERSEDED:
                self._statuses.write(superseded(sha, mark.context, mark.sha))
                self._known[sha][mark.context] = State.SUPERSEDED

    def _of(self, sha: str) -> dict[str, State]:
        if sha not in self._known:
            self._known[sha] = self._statuses.existing(sha)
            while len(self._known) > 100:
                del self._known[next(iter(self._known))]
        return self._known[sha]
