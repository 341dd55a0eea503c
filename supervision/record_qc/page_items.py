"""Items of the front page (住院病案首页, 2011): what they are called, under which other names systems print them, and
what may be chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

_MARKS: Final = re.compile(r"[\s（）()【】\[\]、，,。.:：;；/／\\_\-—□]+")
_CHOSEN: Final = re.compile(r"^(\d{1,2})[.、:：\s\-]*(.*)$")


def bare(text: str) -> str:
    """A text without marks and blanks, as names and choices are compared."""
    return _MARKS.sub("", text)


@dataclass(frozen=True, slots=True)
class Item:
    """An item: its printed name, other names of it, and (code, meaning, other words …) of what may be chosen. Of a
    ``loose`` item other words than these may be written."""

    name: str
    others: tuple[str, ...] = ()
    options: tuple[tuple[str, ...], ...] = ()
    loose: bool = False

    def names(self) -> tuple[str, ...]:
        """Every name, bare."""
        return tuple(bare(name) for name in (self.name, *self.others))

    def meaning(self, written: str) -> str:
        """Which option was chosen, by code, word or both; empty for what is none of them."""
        text = written.strip()
        chosen = _CHOSEN.match(text)
        code, words = (chosen[1], bare(chosen[2])) if chosen else ("", bare(text))
        number = code.lstrip("0") or code[-1:]
        for option in self.options:
            if (words in option[1:]) if words else (number and number == option[0]):
                return option[1]
        return ""

    def allows(self, written: str) -> bool:
        """Whether what was written is one of the options (or, of a loose item, no number that is none)."""
        return not self.options or bool(self.meaning(written)) or (self.loose and not written.strip().isdigit())


@cache
def _options(text: str) -> tuple[tuple[str, ...], ...]:
    """``1男|男性 2女|女性`` as tuples of code, meaning, other words."""
    found = (re.fullmatch(r"(\d*)(.+)", word) for word in text.split())
    return tuple((match[1], *match[2].split("|")) for match in found if match)


def _choice(name: str, options: str, *others: str, loose: bool = False) -> Item:
    return Item(name, others, _options(options), loose)


SEX: Final = _choice("性别", "1男|男性|M|male 2女|女性|F|female 9未说明|未说明的性别 0未知|未知的性别")
BIRTH: Final = Item("出生日期")
AGE: Final = Item("年龄")
NUMBER: Final = Item("病案号", ("住院号",))
PAYMENT: Final = _choice(
    "医疗付费方式",
    "1城镇职工基本医疗保险 2城镇居民基本医疗保险|城乡居民基本医疗保险 3新型农村合作医疗 4贫困救助 5商业医疗保险 "
    "6全公费 7全自费 8其他社会保险 9其他",
    "医疗费用支付方式",
    "付费方式",
    loose=True,
)
IDENTITY: Final = Item("身份证号", ("身份证件号码", "身份证号码", "证件号码"))
NATION: Final = Item("民族")
OCCUPATION: Final = Item("职业", ("职业类别",))
MARRIAGE: Final = _choice("婚姻", "1未婚 2已婚|初婚|再婚|复婚 3丧偶 4离婚 9其他|未说明的婚姻状况", "婚姻状况")
ADDRESS: Final = Item("现住址")
PHONE: Final = Item("电话", ("患者电话", "本人电话", "电话号码"))
CONTACT: Final = Item("联系人姓名", ("联系人",))
RELATION: Final = Item("关系", ("联系人关系", "联系人与患者关系"))
CONTACT_PHONE: Final = Item("联系人电话", ("联系人电话号码",))
WAY_IN: Final = _choice("入院途径", "1急诊 2门诊 3其他医疗机构转入|其他医疗机构 9其他", loose=True)
DEPARTMENT_OUT: Final = Item("出院科别", ("出院科室",))
DAYS: Final = Item("实际住院天数", ("实际住院", "住院天数"))
NEWBORN_BIRTH_WEIGHT: Final = Item("新生儿出生体重")
NEWBORN_WEIGHT: Final = Item("新生儿入院体重")
CLINIC: Final = Item("门(急)诊诊断", ("门急诊诊断名称",))
EXTERNAL: Final = Item("损伤、中毒的外部原因", ("损伤中毒外部原因", "损伤中毒外因"))
EXTERNAL_CODE: Final = Item(
    "损伤、中毒的外部原因编码", ("损伤中毒外部原因编码", "损伤中毒的外部原因疾病编码", "损伤中毒外因编码")
)
PATHOLOGY: Final = Item("病理诊断", ("病理诊断名称",))
PATHOLOGY_CODE: Final = Item("病理诊断编码", ("病理诊断疾病编码",))
ALLERGY: Final = _choice("药物过敏", "1无|否 2有|是", "有无药物过敏", "药物过敏标志")
ALLERGENS: Final = Item("过敏药物", ("过敏药物名称",))
AUTOPSY: Final = _choice("死亡患者尸检", "1是 2否", "尸检", "死亡患者尸检标志")
ABO: Final = _choice("血型", "1A|A型 2B|B型 3O|O型 4AB|AB型 5不详 6未查", "ABO血型", "ABO")
RH: Final = _choice("Rh", "1阴|阴性 2阳|阳性|+ 3不详 4未查", "Rh血型", "RhD血型")
WAY_OUT: Final = _choice(
    "离院方式",
    "1医嘱离院 2医嘱转院 3医嘱转社区卫生服务机构乡镇卫生院|医嘱转社区卫生服务机构|医嘱转乡镇卫生院|医嘱转社区 "
    "4非医嘱离院 5死亡 9其他",
)
RECEIVER: Final = Item("拟接收医疗机构名称", ("拟接收医疗机构",))
READMISSION: Final = _choice(
    "是否有出院31天内再住院计划",
    "1无|否 2有|是",
    "出院31天内再住院计划",
    "31天内再住院计划",
    "是否有31天内再住院计划",
)
PURPOSE: Final = Item("再住院目的", ("目的", "31天内再住院目的", "出院31天内再住院目的"))
COMA_BEFORE: Final = Item("颅脑损伤患者昏迷时间入院前", ("入院前昏迷时间", "昏迷时间入院前"))
COMA_AFTER: Final = Item("颅脑损伤患者昏迷时间入院后", ("入院后昏迷时间", "昏迷时间入院后"))
QUALITY: Final = _choice("病案质量", "1甲|甲级 2乙|乙级 3丙|丙级")

CHOICES: Final = (SEX, PAYMENT, MARRIAGE, WAY_IN, ALLERGY, ABO, RH, WAY_OUT, READMISSION, QUALITY)
"""Items of which one option is chosen; 死亡患者尸检 is judged with the death."""

TOTAL: Final = Item("总费用", ("住院总费用",))
OWN_PART: Final = Item("自付金额", ("住院总费用其中自付金额",))
DRUGS: Final = Item("西药费")
ANTIMICROBIALS: Final = Item("抗菌药物费用", ("抗菌药物费",))
OPERATION_FEE: Final = Item("手术治疗费")
ANAESTHESIA_FEE: Final = Item("麻醉费")
SURGERY_FEE: Final = Item("手术费")
NON_OPERATION_FEE: Final = Item("非手术治疗项目费")
PHYSICAL_FEE: Final = Item("临床物理治疗费")
PATHOLOGY_FEE: Final = Item("病理诊断费")
BLOOD_FEE: Final = Item("血费")
FEES: Final = (
    Item("一般医疗服务费"),
    Item("一般治疗操作费"),
    Item("护理费"),
    Item("综合医疗服务类其他费用", ("综合医疗服务其他费用",)),
    PATHOLOGY_FEE,
    Item("实验室诊断费"),
    Item("影像学诊断费"),
    Item("临床诊断项目费"),
    NON_OPERATION_FEE,
    OPERATION_FEE,
    Item("康复费"),
    Item("中医治疗费"),
    DRUGS,
    Item("中成药费"),
    Item("中草药费"),
    BLOOD_FEE,
    Item("白蛋白类制品费"),
    Item("球蛋白类制品费"),
    Item("凝血因子类制品费"),
    Item("细胞因子类制品费"),
    Item("检查用一次性医用材料费"),
    Item("治疗用一次性医用材料费"),
    Item("手术用一次性医用材料费"),
    Item("其他类其他费", ("其他类", "其他费")),
)
"""The 24 kinds of fees that add up to the total."""
ITEMS: Final = (
    *(NUMBER, PAYMENT, IDENTITY, SEX, BIRTH, AGE, NATION, OCCUPATION, MARRIAGE, ADDRESS, PHONE),
    *(CONTACT, RELATION, CONTACT_PHONE, NEWBORN_BIRTH_WEIGHT, NEWBORN_WEIGHT),
    *(WAY_IN, DEPARTMENT_OUT, DAYS, CLINIC, EXTERNAL, EXTERNAL_CODE, PATHOLOGY, PATHOLOGY_CODE),
    *(ALLERGY, ALLERGENS, AUTOPSY, ABO, RH, WAY_OUT, RECEIVER, READMISSION, PURPOSE),
    *(COMA_BEFORE, COMA_AFTER, QUALITY),
    *(TOTAL, OWN_PART, ANTIMICROBIALS, ANAESTHESIA_FEE, SURGERY_FEE, PHYSICAL_FEE, *FEES),
)
"""Every item that checks read."""
