"""What is told of a JSON body that has not the shape it should: the field and what is wrong, never what it holds."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from exchange.fhir.shapes import ReadError

_QUOTED: Final = re.compile(r" '(?:[^'\\]|\\.)*'| \"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_NAMED: Final = re.compile(r"`([^`]*)`")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}")


def misread(error: msgspec.MsgspecError) -> ReadError:
    """Of a body that is no JSON, or of a field that is missing, unknown or of another kind."""
    if not isinstance(error, msgspec.ValidationError):
        return ReadError("body", f"is no JSON: {error}")
    message, _, path = str(error).partition(" - at `")
    named = _NAMED.sub(lambda found: found[0] if _FIELD.fullmatch(found[1]) else "(…)", message)
    return ReadError(path.rstrip("`").removeprefix("$.").removeprefix("$") or "body", _QUOTED.sub("", named))
