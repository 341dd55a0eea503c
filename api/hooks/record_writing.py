"""A doctor writing a document of the record (a hook of our own): what is wrong in it, and what is soon due."""

from api.hook import Hook

HOOK = Hook(
    name="yigong-record-writing",
    hook="yigong-record-writing",
    hook_version="1.0",
    title="病历书写实时质控",
    description="书写病历文书时检查内容、签名与时限，指出缺陷所在语句、依据和修改办法，提示即将到期的文书。",
    context={"userId": str, "patientId": str, "record": dict, "documentId": str},
    prefetch=(),
    required=(),
    advice="record-writing",
    stage="record-writing",
    usage="context.record 为病历 (见 POST /api/v1/qc/records)，documentId 为正在书写的文书编号；不需要 prefetch。",
)
