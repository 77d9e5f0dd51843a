"""What is known of each member of a task definition. Source: the ECS API reference and observed answers."""

from __future__ import annotations

from reconciler.model.fields import Effect, Field, Fields

_CONTAINER: dict[str, Field] = {
    "image": Field(names=("Image",)),
    "essential": Field(default=True),
    "cpu": Field(default=0),
    **{
        member: Field(default=False)
        for member in ("privileged", "readonlyRootFilesystem", "interactive", "pseudoTerminal", "disableNetworking")
    },
    "stopTimeout": Field(default=30),
    "environment": Field(key=("name",), value="value"),
    "secrets": Field(key=("name",), value="valueFrom"),
    "secrets.*.valueFrom": Field(names=("Secret", "Parameter")),
    "portMappings": Field(key=("containerPort", "containerPortRange", "protocol", "hostPort")),
    "portMappings.*.protocol": Field(default="tcp"),
    "mountPoints": Field(key=("containerPath",)),
    "mountPoints.*.readOnly": Field(default=False),
    "volumesFrom": Field(key=("sourceContainer",)),
    "volumesFrom.*.readOnly": Field(default=False),
    "healthCheck.interval": Field(default=30),
    "healthCheck.timeout": Field(default=5),
    "healthCheck.retries": Field(default=3),
    "healthCheck.startPeriod": Field(default=0),
    "dependsOn": Field(key=("containerName",), value="condition"),
    "ulimits": Field(key=("name",)),
    "systemControls": Field(key=("namespace",), value="value"),
    "resourceRequirements": Field(key=("type",), value="value"),
    "extraHosts": Field(key=("hostname",), value="ipAddress"),
    "linuxParameters.capabilities.add": Field(unordered=True),
    "linuxParameters.capabilities.drop": Field(unordered=True),
    "linuxParameters.initProcessEnabled": Field(default=False),
    "linuxParameters.devices": Field(key=("hostPath",)),
    "linuxParameters.devices.*.permissions": Field(unordered=True, default=["mknod", "read", "write"]),
    "linuxParameters.tmpfs": Field(key=("containerPath",)),
    "logConfiguration.secretOptions": Field(key=("name",), value="valueFrom"),
    "logConfiguration.secretOptions.*.valueFrom": Field(names=("Secret", "Parameter")),
    "logConfiguration.options.awslogs-group": Field(names=("LogGroup",)),
    "restartPolicy.restartAttemptPeriod": Field(default=300),
    "restartPolicy.ignoredExitCodes": Field(unordered=True),
    "versionConsistency": Field(default="enabled"),
    "dockerSecurityOptions": Field(unordered=True),
    "credentialSpecs": Field(unordered=True),
}

_VOLUME: dict[str, Field] = {
    "configuredAtLaunch": Field(default=False),
    "dockerVolumeConfiguration.autoprovision": Field(default=False),
    "efsVolumeConfiguration.rootDirectory": Field(default="/"),
    "efsVolumeConfiguration.transitEncryption": Field(default="DISABLED"),
    "efsVolumeConfiguration.authorizationConfig.iam": Field(default="DISABLED"),
}

FIELDS = Fields(
    name="family",
    resource_type="ecs:task-definition",
    effect=Effect.NEW_TASKS_ONLY,
    versioned=True,
    table={
        "taskRoleArn": Field(names=("Role",)),
        "executionRoleArn": Field(names=("Role",)),
        "requiresCompatibilities": Field(unordered=True),
        "volumes": Field(key=("name",)),
        **{f"volumes.*.{name}": field for name, field in _VOLUME.items()},
        "placementConstraints": Field(unordered=True),
        "proxyConfiguration.type": Field(default="APPMESH"),
        "proxyConfiguration.properties": Field(key=("name",), value="value"),
        "inferenceAccelerators": Field(key=("deviceName",)),
        "enableFaultInjection": Field(default=False),
        "runtimePlatform.cpuArchitecture": Field(default="X86_64"),
        "runtimePlatform.operatingSystemFamily": Field(default="LINUX"),
        "containerDefinitions": Field(key=("name",)),
        **{f"containerDefinitions.*.{name}": field for name, field in _CONTAINER.items()},
        "tags": Field(key=("key",), value="value", shared=True, effect=Effect.IN_PLACE),
        "tags.*.value": Field(default=""),
    },
    response_only=frozenset(
        {
            "taskDefinitionArn",
            "revision",
            "status",
            "requiresAttributes",
            "compatibilities",
            "registeredAt",
            "registeredBy",
            "deregisteredAt",
            "deleteRequestedAt",
        }
    ),
    wrappers=("taskDefinition",),
)
