"""A laboratory whose account allows exactly what the derived policy says, and a record of which of it was used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

from reconciler.engine.connect import Connected, connect
from reconciler.engine.lookup import Wish
from reconciler.engine.permissions import permissions
from reconciler.engine.settle import Draft
from reconciler.model.key import Scope
from reconciler.report.policy import documents
from reconciler.simulator.before_send import loader
from tests.iam import Gate
from tests.lab import Lab


@dataclass
class Policed(Lab):
    """The policy is printed anew for each commit, as a person would who attaches what ``doctor`` prints.

    ``plan_only``: the role may only look. ``without``: an action that somebody has taken out of the policy.
    """

    plan_only: bool = False
    without: str = ""

    def connect(self) -> Connected:
        if self._connected is None:
            session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
            session._session.register_component("data_loader", loader())
            self.gate = Gate(self.simulator, self.policies(self.draft()))
            self.gate.attach(session)
            self._connected = connect(self.draft().wish.environment, self.clock, session)
        return self._connected

    def wish(self, environment: str = "staging") -> Wish:
        self.connect()
        self.gate.policies = self.policies(self.draft())
        return super().wish(environment)

    def policies(self, made: Draft) -> list[dict[str, Any]]:
        found = permissions(made, Scope("default", "staging"), None, plan_only=self.plan_only)
        kept = [grant for grant in found.grants if grant.action != self.without]
        return documents(kept)
