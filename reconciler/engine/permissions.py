"""The least that IAM has to allow for an environment: what the kinds declare, for what its manifests say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from reconciler.aws.operations import iam_action
from reconciler.engine.lookup import Wish
from reconciler.engine.settle import Draft
from reconciler.kinds import OUTSIDE
from reconciler.model.desired import Desired, Environment, Reference
from reconciler.model.key import Key, Scope
from reconciler.model.lookup import Lookup, Stack, StateAt, StoredParameter
from reconciler.model.permission import OURS, Grant, Permissions, Place, Purpose, Use, filled, partition_of, quoted
from reconciler.model.sealed import Envelope, Sealed, SopsValue, VaultValue
from reconciler.model.tree import Tree, leaves

_RECORDS: Final = "parameter/reconciler/{installation}/{environment}"
_GENERAL: Final = (
    Use("resourcegroupstaggingapi:GetResources"),
    Use("ssm:GetParametersByPath", (_RECORDS, f"{_RECORDS}/*")),
    Use("ssm:GetParameters", (f"{_RECORDS}/*",)),
    Use("ssm:PutParameter", (f"{_RECORDS}/*",), Purpose.CHANGE),
    *(Use(f"dynamodb:{operation}", ("table/{table}",), Purpose.CHANGE) for operation in ("GetItem", "PutItem")),
    *(Use(f"sqs:{operation}", ("{queue}",), Purpose.CHANGE) for operation in ("DeleteMessage", "ReceiveMessage")),
)
"""The inventory, what people said, the lease, the queue of events."""

_LOOKUPS: Final = (
    Use("cloudformation:DescribeStacks", ("stack/{stack}/*",)),
    Use("s3:GetObject", ("arn:{partition}:s3:::{object}",)),
    Use("ssm:GetParameters", ("parameter/{parameter}",)),
)
_OPEN: Final = (
    Use(
        "kms:Decrypt",
        ("{key}",),
        Purpose.CHANGE,
        (("StringEquals", "kms:EncryptionContext:reconciler:environment", "{sealedFor}"),),
    ),
    Use("kms:Decrypt", ("{foreignKey}",), Purpose.CHANGE),
)
"""Sealed values: one of ours says in its context for which environment; what other tools sealed says something else."""

_UNREAD: Final = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_BLANK: Final = re.compile(r"<([^<>]+)>")


def permissions(
    made: Draft, scope: Scope, region: str | None, *, plan_only: bool = False, queues: Iterable[str] = ()
) -> Permissions:
    """What a role needs to keep the draft's apps in sync, or only to plan them. Asks nobody.

    ``region`` is the SDK's, where the environment says none. Reads are narrow where IAM can say so; ``iam:PassRole`` is
    for exactly the roles that are named. What is not known is written ``<…>``, which IAM refuses.
    """
    wish, environment = made.wish, made.rendered.environment
    given = _given(environment, scope, region)
    grants = set()
    for use, place in (*_of_documents(wish), *_of_leftovers(wish), *_of_the_rest(made, queues)):
        if _wanted(use, plan_only) and use.names <= given.keys() | place.keys():
            grants |= set(_grants(use, {**given, **place}))
    return Permissions(frozenset(grants), (*_missing(grants, wish), *_left_out(made)))


def _given(environment: Environment, scope: Scope, region: str | None) -> dict[str, str]:
    where = environment.region or region
    role = environment.assume_role or ""
    account = environment.account_id or (role.split(":")[4] if role.count(":") >= 5 else "")
    table = (environment.lease or "").partition("dynamodb:")[2]
    return {
        "partition": partition_of(where or ""),
        "region": where or "<region>",
        "account": account or "<accountId>",
        "owner": f"{scope.installation}/{scope.environment}/*",
        "installation": scope.installation,
        "environment": scope.environment,
        **({"table": table} if table else {}),
    }


def _wanted(use: Use, plan_only: bool) -> bool:
    return use.purpose is Purpose.LOOK if plan_only else use.purpose is not Purpose.VERB


def _of_documents(wish: Wish) -> Iterator[tuple[Use, Place]]:
    """What the kinds of declared resources and of the things that these name need."""

    def referent(reference: Reference) -> Tree | None:
        found = wish.desired.get(reference.key)
        return found.spec if found else None

    retires = _retires(wish)
    outside: dict[tuple[str, str], None] = {}
    for key, desired in wish.desired.items():
        kind = wish.kinds[key.kind]
        may = {Purpose.DELETE: _deletes(desired), Purpose.RETIRE: retires}
        replaced = {"replaced": ""} if desired.policy.replace else {}
        outside |= dict.fromkeys(kind.leads_to(desired.spec, referent))
        for place in kind.places(desired.spec, referent):
            yield from ((use, {**place, **replaced}) for use in kind.uses if may.get(use.purpose, True))
    outside |= {
        (it.kind, it.address): None for it in wish.externals if any(key in wish.desired for key, _ in it.named_by)
    }
    every = {**OUTSIDE, **wish.kinds}
    for name, address in outside:
        kind = every[name]
        for place in kind.places({kind.fields.name: address}, referent):
            yield from ((use, place) for use in kind.uses if use.purpose is Purpose.LOOK and use.limits != OURS)


def _of_leftovers(wish: Wish) -> Iterator[tuple[Use, Place]]:
    """Where something is pruned: what it takes to look at it and to delete it when its manifest is gone, be it the last
    one of its kind."""
    said = [wish.environment.policy, *(item.policy for item in wish.desired.values())]
    if any(policy.prune for policy in said):
        home = {"cluster": wish.environment.cluster} if wish.environment.cluster else {}
        for kind in wish.kinds.values():
            if not kind.fields.one_off:
                yield from ((use, home) for use in kind.uses if use.purpose in (Purpose.LOOK, Purpose.DELETE))


def _deletes(item: Desired) -> bool:
    return bool(item.policy.prune or item.policy.replace or item.document.formerly)


def _retires(wish: Wish) -> bool:
    said = [wish.environment.policy, *(item.policy for item in wish.desired.values())]
    return any(policy.keep_revisions is not None for policy in said)


def _of_the_rest(made: Draft, queues: Iterable[str]) -> Iterator[tuple[Use, Place]]:
    places: list[Place] = [{}, *({"queue": arn} for arn in queues)]
    yield from ((use, place) for use in _GENERAL for place in places)
    for lookup, keys in made.rendered.needs.items():
        if keys & (made.wish.desired.keys() | _unnamed(made)):
            yield from ((use, _looked_up(lookup)) for use in _LOOKUPS)
    for desired in made.wish.desired.values():
        for _, leaf in leaves(desired.spec):
            if isinstance(leaf, Sealed):
                yield from ((use, place) for use in _OPEN for place in _keys_of(leaf, made.rendered.environment.name))


def _unnamed(made: Draft) -> frozenset[Key]:
    """What is declared and cannot be told before something has been looked up: what it is called, for one."""
    return frozenset(key for key in made.wish.invalid if not made.apps or key.app in made.apps)


def _left_out(made: Draft) -> Iterator[str]:
    for key in sorted(_unnamed(made)):
        yield f"what {key} needs is not here: it cannot be told before what it looks up is known"


def _looked_up(lookup: Lookup) -> Place:
    match lookup.source:
        case StateAt(bucket=bucket, key=key) if bucket:
            return {"object": f"{bucket}/{key}"}
        case Stack(name):
            return {"stack": name}
        case StoredParameter(name):
            return {"parameter": name.removeprefix("/")}
    return {}


def _keys_of(value: Sealed, environment: str) -> Iterator[Place]:
    """The KMS keys that open a value. A file of yaml_vault does not say its own."""
    match value.content:
        case Envelope(kms=key) if key:
            yield {"key": key, "sealedFor": environment}
        case SopsValue(metadata=said):
            yield from ({"foreignKey": str(entry["arn"])} for entry in said.get("kms") or () if "arn" in entry)
        case VaultValue(file=file):
            yield {"foreignKey": f"<KMS key of {file}>"}


def _grants(use: Use, values: Mapping[str, str]) -> Iterator[Grant]:
    known = {name: _literal(value) if name != "owner" else value for name, value in values.items()}
    limits = tuple((operator, key, filled(value, known)) for operator, key, value in use.limits)
    action = iam_action(use.action)
    for template in use.on:
        whole = template == "*" or template.startswith(("arn:", "{"))
        before = "" if whole else f"arn:{{partition}}:{action.partition(':')[0]}:{{region}}:{{account}}:"
        yield Grant(action, filled(before + template, known), limits)


def _literal(value: str) -> str:
    """A value without any meaning to IAM; what is not read yet as ``<its name>``."""
    return quoted(_UNREAD.sub(r"<\1>", value))


def _missing(grants: Iterable[Grant], wish: Wish) -> Iterator[str]:
    texts = [text for grant in grants for text in (grant.resource, *(value for _, _, value in grant.limits))]
    for name in sorted({name for text in texts for name in _BLANK.findall(text)}):
        yield f"<{name}> stands for what the repository does not say: put it in before you use the policy"
    for external in wish.externals:
        if external.kind == "TaskDefinition":
            users = ", ".join(sorted({str(key) for key, _ in external.named_by if key in wish.desired}))
            if users:
                yield f"{external.address} is in no manifest: iam:PassRole for its roles is not here ({users} runs it)"
