"""Reading modules without what nobody needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_pydantic() -> Iterator[None]:
    """FastAPI asks of every parameter whether it is a model of pydantic 1, and reads all of that for it (a tenth of a
    second); it takes no for an answer where that cannot be imported."""
    name = "pydantic.v1"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
