"""Which pull request a CI job runs for, and who may comment on it: told by the variables of its process."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from reconciler.model.errors import AccessError, UsageError

_WHERE: Final = "--post"
_NOT_ONE: Final = "this is not the job of a pull request"
_EVENT_BYTES: Final = 32 << 20


@dataclass(frozen=True)
class PullRequest:
    """``comments`` is the URL that lists them and takes new ones, ``comment`` that of one, but for its id.

    ``user`` is the URL that says whose the token is. ``headers`` hold the token.
    """

    forge: Literal["github", "gitlab"]
    name: str
    comments: str
    comment: str
    user: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.comments).hostname or "the forge"


def pull_request(environ: Mapping[str, str]) -> PullRequest:
    """That of GitHub Actions, GitLab CI or CircleCI. UsageError where there is none, AccessError without token."""
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    if environ.get("GITHUB_REPOSITORY"):
        return _github(environ, environ["GITHUB_REPOSITORY"], _number(environ))
    if environ.get("CIRCLECI"):
        return _circle(environ)
    raise UsageError(
        "this is no CI job that is known",
        where=_WHERE,
        hint="GitHub Actions, GitLab CI and CircleCI say by their variables which pull request it is",
    )


def _github(environ: Mapping[str, str], repository: str, number: str, api: str = "") -> PullRequest:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError(f"{repository!r} is not owner/name", where="GITHUB_REPOSITORY")
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise AccessError(
            "GITHUB_TOKEN is not set",
            where=_WHERE,
            hint="env: {GITHUB_TOKEN: ${{ github.token }}}, and permissions: {pull-requests: write}",
        )
    api = _api(api or environ.get("GITHUB_API_URL") or "https://api.github.com", "GITHUB_API_URL")
    root = f"{api}/repos/{repository}/issues"
    return PullRequest(
        "github",
        f"{repository}#{number}",
        f"{root}/{number}/comments",
        f"{root}/comments",
        f"{api}/user",
        {"Authorization": f"Bearer {token.strip()}", "Accept": "application/vnd.github+json"},
    )


def _gitlab(environ: Mapping[str, str]) -> PullRequest:
    number = environ.get("CI_MERGE_REQUEST_IID", "")
    project = environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", "")
    if not number.isascii() or not number.isdigit() or not project:
        hint = "rules: [{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}]"
        raise UsageError("this is not the job of a merge request", where=_WHERE, hint=hint)
    token = environ.get("GITLAB_TOKEN")
    if not token:
        hint = "CI_JOB_TOKEN cannot write notes: a project access token with the scope api can"
        raise AccessError("GITLAB_TOKEN is not set", where=_WHERE, hint=hint)
    api = _api(environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4", "CI_API_V4_URL")
    notes = f"{api}/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
    name = f"{environ.get('CI_MERGE_REQUEST_PROJECT_PATH') or project}!{number}"
    return PullRequest("gitlab", name, notes, notes, f"{api}/user", {"PRIVATE-TOKEN": token.strip()})


def _circle(environ: Mapping[str, str]) -> PullRequest:
    """CircleCI names the pull request by its page."""
    found = re.fullmatch(r"https://([\w.-]+)/([\w.-]+/[\w.-]+)/pull/(\d+)/?", environ.get("CIRCLE_PULL_REQUEST", ""))
    if found is None:
        hint = "CIRCLE_PULL_REQUEST is set once there is one; only those of GitHub can be commented on from here"
        raise UsageError(_NOT_ONE, where=_WHERE, hint=hint)
    host, repository, number = found.groups()
    api = environ.get("GITHUB_API_URL") or (
        "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"
    )
    return _github(environ, repository, number, api)


def _number(environ: Mapping[str, str]) -> str:
    """The pull request's number by the ref, or by the event where the ref is a branch's (pull_request_target)."""
    if found := re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", environ.get("GITHUB_REF", "")):
        return found[1]
    event = _event(environ.get("GITHUB_EVENT_PATH", ""))
    issue = event.get("issue")
    for item in (event.get("pull_request"), issue if isinstance(issue, dict) and "pull_request" in issue else None):
        if isinstance(item, dict) and isinstance(item.get("number"), int):
            return str(item["number"])
    raise UsageError(_NOT_ONE, where=_WHERE, hint="on: pull_request makes one; leave --post out of other events")


def _event(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            found = json.loads(file.read(_EVENT_BYTES))
    except (OSError, ValueError):
        raise UsageError("the event cannot be read", where="GITHUB_EVENT_PATH") from None
    return found if isinstance(found, dict) else {}


def _api(url: str, variable: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("this is no address of an API", where=variable, hint="it begins with https://")
    return url.rstrip("/")
