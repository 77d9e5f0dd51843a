"""The rules: canonical form, diff, references, order, planner, gate, rollup.

Pure: no I/O, no clock, no name of a kind. What it needs to know of a kind arrives as an argument.
"""
