"""A chart being opened: only serious trouble among active drugs is worth a card."""

from api.hook import ALL_KEYS, Hook, Subject
from clinical.finding import Severity

HOOK = Hook(
    name="yigong-patient-view",
    hook="patient-view",
    hook_version="1.0",
    title="患者用药安全概览",
    description="打开病历时提示在用药品中的严重问题。",
    context={"userId": str, "patientId": str},
    prefetch=ALL_KEYS,
    required=("patient", "medications"),
    reviews=Subject.ACTIVE,
    least=Severity.MAJOR,
    stage="patient-view",
)
