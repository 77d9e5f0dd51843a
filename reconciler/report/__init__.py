"""How it is shown: text, JSON, Markdown, log.

Pure: nouns in, strings out.
"""
