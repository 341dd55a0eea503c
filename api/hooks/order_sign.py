"""Orders about to be signed: every family, every severity that policy lets through."""

from api.hook import ALL_KEYS, Hook

HOOK = Hook(
    name="yigong-order-sign",
    hook="order-sign",
    hook_version="1.0",
    title="医嘱签署审查",
    description="签署医嘱前检查过敏、相互作用、禁忌、剂量、重复用药与重复检查检验，逐条给出依据与建议。",
    context={"userId": str, "patientId": str, "draftOrders": dict},
    prefetch=ALL_KEYS,
    stage="order-sign",
)
