"""A name of a disease means that disease: no other one, and not what it is a kind of."""

from __future__ import annotations

from collections import defaultdict

import pytest

from knowledge.model import ConceptKind
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot

TUMOURS = {
    "食管癌": "食管恶性肿瘤",
    "胰腺癌": "胰腺恶性肿瘤",
    "胃癌": "胃恶性肿瘤",
    "晚期胃癌": "胃恶性肿瘤",
    "贲门癌": "胃恶性肿瘤",
    "肝癌": "肝恶性肿瘤",
    "晚期肝癌": "肝恶性肿瘤",
    "左肺癌": "肺恶性肿瘤",
    "肺鳞状细胞癌": "肺鳞癌",
    "乳腺癌": "乳腺恶性肿瘤",
    "肾母细胞瘤": "肾母细胞瘤",
    "视网膜母细胞瘤": "视网膜母细胞瘤",
    "髓母细胞瘤": "髓母细胞瘤",
    "神经母细胞瘤": "神经母细胞瘤",
    "尤文肉瘤": "尤文肉瘤",
    "卡波西肉瘤": "卡波西肉瘤",
    "骨肉瘤": "骨恶性肿瘤",
    "骨转移瘤": "骨转移",
    "癌症": "恶性肿瘤",
}
OTHERS = {
    "支原体感染": "支原体感染",
    "肺炎支原体感染": "支原体感染",
    "肛瘘": "肛门直肠瘘",
    "慢性胆囊炎": "胆囊结石伴慢性胆囊炎",
    "阑尾周围脓肿": "阑尾周围脓肿(阑尾脓肿)",
    "肝血管瘤": "肝脏海绵状血管瘤",
    "肝占位性病变": "肝占位性病变",
    "巨细胞动脉炎": "颞动脉炎",
    "美尼尔综合征": "梅尼埃病(膜迷路积水)",
    "门静脉血栓": "门静脉血栓形成",
    "乳腺纤维腺瘤": "乳房纤维腺瘤",
    "乳腺肿物": "乳腺肿物",
    "宫颈上皮内瘤变": "宫颈上皮内瘤变",
    "脑死亡": "脑死亡",
    "急性腰扭伤": "急性腰部扭伤",
    "腰椎管狭窄": "退行性腰椎管狭窄症",
    "先兆早产": "先兆早产",
}
KINDS = {
    "肺鳞癌": "肺恶性肿瘤",
    "食管恶性肿瘤": "恶性肿瘤",
    "胰腺恶性肿瘤": "恶性肿瘤",
    "髓母细胞瘤": "恶性肿瘤",
    "支原体肺炎": "支原体感染",
    "脓毒症休克": "休克",
    "先兆早产": "妊娠",
    "肺结核病": "结核病",
    "股骨近端骨折": "骨折",
    "急性上消化道出血": "消化道出血",
    "惊厥性癫痫持续状态": "癫痫",
}
"""What a rule or plan for the wider one must still reach."""


def bearers(snapshot: Snapshot, name: str) -> list[str]:
    return [concept.name for concept in snapshot.by_name(name, ConceptKind.DISEASE)]


def test_no_name_means_two_diseases(snapshot: Snapshot) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for concept in snapshot.concepts():
        if concept.kind is ConceptKind.DISEASE:
            for name in concept.names():
                found[normal_name(name)].add(concept.name)
    assert {name: names for name, names in found.items() if len(names) > 1} == {}


@pytest.mark.parametrize(("name", "disease"), [*TUMOURS.items(), *OTHERS.items()])
def test_a_name_means_its_own_disease(snapshot: Snapshot, name: str, disease: str) -> None:
    assert bearers(snapshot, name) == [disease]


@pytest.mark.parametrize(("disease", "kind"), KINDS.items())
def test_what_is_said_of_the_wider_disease_reaches_the_narrower(snapshot: Snapshot, disease: str, kind: str) -> None:
    ancestors = snapshot.ancestors(snapshot.by_name(disease, ConceptKind.DISEASE)[0].id)
    assert snapshot.by_name(kind, ConceptKind.DISEASE)[0].id in ancestors


def test_other_cancers_are_no_kind_of_each_other(snapshot: Snapshot) -> None:
    own = {snapshot.by_name(name, ConceptKind.DISEASE)[0].id for name in TUMOURS.values() if name != "恶性肿瘤"}
    wide = {snapshot.by_name(name, ConceptKind.DISEASE)[0].id for name in ("恶性肿瘤", "肺恶性肿瘤", "骨恶性肿瘤")}
    for disease in own:
        assert snapshot.ancestors(disease) & own <= {disease} | wide
