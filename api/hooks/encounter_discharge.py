"""A stay ending: what the patient goes home with."""

from api.hook import ALL_KEYS, Hook, Subject
from clinical.finding import Severity

HOOK = Hook(
    name="yigong-encounter-discharge",
    hook="encounter-discharge",
    hook_version="1.0",
    title="出院带药核对",
    description="出院时核对在用与带药。",
    context={"userId": str, "patientId": str, "encounterId": str},
    prefetch=ALL_KEYS,
    required=("patient", "medications"),
    reviews=Subject.ACTIVE,
    least=Severity.MODERATE,
    stage="encounter-discharge",
)
