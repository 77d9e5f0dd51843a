"""What AWS is: one file a kind.

A kind says as data which fields exist, how they compare and what a change of each does; as pure functions which calls
bring it about and how healthy it is. Only ``observe`` reads, through the Reader it is handed. No kind imports another:
what two of them share is a rule and lives in ``core`` or ``model``. A kind that outgrows one file keeps its table, its
checks and its verdict in files of its own name: ``service_fields``, ``service_checks``, ``service_health``.
"""

from reconciler.kinds.cluster import Cluster
from reconciler.kinds.job import Job
from reconciler.kinds.log_group import LogGroup
from reconciler.kinds.outside import Role, SecurityGroup, Subnet, TargetGroup
from reconciler.kinds.outside_capacity import CapacityProvider, Instances, Triggers
from reconciler.kinds.outside_images import Image
from reconciler.kinds.parameter import Parameter
from reconciler.kinds.secret import Secret
from reconciler.kinds.service import Service
from reconciler.kinds.task_definition import TaskDefinition
from reconciler.model.kind import Kind, Kinds

ALL: tuple[Kind, ...] = (Cluster(), LogGroup(), Secret(), Parameter(), TaskDefinition(), Job(), Service())

KINDS: Kinds = {kind.name: kind for kind in ALL}
"""Every kind by its name. A new one is one file, one line here and one test file."""

OUTSIDE: Kinds = {
    kind.name: kind
    for kind in (Image(), Role(), TargetGroup(), Subnet(), SecurityGroup(), CapacityProvider(), Instances(), Triggers())
}
"""What specs may name, or depend on, and no manifest can declare: only looked at, before a write."""
