"""What is private in an answer of AWS, replaced: the same value by the same stand-in, wherever it occurs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final

from .calls import MASK, SECRET

ACCOUNT: Final = re.compile(r"(?<![\dA-Fa-f-])\d{12}(?![\dA-Fa-f-])")
ADDRESS: Final = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
UUID: Final = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
RANDOM: Final = re.compile(
    r"(?<![\w])(?P<kept>(?:i|eni|subnet|sg|vpc|vol|rtb|igw|nat|ami|lt|fs|srv|ns|sha256)[-:])?"
    r"(?P<random>[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32,34}|[0-9a-f]{17}|[0-9a-f]{16}|\d{19}|[0-9a-f]{8})(?![\w])"
)
SUFFIX: Final = re.compile(r"(:secret:[^\s:\"]+-)([A-Za-z0-9]{6})(?![A-Za-z0-9])")
WHO: Final = re.compile(r"(:(?:user|role|assumed-role|federated-user)/)(?!aws-service-role/)([^\s\"',]+)")
KEY: Final = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b")
HIDDEN: Final = SECRET | {"Value", "message-secret"}
ENVIRONMENT: Final = frozenset({"environment", "secretOptions"})
PLAIN: Final = re.compile(r"^(awslogs-|mode$|max-buffer-size$)")
"""Log options that are no secret."""
TEXTS: Final = frozenset({"command", "entryPoint"})


@dataclass
class Redactor:
    """One recording's replacements. ``names``: names, too, become stand-ins; keys of tags never do."""

    names: bool = False
    _known: dict[tuple[str, str], str] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)

    def value(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """JSON, with times as epoch seconds. Values of environments and secrets are masked."""
        member = path[-1] if path else ""
        if isinstance(value, dict):
            if set(value) <= {"name", "value"} and path[-1:] and path[-1] in ENVIRONMENT:
                return {k: MASK if k == "value" else self.value(v, (*path, k)) for k, v in value.items()}
            if member == "options":
                return {k: self.text(str(v)) if PLAIN.match(k) else MASK for k, v in value.items()}
            if member == "dockerLabels":
                return dict.fromkeys(value, MASK)
            return {k: self.value(v, (*path, k)) for k, v in value.items()}
        if isinstance(value, list | tuple):
            if member in TEXTS:
                return [v if v in ("CMD", "CMD-SHELL", "NONE") else MASK for v in value]
            return [self.value(v, path) for v in value]
        if isinstance(value, datetime):
            return value.timestamp()
        tag = "tags" in path or "Tags" in path
        if isinstance(value, bytes) or (tag and self.names and member in ("value", "Value")):
            return MASK
        if member in HIDDEN and isinstance(value, str) and not tag:
            return MASK
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """Accounts, addresses, access keys, and whatever AWS drew at random."""
        for pattern, make in (
            (KEY, lambda n: f"AKIA{n:012d}"),
            (UUID, lambda n: f"00000000-0000-4000-8000-{n:012x}"),
            (ACCOUNT, lambda n: f"{n:012d}"),
        ):
            text = pattern.sub(self._standing(pattern.pattern, make), text)
        text = WHO.sub(lambda m: m[1] + self._stand("who", m[2], lambda n: f"who-{n}"), text)
        text = SUFFIX.sub(lambda m: m[1] + self._stand("suffix", m[2], lambda n: f"{n:06d}"), text)
        text = RANDOM.sub(self._random, text)
        text = ADDRESS.sub(self._address, text)
        for name in sorted(self._named, key=len, reverse=True):
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", self._named[name], text)
        return text

    def learn(self, value: Any, member: str = "") -> None:
        """Remember the names that a request or an answer gives; only where names are to go."""
        if isinstance(value, dict):
            for key, inner in value.items():
                self.learn(inner, key)
        elif isinstance(value, list | tuple):
            for inner in value:
                self.learn(inner, member)
        elif self.names and isinstance(value, str) and member in NAMES and value and not value.startswith("arn:"):
            self._named.setdefault(value, f"{NAMES[member]}-{len(self._named) + 1}")

    def _random(self, match: re.Match[str]) -> str:
        drawn, kept = match["random"], match["kept"] or ""
        if len(drawn) == 8 and not kept:  # eight hexadecimal digits are random only behind a prefix
            return match[0]
        digits = drawn.isdigit() and len(drawn) == 19
        return kept + self._stand(
            f"random {len(drawn)}", drawn, lambda n: str(10**18 + n) if digits else f"{n:0{len(drawn)}x}"
        )

    def _address(self, match: re.Match[str]) -> str:
        try:
            ip_address(match[0])
        except ValueError:
            return match[0]
        return self._stand("address", match[0], lambda n: f"10.0.{n // 256 % 256}.{n % 256}")

    def _standing(self, kind: str, make: Callable[[int], str]) -> Callable[[re.Match[str]], str]:
        return lambda match: self._stand(kind, match[0], make)

    def _stand(self, kind: str, value: str, make: Callable[[int], str]) -> str:
        """A digest stands in the memory, so that the value itself is not kept."""
        key = (kind, sha256(value.encode()).hexdigest())
        if key not in self._known:
            self._known[key] = make(sum(known == kind for known, _ in self._known) + 1)
        return self._known[key]


NAMES: Final = {
    "clusterName": "cluster", "serviceName": "service", "family": "family", "name": "name", "SecretId": "secret",
    "Name": "name", "logGroupName": "log-group", "image": "image", "createdBy": "who", "registeredBy": "who",
}  # fmt: skip
"""Members that give names, and what stands in for them."""
