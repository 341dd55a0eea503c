"""A worker's application. Reading the modules and hashing the release take a second each, and hashing leaves the
interpreter alone: it begins before the modules are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.security import hash_ahead
from base.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def create() -> FastAPI:
    """The application of one worker, from the environment (``YIGONG_*``). Raises ``ReleaseError`` when nothing is
    published or the release is not sound."""
    folder = Settings().releases_dir
    active = folder / "ACTIVE"
    file = folder / f"{active.read_text().strip()}.ygr" if active.exists() else active
    if file.suffix == ".ygr" and file.exists():
        hash_ahead(file)
    from api.app import create as make

    return make()
