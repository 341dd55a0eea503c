"""A chart being opened: what can be done for its diagnoses, for whoever asks for it."""

from api.hook import ALL_KEYS, Hook

HOOK = Hook(
    name="yigong-treatment",
    hook="patient-view",
    hook_version="1.0",
    title="诊断治疗方案推荐",
    description="按患者现有诊断给出经本患者核查的治疗方案，首选与急救措施可一键写入医嘱草稿。",
    context={"userId": str, "patientId": str},
    prefetch=ALL_KEYS,
    required=("patient", "conditions"),
    advice="treatment",
    stage="patient-view",
    usage="按需订阅；只就现有诊断中有治疗方案者各给一张卡片，每项建议均先经规则核查。",
)
