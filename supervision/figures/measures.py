"""Measures that indicators of several themes are made of."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Measure, counted, mean, total

_SEEN: Final = "kind IN ('outpatient', 'emergency')"
OUTPATIENT: Final = counted("visits", "门诊人次", "kind = 'outpatient'")
EMERGENCY: Final = counted("visits", "急诊人次", "kind = 'emergency'")
SEEN: Final = counted("visits", "门急诊人次", _SEEN)
ADMITTED: Final = counted("admissions", "入院人次")
DISCHARGED: Final = counted("stays", "出院人次")
STAY_DAYS: Final = total("stays", "出院者占用总床日数", "days")
OPEN_BED_DAYS: Final = total("bed_days", "实际开放总床日数", "open")
OCCUPIED_BED_DAYS: Final = total("bed_days", "实际占用总床日数", "occupied")
DRUG_FEES: Final = "fee_western + fee_patent + fee_herbal"
SEEN_FEES: Final = total("visits", "门急诊医药费用", "fee", _SEEN)
SEEN_DRUG_FEES: Final = total("visits", "门急诊药费", DRUG_FEES, _SEEN)
STAY_FEES: Final = total("stays", "住院医药费用", "fee")
STAY_DRUG_FEES: Final = total("stays", "住院药费", DRUG_FEES)
OPERATIONS: Final = counted("operations", "手术例数")
DRUG_AMOUNT: Final = total("drug_orders", "药品使用金额", "amount")
PRESCRIPTIONS: Final = counted("prescriptions", "处方数")
PRIMARY: Final = "tier = 'primary'"
LEAD: Final = "facility = 'lead'"
TREATED: Final = counted("visits", "诊疗人次", "kind IN ('outpatient', 'emergency', 'online', 'home')")
"""With visits at home and over the internet, without checkups."""
PRIMARY_TREATED: Final = counted("visits", "基层诊疗人次", f"{TREATED.where} AND {PRIMARY}")
RESIDENTS: Final = total("population", "常住居民数", "residents", "segment = 'all'")
CONTRACTED: Final = total("population", "家庭医生签约人数", "contracted", "segment = 'all'")
RECORDED: Final = total("population", "建立健康档案人数", "records", "segment = 'all'")
MEDICAL_INCOME: Final = total("finance", "医疗收入", "medical_income")
STAFF: Final = mean("staff", "平均在岗职工数")
PHYSICIANS: Final = mean("staff", "平均执业（助理）医师数", where="role IN ('physician', 'assistant')")


def seen(title: str, where: str) -> Measure:
    """Outpatient and emergency visits of a kind."""
    return counted("visits", title, f"{_SEEN} AND {where}")


PRIMARY_SEEN: Final = seen("基层门急诊人次", PRIMARY)


__all__ = [
    "ADMITTED",
    "CONTRACTED",
    "DISCHARGED",
    "DRUG_AMOUNT",
    "DRUG_FEES",
    "EMERGENCY",
    "LEAD",
    "MEDICAL_INCOME",
    "OCCUPIED_BED_DAYS",
    "OPEN_BED_DAYS",
    "OPERATIONS",
    "OUTPATIENT",
    "PHYSICIANS",
    "PRESCRIPTIONS",
    "PRIMARY",
    "PRIMARY_SEEN",
    "PRIMARY_TREATED",
    "RECORDED",
    "RESIDENTS",
    "SEEN",
    "SEEN_DRUG_FEES",
    "SEEN_FEES",
    "STAFF",
    "STAY_DAYS",
    "STAY_DRUG_FEES",
    "STAY_FEES",
    "TREATED",
    "seen",
]
