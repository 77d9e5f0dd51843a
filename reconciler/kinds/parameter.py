"""Parameter: an SSM parameter, kept with its value or only referred to. The value is never read.

SSM tells nothing of a value but the number of its version. So our tags say which sealed value was written, and as which
version; where the version is another one, somebody else has written the parameter since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reconciler.kinds import parameter_uses
from reconciler.kinds.parameter_checks import findings
from reconciler.kinds.parameter_fields import ATTRIBUTES, FIELDS, SPEC, WRITTEN
from reconciler.model import tags
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, Finding
from reconciler.model.key import PENDING_VALUE, VALUE
from reconciler.model.kind import Answer, Kind, Reader, Referent
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.permission import Place
from reconciler.model.plan import Action, Call, Change
from reconciler.model.sealed import Sealed
from reconciler.model.tree import Pending, Tree

_WRITTEN = Pending("(known when the value is written)")


class Parameter(Kind):
    """Members are PutParameter's. One that says only ``name`` refers to what is there; its ARN will do as well.

    ``value`` is sealed, or read ``from`` a file that another tool sealed; of a String or StringList it may be plain.
    """

    name = "Parameter"
    Spec = SPEC
    fields = FIELDS
    uses = parameter_uses.USES

    def places(self, spec: Tree, referent: Referent) -> Iterator[Place]:
        return parameter_uses.places(spec)

    def address(self, spec: Tree) -> str | None:
        name = spec.get("name")
        return None if isinstance(name, Pending) else str(name)

    def named(self, value: str) -> str | None:
        """The name or ARN in a ``valueFrom``: whatever is no ARN of another service."""
        return value if not value.startswith("arn:") or ":ssm:" in value else None

    def located(self, arn: str) -> str | None:
        """The name in an ARN, or a name itself, without the slash it may begin with: an ARN hides whether it did."""
        return (arn.partition(":parameter/")[2] or arn).removeprefix("/")

    def external(self, spec: Tree) -> bool:
        return not any(member in spec for member in WRITTEN)

    def open_value(self, spec: Tree) -> bool:
        return spec.get("type") in ("String", "StringList")

    def normal(self, spec: Tree) -> Tree:
        """A key by its id or alias, a parameter of which no type is said as the secret that it is, and a tier that is
        AWS's to choose as whichever it has chosen."""
        key = spec.get("keyId")
        said = {"type": "SecureString", **spec} if "value" in spec else dict(spec)
        if isinstance(key, str) and key.startswith("arn:"):
            said["keyId"] = key.split(":", 5)[5].removeprefix("key/")
        if said.get("tier") == "Intelligent-Tiering":
            del said["tier"]
        return said

    def essence(self, spec: Tree, referent: Any) -> Tree:
        """Its name: no revision can say which version of a parameter it means."""
        return {"name": spec.get("name")}

    def check(self, spec: Tree) -> Iterator[Finding]:
        return iter(()) if self.external(spec) else findings(spec)

    def floats(self, spec: Tree) -> bool:
        return True

    def revalues(self, change: Change) -> bool:
        written = change.observed.live.get("written") if change.observed else None
        return change.changes("value") and written is None

    def reference(self, seen: Observed, part: str) -> str | None:
        return seen.arn or str((seen.spec or {})["name"])

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        names = [(self.address(want.spec) if want.spec else want.owned[0]) or "" for want in wanted]
        regions = [_region(name) or read.region for name in names]
        for region in sorted(set(regions)):
            here = [(want, name) for want, name, where in zip(wanted, names, regions, strict=True) if where == region]
            for batch in batches(here, 25):  # 50 values a filter; an ARN stands for two possible names
                yield from self._batch(read, batch, region)

    def _batch(self, read: Reader, batch: Sequence[tuple[Wanted, str]], region: str) -> Iterator[Observed]:
        values = sorted({value for _, name in batch for value in _values(name)})
        filters = [{"Key": "Name", "Option": "Equals", "Values": values}]
        try:
            asked: dict[str, Any] = {"ParameterFilters": filters, "MaxResults": 50}
            parameters = read.pages("ssm:DescribeParameters", asked, "Parameters", region=region)
        except AwsError as error:
            yield from (Observed.failed(want.key, error) for want, _ in batch)
            return
        at = getattr(parameters, "at", NEVER)
        found = {parameter["Name"]: parameter for parameter in parameters}
        there = [(want, name, next((found[it] for it in _values(name) if it in found), None)) for want, name in batch]
        kept = [item["Name"] for want, _, item in there if item and self._is_kept(want)]
        asked_tags = [{"ResourceType": "Parameter", "ResourceId": name} for name in kept]
        answers = read.many("ssm:ListTagsForResource", asked_tags, region=region)
        tags_of = dict(zip(kept, answers, strict=True))
        for want, name, item in there:
            answer = tags_of.get(item["Name"]) if item else None
            if item is None:
                yield Observed(want.key, at if want.spec and not self.external(want.spec) else NEVER)
            elif isinstance(answer, AwsError):
                yield Observed.failed(want.key, answer)
            else:
                yield _observed(want, name, item, tags.of_upper(answer["TagList"]) if answer else {}, at)

    def _is_kept(self, want: Wanted) -> bool:
        """Whether its tags matter: of what is only referred to nothing but its being there does."""
        return bool(want.owner) if want.spec is None else not self.external(want.spec)

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.CREATE:
            return [_put(change.spec, {"Tags": tags.to_upper(_tags_of_new(change))})]
        assert change.observed is not None
        name = (change.observed.spec or {})["name"]
        if change.step is Action.DELETE:
            return [Call("ssm:DeleteParameter", {"Name": name})]
        return self._update(change, {"ResourceType": "Parameter", "ResourceId": name})

    def _update(self, change: Change, which: Tree) -> Iterator[Call]:
        assert change.observed is not None
        if put := tags.to_put(change):
            yield Call("ssm:AddTagsToResource", {**which, "Tags": tags.to_upper(put)})
        if drop := tags.to_drop(change):
            yield Call("ssm:RemoveTagsFromResource", {**which, "TagKeys": drop})
        if not change.values.keys() - {"tags"}:
            return
        value, written = change.spec["value"], change.observed.live.get("written")
        if isinstance(written, _Written) and written.value == value and set(change.values) <= {"value", "tags"}:
            yield _tag(which, {VALUE: written.tag})
            return
        yield _tag(which, {PENDING_VALUE: value.id})
        yield _put({**_kept_on_writing(change.observed), **change.spec}, {"Overwrite": True})
        yield _tag(which, {VALUE: _WRITTEN})

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        at = answers[-1].at
        if change.step is Action.DELETE:
            return Observed(change.key, at)
        put = next((answer for answer in answers if "Version" in answer), None)
        if change.step is Action.CREATE:
            assert put is not None
            all_tags, live = _tags_of_new(change), {"version": put["Version"]}
            spec = {**change.spec, "tags": tags.to_list(tags.people_s(all_tags))}
            return Observed(change.key, at, _with_value(spec, all_tags, live), tags=all_tags, renewed=at, live=live)
        seen = tags.tagged(change, at)
        written = seen.live.get("written")
        if put is not None:
            new = change.changes("value")
            written = _Written(change.spec["value"], put["Version"], None if new else seen.renewed)
            live = {**seen.live, "version": put["Version"], "written": written}
            spec = {**(seen.spec or {}), **change.values}
            seen = replace(seen, spec=spec, renewed=at if new else seen.renewed, live=live)
        elif isinstance(written, _Written) and "value" in change.values:
            seen = replace(seen, tags={**seen.tags, VALUE: written.tag})
        return replace(seen, spec=_with_value(seen.spec or {}, seen.tags, seen.live))

    def recalled(self, reading: Observed, now: Observed) -> Observed:
        """A version that we wrote is ours although no tag says so yet."""
        written = now.live.get("written")
        if not isinstance(written, _Written) or reading.live.get("version") != written.version:
            return reading
        return replace(reading, live={**reading.live, "written": written})

    def remark(self, change: Change) -> str:
        if change.step is not Action.UPDATE or not change.changes("value"):
            return ""
        value, seen = change.spec.get("value"), change.observed
        said = ["ECS cannot pin a parameter's version: a rollback of a service keeps the new value"]
        if seen is not None and seen.live.get("by_hand"):
            said.insert(0, f"somebody else has written version {seen.live['version']}")
        if isinstance(value, Sealed) and value.by_ciphertext:
            said.append(f"known by what is encrypted in {value.content}: encrypting it again writes it again")
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class _Written:
    """What a PutParameter that has answered wrote; ``since`` is when the value was first written, where it was known
    before: SSM takes no new description without writing the value again."""

    value: Sealed
    version: int
    since: datetime | None

    @property
    def tag(self) -> str:
        since = f"@{self.since.timestamp():.3f}" if self.since else ""
        return f"{self.value.id}@{self.version}{since}"


def _tags_of_new(change: Change) -> dict[str, str]:
    """A new parameter begins with version 1, so its tags can say at once what it holds."""
    return {**tags.all_of(change), VALUE: _Written(change.spec["value"], 1, None).tag}


def _observed(want: Wanted, name: str, item: Any, all_tags: dict[str, str], at: Any) -> Observed:
    # what is no longer declared is known by its ARN, which DeleteParameter does not take
    spec: dict[str, Any] = {"name": name if want.spec is not None else item["Name"]}
    if want.spec is None or any(member in want.spec for member in WRITTEN):
        spec |= {member: item[aws] for member, aws in ATTRIBUTES.items() if item.get(aws)}
        spec["tags"] = tags.to_list(tags.people_s(all_tags))
    live: dict[str, Any] = {"version": item.get("Version")}
    held = str(all_tags.get(VALUE, ""))
    finished = all_tags.get(PENDING_VALUE) in (None, held.partition("@")[0])
    live["by_hand"] = bool(held) and finished and not _current(held, live)
    spec = _with_value(spec, all_tags, live) if len(spec) > 1 else spec
    renewed = _since(held, live) or item.get("LastModifiedDate")
    return Observed(want.key, at, spec, arn=item.get("ARN"), tags=all_tags, renewed=renewed, live=live)


def _with_value(spec: Tree, all_tags: Tree, live: Tree) -> dict[str, Any]:
    """The spec with the value that the tags say it holds; one that nobody knows is equal to no other."""
    held = str(all_tags.get(VALUE, ""))
    known = held.partition("@")[0] if _current(held, live) else f"version {live.get('version')}"
    return {**spec, "value": Sealed(known)}


def _current(held: str, live: Tree) -> bool:
    """Whether what the tag says of a version is said of the live one."""
    return held.split("@")[1:2] == [str(live.get("version"))]


def _since(held: str, live: Tree) -> datetime | None:
    said = held.split("@")[2:]
    return datetime.fromtimestamp(float(said[0]), UTC) if said and _current(held, live) else None


def _tag(which: Tree, said: Tree) -> Call:
    return Call("ssm:AddTagsToResource", {**which, "Tags": tags.to_upper(said)})


def _put(spec: Tree, more: Tree) -> Call:
    """The whole parameter: PutParameter takes no attribute without the value."""
    said = {aws: spec[member] for member, aws in ATTRIBUTES.items() if member in spec}
    return Call(
        "ssm:PutParameter", {"Name": spec["name"], "Type": "SecureString", **said, "Value": spec["value"], **more}
    )


def _kept_on_writing(seen: Observed) -> dict[str, Any]:
    """What is not said and has to be said again with a new value: SSM would encrypt it with its own key instead, and
    write it as a standard parameter."""
    live = seen.spec or {}
    said = {member: live[member] for member in ("description", "allowedPattern", "dataType") if member in live}
    if live.get("type") == "SecureString" and "keyId" in live:
        said["keyId"] = live["keyId"]
    return {**said, "tier": live["tier"]} if live.get("tier") == "Advanced" else said


def _values(name: str) -> list[str]:
    """The names a parameter may have; its ARN hides whether the name began with a slash."""
    if not name.startswith("arn:"):
        return [name]
    rest = name.partition(":parameter/")[2]
    return [rest, f"/{rest}"]


def _region(name: str) -> str | None:
    return name.split(":")[3] or None if name.startswith("arn:") else None
