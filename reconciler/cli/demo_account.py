"""What the example repository expects to find in an account: its secrets and parameters, made up for the demo."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.aws.clients import Clients
from reconciler.cli.demo_runner import environment
from reconciler.cli.reading import wish_for
from reconciler.engine.lookup import Wish
from reconciler.source.directory import read_directory


def furnish(root: Path, name: str, settings: Mapping[str, str]) -> list[str]:
    """Make everything that the manifests of an environment only refer to; what was made, in words."""
    wish = wish_for(read_directory(root), name, ())
    made = []
    with _settings(environment(settings)):
        clients = Clients(wish.environment)
        for kind, address, keys in _outside(wish):
            if kind == "Parameter":
                clients.client("ssm").put_parameter(Name=address, Value=secrets.token_hex(16), Type="SecureString")
                made.append(f"parameter {address}")
            elif kind == "Secret":
                value = {key: secrets.token_hex(16) for key in keys}
                clients.client("secretsmanager").create_secret(Name=address, SecretString=json.dumps(value))
                made.append(f"secret {address}" + (f" with {', '.join(keys)}" if keys else ""))
    return made


def _outside(wish: Wish) -> Iterator[tuple[str, str, list[Any]]]:
    for key, desired in wish.desired.items():
        address = wish.kinds[key.kind].address(desired.spec)
        if desired.external and address is not None:
            yield key.kind, address, list(desired.spec.get("jsonKeys", ()))
    for external in wish.externals:
        yield external.kind, external.address, []


@contextmanager
def _settings(wanted: Mapping[str, str]) -> Iterator[None]:
    """The SDK reads its settings from the process's environment alone."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(wanted)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
