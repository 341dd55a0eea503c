"""Handing over, moving to another department, summing up (article 22, 5 to 7 of the norm): what is told, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from clinical.medical_record import DocumentKind, EventKind, Signer
from supervision.record_qc.beforehand import Beforehand
from supervision.record_qc.content import Signed
from supervision.record_qc.items import Form, Item
from supervision.record_qc.model import NORM, Group
from supervision.record_qc.timing import starts_of

_ARTICLE: Final = f"{NORM}第二十二条"
_GRACE: Final = timedelta(hours=2)
"""Clocks and entries differ; whoever is moved in a hurry is written of at once afterwards."""
_HANDING: Final = (DocumentKind.HANDING_OVER, DocumentKind.TAKING_OVER)
_MOVING: Final = (DocumentKind.TRANSFER_OUT, DocumentKind.TRANSFER_IN)
_SUMMARY: Final = (DocumentKind.STAGE_SUMMARY,)
_SAME: Final = (
    Item(
        "admission-condition", "主诉和入院情况", "主诉|入院(?:时)?情况|病史(?:摘要)?",
        r"入院时|因[“\"]|主因|以[“\"]|主诉|[日号]入院",
    ),
    Item("admission-diagnosis", "入院诊断", "入院诊断|初步诊断", r"(?:入院|初步)(?:后)?诊断"),
    Item("treatment", "诊疗经过", "诊[疗治]经过|治疗经过|住院经过", r"入院后|予|给予|行[^。\n]{2,}|治疗", 2.0),
    Item(
        "present-state", "目前情况", "目前(?:病情|情况|状况)|现(?:病情|情况)|(?:目前)?查体",
        r"目前|现(?:患者|病情|仍|无|体温)|今日", 2.0,
    ),
    Item("present-diagnosis", "目前诊断", "目前诊断|现诊断|诊断", r"目前诊断|现诊断"),
)  # fmt: skip
_FORMS: Final = (
    Form(
        "handover-note",
        _HANDING,
        f"{_ARTICLE}(五)",
        Group.COURSE,
        (
            *_SAME,
            Item(
                "plan", "交班注意事项或接班诊疗计划",
                "(?:交班)?注意事项|(?:接班)?诊[疗治]计划|计划|下一步[^：:]{0,8}",
                r"注意|计划|拟|继续|下一步|建议",
            ),
        ),
        called="交(接)班记录",
    ),
    Form(
        "transfer-note",
        _MOVING,
        f"{_ARTICLE}(六)",
        Group.COURSE,
        (
            *_SAME,
            Item(
                "plan", "转科目的及注意事项或转入诊疗计划",
                "转[科出入](?:的)?(?:目的|原因|理由)[^：:]{0,8}|(?:转[出入])?(?:注意事项|诊[疗治]计划)|计划",
                r"目的|为进一步|为行|要求转|转[入往至][^。\n]{0,10}(?:治疗|诊治)|注意|计划|拟|继续",
            ),
        ),
        called="转科记录",
    ),
    Form(
        "stage-summary",
        _SUMMARY,
        f"{_ARTICLE}(七)",
        Group.COURSE,
        (*_SAME, Item(
            "plan", "诊疗计划", "(?:下一步)?(?:诊[疗治])?计划|下一步[^：:]{0,8}", r"计划|拟|继续|下一步|下阶段",
        )),
    ),
)  # fmt: skip
_ROWS: Final = (
    Beforehand(
        "handing-over-note", "交班记录", (DocumentKind.HANDING_OVER,),
        starts_of(EventKind.HANDOVER, called="交接班于"), f"{_ARTICLE}(五)", Group.COURSE, grace=_GRACE,
        missing_points=3.0, after_points=1.0,
    ),
    Beforehand(
        "transfer-out-note", "转出记录", (DocumentKind.TRANSFER_OUT,), starts_of(EventKind.TRANSFER, called="转科于"),
        f"{_ARTICLE}(六)", Group.COURSE, grace=_GRACE, missing_points=3.0, after_points=1.0,
    ),
)  # fmt: skip
CHECKS: Final = (
    *(check for form in _FORMS for check in form.checks()),
    *(check for row in _ROWS for check in row.checks()),
    Signed(
        "handover-note-signature", (*_HANDING, *_MOVING, *_SUMMARY), (Signer.AUTHOR, Signer.SUPERIOR),
        f"{_ARTICLE}(五)至(七)", Group.COURSE,
    ).check(),
)  # fmt: skip
