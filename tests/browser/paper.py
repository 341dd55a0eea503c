"""A page printed on A4: what it says, and whether all of that lies on the paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from unicodedata import normalize

from playwright.sync_api import Page
from pypdf import PdfReader

_MARGIN = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")
_RADICALS = str.maketrans("戶⻅⻉⻋⻓⻔⻚⻛⻜⻢⻣⻥⻦⻩⻬⻮⻰⺠", "户见贝车长门页风飞马骨鱼鸟黄齐齿龙民")
"""Letters that a font tells as radicals, which NFKC leaves or takes for their traditional ones."""


@dataclass(frozen=True, slots=True)
class Paper:
    """All that is written, without spaces; how far to the right the rightmost word begins, in parts of the width."""

    text: str
    reach: float

    def says(self, text: str) -> bool:
        return plain(text) in self.text


def plain(text: str) -> str:
    """A text as paper is compared: letters of one kind, no spaces."""
    return re.sub(r"\s", "", normalize("NFKC", text)).translate(_RADICALS)


def printed(page: Page) -> Paper:
    """The page as it comes out of the printer."""
    pages = PdfReader(BytesIO(page.pdf(format="A4", margin=_MARGIN))).pages  # type: ignore[arg-type]
    width, places = float(pages[0].mediabox.width), [0.0]

    def placed(text: str, cm: Any, tm: Any, *_: Any) -> None:
        if text.strip():
            places.append(tm[4] * cm[0] + tm[5] * cm[2] + cm[4])

    text = "".join(one.extract_text(visitor_text=placed) for one in pages)
    return Paper(plain(text), max(places) / width)
