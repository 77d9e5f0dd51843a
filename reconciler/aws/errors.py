"""Every way a call can fail, brought to the tree of ``model.errors``: what, where, what next, try again or not."""

from __future__ import annotations

import re
from typing import Any, Final

from reconciler.aws import codes
from reconciler.aws.operations import iam_action, split
from reconciler.aws.redact import hide, subject
from reconciler.model.errors import (
    AccessError,
    AwsError,
    Conflict,
    Denied,
    NotFound,
    OutcomeUnknown,
    ReconcilerError,
    Rejected,
    Throttled,
    Unavailable,
    UsageError,
)
from reconciler.model.tree import Tree


class NotYet(Rejected):
    """AWS refuses for now, without effect: something else has to settle first. The same request will pass later."""

    retry = True


LOGIN: Final = "log in again or set other credentials (AWS_PROFILE, the environment's assumeRole), then try again"
_REACH: Final = "look at the network, the proxy and endpointUrl; AWS may be having trouble"
_READ_FIRST: Final = "it may have taken effect: what is there is read before anything is decided"


def translate(error: Exception, operation: str, params: Tree, *, write: bool, shape: Any = None) -> ReconcilerError:
    """The error a call's exception amounts to; ``shape`` is the operation's input shape in botocore's model.

    Raises ``error`` itself when it is none of the SDK's: then it is a mistake in this program.
    """
    if isinstance(error, ReconcilerError):
        return error
    names = {base.__name__ for base in type(error).__mro__}
    name = subject(params)
    where = f"{operation} {name}" if name else operation
    if "ClientError" in names:
        return _answered(error, operation, params, where, write, shape)
    if "ParamValidationError" in names:
        text = _invalid(str(error))
        return Rejected(hide(text, params, shape), operation=operation, code="ParamValidationError", where=where)
    if names & codes.LOCAL_CREDENTIALS:
        return AccessError(_sentence(str(error)), where=where, hint=LOGIN)
    if "NoRegionError" in names:
        return no_region()
    if names & codes.LOCAL_SETTINGS:
        return UsageError(_sentence(str(error)), where=where, hint="look at the environment's region and endpointUrl")
    code, text = type(error).__name__, _sentence(str(error))
    if "ResponseParserError" in names or _while_parsing(error):
        text = "the answer cannot be read"
    elif "BotoCoreError" not in names:
        raise error
    return _unanswered(code, text, operation, where, write, sent=not names & codes.NEVER_SENT)


def no_region() -> UsageError:
    """Nobody says which Region is meant."""
    return UsageError("no AWS Region is set", hint="set region in the environment's file, or AWS_DEFAULT_REGION")


def _while_parsing(error: Exception) -> bool:
    """Whether botocore stumbled over an answer that is not what it should be: any exception may come of that."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "botocore.parsers":
            return True
        trace = trace.tb_next
    return False


def _unanswered(code: str, text: str, operation: str, where: str, write: bool, *, sent: bool) -> AwsError:
    """No answer, or none that can be read. A URL is all that botocore puts into these texts."""
    if not sent:
        return Unavailable(f"{text}; nothing was sent", operation=operation, code=code, where=where, hint=_REACH)
    if write:
        return OutcomeUnknown(text, operation=operation, code=code, where=where, hint=_READ_FIRST)
    return Unavailable(text, operation=operation, code=code, where=where, hint=_REACH)


def _answered(error: Any, operation: str, params: Tree, where: str, write: bool, shape: Any) -> ReconcilerError:
    """AWS answered with an error."""
    answer = error.response
    detail = answer.get("Error", {})
    code = str(detail.get("Code") or "Unknown")
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    words = str(detail.get("Message") or "no message")
    said, low = _sentence(hide(words, params, shape)), _sentence(words).lower()
    message = f"{code}: {said}"
    about: dict[str, Any] = {"operation": operation, "code": code, "where": where}
    throttled = code in codes.THROTTLES or status == 429 or "rate exceeded" in low

    if error.operation_name != split(operation)[1]:
        # The SDK's own call for credentials; the call that needed them was not sent.
        if throttled or status >= 500:
            return Unavailable(f"{error.operation_name}: {message}", **about, hint=_REACH)
        return AccessError(f"{error.operation_name}: {message}", where=where, hint=LOGIN)
    if code in codes.NO_CREDENTIALS:
        skewed = "expired:" in low or "not yet current" in low or code in ("RequestTimeTooSkewed", "RequestExpired")
        return AccessError(message, where=where, hint="set the clock of this machine" if skewed else LOGIN)
    if throttled:
        return Throttled(message, **about, hint="nothing was done; it is asked again within the call budget")
    found = codes.UNAUTHORIZED.search(said)
    if found or code in codes.DENIALS:
        return Denied(message, **about, action=found[1] if found else iam_action(operation))
    if status >= 500 or code in codes.NO_ANSWER:
        if write:
            return OutcomeUnknown(message, **about, hint=_READ_FIRST)
        return Unavailable(message, **about, hint="AWS is having trouble; it is asked again")
    settling = codes.SETTLING_CODES.get(code) or next((hint for text, hint in codes.SETTLING if text in low), "")
    if settling == codes.EXISTS and not split(operation)[1].startswith(("Create", "PutParameter")):
        settling = ""  # a token used for something else: no reading changes that
    if settling:
        return NotYet(message, **about, hint=f"waits: {settling}")
    if codes.ABSENT.search(code) or code in codes.ABSENT_TOO or any(text in low for text in codes.ABSENT_TEXTS):
        return _absent(message, about, code, write)
    if code == "ConflictException":
        return Conflict(message, **about, resources=tuple(answer.get("resourceIds") or ()))
    return Rejected(message, **about, hint=codes.HINTS.get(code, ""))


def _absent(message: str, about: dict[str, Any], code: str, write: bool) -> NotFound:
    """A cluster that was just made may still be invisible to the service that a write is to put into it."""
    if write and code == "ClusterNotFoundException":
        error = NotFound(message, **about, hint="waits: a new cluster takes a moment to become visible")
        error.retry = True
        return error
    return NotFound(message, **about)


def _invalid(report: str) -> str:
    """Botocore's findings about parameters without the values it quotes."""
    found = re.findall(
        r"^(?:Missing required parameter in \S+ \"\w+\"|Unknown parameter in [^,\n]*"
        r"|Invalid (?:type|length|range|value) for parameter [\w.\[\]]+)",
        report,
        flags=re.MULTILINE,
    )
    return "; ".join(found) or "the parameters do not have the shape that AWS describes"


def _sentence(text: str) -> str:
    return " ".join(text.split())


def access_denied(error: AwsError, role: str) -> AccessError:
    """A role could not be assumed."""
    return AccessError(
        f"cannot assume {role}: {error.message}",
        where=split(error.operation)[0],
        hint="the role's trust policy must name these credentials, and they need sts:AssumeRole on it",
    )
