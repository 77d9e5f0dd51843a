"""Where desire comes from: git objects or a directory, YAML with positions, environments, variables.

Everything a person may have got wrong in a manifest is told here, all of it in one run, each with its place.
"""
