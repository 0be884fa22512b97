"""One package for each emulated API: a route table, a pure codec, its failures, thin endpoints.

The only packages that know HTTP; strangers to one another.
"""
