"""Building and trying rules: what conditions are made of, text and tree of one, what it says of sample patients;
several kept at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.curating import READ, Curators, acting_as
from api.curation_desk import CurationDesk, Drafting
from api.curation_forms import CaseForm, RuleForm
from api.curation_json import whole_json
from api.errors import bad_field, respond
from api.rule_lab import RuleLab, vocabulary
from knowledge.model import RuleCase
from rules.language import ConditionError

_MOST: Final = 100


class ConditionBody(Body, frozen=True):
    """A condition as ``text``, or as a ``tree`` that was built by clicking."""

    text: str = ""
    tree: dict[str, Any] | None = None


class RuleBody(Body, frozen=True):
    """A rule, and the revision it was made from (0: a new one)."""

    id: str
    form: RuleForm
    revision: int


class RulesBody(Body, frozen=True):
    """Rules that are kept together or not at all."""

    records: tuple[RuleBody, ...]
    reason: str
    by: str = ""


class TrialBody(Body, frozen=True):
    """A condition as text, and the cases it is tried on."""

    condition: str
    cases: tuple[CaseForm, ...] = ()


def router(curators: Curators, desk: CurationDesk, lab: RuleLab) -> APIRouter:
    """``/api/v1/curation/rules``."""
    routes = APIRouter(prefix="/api/v1/curation/rules", tags=["Curation"])
    _trying(routes, curators, lab)

    @routes.put("", **_SAVE)
    async def save(request: Request) -> Response:
        found, given = curators.edits(request), decoded(RulesBody, await request.body())
        by = acting_as(found, given.by)
        if not 0 < len(given.records) <= _MOST:
            raise bad_field("records", f"一次 1 至 {_MOST} 条")
        drafts = [Drafting(one.id, one.form, one.revision) for one in given.records]

        def saved() -> list[dict[str, Any]]:
            return [whole_json(desk, head) for head in desk.save_all("rule", drafts, by, given.reason)]

        made = await within(found, saved)
        for one in drafts:
            curators.access.note(found, "knowledge.edit", f"rule/{one.id}", given.reason, by=by)
        return respond(200, {"records": made})

    return routes


def _trying(routes: APIRouter, curators: Curators, lab: RuleLab) -> None:

    @routes.get("/vocabulary", **_VOCABULARY)
    def words(request: Request) -> Response:
        curators.access.need(request, READ)
        return respond(200, vocabulary())

    @routes.post("/condition", **_CONDITION)
    async def condition(request: Request) -> Response:
        found, given = curators.access.need(request, READ), decoded(ConditionBody, await request.body())
        return respond(200, await within(found, lambda: lab.condition(given.text, given.tree)))

    @routes.post("/trial", **_TRIAL)
    async def trial(request: Request) -> Response:
        found, given = curators.access.need(request, READ), decoded(TrialBody, await request.body())
        cases = [RuleCase(c.name, c.facts, c.expect) for c in given.cases]
        try:
            made = await within(found, lambda: lab.trial(given.condition, cases, datetime.now(UTC)))
        except ConditionError as error:
            raise bad_field("condition", error.problems[0].message) from None
        return respond(200, made)


def _over(age: int) -> dict[str, Any]:
    """The form of a rule about warfarin from some age on."""
    drug = 'orders("华法林")'
    return {
        "title": f"{age}岁以上患者使用华法林",
        "condition": f"{drug} and age_years >= {age}",
        "severity": "moderate",
        "message": f"{age}岁以上患者使用华法林，出血风险升高",
        "citations": [{"source": "label:华法林钠片", "section": "【老年用药】"}],
        "cases": [
            {"name": "九十岁新开", "facts": {drug: True, "age_years": 90}, "expect": "fired"},
            {"name": "六十岁", "facts": {drug: True, "age_years": 60}, "expect": "passed"},
        ],
    }


EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "rules": {
        "records": [
            {"id": "rule:warfarin-over-75", "form": _over(75), "revision": 0},
            {"id": "rule:warfarin-over-85", "form": _over(85), "revision": 0},
        ],
        "reason": "药事会 2026-11 通过",
        "by": "李药师",
    },
    "condition": {"text": 'orders("华法林") and age_years >= 75'},
    "trial": {
        "condition": 'orders("华法林") and age_years >= 75',
        "cases": [{"name": "年龄未知", "facts": {'orders("华法林")': True}, "expect": "unknown"}],
    },
}
_VOCABULARY: Final = described("条件的词汇", "字段、函数及其参数、推导状态、样例患者。", "fields and functions")
_SAVE: Final = described(
    "一起保存规则草稿",
    "全部保存或全部不保存。每条带所依据的版本号；有一条未通过校验或他人已先保存，则一条也不写入，"
    "并逐条指出位置和字段（`records[1].form.condition`）：有版本冲突时为 409，否则为 422。",
    "the rules as they are now",
    *(400, 409, 422),
) | asked(RulesBody, EXAMPLES["rules"])
_CONDITION: Final = described(
    "解析条件",
    "文字与结构互换；列出条件读取的资料和全部错误。",
    "text, tree, reads, problems",
    400,
    422,
) | asked(ConditionBody, EXAMPLES["condition"])
_TRIAL: Final = described(
    "试运行条件", "对样例患者和规则自带的用例逐一判断；样例患者均为虚构。", "outcomes", 400
) | asked(TrialBody, EXAMPLES["trial"])
