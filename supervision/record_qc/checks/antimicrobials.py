"""Antimicrobials: why given, why changed, who agreed to the special ones, how long after an operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, Operation, Order, RecordKind, ResultKind, Title, rank
from supervision.record_qc.antimicrobial import TEXTS, antimicrobials, grade, kinds, named, spoken_of
from supervision.record_qc.followed import due
from supervision.record_qc.meaning import affirms, between, current, finds, orders_gap, written
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
    Severity,
)
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import EARLY, shown, spoken

_DAY: Final = timedelta(days=1)
_CHANGED: Final = re.compile(
    r"(?:更换|调整|升级|降级|降阶梯|换用|改用|加用|改为|联合)[^。；;\n]{0,12}(?:抗|菌|素|沙星|培南|头孢|霉|唑)"
)
_WHY: Final = re.compile(
    r"培养|药敏|敏感|耐药|覆盖|革兰|[球杆真阳阴]性?菌|厌氧|感染|效果|疗效|无效|不佳|控制|[发高]热|体温|炎|白细胞|血象|PCT|CRP|过敏|皮疹|"
    r"不良反应|升级|降阶|降级|序贯|疗程|经验"
)
_NEAR: Final = 80
_AGREED: Final = re.compile(r"会诊|特殊使用级|越级|抗菌药物(?:管理)?(?:工作)?(?:组|专家)")
_ALLOWED: Final = re.compile(r"会诊|特殊使用级|越级|上级医师|主任|主治|教授|抢救|紧急")
_EXAMINED: Final = re.compile(
    r"培养|药敏|病原|涂片|核酸|(?:菌|病毒|原体|螺旋体|虫|EB|结核|流感|乙肝|丙肝|梅毒)[^。；，,\n]{0,8}(?:抗原|抗体)|"
    r"宏基因|NGS|G试验|GM试验|降钙素原|PCT|白(?:细胞)?介素|IL-6",
    re.IGNORECASE,
)
_LIMITED: Final = re.compile(r"^\s*(?:[ⅠⅡ12一二]|I{1,2}(?![IV])|清洁)")
"""Incisions of the classes I and II."""
_HEART: Final = re.compile(r"心脏|瓣膜|冠状动脉(?:旁路|搭桥)|主动脉|先心")
_INFECTED: Final = re.compile(r"炎|脓|穿孔|坏疽|开放|污染|咬伤|败血|(?<!预防)(?<!防)(?<!抗)(?<![无未])感染(?!风险)")
_REASON: Final = re.compile(
    r"延长(?:预防|抗|使用|用药)|继续抗感染|渗[液出]|红肿|体温(?:最高)?[:：为达]?\s*3[89]|高危因素|免疫(?:力|功能)?低"
)
_MARGIN: Final = timedelta(hours=12)
_FEVER: Final = "symptom:fever"
_NEEDED: Final = {"restricted": Title.ATTENDING, "special": Title.ASSOCIATE}
_GRADES: Final = {"restricted": "限制使用级", "special": "特殊使用级"}


def _unexplained(subject: Subject) -> Iterator[Said]:
    """Antimicrobials of which no note of the whole stay speaks."""
    orders = antimicrobials(subject)
    if orders is None:
        yield orders_gap(subject)
        return
    texts = subject.of(*TEXTS)
    old = [order for order in orders if order.at is None or due(subject, order.at)]
    if old and not written(subject, texts):
        yield Gap("病程记录正文")
    elif old and not any(spoken_of(subject, texts, order) for order in old):
        names = "、".join(dict.fromkeys(order.text for order in old[:3]))
        yield Defect(f"使用{names}，病程中未记录用药理由", key="unexplained")


def _change(subject: Subject) -> Iterator[Said]:
    """An antimicrobial that is put in the place of another, or added, without a note on it."""
    orders = antimicrobials(subject)
    if orders is None:
        yield orders_gap(subject)
        return
    texts = subject.of(*TEXTS)
    if orders and not written(subject, texts):
        yield Gap("病程记录正文")
        return
    if not any(spoken_of(subject, texts, order) for order in orders):
        return  # that no note speaks of any is one defect, and said
    for number, order in enumerate(orders):
        at = order.at
        if at is None or not due(subject, at) or not _is_change(subject, orders[:number], order):
            continue
        near = between(texts, at - _DAY, at + _DAY)
        reasoned = _is_reasoned(subject, near, order) or finds(subject, near, _CHANGED)
        if not reasoned and not _operated(subject, at):
            yield Defect(f"{shown(at)}更换(加用)“{order.text}”，病程未记录理由", key=order.id)


def _is_reasoned(subject: Subject, documents: list[Document], order: Order) -> bool:
    """Whether a note that names the drug says why, close by."""
    return any(
        _WHY.search(saying.passage.text[max(0, saying.fact.start - _NEAR) : saying.fact.end + _NEAR // 2])
        for saying in named(subject, documents, order)
    )


def _is_change(subject: Subject, earlier: list[Order], order: Order) -> bool:
    """Whether others were given for a day and this substance was not among them."""
    at = order.at
    before = [one for one in earlier if one.at and at and at - one.at >= _DAY]
    substances = _substances(subject, order)
    return bool(before) and all(substances.isdisjoint(_substances(subject, one)) for one in earlier)


def _substances(subject: Subject, order: Order) -> frozenset[str]:
    return frozenset(one for one in kinds(subject, order) if not one.startswith("drug-class:"))


def _operated(subject: Subject, at: datetime) -> bool:
    operations = subject.record.operations or ()
    return any(one.at and abs(one.at - at) <= _DAY for one in operations)


def _special(subject: Subject) -> Iterator[Said]:
    """Antimicrobials of the special grade to which nobody of the group agreed."""
    orders = antimicrobials(subject)
    if orders is None:
        yield orders_gap(subject)
        return
    told: set[str] = set()
    for order in orders:
        if grade(subject, order) != "special" or order.text in told:
            continue
        told.add(order.text)
        texts = subject.of(*TEXTS)
        if not written(subject, texts):
            yield Gap("病程记录正文")
        elif not subject.of(DocumentKind.CONSULTATION) and not finds(subject, texts, _AGREED):
            yield Defect(f"使用特殊使用级抗菌药物“{order.text}”，未见会诊同意的记录", key=order.text)


def _special_outpatient(subject: Subject) -> Iterator[Said]:
    orders = antimicrobials(subject)
    if orders is None:
        yield orders_gap(subject)
    for order in orders or ():
        if grade(subject, order) == "special":
            yield Defect(f"门诊开具特殊使用级抗菌药物“{order.text}”", key=order.id)


def _authority(subject: Subject) -> Iterator[Said]:
    """A graded antimicrobial that was ordered by somebody below, with no word of who allowed it."""
    orders = antimicrobials(subject)
    if orders is None:
        yield orders_gap(subject)
        return
    for order in orders:
        needed = _NEEDED.get(grade(subject, order))
        own = rank(order.by.title) if order.by else 0
        if needed is None or own == 0 or own >= rank(needed):
            continue
        near = between(subject.of(*TEXTS), order.at - _DAY, order.at + _DAY) if order.at else subject.of(*TEXTS)
        rounds = [d for d in near if d.kind is DocumentKind.ROUND]
        if not spoken_of(subject, rounds, order) and not finds(subject, near, _ALLOWED):
            title = order.by.title.value if order.by and order.by.title else ""
            says = (
                f"{title}开具{_GRADES[grade(subject, order)]}抗菌药物“{order.text}”，未见上级医师同意或越级使用记录"
            )
            yield Defect(says, key=order.id)


def _untested(subject: Subject) -> Iterator[Said]:
    """Antimicrobials of the special grade without any search for the germ."""
    orders = antimicrobials(subject)
    if orders is None or subject.record.results is None:
        yield orders_gap(subject) if orders is None else Gap("检验结果")
        return
    special = [order for order in orders if grade(subject, order) == "special"]
    if not special:
        return
    searched = any(r.kind is ResultKind.CULTURE or _EXAMINED.search(r.name) for r in subject.record.results)
    asked = any(_EXAMINED.search(order.text) for order in subject.record.orders or ())
    if not searched and not asked and not finds(subject, subject.of(*TEXTS), _EXAMINED):
        yield Defect(f"使用特殊使用级抗菌药物“{special[0].text}”，未见病原学送检", key=special[0].id)


def _prophylaxis(subject: Subject) -> Iterator[Said]:
    """Antimicrobials that were begun for an operation and go on too long after it, with nothing to treat."""
    orders = antimicrobials(subject)
    if orders is None or subject.record.operations is None:
        yield orders_gap(subject) if orders is None else Gap("手术信息")
        return
    operations = [one for one in subject.record.operations if one.at]
    if len(operations) != 1 or _has_infection(subject):
        return
    operation = operations[0]
    limit, end = _limit(operation), operation.end or operation.at
    begun = [o for o in orders if o.at and operation.at and end and operation.at - _DAY <= o.at <= end + _DAY]
    if begun and limit is None and not operation.incision:
        yield Gap("切口等级")
    for order in begun if limit and end else ():
        until = order.end or (subject.now if subject.stage is Stage.RUNNING else None)
        if until and end and limit and until > end + limit + _MARGIN and not _reasoned(subject, end):
            says = f"{operation.name}预防用“{order.text}”至术后{spoken(until - end)}，超过{spoken(limit)}，未说明理由"
            yield Defect(says, key=order.id)


def _limit(operation: Operation) -> timedelta | None:
    """A day after clean and clean-contaminated operations, two after those on the heart."""
    if not _LIMITED.search(operation.incision):
        return None
    return 2 * _DAY if _HEART.search(operation.name) else _DAY


def _has_infection(subject: Subject) -> bool:
    """Whether there is, or may be, something to treat: in diagnoses, given as data or under their heading."""
    names = [diagnosis.name for diagnosis in subject.record.diagnoses or ()]
    texts = [passage.text for passage in subject.texts(subject.documents) if passage.name == "诊断"]
    return any(_INFECTED.search(text) for text in (*names, *texts))


def _reasoned(subject: Subject, since: datetime) -> bool:
    later = between(subject.of(*TEXTS), since - EARLY)
    found = subject.says(later, "finding") or ()
    feverish = any(saying.fact.concept == _FEVER and current(saying.fact) for saying in found)
    return feverish or affirms(subject, later, _REASON) or affirms(subject, later, _INFECTED)


_check = partial(Check, group=Group.CORE, kinds=INPATIENT, aspect=Aspect.CLINICAL, stages=LATER, points=2.0)
_MEASURES: Final = "《抗菌药物临床应用管理办法》(卫生部令第84号)"
_GUIDE: Final = "《抗菌药物临床应用指导原则(2015年版)》(国卫办医发〔2015〕43号)"
_SYSTEM: Final = f"{CORE_SYSTEMS}抗菌药物分级管理制度"
CHECKS: Final = (
    _check(
        name="antimicrobial-unexplained",
        title="使用抗菌药物病程无记录",
        source=f"《病案管理质量控制指标(2021年版)》指标十一(抗菌药物使用记录符合率);{NORM}第二十二条",
        mend="在病程中记录抗菌药物的使用指征、品种选择理由和疗效",
        run=_unexplained,
    ),
    _check(
        name="antimicrobial-change-unexplained",
        title="更换抗菌药物未记录理由",
        source=f"{NORM}第二十二条;{_GUIDE}",
        mend="在病程中记录更换(加用)抗菌药物的依据",
        run=_change,
        most=4.0,
    ),
    _check(
        name="antimicrobial-special-unagreed",
        title="特殊使用级抗菌药物无会诊同意记录",
        source=f"{_MEASURES}第二十七条;{_SYSTEM}",
        mend="请抗菌药物管理工作组指定的专业人员会诊并记录；紧急越级使用的记录指征并在24小时内补办",
        run=_special,
        severity=Severity.SEVERE,
        points=3.0,
        most=6.0,
    ),
    _check(
        name="antimicrobial-special-outpatient",
        title="门诊使用特殊使用级抗菌药物",
        group=Group.OUTPATIENT,
        kinds=frozenset({RecordKind.OUTPATIENT}),
        source=f"{_MEASURES}第二十七条",
        mend="停用，改用适宜品种；确需使用的收住院治疗",
        run=_special_outpatient,
        severity=Severity.SEVERE,
        points=5.0,
    ),
    _check(
        name="antimicrobial-beyond-authority",
        title="越级开具抗菌药物未说明",
        source=f"{_MEASURES};{_SYSTEM}",
        mend="由有相应处方权的医师开具；紧急越级使用的记录指征，限1天用量并补办手续",
        run=_authority,
        most=4.0,
    ),
    _check(
        name="antimicrobial-untested",
        title="使用特殊使用级抗菌药物未送病原学检查",
        source=f"{_GUIDE};《2021年国家医疗质量安全改进目标》(国卫办医函〔2021〕76号)",
        mend="用药前留取合格标本送病原学检查；未送检的在病程中说明原因",
        run=_untested,
        points=1.0,
        severity=Severity.MINOR,
    ),
    _check(
        name="antimicrobial-prophylaxis-long",
        title="围手术期预防用抗菌药物时间过长且无理由",
        group=Group.OPERATION,
        source=_GUIDE,
        mend="及时停用预防用药；需延长或改为治疗的，在病程中写明依据",
        run=_prophylaxis,
        most=4.0,
        version="2",
    ),
)
