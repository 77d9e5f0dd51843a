"""``healthcheck``: whether the agent on this machine is alive; what a container asks every few seconds."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import common, option
from reconciler.cli.runtime import current

_PATIENCE = 3.0


@click.command(short_help="Ask the agent on this machine whether it is alive.")
@option(
    "--url", metavar="URL", help="Where it listens. Default: RECONCILER_LISTEN, else http://127.0.0.1:8080.", env=False
)
@common(verb=True, repository=False)
def command(url: str | None, **given: Any) -> int:
    """Ask the agent on this machine whether its loop turns: exits 0 when it does, else 1.

    Made for a container's health check. That AWS or the repository cannot be reached is no illness of the agent's:
    starting it anew would not help.
    """
    run = current()
    run.take(given)
    import http.client
    import json
    from urllib.parse import urlsplit

    from reconciler.agent.server.listening import DEFAULT, nearby
    from reconciler.model.errors import UsageError

    parts = urlsplit(url or nearby(run.environ.get("RECONCILER_LISTEN") or DEFAULT))
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme != "http" or host is None:
        raise UsageError("--url is no address of an agent on this machine", hint="write http://127.0.0.1:8080")
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/healthz")
        answer = connection.getresponse()
        body = answer.read(65536)
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        run.terminal.err(f"unhealthy: nothing answers at {host}:{port or 80}: {why}")
        return 1
    finally:
        connection.close()
    if answer.status == 200:
        run.terminal.out("healthy")
        return 0
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"HTTP {answer.status}"
    run.terminal.err(f"unhealthy: {message}")
    return 1
