"""What discharge and death notes must tell (article 22, 20 and 21 of the norm), and who signs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.medical_record import DocumentKind, Signer
from supervision.record_qc.content import Signed
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Gap, Group, Said
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject

_ARTICLE: Final = f"{NORM}第二十二条"
_CONDITION: Final = Item(
    "admission-condition", "入院情况", "入院(?:时)?情况|(?:入院时)?病[情史](?:摘要)?|简要病史|主诉",
    r"入院时(?!间)|因[“\"]|主因|以[“\"]|[日号]入院|入院查体",
)  # fmt: skip
_DIAGNOSIS: Final = Item("admission-diagnosis", "入院诊断", "入院诊断|初步诊断", r"入院(?:后)?诊断")
_TREATMENT: Final = Item(
    "treatment", "诊疗经过",
    "(?:住院)?(?:期间)?诊[疗治](?:经过|过程)|(?:住院)?治疗(?:经过|过程)|住院经过|诊疗抢救经过|抢救经过",
    r"入院后[^\n]{4,}|住院期间[^\n]{4,}", 2.0,
)  # fmt: skip
_DISCHARGE: Final = Form(
    "discharge-note",
    (DocumentKind.DISCHARGE,),
    f"{_ARTICLE}(二十)",
    Group.END,
    (
        _CONDITION,
        _DIAGNOSIS,
        _TREATMENT,
        Item("diagnosis", "出院诊断", "出院诊断|最后诊断", r"出院诊断[:：]?[ \t]*[^\s:：]", 2.0),
        Item(
            "condition", "出院情况", "出院(?:时)?(?:情况|病情|状况)|目前情况",
            r"出院时(?!间)|(?:好转|治愈|痊愈|缓解|稳定|要求|自动|未愈)[^。\n]{0,10}出院|今日出院",
        ),
        Item(
            "advice", "出院医嘱",
            "出院(?:后)?(?:医嘱|嘱托|建议|指导|注意事项)|医嘱|出院带药[^：:]{0,6}|随[访诊][^：:]{0,6}",
            r"出院(?:后)?(?:医嘱|建议|带药|嘱)|定期[^。\n]{0,10}(?:复[查诊]|随[访诊])|门诊(?:复[查诊]|随[访诊])",
            2.0,
        ),
    ),
)  # fmt: skip
_DEATH: Final = Form(
    "death-note",
    (DocumentKind.DEATH,),
    f"{_ARTICLE}(二十一)",
    Group.END,
    (
        _CONDITION,
        _DIAGNOSIS,
        _TREATMENT,
        Item(
            "rescue", "病情演变和抢救经过", "(?:病情演变|抢救)[^：:]{0,10}",
            r"抢救|复苏|按压|放弃(?:抢救|治疗)|拒绝(?:抢救|插管)|签字放弃", 2.0,
        ),
        Item(
            "cause", "死亡原因", "(?:直接|主要|根本)?死亡原因|死因",
            r"死亡原因|死因|死于|因[^。\n]{2,30}(?:死亡|去世)", 2.0,
        ),
        Item("diagnosis", "死亡诊断", "死亡(?:时)?诊断|最后诊断", r"死亡诊断[:：]?[ \t]*[^\s:：]", 2.0),
    ),
)  # fmt: skip
_TO_THE_MINUTE: Final = re.compile(r"(?<!\d)\d{1,2}\s*(?:[:：时点])\s*\d{1,2}")
_STATED: Final = re.compile(r"死亡(?:日期|时间|日期[及和]?时间)[^：:\n]{0,4}[：:](?P<when>[^\n。；;]*\d[^\n。；;]*)")
"""Where the time of death has a heading of its own, that alone is judged."""
_TIMED: Final = (DocumentKind.DEATH, DocumentKind.DAY_DEATH)


def _time_of_death(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_TIMED):
        text = text_of(document)
        if not text.strip():
            yield Gap(f"{document.kind.value}的正文")
            continue
        stated = _STATED.search(text)
        if not _TO_THE_MINUTE.search(stated["when"] if stated else text):
            yield Defect(f"{document.kind.value}的死亡时间未具体到分钟", Place(document.id))


CHECKS: Final = (
    *_DISCHARGE.checks(),
    *_DEATH.checks(),
    Check(
        name="death-note-minute",
        title="死亡时间未具体到分钟",
        group=Group.END,
        aspect=Aspect.PROPER,
        kinds=INPATIENT,
        source=f"{_ARTICLE}(二十一)",
        mend="死亡时间写到分钟",
        run=_time_of_death,
        points=1.0,
    ),
    Signed(
        "end-note-signature",
        (DocumentKind.DISCHARGE, DocumentKind.DEATH, DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH),
        (Signer.AUTHOR, Signer.SUPERIOR),
        f"{_ARTICLE}(二十)、(二十一)",
        Group.END,
        points=3.0,
    ).check(),
)
