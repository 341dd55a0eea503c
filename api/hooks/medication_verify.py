"""A pharmacist about to verify: the same review as at signing."""

from api.hook import ALL_KEYS, Hook

HOOK = Hook(
    name="yigong-medication-verify",
    hook="medication-verify",
    hook_version="0.1.0",
    title="药师审方",
    description="药师审核处方时给出与签署医嘱相同的检查结果。",
    context={"userId": str, "patientId": str},
    prefetch=ALL_KEYS,
    stage="medication-verify",
    submits=True,
)
