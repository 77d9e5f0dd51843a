"""What runs for months: loop, triggers, lease timing, server.

Knows time; knows no AWS call by name. It wakes ticks of ``engine`` and never decides what a tick does.
"""
