"""What a record says of diseases that it weighs against one another (鉴别诊断): what they look like in general, and
what becomes of each."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from nlp.assertion import Assertion, Who
from nlp.draft import Draft

_GENERAL: Final = re.compile(
    r"(?:多有|常有|常见|多见|多见于|可见于|好发于|常表现为|多表现为|临床表现为|主要表现|典型表现|典型者?|可伴有?|可有|亦可有|多以|常以|"
    r"(?<=[：:])[^，,。；;\n]{0,8}(?:患者|人|女性|男性)(?:多见|常见|好发))"
    r"[^。；;\n]*?(?=本?患[者儿]|本例|该[患病]|结合|目前|暂|[。；;\n]|$)"
)
"""What a disease looks like in others: up to where the patient is spoken of."""
_OUT: Final = re.compile(
    r"(?:可以?|已|基本)排除|(?:可以?|已|基本)除外|不支持|(?:暂|目前|故)?不(?:予)?考虑|不符|依据不足|证据不足|可能性(?:不大|小|较小|低)|无此"
)
_ITEM: Final = re.compile(r"(?<![\d.])(?=\d{1,2}[.、．)）]\s*[^\d\s])|[。；;\n]")


def weigh(text: str, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts that speak of the patient; a disease that the verdict of its item rules out is absent."""
    kept = _of_patient(text, drafts)
    starts, begins = [one.start for one in kept], 0
    for end in [*(match.start() for match in _ITEM.finditer(text)), len(text)]:
        first, last = bisect_left(starts, begins), bisect_left(starts, end)
        disease = next((one for one in kept[first:last] if one.kind == "disease"), None)
        if disease is not None and disease.how.who is Who.PATIENT:
            out = _OUT.search(text, disease.end, end) is not None
            disease.how = disease.how._replace(assertion=Assertion.ABSENT if out else Assertion.POSSIBLE)
        begins = end
    return kept


def _of_patient(text: str, drafts: Sequence[Draft]) -> list[Draft]:
    spans = [match.span() for match in _GENERAL.finditer(text)]
    ends = [end for _, end in spans]
    return [one for one in drafts if not _within(spans, bisect_left(ends, one.end), one)]


def _within(spans: Sequence[tuple[int, int]], at: int, one: Draft) -> bool:
    return at < len(spans) and spans[at][0] <= one.start
