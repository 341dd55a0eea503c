"""Who made a round: as told, else as its title or text says."""

from __future__ import annotations

import re
from typing import Final

from clinical.medical_record import Document, DocumentKind, Title, rank
from supervision.record_qc.items import text_of

_SAID: Final = re.compile(
    r"(?P<title>副?主任|主治)(?:中)?(?:医师|医生)?[^。；\n]{0,8}(?:查房|查看)|(?P<head>科主任)[^。；\n]{0,8}(?:查房|查看)"
)
_SENIOR: Final = rank(Title.ASSOCIATE)


def grade(document: Document) -> int | None:
    """How high the doctor stands who made a round, or was there by what the text says; None when nobody told."""
    told = _by_data(document)
    said = max((_of(match) for match in _SAID.finditer(f"{document.title}\n{text_of(document)}")), default=None)
    return max(told, said) if told is not None and said is not None else said if told is None else told


def _by_data(document: Document) -> int | None:
    """By the doctor who led it; the author counts for a round that nobody else is said to have made."""
    doctor = document.leader or (document.author if document.kind is DocumentKind.ROUND else None)
    return rank(doctor.title) if doctor is not None and doctor.title is not None else None


def _of(match: re.Match[str]) -> int:
    return rank(Title.ATTENDING) if match["title"] == "主治" else _SENIOR


def names(surname_first: str, text: str) -> bool:
    """Whether a text names somebody: in full, or by surname and title (王主任)."""
    by_title = rf"{re.escape(surname_first[:1])}(?:副?主任|主治|医师|医生|教授|院长)"
    return bool(surname_first) and (surname_first in text or re.search(by_title, text) is not None)


def at_least(document: Document, title: Title) -> bool | None:
    """Whether who made a round stands so high or higher; None when nobody told."""
    found = grade(document)
    return None if found is None else found >= rank(title)
