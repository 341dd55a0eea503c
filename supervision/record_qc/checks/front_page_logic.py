"""Whether what stands on the front page can be true: dates, days, ages, weights, death, the identity number, blood
type, allergies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from clinical.medical_record import DocumentKind, EventKind, Result, ResultKind
from nlp.assertion import Who
from supervision.record_qc import page_items as items
from supervision.record_qc.meaning import ADMISSION_NOTES, LANGUAGE, clause, present
from supervision.record_qc.model import Aspect, Gap, Said, Severity
from supervision.record_qc.page import PAGE_GUIDE, PAGE_NORM, Page, as_date, page_check, page_place, untold, wrong
from supervision.record_qc.subject import Saying

_TRUE: Final = f"{PAGE_NORM}第三条"
_CITIZEN: Final = "GB 11643-1999《公民身份号码》；"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_CITIZEN_FORM: Final = re.compile(r"[1-9]\d{16}[\dXx]")
_LIGHTEST, _HEAVIEST = 400, 7000
"""Grams between which newborns weigh."""
_MARRIED: Final = ("已婚", "丧偶", "离婚")
_YOUNGEST_MARRIED: Final = 16
_YOUNGEST_RETIRED: Final = 40
_RETIRED: Final = re.compile(r"退\(?（?离?）?\)?休")
_YOUNGEST_AT_WORK: Final = 16
_WORKS: Final = re.compile(r"公务员|技术人员|职员|管理人员|工人|[农牧渔]民|军人|自由职业|个体")
_GROUP: Final = re.compile(r"(?<![A-Z])(AB|A|B|O)\s*(?:型|$|[,，;；（(])")
_UNTYPED: Final = ("不详", "未查")
_DEATHS: Final = (DocumentKind.DEATH, DocumentKind.DAY_DEATH, DocumentKind.DEATH_DISCUSSION)
_FOODS: Final = frozenset({"allergen:egg", "allergen:soy", "allergen:gelatin"})
_REACTION: Final = re.compile(r"史?\s*[（(][^）)]{0,12}(?:疹|痒|休克|水肿|喘|恶心|呕吐|呼吸|红肿|过敏)")
_DENIED: Final = re.compile(r"否认|无|未|没有|不")
_DRUGS: Final = ("ingredient:", "drug-class:", "allergen:")


# -- dates -----------------------------------------------------------------------------------


def _days(page: Page) -> Iterator[Said]:
    """The day of admission and that of discharge count as one."""
    told = page.number(items.DAYS)
    if told is None or page.admitted is None or page.discharged is None:
        yield Gap("入院、出院时间或实际住院天数")
        return
    right = max(1, (page.discharged - page.admitted).days)
    if page.discharged >= page.admitted and told != right:
        yield wrong(f"实际住院天数填{told:g}天，按入院、出院日期应为{right}天", page.place(items.DAYS))


def _stay_backwards(page: Page) -> Iterator[Said]:
    visit = page.record.visit
    ended = page.record.ended
    if visit.admitted is None or ended is None:
        yield Gap("入院、出院时间")
    elif ended < visit.admitted:
        yield wrong("出院时间早于入院时间", page_place("出院时间"))


def _age(page: Page) -> Iterator[Said]:
    """Full years at admission; a stated age is told by the visit or the page."""
    match = re.fullmatch(r"(\d{1,3})\s*(?:岁|周岁)?", page.item(items.AGE) or "")
    if match is None or page.birth is None or page.admitted is None:
        yield Gap("首页年龄、出生日期或入院时间")
        return
    right = _full_years(page.birth, page.admitted)
    if right >= 1 and int(match[1]) != right:
        says = f"年龄填{match[1]}岁，按出生日期{page.birth}入院时应为{right}周岁"
        yield wrong(says, page.place(items.AGE), page.place(items.BIRTH))


def _full_years(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def _birth_impossible(page: Page) -> Iterator[Said]:
    written = page.item(items.BIRTH)
    if not written:
        return
    if page.birth is None:
        yield wrong(f"出生日期“{written}”不是日期", page.place(items.BIRTH))
    elif page.admitted and page.birth > page.admitted:
        yield wrong(f"出生日期{page.birth}晚于入院日期{page.admitted}", page.place(items.BIRTH))


# -- the identity number: never quoted -------------------------------------------------------


def _citizen(page: Page) -> str:
    """The identity number where it has eighteen places; passports and other papers have not."""
    written = (page.item(items.IDENTITY) or "").strip()
    return written if len(written) == 18 else ""


def _valid(number: str) -> bool:
    return bool(_CITIZEN_FORM.fullmatch(number)) and (
        _CHECKS[sum(int(n) * w for n, w in zip(number, _WEIGHTS, strict=False)) % 11] == number[-1].upper()
    )


def _identity_invalid(page: Page) -> Iterator[Said]:
    if page.item(items.IDENTITY) is None:
        yield untold(items.IDENTITY)
        return
    number = _citizen(page)
    if number and "*" not in number and not _valid(number):
        yield wrong("身份证号校验不通过", page_place(items.IDENTITY.name))


def _identity_differs(page: Page) -> Iterator[Said]:
    if page.item(items.IDENTITY) is None:
        yield untold(items.IDENTITY)
        return
    number = _citizen(page)
    if not number or not _valid(number):
        return
    if page.birth and as_date(number[6:14]) != page.birth:
        yield wrong("身份证号中的出生日期与首页出生日期不符", page_place(items.IDENTITY.name), key="birth")
    sex = "男" if int(number[16]) % 2 else "女"
    if page.sex and page.sex != sex:
        yield wrong(f"身份证号所示性别为{sex}，首页性别为{page.sex}", page_place(items.IDENTITY.name), key="sex")


# -- people ----------------------------------------------------------------------------------


def _weights(page: Page) -> Iterator[Said]:
    for item in (items.NEWBORN_BIRTH_WEIGHT, items.NEWBORN_WEIGHT):
        grams = page.number(item)
        if grams is not None and not _LIGHTEST <= grams <= _HEAVIEST:
            yield wrong(f"{item.name}填{grams:g}克，不合常理（单位为克）", page.place(item), key=item.name)


def _person(page: Page) -> Iterator[Said]:
    if page.age is None:
        yield Gap("患者年龄")
        return
    marriage, occupation = page.choice(items.MARRIAGE), page.item(items.OCCUPATION) or ""
    if marriage in _MARRIED and page.age < _YOUNGEST_MARRIED:
        yield wrong(f"{int(page.age)}岁患者婚姻填“{marriage}”", page.place(items.MARRIAGE), key="marriage")
    if (page.age < _YOUNGEST_RETIRED and _RETIRED.search(occupation)) or (
        page.age < _YOUNGEST_AT_WORK and _WORKS.search(occupation)
    ):
        yield wrong(f"{int(page.age)}岁患者职业填“{occupation}”", page.place(items.OCCUPATION), key="occupation")


# -- death -----------------------------------------------------------------------------------


def _death(page: Page) -> Iterator[Said]:
    way = page.choice(items.WAY_OUT)
    if way is None:
        yield untold(items.WAY_OUT)
        return
    dead = bool(page.record.visit.died or page.subject.of(*_DEATHS))
    if dead and way != "死亡":
        yield wrong(f"患者已死亡，离院方式填“{way}”", page.place(items.WAY_OUT))
    elif way == "死亡" and not dead and page.subject.of(DocumentKind.DISCHARGE):
        yield wrong("离院方式填“死亡”，但病历为出院记录，无死亡记录", page.place(items.WAY_OUT))


def _plans_for_dead(page: Page) -> Iterator[Said]:
    if page.died and page.choice(items.READMISSION) == "有":
        yield wrong("死亡患者填有出院31天内再住院计划", page.place(items.READMISSION))


# -- blood and allergies ---------------------------------------------------------------------


def _transfused(page: Page) -> bool:
    return bool(page.subject.events(EventKind.TRANSFUSION)) or bool(page.number(items.BLOOD_FEE))


def _transfused_untyped(page: Page) -> Iterator[Said]:
    group = page.choice(items.ABO)
    if group is None:
        yield untold(items.ABO)
        return
    if group in _UNTYPED and _transfused(page):
        yield wrong(f"本次住院有输血，首页血型填“{group}”", page.place(items.ABO))


def _blood_group(result: Result) -> str:
    """The ABO group that a report tells; empty for other reports and those that say nothing clear."""
    if result.kind is not ResultKind.LAB or "血型" not in result.name or "Rh" in result.name.replace("ABO", ""):
        return ""
    found = set(_GROUP.findall(result.text.upper()))
    return found.pop() if len(found) == 1 else ""


def _blood_differs(page: Page) -> Iterator[Said]:
    group = page.choice(items.ABO)
    if group is None or page.record.results is None:
        yield Gap("首页血型或检验结果")
        return
    if group in _UNTYPED and _transfused(page):
        return
    for result in page.record.results:
        found = _blood_group(result)
        if found and found != group:
            says = f"首页血型填“{group}”，检验结果为{found}型"
            yield wrong(says, page.place(items.ABO), key=result.id)


def _allergy_in_notes(page: Page) -> Iterator[Said]:
    """Drugs alone: food and pollen do not belong there."""
    if page.choice(items.ALLERGY) != "无":
        return
    said = page.subject.says(page.subject.of(*ADMISSION_NOTES, DocumentKind.FIRST_COURSE), "allergy")
    if said is None:
        yield LANGUAGE
        return
    found = next((one for one in said if _is_drug(one.fact.concept) and _allergic(one)), None)
    if found is not None:
        says = f"首页药物过敏填“无”，病历记载对“{found.fact.text}”过敏"
        yield wrong(says, page.place(items.ALLERGY), found.place)


def _allergic(saying: Saying) -> bool:
    """Whether the patient is allergic: said so, or told with its reaction after a clause that denies other things
    (否认输血史，青霉素过敏史（皮疹）)."""
    fact, text = saying.fact, saying.passage.text
    here = clause(text, fact.start, fact.end)
    told = _REACTION.match(text, fact.end) is not None and not _DENIED.search(here)
    return present(fact) or (told and fact.who is Who.PATIENT)


def _is_drug(concept: str) -> bool:
    return concept.startswith(_DRUGS) and concept not in _FOODS


CHECKS: Final = (
    page_check(
        "front-page-days",
        "首页实际住院天数与日期不符",
        _days,
        PAGE_GUIDE,
        "按入院、出院日期计算：入院日与出院日只计1天",
        aspect=Aspect.CONSISTENT,
    ),
    page_check(
        "front-page-stay-backwards",
        "首页出院时间早于入院时间",
        _stay_backwards,
        f"{PAGE_NORM}第八条",
        "核对并改正入院、出院时间",
        aspect=Aspect.CONSISTENT,
        points=2.0,
    ),
    page_check(
        "front-page-age-differs",
        "首页年龄与出生日期不符",
        _age,
        PAGE_GUIDE,
        "年龄填入院时的实足年龄；核对出生日期",
        aspect=Aspect.CONSISTENT,
    ),
    page_check(
        "front-page-birth-impossible",
        "首页出生日期不成立",
        _birth_impossible,
        _TRUE,
        "核对患者证件后改正出生日期",
        aspect=Aspect.CONSISTENT,
    ),
    page_check(
        "front-page-identity-invalid",
        "首页身份证号校验不通过",
        _identity_invalid,
        f"{_CITIZEN}{PAGE_GUIDE}",
        "核对患者身份证后改正",
        aspect=Aspect.PROPER,
    ),
    page_check(
        "front-page-identity-differs",
        "首页身份证号与出生日期或性别不符",
        _identity_differs,
        f"{_CITIZEN}{_TRUE}",
        "核对患者身份证后改正不符的项目",
        aspect=Aspect.CONSISTENT,
    ),
    page_check(
        "front-page-newborn-weight-implausible",
        "首页新生儿体重不合常理",
        _weights,
        PAGE_GUIDE,
        "核对体重，以克为单位填写，精确到10克",
        aspect=Aspect.PROPER,
    ),
    page_check(
        "front-page-person-implausible",
        "首页婚姻或职业与年龄不符",
        _person,
        _TRUE,
        "核对患者基本信息后改正",
        aspect=Aspect.CONSISTENT,
        severity=Severity.MINOR,
        points=0.5,
    ),
    page_check(
        "front-page-death-differs",
        "首页离院方式与患者死亡情况不符",
        _death,
        _TRUE,
        "核对患者结局后改正离院方式",
        aspect=Aspect.CONSISTENT,
        severity=Severity.SEVERE,
        points=3.0,
    ),
    page_check(
        "front-page-plan-for-dead",
        "死亡患者填有再住院计划",
        _plans_for_dead,
        _TRUE,
        "改正是否有出院31天内再住院计划",
        aspect=Aspect.CONSISTENT,
    ),
    page_check(
        "front-page-blood-type-unknown-transfused",
        "有输血而首页血型填未查或不详",
        _transfused_untyped,
        "《临床输血技术规范》(卫医发〔2000〕184号)；" + PAGE_GUIDE,
        "按输血前血型鉴定结果填写ABO和Rh血型",
        aspect=Aspect.CONSISTENT,
        points=2.0,
    ),
    page_check(
        "front-page-blood-type-differs",
        "首页血型与检验结果不符",
        _blood_differs,
        _TRUE,
        "核对血型检验报告后改正；必要时复查血型",
        aspect=Aspect.CONSISTENT,
        severity=Severity.SEVERE,
        points=3.0,
    ),
    page_check(
        "front-page-allergy-in-notes",
        "首页药物过敏填“无”而病历记载药物过敏",
        _allergy_in_notes,
        _TRUE,
        "核对过敏史，首页药物过敏改填“有”并写明过敏药物",
        aspect=Aspect.CONSISTENT,
        severity=Severity.SEVERE,
        points=3.0,
    ),
)
