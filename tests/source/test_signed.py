"""Whose signature a commit carries: with real keys of gpg and ssh-keygen."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.model.agent import Signers
from reconciler.model.errors import SourceError
from reconciler.source.signed import signer
from tests.git_remotes import ENV, Upstream, upstream

gpg_only = pytest.mark.skipif(shutil.which("gpg") is None, reason="there is no gpg")
ssh_only = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen")


@pytest.fixture
def source(tmp_path: Path) -> Upstream:
    return upstream(tmp_path / "upstream")


def refused(source: Upstream, commit: str, signers: Signers) -> str:
    with pytest.raises(SourceError) as found:
        signer(source.root, commit, signers)
    return str(found.value)


def forged(source: Upstream, commit: str) -> str:
    """The same commit with the same signature and another message."""
    raw = subprocess.run(["git", "cat-file", "commit", commit], cwd=source.root, env=ENV, check=True, capture_output=True)
    return subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], cwd=source.root, env=ENV, check=True,
        input=raw.stdout[:-2] + b"y\n", capture_output=True,
    ).stdout.decode().strip()  # fmt: skip


# ssh


@dataclass(frozen=True)
class SshSigner:
    folder: Path
    name: str

    @property
    def key(self) -> Path:
        return self.folder / self.name

    def allowed(self, options: str = "") -> str:
        file = self.folder / f"allowed-{self.name}"
        file.write_text(f"{self.name}@example.com {options} {self.key.with_suffix('.pub').read_text()}")
        return str(file)

    def commit(self, source: Upstream, **more: str) -> str:
        return source.commit("a: 1\n", "apps/web/a.yaml", "--gpg-sign", **more, **configured(
            ("gpg.format", "ssh"), ("user.signingKey", str(self.key))))  # fmt: skip


def configured(*settings: tuple[str, str]) -> dict[str, str]:
    pairs = {f"GIT_CONFIG_{what}_{at}": it[where] for at, it in enumerate(settings)
             for where, what in enumerate(("KEY", "VALUE"))}  # fmt: skip
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs}


@pytest.fixture
def ann(tmp_path) -> SshSigner:
    return ssh_signer(tmp_path, "ann")


def ssh_signer(folder: Path, name: str) -> SshSigner:
    made = SshSigner(folder, name)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(made.key)], check=True)
    return made


@ssh_only
def test_a_commit_signed_with_an_allowed_ssh_key_names_who(source, ann):
    commit = ann.commit(source)
    found = signer(source.root, commit, Signers(ssh=ann.allowed()))
    assert found.startswith("ann@example.com, key SHA256:")


@ssh_only
def test_an_unsigned_commit_is_refused(source, ann):
    commit = source.commit()
    said = refused(source, commit, Signers(ssh=ann.allowed()))
    assert said == f"commit {commit}: it is not signed, so it does not come into force"


@ssh_only
def test_only_the_commits_own_signature_counts_and_no_text_that_looks_like_one(source, ann):
    signed = ann.commit(source)
    head = source.git("cat-file", "commit", signed)
    commit = source.commit("a: 2\n", "apps/web/a.yaml", "--message", head[head.index("gpgsig") :])
    assert "it is not signed" in refused(source, commit, Signers(ssh=ann.allowed()))


@ssh_only
def test_an_ssh_key_that_is_not_among_the_signers_is_refused(source, ann, tmp_path):
    commit = ssh_signer(tmp_path, "eve").commit(source)
    assert "not among the signers" in refused(source, commit, Signers(ssh=ann.allowed()))


@ssh_only
def test_an_ssh_signature_of_another_content_is_refused(source, ann):
    commit = forged(source, ann.commit(source))
    assert "does not fit what it holds" in refused(source, commit, Signers(ssh=ann.allowed()))


@ssh_only
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('valid-before="20200101"', "after the key had expired"),
        ('valid-after="20990101"', "before the key was valid"),
        ('namespaces="file"', "may not sign commits"),
    ],
)
def test_an_ssh_key_counts_only_when_and_for_what_it_is_allowed(source, ann, options, said):
    commit = ann.commit(source)
    assert said in refused(source, commit, Signers(ssh=ann.allowed(options)))


@ssh_only
def test_a_commit_made_before_an_ssh_key_expired_is_good(source, ann):
    commit = ann.commit(source, GIT_COMMITTER_DATE="2019-06-01T00:00:00Z")
    assert signer(source.root, commit, Signers(ssh=ann.allowed('valid-before="20200101"'))).startswith("ann@")


@ssh_only
def test_settings_of_the_repository_do_not_choose_the_signers_nor_the_program(source, ann, tmp_path):
    eve = ssh_signer(tmp_path, "eve")
    commit = eve.commit(source)
    (tmp_path / "evil").write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\nexit 0\n")
    (tmp_path / "evil").chmod(0o755)
    source.git("config", "gpg.ssh.allowedSignersFile", eve.allowed())
    source.git("config", "gpg.ssh.program", str(tmp_path / "evil"))
    source.git("config", "gpg.program", str(tmp_path / "evil"))
    assert "not among the signers" in refused(source, commit, Signers(ssh=ann.allowed()))
    assert not (tmp_path / "pwned").exists()


@ssh_only
def test_an_ssh_signature_is_not_good_where_only_gpg_keys_are_given(source, ann, tmp_path):
    commit = ann.commit(source)
    (tmp_path / "keys").write_text("")
    assert "of a sort that no signer here has" in refused(source, commit, Signers(gpg=str(tmp_path / "keys")))


@ssh_only
def test_signers_that_cannot_be_read_are_told(source, ann, tmp_path):
    commit = ann.commit(source)
    said = refused(source, commit, Signers(ssh=str(tmp_path / "nowhere")))
    assert said == f"{tmp_path}/nowhere: the signers cannot be read: No such file or directory"


@ssh_only
def test_ssh_keygen_missing_is_told(source, ann, tmp_path, monkeypatch):
    commit, allowed = ann.commit(source), ann.allowed()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "ssh-keygen is not installed" in refused(source, commit, Signers(ssh=allowed))


# gpg


@dataclass(frozen=True)
class GpgSigner:
    home: Path
    name: str

    def gpg(self, *arguments: str) -> str:
        return subprocess.run(
            ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *arguments],
            env={**ENV, "GNUPGHOME": str(self.home)}, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    @property
    def fingerprint(self) -> str:
        lines = self.gpg("--list-keys", "--with-colons", f"{self.name}@example.com").splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))

    def keys(self, *options: str) -> str:
        file = self.home / f"{self.name}.asc"
        file.write_text(self.gpg(*options, "--export", self.fingerprint))
        return str(file)

    def commit(self, source: Upstream, **more: str) -> str:
        return source.commit(
            "a: 1\n", "apps/web/a.yaml", f"--gpg-sign={self.fingerprint}", GNUPGHOME=str(self.home), **more
        )


@pytest.fixture(scope="module")
def gpg_home(tmp_path_factory) -> Iterator[Path]:
    """Short, since the agent's socket lies in it."""
    home = Path("/tmp") / f"gpg-{os.getpid()}"
    home.mkdir(mode=0o700)
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], env={**ENV, "GNUPGHOME": str(home)}, check=False, capture_output=True)
    shutil.rmtree(home)


def gpg_signer(home: Path, name: str, expires: str = "1y", *options: str) -> GpgSigner:
    made = GpgSigner(home, name)
    made.gpg(*options, "--quick-gen-key", f"{name.title()} <{name}@example.com>", "ed25519", "sign", expires)
    return made


@pytest.fixture(scope="module")
def bob(gpg_home) -> GpgSigner:
    return gpg_signer(gpg_home, "bob")


@pytest.fixture(scope="module")
def mallory(gpg_home) -> GpgSigner:
    return gpg_signer(gpg_home, "mallory")


@gpg_only
@pytest.mark.parametrize("options", [("--armor",), ()], ids=["armored", "binary"])
def test_a_commit_signed_with_a_given_gpg_key_names_who(source, bob, options):
    commit = bob.commit(source)
    file = bob.home / "keys"
    file.write_bytes(subprocess.run(["gpg", "--quiet", *options, "--export", bob.fingerprint], check=True,
                                    env={**ENV, "GNUPGHOME": str(bob.home)}, capture_output=True).stdout)  # fmt: skip
    found = signer(source.root, commit, Signers(gpg=str(file)))
    assert found == f"Bob <bob@example.com>, key {bob.fingerprint[-16:]}"


@gpg_only
def test_a_gpg_key_that_is_not_given_is_refused_though_the_user_has_it(source, bob, mallory, monkeypatch):
    commit, keys = mallory.commit(source), bob.keys("--armor")
    monkeypatch.setenv("GNUPGHOME", str(mallory.home))
    monkeypatch.setenv("HOME", str(mallory.home))
    assert "not among the signers" in refused(source, commit, Signers(gpg=keys))


@gpg_only
def test_a_gpg_signature_of_another_content_is_refused(source, bob):
    commit = forged(source, bob.commit(source))
    assert "does not fit what it holds" in refused(source, commit, Signers(gpg=bob.keys("--armor")))


@gpg_only
def test_a_gpg_key_that_has_expired_is_refused(source, gpg_home):
    past = ("--faked-system-time", "20200101T000000!")
    old = gpg_signer(gpg_home, "old", "30d", *past)
    (gpg_home / "gpg-then").write_text(f'#!/bin/sh\nexec gpg {" ".join(past)} "$@"\n')
    (gpg_home / "gpg-then").chmod(0o755)
    commit = old.commit(source, **configured(("gpg.program", str(gpg_home / "gpg-then"))))
    assert "the key of its signature has expired" in refused(source, commit, Signers(gpg=old.keys("--armor")))


@gpg_only
def test_a_gpg_key_that_was_revoked_is_refused(source, gpg_home):
    gone = gpg_signer(gpg_home, "gone")
    commit = gone.commit(source)
    certificate = gpg_home / "openpgp-revocs.d" / f"{gone.fingerprint}.rev"
    (gpg_home / "revoke").write_text(certificate.read_text().replace(":-----BEGIN", "-----BEGIN"))
    gone.gpg("--import", str(gpg_home / "revoke"))
    assert "has been revoked" in refused(source, commit, Signers(gpg=gone.keys("--armor")))


@gpg_only
def test_an_unsigned_commit_is_refused_by_gpg_keys_too(source, bob):
    assert "it is not signed" in refused(source, source.commit(), Signers(gpg=bob.keys("--armor")))


@gpg_only
def test_a_file_without_keys_is_told(source, bob, tmp_path):
    (tmp_path / "keys").write_text("no keys")
    said = refused(source, bob.commit(source), Signers(gpg=str(tmp_path / "keys")))
    assert said == f"{tmp_path}/keys: it holds no public keys that gpg can read"


@gpg_only
def test_gpg_missing_is_told(source, bob, tmp_path, monkeypatch):
    commit, keys = bob.commit(source), bob.keys("--armor")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "gpg is not installed" in refused(source, commit, Signers(gpg=keys))


@gpg_only
def test_checking_leaves_no_process_and_no_folder(source, bob, tmp_path, monkeypatch):
    commit, keys = bob.commit(source), bob.keys("--armor")
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as scratch:  # a socket of gpg's has to fit into its name
        monkeypatch.setattr("tempfile.tempdir", scratch)
        signer(source.root, commit, Signers(gpg=keys))
        assert list(Path(scratch).iterdir()) == []
        running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
        assert not any(scratch.encode() in words for words in running)


@ssh_only
@gpg_only
def test_with_both_sorts_of_signers_either_will_do(source, ann, bob):
    signers = Signers(ssh=ann.allowed(), gpg=bob.keys("--armor"))
    assert signer(source.root, ann.commit(source), signers).startswith("ann@")
    assert signer(source.root, bob.commit(source), signers).startswith("Bob <bob@")
