"""What travels: Convex values and their formats, function paths, ids, durations.

Knows the standard library and nothing else.
"""
