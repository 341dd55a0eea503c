"""Record QC in the clinician panel: what is wrong with a record while it is written, and what is soon due; a defect
that does not apply is set aside with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api.access import Principal
from api.bodies import Body
from api.errors import ApiError, bad_field
from api.front import Front
from api.record_qc_desk import RecordQcDesk, Result
from api.record_qc_json import found_json, reminder_json
from base.launches import Launch
from base.tenancy import Scope, acting
from clinical.medical_record import MedicalRecord
from records.identity_tables import Kept
from supervision.record_qc.asides import Aside
from supervision.record_qc.disputes import Before
from supervision.record_qc.engine import Examination
from supervision.record_qc.items import text_of
from supervision.record_qc.model import Check, Defect, Reminder, Severity
from supervision.record_qc.places import STAGES, Stage
from supervision.record_qc.reports import keyed
from supervision.record_qc.states import STATES, State
from supervision.record_qc.timing import called

Json = dict[str, Any]
_NEAR: Final = timedelta(hours=48)
"""What is due later is not told of yet."""
_PRESSING: Final = timedelta(hours=2)
_TONES: Final = {Severity.SEVERE: "contraindicated", Severity.MAJOR: "moderate", Severity.MINOR: "minor"}
_ORDER: Final = ("contraindicated", "major", "moderate", "minor", "info")
_LONGEST: Final = 500
_SET_ASIDE: Final = frozenset({State.APPEALED, State.WITHDRAWN})


class WrittenBody(Body, frozen=True):
    """A record as it stands in the hospital's editor, and which of its documents is being written."""

    record: MedicalRecord
    document_id: str

    def check(self, launch: Launch) -> None:
        """Raises ``ApiError`` 400 for a record of somebody else."""
        if self.record.patient not in ("", launch.patient):
            raise bad_field("record.patient", "须为面板所打开患者的编号")

    def text(self) -> str:
        """The document that is being written."""
        return next((text_of(one) for one in self.record.documents if one.id == self.document_id), "")


class AsideBody(Body, frozen=True):
    """A defect that does not apply: ``key`` and ``record`` as the panel was told, and why."""

    record: str
    key: str
    reason: str


class PanelQuality:
    """Answers panels about records. Every function waits for the database: call on a thread."""

    def __init__(self, front: Front, desk: RecordQcDesk, kept: Callable[[Launch], Kept]) -> None:
        self._front, self._desk, self._kept = front, desk, kept

    def stored(self, launch: Launch) -> Json:
        """The patient's visit that goes on (else the last one), as the repository has it; nothing without one."""
        try:
            kept = self._kept(launch)
        except ApiError:  # opened with what the hospital's system told of somebody whom nobody else knows
            return {"items": []}
        with acting(_scope(launch)):
            found = self._desk.visits.latest(launch.tenant, kept.id)
            return self._told(launch, found.record) if found is not None else {"items": []}

    def writing(self, launch: Launch, given: WrittenBody) -> Json:
        """A record that is being written. Raises ``ApiError`` 400, 404."""
        given.check(launch)
        with acting(_scope(launch)):
            self._own(launch, given.record.id)
            return self._told(launch, given.record, given.document_id)

    def set_aside(self, found: Principal, launch: Launch, given: AsideBody) -> Json:
        """Say that a defect does not apply. Raises ``ApiError`` 400, 404, ``QcError``."""
        if not 0 < len(given.record) <= 128 or not 0 < len(given.key) <= 64:
            raise bad_field("key", "须为面板所示缺陷的 record 和 key")
        reason = given.reason.strip()
        if len(reason) > _LONGEST:
            raise bad_field("reason", f"不超过 {_LONGEST} 字")
        said = Aside(launch.user, datetime.now(UTC), reason)
        with acting(_scope(launch)):
            self._own(launch, given.record)
            defect = self._desk.disputes.set_aside(launch.tenant, given.record, given.key, said)
        subject = f"qc-key/{given.key}" if defect is None else f"qc-defect/{defect}"
        self._front.access.note(found, "qc.defect.aside" if defect is None else "qc.defect.appeal", subject)
        return {"appealed": defect is not None}

    def _own(self, launch: Launch, visit: str) -> None:
        """Raises ``ApiError`` 404 for a visit of somebody else."""
        owner = self._desk.visits.owner(launch.tenant, visit)
        if owner is not None and owner != self._kept(launch).id:
            raise ApiError(404, "not-found", "该患者没有此就诊编号的病历", "record")

    def _told(self, launch: Launch, record: MedicalRecord, writing: str = "") -> Json:
        now = datetime.now(UTC)
        made = self._desk.check(record, launch.tenant, now, Stage.WRITING if writing else None, writing)
        before = self._desk.disputes.before(launch.tenant, record.id)
        found = made.examined.examination
        items = [*_defects(found, before), *_due(found, now)]
        items.sort(key=lambda one: (_ORDER.index(one["tone"]), one.get("due", "")))
        return {
            "record": record.id,
            "stageTitle": STAGES[made.examined.stage],
            "documents": {document.id: called(document, document.title) for document in record.documents},
            "items": items,
            "unknown": _unknown(made),
        }


def _scope(launch: Launch) -> Scope:
    return Scope(launch.user, reads=(launch.tenant,), writes=(launch.tenant,))


def _defects(found: Examination, before: Before) -> Iterator[Json]:
    for key, (check, defect) in keyed(found):
        yield _defect(check, defect, key) | _standing(before, key)


def _defect(check: Check, defect: Defect, key: str) -> Json:
    return found_json(check, defect) | {"key": key, "tone": _TONES[check.severity]}


def _standing(before: Before, key: str) -> Json:
    """What became of a defect that was set aside."""
    state, aside = before.states.get(key), before.asides.get(key)
    if state in _SET_ASIDE:
        return {"aside": STATES[state]}
    return {"aside": f"{aside.by}：{aside.reason}"} if aside is not None else {}


def _due(found: Examination, now: datetime) -> Iterator[Json]:
    for check, one in found.reminders():
        left = one.due - now
        if left <= _NEAR:
            yield _reminder(check, one, left)


def _reminder(check: Check, one: Reminder, left: timedelta) -> Json:
    tone = "major" if left <= _PRESSING else "info"
    told = {"source": check.source, "tone": tone, "minutes": int(left.total_seconds() // 60)}
    return reminder_json(check, one) | told


def _unknown(made: Result) -> list[str]:
    return sorted({gap.needed for _, gap in made.examined.examination.gaps()})
