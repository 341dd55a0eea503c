"""A worker's application. Reading the modules and hashing the release take a second each, and hashing leaves the
interpreter alone: it begins before the modules are read. What is read stays, so that nothing looks for garbage in it
meanwhile (a tenth of the time)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from api.reading import one_pydantic
from base.security import hashed_ahead
from base.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def create() -> FastAPI:
    """The application of one worker, from the environment (``YIGONG_*``). Raises ``ReleaseError`` when nothing is
    published or the release is not sound."""
    folder = Settings().releases_dir
    active = folder / "ACTIVE"
    file = folder / f"{active.read_text().strip()}.ygr" if active.exists() else active
    with _no_garbage(), one_pydantic(), hashed_ahead(file) if file.suffix and file.exists() else nullcontext():
        from api.app import create as make

        return make()


@contextmanager
def _no_garbage() -> Iterator[None]:
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
