"""Orders just picked: details may still be missing, so only what is at least moderate speaks."""

from api.hook import ALL_KEYS, Hook
from clinical.finding import Severity

HOOK = Hook(
    name="yigong-order-select",
    hook="order-select",
    hook_version="1.0",
    title="选择医嘱提示",
    description="选择药品或检查检验时，针对所选项目提示过敏、相互作用、禁忌与重复。",
    context={"userId": str, "patientId": str, "selections": list, "draftOrders": dict},
    prefetch=ALL_KEYS,
    least=Severity.MODERATE,
    stage="order-select",
)
