"""What tests and onlookers may say to the simulated world: workloads, alarms, hooks, capacity, interruptions."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import ecs, script_file
from .clock import Clock
from .ecs import fleet, instances, invariants, placement, pulse, scaling, task_life, workload
from .ecs.scope import find_cluster
from .ecs.state import Cluster, Service, Task
from .ecs.task_make import Order, planned
from .errors import ScriptError
from .settings import Settings
from .target_health import Target
from .world import World


class Directions:
    """The part of the simulator that is no AWS API. Everything takes effect at once, also on what runs already."""

    settings: Settings
    clock: Clock
    lock: threading.RLock
    world: World

    def region(self, name: str | None = None, account: str | None = None) -> ecs.Region:
        raise NotImplementedError

    # Workloads.

    def script(self, match: str, **behaviour: Any) -> None:
        """Containers of an image, or tasks of a family or ``family:revision``, behave like this from now on.

        The words are those of ``ecs.workload.Workload``; without any they are healthy again. ScriptError when wrong.
        """
        said = workload.made({"match": match, **behaviour})
        with self.lock:
            self.world.script.say(said)
            self._replan()

    def load_script(self, text: str) -> None:
        """A YAML script in place of all that was said before: ``workloads``, ``alarms``, ``hooks``, ``fargate``."""
        said = script_file.load(text, self.settings.hook_answer)
        with self.lock:
            self.world.script.workloads, self.world.script.used = said.workloads, {}
            self.world.script.alarms, self.world.script.hooks = said.alarms, said.hooks
            self.world.script.fargate = said.fargate
            self._replan()
            self._look_again()

    def unscript(self) -> None:
        """Everything is healthy, silent and roomy again."""
        self.load_script("")

    def push(self, image: str) -> None:
        """The image's tag points to something new: deployments begun from now on run that."""
        with self.lock:
            self.world.script.pushes[image] = self.world.script.pushes.get(image, 0) + 1

    def stack(self, name: str, region: str | None = None, **outputs: str) -> None:
        """A CloudFormation stack is deployed, or deployed anew, with these outputs."""
        with self.lock:
            place = (self.settings.account, region or self.settings.region)
            self.world.stacks.put(place, name, outputs, self.clock.now)

    def _replan(self) -> None:
        for state in self.world.regions.values():
            at = self.world.scope(state)
            for task in _tasks(state):
                if task.live:
                    more = {"overrides": task.fixed.get("overrides", {}), "service": task.service}
                    order = Order("", task.definition, "", "", task.launch_type, None, {}, **more)
                    task_life.replan(at, task, planned(at, order))

    # What watches and interrupts deployments.

    def alarm(self, name: str, state: str = "ALARM") -> None:
        """A CloudWatch alarm's state: OK, ALARM, INSUFFICIENT_DATA."""
        said = script_file.alarm(name, state)
        with self.lock:
            self.world.script.alarms[name] = said
            self._look_again()

    def hook(self, target: str, answer: str = "FAILED", after: float | None = None) -> None:
        """What the Lambda function of this ARN, or those of a lifecycle stage, answer: IN_PROGRESS is no answer."""
        seconds = self.settings.hook_answer if after is None else after
        self.world.script.hooks[target] = script_file.hook(target, answer, seconds)

    def _look_again(self) -> None:
        for state in self.world.regions.values():
            at = self.world.scope(state)
            for service in _services(state):
                if service.status == "ACTIVE" and (service.rolling or service.name in _cluster(state, service).short):
                    pulse.roused(at, service.cluster, [service.name])

    # Capacity.

    def add_instance(
        self,
        cluster: str = "default",
        *,
        cpu: int = 2048,
        memory: int = 3884,
        provider: str | None = None,
        attributes: Mapping[str, str | None] | None = None,
        zone: str | None = None,
        ports: Iterable[int] = (),
        interfaces: int | None = None,
        region: str | None = None,
    ) -> str:
        """A container instance registers; its ARN. From the first one on the cluster has room for what fits, only.

        CPU units and MiB; ``ports`` are TCP ports the host itself uses, ``interfaces`` how many awsvpc tasks it takes.
        """
        with self.lock:
            state = self.region(region)
            found = find_cluster(state, cluster)
            instance = scaling.add(
                self.world.scope(state),
                found,
                cpu=cpu,
                memory=memory,
                provider=provider,
                attributes=dict(attributes or {}),
                zone=zone,
                ports=frozenset(("tcp", p) for p in ports),
                interfaces=interfaces,
            )
            return instance.arn

    def terminate_instance(self, arn: str) -> None:
        """It is gone, and its tasks with it."""
        with self.lock:
            state, cluster, instance = self._instance(arn)
            instances.gone(self.world.scope(state), cluster, instance)

    def connect_agent(self, arn: str, connected: bool) -> None:
        """Without its agent an instance takes no tasks."""
        with self.lock:
            state, cluster, instance = self._instance(arn)
            instance.connected = connected
            pulse.roused(self.world.scope(state), cluster.name, placement.freed(cluster))

    def provider_capacity(
        self, name: str, *, cpu: int = 2048, memory: int = 3884, most: int = 10, region: str | None = None
    ) -> None:
        """What a capacity provider's new instances look like, and how many its group may have."""
        provider = self.region(region).providers.get(name)
        if provider is None:
            raise ScriptError(f"capacity provider '{name}' does not exist")
        provider.cpu, provider.memory, provider.most, provider.limited = cpu, memory, most, True

    def fargate_capacity(self, tasks: int | None, *, provider: str = "FARGATE") -> None:
        """Tasks that FARGATE or FARGATE_SPOT has room for, in all Regions together; None: no limit."""
        with self.lock:
            if tasks is None:
                self.world.script.fargate.pop(provider, None)
            else:
                self.world.script.fargate[provider] = script_file.room(provider, tasks)
            self._look_again()

    def interrupt_spot(self, count: int | None = None) -> int:
        """Take FARGATE_SPOT tasks away, the oldest first: stop code SpotInterruption. How many there were."""
        with self.lock:
            taken = 0
            for state in self.world.regions.values():
                tasks = [t for t in _tasks(state) if t.live and t.capacity_provider == "FARGATE_SPOT"]
                tasks = tasks[: None if count is None else count - taken]
                reason = "Your Spot Task was interrupted."
                for task in tasks:
                    task_life.stop(self.world.scope(state), [task], "SpotInterruption", reason)
                    pulse.changed(self.world.scope(state), [task])
                taken += len(tasks)
            return taken

    def _instance(self, arn: str) -> tuple[ecs.Region, Cluster, fleet.Instance]:
        for state in self.world.regions.values():
            for cluster in state.clusters.values():
                for instance in placement.instances(self.world.scope(state), cluster):
                    if instance.arn == arn:
                        return state, cluster, instance
        raise ScriptError(f"container instance '{arn}' does not exist")

    # Looking behind the answers.

    def target_health(self, group: str, region: str | None = None) -> list[Target]:
        """The targets ECS has registered in a target group, by its ARN, with state, reason and since when."""
        with self.lock:
            return list(self.world.target_health(self.world.scope(self.region(region)), group))

    def watch(self) -> list[str]:
        """From here on the invariants are checked after every step; sentences that were broken collect in the list."""
        broken: list[str] = []
        check = invariants.Invariants()

        def look() -> None:
            for state in self.world.regions.values():
                broken.extend(check.check(state, self.clock.now))

        self.clock.after_step.append(look)
        return broken


def _tasks(state: ecs.Region) -> Iterator[Task]:
    for cluster in state.clusters.values():
        yield from list(cluster.tasks.values())


def _services(state: ecs.Region) -> Iterator[Service]:
    for cluster in state.clusters.values():
        yield from list(cluster.services.values())


def _cluster(state: ecs.Region, service: Service) -> Cluster:
    return state.clusters[service.cluster]
