"""The SDK's clients for one environment: made once each, none before it is certain whose account they speak to."""

from __future__ import annotations

import copy
import json
import logging
import threading
from dataclasses import dataclass, replace
from typing import Any

from reconciler.aws.credentials import assumed
from reconciler.aws.errors import no_region, translate
from reconciler.aws.last_word import last_word
from reconciler.aws.operations import split
from reconciler.aws.timestamps import parse_timestamp
from reconciler.model.desired import Environment
from reconciler.model.errors import AccessError, ReconcilerError, UsageError


@dataclass(frozen=True)
class Connection:
    """How clients connect. Seconds; ``pool`` is the number of connections a client keeps, at least that of threads."""

    pool: int = 32
    connect_timeout: float = 5.0
    read_timeout: float = 30.0

    @property
    def longest_call(self) -> float:
        """For how long a call may be under way: what a lease must still last before one is made."""
        return self.connect_timeout + self.read_timeout


LEASED = Connection(connect_timeout=2.0, read_timeout=8.0)
"""How a writer with a lease connects: a call has to end while the lease lasts."""


class Clients:
    """The only maker of clients. Thread-safe.

    ``session`` is a boto3 or botocore session to start from; without one the SDK's own chain of settings and
    credentials is used, with ``profile`` when given. The environment's region, endpointUrl and assumeRole win over
    the SDK's. Raises UsageError without a Region, AccessError for a profile that does not exist.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        session: Any = None,
        profile: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        self.environment = environment
        self.connection = connection or Connection()
        self._lock = threading.RLock()
        self._made: dict[tuple[str, str], Any] = {}
        self._models: dict[str, Any] = {}
        self._account: str | None = None
        self._session = _session(session, profile)
        self.region = self._region()
        if environment.assume_role:
            # Made before the session has the role's credentials: this client signs with those it starts from.
            sts = self._make(self._session, "sts", self.region)
            self._session._credentials = assumed(environment.assume_role, f"reconciler-{environment.name}", sts)

    def __repr__(self) -> str:
        return f"Clients(environment={self.environment.name!r}, region={self.region!r})"

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service, made by the calling thread on first use; the account is checked before any."""
        key = (service, region or self.region)
        if key not in self._made:
            with self._lock:
                self.guard()
                if key not in self._made:
                    self._made[key] = self._make(self._session, *key)
        return self._made[key]

    def connecting(self, connection: Connection) -> Clients:
        """Others with the same credentials for the same account, which connect in another way."""
        # the role has been assumed: its credentials are the session's
        environment = replace(self.environment, assume_role=None)
        return Clients(environment, session=self._session, connection=connection)

    def guard(self) -> str | None:
        """Make certain that the credentials are of the environment's account; its id, None when none is named.

        The first call of all: ``client`` gives nothing before this has passed. Raises AccessError.
        """
        named = self.environment.account_id
        if named is None or self._account is not None:
            return self._account
        with self._lock:
            found, who = self._identity()
            if found != named:
                raise AccessError(
                    f"the credentials are of account {found} ({who}), environment {self.environment.name} is account "
                    f"{named}",
                    where=f"environment {self.environment.name}",
                    hint=f"use credentials of {named} (AWS_PROFILE, assumeRole), or correct accountId",
                )
            self._account = found
            return found

    def model(self, operation: str) -> Any:
        """Botocore's OperationModel of ``service:Operation``, without any client; ValueError when there is none."""
        service, name = split(operation)
        with self._lock:
            if service not in self._models:
                self._models[service] = self._load(service)
            found = self._models[service]
        if name not in found.operation_names:
            raise ValueError(f"{operation}: {service} has no such operation")
        return found.operation_model(name)

    def page_tokens(self, operation: str) -> dict[str, Any] | None:
        """Botocore's paginator configuration of an operation; None when it has none."""
        service, name = split(operation)
        from botocore.exceptions import DataNotFoundError

        with self._lock:
            try:
                config: dict[str, Any] = self._session.get_paginator_model(service).get_paginator(name)
            except (ValueError, DataNotFoundError):
                return None
        return config

    def _load(self, service: str) -> Any:
        from botocore.exceptions import UnknownServiceError

        try:
            return self._session.get_service_model(service)
        except UnknownServiceError:
            raise ValueError(f"AWS has no service {service!r}") from None

    def _identity(self) -> tuple[str, str]:
        """Account and ARN of the credentials in use."""
        failed: ReconcilerError
        try:
            answer = self._make(self._session, "sts", self.region).get_caller_identity()
            return str(answer["Account"]), str(answer["Arn"])
        except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
            failed = translate(error, "sts:GetCallerIdentity", {}, write=False)
        raise failed

    def _region(self) -> str:
        failed: ReconcilerError
        try:
            region = self.environment.region or self._session.get_config_variable("region")
            if region:
                return str(region)
            failed = no_region()
        except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
            failed = translate(error, "sts:GetCallerIdentity", {}, write=False)
            failed.where = f"environment {self.environment.name}"
        raise failed

    def _make(self, session: Any, service: str, region: str) -> Any:
        """A client whose retries are off: whether to ask again is for the budget and for those who know the call."""
        from botocore.config import Config

        config = Config(
            # "standard" stays out of the adaptive mode that AWS_RETRY_MODE may ask for, which sleeps by itself.
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=self.connection.pool,
            connect_timeout=self.connection.connect_timeout,
            read_timeout=self.connection.read_timeout,
            tcp_keepalive=True,
            user_agent_extra="ecs-reconciler",
        )
        failed: ReconcilerError
        with self._lock:
            try:
                client = session.create_client(
                    service, region_name=region, endpoint_url=self.environment.endpoint_url, config=config
                )
                # By the service's own name: so it comes before whatever answers for all services.
                name = client.meta.service_model.service_id.hyphenize()
                client.meta.events.register_first(f"before-send.{name}", last_word, unique_id="reconciler-last-word")
                return client
            except Exception as error:  # noqa: BLE001 - translate() raises what is not the SDK's
                if type(error) is ValueError and self.environment.endpoint_url:
                    failed = UsageError(str(error), hint="endpointUrl is a URL such as http://127.0.0.1:8000")
                else:
                    failed = translate(error, f"{service}:CreateClient", {}, write=False)
                failed.where = f"environment {self.environment.name}"
        raise failed


def _session(given: Any, profile: str | None) -> Any:
    """A botocore session of our own. A given one is shared but for its credentials, which stay its owner's; clients
    that its owner makes parse timestamps as ours do.
    """
    import botocore.session

    # At DEBUG botocore writes whole requests and signatures; no setting of this product may turn that on.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    # It also shows a traceback for credentials that cannot be had; that error is raised, and is ours to tell.
    logging.getLogger("botocore.credentials").setLevel(logging.CRITICAL)
    if given is None:
        session = botocore.session.Session(profile=profile)
    else:
        session = copy.copy(getattr(given, "_session", given))
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_timestamp)
    session.register("before-parse", _whole, unique_id="reconciler-whole-answers")
    return session


def _whole(response_dict: dict[str, Any], **_: Any) -> None:
    """Botocore takes a success whose JSON breaks off for one that says nothing; it is an answer nobody can read."""
    from botocore.parsers import ResponseParserError

    body = response_dict.get("body")
    if response_dict.get("status_code", 0) >= 300 or not isinstance(body, bytes) or not body.startswith(b"{"):
        return
    try:
        json.loads(body)
        return
    except ValueError:
        pass  # the error would hold the body
    raise ResponseParserError("not JSON to its end")
