"""Whatever a reading holds: a verdict is reached, and healthy is only what ECS calls completed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds.service_evidence import Evidence, Target
from reconciler.kinds.service_health import verdict
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from reconciler.model.stop_reasons import stops
from tests.builders import AT, k

TIMES = st.integers(-10, 100_000).map(lambda seconds: AT - timedelta(seconds=seconds))
COUNTS = st.integers(0, 4)
TEXTS = st.sampled_from(
    ["", "Essential container in task exited", "CannotPullContainerError: not found", "Task failed ELB health checks in (x)",
     "Scaling activity initiated by (deployment d)", "ResourceInitializationError: unable to pull secrets: timeout", "odd \x00 text"]
)  # fmt: skip
CONTAINERS = st.lists(
    st.fixed_dictionaries({}, optional={"name": st.just("app"), "exitCode": st.sampled_from([0, 1, 137, None]), "reason": TEXTS,
                                        "image": st.just("i:1"), "healthStatus": st.sampled_from(["UNHEALTHY", "UNKNOWN"])}),
    max_size=2,
)  # fmt: skip
TASKS = st.lists(
    st.fixed_dictionaries(
        {"startedBy": st.sampled_from(["d1", "d2"])},
        optional={"taskArn": st.just("arn:t/1"), "lastStatus": st.sampled_from(["PENDING", "RUNNING", "DEACTIVATING", "STOPPED"]),
                  "stopCode": st.sampled_from(["EssentialContainerExited", "TaskFailedToStart", "UserInitiated"]),
                  "stoppedReason": TEXTS, "createdAt": TIMES, "startedAt": TIMES, "stoppedAt": TIMES, "containers": CONTAINERS,
                  "healthStatus": st.sampled_from(["UNHEALTHY", "HEALTHY"])},
    ),
    max_size=6,
)  # fmt: skip
DEPLOYMENTS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["d1", "d2"]), "status": st.sampled_from(["PRIMARY", "ACTIVE", "INACTIVE"])},
        optional={"runningCount": COUNTS, "desiredCount": COUNTS, "pendingCount": COUNTS, "failedTasks": COUNTS,
                  "rolloutState": st.sampled_from(["COMPLETED", "IN_PROGRESS", "FAILED"]), "createdAt": TIMES, "updatedAt": TIMES,
                  "rolloutStateReason": TEXTS},
    ),
    max_size=3,
)  # fmt: skip
STATUSES = [
    "PENDING",
    "IN_PROGRESS",
    "SUCCESSFUL",
    "STOPPED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
    "NEW",
]
ROLLOUTS = st.none() | st.fixed_dictionaries(
    {"status": st.sampled_from(STATUSES)},
    optional={"createdAt": TIMES, "finishedAt": TIMES, "lifecycleStage": st.just("BAKE_TIME"),
              "deploymentCircuitBreaker": st.fixed_dictionaries(
                  {}, optional={"status": st.sampled_from(["MONITORING", "DISABLED"]), "failureCount": COUNTS, "threshold": COUNTS}),
              "lifecycleHookDetails": st.lists(st.fixed_dictionaries({"status": st.sampled_from(["AWAITING_ACTION", "SUCCEEDED"])}),
                                               max_size=1)},
)  # fmt: skip
EVENTS = st.lists(st.fixed_dictionaries({}, optional={"message": TEXTS, "createdAt": TIMES}), max_size=3)
TARGETS = st.lists(
    st.builds(Target, st.just("arn:g"), st.sampled_from(["initial", "healthy", "unhealthy", "unused"]), TEXTS, TEXTS),
    max_size=3,
)
POLICIES = st.builds(Policy, timeout=st.none() | st.floats(1, 9999), min_ready=st.none() | st.floats(1, 9999))
LIVE: dict[str, Any] = {"deploymentController": {"type": "ECS"}}


@given(DEPLOYMENTS, TASKS, ROLLOUTS, EVENTS, TARGETS, POLICIES)
def test_healthy_is_only_what_ecs_calls_completed(deployments, tasks, rollout, events, targets, policy):
    found = Evidence(rollout, tuple(tasks), stops(tasks, "d1"), tuple(targets))
    live = LIVE | {"deployments": deployments, "events": events, "evidence": found}
    health = verdict(Observed(k("Service/web"), AT, {"serviceName": "web"}, live=live), policy)
    assert health.reason
    assert health.message
    if health.healthy:
        [first] = [item for item in deployments if item["status"] == "PRIMARY"][:1]
        alone = first.get("rolloutState") is None and len(deployments) == 1
        assert first.get("rolloutState") == "COMPLETED" or alone
        assert not rollout or not rollout["status"].startswith("ROLLBACK_IN")
