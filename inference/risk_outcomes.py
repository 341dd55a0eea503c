"""Outcomes of a stay that are diagnoses: what counts as one, and whether it came after a moment or was there already.

A diagnosis counts by its name, as the release understands it, or by an ICD-10 code that means nothing else. One that
only tells of the past, or of a risk, is none; one in doubt decides nothing either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from clinical.coded import Coded
from clinical.codes import Icd10
from inference.score_form import concepts_named
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot

_KINDS: Final = (ConceptKind.DISEASE,)
_NONE: Final = re.compile(r"史(?:[)）]|$)|陈旧|后遗|高危|风险|预防")
_DOUBTED: Final = re.compile(r"[?？]|待排|待查|可能|疑似|可疑|考虑|排除|除外")


@dataclass(frozen=True, slots=True)
class Illness:
    """What is looked for: concepts ``names`` and their kinds, ``wide`` concepts that count themselves alone, and not
    where the text is of ``elsewhere``; ``codes`` of ICD-10 that are certain. Told again within ``lasts`` it is the
    same illness still."""

    names: tuple[str, ...]
    codes: str
    lasts: timedelta
    wide: tuple[str, ...] = ()
    elsewhere: re.Pattern[str] | None = None


SEPSIS: Final = Illness(
    ("脓毒症",),
    # R65.1 as China and WHO have it, with organ failure. Not O85: its Chinese entries name any puerperal infection.
    "A02.1;A22.7;A26.7;A32.7;A40-A41;A42.7;B37.7;P36;R57.2;R65.1",
    timedelta(days=30),
)
VTE: Final = Illness(
    ("深静脉血栓形成", "肺栓塞", "下肢静脉血栓形成", "肌间静脉血栓形成"),
    # Of I82 the vena cava and (ICD-10-CM) the deep veins of a leg; the rest is of any vein, and its name decides.
    "I26;I80.1-I80.3;I82.2;I82.4;O22.3;O87.1;O88.2",
    timedelta(days=180),  # as long as it is usually treated
    ("静脉血栓栓塞症",),
    re.compile(r"门静脉|门脉|肝静脉|脾静脉|肾静脉|肠系膜|卵巢|精索|颅内|脑|静脉窦|视网膜|浅静脉|头静脉|贵要静脉"),
)


class Told(NamedTuple):
    """A diagnosis of the illness: since when (None: nobody says), whether it is sure, and in which stay it was made
    (empty: nobody says)."""

    since: datetime | None
    sure: bool
    stay: str


def is_sure(
    illness: Illness, what: Coded, understood: Callable[[Coded], Iterable[str]], snapshot: Snapshot
) -> bool | None:
    """Whether a diagnosis is one of the illness (False: in doubt); None where it is none. ``understood`` gives the
    concepts of a name."""
    if _NONE.search(what.text) or not _is_one(illness, what, understood, snapshot):
        return None
    return _DOUBTED.search(what.text) is None


def _is_one(illness: Illness, what: Coded, understood: Callable[[Coded], Iterable[str]], snapshot: Snapshot) -> bool:
    icd = [code for code in what.codes if isinstance(code, Icd10)]
    if any(code.within(illness.codes) for code in icd):
        return True
    # Other codes of ICD-10 stand for more than the release's concept of them: I82 for veins of any organ.
    plain = _DOUBTED.sub(" ", what.text).strip()
    concepts = set(understood(Coded(plain, tuple(code for code in what.codes if not isinstance(code, Icd10)))))
    kinds = {wider for concept in concepts for wider in snapshot.ancestors(concept)}
    if not kinds.isdisjoint(concepts_named(snapshot, illness.names, _KINDS)):
        return True
    elsewhere = illness.elsewhere is not None and illness.elsewhere.search(what.text) is not None
    return not elsewhere and not concepts.isdisjoint(concepts_named(snapshot, illness.wide, _KINDS))


def came_after(
    illness: Illness, told: Iterable[Told], stay: str, start: datetime, at: datetime, end: datetime
) -> bool | None:
    """Whether the illness came in a stay after ``at``. None where it was there already, or may have been: a case
    that would teach a model to foresee what is known. None also where it stayed in doubt."""
    doubtful = False
    event = False
    for one in told:
        own = one.stay == stay
        if one.since is None:
            if own or not one.stay:
                return None
        elif one.since <= at:
            if own or one.since > start - illness.lasts:
                return None
        elif own or (not one.stay and one.since <= end):
            # What is coded after discharge belongs to the stay when it says so.
            event, doubtful = event or one.sure, doubtful or not one.sure
    return True if event else None if doubtful else False
