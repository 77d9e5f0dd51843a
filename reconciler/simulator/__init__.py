"""An ECS that runs here: a pure core on a virtual clock behind two doors.

Imported by ``cli`` and by tests only; knows nothing of the other rooms.
Other services are moto's, behind the same doors.
"""

from .buckets import Group
from .calls import Call
from .ecs import OPERATIONS as ECS_OPERATIONS
from .errors import AnswerLost, AwsError, Crash, ScriptError, SimulatorError
from .fault import Fault
from .faults import Faults
from .settings import Settings
from .simulator import Simulator
from .wire import Request, Response

OPERATIONS: tuple[str, ...] = tuple(sorted(ECS_OPERATIONS))
"""The ECS operations that are implemented; the others answer UnsupportedOperationException with their name."""

__all__ = [
    "OPERATIONS",
    "AnswerLost",
    "AwsError",
    "Call",
    "Crash",
    "Fault",
    "Faults",
    "Group",
    "Request",
    "Response",
    "ScriptError",
    "Settings",
    "Simulator",
    "SimulatorError",
]
