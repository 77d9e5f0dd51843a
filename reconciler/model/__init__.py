"""The nouns everything speaks in, the protocol of a kind, and the shapes of the AWS API.

Frozen values, no I/O, no clock. Imports nothing of the other rooms.
"""
