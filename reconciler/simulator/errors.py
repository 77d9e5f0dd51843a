"""What goes wrong: errors AWS answers with, answers that never arrive, and mistakes of the simulator itself."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer: AWS's exception name, text, HTTP status and further members of the exception."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class AnswerLost(Exception):
    """No answer reaches the caller. ``how``: "closed" (connection closed) or "timeout" (read timeout)."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Crash(BaseException):
    """The caller has died at this call, as by a kill: no code of its own may catch it. All its later calls raise it."""


class SimulatorError(Exception):
    """The simulator is wrong: it made an answer that AWS's own model does not allow."""


class ScriptError(ValueError):
    """What was said about workloads, alarms or capacity makes no sense: one message that names the place."""


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def client(message: str) -> AwsError:
    return AwsError("ClientException", message)


def cluster_not_found() -> AwsError:
    return AwsError("ClusterNotFoundException", "Cluster not found.")


def service_not_found() -> AwsError:
    return AwsError("ServiceNotFoundException", "Service not found.")


def unsupported(service: str, operation: str) -> AwsError:
    return AwsError("UnsupportedOperationException", f"The simulator does not implement {service}:{operation}.", 501)
