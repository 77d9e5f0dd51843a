"""From the login that settings name to what a git remote, or a forge's API, is shown each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.agent.http import Ask
from reconciler.agent.login.github_app import API, Installation
from reconciler.agent.login.secrets import read_secret
from reconciler.model.agent import Login
from reconciler.model.clock import Clock
from reconciler.model.errors import UsageError
from reconciler.source.credentials import Credentials, Password, SshKey
from reconciler.source.remote import remote

_WHERE: Final = "repository.login"
_APP_USER: Final = "x-access-token"
_ANY_USER: Final = "git"


def credentials_for(
    login: Login | None,
    url: str,
    ask: Ask,
    clock: Clock,
    environ: Mapping[str, str],
    session: Callable[[], Any],
) -> Callable[[], Credentials | None]:
    """What gives the credentials for fetching from ``url``, anew at each call; None: nobody need be shown anything.

    ``session`` makes a boto3 or botocore session, and is asked only for CodeCommit. Raises UsageError for a login that
    cannot be one; what is given raises AccessError, and errors with ``retry`` where a forge does not answer.
    """
    if login is None:
        return lambda: None
    if login.how == "ssh":
        if not login.secret.file:
            raise UsageError("the key for ssh must be in a file", where=_WHERE, hint="name it as login.secret.file")
        key = SshKey(login.secret.file, login.known_hosts)
        return lambda: key
    if login.how == "codecommit":
        return _codecommit(url, clock, session)
    user = login.user or (_APP_USER if login.how == "github-app" else _ANY_USER)
    token = token_for(login, ask, clock, environ, api=github_api(remote(url).host.lower()))
    return lambda: Password(user, token())


def token_for(login: Login, ask: Ask, clock: Clock, environ: Mapping[str, str], *, api: str = API) -> Callable[[], str]:
    """What gives a token of TOKEN or GITHUB_APP, anew at each call. ``api`` is the root of GitHub's API.

    Raises UsageError for a login that has no token.
    """
    if login.how == "token":
        return lambda: read_secret(login.secret, environ)
    if login.how == "github-app":
        for name, given in (("id", login.id), ("installation", login.installation)):
            if not given:
                raise UsageError(f"a GitHub App's login needs its {name}", where=_WHERE)
        return Installation(
            login.id, login.installation, lambda: read_secret(login.secret, environ), ask, clock, api
        ).token
    raise UsageError(f"a login by {login.how} has no token", where=_WHERE, hint="use token or github-app")


def github_api(host: str) -> str:
    """The root of the API that serves the repositories of a GitHub host."""
    if host in ("github.com", "www.github.com", "ssh.github.com"):
        return API
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"https://{host}/api/v3"


def _codecommit(url: str, clock: Clock, session: Callable[[], Any]) -> Callable[[], Credentials]:
    from reconciler.aws.codecommit import credentials, region_of

    region_of(url)
    made: list[Any] = []

    def given() -> Credentials:
        if not made:
            made.append(session())
        user, password = credentials(made[0], url, clock.now())
        return Password(user, password, secret_user=True)

    return given
