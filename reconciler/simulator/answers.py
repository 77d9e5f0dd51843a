"""Who answers a request: ECS, the tagging view, scaling, target health and stacks are ours; the rest is moto's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import container_logs, ecs, elb, scaling, shapes, stacks, tagging, wire
from .errors import AwsError, unsupported
from .wire import Request, Response, Target
from .world import ECS, OURS, SCALING, TAGGING, Seen, World

MODELS: Final = {ECS: "ecs", TAGGING: "resourcegroupstaggingapi", SCALING: "application-autoscaling"}
Operations = dict[str, Callable[..., dict[str, Any]]]


def answer(world: World, request: Request, target: Target, account: str, seen: Seen) -> Response:
    """The answer, or AwsError."""
    if target.service in OURS:
        return wire.answer(target.protocol, members_of(world, target, seen))
    with world.others.seen_as(seen.moto, target.service, account, target.region):
        if (target.service, target.operation) == ("elasticloadbalancing", "DescribeTargetHealth"):
            return elb.target_health(world.scope(seen.ecs), world.others, request, target, world.target_health)
        if (target.service, target.operation) == stacks.OPERATION:
            return stacks.describe(world.stacks, world.others, request, target, account)
        if target.service == "logs":
            container_logs.write(world.scope(seen.ecs), world.others)
        return world.others.handle(request, target)


def members_of(world: World, target: Target, seen: Seen) -> dict[str, Any]:
    """The answer of one of our services, as plain values; checked like any request."""
    known = shapes.operations(MODELS[target.service])
    if target.operation not in known:
        raise AwsError("UnknownOperationException", f"The requested operation is not recognized: {target.operation}")
    operation = known[target.operation]
    members = _does(world, target, seen, operation)
    if world.settings.check_answers:
        shapes.check(operation.output, members)
    return members


def _does(world: World, target: Target, seen: Seen, operation: shapes.Operation) -> dict[str, Any]:
    scope = world.scope(seen.ecs)
    if target.service == SCALING:
        try:
            params = shapes.accept(operation.input, target.params)
        except AwsError as error:
            raise scaling.invalid(error.message) if error.code == "InvalidParameterException" else error from None
        return _handler(scaling.OPERATIONS, target)(scaling.Scaler(scope, seen.scaling, world.noticed), params)
    if target.service == ECS:
        handler = _handler(ecs.OPERATIONS, target)  # first: what is not there is said whatever was asked with it
        return handler(scope, shapes.accept(operation.input, target.params))
    params = shapes.accept(operation.input, target.params)
    return _handler(tagging.OPERATIONS, target)(tagging.View(scope, world.others, seen.scaling, seen.tagged), params)


def _handler(operations: Operations, target: Target) -> Callable[..., dict[str, Any]]:
    if target.operation not in operations:
        raise unsupported(target.service, target.operation)
    return operations[target.operation]
