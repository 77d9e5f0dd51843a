"""DescribeTargetHealth: the targets that were registered by hand are moto's, those that are tasks follow ECS."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from .ecs import Scope
from .others import Others
from .target_health import DESCRIPTIONS, HealthOf, Target
from .wire import Request, Response
from .wire import Target as Asked

INDEXED = re.compile(r"Targets\.member\.(\d+)\.(Id|Port)")


def target_health(at: Scope, others: Others, request: Request, asked: Asked, of: HealthOf) -> Response:
    """moto's own answer where it is an error, or where the group has no task in it."""
    group = asked.params.get("TargetGroupArn", "")
    kept = others.target_group(at.state.account, at.state.name, group)
    tasks = {(t.id, t.port): t for t in of(at, group)} if kept is not None else {}
    if kept is None or not tasks:
        return others.handle(request, asked)
    by_hand = {
        (str(t["Id"]), int(t["Port"])): Target(str(t["Id"]), int(t["Port"]), "healthy") for t in kept.targets.values()
    }
    targets = by_hand | tasks
    if not kept.load_balancer_arns:
        targets = {key: Target(t.id, t.port, "unused", "Target.NotInUse", t.since) for key, t in targets.items()}
    wanted = _wanted(asked.params)
    if wanted:
        targets = {
            key: targets.get(key) or Target(*key, "unused", "Target.NotRegistered")
            for identifier, port in wanted
            for key in _matching(targets, identifier, port)
        }
    return _xml(list(targets.values()), kept)


def _wanted(params: dict[str, Any]) -> list[tuple[str, int | None]]:
    """(id, port) of the request; without a port every port of this target."""
    found: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        if match := INDEXED.fullmatch(name):
            found.setdefault(match[1], {})[match[2]] = value
    return [(one["Id"], int(one["Port"]) if "Port" in one else None) for _, one in sorted(found.items())]


def _matching(targets: dict[tuple[str, int], Target], identifier: str, port: int | None) -> list[tuple[str, int]]:
    mine = [key for key in targets if key[0] == identifier and port in (None, key[1])]
    return mine or [(identifier, port or 80)]


def _xml(targets: list[Target], group: Any) -> Response:
    members = "".join(f"<member>{_member(t, group)}</member>" for t in targets)
    text = (
        '<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">'
        f"<DescribeTargetHealthResult><TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
        "</DescribeTargetHealthResult><ResponseMetadata><RequestId/></ResponseMetadata></DescribeTargetHealthResponse>"
    )
    return Response(200, {"Content-Type": "text/xml"}, text.encode())


def _member(target: Target, group: Any) -> str:
    port = group.health_check_port
    health = f"<State>{target.state}</State>"
    if target.reason:
        told = target.told or DESCRIPTIONS.get(target.reason, "")
        health += f"<Reason>{escape(target.reason)}</Reason><Description>{escape(told)}</Description>"
    return (
        f"<Target><Id>{escape(target.id)}</Id><Port>{target.port}</Port></Target>"
        f"<HealthCheckPort>{target.port if port == 'traffic-port' else escape(str(port))}</HealthCheckPort>"
        f"<TargetHealth>{health}</TargetHealth>"
    )
