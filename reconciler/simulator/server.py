"""The door for everybody else: HTTP on 127.0.0.1, so that any SDK or tool can talk to the simulator."""

from __future__ import annotations

import select
import sys
import threading
import time
import traceback
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .errors import AnswerLost, AwsError, Crash, SimulatorError
from .wire import Request, Response, failure

if TYPE_CHECKING:
    from .simulator import Simulator

HOST = "127.0.0.1"


class Handler(BaseHTTPRequestHandler):
    """One connection; kept alive between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300
    server: Listener

    def handle_one(self) -> None:
        simulator = self.server.simulator
        headers = {k.lower(): v for k, v in self.headers.items()}
        if "chunked" in headers.get("transfer-encoding", ""):
            body = self._chunks()
        else:
            body = self.rfile.read(int(headers.get("content-length") or 0))
        url = f"http://{headers.get('host', HOST)}{self.path}"
        try:
            response = simulator.handle(Request(self.command, url, headers, body))
        except AnswerLost as lost:
            if lost.how == "timeout":
                self._hang(simulator.settings.hang_seconds)
            self.close_connection = True
            return
        except Crash:
            self.close_connection = True
            return
        except Exception as error:  # noqa: BLE001 - a mistake of the simulator is told to the caller and to the terminal
            traceback.print_exc(file=sys.stderr)
            response = failure("json", AwsError("InternalFailure", f"simulator: {type(error).__name__}: {error}", 500))
        self._reply(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = handle_one

    def handle_expect_100(self) -> bool:
        sent = super().handle_expect_100()
        self.wfile.flush()
        return sent

    def _reply(self, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        lines += [
            f"{k}: {v}"
            for k, v in response.headers.items()
            if k.lower() not in ("content-length", "connection", "transfer-encoding")
        ]
        empty = self.command == "HEAD"
        lines.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        self.wfile.write(head if empty else head + response.body)

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _hang(self, seconds: float) -> None:
        """Withhold the answer until the caller gives up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.closing.is_set():
            if select.select([self.connection], [], [], 0.05)[0]:
                return

    def log_message(self, format: str, *args: Any) -> None:
        """The call log says more."""


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, port: int, simulator: Simulator) -> None:
        self.simulator = simulator
        self.closing = threading.Event()
        super().__init__((HOST, port), Handler)

    def server_bind(self) -> None:
        """Without the reverse look-up of the standard library: no name service is asked."""
        import socketserver

        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Server:
    """Open between ``with`` and its end: ``url`` is the endpoint."""

    def __init__(self, simulator: Simulator, port: int = 0, speed: float = 60.0, log: str | Path | None = None) -> None:
        if speed < 0:
            raise SimulatorError("speed cannot be negative")
        self._simulator, self._speed, self._log = simulator, speed, log
        self._listener = Listener(port, simulator)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="simulator", daemon=True
        )
        self._stack = ExitStack()
        self.port = int(self._listener.server_address[1])
        self.url = f"http://{HOST}:{self.port}"

    def __enter__(self) -> Server:
        if self._log is not None:
            self._simulator.log = self._stack.enter_context(Path(self._log).open("a", encoding="utf-8"))
        self._simulator.run_by_itself(self._speed)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; virtual time stands still again."""
        self._listener.closing.set()
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()
        self._simulator.run_by_itself(0)
        self._simulator.log = None
        self._stack.close()
