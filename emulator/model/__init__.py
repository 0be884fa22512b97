"""What a scenario means: frozen records, resolved and indexed.

Knows values; must not know YAML, HTTP or how a call is decided.
"""
