"""A mirror of a branch: what it follows, what it keeps, and how it mends itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.model.agent import Repository
from reconciler.model.errors import AccessError, SourceError, UsageError
from reconciler.source import bare as bare_module
from reconciler.source.git import ancestors, read_git
from reconciler.source.mirror import Mirror
from tests.git_remotes import ENV, Upstream, bare, fake, upstream


@pytest.fixture
def source(tmp_path: Path) -> Upstream:
    return upstream(tmp_path / "upstream")


@pytest.fixture
def mirror(source, tmp_path) -> Mirror:
    return Mirror(tmp_path / "mirror", Repository(str(source.root)))


def failed(mirror: Mirror) -> SourceError:
    with pytest.raises(SourceError) as refused:
        mirror.fetch()
    return refused.value


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, env=ENV, check=True, capture_output=True, text=True
    ).stdout.strip()


def content(mirror: Mirror, commit: str) -> bytes:
    return read_git(mirror.root, commit, prefix="").files["apps/web/a.yaml"]


def test_the_newest_commit_of_the_branch_is_fetched_and_can_be_read(source, mirror):
    first = source.commit("a: 1\n")
    assert mirror.head() is None
    assert mirror.fetch() == mirror.head() == first
    second = source.commit("a: 2\n")
    assert mirror.fetch() == mirror.head() == second
    assert mirror.read(second).files == {"apps/web/a.yaml": b"a: 2\n"}
    assert content(mirror, first) == b"a: 1\n"
    assert ancestors(mirror.root, second) == (second, first)


def test_fetching_what_has_not_changed_says_the_same(source, mirror):
    commit = source.commit()
    assert [mirror.fetch(), mirror.fetch()] == [commit, commit]


def test_without_a_branch_the_remotes_head_is_followed_wherever_it_goes(source, mirror):
    source.commit("a: 1\n")
    mirror.fetch()
    source.git("checkout", "--quiet", "-b", "next")
    other = source.commit("a: 2\n")
    assert mirror.fetch() == other


def test_a_branch_is_followed_whatever_head_is(source, tmp_path):
    first = source.commit("a: 1\n")
    source.git("checkout", "--quiet", "-b", "feature/x")
    source.commit("a: 2\n")
    assert Mirror(tmp_path / "m", Repository(str(source.root), "main")).fetch() == first


def test_branches_that_share_a_folder_do_not_mix(source, tmp_path):
    first = source.commit("a: 1\n")
    source.git("checkout", "--quiet", "-b", "next")
    second = source.commit("a: 2\n")
    one, other = (Mirror(tmp_path / "m", Repository(str(source.root), it)) for it in ("main", "next"))
    assert (one.fetch(), other.fetch(), one.head(), other.head()) == (first, second, first, second)


def test_a_tag_of_the_branchs_name_is_not_taken_for_it(source, tmp_path):
    first = source.commit("a: 1\n")
    source.git("tag", "release")
    source.commit("a: 2\n")
    assert "no branch release" in str(failed(Mirror(tmp_path / "m", Repository(str(source.root), "release"))))
    source.git("branch", "release", first)
    assert Mirror(tmp_path / "m", Repository(str(source.root), "release")).fetch() == first


def test_a_bare_repository_and_a_file_url_will_do(source, tmp_path):
    commit = source.commit()
    clone = bare(source, tmp_path / "with space.git")
    assert Mirror(tmp_path / "m", Repository(str(clone))).fetch() == commit
    assert Mirror(tmp_path / "n", Repository(f"file://{tmp_path}/with%20space.git")).fetch() == commit


def test_a_rewind_is_followed_and_what_was_left_can_still_be_read(source, mirror):
    first = source.commit("a: 1\n")
    second = source.commit("a: 2\n")
    mirror.fetch()
    source.git("reset", "--quiet", "--hard", first)
    assert mirror.fetch() == first
    assert content(mirror, second) == b"a: 2\n"


def test_what_was_pushed_away_by_force_outlives_any_collection_of_garbage(source, mirror):
    base = source.commit("a: 0\n")
    left = []
    for number in range(3):
        source.git("reset", "--quiet", "--hard", base)
        left.append(source.commit(f"a: {number + 1}\n"))
        assert mirror.fetch() == left[-1]
    git(mirror.root, "-c", "gc.pruneExpire=now", "gc", "--quiet", "--prune=now")
    assert [content(mirror, commit) for commit in left] == [b"a: 1\n", b"a: 2\n", b"a: 3\n"]
    assert ancestors(mirror.root, left[0]) == (left[0], base)


def test_what_the_branch_still_holds_gets_no_ref_of_its_own(source, mirror):
    for number in range(3):
        source.commit(f"a: {number}\n")
        mirror.fetch()
    assert len(git(mirror.root, "for-each-ref", "--format=%(refname)").splitlines()) == 2


def test_of_what_was_left_the_newest_are_kept(source, mirror, monkeypatch):
    monkeypatch.setattr(bare_module, "_MOST_PAST", 2)
    base, left = source.commit("a: 0\n"), []
    for number in range(5):
        source.git("reset", "--quiet", "--hard", base)
        left.append(source.commit(f"a: {number + 1}\n"))
        mirror.fetch()
    kept = git(mirror.root, "for-each-ref", "--format=%(objectname)", "refs/reconciler/past").split()
    assert kept == left[2:4]


def test_an_empty_repository_is_an_error_and_not_an_empty_wish(source, mirror):
    error = failed(mirror)
    assert str(error) == f"{source.root}: there is no commit, or HEAD names a branch that is gone"
    assert "deletes nothing" in error.hint
    assert not error.retry


def test_a_deleted_branch_is_an_error_and_what_was_fetched_stays(source, tmp_path):
    source.git("checkout", "--quiet", "-b", "next")
    commit = source.commit()
    source.git("checkout", "--quiet", "-b", "other")
    mirror = Mirror(tmp_path / "m", Repository(str(source.root), "next"))
    mirror.fetch()
    source.git("branch", "--quiet", "-D", "next")
    error = failed(mirror)
    assert "there is no branch next" in str(error)
    assert not error.retry
    assert mirror.head() == commit
    assert content(mirror, commit) == b"a: 1\n"


def test_a_remote_that_is_gone_is_an_error_and_what_was_fetched_stays(source, mirror, tmp_path):
    commit = source.commit()
    mirror.fetch()
    source.root.rename(tmp_path / "away")
    error = failed(mirror)
    assert error.where == str(source.root)
    assert "no such repository" in error.message
    assert mirror.head() == commit
    (tmp_path / "away").rename(source.root)
    assert mirror.fetch() == commit


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_it_does_not_matter_who_owns_a_local_repository(source, mirror):
    commit = source.commit()
    for path in [source.root, *source.root.rglob("*")]:
        os.chown(path, 12345, 12345)
    assert mirror.fetch() == commit


def test_a_mirror_left_by_an_earlier_process_goes_on(source, mirror, tmp_path):
    first = source.commit("a: 1\n")
    mirror.fetch()
    later = Mirror(tmp_path / "mirror", Repository(str(source.root)))
    assert later.head() == first
    second = source.commit("a: 2\n")
    assert later.fetch() == second


@pytest.mark.parametrize(
    "damage",
    [
        lambda root: shutil.rmtree(root / "objects"),
        lambda root: shutil.rmtree(root),
        lambda root: (root / "HEAD").unlink(),
        lambda root: (root / "HEAD").write_bytes(b"\0" * 40),
        lambda root: (root / "config").write_text("[core\n"),
        lambda root: (root / "refs/reconciler/head").write_text(""),
        lambda root: (root / "refs/reconciler/head").write_text("0" * 39),
        lambda root: (root / "refs/reconciler/head").write_text("1" * 40 + "\n"),
        lambda root: [it.chmod(0o600) or it.write_bytes(b"") for it in root.glob("objects/??/*")],
        lambda root: [it.chmod(0o600) or it.write_bytes(b"x" * 20) for it in root.glob("objects/??/*")],
        lambda root: [it.unlink() for it in root.glob("objects/??/*")][:1],
        lambda root: (shutil.rmtree(root), root.write_text("no folder")),
    ],
    ids=[
        "no objects", "no mirror", "no HEAD", "zeroes in HEAD", "broken config", "empty ref", "short ref",
        "ref to nothing", "empty objects", "garbage in objects", "lost objects", "a file in its place",
    ],
)  # fmt: skip
@pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "running"])
def test_a_broken_mirror_is_made_anew(source, mirror, tmp_path, damage, restarted):
    source.commit("a: 1\n")
    mirror.fetch()
    damage(mirror.root)
    commit = source.commit("a: 2\n")
    after = Mirror(tmp_path / "mirror", Repository(str(source.root))) if restarted else mirror
    assert after.fetch() == after.head() == commit
    assert content(after, commit) == b"a: 2\n"
    assert [it.name for it in (tmp_path / "mirror").glob("*.git")] == [mirror.root.name]


@pytest.mark.parametrize("kind", ["blob", "tree", "commit"])
def test_an_object_that_is_lost_while_nothing_new_comes_is_found_by_reading_and_fetched_again(source, mirror, kind):
    commit = source.commit()
    mirror.fetch()
    lost = {"blob": "HEAD:apps/web/a.yaml", "tree": "HEAD:apps", "commit": "HEAD"}[kind]
    name = source.git("rev-parse", lost)
    (mirror.root / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(SourceError):
        mirror.read(commit)
    assert mirror.fetch() == commit
    assert mirror.read(commit).files == {"apps/web/a.yaml": b"a: 1\n"}


def test_a_blob_that_a_new_commit_shares_and_that_is_lost_is_fetched_again(source, mirror):
    source.commit("b: 1\n", "apps/web/b.yaml")
    mirror.fetch()
    lost = source.git("rev-parse", "HEAD:apps/web/b.yaml")
    (mirror.root / "objects" / lost[:2] / lost[2:]).unlink()
    commit = source.commit("a: 1\n")
    assert mirror.fetch() == commit
    assert mirror.read(commit).files == {"apps/web/a.yaml": b"a: 1\n", "apps/web/b.yaml": b"b: 1\n"}


def test_what_an_older_commit_has_lost_is_found_by_reading_it_and_fetched_again(source, mirror):
    older = source.commit("a: 1\n")
    lost = source.git("rev-parse", "HEAD:apps/web/a.yaml")
    newest = source.commit("a: 2\n")
    mirror.fetch()
    mirror.fetch()
    (mirror.root / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(SourceError):
        mirror.read(older)
    assert mirror.fetch() == newest
    assert mirror.read(older).files == {"apps/web/a.yaml": b"a: 1\n"}


def test_asking_for_a_commit_that_never_was_does_not_cost_the_mirror(source, mirror):
    commit = source.commit()
    mirror.fetch()
    mark = mirror.root / "mark"
    mark.touch()
    with pytest.raises(SourceError):
        mirror.read("1" * 40)
    assert mirror.fetch() == commit
    assert mark.exists()


def test_a_broken_mirror_whose_remote_is_gone_is_not_thrown_away(source, mirror, tmp_path):
    commit = source.commit()
    mirror.fetch()
    lost = source.git("rev-parse", "HEAD:apps/web/a.yaml")
    (mirror.root / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(SourceError):
        mirror.read(commit)
    source.root.rename(tmp_path / "away")
    for _ in range(2):
        assert "no such repository" in str(failed(mirror))
    assert mirror.head() == commit
    (tmp_path / "away").rename(source.root)
    assert mirror.fetch() == commit
    assert content(mirror, commit) == b"a: 1\n"


def test_a_mirror_inside_another_repository_is_never_taken_for_that(source, tmp_path):
    outer = upstream(tmp_path / "outer")
    outer.git("update-ref", "refs/reconciler/head", outer.commit("a: outer\n"))
    commit = source.commit("a: inner\n")
    mirror = Mirror(outer.root / "cache", Repository(str(source.root)))
    mirror.fetch()
    (mirror.root / "HEAD").unlink()
    assert mirror.head() is None
    assert mirror.fetch() == commit
    assert content(mirror, commit) == b"a: inner\n"


def test_what_a_killed_fetch_has_left_is_cleared_away(source, mirror, tmp_path):
    source.commit("a: 1\n")
    mirror.fetch()
    left = [
        mirror.root / "refs/reconciler/head.lock", mirror.root / "refs/reconciler/fetched.lock",
        mirror.root / "packed-refs.lock", mirror.root / "objects/pack/tmp_pack_x1",
    ]  # fmt: skip
    for path in left:
        path.write_text("x")
    (tmp_path / "mirror/fresh.git").mkdir()
    commit = source.commit("a: 2\n")
    later = Mirror(tmp_path / "mirror", Repository(str(source.root)))
    assert later.fetch() == commit
    assert not any(path.exists() for path in left)


def test_a_fetch_that_was_cut_short_after_its_objects_came_is_not_seen_and_is_finished_later(source, mirror, monkeypatch):
    first = source.commit("a: 1\n")
    mirror.fetch()
    second = source.commit("a: 2\n")
    with monkeypatch.context() as patched:
        patched.setattr(bare_module, "read_git", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            mirror.fetch()
    assert mirror.head() == first
    assert mirror.fetch() == mirror.head() == second


def test_a_full_disk_is_told_and_the_mirror_goes_on_serving(source, tmp_path, monkeypatch):
    commit = source.commit()
    mirror = Mirror(tmp_path / "mirror", Repository(str(source.root)))
    mirror.fetch()
    with monkeypatch.context() as patched:
        real = shutil.which("git")
        fake(tmp_path / "bin", "git", tmp_path / "log", f"""
if "fetch" in sys.argv:
    sys.stderr.write("fatal: write error: No space left on device\\nfatal: fetch-pack: invalid index-pack output\\n")
    sys.exit(128)
os.execv({real!r}, ["git", *sys.argv[1:]])
""")  # fmt: skip
        patched.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        error = failed(mirror)
    assert "the disk is full" in error.message
    assert "make room" in error.hint
    assert error.retry
    assert mirror.head() == commit
    assert content(mirror, commit) == b"a: 1\n"
    assert mirror.fetch() == commit


def test_a_folder_that_cannot_be_made_is_told(source, tmp_path):
    (tmp_path / "file").write_text("")
    error = failed(Mirror(tmp_path / "file/mirror", Repository(str(source.root))))
    assert "the mirror cannot be written" in str(error)
    assert "repository.mirror" in error.hint


def test_a_commit_that_no_branch_holds_is_fetched_when_it_is_wanted(source, tmp_path):
    first = source.commit("a: 1\n")
    left = source.commit("a: 2\n")
    source.git("reset", "--quiet", "--hard", first)
    mirror = Mirror(tmp_path / "mirror", Repository(str(source.root)))
    mirror.fetch()
    with pytest.raises(SourceError):
        mirror.read(left)
    mirror.want([left, first])
    assert mirror.fetch() == first
    assert mirror.read(left).files == {"apps/web/a.yaml": b"a: 2\n"}
    git(mirror.root, "gc", "--quiet", "--prune=now")
    assert content(mirror, left) == b"a: 2\n"


@pytest.mark.parametrize("commit", ["1" * 40, "main", "--upload-pack=x", ""])
def test_what_is_wanted_and_nowhere_to_be_had_costs_nothing_but_one_question(source, mirror, tmp_path, monkeypatch, commit):
    head = source.commit()
    mirror.fetch()
    mirror.want([commit])
    assert mirror.fetch() == head
    log = tmp_path / "log"
    fake(tmp_path / "bin", "git", log, f'os.execv({shutil.which("git")!r}, ["git", *sys.argv[1:]])')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert mirror.fetch() == head
    assert log.read_text().count('"fetch"') == 1


def test_two_processes_never_fetch_into_one_folder(source, mirror, tmp_path):
    source.commit()
    with mirror._alone():
        error = failed(Mirror(tmp_path / "mirror", Repository(str(source.root))))
    assert "another process fetches" in str(error)
    assert error.retry


def test_git_missing_is_told(source, mirror, monkeypatch, tmp_path):
    source.commit()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in str(failed(mirror))


def test_why_there_are_no_credentials_is_the_reason_of_the_error(source, tmp_path):
    def credentials():
        raise AccessError("it is not set", where="the variable TOKEN", hint="set it")

    error = failed(Mirror(tmp_path / "m", Repository(str(source.root)), credentials))
    assert (str(error), error.hint, error.retry) == ("the variable TOKEN: it is not set", "set it", False)


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "a:b", "a~1", "a^", "a*", "/a", "a/", "a//b", ".a", "a/.b",
                                    "a.lock", "@", "a@{1}", "a\\b", "a\n", "a?", "a["])  # fmt: skip
def test_what_cannot_be_a_branch_is_refused(tmp_path, branch):
    with pytest.raises(UsageError) as refused:
        Mirror(tmp_path, Repository("/srv/x", branch))
    assert refused.value.where == "repository.branch"


def test_a_url_that_runs_something_is_refused_before_git_sees_it(tmp_path):
    with pytest.raises(UsageError):
        Mirror(tmp_path, Repository(f"ext::sh -c touch% {tmp_path}/pwned"))


def test_the_repositorys_folder_is_a_prefix_and_not_searched_elsewhere(source, tmp_path):
    commit = source.commit("a: 1\n", "deploy/apps/web/a.yaml")
    mirror = Mirror(tmp_path / "m", Repository(str(source.root), folder="deploy"))
    assert mirror.fetch() == commit
    assert mirror.read(commit).files == {"apps/web/a.yaml": b"a: 1\n"}


def test_submodules_are_not_fetched(source, tmp_path):
    inner = upstream(tmp_path / "inner")
    inner.commit()
    source.commit()
    source.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "apps/sub")
    commit = source.commit("a: 2\n")
    mirror = Mirror(tmp_path / "m", Repository(str(source.root)))
    assert mirror.fetch() == commit
    assert not (mirror.root / "modules").exists()


def test_nothing_of_a_mirrors_config_names_the_remote(source, mirror):
    source.commit()
    mirror.fetch()
    assert str(source.root) not in (mirror.root / "config").read_text()
    assert not (mirror.root / "FETCH_HEAD").exists()
    assert not (mirror.root / "hooks").exists()


def test_settings_of_the_user_and_hooks_have_no_say(source, mirror, tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-fetch"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "gitconfig").write_text(f'[core]\nhooksPath = {hooks}\n[url "/nowhere"]\ninsteadOf = {source.root}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    source.commit()
    mirror.fetch()
    shutil.copytree(hooks, mirror.root / "hooks")
    source.commit("a: 2\n")
    mirror.fetch()
    assert not (tmp_path / "pwned").exists()


def test_many_small_fetches_are_packed(source, mirror):
    source.commit("a: 1\n")
    mirror.fetch()
    many = mirror.root / "objects/17"  # git takes one of 256 folders for all of them
    many.mkdir(exist_ok=True)
    for number in range(30):
        (many / f"{number:038x}").write_bytes(b"")
    commit = source.commit("a: 2\n")
    assert not list((mirror.root / "objects/pack").glob("*.pack"))
    assert mirror.fetch() == mirror.head() == commit
    assert list((mirror.root / "objects/pack").glob("*.pack"))
    assert content(mirror, commit) == b"a: 2\n"
