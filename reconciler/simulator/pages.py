"""Which page of a listing a request asks for: learnt from the tokens that answers gave out."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from typing import Final

from . import cbor
from .wire import Response, Target

NAMES: Final = ("nextToken", "NextToken", "PaginationToken", "NextMarker", "Marker", "ContinuationToken")
JSON: Final = re.compile(rb'"(?:%s)"\s*:\s*"([^"]+)"' % "|".join(NAMES).encode())
XML: Final = re.compile(rb"<(NextMarker|NextToken|Marker)>([^<]+)</\1>")
LISTING: Final = re.compile(r"^(List|Describe|Get)")
KEPT: Final = 4096


class Pages:
    """The first page is 1; a token that nobody gave out asks for page 2."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def number(self, target: Target) -> int | None:
        if not LISTING.match(target.operation):
            return None
        token = next((target.params[name] for name in NAMES if target.params.get(name)), None)
        return 1 if token is None else self._given.get((target.service, target.operation, str(token)), 2)

    def learn(self, target: Target, page: int | None, response: Response) -> None:
        """Remember which page the token of this answer leads to."""
        token = next_token(target, response) if page and response.status < 300 else None
        if not page or not token:
            return
        self._given[(target.service, target.operation, token)] = page + 1
        while len(self._given) > KEPT:
            self._given.popitem(last=False)


def next_token(target: Target, response: Response) -> str | None:
    if target.protocol == "cbor":
        members = cbor.loads(response.body)
        return next((str(members[n]) for n in NAMES if members.get(n)), None)
    found = JSON.search(response.body) if target.protocol == "json" else XML.search(response.body)
    return found.group(found.lastindex or 0).decode() if found else None


def truncated(target: Target, response: Response) -> Response:
    """The same answer without the token of the next page: the listing seems to end here."""
    if target.protocol in ("json", "cbor"):
        loads, dumps = (json.loads, _dumps) if target.protocol == "json" else (cbor.loads, cbor.dumps)
        members = {k: v for k, v in loads(response.body).items() if k not in NAMES}
        return Response(response.status, response.headers, dumps(members))
    return Response(response.status, response.headers, XML.sub(b"", response.body))


def _dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
