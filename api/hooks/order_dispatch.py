"""Orders being sent to a performer: repeats can still be avoided."""

from api.hook import Hook, Subject
from clinical.finding import Severity

HOOK = Hook(
    name="yigong-order-dispatch",
    hook="order-dispatch",
    hook_version="1.1",
    title="检查检验派发提示",
    description="派发检查检验申请时提示近期已有结果，避免重复。",
    context={"patientId": str, "dispatchedOrders": list, "performer": str},
    prefetch=("patient", "encounter", "reports", "observations", "orders"),
    required=("orders",),
    reviews=Subject.DISPATCHED,
    least=Severity.MODERATE,
    stage="order-dispatch",
)
