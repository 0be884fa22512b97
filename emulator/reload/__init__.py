"""Watches scenario files and puts what was saved in force, or keeps the last good and says why.

Knows the scenario package and the runtime; must not know surfaces.
"""
