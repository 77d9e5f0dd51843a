"""What every kind keeps to. A new kind is held to it by its sample alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

from reconciler.agent.converge import Ending
from reconciler.core.compare import compare
from reconciler.kinds import ALL, KINDS
from reconciler.model.canonical import canonical, expand
from reconciler.model.key import Key
from reconciler.model.observed import Wanted
from reconciler.model.plan import Action
from reconciler.model.policy import Policy
from tests.account import provide
from tests.kinds.samples import BESIDE, CHANGES, SAMPLES, SEALED
from tests.lab import ENVIRONMENT, Lab
from tests.sealing import Safe

MANAGED = [name for name in KINDS if not KINDS[name].external(SAMPLES[name])]
TRIED = [(name, change) for name in MANAGED for change in CHANGES[name]]


def manifest(name: str, spec: dict[str, Any], named: str = "sample") -> str:
    said = {member: value for member, value in spec.items() if value is not None}
    return json.dumps(
        {"apiVersion": "reconciler/v1", "kind": name, "metadata": {"name": named}, "spec": said}, indent=1
    )


class Laboratory(Lab):
    """One that seals what a sample says is to be sealed."""

    def put(self, name: str, spec: dict[str, Any]) -> None:
        self.files["apps/shop/all.yaml"] = manifest(name, {it: self._sealed(name, one) for it, one in spec.items()})

    def _sealed(self, name: str, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(SEALED):
            return value
        return self.safe.sealed(f"{name}/sample", value)

    @cached_property
    def safe(self) -> Safe:
        return Safe(self)


def lab_for(name: str, spec: dict[str, Any], make: Callable[[], Laboratory] = Laboratory) -> Any:
    """A laboratory with one manifest, and with everything outside that the samples name."""
    lab = make()
    # so that a change is made in one go, however few writes SSM is thought to take
    lab.files["environments/staging.yaml"] = ENVIRONMENT + "  callRates: {\"ssm:writes\": {burst: 50, perSecond: 50}}\n"
    lab.put(name, spec)
    if name in BESIDE:
        kind, beside = BESIDE[name]
        lab.files["apps/shop/beside.yaml"] = manifest(kind, beside, "beside")
    lab.simulator.script("job:1", exits=0)
    ecs = lab.ecs()
    ecs.create_cluster(clusterName="outside")
    ecs.register_task_definition(
        family="outside",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "x", "portMappings": [{"containerPort": 80}]}],
    )
    lab.simulator.client("ssm", region="eu-west-1").put_parameter(Name="/shop/url", Value="canary", Type="SecureString")
    lab.simulator.client("secretsmanager", region="eu-west-1").create_secret(Name="shop/db", SecretString="canary")
    for further in ({}, *CHANGES.get(name, ())):
        lab.put(name, {**SAMPLES[name], **further})
        provide(lab.simulator, "eu-west-1", lab.wish().externals)
    lab.put(name, spec)
    lab.writes()
    return lab


def test_every_kind_has_a_sample_and_every_managed_one_changes_to_try():
    assert set(SAMPLES) == set(KINDS)
    assert set(CHANGES) == set(MANAGED)
    assert [kind.name for kind in ALL] == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_has_no_mistakes_and_an_address(name):
    spec, findings = KINDS[name].Spec.check(SAMPLES[name])
    assert findings == []
    assert KINDS[name].address(spec)


@pytest.mark.parametrize("name", KINDS)
def test_the_canonical_form_is_its_own_canonical_form_and_survives_being_expanded(name):
    kind = KINDS[name]
    form = canonical(kind.fields, kind.normal(SAMPLES[name]))
    assert canonical(kind.fields, kind.normal(expand(kind.fields, form))) == form
    assert kind.normal(kind.normal(SAMPLES[name])) == kind.normal(SAMPLES[name])


@pytest.mark.parametrize("name", KINDS)
def test_normalising_does_not_touch_its_input(name):
    before = json.dumps(SAMPLES[name])
    KINDS[name].normal(SAMPLES[name])
    canonical(KINDS[name].fields, SAMPLES[name])
    assert json.dumps(SAMPLES[name]) == before


@pytest.mark.parametrize("name", KINDS)
def test_every_pattern_of_the_table_is_a_member_of_the_shape(name):
    kind = KINDS[name]
    for pattern in kind.fields.table:
        try:
            kind.Spec.member(re.sub(r"\.\*", "", pattern))
        except LookupError:
            parent = re.sub(r"\.\*", "", pattern).rpartition(".")[0]
            assert "map" in str(kind.Spec.member(parent)).lower(), f"{name}: {pattern} is no member"


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_converges_and_its_own_plan_is_empty(name):
    lab = lab_for(name, SAMPLES[name])
    assert lab.apply().ending is Ending.CONVERGED
    assert bool(lab.writes()) is (name in MANAGED)
    assert lab.plan().empty
    lab.apply()
    assert lab.writes() == []


@pytest.mark.parametrize(("name", "change"), TRIED, ids=lambda value: json.dumps(value)[:60])
def test_a_change_made_leaves_no_difference_and_undone_leads_back(name, change):
    lab = lab_for(name, SAMPLES[name])
    lab.apply()
    lab.writes()
    lab.put(name, {**SAMPLES[name], **change})
    lab.writes()
    [planned] = lab.plan().changes
    assert planned.action is Action.UPDATE
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == [call.operation.partition(":")[2] for call in planned.calls]
    assert lab.plan().empty
    lab.put(name, SAMPLES[name])
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.plan().empty


@pytest.mark.parametrize("name", KINDS)
def test_observing_only_reads_and_absent_is_an_answer(name):
    lab = Lab()
    kind = KINDS[name]
    key = Key("shop", name, "sample")
    [seen] = kind.observe(lab.connect().read, [Wanted(key, SAMPLES[name], "owner", "digest")])
    assert seen.key == key
    assert not seen.present
    assert seen.error is None
    assert lab.writes() == []


@pytest.mark.parametrize("name", KINDS)
def test_a_failed_reading_is_told_and_nothing_is_concluded(name):
    lab = Lab()
    for service, operation in [("ecs", "*"), ("logs", "*"), ("ssm", "*"), ("secretsmanager", "*")]:
        lab.simulator.faults.deny(operation, service=service)
    [seen] = KINDS[name].observe(lab.connect().read, [Wanted(Key("shop", name, "x"), SAMPLES[name], "owner", "digest")])
    assert seen.error is not None
    assert not seen.present


@pytest.mark.parametrize("name", KINDS)
def test_no_secret_is_in_the_repr_of_a_reading(name):
    lab = lab_for(name, SAMPLES[name])
    lab.apply()
    wish = lab.wish()
    desired = next(it for key, it in wish.desired.items() if key.kind == name)
    spec = {**desired.spec, "taskDefinition": "beside:1"} if name in BESIDE else desired.spec
    owner = lab.target().scope.owner(desired.key)
    [seen] = KINDS[name].observe(lab.connect().read, [Wanted(desired.key, spec, owner, desired.digest)])
    assert "canary" not in repr(seen)
    assert seen.present


@pytest.mark.parametrize("name", MANAGED)
def test_a_member_that_only_a_newer_aws_knows_is_no_difference(name):
    kind = KINDS[name]
    if kind.fields.versioned or kind.fields.one_off:
        pytest.skip("a revision that carries our digest is as desired, whatever else is in it; a run is not compared")
    lab = lab_for(name, SAMPLES[name])
    lab.apply()
    wish = lab.wish()
    [desired] = wish.desired.values()
    [seen] = kind.observe(lab.connect().read, [Wanted(desired.key, desired.spec, "owner", desired.digest)])
    assert seen.spec is not None
    from dataclasses import replace

    newer = replace(seen, spec={**seen.spec, "brandNew": {"mode": "SHINY"}, "brandNewList": ["x"]})
    assert compare(kind, desired, newer, Policy(), {}).changes == ()
