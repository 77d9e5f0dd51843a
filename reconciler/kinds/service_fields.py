"""What is known of each member of a service: which change rolls tasks, what the server fills, how lists compare.

Source: the ECS API reference of CreateService and UpdateService; "rolls tasks" where it documents a new deployment.
"""

from __future__ import annotations

from reconciler.model.fields import Effect, Field, Fields

_ROLLS = Effect.ROLLS_TASKS
_NEW_ONLY = Effect.NEW_TASKS_ONLY

_DEPLOYMENT: dict[str, Field] = {
    "maximumPercent": Field(default=200),
    "minimumHealthyPercent": Field(default=100),
    "strategy": Field(default="ROLLING"),
    "bakeTimeInMinutes": Field(default=0),
    "deploymentCircuitBreaker.enable": Field(default=False),
    "deploymentCircuitBreaker.rollback": Field(default=False),
    "deploymentCircuitBreaker.resetOnHealthyTask": Field(default=True),
    "deploymentCircuitBreaker.thresholdConfiguration.type": Field(default="BOUNDED_PERCENT"),
    "deploymentCircuitBreaker.thresholdConfiguration.value": Field(default=50),
    "alarms.alarmNames": Field(unordered=True, default=[]),
    "alarms.enable": Field(default=False),
    "alarms.rollback": Field(default=False),
    "canaryConfiguration.canaryPercent": Field(default=5.0),
    "canaryConfiguration.canaryBakeTimeInMinutes": Field(default=10),
    "linearConfiguration.stepPercent": Field(default=10.0),
    "linearConfiguration.stepBakeTimeInMinutes": Field(default=6),
    "lifecycleHooks": Field(key=("targetType", "hookTargetArn"), default=[]),
    "lifecycleHooks.*.targetType": Field(default="AWS_LAMBDA"),
    "lifecycleHooks.*.lifecycleStages": Field(unordered=True),
    "earlySuccessCriteria": Field(shared=True),
}

_CONNECT: dict[str, Field] = {
    "enabled": Field(default=False),
    "services": Field(key=("portName",)),
    "logConfiguration.options": Field(shared=True),
}

FIELDS = Fields(
    name="serviceName",
    resource_type="ecs:service",
    defaults={"cluster": "cluster"},
    table={
        "cluster": Field(create_only=True, names=("Cluster",), by_name=True, default="default"),
        "taskDefinition": Field(effect=_ROLLS, names=("TaskDefinition",), by_name=True),
        "desiredCount": Field(shared=True, handed_over=True),
        "launchType": Field(shared=True, create_only=True, handed_over=True),
        "schedulingStrategy": Field(create_only=True, default="REPLICA"),
        "role": Field(shared=True, create_only=True),
        "capacityProviderStrategy": Field(key=("capacityProvider",), shared=True, effect=_ROLLS),
        "capacityProviderStrategy.*.base": Field(default=0),
        "capacityProviderStrategy.*.weight": Field(default=0),
        "platformVersion": Field(shared=True, effect=_ROLLS, removal="LATEST"),
        "deploymentController": Field(effect=_ROLLS),
        "deploymentController.type": Field(default="ECS"),
        **{f"deploymentConfiguration.{name}": field for name, field in _DEPLOYMENT.items()},
        "availabilityZoneRebalancing": Field(shared=True),
        "networkConfiguration": Field(effect=_ROLLS),
        "networkConfiguration.awsvpcConfiguration.assignPublicIp": Field(default="DISABLED"),
        "networkConfiguration.awsvpcConfiguration.subnets": Field(unordered=True),
        "networkConfiguration.awsvpcConfiguration.subnets.*": Field(names=("Subnet",)),
        "networkConfiguration.awsvpcConfiguration.securityGroups": Field(unordered=True, shared=True),
        "networkConfiguration.awsvpcConfiguration.securityGroups.*": Field(names=("SecurityGroup",)),
        "loadBalancers": Field(
            key=("targetGroupArn", "loadBalancerName", "containerName", "containerPort"), default=[], effect=_ROLLS
        ),
        "loadBalancers.*.targetGroupArn": Field(names=("TargetGroup",)),
        "serviceRegistries": Field(
            key=("registryArn", "containerName", "containerPort", "port"), default=[], effect=_ROLLS
        ),
        "placementConstraints": Field(unordered=True, default=[]),
        "placementStrategy": Field(default=[]),
        "healthCheckGracePeriodSeconds": Field(default=0),
        "enableExecuteCommand": Field(default=False, effect=_NEW_ONLY),
        "enableECSManagedTags": Field(default=False, effect=_NEW_ONLY),
        "propagateTags": Field(default="NONE", effect=_NEW_ONLY),
        "serviceConnectConfiguration": Field(removal={"enabled": False}, effect=_ROLLS),
        **{f"serviceConnectConfiguration.{name}": field for name, field in _CONNECT.items()},
        "volumeConfigurations": Field(key=("name",), default=[], effect=_ROLLS),
        "volumeConfigurations.*.managedEBSVolume.filesystemType": Field(default="xfs"),
        "vpcLatticeConfigurations": Field(key=("portName", "targetGroupArn"), default=[], effect=_ROLLS),
        "gatewayConnectors": Field(shared=True),
        "monitoring": Field(shared=True),
        "tags": Field(key=("key",), value="value", shared=True),
        "tags.*.value": Field(default=""),
    },
    response_only=frozenset(
        {
            "serviceArn",
            "clusterArn",
            "status",
            "runningCount",
            "pendingCount",
            "deployments",
            "taskSets",
            "events",
            "createdAt",
            "createdBy",
            "roleArn",
            "platformFamily",
            "currentServiceDeployment",
            "currentServiceRevisions",
            "resourceManagementType",
        }
    ),
    wrappers=("service", "services"),
)

ON_DEPLOYMENT = ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations")
"""Members that an answer shows only in its PRIMARY deployment."""
