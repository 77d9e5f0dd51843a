"""How it is shown: text, JSON, Markdown, log.

Pure: nouns in, strings out; no clock, no I/O. Only `log` does something: it sets logging up. What must not be shown is
decided in `redact`, what may reach a terminal in `cells`.
"""
