"""MDM: documents that were written, changed, added to or replaced, with their text or a reference to them, and those
that were cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exchange.building import enclosed, identifier, listed, resource_id, slim
from exchange.hl7v2._grammar import Segment, Text
from exchange.hl7v2._reading import Reading
from exchange.hl7v2._results import DOCUMENTS, attachment
from exchange.hl7v2._values import coded_field, instant_of, lines_of, people_of, time_of
from exchange.hl7v2._visit import Visit, encounter_of, known_of
from exchange.message import Json, Message, Parsed

_TYPES: Final = ("MDM^T02", "MDM^T04", "MDM^T06", "MDM^T08", "MDM^T10", "MDM^T11")
_DRAFT: Final = frozenset({"DI", "DO", "IN", "IP", "PA"})
_CHANGED: Final = frozenset({"MDM^T04", "MDM^T08", "MDM^T10"})
_APPENDED, _CANCELLED = "MDM^T06", "MDM^T11"
_NO_LONGER: Final = "文书已作废"
_CONFIDENTIAL: Final = {"U": "N", "R": "R", "V": "V"}


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError``."""
    reading = Reading(raw, _TYPES)
    message, visit = reading.message, reading.visit
    resources = (
        *encounter_of(message, visit, mentioned=True),
        *known_of(message, visit),
        _document(message, visit, reading.kind),
    )
    return reading.parsed(resources)


def _document(message: Text, visit: Visit, kind: str) -> Json:
    txa = message.need("TXA", "须在此写明文档")
    if not txa(12):
        raise txa.error(12, "请填写文档编号，以后按此编号更改")
    cancelled = kind == _CANCELLED
    content = list(_content(message)) or ([{"attachment": {"title": _NO_LONGER}}] if cancelled else [])
    if not content:
        raise message.need("OBX", "须在此给出文档内容或其位置").error(5, "没有文档内容")
    return slim(
        resourceType="DocumentReference",
        id=resource_id(txa(12)),
        masterIdentifier=identifier(txa(12)),
        status="entered-in-error" if cancelled or txa(19).upper() == "CA" else "current",
        docStatus="preliminary" if txa(17).upper() in _DRAFT else "amended" if kind in _CHANGED else "final",
        type=coded_field(txa, 2),
        subject=visit.patient,
        date=instant_of(txa, 7) or instant_of(txa, 6),
        author=people_of(txa, 9) or people_of(txa, 5),
        authenticator=next(iter(people_of(txa, 22) or people_of(txa, 10)), None),
        custodian=visit.institution,
        relatesTo=[] if cancelled else _related(txa, kind),
        description=txa(25),
        securityLabel=_label(txa),
        content=content,
        context=slim(encounter=listed(visit.encounter), period=slim(start=time_of(txa, 4))),
    )


def _content(message: Text) -> Iterator[Json]:
    """Documents in or behind OBX, and the text of the others as one."""
    texts = []
    for obx in message.all("OBX"):
        if obx(2) in DOCUMENTS:
            found = attachment(obx)
            if found:
                yield {"attachment": found}
        elif text := lines_of(obx, 5):
            texts.append(text)
    if texts:
        yield {"attachment": enclosed("\n".join(texts))}


def _related(txa: Segment, kind: str) -> list[Json]:
    """What it adds to (T06) or stands for: TXA-13."""
    parent = txa(13)
    if not parent or parent == txa(12):
        return []
    target = {"reference": f"DocumentReference/{resource_id(parent)}"}
    return [{"code": "appends" if kind == _APPENDED else "replaces", "target": target}]


def _label(txa: Segment) -> list[Json]:
    code = _CONFIDENTIAL.get(txa(18).upper())
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    return [{"coding": [{"system": system, "code": code}]}] if code else []


MESSAGE = Message("documents", "hl7v2", "医疗文书（MDM）", _TYPES, read)
