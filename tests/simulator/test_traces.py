"""Traces of real accounts, ``traces/*.jsonl``: the simulator differs from AWS in nothing but what is known.

Beside a trace, ``NAME.known`` lists the differences that are known, one a line, as ``compare`` prints them.
"""

from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.recorder import read
from reconciler.simulator.replay import compare

TRACES = sorted((Path(__file__).parent / "traces").glob("*.jsonl"))


@pytest.mark.skipif(not TRACES, reason="nobody has contributed a trace yet")
@pytest.mark.parametrize("path", TRACES, ids=lambda p: p.stem)
def test_aws_and_the_simulator_agree(path):
    known = path.with_suffix(".known")
    allowed = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    assert [str(d) for d in compare(read(path), Simulator())] == allowed
