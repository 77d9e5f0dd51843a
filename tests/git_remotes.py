"""Git repositories to fetch from: in a folder, over smart HTTP on loopback, and over an ssh that stays on this machine."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ENV = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{what}@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@dataclass(frozen=True)
class Upstream:
    """A repository somebody pushes to."""

    root: Path

    def git(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env={**ENV, **more}, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, content: str = "a: 1\n", path: str = "apps/web/a.yaml", *options: str, **more: str) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "x", *options, **more)
        return self.git("rev-parse", "HEAD")


def upstream(root: Path) -> Upstream:
    root.mkdir(parents=True)
    made = Upstream(root)
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@dataclass
class Asked:
    """What came to an HTTP server."""

    authorizations: list[str | None] = field(default_factory=list)


@dataclass(frozen=True)
class Served:
    url: str
    asked: Asked


@contextmanager
def over_http(folder: Path, *, user: str = "", password: str = "", status: int = 0,
              location: str = "") -> Iterator[Served]:  # fmt: skip
    """Every repository below a folder, by git's own CGI. What is below ``/moved`` has moved up.

    With ``status`` each request gets just that.
    """
    asked = Asked()
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if password else None

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            asked.authorizations.append(given)
            if self.path.startswith("/moved/"):
                self.send_response(301)
                self.send_header("Location", self.path.removeprefix("/moved"))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif status:
                self.send_response(status)
                if location:
                    self.send_header("Location", location + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif expected is not None and given != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._cgi()

        do_POST = do_GET

        def _cgi(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            done = subprocess.run(
                ["git", "-c", "safe.directory=*", "http-backend"], input=body, capture_output=True, check=True,
                env={**ENV, "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
                     "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
                     "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                     "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                     "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")},
            )  # fmt: skip
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            lines = [line.partition(": ")[::2] for line in head.decode().splitlines()]
            found = next((value for name, value in lines if name == "Status"), "200")
            self.send_response(int(found.split()[0]))
            for name, value in lines:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


RECORDS = """#!{python}
import json, os, subprocess, sys
with open({log!r}, "a") as log:
    log.write(json.dumps({{"argv": sys.argv, "env": dict(os.environ)}}) + "\\n")
{then}
"""


def fake(bin: Path, name: str, log: Path, then: str) -> None:
    """A program for PATH that records its arguments and environment, then does something (Python)."""
    bin.mkdir(exist_ok=True)
    path = bin / name
    path.write_text(RECORDS.format(python=sys.executable, log=str(log), then=then))
    path.chmod(0o755)


def bare(source: Upstream, to: Path) -> Path:
    """A bare clone, as servers have it."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(source.root), str(to)], env=ENV, check=True)
    return to
