"""What makes the agent look: git, a folder, events. Each only wakes the loop, and what it says may get lost.

A waker has a thread of its own, so that what it waits for may hang and nothing else does. It decides nothing.
"""
