"""Kind Environment and kind App: where to run, and what holds there for all manifests of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.coercion import to_boolean, to_text, wrong
from reconciler.model.desired import Environment
from reconciler.model.lookup import TfState
from reconciler.model.policy import Policy
from reconciler.model.sealed import Sealing
from reconciler.model.suggest import did_you_mean, listing
from reconciler.model.window import Window
from reconciler.source.allow import read_allow
from reconciler.source.nodes import Map, Mark, Scalar, plain
from reconciler.source.patches import Patch, read_patches
from reconciler.source.policy import read_policy
from reconciler.source.repository import Raw
from reconciler.source.state_place import read_region, read_tfstate
from reconciler.source.telling import Members, Teller, convert_or_tell
from reconciler.source.variables import Variables, check_values, merge_vars, substitute
from reconciler.source.vars_from import Beside, read_vars_from
from reconciler.source.windows import read_windows

ENVIRONMENT_MEMBERS = (
    "region", "accountId", "assumeRole", "endpointUrl", "cluster", "apps", "callRates", "vars", "varsFrom", "patches",
    "policy", "sealing", "tfstate", "lease", "windows", "approve", "allow",
)  # fmt: skip
OVERLAY_MEMBERS = ("vars", "varsFrom", "patches", "policy", "tfstate", "windows", "approve")
APP_MEMBERS = ("policy", "dependsOn", "vars", "varsFrom", "suspend", "windows", "approve")
_LEASE = re.compile(r"dynamodb:[A-Za-z0-9_.-]{3,255}|file:/[^\0]+")


@dataclass(frozen=True)
class Layer:
    """What one document says for the manifests below it. ``marks``: where a member of it was written.

    ``vars`` are those of its files and its own; ``whole``: all of these could be read, and so could what holds changes
    back.
    """

    vars: Map | None = None
    patches: tuple[Patch, ...] = ()
    policy: Policy = field(default_factory=Policy)
    tfstate: TfState | None = None
    windows: tuple[Window, ...] = ()
    approve: bool = False
    marks: dict[str, Mark] = field(default_factory=dict)
    whole: bool = True


@dataclass(frozen=True)
class AppSaid:
    """A document of kind App; nothing when there is none."""

    layer: Layer = field(default_factory=Layer)
    depends_on: tuple[tuple[str, Mark], ...] = ()
    suspend: bool = False


def read_environment(
    raw: Raw, name: str, apps: Collection[str], kinds: Collection[str], beside: Beside, tell: Teller
) -> tuple[Environment, Layer]:
    """The Environment of a file in environments/."""
    members = _spec(raw, name, f"environment {name}", ENVIRONMENT_MEMBERS, tell)
    layer = _layer(members, f"environment {name}", kinds, beside, tell)
    members = _with_variables(members, name, layer)
    layer = _with_consent(layer, members)
    environment = Environment(
        name=name,
        region=read_region(members),
        account_id=_account(members),
        assume_role=_text(members, "assumeRole", "arn:", "the ARN of a role"),
        endpoint_url=_text(members, "endpointUrl", "http", "an http or https URL"),
        cluster=members.value("cluster", to_text),
        apps=_apps(members, apps, name),
        call_rates=_call_rates(members),
        sealing=_sealing(members),
        policy=layer.policy,
        lease=_lease(members),
        allow=read_allow(members, kinds),
        windows=layer.windows,
        approve=layer.approve,
    )
    return environment, replace(layer, tfstate=read_tfstate(members))


def read_overlay(raw: Raw, name: str, app: str, kinds: Collection[str], beside: Beside, tell: Teller) -> Layer:
    """What apps/<app>/environments/<name>.yaml says."""
    what = f"environment {name} of app {app}"
    members = _spec(raw, name, what, OVERLAY_MEMBERS, tell)
    layer = _layer(members, what, kinds, beside, tell)
    members = _with_variables(members, name, layer)
    return _with_consent(replace(layer, tfstate=read_tfstate(members)), members)


def read_app(
    raw: Raw | None, app: str, apps: Collection[str], kinds: Collection[str], beside: Beside, tell: Teller
) -> AppSaid:
    """What the document of kind App says."""
    if raw is None:
        return AppSaid()
    members = _spec(raw, app, f"app {app}", APP_MEMBERS, tell)
    depends_on = []
    for item in members.items("dependsOn"):
        other = convert_or_tell(item, item.at, "an app", to_text, tell)
        if other is not None and (other not in apps or other == app):
            message = f"app {app} cannot depend on itself" if other == app else f"there is no app '{other}'"
            tell.error("unknown-app", message, item.at, did_you_mean(other, [it for it in apps if it != app]))
        elif other is not None:
            depends_on.append((other, item.at))
    suspend = members.value("suspend", to_boolean)
    layer = _with_consent(_layer(members, f"app {app}", kinds, beside, tell), members)
    return AppSaid(layer, tuple(depends_on), bool(suspend))


def _spec(raw: Raw, name: str, what: str, known: Sequence[str], tell: Teller) -> Members:
    """The spec of a document whose name is its file's or folder's."""
    node = raw.node
    metadata = Members(node.members.get("metadata"), "metadata", ("name",), tell, node.keys.get("metadata"))
    said = metadata.value("name", to_text)
    if said is not None and said != name:
        message = f"'{said}' is the name in a file that stands for '{name}'"
        tell.error("wrong-name", message, metadata.mark("name"), f"write {name}, or leave it out")
    return Members(node.members.get("spec"), what, known, tell, node.keys.get("spec"))


def _layer(members: Members, what: str, kinds: Collection[str], beside: Beside, tell: Teller) -> Layer:
    levels, whole = read_vars_from(members, beside, tell)
    own = members.object("vars")
    if own is not None:
        check_values(own, tell)
        levels.append(own)
    patches = read_patches(members, kinds, tell)
    policy = read_policy(members.object("policy"), f"policy of {what}", tell)
    marks = {name: members.mark(name) for name in ENVIRONMENT_MEMBERS if members.get(name) is not None}
    return Layer(merge_vars(levels), patches, policy, marks=marks, whole=whole)


def _with_consent(layer: Layer, members: Members) -> Layer:
    """With what holds changes back. What is wrong there might hold back more than is read of it."""
    before = members.tell.so_far
    windows, approve = read_windows(members), members.value("approve", to_boolean)
    whole = layer.whole and not members.tell.wrong_since(before)
    return replace(layer, windows=windows, approve=bool(approve), whole=whole)


def _with_variables(members: Members, name: str, layer: Layer) -> Members:
    """The environment's own members may use its variables and its name."""
    if members.node is None:
        return members
    at = members.node.at
    own = Map({"name": Scalar(name, at, name)}, {"name": at}, at)
    values = {"env": own, "vars": layer.vars or Map({}, {}, at)}
    rest = {
        it: node for it, node in members.node.members.items() if it not in ("vars", "varsFrom", "patches", "policy")
    }
    made = substitute(Map(rest, members.node.keys, at), Variables(values), members.tell)
    return Members(made, members.what, list(rest), members.tell)


def _account(members: Members) -> str | None:
    node = members.get("accountId")
    if node is None:
        return None
    value = str(plain(node))
    if not (len(value) == 12 and value.isascii() and value.isdigit()):
        hint = 'quote it, so that its zeros stay: "012345678901"'
        members.tell.error("wrong-value", "'accountId' has to be 12 digits", members.mark("accountId"), hint)
        return None
    return value


def _lease(members: Members) -> str | None:
    value: str | None = members.value("lease", to_text)
    if value is None or _LEASE.fullmatch(value):
        return value
    hint = "write dynamodb:<name of a table>, or file:/<path> for the writers of one machine"
    members.tell.error("wrong-value", "'lease' says where the one writer is agreed on", members.mark("lease"), hint)
    return None


def _text(members: Members, name: str, start: str, what: str) -> str | None:
    value: Any = members.value(name, to_text)
    if value is not None and not value.startswith(start):
        members.tell.error("wrong-value", f"'{name}' has to be {what}", members.mark(name))
        return None
    return str(value) if value is not None else None


def _call_rates(members: Members) -> tuple[tuple[str, float, float], ...]:
    """Bucket of calls → burst and calls per second, for accounts whose limits are other than the usual ones."""
    rates = []
    said = members.object("callRates")
    for group, node in said.members.items() if said else ():
        rate = Members(
            node, f"callRates.{group}", ("burst", "perSecond"), members.tell, said.keys[group] if said else None
        )
        burst, per_second = rate.value("burst", _positive), rate.value("perSecond", _positive)
        if burst and per_second:
            rates.append((group, burst, per_second))
    return tuple(rates)


def _sealing(members: Members) -> Sealing:
    """With what the values of this environment are sealed."""
    if members.get("sealing") is None:
        return Sealing()
    at, tell = members.mark("sealing"), members.tell
    said = Members(members.object("sealing"), "sealing", ("kms", "age"), tell, at)
    kms = said.value("kms", to_text)
    recipients = (convert_or_tell(item, item.at, "a recipient", to_text, tell) for item in said.items("age"))
    age = tuple(it for it in recipients if it)
    if kms and age:
        tell.error("wrong-value", "'sealing' is with 'kms' or with 'age', not both", at, "leave one out")
    return Sealing(kms or "", () if kms else age)


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise wrong("a number above 0", value)
    return float(value)


def _apps(members: Members, apps: Collection[str], name: str) -> tuple[str, ...] | None:
    if members.get("apps") is None:
        return None
    chosen = []
    for item in members.items("apps"):
        app = convert_or_tell(item, item.at, "an app", to_text, members.tell)
        if app is not None and app not in apps:
            hint = did_you_mean(app, apps, otherwise=f"apps are: {listing(sorted(apps))}")
            members.tell.error("unknown-app", f"there is no app '{app}' for environment {name}", item.at, hint)
        elif app is not None:
            chosen.append(app)
    return tuple(dict.fromkeys(chosen))
