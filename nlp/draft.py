"""A name found in a record, while it is worked out what is said of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from nlp.assertion import Assertion, Read, When
from nlp.senses import Sense
from nlp.values import Measured

_ORDERED: Final = frozenset({"医嘱", "处方", "告知"})
"""Sections in which a value with a comparator is a condition: 体温>38.5℃ 时口服."""
_BODILY: Final = re.compile(
    "啰音|杂音|哮鸣|摩擦|呼吸音|语颤|痛|疼|麻|无力|肌力|瘫|紧张|肿|水肿|出血|渗|红|痒|疹|疱|斑|受限|结节|包块|占位|畸形|破|损|伤|"
    "裂|新生物|刺激|脓|淋巴结|积液|积水|囊|息肉|狭窄|阻塞|闭塞|钙化|扩张|增厚|增宽|增大|肥大|萎缩|缺损|抽|颤|歪|偏|浅|反射|影|"
    "视|听|耳|聋|下垂|充血|混浊|溃疡|骨折|脱位|梗死|梗塞|血栓|结石|转移|感染|炎|癌|瘤|搏动|感觉|凹陷|隆起|硬|静脉曲张|脱出|"
    "松动|龋|阻生|流血|畏光|流泪|分泌物|复视|瞳孔"
)
"""Names of what is at some part of the body."""
_CARRIED: Final = re.compile(
    "啰音|杂音|哮鸣|摩擦|压痛|反跳痛|叩痛|叩击痛|紧张|肿胀|出血|渗|红肿|青紫|瘀斑|活动受限|结节|包块|畸形|破溃|新生物|刺激痛|"
    "流脓|脓性|脓点|淋巴结|松动|光反射|角膜反射|瞳孔|流血"
)
"""Findings that an examination has at the part of the body it spoke of last."""
_SIDED: Final = re.compile("视力|眼压|听力|肌力|握力|屈光|听阈|周径")
"""Tests of one side of the body."""


class Draft:
    """A name; see ``nlp.facts.Fact`` for what most fields mean.

    ``measured`` and ``signed`` say that a value or a result in words (+, -) was found, ``old`` that it is an earlier
    one, ``panel`` that the test is many, ``pressed`` that it is a blood pressure; ``composed`` that the name was put
    together, ``denied`` that it denies itself, ``planned`` that it counts only as a plan; ``general``, ``bodily`` and
    ``carried`` that it is at some part of the body, ``sided`` that a test is of one side, and ``stem`` that part
    without its side.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    days: float | None = None
    dose: float | None = None
    comparator = unit = side = site = stem = dose_unit = frequency = route = signed = ""
    routes: tuple[str, ...] = ()
    measured = old = panel = pressed = composed = denied = planned = False
    how = Read()

    def __init__(self, start: int, end: int, sense: Sense) -> None:
        self.start, self.end = start, end
        self.kind, self.concept, self.name, self.general = sense.kind, sense.concept, sense.name, sense.general
        self.sided = sense.kind == "test" and _has(_SIDED, sense.name)
        self.bodily = (
            sense.general or self.sided or (sense.kind in ("finding", "disease") and _has(_BODILY, sense.name))
        )
        self.carried = sense.general or (sense.kind == "finding" and _has(_CARRIED, sense.name))

    def measure(self, found: Measured) -> None:
        """Take a value over."""
        self.end = max(self.end, found.end)
        self.value, self.low, self.high = found.value, found.low, found.high
        self.comparator, self.unit, self.measured = found.comparator, found.unit, True

    def read(self, how: Read, section: str) -> None:
        """How it is meant, with what the name itself says of it."""
        if self.denied:
            how = how._replace(assertion=Assertion.ABSENT)
        elif self.comparator and section in _ORDERED:
            how = how._replace(assertion=Assertion.HYPOTHETICAL)
        elif self.signed and how.assertion is not Assertion.HYPOTHETICAL:
            how = how._replace(assertion=Assertion.PRESENT if self.signed == "+" else Assertion.ABSENT)
        self.how = how._replace(when=When.PAST) if self.old else how

    def lasts(self) -> bool:
        """Whether it is something that has a course: it is there, or may be."""
        there = self.how.assertion in (Assertion.PRESENT, Assertion.POSSIBLE)
        return there and self.kind in ("finding", "disease", "procedure", "drug")

    def counts(self) -> bool:
        """Whether it says something: the bare name of a test only when it is wanted or a whole panel, that of 手术
        only when it is planned or denied."""
        if self.kind == "test":
            return self.measured or self.panel or bool(self.signed) or self.how.assertion is not Assertion.PRESENT
        return self.how.assertion in (Assertion.HYPOTHETICAL, Assertion.ABSENT) if self.planned else True


@lru_cache(16384)
def _has(pattern: re.Pattern[str], name: str) -> bool:
    return pattern.search(name) is not None


def place(draft: Draft) -> tuple[int, int]:
    """By what drafts are sorted: where they begin, the longer before the shorter."""
    return draft.start, -draft.end
