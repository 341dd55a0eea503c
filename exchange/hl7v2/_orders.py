"""ORC with OBR, TQ1: requests for tests, examinations and procedures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from exchange.building import concept, identifier, listed, resource_id, slim
from exchange.hl7v2._grammar import Segment, Text
from exchange.hl7v2._values import coded_field, people_of, time_of
from exchange.hl7v2._visit import Visit, conditions
from exchange.message import Json, MessageError

CANCELLED, ENDED, HELD, ACTIVE, DONE, WRONG = "cancelled", "ended", "held", "active", "done", "wrong"
_CONTROL: Final = {
    **dict.fromkeys(("CA", "CR", "OC", "UA", "OR"), CANCELLED),
    **dict.fromkeys(("DC", "DR", "OD", "RP"), ENDED),
    **dict.fromkeys(("HD", "HR", "OH"), HELD),
    "DE": WRONG,
}
"""ORC-1 (HL7 table 0119) as far as it ends or stops an order: these hold whatever ORC-5 says."""
_STATE: Final = {
    "CA": CANCELLED,
    "DC": ENDED,
    "RP": ENDED,
    "CM": DONE,
    "HD": HELD,
    "ER": WRONG,
}
"""ORC-5 (HL7 table 0038)."""
_REQUEST: Final = {
    CANCELLED: "revoked",
    ENDED: "revoked",
    HELD: "on-hold",
    ACTIVE: "active",
    DONE: "completed",
    WRONG: "entered-in-error",
}
_LABORATORY: Final = frozenset(
    "LAB CH HM MB SR BG TX CP OUR VR MCB MYC BLB IMM HX SP CG GE PCR "
    "检验 化验 临检 生化 免疫 微生物 血库 病理".split()
)
_IMAGING: Final = frozenset(
    "RAD RX CT US NMR MRI MR XRC CUS RUS NMS EC CTH VUS OUS EN 检查 放射 影像 超声 心电 内镜 核医学 磁共振".split()
)
_PROCEDURE: Final = frozenset("手术 操作 治疗 OR PHY PT".split())
_URGENT: Final = {
    **dict.fromkeys(("S", "STAT", "急", "急诊"), "stat"),
    **dict.fromkeys(("A", "ASAP", "加急"), "asap"),
    **dict.fromkeys(("U", "URGENT", "T"), "urgent"),
}
_LENGTH: Final = re.compile(r"([SMHDWLshmdwl])(\d{1,4})|(\d{1,4})\s*(天|日|周|月|小时)")
_UNITS: Final = {"S": "s", "M": "min", "H": "h", "D": "d", "W": "wk", "L": "mo"}
_WORDS: Final = {"天": "d", "日": "d", "周": "wk", "月": "mo", "小时": "h"}


class Order:
    """One order of a message: its ORC and what stands with it."""

    __slots__ = ("orc", "segments")

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.orc = segments[0] if segments[0].name == "ORC" else None

    def first(self, *names: str) -> Segment | None:
        return next((s for s in self.segments if s.name in names), None)

    def all(self, name: str) -> list[Segment]:
        return [s for s in self.segments if s.name == name]

    def common(self, field: int, component: int = 1) -> str:
        """Text of a field of ORC; empty without one."""
        return "" if self.orc is None else self.orc(field, component)

    def number(self, detail: Segment | None, fields: tuple[int, ...] = (2, 3)) -> str:
        """The order's number: the placer's (ORC-2, OBR-2), else the filler's. Raises ``MessageError``."""
        for field in fields:
            said = self.common(field) or (detail(field) if detail is not None and detail.name == "OBR" else "")
            if said:
                return said
        where = self.orc or self.segments[0]
        raise where.error(fields[0], "请填写医嘱编号，以后按此编号更改")

    def state(self) -> str:
        """What became of it, by ORC-1, else ORC-5."""
        return _CONTROL.get(self.common(1).upper()) or _STATE.get(self.common(5).upper(), ACTIVE)

    def people(self) -> list[Json]:
        """Who ordered it: ORC-12, else OBR-16."""
        detail = self.first("OBR")
        for segment, field in ((self.orc, 12), (detail, 16)):
            if segment is not None and (found := people_of(segment, field)):
                return found
        return []

    def notes(self) -> list[Json]:
        return [{"text": text} for nte in self.all("NTE") if (text := note_of(nte))]

    def priority(self, detail: Segment | None) -> str:
        """``stat``, ``asap``, ``urgent`` or none: TQ1-9, the old timing of ORC-7 and OBR-27, OBR-5."""
        tq1 = self.first("TQ1")
        said = [tq1(9)] if tq1 is not None else []
        said.append(self.common(7, 6))
        if detail is not None and detail.name == "OBR":
            said += [detail(27, 6), detail(5)]
        return next((_URGENT[s.upper()] for s in said if s.upper() in _URGENT), "")

    def start(self) -> str:
        """When it begins: TQ1-7, else the old timing of ORC-7. Raises ``MessageError``."""
        tq1 = self.first("TQ1")
        if tq1 is not None and tq1(7):
            return time_of(tq1, 7)
        return "" if self.orc is None else time_of(self.orc, 7, 4)


def note_of(nte: Segment) -> str:
    return "\n".join(text for cell in nte.cells(3) if (text := cell()))


def orders_in(message: Text) -> list[Order]:
    """Orders, each from its ORC on; in messages without ORC each from its OBR. Raises ``MessageError``."""
    begins = "ORC" if message.first("ORC") is not None else "OBR"
    orders = [Order(group) for group in message.groups(lambda segment: segment.name == begins)]
    if not orders:
        raise MessageError("ORC", "缺少该段: 须在此写明所指医嘱")
    return orders


def reports_in(message: Text) -> list[Order]:
    """Reports, each from its OBR on, with the ORC before it if there is one. Raises ``MessageError``."""
    orders: list[Order] = []
    before: list[Segment] = []
    for group in message.groups(lambda segment: segment.name in ("ORC", "OBR")):
        if group[0].name == "ORC":
            before = group
        else:
            orders.append(Order([*before, *group]))
            before = []
    if not orders:
        raise MessageError("OBR", "缺少该段: 须在此写明检查检验项目")
    return orders


def detailed(orders: Sequence[Order], *names: str) -> Sequence[Order]:
    """The orders, each of which says what is ordered. Raises ``MessageError``."""
    for order in orders:
        if order.first(*names) is None:
            where = order.orc.where(1) if order.orc is not None else order.segments[0].name
            raise MessageError(where, f"缺少医嘱内容: 其后须有 {' 或 '.join(names)}，撤销时亦然")
    return orders


def requests(orders: Sequence[Order], visit: Visit, default: str = "") -> Iterator[Json]:
    """ServiceRequests of orders that hold OBR, with their diagnoses. ``default`` is the category of a message type
    that has one. Orders that share a number are told apart by what is ordered. Raises ``MessageError``."""
    numbers = [order.number(obr) for order in orders for obr in order.all("OBR")]
    shared = {number for number, count in Counter(numbers).items() if count > 1}
    for order in orders:
        for obr in order.all("OBR"):
            number = order.number(obr)
            yield _request(order, obr, visit, default, resource_id(number, obr(4) if number in shared else ""))
        yield from conditions(order.all("DG1"), visit)


def _request(order: Order, obr: Segment, visit: Visit, default: str, id_: str) -> Json:
    code = coded_field(obr, 4)
    if not code:
        raise obr.error(4, "须写明医嘱项目: 编码^名称^编码系统")
    return slim(
        resourceType="ServiceRequest",
        id=id_,
        identifier=numbers_of(order, obr),
        requisition=identifier(order.common(4)) if order.common(4) else None,
        status=_REQUEST[order.state()],
        intent="order",
        category=listed(concept_of_service(obr(24), default)),
        priority=order.priority(obr),
        code=code,
        subject=visit.patient,
        encounter=visit.encounter,
        occurrenceDateTime=time_of(obr, 36) or order.start(),
        authoredOn=_authored(order, obr),
        requester=next(iter(order.people()), None),
        reasonCode=listed(coded_field(obr, 31)),
        note=[*([{"text": obr(13)}] if obr(13) else []), *order.notes()],
    )


def numbers_of(order: Order, obr: Segment | None) -> list[Json]:
    """Placer's and filler's numbers as identifiers."""
    found = []
    for field, kind in ((2, "PLAC"), (3, "FILL")):
        value = order.common(field) or (obr(field) if obr is not None else "")
        if value:
            found.append(identifier(value, kind=kind))
    return found


def _authored(order: Order, obr: Segment) -> str:
    if order.orc is not None and order.orc(9):
        return time_of(order.orc, 9)
    return time_of(obr, 6)


def service_kind(code: str, default: str = "") -> str:
    """``laboratory``, ``imaging``, ``procedure`` or ``default`` of a diagnostic service section (HL7 table 0074)."""
    said = code.upper()
    if said in _PROCEDURE:
        return "procedure"
    if said in _IMAGING:
        return "imaging"
    return "laboratory" if said in _LABORATORY else default


def concept_of_service(code: str, default: str = "") -> Json:
    """The category of a ServiceRequest, as orders are told apart by."""
    kind = service_kind(code, default)
    codings = [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": kind}] if kind else []
    return concept(code, codings)


def length_of(text: str) -> Json:
    """A length of time in HL7's short form (``D7``) or in words (``7天``); empty for anything else."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        return {}
    if match[1]:
        return {"value": int(match[2]), "unit": _UNITS[match[1].upper()]}
    return {"value": int(match[3]), "unit": _WORDS[match[4]]}
