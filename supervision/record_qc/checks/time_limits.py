"""Time limits of the norm: a row each (``supervision.record_qc.timing.Limit``)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from clinical.medical_record import Document, DocumentKind, EventKind, Title
from supervision.record_qc.model import NORM, Grade, Group
from supervision.record_qc.rounders import at_least
from supervision.record_qc.timing import Limit, admission, death, discharge, ends_of, operations

_DAY: Final = timedelta(hours=24)
_WHOLE: Final = (DocumentKind.ADMISSION, DocumentKind.READMISSION, DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH)


def _attending(document: Document) -> bool:
    """A round of an attending doctor or above; one whose doctor is not told counts."""
    return at_least(document, Title.ATTENDING) is not False


LIMITS: Final = (
    Limit(
        "admission-note", "入院记录", _WHOLE, admission, _DAY, f"{NORM}第十七条",
        group=Group.ADMISSION, missing_points=10, missing_veto=Grade.C,
    ),
    Limit(
        "first-course", "首次病程记录", (DocumentKind.FIRST_COURSE, DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH),
        admission, timedelta(hours=8), f"{NORM}第二十二条(一)", missing_points=10, missing_veto=Grade.C,
    ),
    Limit(
        "attending-round", "主治医师首次查房记录",
        (DocumentKind.ROUND, DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH),
        admission, timedelta(hours=48), f"{NORM}第二十二条(三)", fits=_attending,
    ),
    Limit(
        "rescue-note", "抢救记录", (DocumentKind.RESCUE,), ends_of(EventKind.RESCUE, called="抢救结束于"),
        timedelta(hours=6), f"{NORM}第二十二条(八)", missing_points=10, missing_veto=Grade.C,
    ),
    Limit(
        "operation-note", "手术记录", (DocumentKind.OPERATION,), operations, _DAY, f"{NORM}第二十二条(十五)",
        group=Group.OPERATION, missing_points=10, missing_veto=Grade.C,
    ),
    Limit(
        "transfer-in-note", "转入记录", (DocumentKind.TRANSFER_IN,), ends_of(EventKind.TRANSFER, called="转入于"),
        _DAY, f"{NORM}第二十二条(六)",
    ),
    Limit(
        "taking-over-note", "接班记录", (DocumentKind.TAKING_OVER,), ends_of(EventKind.HANDOVER, called="接班于"),
        _DAY, f"{NORM}第二十二条(五)",
    ),
    Limit(
        "discharge-note", "出院记录", (DocumentKind.DISCHARGE, DocumentKind.DAY_STAY), discharge, _DAY,
        f"{NORM}第二十二条(二十)", group=Group.END, missing_points=10, missing_veto=Grade.C,
    ),
    Limit(
        "death-note", "死亡记录", (DocumentKind.DEATH, DocumentKind.DAY_DEATH), death, _DAY,
        f"{NORM}第二十二条(二十一)", group=Group.END, missing_points=10, missing_veto=Grade.C,
    ),
    Limit(
        "death-discussion", "死亡病例讨论记录", (DocumentKind.DEATH_DISCUSSION,), death, timedelta(days=7),
        f"{NORM}第二十二条(二十二)", group=Group.END, missing_veto=Grade.B,
    ),
)  # fmt: skip
CHECKS: Final = tuple(check for limit in LIMITS for check in limit.checks())
