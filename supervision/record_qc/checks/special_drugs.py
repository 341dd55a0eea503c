"""Drugs that no note of a stay speaks of, a row each: what is given for a reason must have it written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.medical_record import Document, DocumentKind, Order
from supervision.record_qc.followed import TEXTS, due
from supervision.record_qc.meaning import drug_orders, finds, kinds_of, orders_gap, written
from supervision.record_qc.model import INPATIENT, LATER, NORM, Aspect, Check, Defect, Gap, Group, Said
from supervision.record_qc.subject import Subject

_NOT_INSIDE: Final = re.compile(
    r"滴[眼耳鼻]|眼[膏液用]|软膏|乳膏|外用|含漱|栓剂?|凝胶|涂|换药|雾化|吸入|鼻喷|封管|冲管|皮试"
)


@dataclass(frozen=True, slots=True)
class _Explained:
    """A row: drugs of which some note must speak, by name, by class or by one of some words. ``around_operation``:
    what is given on the day of an operation belongs to the anaesthetist's papers."""

    name: str
    called: str
    concepts: tuple[str, ...]
    words: str
    source: str
    around_operation: bool = False
    points: float = 1.0

    def check(self) -> Check:
        """The check of this row."""
        return Check(
            name=f"special-drug-{self.name}",
            title=f"使用{self.called}病程无记录",
            group=Group.COURSE,
            aspect=Aspect.CLINICAL,
            kinds=INPATIENT,
            source=self.source,
            mend=f"在病程中记录使用{self.called}的指征、用法和效果",
            run=self._run,
            points=self.points,
            stages=LATER,
        )

    def _run(self, subject: Subject) -> Iterator[Said]:
        orders = drug_orders(subject, *self.concepts)
        if orders is None:
            yield orders_gap(subject)
            return
        wanted = [order for order in orders if self._is_asked(subject, order)]
        texts = subject.of(*TEXTS, DocumentKind.OPERATION)
        if wanted and not written(subject, texts):
            yield Gap("病程记录正文")
        elif wanted and not self._is_spoken_of(subject, texts):
            yield Defect(f"使用{self.called}“{wanted[0].text}”，病程未记录用药理由", key=self.name)

    def _is_asked(self, subject: Subject, order: Order) -> bool:
        if _NOT_INSIDE.search(f"{order.text} {order.route}") or (order.at and not due(subject, order.at)):
            return False
        days = {one.at.date() for one in subject.record.operations or () if one.at}
        return not (self.around_operation and days and (order.at is None or order.at.date() in days))

    def _is_spoken_of(self, subject: Subject, texts: tuple[Document, ...]) -> bool:
        if finds(subject, texts, re.compile(self.words, re.IGNORECASE)):
            return True
        named = subject.says(texts, "drug") or ()
        return any(not kinds_of(subject, saying.fact.concept).isdisjoint(self.concepts) for saying in named)


_NOTES: Final = f"{NORM}第二十二条"
CHECKS: Final = tuple(
    row.check()
    for row in (
        _Explained(
            "steroid",
            "糖皮质激素",
            ("drug-class:systemic-corticosteroid",),
            r"激素|糖皮质|甲强龙|地米|抗炎|抗过敏|脱敏|冲击",
            f"{_NOTES};《糖皮质激素类药物临床应用指导原则》(卫办医政发〔2011〕23号)",
            around_operation=True,
        ),
        _Explained(
            "opioid",
            "麻醉性镇痛药",
            ("drug-class:strong-opioid",),
            r"镇痛|止痛|癌痛|疼痛|剧痛|绞痛|阿片|三阶梯|肺水肿|镇静|插管",
            f"{_NOTES};《处方管理办法》(卫生部令第53号)",
            around_operation=True,
        ),
        _Explained(
            "albumin",
            "人血白蛋白",
            ("ingredient:human-albumin",),
            r"白蛋白|低蛋白|腹水|水肿|胶体|扩容",
            f"{_NOTES};《处方管理办法》(卫生部令第53号)第十四条",
        ),
        _Explained(
            "immunoglobulin",
            "人免疫球蛋白",
            ("ingredient:human-normal-immunoglobulin",),
            r"免疫球蛋白|丙球|丙种球|IVIG",
            f"{_NOTES};《处方管理办法》(卫生部令第53号)第十四条",
        ),
        _Explained(
            "thrombolytic",
            "溶栓药",
            ("drug-class:thrombolytic",),
            r"溶栓|再通|r?t-?PA|通管|胸腔注",
            _NOTES,
            points=3.0,
        ),
        _Explained(
            "anticoagulant",
            "抗凝药",
            ("drug-class:anticoagulant",),
            r"抗凝|血栓|栓塞|房颤|心房颤动|VTE|DVT|透析|血滤|血液净化|心肌梗|冠脉|支架|瓣膜|流产|产科",
            _NOTES,
            around_operation=True,
        ),
        _Explained(
            "vasopressor",
            "血管活性药",
            ("ingredient:norepinephrine", "ingredient:dopamine", "ingredient:metaraminol"),
            r"升压|血管活性|维持(?:血压|循环)|改善(?:血压|肾灌注)|强心",
            _NOTES,
            around_operation=True,
            points=2.0,
        ),
    )
)
