"""What must be filled in on the front page, and what may stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from clinical.medical_record import ResultKind
from supervision.record_qc import page_items as items
from supervision.record_qc.model import Aspect, Gap, Said, Severity
from supervision.record_qc.page import PAGE_GUIDE, PAGE_NORM, PAGE_SCORES, Coded, Page, page_check, wrong
from supervision.record_qc.page_rows import Filled, chosen

_NEWBORN_DAYS: Final = 28
_INJURY: Final = "S00-T79"
_INJURY_NAMED: Final = re.compile(
    r"(?<!病理性)(?<!陈旧性)骨折(?!不愈合|术后|延迟)|挫裂?伤|撕裂伤|[烧烫灼扭刺]伤|中毒(?!性)|创伤性"
)
_HEAD: Final = "S06"
_BORN: Final = "Z37.0;Z37.2;Z37.3;Z37.5;O80-O84"
_STILLBORN: Final = "Z37.1;Z37.4;Z37.7;O36.4"
_PERSON: Final = (
    *(items.NATION, items.OCCUPATION, items.MARRIAGE, items.ADDRESS, items.PHONE),
    *(items.CONTACT, items.RELATION, items.CONTACT_PHONE),
)
_VAGUE: Final = re.compile(
    r"(?:被?车祸|交通事故|外伤|摔伤|跌伤|摔倒|碰伤|撞伤|砸伤|意外|意外伤害|意外事故|受伤|损伤|中毒|食物中毒|药物中毒|不详|其他)(?:所?致|引起)?(?:伤)?"
)
_TUMOUR: Final = re.compile(
    r"(?<![无非])(?:癌(?!前)|肉瘤|腺瘤|淋巴瘤|白血病|骨髓瘤|母细胞瘤|胶质瘤|脑膜瘤|黑色素瘤|间质瘤|畸胎瘤|平滑肌瘤|脂肪瘤|肿瘤(?!性))"
)


# -- when something is needed ----------------------------------------------------------------


def _newborn(page: Page) -> str | Gap | None:
    if page.age_days is None:
        return Gap("患者年龄")
    return "新生儿期住院" if page.age_days < _NEWBORN_DAYS else None


def _born_here(page: Page) -> str | Gap | None:
    delivered = page.carries(_BORN) and not page.carries(_STILLBORN)
    return "产妇本次分娩" if delivered else _newborn(page)


def _named_injury(coded: Coded) -> bool:
    """Whether a diagnosis that nobody coded is an injury or poisoning by its name."""
    return not coded.diagnosis.code.strip() and _INJURY_NAMED.search(coded.diagnosis.name) is not None


def _injured(page: Page) -> str | Gap | None:
    found = next((coded for coded in page.diagnoses if coded.within(_INJURY) or _named_injury(coded)), None)
    if found is None:
        return None if page.is_coded else Gap("出院诊断编码")
    return f"诊断有损伤或中毒{found.called}"


def _head_injured(page: Page) -> str | Gap | None:
    if not page.is_coded:
        return Gap("出院诊断编码")
    return "诊断有颅脑损伤" if page.carries(_HEAD) else None


def _dead(page: Page) -> str | Gap | None:
    return Gap("离院方式") if page.died is None else ("患者死亡" if page.died else None)


def _tissue_examined(page: Page) -> str | Gap | None:
    """A fee for pathology, or a report of it before the patient left."""
    fee = page.number(items.PATHOLOGY_FEE)
    if fee:
        return f"有病理诊断费{fee:g}元"
    if page.record.results is None:
        return Gap("病理报告")
    found = (r for r in page.record.results if r.kind is ResultKind.PATHOLOGY and r.text.strip())
    report = next((r for r in found if not _later(page, r.reported or r.at)), None)
    return f"已有病理报告“{report.name}”" if report else None


def _later(page: Page, reported: datetime | None) -> bool:
    ended = page.record.ended
    return ended is not None and reported is not None and reported > ended


def _tumour_written(page: Page) -> str | None:
    """Of tumours alone: inflammation has no morphology code."""
    written = page.item(items.PATHOLOGY) or ""
    return f"病理诊断为“{written}”" if _TUMOUR.search(written) else None


def _cause_written(page: Page) -> str | None:
    return "已填外部原因" if page.item(items.EXTERNAL) else None


# -- what may stand there --------------------------------------------------------------------


def _outside_domain(page: Page) -> Iterator[Said]:
    for item in items.CHOICES:
        written = page.item(item)
        if written and not item.allows(written):
            yield wrong(f"首页“{item.name}”填写“{written}”，不在规定的选项内", page.place(item), key=item.name)


def _vague_cause(page: Page) -> Iterator[Said]:
    written = page.item(items.EXTERNAL)
    if written and _VAGUE.fullmatch(written.strip(" 。.")):
        yield wrong(f"损伤、中毒的外部原因仅写“{written}”，过于笼统", page.place(items.EXTERNAL))


def _allergens_without_allergy(page: Page) -> Iterator[Said]:
    drugs = page.item(items.ALLERGENS)
    if page.choice(items.ALLERGY) == "无" and drugs and drugs not in ("无", "否认"):
        says = f"首页药物过敏填“无”，但过敏药物填写“{drugs}”"
        yield wrong(says, page.place(items.ALLERGY), page.place(items.ALLERGENS))


_ROWS: Final = (
    Filled("front-page-number", (items.NUMBER,), points=2.0, source=PAGE_SCORES),
    Filled("front-page-birth-date", (items.BIRTH,), points=2.0, source=PAGE_SCORES),
    Filled("front-page-payment", (items.PAYMENT,)),
    Filled("front-page-person", _PERSON, "患者基本信息", points=0.5, most=2.0, severity=Severity.MINOR),
    Filled("front-page-way-in", (items.WAY_IN,)),
    Filled("front-page-department-out", (items.DEPARTMENT_OUT,)),
    Filled("front-page-way-out", (items.WAY_OUT,), points=2.0),
    Filled("front-page-readmission-plan", (items.READMISSION,)),
    Filled("front-page-allergy", (items.ALLERGY,)),
    Filled("front-page-blood-type", (items.ABO, items.RH), "血型"),
    Filled("front-page-allergens", (items.ALLERGENS,), when=chosen(items.ALLERGY, "有")),
    Filled(
        "front-page-receiver",
        (items.RECEIVER,),
        when=chosen(items.WAY_OUT, "医嘱转院", "医嘱转社区卫生服务机构乡镇卫生院"),
    ),
    Filled("front-page-readmission-purpose", (items.PURPOSE,), when=chosen(items.READMISSION, "有")),
    Filled("front-page-autopsy", (items.AUTOPSY,), when=_dead),
    Filled("front-page-newborn-birth-weight", (items.NEWBORN_BIRTH_WEIGHT,), when=_born_here, points=2.0),
    Filled("front-page-newborn-weight", (items.NEWBORN_WEIGHT,), when=_newborn, points=2.0),
    Filled("front-page-external-cause", (items.EXTERNAL,), when=_injured, points=2.0),
    Filled("front-page-external-cause-coded", (items.EXTERNAL_CODE,), when=_cause_written),
    Filled("front-page-pathology", (items.PATHOLOGY,), when=_tissue_examined, points=2.0),
    Filled("front-page-pathology-coded", (items.PATHOLOGY_CODE,), when=_tumour_written),
    Filled("front-page-coma", (items.COMA_BEFORE, items.COMA_AFTER), "颅脑损伤患者昏迷时间", when=_head_injured),
)
CHECKS: Final = (
    *(row.check() for row in _ROWS),
    page_check(
        "front-page-domain",
        "首页选项填写不在值域内",
        _outside_domain,
        PAGE_GUIDE,
        "按填写说明改填规定的选项",
        aspect=Aspect.PROPER,
        most=3.0,
    ),
    page_check(
        "front-page-external-cause-vague",
        "损伤、中毒的外部原因填写笼统",
        _vague_cause,
        PAGE_GUIDE,
        "写明致伤(中毒)的具体原因、方式和物品，如“骑电动车与小汽车相撞”“误服敌敌畏”",
        aspect=Aspect.PROPER,
    ),
    page_check(
        "front-page-allergy-contradicts",
        "首页药物过敏与过敏药物矛盾",
        _allergens_without_allergy,
        f"{PAGE_NORM}第三条",
        "核对过敏史后改正药物过敏或过敏药物",
        aspect=Aspect.CONSISTENT,
        points=2.0,
    ),
)
