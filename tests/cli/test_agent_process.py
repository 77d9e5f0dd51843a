"""The agent as a real process: a real git remote, AWS over HTTP, signals, kills."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import reconciler
from reconciler.simulator import Settings, Simulator
from tests.engine.test_jobs import JOB, WAITS
from tests.lab import ENVIRONMENT

PACKAGES = str(Path(reconciler.__file__).parent.parent)
PATIENCE = 120
TOKEN, SECRET = "token-of-ops", "secret-of-the-hook"

SETTINGS = """
apiVersion: reconciler/v1
kind: Agent
spec:
  repository: {{url: {remote}, poll: {poll}, mirror: {mirror}}}
  resync: {resync}
  server:
    listen: 127.0.0.1:{port}
    callers: [{{name: ops, token: {{variable: OPS}}, may: write}}]
    hooks: [{{name: push, sender: generic, sharedSecret: {{variable: HOOK}}}}]
{more}"""


def until(read: Callable[[], Any], what: str = "it") -> Any:
    """What is read once it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := read()):
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.02)
    return found


class Site:
    """A remote, an account, and an agent between them."""

    def __init__(self, root: Path, text: str, *, speed: float = 120) -> None:
        self.root, self.work, self.remote = root, root / "work", root / "remote.git"
        self.simulator = Simulator(Settings())
        self.simulator.script("migrate", exits=0, after=5.0)
        self.queue = _queue(self.simulator)
        self.serving = self.simulator.serve(speed=speed)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = _free()
        self.work.mkdir()
        self.git("init", "-q", "-b", "main", str(self.work))
        (self.work / "apps/shop").mkdir(parents=True)
        (self.work / "environments").mkdir()
        (self.work / "apps/shop/all.yaml").write_text(text)
        (self.work / "environments/staging.yaml").write_text(ENVIRONMENT + "  policy: {drift: correct}\n")
        self.git("init", "-q", "--bare", "-b", "main", str(self.remote))
        self.git("remote", "add", "origin", str(self.remote))

    def git(self, *arguments: str) -> str:
        person = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **person}
        done = subprocess.run(["git", "-C", str(self.work), *arguments], env=environ, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def push(self, old: str = "", new: str = "") -> str:
        file = self.work / "apps/shop/all.yaml"
        if old:
            assert old in file.read_text()
            file.write_text(file.read_text().replace(old, new))
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")
        self.git("push", "-q", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def start(self, *, poll: str = "1h", resync: str = "1h", events: bool = True) -> None:
        """An agent; ``events`` tell it at once what moves in ECS, which spares these tests the seconds between looks."""
        self.port = _free()
        more = f'  queues: [{{url: "{self.queue}", environment: staging}}]\n' if events else ""
        file = self.root / "agent.yaml"
        mirror = self.root / "mirror"
        file.write_text(
            SETTINGS.format(remote=self.remote, poll=poll, resync=resync, mirror=mirror, port=self.port, more=more)
        )
        kept = {name: it for name, it in os.environ.items() if not name.startswith(("AWS_", "RECONCILER_"))}
        environ = {
            **kept, "PYTHONPATH": PACKAGES, "AWS_ENDPOINT_URL": self.serving.url, "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x", "OPS": TOKEN, "HOOK": SECRET, "NO_PROXY": "127.0.0.1",
            "HOME": str(self.root),
        }  # fmt: skip
        command = [sys.executable, "-P", "-m", "reconciler", "agent", "--settings", str(file)]
        with (self.root / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)

    def ask(self, path: str, *, data: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        sent = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **(headers or {})}
        with urllib.request.urlopen(urllib.request.Request(url, data, sent), timeout=PATIENCE) as answer:
            return json.loads(answer.read() or b"null")

    def status(self) -> Any:
        try:
            return self.ask("/api/v1/status?environment=staging")
        except OSError:
            return None

    def ready_at(self, commit: str) -> None:
        def is_ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            told = self.status()
            return bool(told and told["revision"] == commit and told["ready"] and told["resources"])

        until(is_ready, f"{commit} being Ready\n{self.log()}")

    def ring(self) -> None:
        body, at = b"{}", str(int(time.time()))
        signature = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Reconciler-Timestamp": at, "X-Reconciler-Signature": f"sha256={signature}"}
        self.ask("/hooks/push", data=body, headers=headers)

    def log(self) -> str:
        return (self.root / "agent.log").read_text()[-4000:]

    def writes(self, operation: str) -> int:
        return sum(call.operation == operation for call in list(self.simulator.calls) if call.mutating)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def image(self, service: str) -> str:
        ecs = self.simulator.client("ecs", region="eu-west-1")
        [found] = ecs.describe_services(cluster="main", services=[service])["services"]
        definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        return str(definition["containerDefinitions"][0]["image"])

    def migrations(self) -> list[str]:
        """The image of each run there ever was."""
        [cluster] = self.simulator.region("eu-west-1").clusters.values()
        tasks = [task for task in cluster.tasks.values() if task.started_by.startswith("db-migrate/")]
        return sorted(task.definition.members["containerDefinitions"][0]["image"] for task in tasks)


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, WAITS + JOB)
    with made.serving:
        yield made
        made.kill()


def test_a_push_is_brought_about_by_a_webhook_an_hour_before_the_next_poll(site):
    first = site.push()
    site.start()
    site.ready_at(first)
    assert site.image("web") == "shop:1"
    second = site.push("shop:1", "shop:2")
    site.ring()
    site.ready_at(second)
    assert site.image("web") == "shop:2"
    assert site.migrations() == ["shop:1", "shop:2"]


@pytest.mark.slow
def test_without_a_webhook_a_push_is_found_by_polling(site):
    site.push()
    site.start(poll="1s", events=False)
    site.ready_at(site.push("shop:1", "shop:2"))


def test_told_to_stop_it_exits_0_with_a_stream_open_and_a_rollout_under_way_and_the_next_one_goes_on(site):
    site.ready_at(_started(site))
    url = f"http://127.0.0.1:{site.port}/api/v1/stream?environment=staging"
    stream = urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"}))
    assert stream.readline()
    reader = threading.Thread(target=stream.read, daemon=True)
    reader.start()
    second = site.push("shop:1", "shop:2")
    site.ring()
    until(lambda: site.writes("RegisterTaskDefinition") >= 3, "the first write")
    assert site.stop() == 0
    assert "Traceback" not in site.log()
    site.start()
    site.ready_at(second)
    assert site.migrations() == ["shop:1", "shop:2"]


@pytest.mark.slow
def test_what_a_hand_changed_is_healed_when_a_person_says_sync(site):
    first = site.push()
    site.start(events=False)
    site.ready_at(first)
    ecs = site.simulator.client("ecs", region="eu-west-1")
    ecs.update_service(cluster="main", service="worker", desiredCount=4)
    site.ask("/api/v1/sync", data=json.dumps({"environment": "staging", "app": "shop"}).encode())
    [found] = until(
        lambda: [
            it
            for it in ecs.describe_services(cluster="main", services=["worker"])["services"]
            if it["desiredCount"] == 1
        ],
        "the count being as declared",
    )
    assert found["desiredCount"] == 1


def test_what_a_hand_changed_is_healed_by_the_event_that_tells_of_it_an_hour_before_the_next_round(site):
    site.ready_at(_started(site))
    ecs = site.simulator.client("ecs", region="eu-west-1")
    ecs.update_service(cluster="main", service="worker", desiredCount=4)

    def healed() -> bool:
        [found] = ecs.describe_services(cluster="main", services=["worker"])["services"]
        return bool(found["desiredCount"] == 1)

    until(healed, f"the count being as declared\n{site.log()}")
    until(lambda: '"healed"' in site.log(), "it being told")
    assert '"drift"' in site.log()


def _queue(simulator: Simulator) -> str:
    """A queue that is told of each call, as by a trail, at once."""
    sqs, events = (simulator.client(name, region="eu-west-1") for name in ("sqs", "events"))
    url = str(sqs.create_queue(QueueName="reconciler")["QueueUrl"])
    pattern = {"source": ["aws.ecs"], "detail-type": ["AWS API Call via CloudTrail", "ECS Deployment State Change"]}
    events.put_rule(Name="reconciler", EventPattern=json.dumps(pattern))
    arn = "arn:aws:sqs:eu-west-1:123456789012:reconciler"
    events.put_targets(Rule="reconciler", Targets=[{"Id": "queue", "Arn": arn}])
    simulator.notices.trail = 0.0
    return url


def _started(site: Site) -> str:
    first = site.push()
    site.start()
    return first


@pytest.mark.parametrize(
    ("seed", "commits"), [(1, 4), pytest.param(2, 200, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_killed_at_random_moments_over_many_commits_the_end_is_the_last_one_and_each_migration_ran_once(
    site, seed, commits
):
    chance = random.Random(seed)
    site.push()
    site.start(poll="1s")
    for number in range(2, commits + 2):
        seen = len(site.simulator.calls)
        last = site.push(f"shop:{number - 1}", f"shop:{number}")
        if number > 2:
            site.start(poll="1s")
        calls = seen + chance.randrange(5, 60)
        until(lambda calls=calls: len(site.simulator.calls) >= calls, f"{calls} calls\n{site.log()}")
        site.kill()
    site.start(poll="1s")
    site.ready_at(last)
    image = f"shop:{commits + 1}"
    assert site.image("web") == site.image("worker") == image
    ran = site.migrations()
    assert len(ran) == len(set(ran)), ran
    assert image in ran
    assert len(site.simulator.client("ecs", region="eu-west-1").list_services(cluster="main")["serviceArns"]) == 2
