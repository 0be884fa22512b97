"""The one mutable place: the emulator, its clock, its journal, and the performing of plans.

Knows the engine; must not know HTTP.
"""
