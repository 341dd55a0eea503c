"""What every noun is made of: a frozen, slotted value.

A msgspec struct rather than a dataclass, because a review makes and changes hundreds of them: a
frozen dataclass takes ten times as long to make and ``dataclasses.replace`` twenty times as long
as ``replace`` here. Values never form cycles, so the garbage collector need not look at them.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

__all__ = ["Value", "replace"]


class Value(msgspec.Struct, frozen=True, gc=False):
    """A noun: compared, hashed and shown by its fields, never changed after it is made."""
