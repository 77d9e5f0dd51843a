"""Nouns for tables: documents, worlds and answers in a line each, three toy kinds, and a Reader that is a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.core.order import desire
from reconciler.core.references import link
from reconciler.core.world import World
from reconciler.model import tags
from reconciler.model.desired import App, Desired, Document, External, Rendered
from reconciler.model.desired import Environment as Place
from reconciler.model.errors import AwsError, Finding, Position, Severity
from reconciler.model.fields import UNSET, Effect, Field, Fields
from reconciler.model.key import DIGEST, OWNER, Key, Scope
from reconciler.model.kind import NO_POLICY, Answer, Kind, Sight
from reconciler.model.observed import Observed, Wanted
from reconciler.model.plan import Action, Call, Change, FieldChange
from reconciler.model.policy import Policy
from reconciler.model.status import Health, HealthWord
from reconciler.model.tree import Path, Pending

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SCOPE = Scope("default", "staging")
_TAGS = {"tags": Field(key=("key",), value="value", shared=True), "tags.*.value": Field(default="")}


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def k(text: str) -> Key:
    """``Kind/name`` of the app shop, or ``app/Kind/name``."""
    return Key.parse(text if text.count("/") == 2 else f"shop/{text}")


class _Toy(Kind):
    """What the toys have in common: a name, an ARN made of it, three calls."""

    def arn(self, name: str) -> str:
        return f"arn:toy:{self.name.lower()}/{name}"

    def address(self, spec: Any) -> str | None:
        return None if isinstance(spec["name"], Pending) else str(spec["name"])

    def named(self, value: str) -> str | None:
        return value.rpartition("/")[2] if value.startswith("arn:") else value

    def observe(self, read: Any, wanted: Sequence[Wanted]) -> Iterable[Observed]:
        for want in wanted:
            yield Observed(want.key, AT)

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.CREATE:
            carried = change.observed.carry if change.observed else {}
            spec = {**change.spec, **carried, "tags": tags.to_list(tags.all_of(change))}
            return [Call(f"toy:Create{self.name}", spec)]
        assert change.observed is not None
        if change.step is Action.DELETE:
            arns = [*change.observed.others, change.observed.arn]
            return [Call(f"toy:Delete{self.name}", {"arn": arn}) for arn in arns]
        update = (
            [Call(f"toy:Update{self.name}", {"arn": change.observed.arn, **change.values})] if change.values else []
        )
        return [*tags.ecs_calls(change), *update]

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        at = answers[-1].at
        if change.step is Action.DELETE:
            return Observed(change.key, at)
        if change.step is Action.CREATE:
            made = tags.all_of(change)
            return Observed(change.key, at, dict(change.spec), arn=self.arn(str(change.spec["name"])), tags=made)
        return tags.tagged(change, at)


class Thing(_Toy):
    """Mutable, in a Place; runs a Paper."""

    name = "Thing"
    fields = Fields(
        name="name",
        resource_type="toy:thing",
        table={
            "place": Field(names=("Place",), by_name=True, create_only=True),
            "paper": Field(names=("Paper",), by_name=True, effect=Effect.ROLLS_TASKS),
            "secret": Field(names=("Given",)),
            "colour": Field(create_only=True),
            "size": Field(shared=True),
            "mode": Field(default="plain"),
            "extra": Field(removal={"on": False}),
            "parts": Field(key=("id",), default=[]),
            "limits": Field(unordered=True),
            **_TAGS,
        },
    )

    def carry(self, seen: Observed) -> Mapping[str, Any]:
        return {"size": seen.live["size"]} if "size" in seen.live else {}

    def parts(self, spec: Any) -> frozenset[str] | None:
        return frozenset({"arn", "port"})

    def requires(self, spec: Any, path: Path) -> bool:
        return not spec.get("lenient")

    def warnings(self, spec: Any, sight: Sight) -> Iterable[Finding]:
        if spec.get("mode") == "odd":
            yield Finding(
                "odd-mode",
                ("mode",),
                f"odd, beside {sorted(name for _, name in sight.outside)}",
                severity=Severity.WARNING,
            )
        if spec.get("mode") == "bad":
            yield Finding("bad-mode", ("mode",), "bad", "mend it")

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        return Health(HealthWord.HEALTHY if not seen.live.get("starting") else HealthWord.PROGRESSING, "Toy", "as told")


class PlaceKind(_Toy):
    """Holds things; kept."""

    name = "Place"
    fields = Fields(name="name", resource_type="toy:place", kept=True, table={"colour": Field(), **_TAGS})


class Paper(_Toy):
    """Versioned."""

    name = "Paper"
    fields = Fields(
        name="name",
        resource_type="toy:paper",
        versioned=True,
        effect=Effect.NEW_TASKS_ONLY,
        table={"key": Field(names=("Given",)), "mode": Field(default="plain"), "lines": Field(key=("id",)), **_TAGS},
    )

    def located(self, arn: str) -> str | None:
        return arn.rpartition("/")[2].partition(":")[0]


class Given(_Toy):
    """External: only has to exist."""

    name = "Given"
    fields = Fields(name="name", resource_type="toy:given", kept=True)

    def external(self, spec: Any) -> bool:
        return True

    def parts(self, spec: Any) -> frozenset[str] | None:
        return frozenset(spec["keys"]) if "keys" in spec else None

    def named(self, value: str) -> str | None:
        return value if value.startswith("given:") else None

    def calls(self, change: Change) -> Iterable[Call]:
        return ()

    def reference(self, seen: Observed, part: str) -> str | None:
        return f"{seen.arn}:{part}" if part else seen.arn

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        if seen.status == "DELETING":
            return Health(HealthWord.DEGRADED, "GivenNotFound", "it is being deleted", stalled=True)
        return Health(HealthWord.HEALTHY)


TOYS: dict[str, Kind] = {kind.name: kind for kind in (PlaceKind(), Given(), Paper(), Thing())}


def document(key: str, spec: Mapping[str, Any] | None = None, *, needs: Sequence[str] = (), **more: Any) -> Document:
    """A manifest at line 1 of a file of its own; ``needs`` is its dependsOn. The name defaults to the key's."""
    here = k(key)
    at = Position(f"{here.app}/{here.name}.yaml", 1, 1)
    depends = tuple((k(need), at) for need in needs)
    if "formerly" in more:
        more["formerly"] = k(more["formerly"])
    own = more.pop("policy", Policy())
    return Document(
        here, {"name": here.name, **(spec or {})}, {}, at, depends_on=depends, policy=own, own_policy=own, **more
    )


def wished(
    *documents: Document, failed: Iterable[str] = (), apps: Mapping[str, App] | None = None
) -> tuple[dict[Key, Desired], tuple[External, ...]]:
    """Documents of toys, linked and in order; there must be nothing wrong with them."""
    linked, externals, problems = link(documents, apps or {}, frozenset(map(k, failed)), TOYS)
    desired, cycles = desire(linked, TOYS)
    assert not problems and not cycles, (problems, cycles)
    return desired, externals


def world(*documents: Document, seen: Iterable[Observed] = (), **more: Any) -> World:
    """What documents of toys say, beside readings; ``orphans`` and ``leftovers`` may be given as lists of readings."""
    desired, externals = wished(*documents, failed=more.pop("failed", ()))
    readings = {item.key: item for item in seen}
    for name in ("orphans", "leftovers"):
        more[name] = {item.key: item for item in more.get(name, ())}
    health = {
        key: TOYS[key.kind].health(item)
        for key, item in readings.items()
        if item.error is None and (item.present or item.status != "ACTIVE")
    }
    more.setdefault("health", health)
    return World(SCOPE, more.pop("commit", None), TOYS, desired, seen=readings, externals=externals, **more)


def there(key: str, spec: Mapping[str, Any] | None = None, *, ours: bool = True, **more: Any) -> Observed:
    """A toy that is there, and ours unless said otherwise; ``tags`` come beside the owner's."""
    here = k(key)
    form = {"name": here.name, **(spec or {})}
    arn = more.pop("arn", f"arn:toy:{here.kind.lower()}/{form['name']}")
    owner = {OWNER: SCOPE.owner(here)} if ours else {}
    return Observed(here, more.pop("at", AT), form, arn=arn, tags={**owner, **more.pop("tags", {})}, **more)


def as_desired(desired: Desired, spec: Mapping[str, Any] | None = None, **more: Any) -> Observed:
    """A toy that is there just as desired; ``spec`` replaces what holds references."""
    tags_ = {DIGEST: desired.digest} if TOYS[desired.key.kind].fields.versioned else {}
    return there(str(desired.key), {**desired.spec, **(spec or {})}, tags={**tags_, **more.pop("tags", {})}, **more)


def absent(key: str, **more: Any) -> Observed:
    return Observed(k(key), more.pop("at", AT), **more)


def change(key: str, step: Action = Action.UPDATE, **more: Any) -> Change:
    return Change(k(key), more.pop("action", step), step, **more)


def field_change(path: str, before: Any = UNSET, after: Any = UNSET, effect: Effect = Effect.IN_PLACE) -> FieldChange:
    return FieldChange(tuple(path.split(".")), before, after, effect)


def rendered(*documents: Document, **more: Any) -> Rendered:
    return Rendered(Place("staging"), None, more.pop("apps", {}), documents, **more)


class FakeReader:
    """Answers from functions by operation: ``params`` → a body, a list (of pages), or an error. All is written down."""

    region = "eu-west-1"

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []

    def _ask(self, operation: str, params: Any, region: str | None) -> Any:
        self.asked.append((operation, dict(params), region))
        answer = self._answers[operation.partition(":")[2]]
        return answer(params) if callable(answer) else answer

    def one(self, operation: str, params: Any, *, region: str | None = None) -> Answer:
        answer = self._ask(operation, params, region)
        if isinstance(answer, AwsError):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(answer, AT)

    def many(self, operation: str, params: Sequence[Any], *, region: str | None = None) -> list[Answer | AwsError]:
        found: list[Answer | AwsError] = []
        for each in params:
            try:
                found.append(self.one(operation, each, region=region))
            except AwsError as error:
                found.append(error)
        return found

    def pages(self, operation: str, params: Any, items: str, *, region: str | None = None) -> list[Any]:
        answer = self._ask(operation, params, region)
        if isinstance(answer, AwsError):
            raise answer
        if not isinstance(answer, Mapping):
            return list(answer)
        token = answer.get("NextToken")
        return [
            *answer[items],
            *(self.pages(operation, {**params, "NextToken": token}, items, region=region) if token else ()),
        ]

    def times(self, operation: str) -> int:
        return sum(asked.endswith(f":{operation}") for asked, _, _ in self.asked)

    def params(self, operation: str) -> list[dict[str, Any]]:
        return [params for asked, params, _ in self.asked if asked.endswith(f":{operation}")]


class FakeWriter:
    """Takes every call down; what an operation is to answer or to fail with is said beforehand."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.sent: list[Call] = []

    def send(self, call: Call) -> Answer:
        self.sent.append(call)
        answer = self._answers.get(call.operation.partition(":")[2], {})
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return Answer(answer, AT)

    @property
    def operations(self) -> list[str]:
        return [call.operation.partition(":")[2] for call in self.sent]
