"""A visit beginning: reconcile what the patient takes."""

from api.hook import ALL_KEYS, Hook, Subject
from clinical.finding import Severity

HOOK = Hook(
    name="yigong-encounter-start",
    hook="encounter-start",
    hook_version="1.0",
    title="就诊开始用药核对",
    description="入院或接诊时核对在用药品。",
    context={"userId": str, "patientId": str, "encounterId": str},
    prefetch=ALL_KEYS,
    required=("patient", "medications"),
    reviews=Subject.ACTIVE,
    least=Severity.MODERATE,
    stage="encounter-start",
)
