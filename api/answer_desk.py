"""Answers as the service gives them: the index, the tenant's prompt, the patient and the rules brought together."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy.exc import SQLAlchemyError

from api.access import Access, Principal
from api.askers import asker
from api.asking import within
from api.bedside import Bedside, BedsideBody, Ward
from api.bodies import Body
from api.cards import as_json, fresh_id
from api.errors import bad_field
from api.panel_desk import Opened
from api.prompt_desk import PromptDesk, told
from api.search_desk import SearchDesk
from api.using import counted
from base.launches import Launch
from base.tenancy import system
from clinical.coded import china_day
from clinical.finding import Finding
from clinical.logic import Unknown
from clinical.order import Order
from clinical.patient import PatientContext
from clinical.value import replace
from exchange.fhir.context import Incoming
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from records.privacy import names_in
from records.unanswered import Unanswered
from records.uses import Asker, Kind, Uses

if TYPE_CHECKING:  # read when somebody asks: no worker waits for them to start
    from nlp.answers import Ask, Part, Prepared, Tools
    from nlp.lexicon import Lexicon
    from nlp.passages import Passage
    from nlp.prompt_store import Use

_log = logging.getLogger(__name__)
_LONGEST_QUESTION, _LONGEST_TURN, _MOST_TURNS, _MOST_HIDDEN = 2_000, 6_000, 40, 50
_BEAT_SECONDS: Final = 10.0
_LISTS: Final = ("conditions", "allergies", "medications")
"""Of what a question tells of a patient there may be more."""
_PATIENT: Final = "患者"
_FORM: Final = "prescription-format"
_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.PRODUCT, ConceptKind.DRUG_CLASS)
DISCLAIMER: Final = "内容来自知识库并标注出处，供医务人员参考，不替代临床判断"


class TurnBody(Body, frozen=True):
    """Something said before; ``role`` is user or assistant."""

    role: str
    text: str


class PageBody(Body, frozen=True):
    """The page or button a question is asked from: disease and drug by name or concept id."""

    disease: str = ""
    drug: str = ""


class AnswerBody(BedsideBody, frozen=True, kw_only=True):
    """A question. ``purpose`` chooses the prompt; ``mode`` passages asks for the release's own words even where
    there is a model; ``hide`` are further words (names) that no model may see; ``variables`` go to a prompt of one's
    own."""

    question: str
    turns: tuple[TurnBody, ...] = ()
    context: PageBody = PageBody()
    purpose: str = "智能问答"
    mode: str = "auto"
    hide: tuple[str, ...] = ()
    variables: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class About:
    """Whom a question is about, if anybody; ``hidden`` tells who that is, ``asker`` who wants to know."""

    bedside: Bedside | None
    hidden: frozenset[str]
    asker: Asker


@dataclass(frozen=True, slots=True)
class Begun:
    """A question that was understood and searched for, ready to be answered."""

    made: Prepared
    tools: Tools
    use: Use | None
    release: str
    purpose: str
    caller: Principal
    asker: Asker
    with_patient: bool


class AnswerDesk:
    """Answers questions of one installation."""

    def __init__(
        self,
        access: Access,
        search: SearchDesk,
        ward: Ward,
        prompts: PromptDesk,
        unanswered: Unanswered,
        uses: Uses,
        opened: Callable[[Launch, str], Opened],
    ) -> None:
        self._access, self._search, self._ward, self._prompts = access, search, ward, prompts
        self._unanswered, self._uses, self._opened = unanswered, uses, opened

    async def begin(self, body: AnswerBody, caller: Principal) -> Begun:
        """Understand a question and find what answers it. Raises ``ApiError``, ``ReadError``."""
        check(body)
        now = datetime.now(UTC)
        about = await self._about(body, caller)

        def work() -> tuple[Prepared, Tools, Use | None, str]:
            from nlp.answers import prepared

            with told():
                ask, tools, use, release = self._ready(body, caller, about, now)
                return prepared(ask, tools), tools, use, release

        made, tools, use, release = await within(caller, work)
        return Begun(made, tools, use, release, body.purpose, caller, about.asker, about.bedside is not None)

    async def _about(self, body: AnswerBody, caller: Principal) -> About:
        """Whom a question is about: the patient that a panel was launched for, of whom nothing need be sent, else the
        one that was sent. Raises ``ApiError``, ``ReadError``."""
        if caller.launch is not None and caller.launch.patient:
            opened = await asyncio.to_thread(self._opened, caller.launch, body.note)
            return About(opened.bedside, opened.hidden, opened.asker)
        bedside = None if body.names_nobody else await self._ward.of(body, caller)
        return About(bedside, _names(body), asker(caller, body, bedside))

    def _ready(
        self, body: AnswerBody, caller: Principal, about: About, now: datetime
    ) -> tuple[Ask, Tools, Use | None, str]:
        from nlp.answers import Ask, Tools
        from nlp.conversation import Turn
        from nlp.lexicon import Lexicon

        index = self._search.index()
        content, use = self._prompts.in_use(caller.tenant, body.purpose)
        lexicon = Lexicon.of(index.snapshot)
        ask = Ask(
            nameless(body.question.strip(), about.hidden, lexicon),
            tuple(Turn(turn.role, turn.text) for turn in body.turns),
            page_of(body.context, index.snapshot),
            None if about.bedside is None else about.bedside.patient,
            (*body.hide, *about.hidden),
            body.variables,
        )
        whom = everybody(about.bedside, body.question, self._ward, caller.tenant, lexicon, now)
        tools = Tools(
            lexicon,
            lambda query, limit: index.answer(query, limit=limit),
            lambda order, beside: of_all(whom, order, beside),
            content,
            china_day(now),
            self._prompts.model() if body.mode == "auto" else None,
        )
        return ask, tools, use, index.meta.release

    async def stream(self, begun: Begun) -> AsyncIterator[bytes]:
        """The answer as server-sent events, a beat while nothing is ready; it ends with ``done`` whatever happens."""
        from nlp.answers import Done, Failed, Refused, Sentence, answered

        failed, dropped, number = False, 0, fresh_id()
        began, spoke = time.perf_counter(), False
        self._note(begun, number)  # first: who hangs up before the end has asked all the same
        parts = answered(begun.made, begun.tools)
        try:
            async for part in _beating(parts):
                if part is None:
                    yield b": beat\n\n"
                    continue
                failed = failed or isinstance(part, Failed)
                spoke = spoke or isinstance(part, Sentence)
                dropped = len(part.dropped) if isinstance(part, Done) else dropped
                if isinstance(part, Refused):
                    await asyncio.to_thread(self._keep, begun, number)
                for line in events(part, begun, number):
                    yield line
        except Exception as error:  # the status is long sent: a stream that breaks off silently looks like an answer
            _log.error("answer broke off", extra={"error": type(error).__name__}, exc_info=error)
            failed = True
            yield _event("error", {"code": "internal", "text": "回答中断，已记录；已显示的内容均已核对出处"})
            yield _event("done", {"id": number, "release": begun.release, "by": "none", "sentences": 0})
        finally:
            counted(self._uses, Kind.ANSWERS, begun.asker, began, answered=spoke)
            await parts.aclose()
        if begun.tools.model is not None:
            await self._prompts.used(begun.caller.tenant, begun.use, failed=failed, dropped=dropped)

    def _keep(self, begun: Begun, number: str) -> None:
        """A question that nothing answered, for curators; a database that fails takes nobody's answer away."""
        from nlp.identifiers import without

        ask, tools = begun.made.ask, begun.tools
        told = without(ask.question, tools.today, tools.lexicon, ask.hidden).text
        try:
            with system("a question without an answer"):
                self._unanswered.keep(number, begun.caller.tenant, told, datetime.now(UTC))
        except SQLAlchemyError as error:
            _log.error("unanswered question not kept", extra={"error": type(error).__name__})

    def _note(self, begun: Begun, number: str) -> None:
        """That something was asked, by whom, and whether a model was told: never what."""
        model, patient = begun.tools.model is not None, begun.with_patient
        subject = f"answer/{number}"
        self._access.note(begun.caller, "answer.ask", subject, purpose=begun.purpose, model=model, patient=patient)


def check(body: AnswerBody) -> None:
    """Raises ``ApiError`` 400 that names the field."""
    if not body.question.strip():
        raise bad_field("question", "请输入问题")
    if len(body.question) > _LONGEST_QUESTION:
        raise bad_field("question", f"过长，最多 {_LONGEST_QUESTION} 字")
    if len(body.turns) > _MOST_TURNS:
        raise bad_field("turns", f"最多 {_MOST_TURNS} 轮，请只发送最近的对话")
    for at, turn in enumerate(body.turns):
        if turn.role not in ("user", "assistant"):
            raise bad_field(f"turns[{at}].role", "须为 user 或 assistant")
        if len(turn.text) > _LONGEST_TURN:
            raise bad_field(f"turns[{at}].text", f"过长，最多 {_LONGEST_TURN} 字")
    if body.mode not in ("auto", "passages"):
        raise bad_field("mode", "须为 auto 或 passages")
    if len(body.hide) > _MOST_HIDDEN:
        raise bad_field("hide", f"最多 {_MOST_HIDDEN} 个")


def page_of(page: PageBody, snapshot: Snapshot) -> dict[str, str]:
    """Disease and drug of a page as concept ids. Raises ``ApiError`` 400 for a name the release does not know."""
    found: dict[str, str] = {}
    for field, kinds in (("disease", (ConceptKind.DISEASE,)), ("drug", _DRUGS)):
        said = getattr(page, field).strip()
        if said:
            known = snapshot.concept(said)
            named = () if known is not None else snapshot.by_name(said, *kinds)
            concept = known or (named[0] if named else None)
            if concept is None or concept.kind not in kinds:
                raise bad_field(f"context.{field}", "知识库中没有这一名称，请给出名称或概念编号，或留空")
            found[field] = concept.id
    return found


def nameless(question: str, hidden: Iterable[str], lexicon: Lexicon) -> str:
    """A question with 患者 in place of what tells who the patient at hand is: no passage is about a name, and what
    holds one would be refused. What the release has a word for stays."""
    for word in sorted(hidden, key=len, reverse=True):
        if word in question and not lexicon.matches(word):
            question = question.replace(word, _PATIENT)
    return question


def everybody(
    at_hand: Bedside | None, question: str, ward: Ward, tenant: str, lexicon: Lexicon, now: datetime
) -> list[Bedside]:
    """Whom the rules are asked about: the patient at hand, and the one that the question supposes, as far as it says
    anything of one; for want of both nobody in particular."""
    from nlp.supposed import supposed

    imagined = supposed(question, lexicon, now)
    found = [] if at_hand is None else [at_hand]
    if imagined is not None or not found:
        patient = imagined or PatientContext("", now)
        partial = frozenset(name for name in _LISTS if not isinstance(getattr(patient, name), Unknown))
        found.append(dataclasses.replace(ward.at(Incoming(patient, ()), tenant=tenant), partial=partial))
    return found


def of_all(patients: Sequence[Bedside], order: Order, beside: Sequence[Order]) -> list[Finding]:
    """What the rules say of an order for each patient; what is the same for several once."""
    found: dict[tuple[str, str, str], Finding] = {}
    for one in patients:
        for finding in reviewed(one, order, beside):
            found.setdefault((finding.rule_id, finding.severity, finding.summary), finding)
    return list(found.values())


def reviewed(bedside: Bedside, order: Order, beside: Sequence[Order]) -> Sequence[Finding]:
    """What the rules say of an order in draft, beside others that go on; a sentence is no prescription, so nothing of
    how one is to be filled in."""
    patient = bedside.patient
    if beside:
        _, others, _ = bedside.served.terminology.resolve(PatientContext(patient.id, patient.as_of), tuple(beside))
        taken = () if isinstance(patient.medications, Unknown) else patient.medications
        patient = replace(patient, medications=(*taken, *others))
    return [one for one in bedside.judge(patient, order).findings if one.family != _FORM]


def _names(body: AnswerBody) -> frozenset[str]:
    """Names and numbers of the people that a prefetch describes."""
    patient = (body.prefetch or {}).get("patient")
    return names_in([patient]) if isinstance(patient, dict) else frozenset()


# -- server-sent events ------------------------------------------------------------------------


async def _beating(parts: AsyncIterator[Part]) -> AsyncIterator[Part | None]:
    """Parts as they come; None when there was none for a while."""
    step: asyncio.Future[Part] | None = None
    try:
        while True:
            step = step or asyncio.ensure_future(anext(parts))
            done, _ = await asyncio.wait({step}, timeout=_BEAT_SECONDS)
            if not done:
                yield None
                continue
            try:
                part = step.result()
            except StopAsyncIteration:
                return
            step = None
            yield part
    finally:
        if step is not None and not step.done():
            step.cancel()
            await asyncio.wait({step})


def events(part: Part, begun: Begun, number: str) -> list[bytes]:
    """A part as it is sent."""
    from nlp import answers

    if isinstance(part, answers.Sources):
        told = [{"number": n, **passage_json(p)} for n, p in part.passages.items()]
        return [_event("sources", {"release": begun.release, "carried": list(part.carried), "passages": told})]
    if isinstance(part, answers.Sentence):
        return [_event("sentence", {"number": part.number, "text": part.text, "citations": list(part.cites)})]
    if isinstance(part, answers.Checked):
        about = {"sentence": part.sentence, "drug": part.drug}
        return [_event("finding", about | {"finding": as_json(one, begun.release)}) for one in part.findings]
    if isinstance(part, answers.Refused):
        return [_event("refused", {"reason": part.reason, "missing": list(part.missing)})]
    if isinstance(part, answers.Failed):
        return [_event("error", {"code": part.code, "text": part.reason, "recovered": part.recovered})]
    return [_event("done", _done(part, begun, number))]


def _done(part: Any, begun: Begun, number: str) -> dict[str, Any]:
    told = {
        "id": number,
        "release": begun.release,
        "by": part.by,
        "sentences": part.sentences,
        "dropped": [{"reason": one.reason, "detail": one.detail} for one in part.dropped],
        "removed": list(part.removed),
        "note": part.note,
        "disclaimer": DISCLAIMER,
    }
    if begun.use is not None and begun.tools.model is not None:
        prompt, version = begun.use.prompt, begun.use.version
        told["prompt"] = {"id": prompt.id, "name": prompt.name, "version": version.number}
    return {k: v for k, v in told.items() if v or k in ("sentences", "by")}


def passage_json(p: Passage) -> dict[str, Any]:
    """A passage with its source, as an answer cites it."""
    source = {"id": p.source, "title": p.source_title, "edition": p.edition, "year": p.year, "section": p.section}
    fields = {
        "id": p.id,
        "concept": p.concept,
        "title": p.title,
        "heading": p.heading,
        "text": p.text,
        "predicate": p.predicate,
        "source": {k: v for k, v in source.items() if v},
        "evidence": p.evidence,
        "standing": p.standing,
    }
    return {k: v for k, v in fields.items() if v}


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))
