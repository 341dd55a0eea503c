"""What the history of an admission record must tell (article 18 of the norm): the patient, the illness, the past."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from clinical.medical_record import DocumentKind
from nlp.durations import durations
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Passage, Subject
from supervision.record_qc.whom import adolescent, adult, grown_woman

_NOTES: Final = (DocumentKind.ADMISSION, DocumentKind.READMISSION)
_ARTICLE: Final = f"{NORM}第十八条"

# -- general items ---------------------------------------------------------------------------

_GENERAL: Final = {
    "民族": r"民\s*族|[汉回藏壮满苗彝土蒙]族|蒙古族|维吾尔族|朝鲜族|鄂温克族|鄂伦春族|达斡尔族",
    "婚姻状况": r"婚\s*姻|婚\s*否|[已未离再]婚|丧偶",
    "出生地": r"出\s*生\s*地|籍\s*贯|出生于|生于|[省区盟州市县旗]人(?=[，,。；;\s]|$)",
    "职业": r"职\s*业|[农牧渔]民|工人|[退离]休|职[员工]|学生|[无待]业|个体|干部|公务员|军人|教[师员]|会计|司机|"
    r"驾驶员|工程师|技术员|服务员|厨师|保安|保洁|警察|律师|商人|经商|务工|家庭主妇",
}
_HEAD: Final = re.compile(r"民\s*族|[汉回藏壮满苗]族|职\s*业|出\s*生\s*地|籍\s*贯")
"""What tells that the general items came with the document: many systems keep them apart."""
_OF_ADULTS: Final = frozenset({"婚姻状况", "职业"})
_TELLERS: Final = (
    r"(?:病\s*史|供\s*史)[^。；\n]{0,6}(?:陈\s*述|叙\s*述|提\s*供|供\s*史|代\s*述)|(?:陈\s*述|供\s*史)\s*者|"
    r"代诉|代述|"
    r"(?:患者|家属|家长|父母?|母亲|配偶)[^。；\n]{0,6}(?:提供|陈述|叙述)"
)


def _incomplete_general(subject: Subject) -> Iterator[Said]:
    of_age = adult(subject) is True
    asked = {name: words for name, words in _GENERAL.items() if of_age or name not in _OF_ADULTS}
    for document in subject.judged(*_NOTES):
        text = text_of(document)
        missing = [name for name, words in asked.items() if not re.search(words, text)]
        if not _HEAD.search(text):
            yield Gap("入院记录的一般项目")
        elif missing:
            yield Defect(f"一般项目缺{'、'.join(missing)}", Place(document.id))


def _without_informant(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_NOTES):
        text = text_of(document)
        if re.search(_TELLERS, text):
            continue
        if _HEAD.search(text):
            yield Defect("未记录病史陈述者", Place(document.id))
        else:
            yield Gap("入院记录的一般项目")


# -- the present illness ---------------------------------------------------------------------

_WHEN: Final = re.compile(
    r"\d{2,4}\s*[-年./]\s*\d{1,2}|\d{1,2}月\d{0,2}|[今昨前当]\s*[日天晚晨早夜]|自幼|生后|出生|产后|术后|入院[前当]|"
    r"刚才|[去今前]年|上[周月]|停经|孕\d"
)
_CARE: Final = re.compile(
    r"产检|产前检查|体检|诊治|就诊|求诊|诊疗|诊断|治疗|诊所|医院|门诊|急诊|120|服用?|口服|自服|自用|予|给予|"
    r"输液|静滴|点滴|检查|化验|复查|"
    r"CT|MRI|B超|彩超|胸片|X线|手术|化疗|放疗|透析|用药|药|未处理|未重视|未在意|未介意|未诊|未治|未就"
)
_PURPOSE: Final = re.compile(r"为(?:求|进一步|明确|行|系统)[^。；\n]{0,40}(?:[收入转]|来)[^。；\n]{0,12}")
_STATE: Final = re.compile(
    r"精神|神志|食欲|食纳|胃?纳[差可食欠佳呆]|饮食|进食|纳眠|睡眠|夜眠|眠[差可欠安]|寐|(?:[大小]|大小|[二两])便(?!失禁)|"
    r"尿量|体重|体力|奶量|吃奶|吸吮|一般情况"
)
_WITH: Final = re.compile(r"伴|无|否认|未见|未诉|未出现|没有|未觉|不发热|未发热")
_UNCHANGED: Final = re.compile(r"(?:体重|体力|精神|睡眠|饮食|食欲|便)[^，,。；;\n]{0,8}无[^，,。；;\n]*")
"""体重无变化 is of the general state and tells of no accompanying symptom."""
_EARLIER: Final = re.compile(
    r"住院|入院|出院|[前上首末历]次|第[一二三四五六七八九十\d]+次|我科|我院|外院|医院|病区|术后|化疗|放疗|透析"
)


def _illness(subject: Subject) -> Iterator[Passage]:
    """Every present illness that was written."""
    for document in subject.judged(*_NOTES):
        found = subject.section(document, "现病史")
        if found is not None and len(found.text.strip()) > 4:
            yield found


def _without_onset(subject: Subject) -> Iterator[Said]:
    for illness in _illness(subject):
        if not durations(illness.text) and not _WHEN.search(illness.text):
            yield Defect("现病史未写明发病时间", illness.place())


def _without_care(subject: Subject) -> Iterator[Said]:
    for illness in _illness(subject):
        if not _CARE.search(_PURPOSE.sub("", illness.text)):
            yield Defect("现病史未写发病以来的诊治经过(未诊治也应写明)", illness.place())


def _without_state(subject: Subject) -> Iterator[Said]:
    for illness in _illness(subject):
        if not _STATE.search(illness.text):
            yield Defect("现病史未写发病以来的精神、睡眠、食欲、大小便、体重等一般情况", illness.place())


def _without_company(subject: Subject) -> Iterator[Said]:
    for illness in _illness(subject):
        if not _WITH.search(_UNCHANGED.sub("", illness.text)):
            yield Defect("现病史未写伴随症状和有鉴别意义的阴性资料", illness.place())


def _without_earlier_stays(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(DocumentKind.READMISSION):
        found = subject.section(document, "现病史")
        if found is not None and found.text.strip() and not _EARLIER.search(_PURPOSE.sub("", found.text)):
            yield Defect("再次入院记录的现病史未先小结历次住院诊疗经过", found.place())


def _illness_check(
    name: str, title: str, run: Callable[[Subject], Iterable[Said]], item: str, points: float = 1.0
) -> Check:
    return Check(
        name=f"present-illness-{name}",
        title=title,
        group=Group.ADMISSION,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{_ARTICLE}(三){item}",
        mend="按发病情况、主要症状及其变化、伴随症状、诊治经过、一般情况的顺序补充现病史",
        run=run,
        points=points,
    )


# -- the past --------------------------------------------------------------------------------

_NOT_TOLD: Final = (
    r"(?:无法|不能|未能|难以)(?:询问|提供|获得|获取|采集|追问|问及|叙述|陈述)|(?:病史|既往史|史)[^。；\n]{0,6}不详|"
    r"(?:同前|见|详见|参见)(?:前|上|既往|首|第.)?次?[^。；\n]{0,6}(?:病历|病案|住院|入院记录)|(?:^|"
    r"[:：\s])同(?:前|上次)(?=[。；\s]|$)"
)
_PAST: Final = Form(
    "past-history",
    _NOTES,
    f"{_ARTICLE}(四)",
    Group.ADMISSION,
    (
        Item(
            "infection", "传染病史", "传染病史|(?:传染病)?接触史",
            rf"传染|肝炎|结核|伤寒|梅毒|HIV|艾滋|疟疾|布[鲁氏]|乙肝|{_NOT_TOLD}", 0.5, none_will_do=True,
        ),
        Item(
            "vaccination", "预防接种史", "(?:预防)?接种史|疫苗接种史", rf"接种|疫苗|计划免疫|{_NOT_TOLD}", 0.5,
            none_will_do=True,
        ),
        Item(
            "operation", "手术外伤史", "手术史|外伤史|手术(?:及|、)?外伤史|外伤(?:及|、)?手术史",
            rf"手术|外伤|术后|切除术?|剖[宫腹]产|移植|支架|骨折|{_NOT_TOLD}", 0.5, none_will_do=True,
        ),
        Item("transfusion", "输血史", "输血史", rf"输血|血制品|血液制品|{_NOT_TOLD}", 0.5, none_will_do=True),
    ),
    called="入院记录",
    within=("既往史", "手术史", "输血史", "过敏史", "预防接种史", "个人史"),
)  # fmt: skip
_ALLERGY: Final = Form(
    "past-history",
    _NOTES,
    f"{_ARTICLE}(四)",
    Group.ADMISSION,
    (Item("allergy", "食物或药物过敏史", "(?:药物?|食物|药物及食物)?过敏史", rf"过敏|药敏|{_NOT_TOLD}", 2.0),),
    called="入院记录",
)
_PERSONAL: Final = Form(
    "personal-history",
    _NOTES,
    f"{_ARTICLE}(五)",
    Group.ADMISSION,
    (Item("habits", "烟酒等嗜好", words=rf"烟|酒|嗜好|不良习惯|{_NOT_TOLD}", points=0.5, asked=adolescent),),
    called="入院记录",
    within=("个人史",),
)
_FAMILY: Final = Form(
    "personal-history",
    _NOTES,
    f"{_ARTICLE}(五)",
    Group.ADMISSION,
    (
        Item(
            "marriage", "婚育史", "(?:月经)?婚[姻育]{0,2}(?:生育)?史|生育史|月经及婚育史|孕产史",
            r"结婚|适龄|适婚|[未离]婚|离异|丧偶|已婚[，,、]?\s*[已未育配]|婚育|配偶|爱人|丈夫|妻子|育有|"
            r"[生育][一二三四五\d]+[子女]|孕\d|G\d",
            asked=adult,
        ),
        Item(
            "menstruation", "月经史", "月经史|月经(?:婚育|生育|及婚育)史",
            r"月经|经期|行经|绝经|停经|闭经|初潮|末次|LMP|哺乳期|子宫(?:全|次全)?切除", asked=grown_woman,
        ),
    ),
    called="入院记录",
)  # fmt: skip

CHECKS: Final = (
    Check(
        name="admission-note-general-items",
        title="入院记录一般项目不全",
        group=Group.ADMISSION,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{_ARTICLE}(一)",
        mend="补充民族、婚姻状况、出生地、职业等一般项目",
        run=_incomplete_general,
        points=0.5,
        severity=Severity.MINOR,
    ),
    Check(
        name="admission-note-informant",
        title="入院记录未写病史陈述者",
        group=Group.ADMISSION,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{_ARTICLE}(一)",
        mend="写明病史陈述者(患者本人或与患者的关系)",
        run=_without_informant,
        points=0.5,
        severity=Severity.MINOR,
    ),
    _illness_check("onset", "现病史未写发病时间", _without_onset, "1", 2.0),
    _illness_check("accompanying", "现病史未写伴随症状及阴性资料", _without_company, "3"),
    _illness_check("care", "现病史未写诊治经过", _without_care, "4"),
    _illness_check("general-state", "现病史未写发病以来一般情况", _without_state, "5"),
    Check(
        name="readmission-earlier-stays",
        title="再次入院记录未小结历次住院",
        group=Group.ADMISSION,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{NORM}第十九条",
        mend="现病史先小结本次住院前历次有关住院诊疗经过，再写本次现病史",
        run=_without_earlier_stays,
        points=1.0,
    ),
    *_PAST.checks(),
    *_ALLERGY.checks(),
    *_PERSONAL.checks(),
    *_FAMILY.checks(),
)
