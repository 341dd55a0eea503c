"""What an institution offers of tests and examinations: its list, read by the release that is served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine

from api.access import Principal
from api.administering import reached
from api.bodies import Body
from api.errors import bad_field
from api.institution_desk import organisation
from base.tenancy import system
from clinical.coded import Coded
from clinical.codes import Loinc
from exchange.fhir.values import Json
from knowledge.model import ConceptKind
from records import offers
from records.registry import KINDS
from records.terminology import Terminology

_MOST, _SHOWN, _ALIKE = 2_000, 20, 50.0
_KINDS: Final = (ConceptKind.LAB, ConceptKind.EXAM)


class OffersBody(Body, frozen=True):
    """The whole list: each a name, a LOINC code or the id of a concept; blank rows are left out. An empty
    list takes away the one there is."""

    items: tuple[str, ...]


class OfferDesk:
    """Does what the routes ask. ``terminology`` gives that of the release being served."""

    def __init__(self, engine: Engine, terminology: Callable[[], Terminology]) -> None:
        self._engine, self._terminology = engine, terminology

    def listed(self, key: str) -> Json:
        """The list of an institution. Raises ``ApiError`` 404."""
        with system("what institutions offer"), self._engine.connect() as connection:
            tenant = organisation(connection, key)[1].tenant
            found = offers.listed(connection, tenant)
        return {"tenant": tenant, "items": [self._told(one) for one in found]}

    def put(self, found: Principal, key: str, given: OffersBody) -> Json:
        """Another list in place of the one there is. Raises ``ApiError`` 400, 403, 404."""
        with self._engine.begin() as connection:
            item = organisation(connection, key)[1]
            reached(found, item.tenant)
            if item.kind in KINDS[:2]:
                raise bad_field("key", "联盟、县域只统辖机构，请为其下的医院或基层机构登记")
            offers.put(connection, item.tenant, _read(given.items, self._terminology()), found.name)
        return self.listed(key)

    def _told(self, one: offers.Offer) -> Json:
        """A concept that the release no longer has shows as it was listed."""
        snapshot = self._terminology().snapshot
        known = snapshot.concept(one.concept)
        told: Json = {"id": one.concept, "name": known.name if known else one.said, "said": one.said}
        return told | {"kind": known.kind.value if known else "", "by": one.actor, "at": one.at.isoformat()}


def _read(items: Sequence[str], terminology: Terminology) -> dict[str, str]:
    """Concepts, each with what it was called first. Raises ``ApiError`` 400 that names every row that is none."""
    if len(items) > _MOST:
        raise bad_field("items", f"最多 {_MOST} 项")
    found: dict[str, str] = {}
    lost: list[int] = []
    for row, text in enumerate(map(str.strip, items)):
        meant = _meant(text, terminology) if text else ()
        if text and not meant:
            lost.append(row)
        for concept in meant:
            found.setdefault(concept, text)
    if lost:
        rows = "；".join(f"第{row + 1}行“{items[row][:30]}”{_hint(items[row], terminology)}" for row in lost[:_SHOWN])
        told = f"共 {len(lost)} 行不是收录的检验或检查，请改为标准名称或LOINC编码后重新提交，本次未作任何更改：{rows}"
        raise bad_field(f"items[{lost[0]}]", told)
    return found


def _meant(text: str, terminology: Terminology) -> tuple[str, ...]:
    """The tests or examinations of a row; none for what is too long to be a name."""
    if len(text) > offers.LONGEST:
        return ()
    known = terminology.snapshot.concept(text)
    if known is not None and known.kind in _KINDS:
        return (known.id,)
    try:
        codes: tuple[Loinc, ...] = (Loinc(text),)
    except ValueError:
        codes = ()
    return terminology.measurable(Coded(text, codes), *_KINDS)


def _hint(text: str, terminology: Terminology) -> str:
    """Names that look like what was written."""
    from rapidfuzz import fuzz, process

    names = [one.name for one in terminology.snapshot.concepts() if one.kind in _KINDS]
    alike = process.extract(text[: offers.LONGEST], names, scorer=fuzz.ratio, limit=3, score_cutoff=_ALIKE)
    return f"（可选：{'、'.join(name for name, _, _ in alike)}）" if alike else ""
