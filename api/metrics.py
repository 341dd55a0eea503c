"""What ``/metrics`` shows. Every metric is declared once: counting, dashboards and documents read the same rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from api.review import Reviewed


class Kind(StrEnum):
    """How a metric counts."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Unit(StrEnum):
    """What it is measured in, as Grafana calls it."""

    NUMBER = "short"
    SECONDS = "s"
    SHARE = "percentunit"
    MOMENT = "dateTimeFromNow"


class Group(StrEnum):
    """The row of the dashboard that it stands in."""

    REQUESTS = "请求与审查"
    SERVICE = "服务自身"
    SYSTEMS = "接入系统"
    SECURITY = "安全"
    MODELS = "风险模型"


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric. ``several``: how workers' values of a gauge become one."""

    name: str
    kind: Kind
    title: str
    help: str
    group: Group
    labels: tuple[str, ...] = ()
    unit: Unit = Unit.NUMBER
    several: str = "sum"

    @property
    def head(self) -> bytes:
        """What says its kind in the text format."""
        return f"# TYPE {self.name} {self.kind.value}\n".encode()

    def counter(self) -> Counter:
        return Counter(self.name, self.help, self.labels)

    def gauge(self) -> Gauge:
        return Gauge(self.name, self.help, self.labels, multiprocess_mode=self.several)  # type: ignore[arg-type]

    def histogram(self) -> Histogram:
        return Histogram(self.name, self.help, self.labels, buckets=_BUCKETS)


_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
_SYSTEM: Final = ("tenant", "system")

REQUESTS: Final = Declared(
    *("yigong_requests_total", _C, "HTTP 请求", "HTTP requests", Group.REQUESTS), labels=("method", "status")
)
REVIEWS: Final = Declared(
    *("yigong_review_seconds", _H, "单次审查耗时", "one review", Group.REQUESTS),
    labels=("service",),
    unit=Unit.SECONDS,
)
FINDINGS: Final = Declared(
    *("yigong_findings_total", _C, "提示数", "findings shown", Group.REQUESTS), labels=("family", "severity")
)
GAPS: Final = Declared(
    *("yigong_gaps_total", _C, "未能完成的检查", "checks that could not be made", Group.REQUESTS), labels=("family",)
)
FAULTS: Final = Declared(
    *("yigong_rule_faults_total", _C, "规则故障", "rules that raised", Group.REQUESTS), labels=("family",)
)
CHECK_FAULTS: Final = Declared(
    *("yigong_record_check_faults_total", _C, "病历检查失败", "checks of records that failed to run", Group.SERVICE),
    labels=("check",),
)
LOST: Final = Declared(
    "yigong_journal_lost", _G, "丢失的审查日志", "journal entries dropped or not written", Group.SERVICE
)
UNRECORDED: Final = Declared("yigong_audit_lost", _G, "丢失的审计事件", "audit events lost", Group.SERVICE)
SWAPS: Final = Declared(
    *("yigong_release_swaps", _G, "知识版本切换", "release swaps since start", Group.SERVICE), several="max"
)
LOGIN_FAILURES: Final = Declared(
    "yigong_login_failures_total", _C, "登录失败", "logins that were wrong", Group.SECURITY
)
ALERTS: Final = Declared(
    *("yigong_security_alerts_total", _C, "安全告警", "alerts for security staff", Group.SECURITY), labels=("kind",)
)
LOOKED: Final = Declared(
    "yigong_systems_known", _G, "接入状况可读", "1 when connected systems could be looked at", Group.SYSTEMS
)
SEEN: Final = Declared(
    *("yigong_system_last_seen_seconds", _G, "最近一次通信", "when a system was last heard of", Group.SYSTEMS),
    labels=_SYSTEM,
    unit=Unit.MOMENT,
)
EXPECTED: Final = Declared(
    *(
        "yigong_system_watched",
        _G,
        "应持续在线",
        "1 for a system that must not fall silent",
        Group.SYSTEMS,
    ),
    labels=_SYSTEM,
)
SUCCESS: Final = Declared(
    *("yigong_system_success_ratio", _G, "采集成功率", "share stored of what ended lately", Group.SYSTEMS),
    labels=_SYSTEM,
    unit=Unit.SHARE,
)
LATENCY: Final = Declared(
    *("yigong_system_latency_seconds", _G, "处理时延", "from arrival to stored, lately", Group.SYSTEMS),
    labels=(*_SYSTEM, "quantile"),
    unit=Unit.SECONDS,
)
BACKLOG: Final = Declared(
    *("yigong_system_backlog", _G, "积压消息", "messages that wait to be stored or told", Group.SYSTEMS),
    labels=_SYSTEM,
)
DEAD: Final = Declared(
    *("yigong_system_dead_letters", _G, "死信", "messages given up and not settled", Group.SYSTEMS), labels=_SYSTEM
)
DAY: Final = Declared(
    *("yigong_system_day_messages", _G, "24 小时消息数", "messages of the last 24 hours", Group.SYSTEMS),
    labels=(*_SYSTEM, "outcome"),
)
STANDING: Final = Declared(
    *("yigong_alarms", _G, "未恢复告警", "alarms about connected systems that stand", Group.SYSTEMS),
    labels=("condition", "severity", "acknowledged"),
)
LETTERS: Final = Declared(
    *("yigong_alarm_letters", _G, "未送达的告警通知", "notifications of alarms not sent", Group.SYSTEMS),
    labels=("state",),
)
PSI: Final = Declared(
    *("yigong_risk_model_psi", _G, "特征稳定性指数", "stability index of a feature", Group.MODELS),
    labels=("model", "feature"),
    several="max",
)
CASES: Final = Declared(
    *("yigong_risk_model_cases", _G, "预测例数", "predictions made", Group.MODELS), labels=("model",)
)
MEAN_RISK: Final = Declared(
    *("yigong_risk_model_mean_risk", _G, "平均预测风险", "mean predicted risk", Group.MODELS),
    labels=("model",),
    unit=Unit.SHARE,
    several="max",
)
OBSERVED: Final = Declared(
    *("yigong_risk_model_observed_expected", _G, "实际与预测事件之比", "events over predicted events", Group.MODELS),
    labels=("model",),
    several="max",
)
COUNTED: Final = (
    *(REQUESTS, REVIEWS, FINDINGS, GAPS, FAULTS, CHECK_FAULTS, LOST, UNRECORDED, SWAPS, LOGIN_FAILURES, ALERTS),
)
"""Counted by workers as they go."""
READ: Final = (LOOKED, SEEN, EXPECTED, SUCCESS, LATENCY, BACKLOG, DEAD, DAY, STANDING, LETTERS)
"""Read from the database when somebody asks (``system_metrics``)."""
MODELS: Final = (PSI, CASES, MEAN_RISK, OBSERVED)
"""Of risk models, from the first worker that opens one (``risk_desk``)."""
DECLARED: Final = (*COUNTED, *READ, *MODELS)


class Metrics:
    """What workers count."""

    def __init__(self) -> None:
        self.requests, self.reviews = REQUESTS.counter(), REVIEWS.histogram()
        self.findings, self.gaps, self.faults = FINDINGS.counter(), GAPS.counter(), FAULTS.counter()
        self.check_faults = CHECK_FAULTS.counter()
        self.lost, self.unrecorded, self.swaps = LOST.gauge(), UNRECORDED.gauge(), SWAPS.gauge()
        self.login_failures, self.alerts = LOGIN_FAILURES.counter(), ALERTS.counter()
        # Labels are looked up under a lock that costs more than counting: the ones of every request are kept.
        self._timer = lru_cache(maxsize=64)(self.reviews.labels)
        self.answered = lru_cache(maxsize=256)(self.requests.labels)
        self._found = lru_cache(maxsize=512)(self.findings.labels)

    def reviewed(self, service: str, reviewed: Reviewed) -> None:
        """Count one review."""
        self._timer(service).observe(reviewed.elapsed_ms / 1000)
        for finding in reviewed.review.findings:
            self._found(finding.family, finding.severity.value).inc()
        for gap in reviewed.review.gaps:
            self.gaps.labels(gap.family).inc()
        for fault in reviewed.review.faults:
            self.faults.labels(fault.family).inc()

    def note_state(self, lost: int, unrecorded: int, swaps: int) -> None:
        """Set the gauges before they are read."""
        self.lost.set(lost)
        self.unrecorded.set(unrecorded)
        self.swaps.set(swaps)

    @staticmethod
    def text() -> bytes:
        """All workers' figures in the Prometheus text format; of what nothing was counted yet, that it is counted."""
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        shown = generate_latest(registry)
        return shown + b"".join(one.head for one in (*COUNTED, *MODELS) if one.head not in shown)


METRICS: Final = Metrics()
