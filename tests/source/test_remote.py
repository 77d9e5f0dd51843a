"""Which URLs are fetched from."""

from __future__ import annotations

import pytest

from reconciler.model.errors import UsageError
from reconciler.source.remote import remote


@pytest.mark.parametrize(
    ("url", "protocol", "host"),
    [
        ("https://github.com/shop/deploy.git", "https", "github.com"),
        ("HTTPS://GitHub.com/shop/deploy", "https", "GitHub.com"),
        ("https://git.example.com:8443/x", "https", "git.example.com:8443"),
        ("http://127.0.0.1:8080/x", "http", "127.0.0.1:8080"),
        ("http://localhost/x", "http", "localhost"),
        ("http://[::1]:80/x", "http", "[::1]:80"),
        ("ssh://git@github.com/shop/deploy", "ssh", "github.com"),
        ("ssh://git@github.com:2222/shop/deploy", "ssh", "github.com:2222"),
        ("git@github.com:shop/deploy.git", "ssh", "github.com"),
        ("host:path", "ssh", "host"),
        ("git@[::1]:path", "ssh", "[::1]"),
        ("/srv/git/deploy.git", "file", ""),
        ("file:///srv/git/deploy.git", "file", ""),
        ("/srv/with space", "file", ""),
        ("/srv/a:b", "file", ""),
        ("/srv/ümlaut", "file", ""),
    ],
)
def test_https_ssh_and_folders_are_spoken(url, protocol, host):
    found = remote(url)
    assert (found.protocol, found.host) == (protocol, host)


def test_a_folder_is_named_from_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert remote("deploy").url == remote("./deploy").url == str(tmp_path / "deploy")
    assert remote("file:///srv/with%20space").url == "/srv/with space"
    assert remote("./-x").url == str(tmp_path / "-x")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "it is empty"),
        ("ext::sh -c touch% /tmp/x", "white space"),
        ("ext::sh", "ext is not spoken"),
        ("fd::17", "fd is not spoken"),
        ("transport::https://x/y", "transport is not spoken"),
        ("codecommit::eu-west-1://x", "codecommit is not spoken"),
        ("git://github.com/x/y", "git is not spoken"),
        ("ftp://x/y", "ftp is not spoken"),
        ("http://example.com/x", "http shows everything"),
        ("http://127.0.0.1.example.com/x", "http shows everything"),
        ("--upload-pack=touch", "begins with '-'"),
        ("-oProxyCommand=x:y", "begins with '-'"),
        ("ssh://-oProxyCommand=x/y", "names no host"),
        ("ssh://git@-oProxyCommand=x/y", "names no host"),
        ("-x@host:path", "begins with '-'"),
        ("git@-oProxyCommand:y", "names no host"),
        ("git@host:-x", "begins with '-'"),
        ("https:///x", "names no host"),
        ("https://host:99999/x", "it is no URL"),
        ("https://host/x?y", "a query"),
        ("https://host/x#y", "a query"),
        ("https://host/x\ny", "white space"),
        ("/srv/x\ny", "control character"),
        ("file://host/x", "no host"),
        ("a b:c", "white space"),
        ("git@host:", "it is no URL"),
    ],
)
def test_nothing_else_is(url, said):
    with pytest.raises(UsageError) as refused:
        remote(url)
    assert said in str(refused.value)
    assert refused.value.where == "repository.url"


@pytest.mark.parametrize(
    "url", ["https://x:hunter22@host/p", "https://hunter22@host/p", "ssh://git:hunter22@host/p", "http://hunter22@127.0.0.1/x", "git:hunter22@host:p"]
)
def test_a_url_with_a_password_is_refused_and_not_repeated(url):
    with pytest.raises(UsageError) as refused:
        remote(url)
    assert "hunter22" not in str(refused.value)
    assert "repository.login" in refused.value.hint
