"""An ECS that runs here: a pure core on a virtual clock behind two doors.

Imported by ``cli`` and by tests only; knows nothing of the other rooms.
Other services are moto's, behind the same doors.
"""

from .buckets import Group
from .calls import Call
from .errors import AnswerLost, AwsError, Crash, SimulatorError
from .fault import Fault
from .faults import Faults
from .settings import Settings
from .simulator import Simulator
from .wire import Request, Response

__all__ = [
    "AnswerLost",
    "AwsError",
    "Call",
    "Crash",
    "Fault",
    "Faults",
    "Group",
    "Request",
    "Response",
    "Settings",
    "Simulator",
    "SimulatorError",
]
