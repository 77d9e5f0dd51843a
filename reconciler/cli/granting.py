"""``doctor --print-policy``: from manifests to documents of IAM, and what a person has to know beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.cli.reading import choose, committed, draft_for, tell
from reconciler.cli.runtime import Runtime
from reconciler.engine.permissions import permissions
from reconciler.model.errors import InvalidManifests, UsageError
from reconciler.model.key import Scope
from reconciler.report.policy import MANY, MOST, documents, policy_json

_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?")


def grant(run: Runtime, apps: Sequence[str], *, plan_only: bool, queues: Sequence[str]) -> None:
    """Print the policy of an environment, or of some apps of it. Raises InvalidManifests, UsageError."""
    for arn in queues:
        if not _QUEUE.fullmatch(arn):
            raise UsageError(f"{arn!r} is not the ARN of a queue", hint="write arn:aws:sqs:REGION:ACCOUNT:NAME")
    if plan_only and queues:
        raise UsageError("a plan reads no queue", hint="leave out --queue-arn, or --plan-only")
    revision = committed(run)
    made = draft_for(revision, choose(run, revision), apps)
    if made.wish.errors:
        raise InvalidManifests(made.wish.problems)
    tell(run, made.wish.problems)
    environment = made.rendered.environment
    scope = Scope(run.installation, environment.name)
    region = run.environ.get("AWS_REGION") or run.environ.get("AWS_DEFAULT_REGION")
    found = permissions(made, scope, region, plan_only=plan_only, queues=queues)
    made_of = documents(found.grants)
    run.terminal.out(policy_json(made_of))
    for words in found.missing:
        run.terminal.note(words)
    if environment.assume_role:
        run.terminal.note(
            f"it is for {environment.assume_role}; whoever starts from another role needs sts:AssumeRole on it"
        )
    if len(made_of) > 1:
        many = f", and a role takes {MANY} before its quota is raised" if len(made_of) > MANY else ""
        run.terminal.note(f"{len(made_of)} documents, since a managed policy holds {MOST:,} characters{many}")
