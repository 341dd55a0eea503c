"""A document being written, checked as it stands: what is wrong and what is soon due, as CDS Hooks cards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.bodies import Body
from api.cards import fresh_id
from api.record_examiner import Examiner
from api.record_qc_json import found_json, reminder_json
from clinical.medical_record import MedicalRecord
from exchange.building import slim
from exchange.decoding import misread, shaped
from exchange.fhir.values import Json
from knowledge.snapshot import Snapshot
from supervision.record_qc.engine import Examination
from supervision.record_qc.model import Check, Defect, Reminder, Severity
from supervision.record_qc.places import Stage
from supervision.record_qc.scheme import Scheme, shipped
from supervision.record_qc.schemes import Schemes

_log = logging.getLogger(__name__)
EXTENSION: Final = "cn.yigong.record-defect"
_LONGEST: Final = 139
_MOST: Final = 20
_SEVEREST_FIRST: Final = (Severity.SEVERE, Severity.MAJOR, Severity.MINOR)


class Writing(Body, frozen=True):
    """What the hook's context holds besides the user and the patient."""

    record: MedicalRecord
    document_id: str


class WritingDesk:
    """Checks what is being written by the scheme of the institution; by ours while its own cannot be read."""

    def __init__(self, engine: Engine, release: Callable[[], Snapshot | None]) -> None:
        self._examiner = Examiner(release)
        self._schemes = Schemes(engine, self._examiner.checks)

    def cards(self, context: Mapping[str, Any], tenant: str) -> Json:
        """The answer to a document that is being written. Raises ``ReadError`` and ``ApiError`` 400 naming the
        field."""
        given, scheme = _read(context), self._scheme(tenant)
        found = self._examiner.examine(given.record, scheme, datetime.now(UTC), Stage.WRITING, given.document_id)
        return _answer(found.examination)

    def _scheme(self, tenant: str) -> Scheme:
        try:
            return self._schemes.of(tenant).scheme
        except SQLAlchemyError as error:
            _log.error("scheme of record QC not read", extra={"error": type(error).__name__})
            return shipped()


def _answer(found: Examination) -> Json:
    defects = sorted(found.defects(), key=lambda one: _SEVEREST_FIRST.index(one[0].severity))
    cards = [_defect(check, defect) for check, defect in defects[:_MOST]]
    cards += [_reminder(check, one) for check, one in found.reminders()]
    gaps = [{"check": check.name, "needed": gap.needed} for check, gap in found.gaps()]
    return {"cards": cards, "extension": {"cn.yigong.record": slim(checked=len(found.outcomes), incomplete=gaps)}}


def _read(context: Mapping[str, Any]) -> Writing:
    """The context's own members. Raises ``ReadError``."""
    parts = {name: context[name] for name in ("record", "documentId") if name in context}
    try:
        return shaped(msgspec.json.encode(parts), Writing)
    except msgspec.DecodeError as error:
        raise misread(error).within("context") from None


def _defect(check: Check, defect: Defect) -> Json:
    place = defect.place
    lines = [f"> {place.quote}"] if place.quote else []
    lines += [f"**如何修改** {check.mend}", f"**依据** {check.source}"]
    return slim(
        uuid=fresh_id(),
        summary=_short(f"【{check.group.value}】{defect.says}"),
        detail="\n\n".join(lines),
        indicator="warning" if check.severity is not Severity.MINOR else "info",
        source={"label": check.source},
        extension={EXTENSION: found_json(check, defect)},
    )


def _reminder(check: Check, one: Reminder) -> Json:
    return slim(
        uuid=fresh_id(),
        summary=_short(f"【待完成】{one.says}"),
        detail=f"**依据** {check.source}",
        indicator="info",
        source={"label": check.source},
        extension={EXTENSION: reminder_json(check, one)},
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
