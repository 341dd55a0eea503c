"""Random bytes for identifiers, fetched from the system many at a time: one call of it costs as much as two families
of rules. Not for keys and secrets, which must not lie in memory before they are needed: ``secrets`` is for those."""

from __future__ import annotations

import os
import threading
from typing import Final

_FETCHED: Final = 4096
_LOCK: Final = threading.Lock()
_kept = b""


def random_bytes(number: int) -> bytes:
    """So many bytes, given to nobody else."""
    global _kept
    with _LOCK:
        if len(_kept) < number:
            _kept = os.urandom(max(_FETCHED, number))
        given, _kept = _kept[:number], _kept[number:]
    return given


def _forget() -> None:
    """A forked process must not give what its parent gives."""
    global _kept
    _kept = b""


os.register_at_fork(after_in_child=_forget)
