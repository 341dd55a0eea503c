"""Benchmarks of what understands language: baselines are what they say they are, and of what is held out only totals are
printed."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks import answers, language
from benchmarks.__main__ import SECTIONS
from benchmarks.diagnosis import Bin, _within, expected_error
from benchmarks.search import Asked, Judge, Judgement
from knowledge.model import Predicate
from knowledge.snapshot import Snapshot
from nlp import search
from nlp.lexicon import Lexicon
from nlp.search import Index
from tests import search_world as world

TEXT = "患者发热3天，无咳嗽、咳痰。"


def fragment(id_: str, *facts: dict[str, object], text: str = TEXT) -> dict[str, object]:
    return {"id": id_, "phenomena": ["negation"], "section": "现病史", "text": text, "facts": list(facts)}


FACTS = (
    {"span": "发热", "name": "发热", "kind": "finding", "days": 3},
    {"span": "咳嗽", "name": "咳嗽", "kind": "finding", "assertion": "absent"},
    {"span": "咳痰", "name": "咳痰", "kind": "finding", "assertion": "absent"},
)


def test_every_section_has_a_report() -> None:
    for name in SECTIONS:
        spec = find_spec(f"benchmarks.{name}")
        assert spec is not None, name
        assert re.search(r"^def report\(", Path(str(spec.origin)).read_text("utf-8"), re.M), name


# -- records -----------------------------------------------------------------------------------


def test_the_longest_names_alone_are_all_taken_as_there(snapshot: Snapshot) -> None:
    lexicon = Lexicon.of(snapshot)
    gold = [fragment("negation-1", *FACTS)]
    plain = language.measure(lexicon, gold, language.longest(snapshot))
    denying = language.measure(lexicon, gold, language.longest(snapshot, denials=True))
    ours = language.measure(lexicon, gold)
    assert (plain.names.right, plain.phenomena["negation"].right, plain.meant.right) == (3, 0, 1)
    assert (denying.names.right, denying.phenomena["negation"].right, denying.meant.right) == (3, 2, 3)
    assert (ours.facts.right, plain.facts.right, denying.facts.right) == (3, 0, 2), "none but ours reads how long"


def test_of_what_is_held_out_no_text_is_printed(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = fragment("fresh-1", {"span": "怪声", "name": "怪声", "kind": "finding"}, text="夜间怪声。")
    known = fragment("negation-1", {"span": "乱语", "name": "乱语", "kind": "drug"}, text="夜间乱语。")
    monkeypatch.setattr(language, "gold", lambda: [secret, known])
    monkeypatch.setattr(language, "starter", lambda: snapshot)
    monkeypatch.setattr(language, "speed", lambda *_: 0.0)
    language.report()
    printed = capsys.readouterr().out
    assert "missed 乱语" in printed
    assert "怪声" not in printed
    assert "fresh-1" not in printed


def test_the_worst_errors_stand_first_and_are_bounded() -> None:
    errors = [language.Error("a", aspect, aspect) for aspect in ("site", "missed", "assertion", "site")]
    summary, *told = language.worst(errors, most=2)
    assert summary.startswith("errors: 4 (site 2, ")
    assert [line.split(": ")[1] for line in told] == ["assertion", "missed"]


# -- answers -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("answers")
    (root / "index").mkdir()
    search.build(world.compiled(root / "r.ygr"), root / "index")
    return Index.open(root / "index", Snapshot(root / "r.ygr", "r" * 64))


def asked(id_: str, text: str, *judgements: Judgement) -> Asked:
    return Asked(id_, text, "test", judgements)


def test_answers_are_measured_beside_first_hits(index: Index) -> None:
    pair = Judgement("维生素K拮抗剂", Predicate.INTERACTS_WITH, "非甾体抗炎药", 2)
    nowhere = Judgement("华法林", Predicate.SKIN_TEST, "", 2)
    gold = [
        asked("q-1", "华法林能和布洛芬一起吃吗", pair),
        asked("q-2", "华法林要皮试吗", nowhere),
        asked("u-1", "青霉素多少钱一支"),
    ]
    judge = Judge(index)
    ours = answers.Figures.of(answers.measure(judge, gold, answers.by_passages(index)))
    hits = answers.Figures.of(answers.measure(judge, gold, answers.by_words(index, answers.SHOWN)))
    assert (ours.answerable, ours.unanswerable) == (1, 1), "what the release holds nothing of is not asked"
    assert (ours.answered, ours.hit, ours.first, ours.refused) == (1, 1, 1, 1)
    assert (hits.answered, hits.hit) == (1, 1)
    assert hits.precision < ours.precision


def test_errors_of_answers_are_told_by_kind_and_bounded(index: Index) -> None:
    given = [one.passage for one in index.find("华法林", limit=1)]
    wrong = [answers.Reply(asked(f"u-{n}", "多少钱"), given, frozenset()) for n in range(3)]
    refused = answers.Reply(asked("q-1", "能吃吗"), [], frozenset("x"))
    lines = list(answers.errors([*wrong, refused], most=2))
    assert lines[0] == "answered though nothing carries it: 3, the first 2"
    assert sum("多少钱" in line for line in lines) == 2
    assert lines[-1].startswith("  q-1 能吃吗")


def test_the_questions_that_nothing_answers_have_no_judgements_and_both_parts() -> None:
    gold = answers.unanswerable()
    assert len(gold) == len({one.id for one in gold}) == len({one.text for one in gold})
    assert not any(one.judgements for one in gold)
    assert {one.held_out for one in gold} == {True, False}


# -- diagnoses ---------------------------------------------------------------------------------


def test_diseases_that_are_as_common_share_a_place() -> None:
    chances = np.array([0.4, 0.2, 0.2, 0.2])
    assert [_within(chances, 0, 1), _within(chances, 1, 1), _within(chances, 1, 4)] == [1, 0, 1]
    assert _within(chances, 2, 3) == pytest.approx(2 / 3)


def test_calibration_error_is_weighed_by_how_many_were_said() -> None:
    assert expected_error([Bin(3, 0.2, 0.2), Bin(1, 0.9, 0.5)]) == pytest.approx(0.1)
    assert expected_error([]) == 0
