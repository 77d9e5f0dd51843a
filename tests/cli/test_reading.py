"""Which files are read: a commit's inside git, else as they lie; and where the repository is."""

import json
from pathlib import Path

import pytest

from reconciler.cli.place import find_root, in_git
from reconciler.model.errors import UsageError


def image(world, *flags):
    body = json.loads(world.run(*flags, "plan", "-o", "json").stdout)
    change = next(change for change in body["changes"] if change["key"] == "shop/TaskDefinition/web")
    return body["revision"], change["calls"]


def test_in_git_the_commit_is_read_and_what_is_not_committed_is_said(world):
    commit = world.commit()
    world.edit("apps/shop/web.yaml", "desiredCount", "desiredCuont")
    done = world.run("plan")
    assert done.exit_code == 0
    assert f"revision {commit[:12]}" in done.stdout
    assert "1 manifest in the working tree is not as committed" in done.stderr
    assert "--worktree" in done.stderr
    assert world.run("plan", "--worktree").exit_code == 65


def test_a_named_revision_is_read_without_a_remark(world):
    first = world.commit()
    world.edit("apps/shop/web.yaml", "desiredCount: 2", "desiredCount: 3")
    world.commit()
    world.edit("apps/shop/web.yaml", "desiredCount: 3", "desiredCount: 4")
    done = world.run("plan", "--revision", "HEAD~1", "-o", "json")
    assert json.loads(done.stdout)["revision"] == first
    assert done.stderr == ""


def test_outside_git_there_is_no_revision(world):
    assert json.loads(world.run("plan", "-o", "json").stdout)["revision"] is None


def test_a_folder_of_a_git_repository_works(empty):
    from tests.cli.conftest import FILES

    empty.write({f"manifests/{name}": content for name, content in FILES.items()})
    commit = empty.commit()
    for folder in (".", "manifests"):
        body = json.loads(empty.run("-C", str(empty.root / folder), "plan", "-o", "json", here=True).stdout)
        assert (body["revision"], len(body["changes"])) == (commit, 3)


def test_it_is_looked_for_upwards(world, monkeypatch):
    monkeypatch.chdir(world.root / "apps" / "shop")
    assert world.run("validate", here=True).exit_code == 0


def test_a_manifests_folder_is_found_from_above(tmp_path):
    (tmp_path / "manifests" / "apps").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    assert find_root(None, tmp_path / "src") == tmp_path / "manifests"
    assert find_root(str(tmp_path)) == tmp_path / "manifests"


def test_a_given_folder_is_taken_even_when_it_holds_nothing(tmp_path):
    assert find_root(str(tmp_path)) == tmp_path
    with pytest.raises(UsageError):
        find_root(str(tmp_path / "nowhere"))
    assert not in_git(Path(tmp_path))


def test_the_only_environment_is_meant(world):
    assert world.run("plan").exit_code == 0
    world.write({"environments/other.yaml": "apiVersion: reconciler/v1\nkind: Environment\n"})
    assert world.run("plan").exit_code == 64
    assert world.run("plan", env={"RECONCILER_ENVIRONMENT": "test"}).exit_code == 0


def test_options_may_stand_before_and_after_the_verb_and_the_later_wins(world):
    world.write({"environments/other.yaml": "apiVersion: reconciler/v1\nkind: Environment\n"})
    assert world.run("-e", "test", "plan").exit_code == 0
    assert world.run("plan", "-e", "test").exit_code == 0
    assert world.run("-e", "nowhere", "plan", "-e", "test").exit_code == 0
    assert world.run("plan", "-e", "test", env={"RECONCILER_ENVIRONMENT": "nowhere"}).exit_code == 0
    assert world.run("plan", "-e", "test", "-C", str(world.root), here=True).exit_code == 0


def test_two_installations_keep_apart(world):
    world.applied()
    done = world.run("plan", "--installation", "other", "-o", "json")
    assert {change["blocked"]["code"] for change in json.loads(done.stdout)["changes"] if change["blocked"]} == {
        "OwnershipConflict"
    }
    assert world.run("plan", "--installation", "a/b").exit_code == 64


def test_a_folder_that_was_taken_away_is_no_bug(world, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = world.run("validate", here=True)
    assert done.exit_code == 64
    assert "no longer there" in done.stderr


@pytest.mark.parametrize("inside", ["apps/shop", "apps/shop/environments", "apps/shop/more", "apps", "environments"])
def test_an_apps_folder_is_not_taken_for_the_repository(tmp_path, inside):
    root = tmp_path / "manifests"
    for name in ("environments", "apps/shop/environments", "apps/shop/more"):
        (root / name).mkdir(parents=True)
    assert find_root(None, root / inside) == root
    if inside != "environments":
        assert find_root(str(root / inside)) == root


def test_upwards_a_folder_with_apps_goes_before_one_with_environments(tmp_path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "some" / "environments").mkdir(parents=True)
    assert find_root(None, tmp_path / "some") == tmp_path


def test_a_git_repository_in_a_folder_called_apps_stays_one(tmp_path):
    own = tmp_path / "apps" / "shop"
    for name in ("../../environments", "environments", ".git"):
        (own / name).mkdir(parents=True)
    assert find_root(None, own / "environments") == own
    assert find_root(str(own)) == own


@pytest.fixture(params=["", "manifests"])
def bare(world, tmp_path, request):
    """The small repository without a work tree, its manifests at the top or in a folder."""
    if request.param:
        (world.root / request.param).mkdir()
        for name in ("apps", "environments"):
            (world.root / name).rename(world.root / request.param / name)
    world.commit()
    path = tmp_path / "bare.git"
    world.git("clone", "-q", "--bare", str(world.root), str(path))
    world.root = path
    return world


def test_of_a_bare_repository_the_commit_is_read(bare, monkeypatch):
    for verb in (["plan"], ["validate"], ["plan", "--revision", "main"], ["validate", "--revision", "HEAD"]):
        done = bare.run(*verb)
        assert (done.exit_code, done.stderr) == (0, "")
    monkeypatch.chdir(bare.root / "refs")
    assert bare.run("apply", "--yes", here=True).exit_code == 0
    assert bare.run("status", here=True).exit_code == 0


def test_a_bare_repository_has_no_files_that_lie(bare):
    for verb in ("plan", "validate"):
        done = bare.run(verb, "--worktree")
        assert done.exit_code == 64
        assert "is bare" in done.stderr
    done = bare.run("plan", "--revision", "nowhere")
    assert done.exit_code == 1
    assert "no commit 'nowhere'" in done.stderr


def test_the_git_folder_means_what_it_lies_in(world):
    world.commit()
    assert world.run("-C", str(world.root / ".git"), "plan", here=True).exit_code == 0
