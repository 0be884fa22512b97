"""Functions that every deployment has, for admins: `_system/…`, by which tools look into it (contract convex §14).

They are queries like any other: they read within a transaction, so that whoever watches one hears of changes, and a
scenario that has a function of the same path answers in their place.
"""
