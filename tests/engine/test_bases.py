"""What an app wanted at an earlier commit: rendered once, of its own files, and no error where nobody knows any more."""

from __future__ import annotations

import pytest

from reconciler.engine.bases import MOST, Bases
from reconciler.model.errors import SourceError
from reconciler.model.key import Key
from reconciler.source.revision import Revision
from tests.lab import ENVIRONMENT, SHOP

BLOG = """
apiVersion: reconciler/v1
kind: Service
metadata: {name: blog}
spec: {cluster: "ref:shop/Cluster/main", taskDefinition: "nginx:1", desiredCount: 1}
"""
FILES = {"environments/staging.yaml": ENVIRONMENT, "apps/shop/all.yaml": SHOP, "apps/blog/all.yaml": BLOG}


def bases(files=FILES, asked=None):
    def read(commit):
        if asked is not None:
            asked.append(commit)
        if commit == "gone":
            raise SourceError("there is no such commit")
        return Revision(commit, {path: text.encode() for path, text in files.items()})

    return Bases(read, "staging")


def test_an_app_is_rendered_by_its_own_files_and_what_it_names_elsewhere_stays_as_written():
    found = bases()("blog", "c")
    assert set(found) == {Key("blog", "Service", "blog")}
    assert found[Key("blog", "Service", "blog")].spec["cluster"] == "ref:shop/Cluster/main"
    assert len(bases()("shop", "c")) == 5


@pytest.mark.parametrize("path", ["environments/staging.yaml", "apps/blog/all.yaml"])
def test_what_does_not_render_any_more_is_not_known(path):
    assert bases({**FILES, path: "{"})("blog", "c") is None


def test_another_app_that_does_not_render_does_not_matter():
    assert bases({**FILES, "apps/shop/all.yaml": "{"})("blog", "c") is not None


def test_an_environment_that_was_not_there_yet_is_not_known():
    assert bases({"apps/blog/all.yaml": BLOG})("blog", "c") is None


def test_a_commit_that_is_gone_is_not_known_and_asked_for_once():
    asked = []
    known = bases(asked=asked)
    assert (known("blog", "gone"), known("shop", "gone"), known("blog", "gone")) == (None, None, None)
    assert asked == ["gone"]


def test_what_is_kept_has_an_end():
    asked = []
    known = bases({"environments/staging.yaml": ENVIRONMENT}, asked)
    for number in range(MOST + 10):
        known("blog", str(number))
    assert len(known._known) == MOST
    known("blog", "0")
    assert asked.count("0") == 2
