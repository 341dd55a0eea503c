"""Dashboards and alert rules as code: a Grafana dashboard from the declared metrics, and rules for Prometheus.

``python -m deploy.dashboards`` writes them; a test fails when they are stale or name a metric that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import yaml

from api import metrics as m

FOLDER: Final = Path(__file__).parent
GRAFANA: Final = FOLDER / "grafana" / "yigong.json"
RULES: Final = FOLDER / "prometheus" / "yigong.rules.yml"
_WIDTH, _HEIGHT, _COLUMNS = 8, 7, 3
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_BY_SYSTEM: Final = "tenant=~'$tenant'"


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that Prometheus watches for: ``lasts`` so long before anybody is told."""

    name: str
    expr: str
    lasts: str
    severity: str
    summary: str


RULES_DECLARED: Final = (
    Rule("YigongDown", "up{job='yigong'} == 0", "1m", "critical", "医共实例 {{ $labels.instance }} 无法访问"),
    Rule(
        "YigongSystemOffline",
        f"time() - {m.SEEN.name} > 1800 and on (tenant, system) {m.EXPECTED.name} == 1",
        *("0m", "critical", "{{ $labels.tenant }} {{ $labels.system }} 已离线超过 30 分钟"),
    ),
    Rule(
        "YigongIntakeFailing",
        f"{m.SUCCESS.name} < 0.95",
        *("5m", "critical", "{{ $labels.tenant }} {{ $labels.system }} 采集成功率低于 95%"),
    ),
    Rule(
        "YigongBacklog",
        f"{m.BACKLOG.name} > 10000",
        *("10m", "warning", "{{ $labels.tenant }} {{ $labels.system }} 积压 {{ $value }} 条消息"),
    ),
    Rule(
        "YigongSystemsUnknown",
        f"{m.LOOKED.name} == 0",
        *("2m", "warning", "接入系统状况无法读取：数据库不可用"),
    ),
    Rule(
        "YigongAlarmsUntold",
        f"{m.LETTERS.name}{{state='failed'}} > 0",
        *("5m", "warning", "有 {{ $value }} 条告警通知未能送达，请检查告警渠道"),
    ),
    Rule(
        "YigongErrors",
        f"sum(rate({m.REQUESTS.name}{{status=~'5..'}}[5m])) / sum(rate({m.REQUESTS.name}[5m])) > 0.01",
        *("5m", "critical", "超过 1% 的请求返回服务器错误"),
    ),
    Rule(
        "YigongReviewSlow",
        f"histogram_quantile(0.99, sum by (le) (rate({m.REVIEWS.name}_bucket[5m]))) > 0.025",
        *("10m", "warning", "审查耗时 99 分位超过 25 毫秒"),
    ),
    Rule(
        "YigongRuleFaults",
        f"sum by (family) (increase({m.FAULTS.name}[15m])) > 0",
        *("0m", "warning", "规则族 {{ $labels.family }} 运行出错"),
    ),
    Rule("YigongJournalLost", f"increase({m.LOST.name}[15m]) > 0", "0m", "critical", "审查日志有丢失"),
    Rule("YigongAuditLost", f"increase({m.UNRECORDED.name}[15m]) > 0", "0m", "critical", "审计事件有丢失"),
)


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    board = json.dumps(dashboard(), ensure_ascii=False, indent=2) + "\n"
    return {GRAFANA: board, RULES: yaml.safe_dump(rules(), allow_unicode=True, sort_keys=False, width=118)}


def main() -> None:
    """Write what changed."""
    for path, text in files().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path.relative_to(FOLDER.parent)}")


# -- Prometheus --------------------------------------------------------------------------------------


def rules() -> dict[str, Any]:
    """The file of alert rules."""
    return {"groups": [{"name": "yigong", "rules": [_rule(one) for one in RULES_DECLARED]}]}


def _rule(one: Rule) -> dict[str, Any]:
    about = {"labels": {"severity": one.severity}, "annotations": {"summary": one.summary}}
    return {"alert": one.name, "expr": one.expr, "for": one.lasts} | about


# -- Grafana -----------------------------------------------------------------------------------------


def dashboard() -> dict[str, Any]:
    """The dashboard: a row for each group, a panel for each metric."""
    return {
        "uid": "yigong",
        "title": "医共 Yigong 运行监控",
        "tags": ["yigong"],
        "timezone": "Asia/Shanghai",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_source(), _tenant()]},
        "panels": list(_panels()),
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "数据源", "type": "datasource", "query": "prometheus"}


def _tenant() -> dict[str, Any]:
    query = f"label_values({m.BACKLOG.name}, tenant)"
    chosen = {"includeAll": True, "multi": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}
    return {"name": "tenant", "label": "机构", "type": "query", "datasource": _SOURCE, "query": query} | chosen


def _panels() -> Iterator[dict[str, Any]]:
    number, top = count(1), 0
    for group in m.Group:
        yield {"id": next(number), "type": "row", "title": group.value, "panels": []} | _at(top, 0, 24, 1)
        top += 1
        listed = [declared for declared in m.DECLARED if declared.group is group]
        for place, declared in enumerate(listed):
            row, column = divmod(place, _COLUMNS)
            yield _panel(next(number), declared) | _at(top + row * _HEIGHT, column * _WIDTH, _WIDTH, _HEIGHT)
        top += -(-len(listed) // _COLUMNS) * _HEIGHT


def _at(top: int, left: int, width: int, height: int) -> dict[str, Any]:
    return {"gridPos": {"x": left, "y": top, "w": width, "h": height}}


def _panel(number: int, declared: m.Declared) -> dict[str, Any]:
    targets = [
        {"refId": chr(65 + place), "datasource": _SOURCE, "expr": expr, "legendFormat": legend}
        for place, (expr, legend) in enumerate(expressions(declared))
    ]
    moment = declared.unit is m.Unit.MOMENT
    shown = {"type": "table" if moment else "timeseries", "title": declared.title, "description": declared.help}
    unit = {"defaults": {"unit": declared.unit.value}, "overrides": []}
    return {"id": number, "datasource": _SOURCE, "fieldConfig": unit, "targets": targets} | shown


def expressions(declared: m.Declared) -> list[tuple[str, str]]:
    """What a panel asks, with the legend of each."""
    by = ", ".join(declared.labels)
    legend = " ".join("{{" + label + "}}" for label in declared.labels) or declared.title
    if declared.kind is m.Kind.HISTOGRAM:
        rate = f"sum by (le, {by}) (rate({declared.name}_bucket[5m]))"
        return [(f"histogram_quantile({q}, {rate})", f"{legend} p{q * 100:.0f}") for q in (0.5, 0.95, 0.99)]
    if declared.kind is m.Kind.COUNTER:
        rate = f"rate({declared.name}[5m])"
        return [(f"sum by ({by}) ({rate})" if by else f"sum({rate})", legend)]
    chosen = f"{declared.name}{{{_BY_SYSTEM}}}" if "tenant" in declared.labels else declared.name
    scale = " * 1000" if declared.unit is m.Unit.MOMENT else ""
    return [(f"max by ({by}) ({chosen}){scale}" if by else f"max({chosen}){scale}", legend)]


if __name__ == "__main__":
    main()
