"""How the agent shows who it is to git remotes and forges: secrets are read anew at each use, tokens made when needed.

The only room above aws/ that signs. What it hands out hides itself in a repr, and no error repeats any of it.
"""
