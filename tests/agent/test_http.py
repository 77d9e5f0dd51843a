"""The way out over HTTP, against servers on this machine: one request, one answer, and errors that give nothing away."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from reconciler.agent import http
from reconciler.agent.http import NoAnswer, Unaskable, ask

SECRET = "T0ken-hunter2-swordfish"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.heard.append((self.command, self.path, dict(self.headers), body))
        status, headers, text = self.server.say(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = answer

    def do_CONNECT(self):
        self.server.heard.append(("CONNECT", self.path, dict(self.headers), b""))
        self.send_error(502)


@contextlib.contextmanager
def serving(say=lambda path: (200, {}, b"{}"), context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.heard, server.say, server.daemon_threads = [], say, True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def talking(talk):
    """A server of raw bytes: ``talk(connection)`` for each one that comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        talk(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def url(server, path="/x"):
    return f"http://127.0.0.1:{server.server_port}{path}"


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    yield
    for pool in [http._pool(it) for it in ("",)]:
        pool.clear()
    http._pool.cache_clear()


def test_what_is_sent_and_what_is_answered():
    with serving(lambda path: (201, {"X-Kind": "Own"}, b'{"id": 1}')) as server:
        answer = ask("POST", url(server), headers={"X-Mine": "1"}, body={"name": "é"})
    assert (answer.status, answer.json(), answer.headers["x-kind"]) == (201, {"id": 1}, "Own")
    [(method, path, headers, body)] = server.heard
    assert (method, path, json.loads(body)) == ("POST", "/x", {"name": "é"})
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "ecs-reconciler"
    assert headers["X-Mine"] == "1"


def test_bytes_are_sent_as_they_are():
    with serving() as server:
        ask("POST", url(server), headers={"Content-Type": "text/plain"}, body=b"\x00raw")
    assert server.heard[0][3] == b"\x00raw"
    assert server.heard[0][2]["Content-Type"] == "text/plain"


@pytest.mark.parametrize("status", [204, 304, 404, 429, 500, 503])
def test_any_answer_is_an_answer_and_is_asked_for_once(status):
    with serving(lambda path: (status, {"Retry-After": "7"}, b"")) as server:
        answer = ask("GET", url(server))
    assert (answer.status, answer.headers["retry-after"], answer.body) == (status, "7", b"")
    assert len(server.heard) == 1


def test_a_redirect_is_not_followed():
    with serving() as other, serving(lambda path: (302, {"Location": url(other)}, b"")) as server:
        answer = ask("GET", url(server), headers={"Authorization": SECRET})
        assert answer.status == 302
    assert other.heard == []


def test_a_server_that_hangs_up_is_no_answer_and_nothing_of_the_request_is_told():
    with talking(lambda connection: connection.recv(65536)) as port, pytest.raises(NoAnswer) as caught:
        ask("POST", f"http://127.0.0.1:{port}/{SECRET}?t={SECRET}", headers={"X": SECRET}, body={"x": SECRET})
    error = caught.value
    assert (error.where, error.retry) == ("127.0.0.1", True)
    assert_silent(error)


def test_an_answer_that_breaks_off_is_no_answer():
    def talk(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with talking(talk) as port, pytest.raises(NoAnswer) as caught:
        ask("GET", f"http://127.0.0.1:{port}/{SECRET}")
    assert_silent(caught.value)


def test_a_server_that_says_nothing_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", 0.05)
    release = threading.Event()
    with talking(lambda connection: release.wait(5)) as port:
        with pytest.raises(NoAnswer, match="no answer within"):
            ask("GET", f"http://127.0.0.1:{port}/{SECRET}")
        release.set()


def test_an_answer_that_drips_ends_all_the_same(monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", 1.0)
    times = iter([0.0, 1.0, 1.5, 2.5, 9.0, 9.0, 9.0])
    monkeypatch.setattr(http.time, "monotonic", lambda real=http.time.monotonic: next(times, 9.0))
    pieces = iter([b"a", b"b", b"c", b"d", b""])

    class Dripping:
        def read1(self, amount):
            return next(pieces)

    with pytest.raises(NoAnswer, match="had not ended after 2s"):
        http._read(Dripping())
    assert next(pieces) == b"d"


def test_an_answer_that_is_too_long_is_none(monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 1 << 20)
    with serving(lambda path: (200, {}, b"x" * ((1 << 20) + 1))) as server, pytest.raises(NoAnswer) as caught:
        ask("GET", url(server))
    assert "more than 1 MiB" in caught.value.message
    assert not caught.value.retry


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoAnswer) as caught:
        ask("GET", f"http://127.0.0.1:{port}/{SECRET}")
    assert caught.value.retry
    assert_silent(caught.value)


@pytest.mark.parametrize("address", [
    SECRET, f"ftp://host/{SECRET}", f"//host/{SECRET}", f"https:///{SECRET}", f"http://[::1/{SECRET}",
    f"http://127.0.0.1:port/{SECRET}", "",
])  # fmt: skip
def test_what_is_no_address_is_told_without_it(address):
    with pytest.raises(Unaskable) as caught:
        ask("GET", address)
    assert_silent(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"a\r\nX-Other: {SECRET}", f"{SECRET}€"])
def test_a_token_with_a_stray_sign_is_not_sent_and_not_told(value):
    with serving() as server, pytest.raises(Unaskable) as caught:
        ask("GET", url(server), headers={"Authorization": value})
    assert_silent(caught.value)
    assert server.heard == []


def test_a_path_is_not_logged_at_any_level(caplog):
    caplog.set_level(logging.DEBUG)
    with serving() as server:
        ask("POST", url(server, f"/services/{SECRET}"))
    assert SECRET not in caplog.text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    more = ["-keyout", str(key), "-out", str(cert), "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def test_a_certificate_that_is_not_trusted_is_told_apart(certificate):
    context, _ = certificate
    with serving(context=context) as server, pytest.raises(Unaskable) as caught:
        ask("GET", f"https://127.0.0.1:{server.server_port}/{SECRET}", headers={"X": SECRET})
    assert "certificate is not trusted" in caught.value.message
    assert "SSL_CERT_FILE" in caught.value.hint
    assert_silent(caught.value)
    assert server.heard == []


def test_a_certificate_of_an_authority_that_is_named_is_trusted(certificate, monkeypatch):
    context, cert = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with serving(context=context) as server:
        assert ask("GET", f"https://127.0.0.1:{server.server_port}/").status == 200


def test_no_tls_where_it_is_asked_for():
    with serving() as server, pytest.raises(NoAnswer, match="TLS could not be agreed on") as caught:
        ask("GET", f"https://127.0.0.1:{server.server_port}/{SECRET}")
    assert caught.value.retry
    assert_silent(caught.value)


def test_a_proxy_is_asked_for_what_lies_beyond_it(monkeypatch):
    with serving(lambda path: (200, {}, b'"by proxy"')) as proxy:
        user = quote("us:er", safe="")
        monkeypatch.setenv("HTTP_PROXY", f"http://{user}:p%40ss@127.0.0.1:{proxy.server_port}")
        answer = ask("GET", "http://forge.invalid/x")
    assert answer.json() == "by proxy"
    [(_, path, headers, _)] = proxy.heard
    assert path == "http://forge.invalid/x"
    assert {name.lower(): value for name, value in headers.items()}["proxy-authorization"] == "Basic dXM6ZXI6cEBzcw=="


def test_a_host_of_no_proxy_is_asked_directly(monkeypatch):
    with serving() as proxy, serving() as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        ask("GET", url(server))
    assert (len(proxy.heard), len(server.heard)) == (0, 1)


def test_a_tunnel_that_a_proxy_refuses_is_told_apart_and_names_no_password(monkeypatch):
    with serving() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@127.0.0.1:{proxy.server_port}")
        with pytest.raises(NoAnswer, match="the proxy let nothing through") as caught:
            ask("GET", f"https://forge.invalid/{SECRET}", headers={"X": SECRET})
    assert proxy.heard[0][1] == "forge.invalid:443"
    assert caught.value.where == "forge.invalid"
    assert_silent(caught.value)


@pytest.mark.parametrize("proxy", [f"socks5://u:{SECRET}@127.0.0.1:1", f"gopher://{SECRET}", f"http://{SECRET}:x"])
def test_a_proxy_that_cannot_be_used_is_told_without_it(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(NoAnswer) as caught:
        ask("GET", "http://forge.invalid/x")
    assert_silent(caught.value)


def test_a_bug_of_ours_is_not_taken_for_silence():
    with pytest.raises(TypeError):
        ask("GET", "http://127.0.0.1:1/", body=object())


def assert_silent(error):
    shown = f"{error} {error.hint} {error.where} {error!r} {error.args}"
    seen = error
    while seen is not None:
        shown += f"{seen!r}"
        seen = seen.__cause__ or seen.__context__
    assert SECRET not in shown
