"""One writer of an environment: who it is, for how long, and after whom.

Agents and ``apply`` take the same lease. ``lease.py`` is its timing and its rules, ``keeper.py`` the thread that renews
it, ``stores.py`` says where it is kept, ``file.py`` keeps it for one machine. It writes nothing but the lease itself.
"""
