"""`${…}`: Python's own grammar, a white list of its nodes, compiled once; and the functions that may be called.

Knows values; must not know YAML, HTTP or clocks.
"""
