"""Structured logging that cannot leak patients: one JSON line per event, closed set of fields.

Messages are constants; what varies goes into ``extra`` under a known name. Exception messages
are left out (they may quote input); type and place stay.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

import orjson

from base.randomness import random_bytes

FIELDS: Final = frozenset(
    {
        "family",
        "rule",
        "error",
        "at",
        "resource",
        "release",
        "status",
        "path",
        "method",
        "ms",
        "count",
        "service",
        "loader",
        "worker",
        "reason",
        "hook",
        "job",
        "artefact",
        "model",
        "check",
        "topics",
        "givenUp",
        "tenant",
        "subscription",
        "client",
        "unfinished",
    }
)
"""Names allowed in ``extra``; anything else is dropped, so that nobody logs a name or an id by habit."""
_REQUEST: ContextVar[str] = ContextVar("request", default="")


def new_request() -> str:
    """Begin a request: gives it an id that log lines and error answers share."""
    found = random_bytes(8).hex()
    _REQUEST.set(found)
    return found


def request_id() -> str:
    """Id of the request being answered; empty outside of one."""
    return _REQUEST.get()


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, request, known extras."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if _ours(record) else str(record.msg),
        }
        if request_id():
            line["request"] = request_id()
        line |= {k: v for k, v in record.__dict__.items() if k in FIELDS}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])[-4:]
            line["at"] = " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames))
        return orjson.dumps(line, default=str).decode()


def _ours(record: logging.LogRecord) -> bool:
    """Messages of other libraries are kept without their arguments: these may quote input (URLs)."""
    return record.name.partition(".")[0] in _ROOMS


_ROOM_NAMES: Final = """
api base clinical curation_ui exchange inference knowledge loaders nlp records rules supervision
"""
_ROOMS: Final = frozenset(_ROOM_NAMES.split())


def setup(level: str = "INFO") -> None:
    """Send everything to stderr as JSON lines; quiets libraries that log every request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "alembic", "sqlalchemy", "uvicorn.access"):
        logging.getLogger(noisy).setLevel("WARNING")
