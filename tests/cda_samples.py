"""Shared documents as hospitals send them; all persons are made up. Laid out as several vendors lay them out."""

from __future__ import annotations

CARD = "11010519491231002X"
_NAMES = 'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
CATALOGUE = "2.16.156.10011.2.2.1"


def patient(*ids: tuple[str, str]) -> str:
    numbers = "".join(f'<id root="2.16.156.10011.1.{root}" extension="{number}"/>' for root, number in ids)
    return f"""<recordTarget typeCode="RCT" contextControlCode="OP"><patientRole classCode="PAT">{numbers}
  <addr use="H"><houseNumber>1号</houseNumber><streetName>朝阳路</streetName><county>朝阳区</county><city>北京市</city><state>北京</state></addr>
  <telecom value="13800000000"/>
  <patient classCode="PSN" determinerCode="INSTANCE">
    <id root="2.16.156.10011.1.3" extension="{CARD}"/><name>张三丰</name>
    <administrativeGenderCode code="1" codeSystem="2.16.156.10011.2.3.3.4" displayName="男性"/>
    <birthTime value="19491231"/><age unit="岁" value="76"/>
  </patient>
  <providerOrganization><id root="2.16.156.10011.1.26"/><name>心内科</name></providerOrganization>
</patientRole></recordTarget>"""


PEOPLE = """<author typeCode="AUT" contextControlCode="OP"><time value="20260110093000"/>
  <assignedAuthor classCode="ASSIGNED"><id root="2.16.156.10011.1.7" extension="1001"/><assignedPerson><name>王医生</name></assignedPerson></assignedAuthor></author>
<custodian typeCode="CST"><assignedCustodian classCode="ASSIGNED"><representedCustodianOrganization>
  <id root="2.16.156.10011.1.5" extension="40000323-5"/><name>县人民医院</name></representedCustodianOrganization></assignedCustodian></custodian>
<legalAuthenticator><time/><signatureCode/><assignedEntity><id root="2.16.156.10011.1.4" extension="2001"/><code displayName="处方审核药剂师"/>
  <assignedPerson><name>赵药师</name></assignedPerson></assignedEntity></legalAuthenticator>"""
OUTPATIENT_IDS = (("11", "MZ100"), ("20", "RX7"))
INPATIENT_IDS = (("12", "ZY2026001"), ("33", "LAB9"), ("24", "REQ5"))


def document(
    code: str,
    title: str,
    sections: str,
    ids: tuple[tuple[str, str], ...] = OUTPATIENT_IDS,
    template: str = "",
    more: str = "",
) -> bytes:
    template = template or f"2.16.156.10011.2.1.1.{20 + int(code[1:])}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument {_NAMES}>
<realmCode code="CN"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_MT000040"/><templateId root="{template}"/>
<!-- 文档流水号 --><id root="2.16.156.10011.1.1" extension="DOC1"/>
<code code="{code}" codeSystem="2.16.156.10011.2.4"/><title>{title}</title><effectiveTime value="20260110100000"/>
<languageCode code="zh-CN"/><setId/><versionNumber/>
{patient(*ids)}{PEOPLE}{more}
<component><structuredBody>{sections}</structuredBody></component></ClinicalDocument>""".encode()


def section(code: str, title: str, *entries: str) -> str:
    held = f'code="{code}" codeSystem="2.16.840.1.113883.6.1" ' if code else ""
    return f'<component><section><code {held}displayName="{title}"/><text/>{"".join(f"<entry>{e}</entry>" for e in entries)}</section></component>'


def element(number: str, name: str, kind: str = "ST", /, words: str = "", inner: str = "", **attributes: str) -> str:
    said = "".join(f' {k}="{v}"' for k, v in attributes.items())
    value = f'<value xsi:type="{kind}"{said}>{words}</value>' if words or attributes else ""
    return f'<observation classCode="OBS" moodCode="EVN"><code code="{number}" codeSystem="{CATALOGUE}" displayName="{name}"/>{value}{inner}</observation>'


def within(*observations: str) -> str:
    return "".join(f'<entryRelationship typeCode="COMP">{one}</entryRelationship>' for one in observations)


def cluster(*observations: str) -> str:
    return f'<organizer classCode="CLUSTER" moodCode="EVN"><statusCode/>{"".join(f"<component>{o}</component>" for o in observations)}</organizer>'


DIAGNOSIS = element(
    "DE05.01.024.00",
    "诊断代码",
    "CD",
    code="I10.x00",
    codeSystem="2.16.156.10011.2.3.3.11.1",
    displayName="原发性高血压",
)
DRUG = f"""<substanceAdministration classCode="SBADM" moodCode="EVN"><text/>
  <routeCode code="1" codeSystem="2.16.156.10011.2.3.1.158" displayName="口服"/><doseQuantity value="0.5" unit="g"/>
  <rateQuantity><translation code="bid" displayName="每日两次"/></rateQuantity>
  <administrationUnitCode code="01" codeSystem="2.16.156.10011.2.3.1.211" displayName="片剂"/>
  <consumable><manufacturedProduct><manufacturedLabeledDrug><code/><name>盐酸二甲双胍片</name></manufacturedLabeledDrug></manufacturedProduct></consumable>
  {within(element("DE08.50.043.00", "药物规格", words="0.5g×20片"), element("DE06.00.135.00", "药物使用总剂量", "PQ", value="20", unit="片"))}
</substanceAdministration>"""
OUTPATIENT = document(
    "C0002",
    "门（急）诊病历",
    section(
        "48765-2",
        "Allergies, adverse reactions, alerts",
        element(
            "DE02.10.023.00",
            "过敏史标志",
            "BL",
            value="true",
            inner=within(element("DE05.01.022.00", "过敏史", words="青霉素")),
        ),
    )
    + section("10154-3", "CHIEF COMPLAINT", element("DE04.01.119.00", "主诉", words="头晕三天"))
    + section("10164-2", "HISTORY OF PRESENT ILLNESS", element("DE02.10.071.00", "现病史", words="NA"))
    + section(
        "29548-5",
        "Diagnosis",
        element(
            "DE06.00.196.00", "初诊标志代码", "CD", code="1", codeSystem="2.16.156.10011.2.3.2.39", displayName="初诊"
        ),
        DIAGNOSIS,
    ),
    template="2.16.156.10011.2.1.1.21",
)
PRESCRIPTION = document(
    "C0004",
    "西药处方",
    section("29548-5", "Diagnosis", DIAGNOSIS)
    + section(
        "10160-0",
        "HISTORY OF MEDICATION USE",
        DRUG,
        element("DE08.50.056.00", "处方药品组号", "INT", value="2"),
        element("DE06.00.294.00", "处方有效天数", "PQ", value="3", unit="天"),
        element("DE06.00.179.00", "处方备注信息", words="餐后服用"),
    )
    + section(
        "48768-6", "PAYMENT SOURCES", element("DE07.00.004.00", "处方药品金额", "MO", value="12.5", currency="元")
    ),
)
LABORATORY = document(
    "C0007",
    "检验报告",
    section("29548-5", "Diagnosis", DIAGNOSIS)
    + section(
        "30954-2",
        "STUDIES SUMMARY",
        element("DE04.30.018.00", "检验类别", words="血常规"),
        cluster(
            element(
                "DE04.30.019.00",
                "检验项目代码",
                words="血红蛋白",
                inner='<effectiveTime value="20260110080000"/>'
                + within(element("DE04.50.134.00", "标本类别", words="全血")),
            ),
            element(
                "DE04.30.017.00",
                "检验结果代码",
                "CD",
                code="2",
                codeSystem="2.16.156.10011.2.3.2.38",
                displayName="异常",
            ),
            element(
                "DE04.30.015.00",
                "检验定量结果",
                "REAL",
                value="95",
                inner=within(element("DE04.30.016.00", "检查定量结果计量单位", words="g/L")),
            ),
        ),
        element("DE04.30.019.00", "检验项目代码", words="尿蛋白"),
        element("DE04.30.009.00", "检验结果", words="阴性"),
    )
    + section("", "检验报告", element("DE04.50.130.00", "检验报告结果", words="轻度贫血")),
    INPATIENT_IDS,
)
EXAMINATION = document(
    "C0006",
    "检查报告",
    section(
        "29545-1",
        "PHYSICAL EXAMINATION",
        element("DE04.30.018.00", "检查类别", words="CT"),
        cluster(element("DE04.30.019.00", "检查项目代码", words="胸部CT平扫")),
    )
    + section(
        "",
        "检查报告",
        element("DE04.50.131.00", "检查报告结果-客观所见", words="双肺纹理增多"),
        element("DE04.50.132.00", "检查报告结果-主观提示", words="支气管炎"),
    ),
    (("12", "ZY2026001"), ("32", "CT8")),
)
STAY = """<componentOf><encompassingEncounter><effectiveTime><low value="20260101090000"/><high value="20260110110000"/></effectiveTime>
<location><healthCareFacility><serviceProviderOrganization><asOrganizationPartOf><wholeOrganization><id root="2.16.156.10011.1.22" extension="02"/><name>2床</name>
<asOrganizationPartOf><wholeOrganization><id root="2.16.156.10011.1.26" extension="03"/><name>心血管内科</name></wholeOrganization></asOrganizationPartOf>
</wholeOrganization></asOrganizationPartOf></serviceProviderOrganization></healthCareFacility></location></encompassingEncounter></componentOf>"""
DISCHARGE = document(
    "C0053",
    "出院小结",
    section("11450-4", "PROBLEM LIST", element("DE05.10.148.00", "入院情况", words="胸闷一周"))
    + section(
        "46241-6",
        "HOSPITAL ADMISSION DX",
        element(
            "DE05.01.024.00",
            "入院诊断-西医诊断编码",
            "CD",
            code="R07.400",
            codeSystem="2.16.156.10011.2.3.3.11.5",
            displayName="胸痛",
        ),
    )
    + section(
        "11535-2",
        "Discharge Diagnosis",
        element("DE05.01.025.00", "出院诊断-西医诊断名称", words="冠心病"),
        element(
            "DE05.01.024.00", "出院诊断-西医诊断编码", "CD", code="I25.100", codeSystem="2.16.156.10011.2.3.3.11.5"
        ),
        element("DE05.10.172.00", "出院诊断-中医病名名称", words="胸痹"),
        element("DE06.00.193.00", "出院情况", words="好转"),
    )
    + section(
        "47519-4",
        "HISTORY OF PROCEDURES",
        '<procedure classCode="PROC" moodCode="EVN"><code code="88.5500" codeSystem="2.16.156.10011.2.3.3.12"/><statusCode/><effectiveTime value="20260103100000"/>'
        + within(element("DE06.00.094.00", "手术（操作）名称", words="冠状动脉造影"))
        + "</procedure>",
    )
    + section("8648-8", "Hospital Course", element("DE06.00.310.00", "实际住院天数", "PQ", value="9", unit="天"))
    + section(
        "46209-3",
        "Provider Orders",
        element(
            "DE06.00.287.00", "出院医嘱", words="低盐饮食 & 复查 <两周>".replace("&", "&amp;").replace("<", "&lt;")
        ),
    ),
    (("12", "ZY2026001"),),
    more=STAY,
)
ALL = {"C0002": OUTPATIENT, "C0004": PRESCRIPTION, "C0006": EXAMINATION, "C0007": LABORATORY, "C0053": DISCHARGE}
