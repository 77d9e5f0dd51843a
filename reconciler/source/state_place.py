"""Where things lie that an Environment speaks of: its Region, and a Terraform state."""

from __future__ import annotations

import re

from reconciler.model.coercion import to_boolean, to_text
from reconciler.model.lookup import StateAt, TfState
from reconciler.source.telling import Members

MEMBERS = ("file", "s3", "region", "resources")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^/].{0,1023})", re.ASCII)


def read_region(members: Members) -> str | None:
    """``region``, told when it cannot be one."""
    region: str | None = members.value("region", to_text)
    if region is not None and not _REGION.fullmatch(region):
        members.tell.error("wrong-value", f"'{region[:40]}' is no region", members.mark("region"), "such as eu-west-1")
    return region


def read_tfstate(around: Members) -> TfState | None:
    """``tfstate``: where the state lies, and what of it may be looked up; None when absent or wrong: that is told."""
    if around.get("tfstate") is None:
        return None
    at, tell = around.mark("tfstate"), around.tell
    said = Members(around.object("tfstate"), "tfstate", MEMBERS, tell, at)
    if said.node is None:
        return None
    before = tell.so_far
    file, url = said.value("file", to_text), said.value("s3", to_text)
    region, resources = read_region(said), said.value("resources", to_boolean)
    if said.get("file") is None and said.get("s3") is None:
        tell.error("missing-member", "'tfstate' has to say 'file' or 's3'", at, "s3: s3://bucket/key")
    elif said.get("file") is not None and said.get("s3") is not None:
        tell.error("wrong-value", "'tfstate' says 'file' and 's3': a state lies in one place", said.mark("s3"))
    elif file is not None and not file.strip():
        tell.error("wrong-value", "'file' is empty", said.mark("file"), "write a path from the repository's root")
    elif region is not None and url is None:
        tell.error("wrong-value", "'region' is that of a bucket", said.mark("region"), "leave it out, or say 's3'")
    found = _URL.fullmatch(url) if url is not None else None
    if url is not None and found is None:
        tell.error("wrong-value", "'s3' has to be s3://bucket/key", said.mark("s3"))
    if tell.wrong_since(before):
        return None
    place = StateAt(bucket=found["bucket"], key=found["key"], region=region) if found else StateAt(file=file or "")
    return TfState(place, bool(resources))
