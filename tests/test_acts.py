"""Whatever the audit records stands there in Chinese words: every act that the source names has a title, and
everything that is told beside an act has one too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import get_args, get_type_hints

from api.acts import ACTS, DETAILS, GROUPS, in_words, listed
from api.commands import accounts
from api.routes.appraisal_runs import Step
from api.routes.curation import StepsBody
from api.routes.curation_sources import JudgeBody
from docs.render import FOLDER
from nlp.prompt_store import State as Prompted
from records.quality_store import Action as FaultAction
from records.review_moves import Action as ReviewAction
from supervision.record_qc.states import Action as DefectAction

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ACT = re.compile(r"[a-z-]+(\.[a-z-]+)*")
_RECORDING = {"note", "_note", "_said", "_told", "_changed", "_managed", "Event"}
"""What records an act that it is called with, after who did it."""
MADE: dict[str, Iterable[str]] = {
    "account.": set(accounts.Act) - {accounts.Act.LIST},
    "appraisal.": Step,
    "client.": set(accounts.ClientAct) - {accounts.ClientAct.LIST},
    "concept.": get_args(get_type_hints(JudgeBody)["decision"]),
    "exchange.": ("replay", "close", "correct"),
    "http.": ("get", "head", "options", "post", "put", "patch", "delete"),
    "institution.": ("register", "change", "close", "open"),
    "knowledge.": get_args(get_type_hints(StepsBody)["step"]),
    "prompt.": (Prompted.APPROVED, Prompted.REJECTED),
    "qc.defect.": DefectAction,
    "quality.fault.": set(FaultAction),
    "review.": ReviewAction,
}
"""Acts that are put together: their beginning, and what may follow."""


def _recording() -> Iterator[ast.Call]:
    for path in sorted((FOLDER.parent / "api").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and _name(call.func) in _RECORDING:
                yield call


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _strings(call: ast.Call) -> Iterator[ast.expr]:
    """What may be the act: the second argument, or one of those of our own helpers."""
    given = call.args[1:2] if _name(call.func) in ("note", "Event") else call.args[1:6]
    for one in given:
        yield from (one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,)


def test_every_act_has_a_title() -> None:
    said = [one for call in _recording() for one in _strings(call)]
    plain = {s.value for s in said if isinstance(s, ast.Constant) and isinstance(s.value, str) and s.value}
    acts = {act for act in plain if _ACT.fullmatch(act)}
    assert {"person.read", "break-glass", "account.lock", "login", "qc.defect.aside"} <= acts, "the source was read"
    made = {s.values[0].value for s in said if isinstance(s, ast.JoinedStr) and isinstance(s.values[0], ast.Constant)}
    begun = {one for one in made if "/" not in str(one)}
    assert begun <= MADE.keys(), "say in MADE what these acts may be"
    acts |= {f"{start}{end}" for start, ends in MADE.items() for end in ends}
    assert sorted(acts - ACTS.keys()) == []


def test_every_title_is_chinese_and_its_own_and_every_group_has_one() -> None:
    assert len(set(ACTS.values())) == len(ACTS)
    assert all(_CHINESE.search(title) for title in (*ACTS.values(), *GROUPS.values(), *DETAILS.values()))
    assert {act.partition(".")[0] for act in ACTS} == GROUPS.keys()
    assert sum(len(group["acts"]) for group in listed()) == len(ACTS)


def test_whatever_is_told_beside_an_act_has_a_title() -> None:
    told = {
        one.arg
        for call in _recording()
        if _name(call.func) in ("note", "_note", "_told")
        for one in call.keywords
        if one.arg not in (None, "why")
    }
    assert {"count", "tenant", "version"} <= told, "the source was read"
    assert sorted(str(one) for one in told - DETAILS.keys()) == []


def test_an_event_is_told_in_words_and_what_nobody_knows_by_its_code() -> None:
    names = {"league/h1": "第一医院"}.get
    event = {
        "act": "http.get",
        "why": "search",
        "tenant": "league/h1",
        "detail": {"status": 403, "region": True, "of": "league/h1", "permissions": ["audit.read"], "odd": 3},
    }
    assert in_words(event, lambda tenant: names(tenant) or tenant) == {
        "actTitle": "接口调用：读取",
        "whyTitle": "检索",
        "institution": "第一医院",
        "details": [
            {"title": "结果", "text": "被拒 403"},
            {"title": "全医共体", "text": "是"},
            {"title": "所属机构", "text": "第一医院"},
            {"title": "权限", "text": "查询审计记录"},
            {"title": "odd", "text": "3"},
        ],
    }
    assert in_words({"act": "of.later"}, str) == {}
