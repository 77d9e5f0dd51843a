"""A folder that is watched."""

from __future__ import annotations

import threading

import pytest

from reconciler.agent.desk import Wake
from reconciler.agent.wake.folder import FolderWatcher, watched

PATIENCE = 20


class Wakes:
    def __init__(self) -> None:
        self.all: list[Wake] = []
        self.came = threading.Event()

    def __call__(self, wake: Wake) -> None:
        self.all.append(wake)
        self.came.set()


@pytest.fixture
def wakes():
    return Wakes()


def until_it_wakes(wakes, change):
    """Watching begins when the library is ready, which nobody tells: a change is made until one is seen."""
    for number in range(PATIENCE * 5):
        change(number)
        if wakes.came.wait(0.2):
            return
    raise AssertionError("nothing woke")


def test_a_change_below_the_folder_wakes(tmp_path, wakes):
    (tmp_path / "apps/web").mkdir(parents=True)
    watcher = FolderWatcher(tmp_path, wakes)
    watcher.start()
    try:
        until_it_wakes(wakes, lambda n: (tmp_path / "apps/web/a.yaml").write_text(f"a: {n}\n"))
    finally:
        assert watcher.stop(PATIENCE)
    assert wakes.all[0] == Wake(git=True, why=f"files changed in {tmp_path}")
    assert watcher.error == ""


def test_what_git_and_editors_write_for_themselves_does_not_wake(tmp_path, wakes):
    (tmp_path / ".git").mkdir()
    seen = set()

    def watch(folder, stop):
        for changes in watched(folder, stop):
            seen.update(path for _, path in changes)
            yield changes

    def change(number):
        for name in (".git/index", ".a.yaml.swp", "a.yaml~", "a.yaml"):
            (tmp_path / name).write_text(f"{number}")

    watcher = FolderWatcher(tmp_path, wakes, watch=watch)
    watcher.start()
    try:
        until_it_wakes(wakes, change)
    finally:
        assert watcher.stop(PATIENCE)
    assert seen == {str(tmp_path / "a.yaml")}


def test_many_changes_at_once_are_few_wakes(tmp_path):
    """The library gathers what comes within the time it is told; each batch is one wake."""
    wakes = Wakes()
    batches = [{("added", f"{n}") for n in range(100)}, {("added", "x")}]
    watcher = FolderWatcher(tmp_path, wakes, watch=lambda folder, stop: iter(batches))
    watcher.step()
    assert len(wakes.all) == 2


def test_a_folder_that_is_not_there_is_told_and_tried_again(tmp_path, wakes):
    watcher = FolderWatcher(tmp_path / "gone", wakes)
    watcher.step()
    assert "gone cannot be watched" in watcher.error
    (tmp_path / "gone").mkdir()
    watcher.start()
    try:
        until_it_wakes(wakes, lambda n: (tmp_path / "gone/a.yaml").write_text(f"{n}"))
    finally:
        assert watcher.stop(PATIENCE)
    assert watcher.error == ""


def test_while_it_cannot_watch_it_stops_promptly(tmp_path, wakes):
    tried = threading.Event()

    def broken(folder, stop):
        tried.set()
        raise OSError("no watches left")

    watcher = FolderWatcher(tmp_path, wakes, watch=broken)
    watcher.start()
    assert tried.wait(PATIENCE)
    assert watcher.stop(PATIENCE)
    assert "no watches left" in watcher.error
    assert wakes.all == []


def test_never_started_it_is_stopped_all_the_same(tmp_path, wakes):
    assert FolderWatcher(tmp_path, wakes).stop(0)
