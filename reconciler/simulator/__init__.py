"""An ECS that runs here: a pure core on a virtual clock behind two doors.

Imported by ``cli`` and by tests only; knows nothing of the other rooms. Other services are moto's, behind the same doors.
"""
