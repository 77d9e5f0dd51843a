"""GitHub and GitLab: what is there is read before anything is written, and only what is new is."""

from __future__ import annotations

import pytest

from reconciler.agent.http import NoAnswer, Response
from reconciler.agent.tell.answers import Later, Refused
from reconciler.agent.tell.forges import Marking, Statuses
from reconciler.agent.tell.statuses import Mark, State
from reconciler.model.agent import Forge, Login
from tests.agent.tell.looks import ONE, THREE, TWO
from tests.agent.tell.receivers import FakeAsk, HandClock, answer

ENV = "reconciler/staging"
GITHUB = Forge("github", "acme/deploy", "https://api.github.com/", Login("token"))
GITLAB = Forge("gitlab", "acme/sub/deploy", "https://gitlab.com/api/v4", Login("token"))
ON_GITHUB = "https://api.github.com/repos/acme/deploy"
ON_GITLAB = "https://gitlab.com/api/v4/projects/acme%2Fsub%2Fdeploy"


def mark(state=State.SUCCESS, sha=ONE, context=ENV):
    return Mark(sha, context, state, "12 resources are Ready")


def forge(which=GITHUB, **answers):
    """A forge that knows of no mark and of no earlier commit."""
    root, of = (ON_GITHUB, "commits") if which is GITHUB else (ON_GITLAB, "repository/commits")
    ask = FakeAsk({f"GET {root}/{of}/": answer(200, []), "POST": answer(201, {}), f"GET {root}/{of}?": answer(200, [])})
    ask.answers |= answers.pop("answers", {})
    ask.commits = f"GET {root}/{of}"
    headers = {"Authorization": "Bearer hunter2"} if which is GITHUB else {"PRIVATE-TOKEN": "hunter2"}
    return ask, Marking(Statuses(which, ask, lambda: headers, HandClock(), "https://reconciler.example.com"))


def there(ask, sha, *found, gitlab=False):
    """Mark a commit beforehand: (context, word), the newest first."""
    names = ("name", "status") if gitlab else ("context", "state")
    items = [{names[0]: context, names[1]: word, "id": 100 - number} for number, (context, word) in enumerate(found)]
    ask.answers[f"{ask.commits}/{sha}/statuses"] = answer(200, items)


def posted(ask):
    return [(it.url, it.json) for it in ask.made("POST")]


def test_a_mark_on_github():
    ask, marking = forge()
    marking.mark(mark())
    assert posted(ask) == [
        (
            f"{ON_GITHUB}/statuses/{ONE}",
            {
                "state": "success",
                "description": "12 resources are Ready",
                "target_url": "https://reconciler.example.com",
                "context": ENV,
            },
        )
    ]
    assert all(it.headers["Authorization"] == "Bearer hunter2" for it in ask.asked)
    assert ask.asked[0].url == f"{ON_GITHUB}/commits/{ONE}/statuses?per_page=100"
    assert ask.asked[0].headers["Accept"] == "application/vnd.github+json"


def test_a_mark_on_gitlab():
    ask, marking = forge(GITLAB)
    marking.mark(mark())
    [(url, body)] = posted(ask)
    assert url == f"{ON_GITLAB}/statuses/{ONE}"
    assert (body["state"], body["name"], "context" in body) == ("success", ENV, False)
    assert ask.asked[0].url == f"{ON_GITLAB}/repository/commits/{ONE}/statuses?per_page=100"
    assert ask.asked[0].headers["PRIVATE-TOKEN"] == "hunter2"


@pytest.mark.parametrize(("which", "words"), [
    (GITHUB, ["pending", "pending", "error", "error", "failure", "success"]),
    (GITLAB, ["pending", "running", "canceled", "failed", "failed", "success"]),
])  # fmt: skip
def test_the_words_of_a_forge(which, words):
    for state, word in zip(State, words, strict=True):
        ask, marking = forge(which)
        marking.mark(mark(state))
        assert posted(ask)[0][1]["state"] == word


def test_what_is_there_already_is_not_written_again_after_a_restart():
    ask, marking = forge()
    there(ask, ONE, ("other", "failure"), (ENV, "success"), (ENV, "pending"))
    marking.mark(mark())
    assert posted(ask) == []


def test_of_several_statuses_the_newest_counts_in_whatever_order_they_come():
    ask, marking = forge()
    ask.answers[f"{ask.commits}/{ONE}/statuses"] = answer(
        200, [{"context": ENV, "state": "pending", "id": 1}, {"context": ENV, "state": "success", "id": 2}]
    )
    marking.mark(mark())
    assert posted(ask) == []


@pytest.mark.parametrize(("before", "state", "written"), [
    ("pending", State.PENDING, False), ("pending", State.RUNNING, False), ("pending", State.SUCCESS, True),
    ("failure", State.RUNNING, False), ("failure", State.SUCCESS, True), ("success", State.FAILURE, False),
    ("error", State.FAILURE, True), ("error", State.ERROR, False), ("success", State.SUPERSEDED, False),
])  # fmt: skip
def test_a_commit_is_only_marked_with_what_is_known_better(before, state, written):
    ask, marking = forge()
    there(ask, ONE, (ENV, before))
    marking.mark(mark(state))
    assert bool(posted(ask)) is written


def test_a_commit_is_read_once_and_each_state_written_once():
    ask, marking = forge()
    for state in (State.PENDING, State.RUNNING, State.RUNNING, State.SUCCESS, State.SUCCESS):
        marking.mark(mark(state))
    assert [body["state"] for _, body in posted(ask)] == ["pending", "success"]
    assert sum(f"/{ONE}/statuses" in it.url for it in ask.made("GET")) == 1


@pytest.mark.parametrize(("which", "word"), [(GITHUB, "error"), (GITLAB, "canceled")])
def test_what_an_earlier_life_left_pending_is_marked_as_overtaken_once(which, word):
    ask, marking = forge(which)
    key = "sha" if which is GITHUB else "id"
    ask.answers[f"{ask.commits}?"] = answer(200, [{key: THREE}, {key: TWO}, {key: ONE}])
    there(ask, TWO, (ENV, "pending"), ("ci/tests", "pending"), gitlab=which is GITLAB)
    there(ask, ONE, (ENV, "success"), gitlab=which is GITLAB)
    for state in (State.RUNNING, State.SUCCESS):
        marking.mark(mark(state, THREE))
    written = {(url[-40], body.get("context") or body.get("name"), body["state"]) for url, body in posted(ask)}
    assert ("2", ENV, word) in written
    assert not any(sha == "1" or context != ENV for sha, context, _ in written)
    assert sum(it.url.endswith("per_page=11") for it in ask.made("GET")) == 1


def test_a_token_that_may_only_mark_marks():
    ask, marking = forge()
    ask.answers[f"{ask.commits}?"] = answer(403)
    marking.mark(mark(State.PENDING))
    marking.mark(mark())
    assert [body["state"] for _, body in posted(ask)] == ["pending", "success"]


@pytest.mark.parametrize(("status", "error"), [(401, Refused), (404, Refused), (422, Refused), (502, Later)])
def test_what_a_forge_refuses_is_told_by_its_host(status, error):
    _ask, marking = forge(answers={"POST": answer(status, {"message": "hunter2"})})
    with pytest.raises(error) as caught:
        marking.mark(mark())
    assert str(caught.value) == f"api.github.com: answered {status}"


def test_a_write_that_got_no_answer_is_made_again_and_one_that_did_is_not():
    ask, marking = forge(answers={"POST": [NoAnswer("no"), answer(201, {})]})
    with pytest.raises(NoAnswer):
        marking.mark(mark())
    marking.mark(mark())
    marking.mark(mark())
    assert len(posted(ask)) == 2


def test_gitlab_refuses_a_state_that_is_there_and_that_is_no_failure():
    ask, marking = forge(GITLAB, answers={"POST": answer(400, {"message": "Cannot transition status via :run from :running"})})
    marking.mark(mark(State.RUNNING))
    assert len(posted(ask)) == 1
    ask, marking = forge(answers={"POST": answer(400)})
    with pytest.raises(Refused):
        marking.mark(mark())


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"null", b"\xff"])
def test_an_answer_that_is_no_list_is_asked_for_again_later(body):
    ask, marking = forge()
    ask.answers[f"{ask.commits}/{ONE}/statuses"] = Response(200, {}, body)
    with pytest.raises(Later):
        marking.mark(mark())
    assert posted(ask) == []


def test_items_that_are_none_are_passed_over():
    ask, marking = forge()
    ask.answers[f"{ask.commits}/{ONE}/statuses"] = answer(200, [None, {}, {"context": None, "state": 3}, {"context": ENV, "state": "odd", "id": 1}])
    marking.mark(mark())
    assert len(posted(ask)) == 1


def test_who_asks_is_said_anew_each_time():
    tokens = iter(["one", "two", "three", "four"])
    ask = FakeAsk({"GET": answer(200, []), "POST": answer(201, {})})
    marking = Marking(Statuses(GITHUB, ask, lambda: {"Authorization": next(tokens)}, HandClock()))
    marking.mark(mark())
    assert [it.headers["Authorization"] for it in ask.asked] == ["one", "two", "three"]
