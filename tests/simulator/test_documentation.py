"""Every block of Python in docs/simulator.md runs, on its own."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
BLOCKS = [
    pytest.param(match[1], id=re.findall(r"^##+ (.+)$", TEXT[: match.start()], re.MULTILINE)[-1])
    for match in re.finditer(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_example_runs(block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/simulator.md", "exec"), {"__name__": "example"})


def test_there_are_examples():
    assert len(BLOCKS) >= 8


def test_every_kind_of_fault_is_explained():
    from reconciler.simulator.fault import WHATS

    assert [what for what in WHATS if not re.search(rf"\b{what}\b", TEXT)] == []


def test_every_setting_of_reads_is_explained():
    for name in ("eventual_window", "tagging_lag", "tagging_ghosts", "scaling_sees_after"):
        assert name in TEXT
