"""Requests made from statements: each row of the shipped content must be able to alert.

A module here ends with ``REACH``: predicate → (family, function from a statement and the release to a plain
JSON review that this statement must answer). ``tests/unit/rules/test_reachable.py`` asks them all.
"""

from __future__ import annotations

from functools import lru_cache

from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot


@lru_cache(maxsize=256)
def said(snapshot: Snapshot, predicate: Predicate) -> tuple[Statement, ...]:
    """All that a release says with a predicate: every row is asked beside the others of its kind."""
    return tuple(snapshot.saying(predicate, Statement))
