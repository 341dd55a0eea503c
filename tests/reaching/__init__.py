"""Requests made from statements: each row of the shipped content must be able to alert.

A module here ends with ``REACH``: predicate → (family, function from a statement and the release to a plain
JSON review that this statement must answer). ``tests/unit/rules/test_reachable.py`` asks them all.
"""
