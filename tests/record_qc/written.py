"""Records as a QC nurse writes them down: short forms, filled up to the JSON that a hospital sends.

A person is ``李医生 主治医师``; a signature ``书写医师 李医生 主治医师 2026-11-01 09:00`` (title and time may be missing); the
sections of a document a mapping of headings to texts, or ``text`` for a document as a whole. What has no id is numbered
in its list (``documents-1``).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

import msgspec

from clinical.medical_record import MedicalRecord, Signer, Title

_LISTS: Final = ("documents", "events", "operations", "orders", "results")
_PEOPLE: Final = frozenset({"author", "leader", "attending", "resident", "surgeon", "by"})
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?$")


def record(ground: dict[str, Any], given: dict[str, Any] | None = None) -> MedicalRecord:
    """A record of its short form; what ``given`` says replaces the ground, a visit part by part."""
    given = given or {}
    merged = {"id": "R-1", "kind": "住院病历", **ground, **given}
    merged["visit"] = {**ground.get("visit", {}), **given.get("visit", {})}
    return msgspec.convert(_filled(merged), MedicalRecord)


def moment(written: Any) -> datetime:
    """A time as written, Chinese."""
    return datetime.fromisoformat(f"{_iso(written)}+08:00")


def _filled(part: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in part.items()}


def _value(name: str, value: Any) -> Any:
    if name in _PEOPLE and isinstance(value, str):
        return _person(value.split())
    if name == "signatures" and value is not None:
        return [_signature(one) if isinstance(one, str) else _filled(one) for one in value]
    if name == "sections" and isinstance(value, dict):
        return [{"title": title, "text": "" if text is None else str(text)} for title, text in value.items()]
    if name == "fields":
        return {key: str(text) for key, text in value.items()}
    if isinstance(value, dict):
        return _filled(value)
    if isinstance(value, list):
        return [_numbered(name, number, one) for number, one in enumerate(value, 1)]
    return _iso(value)


def _numbered(name: str, number: int, one: dict[str, Any]) -> dict[str, Any]:
    made = {"id": f"{name}-{number}", **one} if name in _LISTS else dict(one)
    if "text" in made and name == "documents":
        made["sections"] = [{"text": made.pop("text")}]
    return _filled(made)


def _iso(value: Any) -> Any:
    """YAML reads a time with seconds as one; without it stays a text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value).isoformat()
    return value


def _person(words: list[str]) -> dict[str, str]:
    titles = [word for word in words if word in set(Title)]
    return {"name": " ".join(w for w in words if w not in titles)} | ({"title": titles[0]} if titles else {})


def _signature(text: str) -> dict[str, str]:
    time = _TIME.search(text)
    words = (text[: time.start()] if time else text).split()
    roles = [word for word in words if word in set(Signer)]
    made = _person([word for word in words if word not in roles]) | {"role": (roles or [Signer.AUTHOR.value])[0]}
    return made | ({"at": _iso(time[0])} if time else {})
