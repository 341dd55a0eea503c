"""Reading a JSON body into its shape, and what is told of one that has another: the field and what is wrong, never
what it holds."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

from exchange.fhir.shapes import ReadError
from exchange.worded import worded

_TIME: Final = "Invalid RFC3339 encoded datetime"
_AT: Final = re.compile(r"\.(\w+)`$")
_TO_THE_MINUTE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_T = TypeVar("_T")


def shaped(body: bytes, kind: type[_T]) -> _T:
    """A body as what it should be. A time may end with its minutes, as most hospitals' systems write it. Raises
    ``msgspec.DecodeError``, of which ``misread`` tells."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        if _TIME not in str(error):
            raise
        fault = error
    parts, seen = msgspec.json.decode(body), set[str]()
    while (at := _AT.search(str(fault))) is not None and at[1] not in seen:
        seen.add(at[1])
        parts = _to_the_second(parts, at[1])
        try:
            return msgspec.json.decode(msgspec.json.encode(parts), type=kind)
        except msgspec.ValidationError as error:
            fault = error
    raise fault


def _to_the_second(node: Any, name: str) -> Any:
    """A body whose times under a name end with seconds."""
    if isinstance(node, list):
        return [_to_the_second(one, name) for one in node]
    if isinstance(node, dict):
        return {key: _timed(one) if key == name else _to_the_second(one, name) for key, one in node.items()}
    return node


def _timed(value: Any) -> Any:
    to_the_minute = isinstance(value, str) and _TO_THE_MINUTE.fullmatch(value)
    return f"{value}:00" if to_the_minute else value


def misread(error: msgspec.MsgspecError) -> ReadError:
    """Of a body that is no JSON, or of a field that is missing, unknown or of another kind."""
    if not isinstance(error, msgspec.ValidationError):
        return ReadError("body", worded(str(error)))
    message, _, path = str(error).partition(" - at `")
    return ReadError(path.rstrip("`").removeprefix("$.").removeprefix("$") or "body", worded(message))
