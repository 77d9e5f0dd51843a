"""Feedback where people are: chats, webhooks, topics, and the commits of the forge.

Reads looks and news, and nothing else; what it fails to tell changes nothing of what the agent does. What to tell is
decided by pure functions (``outcomes``, ``statuses``); each channel sends from a lane of its own, so that one that is
slow or dead holds up nobody.
"""
