"""Chinese herbs in a review: pieces that are dispensed by weight and what patent medicines contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from clinical.administration import SYSTEMIC
from clinical.finding import Datum, Finding, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.value import Value, replace
from knowledge.model import Predicate, Standing, Statement
from rules.dosing import single_dose
from rules.model import Case, Use
from rules.saying import drop, found, instead, named

HERB: Final = "drug-class:herb"
TOXIC: Final = "drug-class:toxic-herb"
_PIECES: Final = "中药饮片"
_LOOSE: Final = frozenset({"", "饮片", "配方颗粒", "散剂"})
"""Forms of a herb that is dispensed as itself: decoction pieces, granules instead of them, its powder."""
_SLICES: Final = "片剂"
_INSIDE: Final = (SYSTEMIC - {"贴皮"}) | {"鼻饲", "含化"}
_SWALLOWED: Final = frozenset({"口服", "鼻饲"})
_SIGNED: Final = ("再次签名", "再次签字", "双签", "二次签名", "重新签名")
_BATCHES: Final = re.compile(r"(\d+|半)[剂帖付副]")
_DAYS: Final = re.compile(r"(\d+)[日天]")
_DIGITS: Final = str.maketrans("一二两三四五六七八九", "1223456789")


def is_harmless(lineage: frozenset[str]) -> bool:
    """Whether an ingredient is a herb that may well be in two orders at once: liquorice is in half of all."""
    return HERB in lineage and TOXIC not in lineage


class Herb(Value, frozen=True):
    """One herb of one order: a piece dispensed by itself, or part of a patent medicine.

    ``source`` tells where it comes from: all pieces of one prescription are one source, a patent
    medicine is one of its own. ``is_local``: it stays on the skin or a mucosa (an unknown route counts
    as taken in). ``limit`` is what the release says of the herb itself, ``counted`` are the groups of
    which it counts as a member; ``paired``: something must not be taken with it; ``toxic``: 有毒 or 大毒.
    """

    use: Use
    piece: bool
    source: str
    is_local: bool
    limit: Statement | None
    counted: tuple[Statement, ...]
    paired: bool
    toxic: bool

    @property
    def order(self) -> Order:
        return self.use.order

    @property
    def is_swallowed(self) -> Known[bool]:
        route = self.order.dosage.route
        return UNKNOWN if isinstance(route, Unknown) else route in _SWALLOWED

    @property
    def is_powder(self) -> bool:
        return self.order.form == "散剂"


def herbs(case: Case) -> tuple[Herb, ...]:
    """Every herb in use, those under review first."""
    return case.once("herbs", lambda: tuple(_herbs(case)))


def _herbs(case: Case) -> Iterator[Herb]:
    """The herbs of an order stand side by side: what is true of the order is found once."""
    order, about, lineage = None, (False, "", False), case.lineage
    for use in case.uses:
        if HERB in lineage[use.concept]:
            if use.order is not order:
                order, about = use.order, _about(case, use)
            piece, source, is_local = about
            limit, counted, paired = _known(case, use.concept)
            yield Herb(use, piece, source, is_local, limit, counted, paired, TOXIC in lineage[use.concept])


def _about(case: Case, use: Use) -> tuple[bool, str, bool]:
    """Whether the order is for pieces, where it comes from, and whether it is local."""
    order, route = use.order, use.order.dosage.route
    piece = _is_piece(case, use)
    source = f"{'new' if use.new else 'active'}:{order.group}" if piece else order.id
    return piece, source, not isinstance(route, Unknown) and route not in _INSIDE


def _known(case: Case, concept: str) -> tuple[Statement | None, tuple[Statement, ...], bool]:
    """What is in force of the herb itself (an institution's own row first) and of the groups it counts in,
    and whether it has partners it must not meet."""
    own, groups, paired = case.snapshot.remember(("herb", concept), lambda: _said(case, concept))
    limit = next((s for s in own if s.holds_on(case.iso_day)), None) if own else None
    return limit, counting(case, groups) if groups else (), paired


def _said(case: Case, concept: str) -> tuple[tuple[Statement, ...], tuple[Statement, ...], bool]:
    said = case.snapshot.statements(Predicate.HERB_LIMIT, concept)
    own = (s for s in said if s.subject == concept and "allowed_count" not in s.qualifiers)
    groups = tuple(s for s in said if "allowed_count" in s.qualifiers)
    reviewed_first = tuple(sorted(own, key=lambda s: s.standing is not Standing.REVIEWED))
    return reviewed_first, groups, any(_is_paired(case, kind) for kind in case.lineage[concept] - {HERB})


def _is_paired(case: Case, concept: str) -> bool:
    around = (*case.snapshot.about(concept), *case.snapshot.pointing_at(concept))
    return any(s.predicate is Predicate.HERB_INCOMPATIBLE for s in around)


def counting(case: Case, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Those that count sources and are in force; mostly there are none."""
    return tuple(s for s in statements if "allowed_count" in s.qualifiers and s.holds_on(case.iso_day))


def _is_piece(case: Case, use: Use) -> bool:
    order = use.order
    if order.form not in _LOOSE and not _is_sliced(order):
        return False
    return use.concept in order.what.concepts or any(_is_joint(case, concept) for concept in order.what.concepts)


def _is_sliced(order: Order) -> bool:
    """甘草片 6g are slices, 2片 or 0.5g are tablets."""
    dose = order.dosage.dose
    return order.form == _SLICES and not isinstance(dose, Unknown) and dose.unit == "g" and dose.value >= 1


def _is_joint(case: Case, concept: str) -> bool:
    """Whether a name stands for several pieces at once (乳没, 川草乌)."""
    known = case.snapshot.concept(concept)
    return known is not None and known.attributes.get("kind") == _PIECES


def in_decoction(case: Case, herb: Herb) -> bool:
    """Whether it is boiled together with other pieces: its grams are then those of one batch (剂)."""
    return not herb.is_powder and case.once(("decoction", herb.source), lambda: _is_decoction(case, herb.source))


def _is_decoction(case: Case, source: str) -> bool:
    return len({h.order.id for h in herbs(case) if h.piece and h.source == source and not h.is_powder}) > 1


def grams_once(case: Case, herb: Herb) -> Known[float]:
    """Grams as ordered: of one batch in a decoction, of one dose otherwise."""
    order, dose = herb.order, herb.order.dosage.dose
    if not isinstance(dose, Unknown) and dose.unit == "g" and len(order.ingredients) == 1:
        return dose.value
    return single_dose(case, herb.use, "g")


def grams_daily(case: Case, herb: Herb, once: float) -> float:
    """Grams a day. A decoction counts by its batches (每日1剂 unless stated), however often it is drunk;
    anything else by its doses, once a day where no frequency is given."""
    dosage = herb.order.dosage
    times, stated = dosage.times_per_day, batches_daily(dosage.frequency_text)
    if stated or isinstance(times, Unknown):
        return once * (stated or 1.0)
    return once if times == 1 or in_decoction(case, herb) else once * times


@lru_cache(maxsize=1024)
def batches_daily(text: str) -> float:
    """Batches a day of 每日1剂, 2剂/日, 两日一剂; 0 when the text counts none."""
    folded = text.translate(_DIGITS)
    batches, days = _BATCHES.search(folded), _DAYS.search(folded)
    if not batches:
        return 0.0
    number = 0.5 if batches[1] == "半" else float(batches[1])
    return number / (float(days[1]) if days and float(days[1]) else 2.0 if "隔" in folded else 1.0)


def is_signed(*uses: Use) -> bool:
    """Whether the prescriber signed a second time for what is usually not allowed (处方管理办法 第十条)."""
    return any(word in use.order.note for use in uses for word in _SIGNED)


def told(
    case: Case,
    family: str,
    statement: Statement,
    uses: tuple[Use, ...],
    severity: Severity,
    summary: str,
    advice: str = "",
    detail: str = "",
    data: tuple[Datum, ...] = (),
    cause: str = "",
) -> Finding:
    """A finding whose severity depends on how the herb is given; unlike ``found``, which takes the row's."""
    offered = tuple(s for use in uses[:1] if use.new for s in instead(case, statement, use))
    dropping = next((drop(use) for use in uses if use.new), None) if severity.rank >= Severity.MODERATE.rank else None
    suggestions = (*offered, dropping) if dropping else offered
    base = found(case, family, statement, uses, summary, data, suggestions, cause)
    return replace(
        base, severity=_bounded(statement, severity), advice=advice or base.advice, detail=detail or base.detail
    )


def _bounded(statement: Statement, severity: Severity) -> Severity:
    """What secondary sources say never exceeds moderate."""
    if statement.standing is Standing.SECONDARY and severity.rank > Severity.MODERATE.rank:
        return Severity.MODERATE
    return severity


def worse(severity: Severity) -> Severity:
    """One step worse; 禁忌 stays."""
    steps = list(Severity)
    return steps[max(steps.index(severity) - 1, 0)]


def label(case: Case, herb: Herb) -> str:
    """A piece as it is called, a patent medicine with the herb that matters in it."""
    return named(case, herb.use) if herb.piece else f"{herb.order.what.text}(含{case.name(herb.use.concept)})"


def by_order(case: Case, members: Iterable[Herb]) -> str:
    """Names for a sentence: pieces as they are called, a patent medicine once with all that matters in it."""
    grouped: dict[str, list[Herb]] = {}
    for herb in members:
        grouped.setdefault(herb.order.id, []).append(herb)
    return "、".join(_labelled(case, same) for same in grouped.values())


def _labelled(case: Case, same: list[Herb]) -> str:
    first, *more = same
    if first.piece and not more:
        return label(case, first)
    return f"{first.order.what.text}(含{'、'.join(dict.fromkeys(case.name(h.use.concept) for h in same))})"
