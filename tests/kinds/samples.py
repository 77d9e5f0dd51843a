"""A manifest of each kind with much of what it can say: what the contract is tried on. A new kind adds its own here."""

from __future__ import annotations

from typing import Any

SEALED = "to be sealed: "
"""Begins a value that stands sealed in a manifest."""

SAMPLES: dict[str, dict[str, Any]] = {
    "Cluster": {
        "clusterName": "main",
        "settings": [{"name": "containerInsights", "value": "enhanced"}],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [
            {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 4},
        ],
        "tags": [{"key": "team", "value": "platform"}],
    },
    "LogGroup": {"logGroupName": "/ecs/web", "retentionInDays": 30, "tags": {"team": "shop"}},
    "Secret": {
        "name": "shop/kept",
        "description": "of the shop",
        "jsonKeys": ["password"],
        "secretString": f"{SEALED}one",
        "tags": [{"key": "team", "value": "shop"}],
    },
    "Parameter": {
        "name": "/shop/kept",
        "description": "of the shop",
        "value": f"{SEALED}one",
        "tags": [{"key": "team", "value": "shop"}],
    },
    "TaskDefinition": {
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": ".5 vCPU",
        "memory": "1 GB",
        "executionRoleArn": "arn:aws:iam::123456789012:role/exec",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 40},
        "volumes": [{"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        "tags": [{"key": "team", "value": "shop"}],
        "containerDefinitions": [
            {
                "name": "web",
                "image": "shop:1",
                "portMappings": [{"containerPort": 3000, "name": "http", "appProtocol": "http"}],
                "environment": [{"name": "A", "value": "1"}],
                "secrets": [{"name": "URL", "valueFrom": "/shop/url"}],
                "mountPoints": [{"sourceVolume": "efs", "containerPath": "/data"}],
                "healthCheck": {"command": ["CMD-SHELL", "true"], "startPeriod": 10},
                "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
                "restartPolicy": {"enabled": True},
                "versionConsistency": "disabled",
                "stopTimeout": 60,
            }
        ],
    },
    "Job": {
        "cluster": "outside",
        "taskDefinition": "beside",
        "container": "web",
        "timeout": "10m",
        "runKey": "once",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"]}},
        "overrides": {"containerOverrides": [{"name": "web", "command": ["bin/rails", "db:migrate"]}]},
        "tags": [{"key": "team", "value": "shop"}],
    },
    "Service": {
        "serviceName": "web",
        "cluster": "outside",
        "taskDefinition": "outside:1",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "deploymentConfiguration": {
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"]}},
        "enableExecuteCommand": True,
        "propagateTags": "SERVICE",
        "availabilityZoneRebalancing": "DISABLED",
        "healthCheckGracePeriodSeconds": 30,
        "loadBalancers": [
            {
                "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef",
                "containerName": "web",
                "containerPort": 80,
            }
        ],
        "tags": [{"key": "team", "value": "shop"}],
    },
}

BESIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "Job": (
        "TaskDefinition",
        {
            "family": "beside",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "web", "image": "job:1"}],
        },
    )
}
"""What a sample needs beside it in the repository: the manifest of another kind, named ``beside``."""

CHANGES: dict[str, list[dict[str, Any]]] = {
    "Cluster": [
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []},
        {"tags": [{"key": "team", "value": "other"}]},
        {"tags": []},
    ],
    "LogGroup": [{"retentionInDays": 60}, {"tags": {"team": "other"}}, {"tags": {}}],
    "Job": [],
    "Secret": [
        {"secretString": f"{SEALED}two"},
        {"description": "another", "secretString": f"{SEALED}two"},
        {"tags": [{"key": "other", "value": "x"}]},
        {"tags": []},
        {"kmsKeyId": "alias/shop"},
    ],
    "Parameter": [
        {"value": f"{SEALED}two"},
        {"description": "another"},
        {"tags": [{"key": "other", "value": "x"}], "value": f"{SEALED}two"},
        {"tags": []},
        {"keyId": "alias/shop"},
        {"tier": "Advanced"},
    ],
    "TaskDefinition": [
        {"cpu": "1024", "memory": "2048"},
        {"tags": []},
        {"volumes": [], "containerDefinitions": [{"name": "web", "image": "shop:2"}]},
        {"runtimePlatform": None},
    ],
    "Service": [
        {"desiredCount": 3},
        {"deploymentConfiguration": None},
        {"deploymentConfiguration": {"minimumHealthyPercent": 50}},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-c"], "assignPublicIp": "ENABLED"}}},
        {"loadBalancers": [], "healthCheckGracePeriodSeconds": 0},
        {"loadBalancers": None, "healthCheckGracePeriodSeconds": None},
        {"enableExecuteCommand": None, "propagateTags": None},
        {"healthCheckGracePeriodSeconds": None},
        {"serviceConnectConfiguration": {"enabled": True, "namespace": "shop"}},
        {"tags": [{"key": "other", "value": "x"}]},
    ],
}
"""What of a sample is changed, one try each; None: the member is left out."""
