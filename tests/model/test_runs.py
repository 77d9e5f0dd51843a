"""What a revision's tags say of runs survives being written and read, and nothing else is taken for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.model.key import RUNS
from reconciler.model.runs import FAILED, STARTED, SUCCEEDED, Run, line, runs_of, tags_of

FP = "0123456789abcdef" * 2
RUN = Run(FP, SUCCEEDED, datetime(2026, 1, 5, 9, 0, tzinfo=UTC), 2, 0, "exit code 0", "arn:r")


@pytest.mark.parametrize("run", [RUN, replace(RUN, word=STARTED, detail="main", tries=3), replace(RUN, detail="")])
def test_a_run_is_read_as_it_was_written(run):
    [found] = runs_of(tags_of("db.migrate", run, ()), "db.migrate", "arn:r")
    assert found == run


def test_a_value_holds_only_what_a_tag_may_hold_and_no_more_than_that():
    text = line(replace(RUN, word=FAILED, detail='"bad"; (né)\n' + "x" * 400))
    assert len(text) == 256
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/=+-@")


def test_what_ended_before_on_the_same_revision_is_remembered():
    before = [replace(RUN, fingerprint=char * 32, word=word) for char, word in [("a", SUCCEEDED), ("b", FAILED)]]
    _, first, second = runs_of(tags_of("x", RUN, before), "x", "arn:r")
    assert (first.fingerprint, first.word, first.attempt) == ("a" * 12, SUCCEEDED, 2)
    assert (second.fingerprint, second.word) == ("b" * 12, FAILED)
    assert first.is_of("a" * 64)
    assert not first.is_of("b" * 64)
    assert not first.is_of("")


def test_the_oldest_are_forgotten_when_there_is_no_room():
    before = [replace(RUN, fingerprint=f"{number:032x}"[::-1]) for number in range(60)]
    tags = tags_of("x", RUN, before)
    assert max(map(len, tags.values())) <= 256
    assert len(list(runs_of(tags, "x"))) > 10
    assert before[0].fingerprint[:12] in tags[f"{RUNS}x/past"]


@pytest.mark.parametrize(
    "text", ["", "done", f"{FP} succeeded yesterday 1 0", f"{FP} won 2026-01-05T09:00:00Z 1 0", f"{FP} started 2026-13-05T09:00:00Z 1 0"]
)  # fmt: skip
def test_what_cannot_be_read_is_passed_over(text):
    assert list(runs_of({f"{RUNS}x": text, f"{RUNS}x/past": "nonsense"}, "x")) == []
