"""Written names find the names of the standard: by hand-set weights, and better once pairs were confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.compile import Content, compile_release
from knowledge.model import CodeRef, Concept, ConceptKind
from knowledge.snapshot import Snapshot
from nlp.term_model import Model, ModelError
from nlp.term_split import parts
from nlp.term_strangers import strangers
from nlp.term_text import view
from nlp.term_training import train
from nlp.terms import Normaliser, UnknownSystemError, otherwise
from tests.conftest import altered

SYSTEM = "icd-9-cm-3"
SITES = (
    "甲状腺 肾上腺 胸膜 膀胱 胆囊 阑尾 声带 食管 气管 子宫 卵巢 前列腺 睾丸 肾 肝 胰 脾 胃 直肠 结肠 乳房 腮腺 眼睑 结膜 外耳 舌 "
    "喉 鼻甲 扁桃体 皮肤 肌肉 肋骨 锁骨 股骨 胫骨 腓骨 桡骨 尺骨 髌骨 脊髓"
).split()
KINDS = ("病损切除术", "切开引流术", "活组织检查", "破坏术", "修补术", "造口闭合术")
HABITS = ("清理术", "放水术", "取样术", "打掉术", "补好术", "收口术")
"""What one hospital calls the same, in words that no dictionary holds."""


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    names = [f"{site}{kind}" for site in SITES for kind in KINDS]
    codes = [f"{10 + place // 100}.{place % 100:02}00" for place in range(len(names))]
    concepts = [
        Concept(f"procedure:{code}", ConceptKind.PROCEDURE, name, codes=(CodeRef(SYSTEM, code),))
        for name, code in zip(names, codes, strict=True)
    ]
    concepts.append(Concept("procedure:own", ConceptKind.PROCEDURE, "甲状腺肿物切除术"))
    concepts.append(Concept("disease:own", ConceptKind.DISEASE, "胃病损"))
    path = tmp_path_factory.mktemp("terms") / "standard.ygr"
    compile_release(Content(concepts), path)
    return Snapshot(path, "standard")


def learned(standard: Snapshot, pairs: list[tuple[str, str]]) -> Model:
    index = Normaliser(standard).index(SYSTEM)
    return train(index, SYSTEM, pairs, strangers(standard, SYSTEM, frozenset(index.names))).model


@pytest.fixture(scope="module")
def trained(standard: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, trained on what the hospital calls operations on all sites but the last four."""
    pairs = [
        (f"{site}{habit}", f"{site}{kind}") for site in SITES[:-4] for kind, habit in zip(KINDS, HABITS, strict=True)
    ]
    folder = tmp_path_factory.mktemp("models")
    learned(standard, [*pairs, ("怪手术", "没有的手术")]).save(folder / SYSTEM)
    return folder


def first(normaliser: Normaliser, text: str) -> str:
    return next((one.name for one in normaliser.candidates(text, SYSTEM)[0]), "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("左侧甲状腺肿物切除术", "甲状腺病损切除术"),
        ("右肾囊肿摘除术。", "肾病损切除术"),
        ("声带新生物切除（显微镜下）", "声带病损切除术"),
        ("肝囊肿切开引流", "肝切开引流术"),
        ("乳房肿块活检术((85.1100))", "乳房活组织检查"),
    ],
)
def test_names_are_found_without_training(standard: Snapshot, written: str, meant: str) -> None:
    assert first(Normaliser(standard), written) == meant


def test_the_very_name_is_certain(standard: Snapshot) -> None:
    best = Normaliser(standard).candidates("胆囊病损切除术", SYSTEM)[0][0]
    assert (best.name, best.score) == ("胆囊病损切除术", 1.0)
    assert best.code
    assert best.id == f"procedure:{best.code}"


def test_only_names_with_a_code_of_the_standard_are_candidates(standard: Snapshot) -> None:
    found = Normaliser(standard).candidates("甲状腺肿物切除术", SYSTEM, 10)[0]
    assert "procedure:own" not in {one.id for one in found}


def test_scores_fall_and_the_limit_holds(standard: Snapshot) -> None:
    found = Normaliser(standard).candidates("胃肿瘤切除", SYSTEM, 4)[0]
    scores = [one.score for one in found]
    assert len(found) == 4
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_list_of_operations_is_answered_part_by_part(standard: Snapshot) -> None:
    found = Normaliser(standard).candidates("胆囊病损切除术+阑尾病损切除术", SYSTEM)
    assert [part[0].name for part in found] == ["胆囊病损切除术", "阑尾病损切除术"]


def test_a_part_without_a_site_is_at_the_site_of_the_one_before() -> None:
    assert parts("锁骨下动脉球囊扩张+支架置入术", "procedure") == ["锁骨下动脉球囊扩张", "锁骨下动脉支架置入术"]


@pytest.mark.parametrize(
    ("text", "each"),
    [
        ("TURP+膀胱穿刺造瘘术", ["TURP", "膀胱穿刺造瘘术"]),
        ("右输尿管镜检+气压弹道碎石", ["右输尿管镜检", "气压弹道碎石"]),
        ("1、左股骨粗隆骨折内固定术2、股骨头钻孔减压", ["左股骨粗隆骨折内固定术", "股骨头钻孔减压"]),
        ("膝关节镜检，腘窝囊肿切除。", ["膝关节镜检", "腘窝囊肿切除"]),
        ("右第1、2趾切除术", []),
    ],
)
def test_lists_are_read_as_they_are_written(text: str, each: list[str]) -> None:
    assert parts(text, "procedure") == each


def test_a_number_that_belongs_to_a_name_stays_with_it() -> None:
    assert parts("1型糖尿病、高血压", "disease") == ["1型糖尿病", "高血压"]
    assert parts("1、1型糖尿病2、高血压3级", "disease") == ["1型糖尿病", "高血压3级"]


def test_a_sign_inside_one_name_does_not_split_it() -> None:
    assert parts("椎体成形术(骨水泥+球囊)", "procedure") == []
    assert parts("脊柱内固定术", "procedure") == []


NOTHING = ["asdf", "今天天气不错", "阿莫西林胶囊", "测试", "xx", "详见病历"]


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_offered_for_what_is_nothing_of_the_kind(standard: Snapshot, trained: Path, text: str) -> None:
    assert Normaliser(standard).candidates(text, SYSTEM) == [[]]
    assert Normaliser(standard, trained).candidates(text, SYSTEM) == [[]]


def test_the_very_name_of_another_kind_is_not_taken_for_an_operation(standard: Snapshot) -> None:
    assert Normaliser(standard).candidates("胃病损", SYSTEM) == [[]]
    assert otherwise(standard, "胃病损", SYSTEM) == (ConceptKind.DISEASE,)
    assert otherwise(standard, "胃病损", "symptom") == ()


@pytest.fixture(scope="module")
def symptoms(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Symptoms in the words of patients, which look like what people say every day."""
    names = "天气变化 气不够用 天天打呼噜 刮风头痛 睡不着觉 不想吃饭 12点胃痛 按压疼痛".split()
    path = tmp_path_factory.mktemp("terms") / "symptoms.ygr"
    compile_release(
        Content([Concept(f"symptom:{n}", ConceptKind.SYMPTOM, name) for n, name in enumerate(names)]), path
    )
    return Snapshot(path, "symptoms")


@pytest.mark.parametrize("text", ["今天天气不错", "明天天气怎么样", "1234", "12"])
def test_everyday_talk_and_numbers_are_no_symptoms_though_they_share_words(symptoms: Snapshot, text: str) -> None:
    assert Normaliser(symptoms).candidates(text, "symptom") == [[]]


@pytest.mark.parametrize(
    ("text", "meant"), [("天气变化时", "天气变化"), ("天天打呼", "天天打呼噜"), ("晚上睡不着觉", "睡不着觉")]
)
def test_symptoms_told_in_everyday_words_are_found(symptoms: Snapshot, text: str, meant: str) -> None:
    assert Normaliser(symptoms).candidates(text, "symptom")[0][0].name == meant


def test_an_unknown_system_is_told_with_those_there_are(standard: Snapshot) -> None:
    with pytest.raises(UnknownSystemError, match=r"icd-10, icd-9-cm-3, drug, lab, exam, symptom"):
        Normaliser(standard).candidates("胃癌", "icd-11")


def test_a_system_without_concepts_has_no_candidates(standard: Snapshot) -> None:
    assert Normaliser(standard).candidates("血糖", "lab") == [[]]


def test_what_pairs_teach_holds_for_names_that_were_never_confirmed(standard: Snapshot, trained: Path) -> None:
    asked = [(f"{site}{h}", f"{site}{k}") for site in SITES[-4:] for k, h in zip(KINDS, HABITS, strict=True)]
    before = sum(first(Normaliser(standard), written) == meant for written, meant in asked)
    after = sum(first(Normaliser(standard, trained), written) == meant for written, meant in asked)
    assert after >= 0.9 * len(asked) > before


def test_names_of_no_pair_are_found_as_before(standard: Snapshot, trained: Path) -> None:
    assert first(Normaliser(standard, trained), "左侧结膜肿物切除术") == "结膜病损切除术"


def test_a_model_trained_later_is_taken_up(standard: Snapshot, trained: Path, tmp_path: Path) -> None:
    served = Normaliser(standard, tmp_path)
    written = f"{SITES[-1]}{HABITS[0]}"
    assert first(served, written) != f"{SITES[-1]}{KINDS[0]}"
    Model.load(trained / SYSTEM).save(tmp_path / SYSTEM)
    assert first(served, written) == f"{SITES[-1]}{KINDS[0]}"


def test_a_model_that_was_changed_is_refused(standard: Snapshot, trained: Path, tmp_path: Path) -> None:
    Model.load(trained / SYSTEM).save(tmp_path / SYSTEM)
    file = tmp_path / SYSTEM / "model.npz"
    file.write_bytes(altered(file.read_bytes()))
    with pytest.raises(ModelError, match="train again"):
        Model.load(tmp_path / SYSTEM)
    assert first(Normaliser(standard, tmp_path), "胃肿瘤切除") == "胃病损切除术"


def test_too_few_pairs_are_refused(standard: Snapshot) -> None:
    with pytest.raises(ModelError, match="at least 200"):
        learned(standard, [("胃清理术", "胃病损切除术")])


def test_training_twice_gives_the_same(standard: Snapshot, trained: Path) -> None:
    model = Model.load(trained / SYSTEM)
    again = learned(standard, list(zip(model.about.written, model.about.labels, strict=True)))
    assert (again.ranker.arrays["weights"] == model.ranker.arrays["weights"]).all()


def test_sides_are_read_from_the_whole_name() -> None:
    assert view("右侧甲状腺全切+左侧甲状腺次全切除术", "procedure").sides == "双侧"
    assert view("左肾切除术", "procedure").sides == "单侧"
    assert view("右半结肠切除术", "procedure").bare == "右半结肠切除术"
