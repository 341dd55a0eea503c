"""Synthetic histories as our readers of HL7 v2, CDA and tables write them: resources of made-up people, in the
words that hospitals use. Nobody in them exists."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Json = dict[str, Any]
LABS: Final = (
    ("2160-0", "肌酐", "umol/L", 30, 180, "59-104"),
    ("2823-3", "钾", "mmol/L", 2.8, 6.2, "3.5-5.3"),
    ("2951-2", "钠", "mmol/L", 128, 150, "137-147"),
    ("4548-4", "糖化血红蛋白", "%", 4.5, 12, "4.0-6.0"),
    ("2345-7", "葡萄糖", "mmol/L", 3.1, 18, "3.9-6.1"),
    ("1742-6", "丙氨酸氨基转移酶", "U/L", 5, 220, "9-50"),
    ("1920-8", "天门冬氨酸氨基转移酶", "U/L", 8, 200, "15-40"),
    ("6690-2", "白细胞计数", "10*9/L", 2, 19, "3.5-9.5"),
    ("718-7", "血红蛋白", "g/L", 60, 175, "130-175"),
    ("777-3", "血小板计数", "10*9/L", 40, 450, "125-350"),
    ("1988-5", "C反应蛋白", "mg/L", 0.5, 120, "0-6"),
    ("6301-6", "国际标准化比值", "{INR}", 0.8, 4.5, "0.8-1.2"),
    ("2093-3", "总胆固醇", "mmol/L", 2.5, 8.5, "0-5.2"),
    ("2571-8", "甘油三酯", "mmol/L", 0.4, 7, "0-1.7"),
    ("3016-3", "促甲状腺激素", "mIU/L", 0.05, 12, "0.27-4.2"),
    ("3084-1", "尿酸", "umol/L", 150, 620, "208-428"),
    ("8480-6", "收缩压", "mm[Hg]", 90, 190, "90-139"),
    ("8462-4", "舒张压", "mm[Hg]", 50, 115, "60-89"),
    ("29463-7", "体重", "kg", 38, 110, ""),
    ("8867-4", "心率", "/min", 48, 130, "60-100"),
)
EXAMS: Final = (
    ("CT0103", "胸部CT平扫", "双肺纹理增多，未见明显实变影。"),
    ("CT0101", "头颅CT平扫", "颅内未见出血及占位性病变。"),
    ("US0201", "腹部彩超", "脂肪肝（轻度），胆囊壁毛糙。"),
    ("DR0301", "胸部正侧位片", "心肺膈未见明显异常。"),
    ("ECG001", "十二导联心电图", "窦性心律，大致正常心电图。"),
    ("MR0105", "腰椎MRI平扫", "L4/5椎间盘突出。"),
    ("US0305", "甲状腺彩超", "甲状腺左叶结节，TI-RADS 3类。"),
)
DRUGS: Final = (
    ("XC09CAL", "缬沙坦胶囊", "80", "mg", "口服", "qd", 28),
    ("XC08CAA", "苯磺酸氨氯地平片", "5", "mg", "口服", "qd", 28),
    ("XA10BAE", "盐酸二甲双胍缓释片", "0.5", "g", "口服", "bid", 30),
    ("XC10AAA", "阿托伐他汀钙片", "20", "mg", "口服", "qn", 28),
    ("XB01ACA", "阿司匹林肠溶片", "100", "mg", "口服", "qd", 30),
    ("XJ01CAA", "阿莫西林胶囊", "0.5", "g", "口服", "tid", 5),
    ("XM01AEB", "布洛芬缓释胶囊", "0.3", "g", "口服", "bid", 5),
    ("XA02BCO", "奥美拉唑肠溶胶囊", "20", "mg", "口服", "qd", 14),
    ("XB01AAH", "华法林钠片", "2.5", "mg", "口服", "qd", 28),
    ("XR05CBA", "盐酸氨溴索口服溶液", "30", "mg", "口服", "tid", 7),
    ("XC07ABM", "酒石酸美托洛尔片", "25", "mg", "口服", "bid", 28),
    ("XN05CFZ", "佐匹克隆片", "7.5", "mg", "口服", "qn", 7),
)
DIAGNOSES: Final = (
    ("I10.x00", "高血压"),
    ("E11.900", "2型糖尿病"),
    ("J06.900", "急性上呼吸道感染"),
    ("I25.100", "冠状动脉粥样硬化性心脏病"),
    ("K29.500", "慢性胃炎"),
    ("E78.500", "高脂血症"),
    ("M54.500", "腰痛"),
    ("I63.900", "脑梗死"),
    ("N18.900", "慢性肾脏病"),
    ("J44.900", "慢性阻塞性肺疾病"),
    ("E04.100", "甲状腺结节"),
    ("I48.x00", "心房颤动"),
)
_DEPARTMENTS: Final = ("心血管内科门诊", "全科门诊", "内分泌科", "急诊科", "呼吸与危重症医学科", "骨科门诊")


class Institution:
    """Whose system wrote it: tenant path, name, and how it numbers things."""

    def __init__(self, tenant: str, name: str, prefix: str) -> None:
        self.tenant, self.name, self.prefix = tenant, name, prefix


def institutions(number: int = 24) -> list[Institution]:
    """Hospitals and clinics of three counties."""
    kinds = (
        "人民医院",
        "中医医院",
        "妇幼保健院",
        "中心卫生院",
        "社区卫生服务中心",
        "镇卫生院",
        "村卫生室",
        "第二医院",
    )
    return [
        Institution(f"league/county-{n % 3 + 1}/hospital-{n:02d}", f"{'东西北'[n % 3]}县{kinds[n % 8]}", f"H{n:02d}")
        for n in range(number)
    ]


def resource(rng: random.Random, house: Institution, patient: str, number: int, at: datetime) -> Json:
    """One event of a patient: results most of all, then what was given, ordered, diagnosed, reported."""
    (make,) = rng.choices(_MAKERS, _WEIGHTS)
    visit = f"{house.prefix}V{number // 8:010d}"
    made = make(rng, house, at)
    person = "patient" if made["resourceType"] in ("AllergyIntolerance", "Immunization") else "subject"
    made |= {"id": f"{house.prefix}{number:012d}", person: {"reference": f"Patient/{patient}"}}
    if made["resourceType"] != "Encounter":
        link = "context" if made["resourceType"] == "MedicationDispense" else "encounter"
        made[link] = {"reference": f"Encounter/{visit}"}
    return made


def _written(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


def _organisation(house: Institution) -> Json:
    return {"reference": f"Organization/{house.prefix}", "type": "Organization", "display": house.name}


def _concept(system: str, code: str, text: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _observation(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text, unit, low, high, normal = rng.choice(LABS)
    value = round(rng.uniform(low, high), 2 if high < 50 else 0)
    vital = code in ("8480-6", "8462-4", "29463-7", "8867-4")
    category = ("vital-signs", "生命体征") if vital else ("laboratory", "检验")
    made = {
        "resourceType": "Observation",
        "status": "final",
        "category": [_concept("http://terminology.hl7.org/CodeSystem/observation-category", *category)],
        "code": _concept("http://loinc.org", code, text),
        "effectiveDateTime": _written(at),
        "issued": _written(at + timedelta(hours=rng.randrange(1, 9))),
        "performer": [_organisation(house)],
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }
    if normal:
        floor, top = (float(end) for end in normal.split("-"))
        flag = "H" if value > top else "L" if value < floor else "N"
        system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
        made["interpretation"] = [{"coding": [{"system": system, "code": flag}]}]
        made["referenceRange"] = [{"text": f"{normal} {unit}"}]
    return made


def _report(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text, conclusion = rng.choice(EXAMS)
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "category": [_concept("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "影像")],
        "code": _concept(f"urn:yigong:{house.prefix}:exam", code, text),
        "effectiveDateTime": _written(at),
        "issued": _written(at + timedelta(hours=3)),
        "performer": [_organisation(house)],
        "conclusion": f"{conclusion}建议{rng.randrange(1, 12)}个月后复查。",
    }


def _dosage(dose: str, unit: str, route: str, often: str) -> Json:
    return {
        "text": f"{route} {dose}{unit} {often}",
        "timing": {"code": {"text": often}},
        "route": {"text": route},
        "doseAndRate": [{"doseQuantity": {"value": float(dose), "unit": unit}}],
    }


def _request(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text, dose, unit, route, often, days = rng.choice(DRUGS)
    return {
        "resourceType": "MedicationRequest",
        "status": rng.choice(("completed", "completed", "active")),
        "intent": "order",
        "medicationCodeableConcept": _concept("urn:oid:2.16.156.10011.2.3.1.1", code, text),
        "authoredOn": _written(at),
        "requester": {"reference": f"Practitioner/{house.prefix}D{rng.randrange(90):03d}", "display": "门诊医师"},
        "dosageInstruction": [_dosage(dose, unit, route, often)],
        "dispenseRequest": {"expectedSupplyDuration": {"value": days, "unit": "d"}},
    }


def _dispense(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text, dose, unit, route, often, days = rng.choice(DRUGS)
    return {
        "resourceType": "MedicationDispense",
        "status": "completed",
        "medicationCodeableConcept": _concept("urn:oid:2.16.156.10011.2.3.1.1", code, text),
        "performer": [{"actor": _organisation(house)}],
        "quantity": {"value": days, "unit": "片"},
        "daysSupply": {"value": days, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"},
        "whenHandedOver": _written(at),
        "dosageInstruction": [_dosage(dose, unit, route, often)],
    }


def _condition(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text = rng.choice(DIAGNOSES)
    system = "http://terminology.hl7.org/CodeSystem/condition"
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": f"{system}-clinical", "code": "active"}]},
        "category": [{"coding": [{"system": f"{system}-category", "code": "encounter-diagnosis"}]}],
        "code": _concept("http://hl7.org/fhir/sid/icd-10", code, text),
        "recordedDate": _written(at),
        "recorder": _organisation(house),
    }


def _encounter(rng: random.Random, house: Institution, at: datetime) -> Json:
    kind, text = rng.choice((("AMB", "门诊"), ("AMB", "门诊"), ("EMER", "急诊"), ("IMP", "住院")))
    stay = timedelta(days=rng.randrange(2, 14)) if kind == "IMP" else timedelta(hours=1)
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": system, "code": kind, "display": text},
        "serviceType": {"text": rng.choice(_DEPARTMENTS)},
        "period": {"start": _written(at), "end": _written(at + stay)},
        "serviceProvider": _organisation(house),
    }


def _service(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text, _ = rng.choice(EXAMS)
    return {
        "resourceType": "ServiceRequest",
        "status": "completed",
        "intent": "order",
        "category": [_concept("http://snomed.info/sct", "363679005", "检查")],
        "code": _concept(f"urn:yigong:{house.prefix}:exam", code, text),
        "authoredOn": _written(at),
        "requester": {"reference": f"Practitioner/{house.prefix}D{rng.randrange(90):03d}", "display": "门诊医师"},
    }


def _immunization(rng: random.Random, house: Institution, at: datetime) -> Json:
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"text": rng.choice(("流感病毒裂解疫苗", "23价肺炎球菌多糖疫苗", "乙型肝炎疫苗"))},
        "occurrenceDateTime": _written(at),
        "lotNumber": f"{rng.randrange(10**8):08d}",
        "performer": [{"actor": _organisation(house)}],
    }


def _allergy(rng: random.Random, house: Institution, at: datetime) -> Json:
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": rng.choice(("青霉素", "头孢菌素类", "磺胺类", "碘造影剂"))},
        "reaction": [{"manifestation": [{"text": rng.choice(("皮疹", "荨麻疹", "呼吸困难"))}]}],
        "recordedDate": _written(at),
    }


def _procedure(rng: random.Random, house: Institution, at: datetime) -> Json:
    code, text = rng.choice(
        (("45.2302", "结肠镜检查"), ("36.0601", "冠状动脉支架植入术"), ("51.2300x", "腹腔镜胆囊切除术"))
    )
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": _concept("http://hl7.org/fhir/sid/icd-9-cm", code, text),
        "performedDateTime": _written(at),
        "performer": [{"actor": _organisation(house)}],
    }


_Maker = Callable[[random.Random, Institution, datetime], Json]
_SHARES: Final[dict[_Maker, int]] = {
    _observation: 50,
    _request: 11,
    _dispense: 9,
    _encounter: 9,
    _condition: 9,
    _report: 4,
    _service: 5,
    _immunization: 1,
    _allergy: 1,
    _procedure: 1,
}
"""Of a hundred events."""
_MAKERS, _WEIGHTS = tuple(_SHARES), tuple(_SHARES.values())


def histories(seed: int, events: int) -> Iterator[tuple[Institution, Json]]:
    """So many events of people in many institutions over five years."""
    rng, houses = random.Random(seed), institutions()
    first = datetime(2021, 6, 1, tzinfo=UTC)
    for number in range(events):
        house = rng.choice(houses)
        at = first + timedelta(minutes=rng.randrange(5 * 365 * 24 * 60))
        yield house, resource(rng, house, f"{house.prefix}P{rng.randrange(10**6):07d}", number, at)
