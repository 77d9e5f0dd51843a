"""One request and its answer, between botocore and the nouns of this product."""

from __future__ import annotations

from typing import Any

from reconciler.aws.clients import Clients
from reconciler.aws.errors import translate
from reconciler.aws.last_word import Check, asked_last
from reconciler.aws.operations import split
from reconciler.aws.timestamps import date_of
from reconciler.model.clock import Clock
from reconciler.model.errors import ReconcilerError
from reconciler.model.kind import Answer
from reconciler.model.tree import Tree, map_leaves


def ask(
    clients: Clients,
    clock: Clock,
    operation: str,
    params: Tree,
    *,
    region: str,
    write: bool,
    check: Check | None = None,
) -> Answer:
    """Send one request once. Raises an AwsError or an AccessError, without the SDK's exception behind it: that one
    may quote the request. ``check`` is asked when it is about to leave: where it raises, nothing was sent.

    An answer without a Date (no AWS sends one) counts as given now.
    """
    from botocore.parsers import ResponseParserError

    service, name = split(operation)
    client = clients.client(service, region)
    model = client.meta.service_model.operation_model(name)
    failed: ReconcilerError
    try:
        with asked_last(name, check):
            body: dict[str, Any] = getattr(client, _method(name))(**map_leaves(params, lambda _, leaf: leaf))
        if not isinstance(body, dict):
            raise ResponseParserError("not an object")
    except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
        failed = translate(error, operation, params, write=write, shape=model.input_shape)
    else:
        headers = body.pop("ResponseMetadata").get("HTTPHeaders", {})
        return Answer(body, date_of(headers) or clock.now())
    raise failed


def _method(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name))
