"""The server in a thread of its own: started and stopped by the loop, and never what an exit waits for."""

from __future__ import annotations

import logging
import socket
import threading

import uvicorn

from reconciler.agent.server.app import App
from reconciler.agent.server.listening import address
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.report.trace import traceback_text

log = logging.getLogger(__name__)

GRACE = 3
"""Seconds that requests have to end once the server is told to stop."""

_STARTING = 10.0


class _Server(uvicorn.Server):
    """Says when it listens. It installs no signal handlers, being in no main thread."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class Serving:
    """``listen`` is host:port; port 0 stands for any."""

    def __init__(self, app: App, listen: str) -> None:
        self._app, self._listen = app, listen
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """The address it listens at now. Raises UsageError where it cannot."""
        host, port = address(self._listen)
        bound = _bound(host, port)
        config = uvicorn.Config(
            self._app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        server = _Server(config)
        thread = threading.Thread(target=self._run, args=(server, bound), name="agent-server", daemon=True)
        self._server, self._thread = server, thread
        found: tuple[str, int] = bound.getsockname()[:2]
        thread.start()
        server.listening.wait(_STARTING)
        if not server.started:
            raise ReconcilerError("the server did not start", where=self._listen, hint="its log says why")
        return found

    def stop(self) -> None:
        """End within seconds, also with streams open; nothing where it was not started, or was stopped."""
        self._app.stopping.set()
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(GRACE + 2.0)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(1.0)
        self._server = self._thread = None

    def _run(self, server: _Server, bound: socket.socket) -> None:
        try:
            server.run([bound])
        except Exception as error:  # noqa: BLE001 - the loop goes on without it, and its health says so
            log.error("the server has ended: %s", traceback_text(error))
        finally:
            bound.close()
            server.listening.set()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "no such address"
        raise UsageError(f"cannot listen at {host}:{port}: {why}", hint="see server.listen, or --listen") from None
