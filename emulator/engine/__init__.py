"""Pure decisions: one call in, one decision out.

Knows the model; must not know clocks, sockets, files, asyncio or any randomness but its own seeded draws.
"""
