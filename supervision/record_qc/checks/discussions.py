"""Discussions of difficult cases and of deaths (article 22, 4 and 22 of the norm): what is told, who took part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from clinical.medical_record import Document, DocumentKind, Title, rank
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    EVERY_STAGE,
    INPATIENT,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
)
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject

_ARTICLE: Final = f"{NORM}第二十二条"
_DIFFICULT: Final = DocumentKind.DIFFICULT_CASE
_DEATH: Final = DocumentKind.DEATH_DISCUSSION


def _led(document: Document) -> bool:
    return document.leader is not None


def _dated(document: Document) -> bool:
    return document.written is not None


_NO_SUMMARY: Final = "(?!(?:人|者)?(?:小结|总结|意见|发言))"
"""主持人小结 names nobody."""
_SAME: Final = (
    Item("date", "讨论日期", "讨论(?:日期|时间)|日期|时间", r"\d{4}\s*[-年./]\s*\d{1,2}", 0.5, known=_dated),
    Item("chair", "主持人及专业技术职务", f"主持{_NO_SUMMARY}[^：:]{{0,12}}", f"主持{_NO_SUMMARY}", known=_led),
    Item(
        "participants", "参加人员姓名及专业技术职务", "参[加与](?:讨论)?(?:人员|者|人)?[^：:]{0,12}|出席(?:人员|者)",
        r"参[加与](?:讨论)?(?:人员|者|人)|出席",
    ),
    Item(
        "opinions", "具体讨论意见", "(?:具体)?讨论(?:意见|内容|记录|经过|发言)|发言(?:记录)?",
        r"[一-龥]{1,4}(?:医师|主任|主治|医生)[^。\n]{0,8}[:：]", 2.0,
    ),
    Item(
        "conclusion", "主持人小结意见", "(?:主持人)?(?:小结|总结)(?:意见|发言)?|讨论(?:结论|小结)|结论",
        r"小结|总结|综合[^。\n]{0,8}(?:意见|讨论)|结论", 2.0,
    ),
)  # fmt: skip
_FORMS: Final = (
    Form("difficult-case", (_DIFFICULT,), f"{_ARTICLE}(四)", Group.COURSE, _SAME),
    Form("death-discussion", (_DEATH,), f"{_ARTICLE}(二十二)", Group.END, _SAME),
)

# -- who takes part --------------------------------------------------------------------------

_HEAD: Final = re.compile(r"(?:科|副?)主任")


def _chaired_low(kind: DocumentKind) -> Callable[[Subject], Iterator[Said]]:
    """A discussion that neither the head of the department nor an associate chief led."""

    def run(subject: Subject) -> Iterator[Said]:
        for document in subject.judged(kind):
            leader = document.leader
            if leader is None or leader.title is None:
                yield Gap(f"{kind.value}的主持人职称")
            elif rank(leader.title) < rank(Title.ASSOCIATE) and not _heads(leader.name, text_of(document)):
                says = f"{kind.value}由{leader.name}({leader.title.value})主持，应由科主任或副主任医师以上人员主持"
                yield Defect(says, Place(document.id))

    return run


def _heads(name: str, text: str) -> bool:
    """Whether the text calls somebody head of the department."""
    return any(_HEAD.search(text, max(0, m.start() - 6), m.end() + 8) for m in re.finditer(re.escape(name), text))


_TITLE: Final = re.compile(r"(?:副?主任|主治)(?:中)?(?:医师|医生)?")
_TOOK_PART: Final = re.compile(r"(?:参[加与]|出席)[^：:\n]{0,16}[:：](?P<who>[^\n]+)")
_FEWEST: Final = 2


def _too_few(subject: Subject) -> Iterator[Said]:
    """Fewer than two who are attending doctors or above, where the titles of those who took part are told."""
    for document in subject.judged(_DIFFICULT):
        match = _TOOK_PART.search(text_of(document))
        who = match["who"] if match else ""
        if not re.search(r"医师|医生|主任|主治", who):
            yield Gap("参加讨论人员的职称")
            continue
        leader = document.leader
        more = leader is not None and rank(leader.title) >= rank(Title.ATTENDING) and leader.name not in who
        count = len(_TITLE.findall(who)) + more
        if count < _FEWEST:
            yield Defect(f"参加讨论者中主治医师以上仅{count}人，应至少2人", Place(document.id))


def _chair_check(name: str, kind: DocumentKind, item: str, group: Group) -> Check:
    return Check(
        name=name,
        title=f"{kind.value}主持人职称不符",
        group=group,
        aspect=Aspect.PROPER,
        kinds=INPATIENT,
        source=f"{_ARTICLE}({item})",
        mend="由科主任或具有副主任医师以上专业技术职务任职资格的医师主持",
        run=_chaired_low(kind),
        points=2.0,
        stages=EVERY_STAGE,
    )


CHECKS: Final = (
    *(check for form in _FORMS for check in form.checks()),
    _chair_check("difficult-case-chair-title", _DIFFICULT, "四", Group.COURSE),
    _chair_check("death-discussion-chair-title", _DEATH, "二十二", Group.END),
    Check(
        name="difficult-case-too-few",
        title="疑难病例讨论主治医师以上不足2人",
        group=Group.COURSE,
        aspect=Aspect.PROPER,
        kinds=INPATIENT,
        source=f"{CORE_SYSTEMS}六、疑难病例讨论制度",
        mend="参加讨论人员中至少有2人具有主治及以上专业技术职务任职资格",
        run=_too_few,
        points=1.0,
    ),
)
