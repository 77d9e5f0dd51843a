"""Fetching over https and ssh: who is told what, what is refused, and that nothing of a secret shows."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from reconciler.model.agent import Repository
from reconciler.model.errors import SourceError
from reconciler.source import fetching
from reconciler.source.credentials import Password, SshKey
from reconciler.source.mirror import Mirror
from reconciler.source.remote import remote
from tests.git_remotes import Upstream, bare, fake, over_http, upstream

CANARY = "cAnArY-9f3b7/w+x%y=1"
USER = "deploy-bot"


@pytest.fixture
def source(tmp_path: Path) -> Upstream:
    made = upstream(tmp_path / "upstream")
    made.commit()
    return made


@pytest.fixture
def served(source, tmp_path):
    """A folder of repositories for a server, with one in it."""
    bare(source, tmp_path / "served/shop.git")
    return tmp_path / "served"


def mirror(tmp_path, url, who=None, **more) -> Mirror:
    return Mirror(tmp_path / "mirror", Repository(url, **more), lambda: who)


def failed(mirror: Mirror) -> SourceError:
    with pytest.raises(SourceError) as refused:
        mirror.fetch()
    error = refused.value
    for text in (str(error), repr(error), error.hint, str(error.__cause__), str(error.__context__)):
        assert CANARY not in text
    return error


def test_a_public_repository_is_fetched_without_saying_who_we_are(source, served, tmp_path):
    with over_http(served) as server:
        assert mirror(tmp_path, f"{server.url}/shop.git").fetch() == source.git("rev-parse", "HEAD")
    assert set(server.asked.authorizations) == {None}


@pytest.mark.parametrize("secret_user", [False, True], ids=["askpass", "helper"])
def test_a_private_one_is_told_who_we_are(source, served, tmp_path, secret_user):
    with over_http(served, user=USER, password=CANARY) as server:
        found = mirror(tmp_path, f"{server.url}/shop.git", Password(USER, CANARY, secret_user)).fetch()
    assert found == source.git("rev-parse", "HEAD")


@pytest.mark.parametrize("secret_user", [False, True], ids=["askpass", "helper"])
def test_a_wrong_token_is_refused_and_not_repeated(served, tmp_path, secret_user):
    with over_http(served, user=USER, password="another") as server:
        error = failed(mirror(tmp_path, f"{server.url}/shop.git", Password(USER, CANARY, secret_user)))
    assert error.where == f"{server.url}/shop.git"
    assert "the credentials are missing or refused" in error.message
    assert "repository.login" in error.hint
    assert not error.retry


def test_a_private_one_without_a_login_asks_nobody(served, tmp_path):
    with over_http(served, user=USER, password=CANARY) as server:
        assert "the credentials are missing or refused" in str(failed(mirror(tmp_path, f"{server.url}/shop.git")))


def test_the_hosts_name_counts_in_any_case(source, served, tmp_path):
    with over_http(served, user=USER, password=CANARY) as server:
        url = server.url.replace("http://127.0.0.1", "HTTP://LocalHost")
        assert mirror(tmp_path, f"{url}/shop.git", Password(USER, CANARY)).fetch() == source.git("rev-parse", "HEAD")


def test_a_repositorys_name_is_not_taken_for_what_is_wrong(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/Authentication failed SSL certificate problem".replace(" ", "%20")
        assert "no usable answer" in failed(mirror(tmp_path, url)).message


def test_each_fetch_asks_for_credentials_anew(source, served, tmp_path):
    given = iter([Password(USER, "stale"), Password(USER, CANARY)])
    with over_http(served, user=USER, password=CANARY) as server:
        it = Mirror(tmp_path / "mirror", Repository(f"{server.url}/shop.git"), lambda: next(given))
        failed(it)
        assert it.fetch() == source.git("rev-parse", "HEAD")


@pytest.mark.parametrize("secret_user", [False, True], ids=["askpass", "helper"])
def test_another_host_that_the_remote_names_is_not_told(served, tmp_path, secret_user):
    with (
        over_http(served, user=USER, password=CANARY) as thief,
        over_http(served, status=302, location=thief.url) as server,
    ):
        error = failed(mirror(tmp_path, f"{server.url}/shop.git", Password(USER, CANARY, secret_user)))
    assert thief.asked.authorizations
    assert set(thief.asked.authorizations) == {None}
    assert "credentials" in error.message


def test_a_redirect_within_the_host_is_followed(source, served, tmp_path):
    with over_http(served, user=USER, password=CANARY) as there:
        it = mirror(tmp_path, f"{there.url}/moved/shop.git", Password(USER, CANARY))
        assert it.fetch() == source.git("rev-parse", "HEAD")


def test_no_redirect_leads_to_a_file_or_another_protocol(served, tmp_path):
    with over_http(served, status=302, location=f"file://{served}") as server:
        failed(mirror(tmp_path, f"{server.url}/shop.git"))


def test_no_netrc_of_a_user_is_asked(served, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {CANARY}\n")
    with over_http(served, user=USER, password=CANARY) as server:
        failed(mirror(tmp_path, f"{server.url}/shop.git"))


@pytest.mark.parametrize(
    ("status", "said", "retry"),
    [
        (401, "the credentials are missing or refused", False),
        (403, "the credentials are missing or refused", False),
        (404, "there is no such repository", False),
        (429, "no usable answer", True),
        (500, "no usable answer", True),
        (503, "no usable answer", True),
    ],
)
def test_what_a_server_answers_is_told_with_what_to_do(served, tmp_path, status, said, retry):
    with over_http(served, status=status) as server:
        error = failed(mirror(tmp_path, f"{server.url}/shop.git", Password(USER, CANARY)))
    assert said in error.message
    assert error.hint
    assert error.retry is retry


def test_a_host_that_is_not_there_is_told(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = failed(mirror(tmp_path, f"http://127.0.0.1:{free.getsockname()[1]}/shop.git"))
    assert "no usable answer" in error.message
    assert error.retry


@pytest.fixture
def hanging():
    """A port that takes connections and never says a word; what came, and whether it was hung up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        came, gone = threading.Event(), threading.Event()

        def listen():
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                came.set()
                while connection.recv(1 << 16):
                    pass
            gone.set()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/shop.git", came, gone
        thread.join(10)


def test_a_remote_that_hangs_is_given_up_with_all_that_was_started_for_it(tmp_path, hanging):
    url, _, gone = hanging
    it = mirror(tmp_path, url, Password(USER, CANARY), timeout=0.05)  # ten times that, for a first fetch
    error = failed(it)
    assert "took more than 0.5 s" in error.message
    assert "repository.timeout" in error.hint
    assert error.retry
    assert gone.wait(10)  # git's helper, which holds the connection, is no more


def test_a_fetch_under_way_is_ended_when_the_agent_stops(tmp_path, hanging):
    url, came, gone = hanging
    it = mirror(tmp_path, url)
    errors = []

    def fetch():
        try:
            it.fetch()
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert came.wait(10)
    it.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert gone.wait(10)
    assert "was stopped" in str(errors[0])
    assert "was stopped" in str(failed(it))


SSH = """
words = [word for word in sys.argv[1:]]
command = words[-1]
os.execvp("sh", ["sh", "-c", command])
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """An ssh on PATH that stays on this machine; gives what it was run with."""
    log = tmp_path / "ssh.log"
    fake(tmp_path / "bin", "ssh", log, SSH)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return lambda: [json.loads(line) for line in log.read_text().splitlines()]


def options(argv):
    return [argv[at + 1] for at, word in enumerate(argv) if word == "-o"]


@pytest.mark.parametrize("form", ["ssh://git@git.example.com:2222{path}", "git@git.example.com:{path}"])
def test_ssh_goes_by_the_given_key_and_known_hosts_alone(source, tmp_path, ssh, form):
    key, known = tmp_path / "the key", tmp_path / "known 100% hosts"
    url = form.format(path=bare(source, tmp_path / "shop.git"))
    assert mirror(tmp_path, url, SshKey(str(key), str(known))).fetch() == source.git("rev-parse", "HEAD")
    [run] = ssh()
    argv = run["argv"]
    assert argv[argv.index("-F") + 1] == os.devnull
    assert "git@git.example.com" in argv
    assert ("2222" in argv) is form.startswith("ssh")
    said = options(argv)
    assert f'IdentityFile="{key}"' in said
    assert f'UserKnownHostsFile="{str(known).replace("%", "%%")}"' in said
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "IdentityAgent=none"):
        assert option in said


def test_the_real_ssh_reads_those_options_as_meant(tmp_path):
    real = shutil.which("ssh")
    if real is None:
        pytest.skip("there is no ssh")
    key, known = tmp_path / "the key 50%", tmp_path / "known 100% hosts"
    made = fetching.environment(remote("git@git.example.com:x"), fetching.Place(tmp_path), SshKey(str(key), str(known)), {})
    words = [real, *shlex.split(made["GIT_SSH_COMMAND"])[1:], "-G", "git.example.com"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    shown = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert shown["userknownhostsfile"].strip('"').replace("%%", "%") == str(known)
    assert shown["identityfile"].replace("%%", "%") == str(key)
    assert shown["stricthostkeychecking"] in ("true", "yes")
    assert shown["batchmode"] == "yes"
    assert shown["identitiesonly"] == "yes"


def test_without_a_login_ssh_goes_by_what_it_finds_but_asks_nobody(source, tmp_path, ssh, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    mirror(tmp_path, f"git@git.example.com:{source.root}").fetch()
    [run] = ssh()
    assert "-F" not in run["argv"]
    assert not any(option.startswith("IdentityFile") for option in options(run["argv"]))
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(options(run["argv"]))
    assert run["env"]["SSH_AUTH_SOCK"] == "/run/agent"


@pytest.mark.parametrize(
    ("said", "told", "retry"),
    [
        ("Host key verification failed.", "the host's key is not the known one", False),
        ("git@x: Permission denied (publickey).", "the host does not take the ssh key", False),
        ("WARNING: UNPROTECTED PRIVATE KEY FILE!", "may be read by others", False),
        ("ssh: Could not resolve hostname x: Name or service not known", "name is not known", True),
        ("ssh: connect to host x port 22: Connection refused", "no usable answer", True),
        ("ERROR: Repository not found.", "no such repository", False),
    ],
)
def test_what_ssh_complains_of_is_told_with_what_to_do(tmp_path, monkeypatch, said, told, retry):
    fake(tmp_path / "bin", "ssh", tmp_path / "log", f"sys.stderr.write({said!r} + chr(10)); sys.exit(255)")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    error = failed(mirror(tmp_path, "git@git.example.com:shop/deploy.git"))
    assert told in error.message
    assert error.hint
    assert error.retry is retry


def test_what_the_other_side_says_is_shown_without_control_characters_and_at_no_length(tmp_path, monkeypatch):
    said = "error: \x1b[2J\x07" + "x" * 5000
    fake(tmp_path / "bin", "ssh", tmp_path / "log", f"sys.stderr.write({said!r} + chr(10)); sys.exit(255)")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    text = str(failed(mirror(tmp_path, "git@git.example.com:shop/deploy.git")))
    assert not re.search(r"[\x00-\x1f]", text)
    assert len(text) < 500


@pytest.mark.parametrize("path", ['/a"b', "/a\\b", "/a$HOME", "/a\nb"])
def test_a_path_that_ssh_would_read_otherwise_is_refused(tmp_path, path):
    for who in (SshKey(path), SshKey("/k", path)):
        assert "ssh cannot be given" in str(failed(mirror(tmp_path, "git@host:x", who)))


@pytest.mark.parametrize(
    ("url", "who"),
    [
        ("git@host:x", Password(USER, CANARY)),
        ("https://host/x", SshKey("/k")),
        ("/srv/x", Password(USER, CANARY)),
        ("/srv/x", SshKey("/k")),
    ],
)
def test_a_login_that_does_not_fit_the_url_is_told(tmp_path, url, who):
    assert "the login does not fit" in str(failed(mirror(tmp_path, url, who)))


@pytest.mark.parametrize("who", [Password("", CANARY), Password(USER, ""), Password(USER, f"{CANARY}\nhost=x")])
def test_a_token_that_would_end_a_line_is_not_sent(tmp_path, who):
    assert "control character" in str(failed(mirror(tmp_path, "https://host.invalid/x", who)))


def test_credentials_do_not_show():
    for who in (Password(CANARY, CANARY), Password(USER, CANARY, secret_user=True)):
        assert CANARY not in repr(who) and USER not in repr(who)


@pytest.mark.parametrize(
    ("question", "code", "answer"),
    [
        ("Username for 'https://git.example.com:8443': ", 0, USER),
        ("Password for 'https://deploy-bot@git.example.com:8443': ", 0, CANARY),
        ("Username for 'https://git.example.com': ", 1, ""),
        ("Password for 'https://deploy-bot@git.example.com': ", 1, ""),
        ("Password for 'https://git.example.com:8443@evil.example.com': ", 1, ""),
        ("Password for 'https://deploy-bot@evil.example.com/git.example.com:8443': ", 1, ""),
        ("Enter passphrase for key '/k': ", 1, ""),
        ("", 1, ""),
    ],
)
def test_the_helper_answers_for_its_host_alone(tmp_path, question, code, answer):
    place = fetching.Place(tmp_path / "with space")
    place.prepare()
    env = fetching.environment(remote("https://git.example.com:8443/x"), place, Password(USER, CANARY), os.environ)
    done = subprocess.run([env["GIT_ASKPASS"], question], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout.rstrip("\n")) == (code, answer)


def test_a_helper_that_somebody_changed_is_written_anew(tmp_path):
    place = fetching.Place(tmp_path)
    place.prepare()
    place.helper.write_text("#!/bin/sh\n")
    place.settings.chmod(0o666)
    place.prepare()
    assert "RECONCILER_GIT_HOST" in place.helper.read_text()
    assert place.helper.stat().st_mode & 0o777 == 0o700
    assert place.settings.stat().st_mode & 0o777 == 0o600


WATCHING = """
import glob
for cmdline in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        words = open(cmdline, "rb").read().decode(errors="replace")
    except OSError:
        continue
    with open({seen!r}, "a") as seen:
        seen.write(words + "\\n")
os.execv({real!r}, [sys.argv[0], *sys.argv[1:]])
"""


@pytest.mark.parametrize("secret_user", [False, True], ids=["askpass", "helper"])
def test_no_process_has_a_secret_in_its_arguments_nor_does_the_mirror_hold_one(
    source, served, tmp_path, monkeypatch, secret_user
):
    """Each program that git starts is watched, and looks at all processes there are when it starts."""
    log, seen, bin = tmp_path / "log", tmp_path / "seen", tmp_path / "bin"
    for name in ("git", "sh", "cat"):
        fake(bin, name, log, WATCHING.format(seen=str(seen), real=shutil.which(name)))
    monkeypatch.setenv("PATH", f"{bin}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY + "aws")
    asked = tmp_path / "asked"
    recording = f"#!/bin/sh\nprintf '%s\\n' \"$@\" >>{asked}\n"
    monkeypatch.setattr(fetching, "_HELPER", fetching._HELPER.replace("#!/bin/sh\n", recording))
    user = CANARY[::-1] if secret_user else USER
    with over_http(served, user=user, password=CANARY) as server:
        it = mirror(tmp_path, f"{server.url}/shop.git", Password(user, CANARY, secret_user))
        assert it.fetch() == source.git("rev-parse", "HEAD")
    words = seen.read_text() + asked.read_text()
    assert "for 'http://" in words or "get" in asked.read_text().split()
    runs = [json.loads(line) for line in log.read_text().splitlines()]
    assert any("fetch" in run["argv"] for run in runs)
    hidden = ["cAnArY", *(["YrAnAc"] if secret_user else [])]  # in whatever spelling the rest may be
    for secret in hidden:
        assert secret not in words
        assert not any(secret in word for run in runs for word in run["argv"])
    assert "protocol.allow=never" in next(run["argv"] for run in runs if "fetch" in run["argv"])
    child = next(run["env"] for run in runs if "fetch" in run["argv"])
    assert "AWS_SECRET_ACCESS_KEY" not in child
    for path in (tmp_path / "mirror").rglob("*"):
        assert not path.is_file() or not any(secret.encode() in path.read_bytes() for secret in hidden)
