"""Running a command as a whole process and saying what it cost; nothing here asserts on time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds, peak resident memory in MiB."""

    wall: float
    cpu: float
    memory: float


def cost(arguments: Sequence[str], *, runs: int = 3, env: Mapping[str, str] | None = None) -> Cost:
    """What ``reconciler ARGUMENTS`` costs: the smallest figures of several runs, after one that is not counted."""
    found = [_run(arguments, env or {}) for _ in range(runs + 1)][1:]
    return Cost(min(one.wall for one in found), min(one.cpu for one in found), min(one.memory for one in found))


# what a process inherits from the one that forked it counts into ru_maxrss: the program tells its own peak instead
_PROGRAM = """
import atexit, re, runpy, sys
def tell(file=sys.argv[1]):
    with open("/proc/self/status") as status, open(file, "w") as told:
        told.write(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1])
atexit.register(tell)
sys.argv = ["reconciler", *sys.argv[2:]]
runpy.run_module("reconciler", run_name="__main__")
"""


def _run(arguments: Sequence[str], env: Mapping[str, str]) -> Cost:
    with tempfile.NamedTemporaryFile() as peak:
        began = time.perf_counter()
        command = [sys.executable, "-c", _PROGRAM.strip(), peak.name, *arguments]
        process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        memory = int(Path(peak.name).read_text()) / 1024
        return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, memory)


def calls_in(log: Path) -> Counter[str]:
    """The calls of a simulator's log, by operation."""
    return Counter(json.loads(line)["operation"] for line in log.read_text().splitlines())


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print figures for a person."""
    texts = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    print(f"\n{title}")
    for row in texts:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
