"""Who says something: sync, suspend, resume, approve, retry, rollback. Each is written down with who said it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from reconciler.agent.board import News
from reconciler.agent.desk import Desk
from reconciler.agent.server.answers import answer
from reconciler.agent.server.asking import there, within_reach
from reconciler.agent.server.bodies import body_of, members_of, text_of, wants_json
from reconciler.agent.server.documents import FORMAT_VERSION, apps_of
from reconciler.agent.server.doors import Who
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.refusals import Refused, of_error
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.record import Said
from reconciler.model.suggest import listing
from reconciler.report.durations import rfc3339

MOST_BYTES: Final = 64 << 10
_NAME, _WHY, _FOR, _MOST_NAMES = 256, 1000, 100, 1000
"""Characters of a name, of a reason, of for whom it is said; names at a time."""


@dataclass(frozen=True)
class Word:
    """What is said, of what. ``app`` is empty where all are meant; ``names`` are ``Kind/name``."""

    environment: str
    app: str = ""
    why: str = ""
    on_behalf: str = ""
    digest: str = ""
    to: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verb:
    """``members`` it has besides those of all verbs; ``says`` makes it so, and returns what the answer tells of it."""

    says: Callable[[Desk, Word, Said], dict[str, Any]]
    members: tuple[str, ...] = ()
    of_all: bool = False


def _sync(desk: Desk, word: Word, said: Said) -> dict[str, Any]:
    return {"head": desk.sync(word.environment, word.app or None, said)}


def _suspend(desk: Desk, word: Word, said: Said) -> dict[str, Any]:
    return {"before": _said(desk.suspend(word.environment, word.app, said))}


def _resume(desk: Desk, word: Word, said: Said) -> dict[str, Any]:
    return {"before": _said(desk.resume(word.environment, word.app, said))}


def _approve(desk: Desk, word: Word, said: Said) -> dict[str, Any]:
    return {"digest": desk.approve(word.environment, word.app, word.digest, said)}


def _retry(desk: Desk, word: Word, said: Said) -> dict[str, Any]:
    released = desk.retry(word.environment, word.app, word.names, said)
    return {"released": [{"key": str(it.key), "what": it.what} for it in released]}


def _rollback(desk: Desk, word: Word, said: Said) -> dict[str, Any]:
    return {"services": desk.rollback(word.environment, word.app, word.to or None, said)}


VERBS: Final[Mapping[str, Verb]] = {
    "sync": Verb(_sync, of_all=True),
    "suspend": Verb(_suspend),
    "resume": Verb(_resume),
    "approve": Verb(_approve, ("digest",)),
    "retry": Verb(_retry, ("names",)),
    "rollback": Verb(_rollback, ("to",)),
}


async def say(name: str, handed: Handed, request: Request) -> Response:
    """200 with what came of it. Raises Refused, 401 and 403 among others. Either way it is told who said what."""
    who = handed.doors.known(request)
    if who.may != "write":
        refused = Refused(403, "read-only", f"the token {who.name} may only read", "use one that may write")
        _tell(handed, name, Word(""), Said(who.name, handed.clock.now()), refused)
        raise refused
    handed.still_here()
    wants_json(request)
    verb = VERBS[name]
    body = await body_of(request, MOST_BYTES)
    word = _word(handed, who, verb, members_of(body, ("environment", "app", "why", "for", *verb.members)))
    said = Said(f"{who.name} for {word.on_behalf}" if word.on_behalf else who.name, handed.clock.now(), word.why)
    try:
        _may(handed, who, word)
        found = await handed.saying.do(lambda: verb.says(handed.desk, word, said))
    except ReconcilerError as error:
        refused = _refused(handed, name, word, error)
        _tell(handed, name, word, said, refused)
        raise refused from None
    except Refused as refused:
        _tell(handed, name, word, said, refused)
        raise
    except BaseException:
        _tell(handed, name, word, said, Refused(500, "bug", "it is not known what came of it"))
        raise
    _tell(handed, name, word, said)
    whole = {"formatVersion": FORMAT_VERSION, "verb": name, "environment": word.environment, "app": word.app or None}
    return answer({**whole, "said": _said(said), **found})


def _word(handed: Handed, who: Who, verb: Verb, members: Mapping[str, Any]) -> Word:
    members = dict(members)
    environment = text_of(members, "environment", _NAME) or _only(handed, who)
    word = Word(
        environment,
        text_of(members, "app", _NAME),
        text_of(members, "why", _WHY),
        text_of(members, "for", _FOR),
        text_of(members, "digest", _NAME),
        text_of(members, "to", 2048),
        _names(members.get("names")),
    )
    if not word.app and not verb.of_all:
        raise Refused(400, "which-app", "which app? It has to be said", "say app")
    if "digest" in verb.members and not word.digest:
        raise Refused(400, "which-plan", "which plan? Its digest has to be said", "see planDigests of /api/v1/plan")
    return word


def _names(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_NAMES or not all(isinstance(name, str) for name in given):
        raise Refused(400, "wrong-type", f"names has to be a list of at most {_MOST_NAMES} texts: Kind/name")
    return tuple(text_of({"names": name}, "names", _NAME) for name in given)


def _only(handed: Handed, who: Who) -> str:
    """The one environment that can be meant. Raises Refused."""
    seen = [name for name in sorted(handed.board.looks()) if who.about_some(name)]
    if len(seen) == 1:
        return seen[0]
    if not seen:
        raise Refused(404, "no-environment", "the agent has no environment that this token is for")
    raise Refused(400, "which-environment", f"which environment? There are {listing(seen)}", "say environment")


def _may(handed: Handed, who: Who, word: Word) -> None:
    """Raises Refused: 403 for what the token does not reach, 404 for what is not there."""
    within_reach(who, word.environment, {word.app} if word.app else ())
    if not word.app and not who.about_all(word.environment):
        raise Refused(403, "out-of-reach", f"the token {who.name} is not for every app of it", "say which app")
    there(handed, who, word.environment, ())


def _refused(handed: Handed, name: str, word: Word, error: ReconcilerError) -> Refused:
    """What cannot be said of an app that the agent knows is said wrongly; of another one, it is not there."""
    found = of_error(error)
    if not isinstance(error, UsageError):
        return found
    look = handed.board.looks().get(word.environment)
    if look is None or (word.app and word.app not in apps_of(look)):
        found.status, found.code = 404, "unknown-app" if look else "unknown-environment"
    elif name == "approve":
        found.status, found.code = 409, "another-plan"
    return found


def _tell(handed: Handed, name: str, word: Word, said: Said, refused: Refused | None = None) -> None:
    """The audit event: who said what of what, and whether it was heard."""
    detail = " ".join(part for part in (name, word.digest[:12], word.to, *word.names[:5]) if part)
    why = f": {said.why}" if said.why else ""
    ended = f", refused: {refused.message}" if refused else ""
    handed.board.tell(
        News(
            "audit",
            word.environment,
            said.at,
            word.app,
            f"{detail}{why}{ended}",
            said.by,
            severity="error" if refused else "info",
        )
    )
    handed.board.count("reconciler_words_total", verb=name, result=refused.code if refused else "done")


def _said(said: Said | None) -> dict[str, Any] | None:
    return {"by": said.by, "at": rfc3339(said.at), "why": said.why} if said else None
