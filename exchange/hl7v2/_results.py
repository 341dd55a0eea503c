"""OBR and OBX: reports and what was observed."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NoBase64
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from exchange.building import (
    INTERPRETATION,
    category,
    coding,
    concept,
    digest,
    kept_elsewhere,
    listed,
    named,
    quantity,
    resource_id,
    slim,
    to,
)
from exchange.hl7v2._grammar import Cell, Segment
from exchange.hl7v2._orders import Order, note_of, numbers_of, service_kind
from exchange.hl7v2._values import (
    Known,
    coded_field,
    concept_of,
    instant_of,
    known_field,
    lines_of,
    organisation_of,
    people_of,
    text_of,
    time_of,
)
from exchange.hl7v2._visit import Visit
from exchange.message import Json
from exchange.written import interval, number, when

_REPORT: Final = {
    "F": "final", "C": "corrected", "P": "preliminary", "R": "preliminary", "A": "partial",
    "X": "cancelled", "O": "registered", "I": "registered", "S": "registered",
}  # fmt: skip
"""OBR-25 (HL7 table 0123)."""
_OBSERVATION: Final = {
    "F": "final", "U": "final", "C": "corrected", "P": "preliminary", "R": "preliminary", "B": "preliminary",
    "X": "cancelled", "W": "entered-in-error", "S": "preliminary", "I": "registered", "O": "registered",
}  # fmt: skip
"""OBX-11 (HL7 table 0085); D takes the observation back, N was never asked for."""
_FLAGS: Final = {
    **{code: code for code in "L H LL HH LU HU A AA N S R I POS NEG DET ND IND < >".split()},
    **dict.fromkeys(("↑", "高", "偏高"), "H"),
    **dict.fromkeys(("↓", "低", "偏低"), "L"),
    **dict.fromkeys(("正常", "M"), "N"),
    **dict.fromkeys(("+", "阳性"), "POS"),
    **dict.fromkeys(("-", "阴性"), "NEG"),
    "↑↑": "HH",
    "↓↓": "LL",
    "异常": "A",
    "危急": "AA",
}
"""HL7 table 0078 and what LIS print."""
_CODED: Final = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_TEXTS: Final = frozenset({"TX", "FT", "ST", ""})
_TIMES: Final = frozenset({"DT", "TS", "DTM"})
_IMPRESSION: Final = ("IMP", "诊断", "印象", "结论", "提示", "意见")
_TYPES: Final = {"PDF": "application/pdf", "JPEG": "image/jpeg", "JPG": "image/jpeg", "PNG": "image/png",
                 "HTML": "text/html", "XML": "text/xml", "RTF": "text/rtf", "PLAIN": "text/plain",
                 "DICOM": "application/dicom"}  # fmt: skip
DOCUMENTS: Final = frozenset({"ED", "RP"})
_REST: Final = 15
"""The first of the OBX fields that few laboratories send."""
_NOT_OBSERVED: Final = frozenset({"D", "N"})
_UNSAID: Final = concept("", (coding("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown"),))
_TESTS: Final[Known] = {}
_MOST_TESTS: Final = 20_000


class Results:
    """What observations of one report share; ``id`` is what their ids begin with, ``common`` what each of them says
    unless it says something else."""

    __slots__ = ("common", "id", "performer")

    def __init__(self, visit: Visit, id_: str, kind: list[Json], effective: str, performer: list[Json]) -> None:
        self.id, self.performer = id_, performer
        self.common = slim(
            resourceType="Observation",
            category=kind,
            subject=visit.patient,
            encounter=visit.encounter,
            effectiveDateTime=effective,
            performer=performer,
        )


def reports(orders: Sequence[Order], visit: Visit) -> Iterator[Json]:
    """DiagnosticReports, each after its Observations. Raises ``MessageError``."""
    for order, obr, id_ in _identified(orders):
        effective = time_of(obr, 7) or time_of(obr, 14)
        performer = [*listed(visit.institution), *people_of(obr, 32)]
        results = Results(visit, id_, category(service_kind(obr(24))), effective, performer)
        found = list(observations(order.segments, results))
        yield from found
        yield _report(order, obr, results, visit, found)


def _identified(orders: Sequence[Order]) -> Iterator[tuple[Order, Segment, str]]:
    """Reports by the filler's number (OBR-3, ORC-3), else the placer's; those that share one are told apart by what
    was examined. Raises ``MessageError``."""
    found = [(order, obr, order.number(obr, (3, 2))) for order in orders if (obr := order.first("OBR")) is not None]
    shared = Counter(number_ for _, _, number_ in found)
    for order, obr, number_ in found:
        yield order, obr, resource_id(number_, (obr(4) or digest(obr(4, 2))) if shared[number_] > 1 else "")


def withdrawn(orders: Sequence[Order]) -> Iterator[str]:
    """References to observations that OBX-11 takes back."""
    gone = [order for order in orders if any(obx(11) in ("D", "d") for obx in order.all("OBX"))]
    for order, _, report in _identified(orders) if gone else ():
        for obx, id_ in _numbered(order.segments, report):
            if obx(11).upper() == "D":
                yield f"Observation/{id_}"


def _report(order: Order, obr: Segment, results: Results, visit: Visit, found: Sequence[Json]) -> Json:
    code = known_test(obr, 4)
    if not code:
        raise obr.error(4, "须写明检查检验项目: 编码^名称^编码系统")
    return slim(
        resourceType="DiagnosticReport",
        id=results.id,
        identifier=numbers_of(order, obr),
        basedOn=_ordered(order, obr),
        status=_REPORT.get(obr(25).upper(), "final" if obr(25) == "" else "unknown"),
        category=results.common.get("category"),
        code=code,
        subject=visit.patient,
        encounter=visit.encounter,
        effectiveDateTime=results.common.get("effectiveDateTime"),
        issued=instant_of(obr, 22),
        performer=results.performer,
        specimen=listed(_specimen(order, obr)),
        result=[to("Observation", one["id"]) for one in found],
        conclusion=_conclusion(order),
        presentedForm=[a for obx in order.all("OBX") if obx(2) in DOCUMENTS and (a := attachment(obx))],
    )


def _ordered(order: Order, obr: Segment) -> list[Json]:
    number_ = order.common(2) or obr(2)
    return [{"type": "ServiceRequest", "identifier": {"value": number_}}] if number_ else []


def _specimen(order: Order, obr: Segment) -> Json:
    """What was examined, by name: SPM-4, else OBR-15."""
    spm = order.first("SPM")
    text = text_of(spm, 4) if spm is not None else text_of(obr, 15)
    return {"display": text} if text else {}


def _conclusion(order: Order) -> str:
    """What the reader is to take from it: impressions (OBX of that name), else the comments on the report."""
    said = [lines_of(obx, 5) for obx in order.all("OBX") if obx(2) in _TEXTS and _impresses(obx)]
    return "\n".join(said) or "\n".join(_comments(order.segments))


def _impresses(obx: Segment) -> bool:
    called = f"{obx(3)} {obx(3, 2)} {obx(3, 1, 2)}"
    return any(word in called for word in _IMPRESSION)


def _comments(segments: Sequence[Segment]) -> Iterator[str]:
    """NTE of the report itself: those before its first OBX."""
    for segment in segments:
        if segment.name == "OBX":
            return
        if segment.name == "NTE" and (text := note_of(segment)):
            yield text


def observations(segments: Sequence[Segment], results: Results) -> Iterator[Json]:
    """Observations of OBX, with the NTE after each. Raises ``MessageError``."""
    notes = _notes(segments)
    for obx, id_ in _numbered(segments, results.id):
        status = obx(11).upper()
        if status not in _NOT_OBSERVED and obx(2) not in DOCUMENTS:
            yield _observation(obx, results, id_, status, notes.get(id(obx)))


def _numbered(segments: Sequence[Segment], report: str) -> Iterator[tuple[Segment, str]]:
    """OBX, each with an id that is the same when the report comes again: the report's, the test's code and sub-id;
    the how-manieth when a test stands more than once."""
    seen: Counter[str] = Counter()
    for obx in segments:
        if obx.name == "OBX":
            id_ = resource_id(report, obx(3) or digest(obx(3, 2)), obx(4))
            seen[id_] += 1
            yield obx, id_ if seen[id_] == 1 else resource_id(id_, str(seen[id_]))


def _notes(segments: Sequence[Segment]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    last: Segment | None = None
    for segment in segments:
        if segment.name == "OBX":
            last = segment
        elif segment.name == "NTE" and last is not None and (text := note_of(segment)):
            found.setdefault(id(last), []).append(text)
    return found


def _observation(obx: Segment, results: Results, id_: str, status: str, notes: list[str] | None) -> Json:
    code = known_test(obx, 3)
    if not code:
        raise obx.error(3, "须写明观察项目: 编码^名称^编码系统")
    value, said = _value(obx), obx.raw
    made = {
        **results.common,
        "id": id_,
        "status": _OBSERVATION.get(status, "unknown") if status else "final",
        "code": code,
        **(value or {"dataAbsentReason": _UNSAID}),
    }
    if said(8):
        made["interpretation"] = [_flag(text) for cell in obx.cells(8) if (text := cell())]
    if span := obx(7):
        made["referenceRange"] = [{**interval(span)}]
    if at := time_of(obx, 14) if said(14) else "":
        made["effectiveDateTime"] = at
    if notes:
        made["note"] = [{"text": text} for text in notes]
    if obx.last >= _REST:
        made |= slim(performer=_performers(obx), method=coded_field(obx, 17))
    return made


def known_test(segment: Segment, field: int) -> Json:
    """What was examined: few tests come all day, so each is taken apart once."""
    if len(_TESTS) > _MOST_TESTS:
        _TESTS.clear()
    return known_field(segment, field, _TESTS)


def _performers(obx: Segment) -> list[Json]:
    """OBX-23, else OBX-15, and OBX-16: who examined, where another did than who reports."""
    where = organisation_of(obx, 23) if obx.raw(23) else named("Organization", obx(15), obx(15, 2))
    return [*listed(where), *people_of(obx, 16)]


@lru_cache(maxsize=256)
def _flag(said: str) -> Json:
    code = _FLAGS.get(said.upper())
    return concept(said, (coding(INTERPRETATION, code),)) if code else concept(said)


def _value(obx: Segment) -> Json:
    """OBX-5 after its type (OBX-2). A text that is a number beside a unit is one: many LIS send all as text. Raises
    ``MessageError`` for a number that is none."""
    kind = obx(2).upper()
    if not obx.raw(5) or not obx.cells(5):
        return {}
    if kind == "NM":
        return _measured(obx, obx(5))
    if kind == "SN":
        return _structured(obx, obx.cells(5)[0])
    if kind in _CODED:
        return _named(obx.cells(5))
    if kind in _TIMES:
        return slim(valueDateTime=_moment(obx, obx(5)))
    text = lines_of(obx, 5)
    read = number(text) if obx.raw(6) else None
    return {"valueQuantity": quantity(read[0], _unit(obx), read[1])} if read else slim(valueString=text)


def _measured(obx: Segment, text: str) -> Json:
    read = number(text)
    if read is None:
        raise obx.error(5, "不是 OBX-2 (NM) 所说的数字: NM 须为数字，文字用 ST")
    return {"valueQuantity": quantity(read[0], _unit(obx), read[1])}


def _structured(obx: Segment, cell: Cell) -> Json:
    """SN: comparator, number, separator, number."""
    sign, first, between, second = cell(1), cell(2), cell(3), cell(4)
    if second or between:
        return {"valueString": f"{sign}{first}{between}{second}"}
    return _measured(obx, f"{sign if sign != '=' else ''}{first}")


def _named(said: Sequence[Cell]) -> Json:
    """Coded values; of several the texts stand together."""
    first = concept_of(said[0])
    if len(said) == 1:
        return {"valueCodeableConcept": first}
    texts = [one.get("text", "") for cell in said if (one := concept_of(cell))]
    codings = [c for cell in said for c in concept_of(cell).get("coding", ())]
    return {"valueCodeableConcept": concept("；".join(texts), codings)}


def _moment(obx: Segment, text: str) -> str:
    try:
        return when(text)
    except ValueError:
        raise obx.error(5, "不是 OBX-2 所说的时间，请写 20260131 或 20260131083000") from None


def _unit(obx: Segment) -> str:
    return obx(6) or obx(6, 2)


def attachment(obx: Segment) -> Json:
    """A document in or behind an OBX (ED, RP): by reference, with its size and digest. Raises ``MessageError``."""
    cells = obx.cells(5)
    if not cells:
        return {}
    cell, title = cells[0], text_of(obx, 3)
    if obx(2) == "RP":
        return slim(contentType=_media(cell(3), cell(4)), url=cell(1), title=title)
    try:
        said = cell(5)
        content = b64decode("".join(said.split()), validate=True) if cell(4).upper() == "BASE64" else said.encode()
    except (NoBase64, ValueError):
        raise obx.error(5, "不是第四组件所说的 Base64") from None
    return kept_elsewhere(content, _media(cell(2), cell(3)), title)


def _media(kind: str, sub: str) -> str:
    """A media type of HL7's type and subtype (``Application^PDF``)."""
    known = _TYPES.get(sub.upper()) or _TYPES.get(kind.upper())
    return known or (f"{kind}/{sub}".lower() if kind and sub else "application/octet-stream")
