"""An ECS that runs here: a pure core on a virtual clock behind two doors.

Imported by ``cli`` and by tests only; knows nothing of the other rooms.
Other services are moto's, behind the same doors.
"""

from .calls import Call
from .errors import AnswerLost, AwsError, SimulatorError
from .faults import Faults
from .settings import Settings
from .simulator import Simulator
from .wire import Request, Response

__all__ = ["AnswerLost", "AwsError", "Call", "Faults", "Request", "Response", "Settings", "Simulator", "SimulatorError"]
