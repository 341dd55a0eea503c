"""``yigong ask``: a question answered on the command line, with its sources."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.table import Table

from api.terminal import ERR, OUT, Command, DataDir, house

if TYPE_CHECKING:
    from api.answer_desk import AnswerDesk


def ask(
    question: Annotated[str, typer.Argument(help="what is asked")],
    extract: Annotated[bool, typer.Option(help="the release's own sentences, even where there is a model")] = False,
    patient: Annotated[
        Path | None, typer.Option(exists=True, help="JSON of a patient, as POST /api/v1/reviews takes it")
    ] = None,
    disease: Annotated[str, typer.Option(help="disease of the page it is asked from")] = "",
    drug: Annotated[str, typer.Option(help="drug of the page it is asked from")] = "",
    purpose: Annotated[str, typer.Option(help="which prompt: 智能问答, 循证治疗推荐 …")] = "智能问答",
    data_dir: DataDir = None,
) -> None:
    """Answer a question from the release being served, every sentence with its source; with a model where one is set
    (YIGONG_LLM_URL), else in the release's own words."""
    from api.app import build  # the web framework: no other command waits for it
    from api.errors import ApiError

    given: dict[str, Any] = {"question": question, "purpose": purpose, "mode": "passages" if extract else "auto"}
    given["context"] = {"disease": disease, "drug": drug}
    if patient is not None:
        given["patient"] = orjson.loads(patient.read_bytes())
    desk: AnswerDesk = build(house(data_dir)).state.office.understanding.answers
    try:
        asyncio.run(_answered(desk, given))
    except ApiError as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None


async def _answered(desk: AnswerDesk, given: dict[str, Any]) -> None:
    """Print an answer as it comes."""
    from api.access import Principal
    from api.answer_desk import AnswerBody
    from api.bodies import decoded
    from base.tenancy import Scope
    from nlp.answers import Sources, answered

    operator = Principal("operator", Scope("operator", everything="command line"))
    begun = await desk.begin(decoded(AnswerBody, orjson.dumps(given)), operator)
    sources: dict[int, Any] = {}
    try:
        async for part in answered(begun.made, begun.tools):
            if isinstance(part, Sources):
                sources.update(part.passages)
            else:
                _say(part)
    finally:
        if begun.tools.model is not None:
            await begun.tools.model.close()
    _say_sources(sources)


def _say(part: Any) -> None:
    from nlp.answers import Checked, Done, Failed, Refused, Sentence

    if isinstance(part, Sentence):
        OUT.print(part.text + "".join(f"[{n}]" for n in part.cites), markup=False, highlight=False)
    elif isinstance(part, Checked):
        for one in part.findings:
            OUT.print(f"  审查提示 {part.drug}：{one.summary}", markup=False, highlight=False)
    elif isinstance(part, Refused):
        about = f"（未找到：{'、'.join(part.missing)}）" if part.missing else ""
        OUT.print(f"{part.reason}{about}", markup=False, highlight=False)
    elif isinstance(part, Failed):
        ERR.print(part.reason, markup=False, highlight=False)
    elif isinstance(part, Done):
        notes = [part.note] if part.note else []
        notes += [f"未显示一句：{one.reason}{f'（{one.detail}）' if one.detail else ''}" for one in part.dropped]
        for note in notes:
            ERR.print(note, markup=False, highlight=False)


def _say_sources(sources: dict[int, Any]) -> None:
    if not sources:
        return
    table = Table("", "passage", "source")
    for number, p in sources.items():
        about = " ".join(part for part in (p.edition or (str(p.year) if p.year else ""), p.section) if part)
        table.add_row(str(number), p.title, f"《{p.source_title}》 {about}".strip())
    OUT.print(table)


COMMANDS = (Command("ask", ask),)
