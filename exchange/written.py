"""Values as messages write them, in HL7 v2 as in documents: times, numbers, reference ranges."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Final

from clinical.coded import CHINA
from exchange.message import Json

_TIME: Final = re.compile(
    r"(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:[T ]?(\d{2}):?(?:(\d{2}):?(?:(\d{2})(\.\d{1,6})?)?)?)?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_EARLIEST, _LATEST = 1800, 2999
_HERE: Final = "+08:00"
_NUMBER: Final = re.compile(r"\s*(<=|>=|[<>≤≥＜＞])?\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*")
_COMPARATORS: Final = {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">"}


@lru_cache(maxsize=4096)
def when(text: str) -> str:
    """A time stamp as a FHIR date or dateTime of the precision given, Chinese time unless a zone stands there.
    Raises ``ValueError`` when it is none; empty for an empty one or for zeros."""
    if not text.strip("0 ") or not text:
        return ""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if not _EARLIEST <= int(year) <= _LATEST:
        raise ValueError
    if hour is None:
        date = "-".join(part for part in (year, month, day) if part)
        datetime(int(year), int(month or 1), int(day or 1))
        return date
    zone = _HERE if zone is None else "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
    made = f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}{fraction or ''}{zone}"
    if hour == "24" and {minute, second} <= {None, "00"}:  # midnight at the end of a day
        return (datetime.fromisoformat(made.replace("T24", "T00")) + timedelta(days=1)).isoformat()
    datetime.fromisoformat(made)
    return made


def stamp(text: str) -> str:
    """A FHIR date or dateTime as a time stamp of the same precision, Chinese time; empty for an empty one."""
    if "T" not in text:
        return text.replace("-", "")
    moment = datetime.fromisoformat(text).astimezone(CHINA)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y%m%d%H%M%S}{fraction}"


def number(text: str) -> tuple[float, str] | None:
    """A number and its comparator (``<0.01``); None for anything else."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, value = match[1] or "", float(match[2])
    return (value, _COMPARATORS.get(sign, sign)) if isfinite(value) else None


@lru_cache(maxsize=4096)
def interval(text: str) -> Json:
    """A reference range as LIS write it: ``3.9-6.1``, ``<5``, ``≥60``, or words."""
    made: Json = {"text": text}
    if match := re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:-{1,2}|~|～|—+|–)\s*([+-]?\d+(?:\.\d+)?)\s*", text):
        made |= {"low": {"value": float(match[1])}, "high": {"value": float(match[2])}}
    elif (read := number(text)) and read[1]:
        made["high" if read[1].startswith("<") else "low"] = {"value": read[0]}
    return made
