"""Orders being sent to a performer: repeats can still be avoided."""

from api.dispatched import KEYS
from api.hook import ALL_KEYS, Hook, Subject
from clinical.finding import Severity

HOOK = Hook(
    name="yigong-order-dispatch",
    hook="order-dispatch",
    hook_version="1.1",
    title="检查检验派发提示",
    description="派发检查检验申请与用药医嘱时提示近期已有结果与用药风险，避免重复。",
    context={"patientId": str, "dispatchedOrders": list, "performer": str},
    # What is reviewed is asked for first; who dispatches is not told, so their role cannot be asked for.
    prefetch=(*KEYS, *(key for key in ALL_KEYS if key != "practitionerRole")),
    required=(),
    any_of=KEYS,
    reviews=Subject.DISPATCHED,
    least=Severity.MODERATE,
    stage="order-dispatch",
)
