"""Prompts over HTTP: versions, tests, approval by a second person, roll-out by institution, polishing, use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from api.access import Access, Principal
from api.asking import described, reads, within, writes
from api.bodies import Body, asked, decoded
from api.errors import respond
from api.institution_names import placed
from api.prompt_desk import PromptDesk, act, told

if TYPE_CHECKING:  # read when somebody asks: no worker waits for them to start
    from nlp.prompt_store import Event, Prompt, Run, Use, Version
    from nlp.prompts import Content

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_LONGEST_WISH: Final = 1_000


class PromptBody(Body, frozen=True):
    """A new prompt: one of the purposes of the service, or a purpose of one's own. ``content`` holds ``template``,
    ``system``, ``variables`` and ``cases``."""

    name: str
    purpose: str
    content: dict[str, Any]
    tenant: str = ""
    note: str = ""
    by: str = ""


class VersionBody(Body, frozen=True):
    """A further version; ``base`` is the version it was made from."""

    content: dict[str, Any]
    base: int = 0
    note: str = ""
    by: str = ""


class ActBody(Body, frozen=True):
    """A step with a version, and why."""

    note: str = ""
    by: str = ""


class DecisionBody(Body, frozen=True):
    """What another person decides of a version that was handed in."""

    approved: bool
    note: str = ""
    by: str = ""


class ActivationBody(Body, frozen=True):
    """Where a version is used: at an institution and, below it, where nothing else was chosen."""

    tenant: str = ""
    note: str = ""
    by: str = ""


class DeactivationBody(Body, frozen=True):
    """From now on the institution uses for a purpose what the level above uses."""

    purpose: str
    tenant: str = ""
    note: str = ""
    by: str = ""


class PreviewBody(Body, frozen=True):
    """Values of the variables, to see what a prompt becomes."""

    variables: dict[str, Any] = {}


class PolishBody(Body, frozen=True):
    """``version`` 0 is the newest; ``wish`` says what should become better."""

    version: int = 0
    wish: str = ""
    by: str = ""


class RatingBody(Body, frozen=True):
    """From 1 to 5."""

    version: int
    score: int
    note: str = ""


def router(access: Access, desk: PromptDesk) -> APIRouter:
    """``/api/v1/prompts``."""
    routes = APIRouter(prefix="/api/v1/prompts", tags=["Prompts"])
    _reading(routes, access, desk)
    _writing(routes, access, desk)
    _trying(routes, access, desk)
    _deciding(routes, access, desk)
    _serving(routes, access, desk)
    _using(routes, access, desk)
    return routes


# -- reading -----------------------------------------------------------------------------------


def _reading(routes: APIRouter, access: Access, desk: PromptDesk) -> None:
    @routes.get("", **_LIST)
    async def listed(request: Request, purpose: str = "", tenant: str = "") -> Response:
        found = access.need(request, "knowledge.read")
        home = reads(found, tenant, desk.league)
        prompts = await desk.do(found, lambda store: store.listed(home, purpose))
        choices = await desk.do(found, lambda store: store.choices(home))
        told = [prompt_json(p) | {"versions": [_brief(v) for v in made]} for p, made in prompts]
        used = placed([_choice(*one) for one in choices.items()], await within(found, desk.called))
        return respond(200, {"tenant": home, "prompts": told, "inUse": used})

    @routes.get("/{prompt_id}", **_ONE)
    async def one(prompt_id: str, request: Request, version: int = 0) -> Response:
        found = access.need(request, "knowledge.read")
        home = found.tenant or desk.league
        known = await desk.do(found, lambda store: store.prompt(home, prompt_id))
        held = await desk.do(found, lambda store: store.version(home, prompt_id, version))
        run = await desk.do(found, lambda store: store.last_run(home, prompt_id, held.number))
        history = await desk.do(found, lambda store: store.history(home, prompt_id))
        whole = version_json(held) | ({"lastRun": run_json(run)} if run is not None else {})
        happened = placed([_event(one) for one in history], await within(found, desk.called))
        return respond(200, prompt_json(known) | {"version": whole, "history": happened})

    @routes.get("/{prompt_id}/versions/{number}/diff", **_DIFF)
    async def diff(prompt_id: str, number: Number, request: Request, against: int = 0) -> Response:
        from nlp.polishing import difference

        found = access.need(request, "knowledge.read")
        home = found.tenant or desk.league
        new = await desk.do(found, lambda store: store.version(home, prompt_id, number))
        before = against or new.base or max(1, number - 1)
        old = await desk.do(found, lambda store: store.version(home, prompt_id, before))
        return respond(200, {"from": old.number, "to": number, "diff": difference(old.content, new.content)})


# -- writing -----------------------------------------------------------------------------------


def _writing(routes: APIRouter, access: Access, desk: PromptDesk) -> None:
    @routes.post("", **_CREATE)
    async def create(request: Request) -> Response:
        found, given = access.need(request, "knowledge.edit"), decoded(PromptBody, await request.body())
        tenant, content = writes(found, given.tenant, desk.league), _content(given.content)
        doing = act(_who(found, given.by), given.note)
        made = await desk.do(found, lambda store: store.create(tenant, given.name, given.purpose, content, doing))
        access.note(found, "prompt.create", f"prompt/{made.prompt}", tenant=tenant)
        known = await desk.do(found, lambda store: store.prompt(tenant, made.prompt))
        return respond(201, prompt_json(known) | {"version": version_json(made)})

    @routes.post("/{prompt_id}/versions", **_VERSION)
    async def add(prompt_id: str, request: Request) -> Response:
        found, given = access.need(request, "knowledge.edit"), decoded(VersionBody, await request.body())
        content, doing = _content(given.content), act(_who(found, given.by), given.note)
        made = await desk.do(found, lambda store: store.add(prompt_id, content, doing, given.base))
        access.note(found, "prompt.version", f"prompt/{prompt_id}", version=made.number)
        return respond(201, version_json(made))

    @routes.post("/{prompt_id}/polish", **_POLISH)
    async def polish(prompt_id: str, request: Request) -> Response:
        found, given = access.need(request, "knowledge.edit"), decoded(PolishBody, await request.body())
        by = _who(found, given.by)
        draft, made = await desk.polish(found, prompt_id, given.version, given.wish[:_LONGEST_WISH], by)
        access.note(found, "prompt.polish", f"prompt/{prompt_id}", version=draft.number)
        return respond(201, version_json(draft) | {"changes": list(made.changes), "diff": made.diff})


def _trying(routes: APIRouter, access: Access, desk: PromptDesk) -> None:
    @routes.post("/{prompt_id}/versions/{number}/preview", **_PREVIEW)
    async def preview(prompt_id: str, number: Number, request: Request) -> Response:
        from nlp.prompts import render

        found, given = access.need(request, "knowledge.read"), decoded(PreviewBody, await request.body())
        home = found.tenant or desk.league
        held = await desk.do(found, lambda store: store.version(home, prompt_id, number))
        with told():
            made = render(held.content, given.variables)
        return respond(200, {"system": made.system, "message": made.message})

    @routes.post("/{prompt_id}/versions/{number}/runs", **_RUN)
    async def run(prompt_id: str, number: Number, request: Request) -> Response:
        found = access.need(request, "knowledge.edit")
        made = await desk.run(found, prompt_id, number, found.tenant or desk.league)
        access.note(found, "prompt.run", f"prompt/{prompt_id}", version=number, passed=made.passed)
        return respond(200, run_json(made))


# -- deciding ----------------------------------------------------------------------------------


def _deciding(routes: APIRouter, access: Access, desk: PromptDesk) -> None:
    @routes.post("/{prompt_id}/versions/{number}/submission", **_SUBMIT)
    async def submit(prompt_id: str, number: Number, request: Request) -> Response:
        found, given = access.need(request, "knowledge.edit"), decoded(ActBody, await request.body() or b"{}")
        doing = act(_who(found, given.by), given.note)
        made = await desk.do(found, lambda store: store.submit(prompt_id, number, doing))
        access.note(found, "prompt.submit", f"prompt/{prompt_id}", version=number)
        return respond(200, version_json(made))

    @routes.post("/{prompt_id}/versions/{number}/decision", **_DECIDE)
    async def decide(prompt_id: str, number: Number, request: Request) -> Response:
        found, given = access.need(request, "knowledge.approve"), decoded(DecisionBody, await request.body())
        doing = act(_who(found, given.by), given.note)
        if given.approved:
            made = await desk.do(found, lambda store: store.approve(prompt_id, number, doing))
        else:
            made = await desk.do(found, lambda store: store.reject(prompt_id, number, doing))
        access.note(found, f"prompt.{made.state.value}", f"prompt/{prompt_id}", given.note, version=number)
        return respond(200, version_json(made))


def _serving(routes: APIRouter, access: Access, desk: PromptDesk) -> None:
    @routes.post("/{prompt_id}/versions/{number}/activation", **_ACTIVATE)
    async def activate(prompt_id: str, number: Number, request: Request) -> Response:
        found, given = (
            access.need(request, "knowledge.approve"),
            decoded(ActivationBody, await request.body() or b"{}"),
        )
        tenant, doing = writes(found, given.tenant, desk.league), act(_who(found, given.by), given.note)
        made = await desk.do(found, lambda store: store.activate(tenant, prompt_id, number, doing))
        access.note(found, "prompt.activate", f"prompt/{prompt_id}", given.note, version=number, tenant=tenant)
        return respond(200, _use(made))

    @routes.post("/deactivation", **_DEACTIVATE)
    async def deactivate(request: Request) -> Response:
        found, given = access.need(request, "knowledge.approve"), decoded(DeactivationBody, await request.body())
        tenant, doing = writes(found, given.tenant, desk.league), act(_who(found, given.by), given.note)
        now = await desk.do(found, lambda store: store.deactivate(tenant, given.purpose, doing))
        access.note(found, "prompt.deactivate", "", given.note, tenant=tenant)
        return respond(200, {"inUse": None if now is None else _use(now)})


# -- using -------------------------------------------------------------------------------------


def _using(routes: APIRouter, access: Access, desk: PromptDesk) -> None:
    @routes.post("/{prompt_id}/ratings", **_RATE)
    async def rate(prompt_id: str, request: Request) -> Response:
        found, given = access.need(request, "knowledge.read"), decoded(RatingBody, await request.body())
        home, doing = found.tenant or desk.league, act(found.name, given.note)
        await desk.count(found, lambda usage: usage.rate(home, prompt_id, given.version, given.score, doing))
        return respond(201, {"prompt": prompt_id, "version": given.version, "score": given.score})

    @routes.get("/{prompt_id}/usage", **_USAGE)
    async def usage(prompt_id: str, request: Request) -> Response:
        found = access.need(request, "knowledge.read")
        home = found.tenant or desk.league
        made = await desk.count(found, lambda counted: counted.figures(home, prompt_id))
        return respond(200, {"versions": [one._asdict() for one in made]})


def _who(found: Principal, given: str) -> str:
    """The name something is done under. Raises ``ApiError`` 403 when a person gives another's."""
    return found.acts_as(given, "by").strip() or found.name


def _content(value: dict[str, Any]) -> Content:
    """Raises ``ApiError`` that names the field."""
    from nlp.prompts import Content

    with told():
        return Content.of(value)


# -- as JSON -----------------------------------------------------------------------------------


def prompt_json(one: Prompt) -> dict[str, Any]:
    """A prompt without what it says."""
    return one._asdict() | {"made": one.made.isoformat()}


def version_json(one: Version) -> dict[str, Any]:
    """A version, whole."""
    import msgspec

    return _brief(one) | {"content": msgspec.to_builtins(one.content), "digest": one.digest}


def run_json(one: Run) -> dict[str, Any]:
    """A run of the cases of a version."""
    outcomes = [
        {"case": o.case, "passed": o.passed, "problems": list(o.problems), "output": o.output} for o in one.outcomes
    ]
    about = {"version": one.version, "at": one.at.isoformat(), "by": one.actor, "model": one.model}
    return about | {"passed": one.passed, "outcomes": outcomes}


def _brief(one: Version) -> dict[str, Any]:
    fields = {
        "prompt": one.prompt,
        "number": one.number,
        "state": one.state.value,
        "author": one.author,
        "made": one.made.isoformat(),
        "origin": one.origin,
        "base": one.base,
        "note": one.note,
        "submittedBy": one.submitted_by,
        "decidedBy": one.decided_by,
        "decided": one.decided.isoformat() if one.decided else "",
    }
    return {k: v for k, v in fields.items() if v}


def _use(one: Use) -> dict[str, Any]:
    about = {"tenant": one.tenant, "purpose": one.prompt.purpose, "prompt": one.prompt.id, "name": one.prompt.name}
    return about | {"version": one.version.number}


def _choice(purpose: str, chosen: tuple[str, str, int]) -> dict[str, Any]:
    tenant, prompt, version = chosen
    return {"purpose": purpose, "tenant": tenant, "prompt": prompt, "version": version}


def _event(one: Event) -> dict[str, Any]:
    return {k: v for k, v in (one._asdict() | {"at": one.at.isoformat()}).items() if v}


# -- what OpenAPI says -------------------------------------------------------------------------

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "prompt": {
        "name": "慢病随访问答",
        "purpose": "慢病随访",
        "content": {
            "system": "你是慢病随访助手，只依据资料回答。",
            "template": "{% for passage in passages %}\n[{{ loop.index }}] {{ passage }}\n{% endfor %}\n"
            "问题：{{ question }}",
            "variables": [
                {"name": "question", "title": "问题"},
                {"name": "passages", "type": "list", "title": "资料"},
            ],
            "cases": [
                {
                    "name": "问题和资料都在",
                    "variables": {"question": "多久复查一次血压", "passages": ["高血压每月随访。"]},
                    "expect": [{"contains": "[1] 高血压每月随访。"}, {"contains": "多久复查一次血压"}],
                }
            ],
        },
        "note": "初稿",
    },
    "version": {"content": {"template": "{{ question }}", "variables": [{"name": "question"}]}, "base": 1},
    "preview": {"variables": {"question": "多久复查一次血压", "passages": ["高血压每月随访。"]}},
    "polish": {"version": 1, "wish": "分步骤说明"},
    "submission": {"note": "请审核"},
    "decision": {"approved": True, "note": "用例齐全"},
    "activation": {"tenant": "league/county-a/hospital-1"},
    "deactivation": {"purpose": "智能问答", "tenant": "league/county-a/hospital-1"},
    "rating": {"version": 1, "score": 5, "note": "回答简洁"},
}

_LIST: Final = described(
    "提示词目录",
    "本机构可用的提示词及其版本；`inUse` 为各用途正在使用的版本，以及由哪一级选定。",
    "prompts",
)
_ONE: Final = described("一个提示词", "内容、变量、测试用例、最近一次用例运行结果和历史。", "the prompt", 404)
_DIFF: Final = described("两个版本的差异", "逐行比较；不给 `against` 时与其来源版本比较。", "unified diff", 404)
_CREATE: Final = described(
    "新建提示词",
    "内容写入版本 1（草稿）。模板为受限的 Jinja：变量、if、for 和少量过滤器。",
    "the prompt",
    *(400, 409, 422),
    status=201,
) | asked(PromptBody, EXAMPLES["prompt"])
_VERSION: Final = described("新增版本", "版本只增不改。", "the version", 400, 404, 409, 422, status=201) | asked(
    VersionBody, EXAMPLES["version"]
)
_PREVIEW: Final = described("预览填入变量后的提示词", "不调用模型。", "the text", 400, 404, 422) | asked(
    PreviewBody, EXAMPLES["preview"]
)
_RUN: Final = described(
    "运行测试用例",
    "对提示词的断言直接检查，对输出的断言需要已配置的大语言模型；结果留存，全部通过才能审核。",
    "outcomes",
    404,
)
_POLISH: Final = described(
    "AI 润色",
    "由大语言模型改写为新的草稿版本并给出差异，变量必须保留；仍须测试并由他人审核后才能启用。",
    "a draft",
    *(400, 404, 422),
    status=201,
) | asked(PolishBody, EXAMPLES["polish"])
_SUBMIT: Final = described("提交审核", "草稿交由他人审核。", "the version", 404, 422) | asked(
    ActBody, EXAMPLES["submission"]
)
_DECIDE: Final = described(
    "审核",
    "须由编写和提交人以外的人进行；测试用例全部通过才能批准，退回须写明理由。",
    "the version",
    *(400, 404, 409, 422),
) | asked(DecisionBody, EXAMPLES["decision"])
_ACTIVATE: Final = described(
    "启用", "在一个机构及其未另行选择的下级机构使用已审核的版本。", "what is used", 400, 404, 422
) | asked(ActivationBody, EXAMPLES["activation"])
_DEACTIVATE: Final = described("停用", "改用上级机构所用的版本。", "what is used now", 400, 404) | asked(
    DeactivationBody, EXAMPLES["deactivation"]
)
_RATE: Final = described(
    "评价", "1 至 5 分，同一人对同一版本以最后一次为准。", "kept", 400, 404, 422, status=201
) | asked(RatingBody, EXAMPLES["rating"])
_USAGE: Final = described(
    "使用情况", "各版本的使用次数、模型失败次数、未通过核对的句数、评价人数和均分。", "figures", 404
)
