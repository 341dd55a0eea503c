"""What consents and notices must tell the patient (articles 23 to 27 of the norm; article 1219 of the Civil Code)."""

from __future__ import annotations

from typing import Final

from clinical.medical_record import DocumentKind
from supervision.record_qc.items import Form, Item
from supervision.record_qc.model import NORM, Group

_RISKS: Final = Item(
    "risks", "可能出现的并发症及风险", "[^：:]{0,14}(?:并发症|风险|意外|不良后果)[^：:]{0,14}",
    r"并发症|风险|意外|不良(?:反应|后果)|危险", 2.0,
)  # fmt: skip
_OPINION: Final = Item(
    "opinion", "患者签署的意见", "(?:患者|患方|家属|代理人|签署)[^：:]{0,10}意见[^：:]{0,8}",
    r"同意(?!书)|要求(?:手术|实施|输血)|接受|拒绝|愿意|已[^。\n]{0,6}(?:了解|知晓|理解)|知情(?!同意)",
)  # fmt: skip
_ALTERNATIVES: Final = Item(
    "alternatives", "替代医疗方案", "[^：:]{0,6}替代[^：:]{0,12}",
    r"替代|其[他它](?:的)?(?:可选|治疗|医疗|诊疗)[^。\n]{0,6}(?:方案|方法|方式|措施)|保守治疗|非手术|备选|可供选择",
)  # fmt: skip
_FORMS: Final = (
    Form(
        "consent-operation",
        (DocumentKind.CONSENT_OPERATION,),
        f"{NORM}第二十三条",
        Group.CONSENT,
        (
            Item("diagnosis", "术前诊断", "(?:术前|临床|目前)?诊断", r"诊断[为:：]?[ \t]*[^\s:：]"),
            Item(
                "name", "手术名称", "(?:拟[行施]|建议)?(?:实施)?手术(?:名称|方式|方案)?",
                r"拟[^。\n]{0,10}[行施](?!手术|麻醉)[^。\n]{2,}|[行施][^。\n]{2,20}术",
            ),
            _RISKS,
            _OPINION,
        ),
    ),
    Form(
        "consent-operation",
        (DocumentKind.CONSENT_OPERATION,),
        "《中华人民共和国民法典》第一千二百一十九条",
        Group.CONSENT,
        (_ALTERNATIVES,),
    ),
    Form(
        "consent-special",
        (DocumentKind.CONSENT_SPECIAL,),
        "《中华人民共和国民法典》第一千二百一十九条",
        Group.CONSENT,
        (_ALTERNATIVES,),
    ),
    Form(
        "consent-anaesthesia",
        (DocumentKind.CONSENT_ANAESTHESIA,),
        f"{NORM}第二十四条",
        Group.CONSENT,
        (
            Item(
                "plan", "拟行麻醉方式", "(?:拟[行施])?麻醉(?:方式|方法)",
                r"[全局腰]麻|全身麻醉|椎管内|硬膜外|阻滞|静脉麻醉",
            ),
            _RISKS,
            _OPINION,
        ),
    ),
    Form(
        "consent-transfusion",
        (DocumentKind.CONSENT_TRANSFUSION,),
        f"{NORM}第二十五条",
        Group.CONSENT,
        (
            Item(
                "indication", "输血指征", "输血(?:指[征证]|目的|原因|适应[症证])",
                r"指[征证]|适应[症证]|贫血|失血|(?:大|活动性|产后|术中)出血|出血量|Hb|血红蛋白|血小板减少",
            ),
            Item(
                "components", "拟输血成份", "(?:拟)?输血(?:成[分份]|品种|种类)|血液(?:成[分份]|品种)",
                r"红细胞|血浆|血小板|冷沉淀|全血|白蛋白",
            ),
            Item(
                "results", "输血前有关检查结果", "输血前[^：:]{0,8}(?:检查|检验|检测)[^：:]{0,6}|检查结果",
                r"HBsAg|乙肝|丙肝|HCV|HIV|艾滋|梅毒|ALT|转氨酶", 2.0,
            ),
            _RISKS,
            _OPINION,
        ),
    ),
    Form(
        "consent-special",
        (DocumentKind.CONSENT_SPECIAL,),
        f"{NORM}第二十六条",
        Group.CONSENT,
        (
            Item(
                "name", "特殊检查、特殊治疗项目名称", "[^：:]{0,8}(?:项目|名称)[^：:]{0,6}",
                r"拟[^。\n]{0,10}[行施予](?!手术|麻醉)[^。\n]{2,}|术|检查|治疗|化疗|放疗",
            ),
            Item(
                "purpose", "目的", "[^：:]{0,10}目的[^：:]{0,6}",
                r"目的|以(?:明确|便|期|缓解|治疗|控制|了解)|为(?:明确|了|进一步)|指[征证]|适应[症证]",
            ),
            _RISKS,
        ),
    ),
    Form(
        "critical-notice",
        (DocumentKind.CRITICAL_NOTICE,),
        f"{NORM}第二十七条",
        Group.CONSENT,
        (
            Item("diagnosis", "目前诊断", "(?:目前|入院|临床)?诊断", r"诊断[为:：]?[ \t]*[^\s:：]"),
            Item(
                "condition", "病情危重情况", "(?:目前)?病情[^：:]{0,10}",
                r"病情|危[重险及]|随时|生命危险|死亡",
            ),
        ),
    ),
)  # fmt: skip
CHECKS: Final = tuple(check for form in _FORMS for check in form.checks())
