"""Building and trying rules: what conditions are made of, text and tree of one, what it says of sample patients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.curating import READ, Curators
from api.curation_forms import CaseForm
from api.errors import bad_field, respond
from api.rule_lab import RuleLab, vocabulary
from knowledge.model import RuleCase
from rules.language import ConditionError


class ConditionBody(Body, frozen=True):
    """A condition as ``text``, or as a ``tree`` that was built by clicking."""

    text: str = ""
    tree: dict[str, Any] | None = None


class TrialBody(Body, frozen=True):
    """A condition as text, and the cases it is tried on."""

    condition: str
    cases: tuple[CaseForm, ...] = ()


def router(curators: Curators, lab: RuleLab) -> APIRouter:
    """``/api/v1/curation/rules``."""
    routes = APIRouter(prefix="/api/v1/curation/rules", tags=["Curation"])

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

    return routes


EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "condition": {"text": 'orders("华法林") and age_years >= 75'},
    "trial": {
        "condition": 'orders("华法林") and age_years >= 75',
        "cases": [{"name": "年龄未知", "facts": {'orders("华法林")': True}, "expect": "unknown"}],
    },
}
_VOCABULARY: Final = described("条件的词汇", "字段、函数及其参数、推导状态、样例患者。", "fields and functions")
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
