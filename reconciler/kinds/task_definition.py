"""TaskDefinition: a family whose every change is a new revision, found again by the digest in its tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.kinds import task_definition_preflight, task_definition_retention, task_definition_uses
from reconciler.kinds.task_definition_checks import findings
from reconciler.kinds.task_definition_fields import FIELDS
from reconciler.kinds.task_definition_reading import Revisions
from reconciler.model import tags
from reconciler.model.canonical import canonical
from reconciler.model.errors import AwsError, Finding
from reconciler.model.kind import Answer, Kind, Reader, Referent, Sight
from reconciler.model.observed import Observed, Retention, Wanted
from reconciler.model.permission import Place
from reconciler.model.plan import Action, Call, Change
from reconciler.model.shapes import Shape
from reconciler.model.tree import Path, Pending, Tree, get_path, leaves

NEWEST = 20
"""How many revisions unknown to the inventory are looked at before one is registered."""


class TaskDefinition(Kind):
    """Members are RegisterTaskDefinition's. What counts is the oldest ACTIVE revision that carries the digest."""

    name = "TaskDefinition"
    Spec = Shape("ecs", "RegisterTaskDefinition")
    fields = FIELDS
    uses = task_definition_uses.USES

    def places(self, spec: Tree, referent: Referent) -> Iterator[Place]:
        return task_definition_uses.places(spec, referent)

    def address(self, spec: Tree) -> str | None:
        family = spec.get("family")
        return None if isinstance(family, Pending) else family

    def named(self, value: str) -> str | None:
        """``family:revision``, or the ARN as ``family:revision``."""
        return _short(value)

    def located(self, arn: str) -> str | None:
        """The family of a revision."""
        return _short(arn).rpartition(":")[0]

    def normal(self, spec: Tree) -> Tree:
        """Units, role names and host ports brought to the one form that ECS itself would echo at its shortest."""
        form: dict[str, Any] = dict(spec)
        for member, unit in (("cpu", _cpu), ("memory", _memory)):
            if isinstance(form.get(member), str):
                form[member] = unit(form[member])
        for role in ("taskRoleArn", "executionRoleArn"):
            if isinstance(form.get(role), str):
                form[role] = form[role].rpartition(":role/")[2].rpartition("/")[2] or form[role]
        if form.get("networkMode") == "bridge":
            del form["networkMode"]
        if form.get("containerDefinitions"):
            form["containerDefinitions"] = [
                _container(container, spec.get("networkMode")) for container in form["containerDefinitions"]
            ]
        return form

    def requires(self, spec: Tree, path: Path) -> bool:
        """A log group that the log driver makes by itself need not be there."""
        if path[-1] != "awslogs-group":
            return True
        options = get_path(spec, path[:-1], {})
        return bool(options.get("awslogs-create-group") != "true" and _driver(spec, path) == "awslogs")

    def check(self, spec: Tree) -> Iterable[Finding]:
        return findings(spec)

    def warnings(self, spec: Tree, sight: Sight) -> Iterable[Finding]:
        return task_definition_preflight.findings(spec, sight)

    def superseded(self, read: Reader, asked: Sequence[Retention]) -> Iterable[Observed]:
        return task_definition_retention.superseded(read, asked)

    def still_names(self, spec: Tree, live: Tree) -> bool:
        """Whether it names the secrets there are: one made anew under its name has another ARN, or will have one."""
        return _secrets(spec) == _secrets(live)

    def _still_names(self, want: Wanted, seen: Observed) -> bool:
        return want.spec is None or self.still_names(want.spec, seen.spec or {})

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        known = Revisions(read)
        known.describe([arn for want in wanted for arn in _first_look(want)])
        unsettled = []
        for want in wanted:
            found = self._settled(want, known)
            if found is None:
                unsettled.append(want)
            else:
                yield found
        families = sorted({family for want in unsettled for family in self._families(want)})
        known.list(families)
        known.describe([arn for want in unsettled for arn in self._second_look(want, known)])
        for want in unsettled:
            yield self._chosen(want, known)

    def _settled(self, want: Wanted, known: Revisions) -> Observed | None:
        """The revision that carries the digest, when the inventory led straight to it."""
        for arn in () if want.keeps_live else want.matching[:1]:
            answer = known.active(arn)
            if want.spec is not None and answer is not None:
                seen = self._observed(want, answer)
                return seen if self._still_names(want, seen) else None
        return None

    def _families(self, want: Wanted) -> list[str]:
        if want.spec is not None:
            return [str(want.spec["family"])]
        return sorted({_short(arn).rpartition(":")[0] or arn for arn in want.owned})

    def _second_look(self, want: Wanted, known: Revisions) -> list[str]:
        if want.spec is None:
            return [arn for arn in want.owned if not arn.startswith("arn:") or arn in known.listed]
        listed = known.by_family.get(str(want.spec["family"]), [])
        if isinstance(listed, AwsError):
            return []
        unknown = [arn for arn in listed if arn not in want.owned][:NEWEST]
        return [*want.matching, *unknown, *listed[:1], *[arn for arn in want.in_use if arn in listed]]

    def _chosen(self, want: Wanted, known: Revisions) -> Observed:
        """Of all revisions looked at the one that counts; else the one a change starts from."""
        candidates = self._second_look(want, known)
        listings = (known.by_family.get(family) for family in self._families(want))
        failed = [error for error in listings if isinstance(error, AwsError)]
        failed += [error for arn in candidates if (error := known.error(arn))]
        if failed:
            return Observed.failed(want.key, failed[0])
        looked = [arn for arn in candidates if known.active(arn) is not None]
        if not looked:
            return Observed(want.key, known.at)
        looked = sorted(set(looked), key=_revision)
        answers = {arn: answer for arn in looked if (answer := known.active(arn)) is not None}
        if want.spec is None:
            return self._everything(want, answers)
        form = canonical(self.fields, self.normal({**want.spec, "tags": None}))
        seen = {arn: self._observed(want, answer) for arn, answer in answers.items()}
        in_use = [arn for arn in looked if arn in want.in_use]
        owned = [arn for arn in looked if seen[arn].owner == want.owner]
        kin = bool(owned) or known.has_one_of(str(want.spec["family"]), want.owned)
        if want.keeps_live and in_use:
            return replace(seen[in_use[0]], kin=kin)
        carrying = [arn for arn in owned if seen[arn].digest == want.digest and self._still_names(want, seen[arn])]
        alike = [*in_use, *owned] if kin else [*in_use, *looked]
        same = [arn for arn in alike if self._form(seen[arn]) == form]
        best = next(iter([*carrying, *same, *reversed(in_use), *reversed(owned), looked[-1]]))
        return replace(seen[best], kin=kin)

    def _everything(self, want: Wanted, answers: Mapping[str, Answer]) -> Observed:
        """All that is left of a family whose manifest is gone, as far as its own tags still give it to its owner."""
        seen = {arn: self._observed(want, answer) for arn, answer in answers.items()}
        owned = [arn for arn in seen if not want.owner or seen[arn].owner == want.owner] or list(seen)[-1:]
        return replace(seen[owned[-1]], others=tuple(owned[:-1]))

    def _form(self, seen: Observed) -> dict[str, Any]:
        return canonical(self.fields, self.normal({**(seen.spec or {}), "tags": None}))

    def _observed(self, want: Wanted, answer: Answer) -> Observed:
        definition: Mapping[str, Any] = answer["taskDefinition"]
        all_tags = tags.to_map(answer.get("tags"))
        spec = {name: value for name, value in definition.items() if name not in self.fields.response_only}
        return Observed(
            want.key,
            answer.at,
            spec | {"tags": tags.to_list(tags.people_s(all_tags))},
            arn=definition["taskDefinitionArn"],
            tags=all_tags,
            status=definition.get("status", "ACTIVE"),
            live={"revision": definition["revision"]},
        )

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.DELETE:
            assert change.observed is not None
            arns = [*change.observed.others, change.observed.arn]
            return [Call("ecs:DeregisterTaskDefinition", {"taskDefinition": arn}) for arn in arns]
        if change.step is not Action.CREATE and all(field.path[0] == "tags" for field in change.fields):
            return tags.ecs_calls(change)
        return [Call("ecs:RegisterTaskDefinition", {**change.spec, "tags": tags.to_list(tags.all_of(change))})]

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        last = answers[-1]
        if change.step is Action.DELETE:
            return Observed(change.key, last.at)
        if "taskDefinition" not in last:
            return tags.tagged(change, last.at)
        answer = Answer({"tags": tags.to_list(tags.all_of(change)), **last}, last.at)
        return self._observed(Wanted(change.key, change.spec), answer)


def _first_look(want: Wanted) -> list[str]:
    """Outside things are read as they are named; of our own the oldest revision nominated for the digest."""
    if want.spec is None:
        return [arn for arn in want.owned if not arn.startswith("arn:")]
    return list(want.matching[:1])


def _secrets(spec: Tree) -> set[str]:
    """The ARNs of the secrets of Secrets Manager that a definition names, of those that are known by now.

    Without key and version: which version is meant is part of the digest.
    """
    values = (leaf for path, leaf in leaves(spec) if path and path[-1] == "valueFrom")
    named = (leaf.of if isinstance(leaf, Pending) else leaf for leaf in values)
    return {":".join(leaf.split(":")[:7]) for leaf in named if isinstance(leaf, str) and ":secretsmanager:" in leaf}


def _short(value: str) -> str:
    return value.rpartition("task-definition/")[2] if value.startswith("arn:") else value


def _revision(arn: str) -> tuple[str, int]:
    family, _, revision = arn.rpartition(":")
    return family, int(revision) if revision.isdigit() else 0


def _container(container: Any, network_mode: Any) -> Any:
    if not isinstance(container, Mapping) or not container.get("portMappings"):
        return container
    return {**container, "portMappings": [_port(port, network_mode) for port in container["portMappings"]]}


def _port(port: Any, network_mode: Any) -> Any:
    """Without the host port that the network mode implies: the container's own, or any free one."""
    if not isinstance(port, Mapping) or port.get("hostPort") is None:
        return port
    implied = port.get("containerPort") if network_mode in ("awsvpc", "host") else 0
    return {name: value for name, value in port.items() if name != "hostPort"} if port["hostPort"] == implied else port


def _cpu(text: str) -> str:
    """CPU units: ``1 vCPU`` and ``.25 vCPU`` as ``1024`` and ``256``."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*vcpu\s*", text, re.IGNORECASE)
    return str(int(float(match[1]) * 1024)) if match else text.strip()


def _memory(text: str) -> str:
    """MiB: ``1 GB`` and ``0.5GB`` as ``1024`` and ``512``."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*gb\s*", text, re.IGNORECASE)
    return str(int(float(match[1]) * 1024)) if match else text.strip()


def _driver(spec: Tree, path: Path) -> Any:
    return get_path(spec, (*path[:-2], "logDriver"))
