"""Rounds of superior doctors: who made them, what came of them (article 22, 3), how often (the system of rounds)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from clinical.medical_record import Document, DocumentKind, Title
from supervision.record_qc.days import NORM_NOTES, day, silences
from supervision.record_qc.items import text_of
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    INPATIENT,
    LATER,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
)
from supervision.record_qc.places import Place
from supervision.record_qc.rounders import at_least, names
from supervision.record_qc.sessions import Session, sessions
from supervision.record_qc.subject import Subject
from supervision.record_qc.surgery import elective
from supervision.record_qc.timing import shown

_ROUND: Final = DocumentKind.ROUND
_CONTENT: Final = f"{NORM}第二十二条(三)"
_SYSTEM: Final = f"{CORE_SYSTEMS}二、三级查房制度"
_WEEK: Final = 7

# -- who ------------------------------------------------------------------------------------

_TITLED: Final = re.compile(
    r"(?P<before>[一-龥]{0,4})(?:副?主任|主治|住院总)中?(?:医师|医生)?"
    r"(?P<after>\s*[:：]\s*(?!患|病|查|考虑|同意|目前|该|建议)[一-龥]{2,4})?"
)
_FILLING: Final = re.compile(r"患[者儿]|[今昨]日|今晨|上级|本科|科室|我科|科内|科|请|随|由|及|和|与|同|经|在")


def _unnamed(subject: Subject) -> Iterator[Said]:
    """A round whose doctor and title are told neither by data nor in the text."""
    for document in subject.judged(_ROUND):
        text = f"{document.title}\n{text_of(document)}"
        if document.leader is not None or _names_a_doctor(text):
            continue
        if not text.strip():
            yield Gap("查房医师")
        else:
            yield Defect("查房记录未写明查房医师的姓名和专业技术职务", Place(document.id))


def _names_a_doctor(text: str) -> bool:
    """Whether a name stands beside a title: 李主任医师, 主治医师：李明; not 今日主任医师."""
    return any(match["after"] or _FILLING.sub("", match["before"]) for match in _TITLED.finditer(text))


def _is_senior(document: Document) -> bool | None:
    """Whether somebody from associate chief upwards made a round; None when it cannot be told."""
    senior = at_least(document, Title.ASSOCIATE)
    return senior if document.kind is _ROUND else bool(senior)


def _without_senior(subject: Subject) -> Iterator[Said]:
    """Weeks without a round of the highest grade; one whose doctor is not told may have been one."""
    admitted = subject.record.visit.admitted
    if admitted is None:
        yield Gap("入院时间")
        return
    rounds = [(d.written, _is_senior(d)) for d in subject.of(_ROUND, DocumentKind.COURSE)]
    sure = [day(time) for time, senior in rounds if time and senior]
    possible = [*sure, *(day(time) for time, senior in rounds if time and senior is None)]
    first, last = day(admitted), day(subject.until)
    found = list(silences(first, last, possible, _WEEK))
    if not found and any(silences(first, last, sure, _WEEK)):
        yield Gap("查房医师的职称")
    for silence in found:
        says = f"{silence.said}超过1周无副主任医师以上(或科主任)查房记录"
        yield Defect(says, key=str(silence.after))


# -- what came of it -------------------------------------------------------------------------

_AGREES: Final = re.compile(
    r"同意[^。；，\n]{0,8}(?:诊断|诊疗|诊治|治疗|处理|意见|方案)(?:[及和与、](?:诊断|诊疗|治疗|处理|意见|方案))*"
)
_ANALYSES: Final = re.compile(
    r"分析|考虑|合并|并发|诊断|鉴别|支持|符合|提示|可能|病因|依据|认为|评估|预后|原因|说明|除外|排除|倾向|风险|"
    r"属于?|系|故|因此|由于|缓解|控制|有效|恢复"
)
_ADVISES: Final = re.compile(
    r"建议|予|继续|加用|停用?|改|调整|完善|复查|治疗|观察|手术|注意|嘱|暂|择期|出院|监测|检查|警惕|加强|避免|"
    r"会诊|转[科院诊]|维持|可[予行]|(?:指示|处[理置]|意见|医嘱)[:：]\s*[^\s。；]{2,}"
)
_COMPARES: Final = re.compile(r"鉴别|诊断(?:基本)?明确|不支持|排除|除外|不符|依据|支持")
_LEAST: Final = 10


def _lacking(words: re.Pattern[str], says: str) -> Callable[[Subject], Iterator[Said]]:
    """Rounds in whose text, set phrases of consent aside, none of some words stands."""

    def run(subject: Subject) -> Iterator[Said]:
        for document in subject.judged(_ROUND):
            text = "".join(section.text for section in document.sections)
            if len(text.strip()) >= _LEAST and not words.search(_AGREES.sub("", text)):
                yield Defect(says, Place(document.id, quote=text[:60]))

    return run


def _first_without_grounds(subject: Subject) -> Iterator[Said]:
    """The first round of an attending doctor, which must weigh the diagnosis; in a stay of a day its note does."""
    if subject.of(DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH):
        return
    rounds = [d for d in subject.of(_ROUND) if at_least(d, Title.ATTENDING) is not False]
    if not rounds or rounds[0] not in subject.judged(_ROUND):
        return
    text = text_of(rounds[0])
    if len(text.strip()) >= _LEAST and not _COMPARES.search(_AGREES.sub("", text)):
        yield Defect("主治医师首次查房记录无诊断依据与鉴别诊断的分析", Place(rounds[0].id))


# -- the surgeon -----------------------------------------------------------------------------

_SEEN: Final = re.compile(
    r"(?:术者|手术者|主刀)[^。；\n]{0,12}(?:查|看|访|视)|(?:查|看|访)视?[^。；\n]{0,6}(?:术者|主刀)"
)
_DAY: Final = timedelta(hours=24)
Span: TypeAlias = tuple[datetime | None, datetime | None]


def _unseen_before(subject: Subject) -> Iterator[Said]:
    for session, surgeon in _operated(subject):
        if isinstance(session, Gap):
            yield session
        elif elective(subject, session) is True:
            yield from _unless_seen(subject, "术前", session, surgeon, (None, session.at))


def _unseen_after(subject: Subject) -> Iterator[Said]:
    for session, surgeon in _operated(subject):
        if isinstance(session, Gap):
            yield session
            continue
        end = session.end
        if end and end + _DAY <= subject.until:
            yield from _unless_seen(subject, "术后24小时内", session, surgeon, (end, end + _DAY))


def _operated(subject: Subject) -> Iterator[tuple[Session | Gap, str]]:
    """Every session with its surgeon, or what is not known of it."""
    if subject.record.operations is None:
        yield Gap("手术信息"), ""
    for session in sessions(subject.record.operations or ()):
        surgeon = session.operations[0].surgeon
        if session.at is None or surgeon is None:
            yield Gap("手术者和手术时间"), ""
        else:
            yield session, surgeon.name


def _unless_seen(subject: Subject, when: str, session: Session, surgeon: str, span: Span) -> Iterator[Said]:
    """A defect, unless a note of that time shows that the surgeon saw the patient, or nobody told who wrote notes."""
    notes = [note for note in subject.of(*NORM_NOTES) if _within(note.written, span)]
    if any(_shows(surgeon, note) for note in notes):
        return
    if any(not _people(note) for note in notes):
        yield Gap("病程记录的书写和查房医师")
        return
    at = f"{shown(session.at)}行" if session.at else ""
    yield Defect(f"{at}{session.name}，{when}无手术者{surgeon}查房(查看患者)的记录", key=session.id)


def _within(time: datetime | None, span: Span) -> bool:
    """Whether a time is in a span; one that is not known may be."""
    since, until = span
    return time is None or ((since is None or time >= since) and (until is None or time <= until))


def _people(note: Document) -> set[str]:
    return {one.name for one in (note.leader, note.author, *(note.signatures or ())) if one is not None}


def _shows(surgeon: str, note: Document) -> bool:
    text = text_of(note)
    return surgeon in _people(note) or names(surgeon, text) or _SEEN.search(text) is not None


_check: Final = partial(Check, group=Group.COURSE, aspect=Aspect.CLINICAL, kinds=INPATIENT, source=_CONTENT)


CHECKS: Final = (
    _check(
        "round-doctor-unnamed",
        "查房记录未写查房医师姓名和职称",
        aspect=Aspect.COMPLETE,
        mend="写明查房医师的姓名、专业技术职务",
        run=_unnamed,
        points=1.0,
        most=3.0,
    ),
    _check(
        "round-without-analysis",
        "上级医师查房无病情分析",
        mend="如实记录上级医师对病情的分析",
        run=_lacking(_ANALYSES, "上级医师查房记录没有对病情的分析"),
        points=2.0,
        most=6.0,
    ),
    _check(
        "round-without-advice",
        "上级医师查房无诊疗意见",
        mend="如实记录上级医师的诊疗意见",
        run=_lacking(_ADVISES, "上级医师查房记录没有诊疗意见"),
        points=2.0,
        most=6.0,
    ),
    _check(
        "first-round-without-grounds",
        "主治医师首次查房无诊断及鉴别诊断分析",
        mend="补充病史和体征，记录诊断依据、鉴别诊断的分析及诊疗计划",
        run=_first_without_grounds,
        points=2.0,
        most=6.0,
    ),
    _check(
        "senior-round-missing",
        "超过1周无副主任医师以上查房",
        aspect=Aspect.TIMELY,
        source=_SYSTEM,
        mend="由本科室最高级别医师按每周至少2次的要求查房并记录",
        run=_without_senior,
        points=3.0,
        most=9.0,
        stages=LATER,
    ),
    _check(
        "surgeon-round-before",
        "手术者术前未查房",
        aspect=Aspect.COMPLETE,
        source=_SYSTEM,
        mend="手术者术前亲自查房并记录",
        run=_unseen_before,
        points=2.0,
        most=6.0,
        stages=LATER,
    ),
    _check(
        "surgeon-round-after",
        "手术者术后24小时内未查房",
        aspect=Aspect.TIMELY,
        source=_SYSTEM,
        mend="手术者术后24小时内亲自查房并记录",
        run=_unseen_after,
        points=2.0,
        most=6.0,
        stages=LATER,
    ),
)
