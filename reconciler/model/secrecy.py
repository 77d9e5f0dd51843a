"""Which names say that their value is a secret, and what of a text gives one away.

What people write into environment variables, options and URLs although it belongs into a secret is shown nowhere: not
in a plan, not in an error. This is the one rule of what that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

SENSITIVE: Final = "(sensitive)"
PLAIN_MEMBERS: Final = frozenset(
    {
        "name", "key", "keys", "namespace", "type", "valueFrom", "secrets", "secretOptions", "secretArn", "secret",
        "kmsKey", "kmsKeyId", "repositoryCredentials", "credentialsParameter", "authorizationConfig", "clientToken",
        "s3KeyPrefix", "tokenKey", "Secret", "apiVersion", "kind", "environment", "tags",
    }
)  # fmt: skip
"""Members whose value is no secret although their name, or that of the element they belong to, may look like one."""

_ANYWHERE: Final = re.compile(
    r"passw(?:or)?d|passphrase|passcode|secret|token|credential|apikey|private.?key", re.IGNORECASE
)
_AS_A_WORD: Final = frozenset(
    {
        "KEY", "KEYS", "PASS", "PWD", "PIN", "AUTH", "PAT", "CRED", "CREDS", "OAUTH", "BEARER", "AUTHORIZATION", "JWT",
        "COOKIE", "COOKIES", "HMAC", "SIGNATURE", "SALT",
    }
)  # fmt: skip
_ENDS: Final = ("KEY", "PASS", "CREDS", "OAUTH", "BASICAUTH", "JWT", "HMAC")
_INNOCENT: Final = frozenset(
    {
        "BYPASS", "COMPASS", "ENCOMPASS", "OVERPASS", "SURPASS", "TRESPASS", "UNDERPASS", "DONKEY", "HOCKEY", "JOCKEY",
        "MONKEY", "TURKEY", "WHISKEY",
    }
)  # fmt: skip
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_QUOTED: Final = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
_PATTERNS: Final = (
    re.compile(r"(?P<head>://[^\s/?#:@\"']{0,256}:)(?P<secret>[^\s\"']{1,1024})(?=@)"),
    re.compile(r"(?P<head>://)(?P<secret>[^\s/?#:@\"']{20,1024})(?=@)"),
    re.compile(r"(?P<head>(?<![\w./-])[\w.-]+:)(?P<secret>[^\s\"'@/]{1,256})(?=@(?:tcp|udp|unix)\()"),
    re.compile(r"(?P<head>(?<![\w-])(?:-u|--user|--proxy-user)[\s=]+[\"']?[^\s:\"'=]+:)(?P<secret>[^\s\"']+)"),
    re.compile(r"(?i:(?P<head>\b(?:bearer|basic)\s+))(?P<secret>[\w.~+/=-]*[\d.~+/=][\w.~+/=-]*|[\w-]{16,})"),
    re.compile(
        r"(?i:(?P<head>\bauthorization[\"']?\s*:\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?))(?P<secret>[^\s\"',]+)"
    ),
    re.compile(rf"(?<![\w.-])(?P<head>(?P<name>[\w.-]+)=)(?P<secret>{_QUOTED}|[^\s&;,\"']+)"),
    re.compile(rf"(?<![\w./-])(?P<head>(?P<name>[\w-]+)\s+=\s*)(?P<secret>{_QUOTED}|[^\s&;,\"']+)"),
    re.compile(rf"(?P<head>(?<![\w-])--(?P<name>\w[\w-]*)[ \t]+)(?P<secret>{_QUOTED}|[^\s\"'-][^\s\"']*)"),
    re.compile(r"(?P<head>\"(?P<name>[\w.-]+)\"\s*:\s*)(?P<secret>\"(?:[^\"\\]|\\.)*\"|[^\s\",{}\[\]]+)"),
)
_SAID: Final = re.compile(
    rf"(?<![\w./\]'-])(?P<head>(?P<name>[\w-]+):[ \t]+)(?!Bearer|Basic|Token|Digest|ref:|arn:|\$\{{\{{|\*)"
    rf"(?P<secret>{_QUOTED}|[^\s&;,\"'{{}}\[\]]+)"
)
_FAULT: Final = re.compile(r"(?:Exception|Error|Fault|Failure|Invalid|Expired|Required)$")

_PAIR: Final = re.compile(
    r"(?P<head>(?<![\w.$-])(?P<quote>[\"']?)(?P<name>[\w.$-]+)(?P=quote)\s*"
    r"(?::(?=\s)|(?<=[\"']):|,\s*[\"']?value[\"']?\s*:)\s*)"
    r"(?P<secret>(?!ref:|arn:|[\"']?\$\{\{|[\"']?ref:|[\"']?arn:|\[\s*\]|\{(?!\{)|[#|>]|$)"
    r"(?:\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s,}\]][^,}\]]*))"
)
_NAMED_HERE: Final = re.compile(r"\b(?:name|key|namespace)[\"']?\s*:\s*[\"']?(?P<name>[\w./-]+)")
_IN_A_FILE: Final = re.compile(r"\b(?:sops|yamlVault)[\"']?\s*:")
_MANIFEST_NAME: Final = re.compile(r"\bmetadata[\"']?\s*:\s*\{[^{}]*$")


def secret_name(name: str) -> bool:
    """Whether a name says that its value is a secret. Rather too often than once too seldom."""
    if _ANYWHERE.search(name):
        return True
    words = (word.upper() for word in _WORDS.findall(name))
    if any(word in _AS_A_WORD or (word.endswith(_ENDS) and word not in _INNOCENT) for word in words):
        return True
    return name.upper().endswith("KEY") and _WORDS.findall(name.upper())[-1] not in _INNOCENT


def text(said: str) -> str:
    """A string without what it gives away: ``postgres://u:***@h``, ``--password=***``, ``password: ***``."""
    if not any(sign in said for sign in "=:-") and "earer" not in said and "asic" not in said:
        return said
    said = _blot(said, lambda _: "***")
    return _SAID.sub(lambda it: f"{it['head']}***" if _says(it["name"]) else it[0], said)


def source_line(line: str, *, inside: bool = False) -> str:
    """A line of a manifest, each secret character shown as ``*``: columns stay where they are.

    ``inside``: it belongs to an element that has the name of a secret, so that every value in it is one.
    """
    line = _blot(line, stars)
    every = inside or any(named for named in secret_names(line))

    def masked(found: re.Match[str]) -> str:
        name = found["name"]
        plain = said_plainly(name, found["secret"]) or (not every and not secret_name(name))
        return found[0] if plain else found["head"] + stars(found["secret"])

    return _PAIR.sub(masked, line)


def said_plainly(name: str, value: str) -> bool:
    """Whether a member's value is no secret although its name may look like that of one."""
    return name in PLAIN_MEMBERS or (name == "pin" and value.strip(" \"'") in ("version", "float"))


def secret_names(line: str) -> Iterator[int]:
    """The columns at which a line gives an element the name of a secret.

    A manifest's own name is none, nor is the key under which a value stands in a file.
    """
    if names_file(line):
        return
    for found in _NAMED_HERE.finditer(line):
        if secret_name(found["name"]) and not _MANIFEST_NAME.search(line[: found.start()]):
            yield found.start()


def names_file(line: str) -> bool:
    """Whether a line says in which file a secret value stands: then no value stands here."""
    return _IN_A_FILE.search(line) is not None


def stars(secret: str) -> str:
    """As many ``*`` as there are characters; white space stays."""
    return re.sub(r"\S", "*", secret)


def _says(name: str) -> bool:
    return name not in PLAIN_MEMBERS and not _FAULT.search(name) and secret_name(name)


def _blot(said: str, blot: Callable[[str], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        name = found.groupdict().get("name")
        if name is not None and (not secret_name(name) or name in PLAIN_MEMBERS):
            return found[0]
        return found["head"] + blot(found["secret"])

    for pattern in _PATTERNS:
        said = pattern.sub(replaced, said)
    return said
