"""A plan on its pull request: which one that is, whose comment is ours, and what a forge may answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.agent.http import NoAnswer, Response, Unaskable
from reconciler.cli.posting import TRIES, folder_of, limit, post
from reconciler.cli.pull_request import pull_request
from reconciler.model.errors import AccessError, ReconcilerError, UsageError
from reconciler.report.plan_markdown import marker
from tests.agent.tell.receivers import FakeAsk, HandClock, answer

SECRET = "hunter2-swordfish"
ACTIONS = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/deploy", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_TOKEN": SECRET}
MERGE = {"GITLAB_CI": "true", "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": SECRET, "CI_API_V4_URL": "https://git.example/api/v4"}
CIRCLE = {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": "https://github.com/acme/deploy/pull/7", "GITHUB_TOKEN": SECRET}
GITHUB = "https://api.github.com/repos/acme/deploy/issues"
GITLAB = "https://git.example/api/v4/projects/42/merge_requests/7/notes"
FIRST = marker("staging")
BODY = f"{FIRST}\n### Plan\n\nbody\n"
BOT = {"id": 41898282, "type": "Bot", "login": "github-actions[bot]"}


@pytest.mark.parametrize(("environ", "comments"), [
    (ACTIONS, f"{GITHUB}/7/comments"),
    ({**ACTIONS, "GITHUB_API_URL": "https://ghe.example/api/v3/"}, "https://ghe.example/api/v3/repos/acme/deploy/issues/7/comments"),
    (MERGE, GITLAB),
    ({**MERGE, "CI_MERGE_REQUEST_PROJECT_ID": "9"}, "https://git.example/api/v4/projects/9/merge_requests/7/notes"),
    (CIRCLE, f"{GITHUB}/7/comments"),
    ({**CIRCLE, "CIRCLE_PULL_REQUEST": "https://ghe.example/acme/deploy/pull/7"}, "https://ghe.example/api/v3/repos/acme/deploy/issues/7/comments"),
])  # fmt: skip
def test_which_pull_request_it_is(environ, comments):
    found = pull_request(environ)
    assert found.comments == comments
    assert SECRET not in repr(found)


@pytest.mark.parametrize("event", [
    {"pull_request": {"number": 9}}, {"issue": {"number": 9, "pull_request": {}}, "number": 3},
])  # fmt: skip
def test_where_the_ref_is_a_branchs_the_event_says_which(tmp_path, event):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    found = pull_request({**ACTIONS, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(path)})
    assert found.comments == f"{GITHUB}/9/comments"


@pytest.mark.parametrize("environ", [
    {}, {"GITHUB_TOKEN": SECRET},
    {**ACTIONS, "GITHUB_REF": "refs/heads/main"}, {**ACTIONS, "GITHUB_REF": "refs/pull/x/merge"},
    {**ACTIONS, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": "/nowhere/event.json"},
    {**ACTIONS, "GITHUB_REPOSITORY": "acme"}, {**ACTIONS, "GITHUB_API_URL": "ftp://x"},
    {name: value for name, value in MERGE.items() if name != "CI_MERGE_REQUEST_IID"}, {**MERGE, "CI_MERGE_REQUEST_IID": "²"},
    {**CIRCLE, "CIRCLE_PULL_REQUEST": ""}, {**CIRCLE, "CIRCLE_PULL_REQUEST": "https://bitbucket.org/acme/deploy/pull-requests/7"},
])  # fmt: skip
def test_what_is_no_job_of_a_pull_request_is_said(environ):
    with pytest.raises(UsageError) as caught:
        pull_request(environ)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("text", ["not json", "[]", '{"issue": {"number": 4}}', '{"pull_request": {"number": "4"}}', '{"pull_request": 4}'])
def test_an_event_that_is_no_pull_requests_is_none(tmp_path, text):
    path = tmp_path / "event.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        pull_request({**ACTIONS, "GITHUB_REF": "", "GITHUB_EVENT_PATH": str(path)})


@pytest.mark.parametrize(("environ", "hint"), [
    ({**ACTIONS, "GITHUB_TOKEN": ""}, "pull-requests: write"),
    ({**MERGE, "GITLAB_TOKEN": "", "CI_JOB_TOKEN": "x"}, "CI_JOB_TOKEN cannot write notes"),
])  # fmt: skip
def test_without_a_token_it_is_a_matter_of_access(environ, hint):
    with pytest.raises(AccessError) as caught:
        pull_request(environ)
    assert hint in caught.value.hint


def comment(id, body=BODY, user=BOT, **more):
    return {"id": id, "body": body, "user": user, "author": user, "html_url": f"https://github.com/acme/deploy/pull/7#{id}", **more}


def posting(environ=ACTIONS, comments=(), me=None, **answers):
    """What was asked by posting the body: ``comments`` are there already, ``me`` is who the token says it is."""
    to = pull_request(environ)
    written = comment(99)
    ask = FakeAsk({
        f"GET {to.comments}": answer(200, list(comments)),
        f"GET {to.user}": answer(200, me) if me else answer(403, {"message": "Resource not accessible by integration"}),
        "POST": answer(201, written), "PATCH": answer(200, written), "PUT": answer(200, written),
    })  # fmt: skip
    ask.answers |= answers
    ask.said = post(to, BODY, ask, HandClock())
    return ask


def written(ask):
    return [(it.method, it.url) for it in ask.asked if it.method != "GET"]


def test_the_first_comment_is_made():
    ask = posting()
    assert written(ask) == [("POST", f"{GITHUB}/7/comments")]
    [made] = ask.made("POST")
    assert made.json == {"body": BODY}
    assert made.headers["Authorization"] == f"Bearer {SECRET}"
    assert ask.said == "the plan is a comment on acme/deploy#7: https://github.com/acme/deploy/pull/7#99"


def test_our_own_comment_is_written_anew_in_its_place():
    ask = posting(comments=[comment(1, "hello"), comment(2, f"{FIRST}\nolder"), comment(3, f"{FIRST}\nolder still")])
    assert written(ask) == [("PATCH", f"{GITHUB}/comments/2")]


def test_a_comment_that_says_so_already_is_left_alone():
    ask = posting(comments=[comment(2, BODY.replace("\n", "\r\n").strip())])
    assert written(ask) == []
    assert "says so already" in ask.said


def test_gitlabs_notes():
    mine = {"id": 5}
    older = comment(2, f"{FIRST}\nolder", user=mine)
    ask = posting(MERGE, [comment(1, f"{FIRST}\nolder", user={"id": 6}), older], me=mine)
    assert written(ask) == [("PUT", f"{GITLAB}/2")]
    assert ask.asked[0].headers["PRIVATE-TOKEN"] == SECRET
    assert ask.asked[0].url == f"{GITLAB}?per_page=20&page=1&sort=asc&order_by=created_at"
    assert written(posting(MERGE)) == [("POST", GITLAB)]


@pytest.mark.parametrize(("foreign", "me"), [
    (comment(2, f"{FIRST}\nx", user={"id": 7, "type": "User"}), None),
    (comment(2, f"{FIRST}\nx", user={"id": 7, "type": "User"}), {"id": 5}),
    (comment(2, f"{FIRST}\nx", user=BOT), {"id": 5}),
    (comment(2, f"{FIRST}\nx", user=None), None),
    (comment(2, f"look: {FIRST}\nx"), None),
    (comment(2, f"{FIRST} \nx"), None),
    (comment(2, None), None),
    (comment(2, f"{marker('production')}\nx"), None),
    (comment(2, f"{marker('staging', folder='shop')}\nx"), None),
    (comment(2, f"{marker('staging', installation='blue')}\nx"), None),
    (comment(2, f"{marker('staging', apps=['shop'])}\nx"), None),
    ("odd", None), ({"body": f"{FIRST}\nx", "user": BOT}, None),
])  # fmt: skip
def test_what_is_not_ours_is_left_alone(foreign, me):
    assert written(posting(comments=[foreign], me=me)) == [("POST", f"{GITHUB}/7/comments")]


def test_a_person_with_a_token_of_their_own_finds_their_comment():
    mine = {"id": 5, "type": "User"}
    assert written(posting(CIRCLE, [comment(2, f"{FIRST}\nx", user=mine)], me=mine)) == [("PATCH", f"{GITHUB}/comments/2")]


def test_ours_is_found_on_a_later_page():
    def page(request):
        number = int(request.url.partition("&page=")[2])
        return answer(200, [comment(number * 100 + i, "chat") for i in range(20)] if number < 3 else [comment(7, f"{FIRST}\nx")])

    ask = posting(**{f"GET {GITHUB}/7/comments": page})
    assert written(ask) == [("PATCH", f"{GITHUB}/comments/7")]
    assert len(ask.made("GET")) == 4


def test_a_comment_that_was_deleted_meanwhile_is_made_again():
    ask = posting(comments=[comment(2, f"{FIRST}\nx")], PATCH=answer(404, {}))
    assert [method for method, _ in written(ask)] == ["PATCH", "POST"]


@pytest.mark.parametrize("first", [NoAnswer("no"), answer(502), answer(429), answer(403, {}, x_ratelimit_remaining="0"), Response(200, {}, b"<html>")])
def test_what_may_go_well_later_is_asked_for_again(first):
    ask = posting(**{f"GET {GITHUB}/7/comments": [first, answer(200, [])]})
    assert written(ask) == [("POST", f"{GITHUB}/7/comments")]


def test_a_comment_whose_making_got_no_answer_is_looked_for_before_it_is_made_again():
    found = [answer(200, []), answer(200, [comment(99)])]
    ask = posting(POST=NoAnswer("no"), **{f"GET {GITHUB}/7/comments": found})
    assert [method for method, _ in written(ask)] == ["POST"]
    assert "says so already" in ask.said


def test_a_forge_that_does_not_answer_is_given_up():
    clock, ask = HandClock(), FakeAsk({"GET": NoAnswer("no answer", where="api.github.com")})
    with pytest.raises(NoAnswer):
        post(pull_request(ACTIONS), BODY, ask, clock)
    assert (len(ask.asked), clock.passed) == (TRIES, 14)
    with pytest.raises(Unaskable):
        post(pull_request(ACTIONS), BODY, ask := FakeAsk({"GET": Unaskable("certificate")}), clock)
    assert len(ask.asked) == 1


@pytest.mark.parametrize(("status", "error"), [(401, AccessError), (403, AccessError), (404, AccessError), (422, ReconcilerError), (302, ReconcilerError)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_a_forge_refuses_is_told_with_its_own_words_and_no_token(status, error, method):
    key = f"GET {GITHUB}/7/comments" if method == "GET" else method
    with pytest.raises(error) as caught:
        posting(**{key: answer(status, {"message": f"not \x1b[31mthis token={SECRET}"})})
    assert caught.value.message.startswith(f"acme/deploy#7: answered {status}: not ")
    assert SECRET not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "pull-requests: write" in caught.value.hint or error is ReconcilerError


def test_each_forge_takes_as_much_as_it_takes():
    assert (limit(pull_request(ACTIONS)), limit(pull_request(MERGE))) == (65_536, 1_000_000)


def test_the_folder_is_that_within_git(tmp_path):
    inside = tmp_path / "work" / "deploy" / "ecs"
    inside.mkdir(parents=True)
    assert folder_of(inside) == ""
    (tmp_path / "work" / ".git").mkdir()
    assert (folder_of(inside), folder_of(tmp_path / "work")) == ("deploy/ecs", "")
    assert folder_of(Path(inside / ".." / "ecs")) == "deploy/ecs"
