"""How a record is written: left-over templates, copies, numbers, and who may write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.medical_record import Document, DocumentKind, Title
from supervision.record_qc.content import Wording
from supervision.record_qc.model import (
    ANY_RECORD,
    INPATIENT,
    LATER,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject, signed

_COPIED: Final = (DocumentKind.COURSE, DocumentKind.ROUND, DocumentKind.FIRST_COURSE)
_ALIKE: Final = 0.9
_ALL_BUT_SAME: Final = 0.97
_LONG: Final = 60
_SHORTEST: Final = 30
"""Short notes of quiet days resemble each other; only one that is all but the same was copied."""
_QUOTED: Final = 80
_HOUR: Final = "(?:早上|上午|中午|下午|晚上|凌晨)[一二三四五六七八九十]{1,2}[点时]"
_IN_TRAINING: Final = frozenset({Title.STUDENT, Title.TRAINEE})


def _near_duplicates(subject: Subject) -> Iterator[Said]:
    """Each course note, as a whole, against the earlier ones: the likest is told."""
    for document in subject.judged(*_COPIED):
        text, written = _whole(subject, document), document.written
        if len(text) < _SHORTEST or written is None:
            continue
        earlier = [d for d in subject.of(*_COPIED) if d.written is not None and d.written < written]
        least = _ALIKE if len(text) >= _LONG else _ALL_BUT_SAME
        found = subject.likeness.closest(text, [_whole(subject, other) for other in earlier], least)
        if found is not None:
            other, share = earlier[found[0]], found[1]
            says = f"本次记录与{other.kind.value}内容相似度{share:.0%}，疑为整段复制"
            quote = text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
            yield Defect(says, Place(document.id, quote=quote), (Place(other.id),))


def _whole(subject: Subject, document: Document) -> str:
    return "\n".join(passage.text for passage in subject.passages(document))


def _unapproved(subject: Subject) -> Iterator[Said]:
    """What somebody in training wrote, signed by no registered doctor."""
    for document in subject.judged():
        author = document.author
        if author is None or author.title not in _IN_TRAINING:
            continue
        if document.signatures is None:
            yield Gap(f"{document.kind.value}的签名")
        elif not any(s.title not in _IN_TRAINING and s.name != author.name for s in signed(document)):
            yield Defect(
                f"{document.kind.value}由{author.title.value}书写，无本机构注册医师审阅签名", Place(document.id)
            )


CHECKS: Final = (
    Wording(
        "wording-placeholder",
        "残留模板占位内容",
        r"×{2,}|[xX]{3,}|_{3,}|＿{2,}|\{[^{}\n]{1,20}\}|【请[^】\n]{1,20}】|待补充|此处(?:填写|输入)",
        f"{NORM}第三条",
        "删除模板占位，按患者实际情况填写",
        severity=Severity.MAJOR,
        points=2.0,
    ).check(),
    Wording(
        "wording-colloquial-number",
        "日期时间未用阿拉伯数字",
        r"[一二三四五六七八九十〇○]{4}年[一二三四五六七八九十]{1,2}月|"
        r"[一二三四五六七八九十]{1,2}月(?:[一二三四五六七八九]|二?十[一二三四五六七八九]?|三十一?)[日号]"
        rf"(?:{_HOUR})?|{_HOUR}",
        f"{NORM}第九条",
        "日期和时间一律用阿拉伯数字书写，采用24小时制",
    ).check(),
    Check(
        name="copy-near-duplicate",
        title="病程记录大段雷同，疑似复制",
        group=Group.WRITING,
        aspect=Aspect.GENUINE,
        kinds=INPATIENT,
        source="《病案管理质量控制指标(2021年版)》指标二十五(不合理复制病历发生率)",
        mend="按患者当日病情如实书写，不得整段复制既往记录",
        run=_near_duplicates,
        points=3.0,
        most=9.0,
    ),
    Check(
        name="trainee-unapproved",
        title="实习或试用期医师书写的病历无注册医师签名",
        group=Group.WRITING,
        aspect=Aspect.PROPER,
        kinds=ANY_RECORD,
        source=f"{NORM}第八条",
        mend="由本机构注册的医师审阅、修改并签名",
        run=_unapproved,
        stages=LATER,
        points=3.0,
    ),
)
