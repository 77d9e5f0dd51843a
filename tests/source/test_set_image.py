"""An image's variable is set in the one file that gives it to an environment; what else would change is refused."""

from __future__ import annotations

import time

import pytest

from reconciler.kinds import KINDS
from reconciler.model.errors import InvalidManifests, UsageError
from reconciler.model.image import Sort, replaceable, sort_of
from reconciler.source.beside import Among
from reconciler.source.revision import Revision
from reconciler.source.set_image import read_images, set_images

HEAD = "apiVersion: reconciler/v1\n"
ENV = HEAD + "kind: Environment\nspec:\n"
APP = HEAD + "kind: App\nspec:\n"
SERVICE = HEAD + "kind: Service\nmetadata: {name: web}\nspec: {taskDefinition: x:1, cluster: c}\n"
DIGEST = "sha256:" + "ab" * 32
REPOSITORY = {
    "environments/production.yaml": ENV + "  vars: {shared: v1} # both apps\n",
    "environments/staging.yaml": ENV + "  varsFrom: [environments/vars/staging.env]\n",
    "environments/qa.yaml": ENV + "  apps: [shop]\n",
    "apps/shop/web.yaml": SERVICE,
    "apps/shop/app.yaml": APP + "  varsFrom: [apps/shop/vars/common.yaml]\n  vars:\n    release: v1   # everywhere\n    port: true\n",
    "apps/shop/environments/production.yaml": ENV + "  vars:\n    release: 'v1'  # here\n    images: {web: 'host:5000/web:1', list: [a]}\n",
    "apps/blog/web.yaml": SERVICE,
    "apps/blog/environments/production.yaml": ENV + "  vars:\n    release: v7\n    shared: v7\n",
}
BESIDE = {
    "environments/vars/staging.env": "# of staging\r\nTAG=1.10 # t\r\nOTHER='x'\r\n",
    "apps/shop/vars/common.yaml": "# common\nsidecar: repo/agent:7\nrelease: v0\n",
}


def revision(files: dict[str, str | None] | None = None) -> Revision:
    given = {**REPOSITORY, **(files or {})}
    encoded = {path: text.encode() for path, text in given.items() if text is not None}
    return Revision(None, encoded, shelf=Among({path: text.encode() for path, text in BESIDE.items()}))


def edited(environment: str, *images: str, files=None, **options):
    return set_images(revision(files), environment, KINDS.keys(), read_images(images), **options)


def texts(found) -> dict[str, tuple[str, str]]:
    return {file: (before.decode(), after.decode()) for file, (before, after) in found.files.items()}


@pytest.mark.parametrize(
    ("environment", "app", "image", "file", "old", "new"),
    [
        ("production", "shop", "release=v2", "apps/shop/environments/production.yaml", "'v1'  # here", "'v2'  # here"),
        ("production", "blog", "release=v8", "apps/blog/environments/production.yaml", "release: v7", "release: v8"),
        ("production", None, "images.web=repo/web:2", "apps/shop/environments/production.yaml", "host:5000/web:1", "repo/web:2"),
        ("production", "shop", "shared=v2", "environments/production.yaml", "{shared: v1}", "{shared: v2}"),
        ("staging", None, "TAG=1.11", "environments/vars/staging.env", "TAG=1.10 # t\r\n", "TAG=1.11 # t\r\n"),
    ],
)  # fmt: skip
def test_the_file_that_gives_it_is_edited(environment, app, image, file, old, new) -> None:
    found = edited(environment, image, app=app)
    [(name, (before, after))] = texts(found).items()
    assert (name, after) == (file, before.replace(old, new))
    [change] = found.images
    assert (change.name, change.at.file) == (image.partition("=")[0], file)
    assert change.environments == (environment,)


def test_several_variables_are_set_in_one_go() -> None:
    found = edited("production", "release=v2-longer", f"images.web=host:5000/web@{DIGEST}", "shared=v2", app="shop")
    assert {file: after for file, (_, after) in texts(found).items()} == {
        "apps/shop/environments/production.yaml": REPOSITORY["apps/shop/environments/production.yaml"]
        .replace("'v1'", "'v2-longer'").replace("host:5000/web:1", f"host:5000/web@{DIGEST}"),
        "environments/production.yaml": REPOSITORY["environments/production.yaml"].replace("v1}", "v2}"),
    }  # fmt: skip
    assert [it.at.line for it in found.images] == [5, 6, 4]


def test_what_is_so_already_changes_no_file_even_where_others_read_it() -> None:
    found = edited("staging", "release=v1")
    assert (found.files, found.images[0].changes) == ({}, False)
    assert found.images[0].environments == ("qa", "staging")


def test_what_other_environments_read_is_refused_and_named() -> None:
    with pytest.raises(UsageError, match="release is given where qa would change as well") as raised:
        edited("staging", "release=v2")
    assert raised.value.where == "apps/shop/app.yaml:6:14"
    assert "apps/shop/environments/staging.yaml" in raised.value.hint
    with pytest.raises(UsageError, match="sidecar is given where production, qa would change as well"):
        edited("staging", "sidecar=repo/agent:8")


def test_everywhere_allows_it() -> None:
    found = edited("staging", "release=v2", "sidecar=repo/agent:8", everywhere=True)
    assert sorted(texts(found)) == ["apps/shop/app.yaml", "apps/shop/vars/common.yaml"]
    assert texts(found)["apps/shop/vars/common.yaml"][1] == BESIDE["apps/shop/vars/common.yaml"].replace(":7", ":8")
    assert [it.environments for it in found.images] == [("qa", "staging"), ("production", "qa", "staging")]


def test_an_app_is_asked_for_where_several_places_could_be_meant() -> None:
    with pytest.raises(UsageError, match="release is given in 2 places, for different apps") as raised:
        edited("production", "release=v2")
    assert "--app blog" in raised.value.hint
    assert "apps/shop/environments/production.yaml:5 (shop)" in raised.value.hint


def test_apps_that_read_the_same_place_are_named() -> None:
    files = {"apps/blog/environments/production.yaml": None}
    [change] = edited("production", "shared=v2", app="shop", files=files).images
    assert change.apps == ("blog", "shop")


@pytest.mark.parametrize(
    ("environment", "image", "message", "hint"),
    [
        ("production", "relaese=v2", "there is no variable relaese in environment production", "did you mean 'release'?"),
        ("production", "vars.release=v2", "there is no variable vars.release", "did you mean 'release'?"),
        ("staging", "nothing=v2", "there is no variable nothing", "known are: OTHER, TAG"),
        ("production", "images=a:1", "images is an object", "images.web"),
        ("production", "images.list=a:1", "images.list is a list", ""),
        ("production", "port=v2", "what port is now is no image", "holds one"),
        ("production", "release=repo/web:2", "release is a tag now, and a whole image is given", "give a tag"),
        ("production", "images.web=v2", "images.web is a whole image now, and a tag is given", "give a whole image"),
        ("production", "images.web=repo/web", "a repository without a tag is given", "give a whole image"),
        ("production", f"release={DIGEST}", "release is a tag now, and a digest is given", "give a tag"),
    ],
)  # fmt: skip
def test_what_is_not_meant_is_refused(environment, image, message, hint) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        edited(environment, image, app="shop")
    assert hint in raised.value.hint


def test_an_unknown_app_is_told() -> None:
    with pytest.raises(UsageError, match="there is no app 'shpo' in environment production") as raised:
        edited("production", "release=v2", app="shpo")
    assert raised.value.hint == "did you mean 'shop'?"
    with pytest.raises(UsageError, match="there is no app 'blog' in environment qa"):
        edited("qa", "release=v2", app="blog")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("release", "is not NAME=IMAGE"), ("=v1", "is not NAME=IMAGE"), ("a..b=v1", "is not NAME=IMAGE"),
        ("a=", "no image"), ("a=v 1", "no image"), ("a=v1\n", "no image"), ("a=Repo/Web:1", "no image"),
        ("a=repo/web:", "no image"), ("a=repo@sha256:ab", "no image"), ("a=-v1", "no image"), ("a=${{ vars.x }}", "no image"),
        ("a=" + "a/" * 600 + "a:1", "no image"),
    ],
)  # fmt: skip
def test_what_is_no_image_is_refused(word, message) -> None:
    with pytest.raises(UsageError, match=message):
        read_images([word])


def test_a_name_is_given_once() -> None:
    with pytest.raises(UsageError, match="a is given twice"):
        read_images(["a=v1", "a=v2"])


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("v1.42.0", Sort.TAG), ("latest", Sort.TAG), ("1", Sort.TAG), (DIGEST, Sort.DIGEST), ("repo/web", Sort.REPOSITORY),
        ("nginx:1.27", Sort.IMAGE), ("localhost:5000/app:1", Sort.IMAGE), (f"repo@{DIGEST}", Sort.IMAGE),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b__c:v1_2", Sort.IMAGE), (f"h:5000/r:1@{DIGEST}", Sort.IMAGE),
        ("localhost:5000/app", Sort.REPOSITORY), ("[::1]:5000/app:1", Sort.IMAGE), ("a//b:1", None), ("a/b:c:d", None),
        ("http://x/y:1", None), ("a" * 129, None), ("é", None), ("a/b@sha256:xyz", None), (" a", None),
    ],
)  # fmt: skip
def test_a_reference_is_known_for_what_it_names(text, sort) -> None:
    assert sort_of(text) is sort


def test_an_image_without_its_tag_may_get_one() -> None:
    assert replaceable("nginx", "nginx:1.27")
    assert not replaceable("nginx", "httpd:2")


def test_a_broken_file_that_may_give_it_is_told_and_one_of_another_app_is_not() -> None:
    files = {"apps/shop/environments/production.yaml": "a: ["}
    with pytest.raises(InvalidManifests):
        edited("production", "release=v8", files=files)
    assert edited("production", "release=v8", app="blog", files=files).files


def test_an_environment_that_cannot_be_read_counts_as_a_reader_of_what_it_may_read() -> None:
    files = {"environments/qa.yaml": ENV + "  regoin: x\n"}
    with pytest.raises(UsageError, match="release is given where qa would change as well"):
        edited("staging", "release=v2", files=files)
    assert edited("production", "shared=v2", app="shop", files=files).files


def test_values_on_one_line_are_set_together_whatever_their_length() -> None:
    text = ENV + "  vars: {a: v1, b: 'v1', c: v1} # c\n"
    found = edited("production", "a=v2-a-longer-one", "c=w", "b=v2", app="shop", files={"environments/production.yaml": text})
    assert texts(found)["environments/production.yaml"][1] == text.replace("{a: v1, b: 'v1', c: v1}", "{a: v2-a-longer-one, b: 'v2', c: w}")


def test_a_value_in_json_is_set() -> None:
    text = '{\n  "apiVersion": "reconciler/v1", "kind": "Environment",\n  "spec": {"vars": {"shared": "v1"}} // c\n}\n'
    found = edited("production", "shared=v2", app="shop", files={"environments/production.yaml": None, "environments/production.json": text})
    assert texts(found)["environments/production.json"][1] == text.replace('"v1"}', '"v2"}')


@pytest.mark.parametrize("text", ["a" * 999 + "!", "a-" * 499, "a." * 400 + "/!", "a/" * 499 + "!", "A-" * 400 + ".:5000/", "a__" * 300, "a_._" * 200])
def test_no_text_takes_long_to_refuse(text) -> None:
    started = time.monotonic()
    assert sort_of(text) in (None, Sort.TAG)
    assert time.monotonic() - started < 0.5
