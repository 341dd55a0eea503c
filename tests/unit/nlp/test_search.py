"""Search over a release: by words, names, pinyin and sense, with filters, marks and sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from benchmarks.search import Figures, Judge, measured, questions
from knowledge.model import Predicate
from knowledge.snapshot import Snapshot
from nlp import lexical, search, vectors
from nlp.embed import Trained
from nlp.lexical import Lexical
from nlp.search import Found, Index, SearchError, fused
from tests import search_world as world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built index and the release it was built of (``r.ygr`` beside it)."""
    root = tmp_path_factory.mktemp("search")
    (root / "index").mkdir()
    search.build(world.compiled(root / "r.ygr"), root / "index")
    return root


@pytest.fixture(scope="module")
def index(folder: Path) -> Index:
    return Index.open(folder / "index", Snapshot(folder / "r.ygr", "r" * 64))


def ids(found: list[Found]) -> list[str]:
    return [f.passage.id for f in found]


def first(index: Index, query: str, **filters: object) -> str:
    return index.find(query, **filters)[0].passage.id  # type: ignore[arg-type]


# -- what is asked -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "id_"),
    [
        ("阿莫西林成人剂量", "dose"),
        ("孕妇能用华法林吗", "pregnant"),
        ("二甲双胍哺乳期", "lactating"),
        ("eGFR 25 还能吃二甲双胍吗 肾功能", "kidney"),
        ("哮喘能吃芬必得吗", "asthma"),
        ("血钾低危急值怎么处理", "low"),
        ("肺部感染用什么药", "plan"),
        ("二甲双胍 喝酒", "food"),
        ("肺炎的定义", "article:pneumonia#0"),
    ],
)
def test_a_question_finds_the_passage_that_answers_it(index: Index, query: str, id_: str) -> None:
    assert first(index, query) == id_


def test_what_is_said_of_classes_is_found_by_their_members(index: Index) -> None:
    assert first(index, "华法林能和布洛芬一起吃吗") == "pair"


@pytest.mark.parametrize("query", ["huafalin huaiyun", "hfl 孕妇", "warfarin pregnancy", "苄丙酮香豆素 怀孕"])
def test_a_drug_is_found_in_pinyin_by_initials_in_english_and_by_other_names(index: Index, query: str) -> None:
    assert "pregnant" in ids(index.find(query, limit=3))


def test_what_was_understood_is_told(index: Index) -> None:
    question = index.answer("华法林能和布洛芬一起吃吗").question
    assert [(m.text, m.concepts[0]) for m in question.mentions] == [
        ("华法林", world.WARFARIN),
        ("布洛芬", world.IBUPROFEN),
    ]
    assert world.VKA in question.mentions[0].classes
    assert Predicate.INTERACTS_WITH in question.predicates


def test_a_unit_is_no_name(index: Index) -> None:
    assert [m.text for m in index.answer("阿莫西林 mg/kg").question.mentions] == ["阿莫西林"]


@pytest.mark.parametrize("query", ["", "   ", "？？？", "吗", "zzzz", "𠀀𠀁", "*:* OR text:a", "'\" ) (", "a" * 5000])
@pytest.mark.parametrize("mode", search.MODES)
def test_nonsense_finds_little_and_breaks_nothing(index: Index, query: str, mode: str) -> None:
    assert len(index.find(query, mode=mode)) <= 10


def test_trusted_knowledge_stands_before_what_was_merely_loaded(index: Index) -> None:
    found = index.find("咳嗽 症状", limit=20)
    standings = [f.passage.standing for f in found]
    assert "unreviewed" in standings
    assert index.find("肺炎治疗")[0].passage.standing == "starter"


# -- how it is answered ------------------------------------------------------------------------


def test_each_hit_names_source_edition_section_evidence_and_standing(index: Index) -> None:
    p = index.find("阿莫西林成人剂量")[0].passage
    assert (p.source_title, p.edition, p.section, p.evidence, p.standing) == (
        "社区获得性肺炎指南",
        "2021版",
        "【注意事项】",
        "high",
        "starter",
    )


def test_marks_lie_on_the_words_of_the_question_and_on_the_names_they_mean(index: Index) -> None:
    found = index.find("华法林和芬必得合用")
    hit = next(f for f in found if f.passage.id == "pair")
    marked = [hit.passage.text[start:end] for start, end in hit.highlights]
    assert "维生素K拮抗剂" in marked[0]
    assert any("非甾体抗炎药" in text for text in marked)
    assert all(a.end < b.start for a, b in zip(hit.highlights, hit.highlights[1:], strict=False))


def test_scores_fall_and_begin_at_one_at_most(index: Index) -> None:
    scores = [f.score for f in index.find("二甲双胍 肾功能")]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1


def test_two_lists_are_fused_by_rank() -> None:
    assert [row for row, _ in fused([1, 2, 3], [3, 9])][:2] == [1, 3]
    assert fused([], [7]) == [(7, 1.0)]
    assert fused([], []) == []


@pytest.mark.parametrize("mode", search.MODES)
def test_filters_let_through_what_they_name_alone(index: Index, mode: str) -> None:
    def of(**filters: object) -> list[Found]:
        return index.find("华法林 阿莫西林 肺炎 二甲双胍", mode=mode, limit=50, **filters)  # type: ignore[arg-type]

    assert {f.passage.kind for f in of(kinds=["disease"])} == {"disease"}
    assert {f.passage.source for f in of(sources=["old-book"])} == {"old-book"}
    assert {f.passage.source_kind for f in of(sources=["guideline"])} == {"guideline"}
    assert {f.passage.year for f in of(since=2000)} == {2021}
    assert all("儿科" in f.passage.departments for f in of(departments=["儿科"]))
    assert of(departments=["儿科"])
    assert of(kinds=["disease"], sources=["old-book"]) == of(departments=["没有的科"]) == []


def test_the_modes_are_named(index: Index) -> None:
    with pytest.raises(SearchError, match="mode 'magic' is none of hybrid, lexical, vector"):
        index.find("x", mode="magic")


def test_threads_may_share_an_index(index: Index) -> None:
    asked = ["阿莫西林成人剂量", "孕妇能用华法林吗", "二甲双胍 喝酒"] * 20
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda q: ids(index.find(q)), asked))
    assert found == [ids(index.find(q)) for q in asked]


def test_asking_needs_no_scikit_learn(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from knowledge.snapshot import Snapshot; from nlp.search import Index\n"
        f"root = Path({str(folder)!r})\n"
        "index = Index.open(root / 'index', Snapshot(root / 'r.ygr', 'r' * 64))\n"
        "print(index.find('阿莫西林成人剂量')[0].passage.id)\n"
        "print({'sklearn', 'sentence_transformers', 'torch'} & set(sys.modules))\n"
    )
    given = {"PYTHONPATH": ":".join(sys.path), "PATH": "", "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, env=given)
    assert ran.stdout.splitlines() == ["dose", "set()"], ran.stderr


# -- names as they are typed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "by"),
    [("华法", "name"), ("HUAFA", "pinyin"), ("hfl", "initials"), ("b01aa", "code"), ("ｗarf", "name")],
)
def test_names_are_suggested_by_how_they_begin(index: Index, typed: str, by: str) -> None:
    found = index.spellings.suggest(typed)[0]
    assert (found.concept.id, found.by) == (world.WARFARIN, by)


def test_suggestions_are_limited_to_kinds_and_trusted_first(index: Index) -> None:
    assert [s.concept.id for s in index.spellings.suggest("hua")] == [world.WARFARIN, "disease:kg-1"]
    assert [s.concept.id for s in index.spellings.suggest("hua", ["disease"])] == ["disease:kg-1"]
    assert len(index.spellings.suggest("f", limit=1)) == 1
    assert index.spellings.suggest("") == index.spellings.suggest("  ") == []


# -- what is opened ----------------------------------------------------------------------------


def test_an_index_of_another_format_is_refused(folder: Path, tmp_path: Path) -> None:
    meta = msgspec.json.decode((folder / "index" / "meta.json").read_bytes())
    (tmp_path / "meta.json").write_bytes(msgspec.json.encode(meta | {"format": 99}))
    with pytest.raises(SearchError, match="format 99, this version reads 1: publish again"):
        Index.open(tmp_path, Snapshot(folder / "r.ygr", "r" * 64))
    with pytest.raises(SearchError, match="cannot be read"):
        Index.open(tmp_path / "nothing", Snapshot(folder / "r.ygr", "r" * 64))


def test_nothing_is_written_where_the_index_lies(folder: Path) -> None:
    def listed() -> set[str]:
        return {str(path) for path in folder.rglob("*")}

    before = listed()
    Index.open(folder / "index", Snapshot(folder / "r.ygr", "r" * 64)).find("华法林")
    assert listed() == before


def test_an_index_that_is_opened_leaves_nothing_behind(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter((True, False))

    def removed(beside: Path, ignore_errors: bool) -> None:
        """The library takes its lock while the folder is being removed."""
        shutil.rmtree(beside, ignore_errors=ignore_errors)
        if next(late):
            beside.mkdir()
            (beside / ".tantivy-meta.lock").touch()

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(lexical, "rmtree", removed)
    Lexical(folder / "index" / "words")
    assert list(tmp_path.iterdir()) == []


def test_many_passages_are_clustered_and_still_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setattr(vectors, "FLAT_UP_TO", 100)
    rows = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors.build(rows, tmp_path)
    nearest = vectors.Nearest(tmp_path)
    assert all(nearest.find(rows[n : n + 1], 3)[0] == n for n in range(0, 2000, 97))
    among = np.zeros(2000, dtype=bool)
    among[[5, 1999]] = True
    assert set(nearest.find(rows[:1], 10, among)) == {5, 1999}
    assert nearest.find(np.zeros((1, 16), dtype=np.float32), 3) == []


def test_a_release_of_nothing_has_no_embedder_to_train() -> None:
    from nlp.embed import EmbedderError

    with pytest.raises(EmbedderError, match="too few"):
        Trained.fit(["甲"])


# -- the gold questions ------------------------------------------------------------------------


def test_gold_questions_name_what_exists_and_are_many() -> None:
    gold = questions()
    assert len(gold) >= 200
    assert len({a.id for a in gold}) == len({a.text for a in gold}) == len(gold)
    assert all(j.grade in (1, 2) for a in gold for j in a.judgements)


def test_a_judgement_counts_when_a_passage_holds_it(index: Index) -> None:
    judge = Judge(index)
    gold = questions()[0]._replace(judgements=())
    asked = gold._replace(
        judgements=(
            type(questions()[0].judgements[0])("非甾体抗炎药", Predicate.INTERACTS_WITH, "维生素K拮抗剂", 2),
            type(questions()[0].judgements[0])("胸部CT", Predicate.EXAM_INDICATED, "肺炎", 1),
        )
    )
    assert [judge.holding(j) for j in asked.judgements] == [{"pair"}, {"ct"}]
    score = judge.score(asked, index.find("华法林能和布洛芬一起吃吗", limit=1))
    assert score is not None
    assert (score.recall, score.passages) == (0.5, 0.5)


@pytest.mark.slow
def test_nine_of_ten_gold_judgements_are_found_of_questions_nobody_tuned_on(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    search.build(snapshot, tmp_path)
    index = Index.open(tmp_path, snapshot)
    scores = measured(Judge(index), [a for a in questions() if a.held_out], lambda text: index.find(text))
    assert len(scores) > 80
    assert Figures.of(list(scores.values())).recall >= 0.90
