"""`set-image` as CI types it: the file changes, nothing is asked of AWS, and the next plan of the commit shows it."""

from __future__ import annotations

import json
import os
import stat

import pytest

HEAD = "apiVersion: reconciler/v1\n"
ENV = "environments/test.yaml"
FILE = "apps/shop/environments/test.yaml"
OVERLAY = HEAD + "kind: Environment\r\nspec:\r\n  vars:\r\n    tag: '1'   # what runs\r\n"


@pytest.fixture
def shop(world):
    """The small repository, its image's tag given for the environment."""
    world.write({FILE: OVERLAY})
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:${{ vars.tag }}")
    return world


def test_a_tag_is_set_committed_and_planned(shop):
    shop.commit()
    shop.applied()
    done = shop.run("set-image", "tag=1.27")
    assert (done.exit_code, done.stdout) == (0, f"{FILE}:5: tag 1 -> 1.27\n")
    assert "commit the change" in done.stderr
    assert (shop.root / FILE).read_bytes() == OVERLAY.replace("'1'", "'1.27'").encode()
    assert shop.simulator.calls == []
    assert "nginx:1.27" not in shop.run("plan").stdout
    shop.commit()
    planned = json.loads(shop.run("plan", "-o", "json").stdout)
    [image] = [it for change in planned["changes"] for it in change["fields"] if it["path"].endswith("image")]
    assert (image["before"], image["after"]) == ("nginx:1", "nginx:1.27")


def test_what_is_so_already_writes_nothing(shop):
    before = (shop.root / FILE).stat()
    done = shop.run("set-image", "tag=1")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{FILE}:5: tag is 1 already\n", "")
    assert (shop.root / FILE).stat() == before


def test_as_json(shop):
    done = shop.run("set-image", "tag=2", "-o", "json")
    assert json.loads(done.stdout) == {
        "formatVersion": "1.0",
        "environment": "test",
        "images": [
            {
                "name": "tag", "file": FILE, "line": 5, "before": "1", "after": "2", "changed": True,
                "apps": ["shop"], "environments": ["test"],
            }
        ],
    }  # fmt: skip


def test_a_dotenv_file_is_edited_with_its_mode_kept(world):
    world.write({"environments/vars/test.env": "# c\nTAG=1 # t\n"})
    world.edit(ENV, "  cluster: main", "  cluster: main\n  varsFrom: [environments/vars/test.env]")
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:${{ vars.TAG }}")
    path = world.root / "environments/vars/test.env"
    path.chmod(0o664)
    assert world.run("validate").exit_code == 0
    done = world.run("set-image", "TAG=2")
    assert (done.exit_code, done.stdout) == (0, "environments/vars/test.env:2: TAG 1 -> 2\n")
    assert path.read_text() == "# c\nTAG=2 # t\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


def test_what_others_read_needs_everywhere_and_is_told(shop):
    shop.write({FILE: None, "apps/shop/app.yaml": HEAD + "kind: App\nspec: {vars: {tag: v1}}\n", "environments/second.yaml": HEAD + "kind: Environment\n"})
    refused = shop.run("-e", "test", "set-image", "tag=v2")
    assert refused.exit_code == 64
    assert "second would change as well" in refused.stderr
    done = shop.run("-e", "test", "set-image", "tag=v2", "--everywhere")
    assert (done.exit_code, done.stdout) == (0, "apps/shop/app.yaml:3: tag v1 -> v2\n")
    assert "this changes environment second as well" in done.stderr


def test_another_app_that_reads_it_is_told(shop):
    shop.write({FILE: None})
    shop.edit(ENV, "  cluster: main", "  cluster: main\n  vars: {tag: v1}")
    done = shop.run("set-image", "tag=v2", "--app", "shop")
    assert done.exit_code == 0
    assert "this changes app platform as well" in done.stderr


def test_the_value_of_a_variable_named_like_a_secret_is_not_shown(shop):
    shop.write({FILE: OVERLAY.replace("tag:", "tag: x\r\n    authToken:")})
    done = shop.run("set-image", "authToken=hunter22")
    assert done.stdout == f"{FILE}:6: authToken (sensitive) -> (sensitive)\n"
    assert "hunter22" not in shop.run("set-image", "authToken=hunter23", "-o", "json").output


def test_a_bare_repository_has_no_files_to_edit(shop, tmp_path):
    shop.commit()
    shop.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    done = shop.run("-C", str(tmp_path / "bare.git"), "set-image", "tag=2", here=True)
    assert done.exit_code == 64
    assert "this git repository is bare: it has no files to edit" in done.stderr


def test_a_file_that_cannot_be_written_is_told(shop, monkeypatch):
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    done = shop.run("set-image", "tag=2")
    assert done.exit_code == 1
    assert "the file cannot be written: Permission denied" in done.stderr
    assert (shop.root / FILE).read_bytes() == OVERLAY.encode()
    assert os.listdir(shop.root / "apps/shop/environments") == ["test.yaml"]


def test_a_link_is_not_written_through(shop, tmp_path):
    (tmp_path / "outside.env").write_text("TAG=1\n")
    os.symlink(tmp_path / "outside.env", shop.root / "linked.env")
    shop.edit(ENV, "  cluster: main", "  cluster: main\n  varsFrom: [linked.env]")
    done = shop.run("set-image", "TAG=2")
    assert done.exit_code == 65
    assert "a symbolic link" in done.stderr
    assert (tmp_path / "outside.env").read_text() == "TAG=1\n"
