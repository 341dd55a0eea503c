"""How drugs are taken, as orders and records say it."""

from __future__ import annotations

from nlp.drug_phrases import Name, Taken, form_after, taken
from nlp.durations import durations


def said(text: str, *names: str, routes: tuple[str, ...] = ()) -> list[Taken]:
    places = [text.index(name) for name in names]
    limits = [*places[1:], len(text)]
    made = [
        Name(start, form_after(text, start + len(name)), limit, routes)
        for start, name, limit in zip(places, names, limits, strict=True)
    ]
    return taken(text, made, durations(text))


def test_an_order_with_a_course() -> None:
    assert said("阿莫西林胶囊0.5g tid口服×7天", "阿莫西林") == [Taken(0.5, "g", "tid", "口服", 7)]


def test_a_route_named_first_holds_for_the_list() -> None:
    found = said("长期服用拜阿司匹灵100mg qn、立普妥20mg qn", "拜阿司匹灵", "立普妥")
    assert [one.route for one in found] == ["口服", "口服"]


def test_what_stands_at_the_end_of_a_mixture_holds_for_all_of_it() -> None:
    found = said("氯化钠100ml+头孢曲松2.0g ivgtt qd", "氯化钠", "头孢曲松")
    assert [(one.route, one.frequency) for one in found] == [("静脉滴注", "qd")] * 2


def test_the_dosage_form_tells_the_route() -> None:
    (tablet,) = said("厄贝沙坦片150mg qd", "厄贝沙坦")
    (cream,) = said("莫米松乳膏 bid", "莫米松")
    assert (tablet.route, cream.route) == ("口服", "外用")


def test_a_drug_dissolved_under_the_tongue() -> None:
    (found,) = said("含服硝酸甘油", "硝酸甘油", routes=("舌下含服",))
    assert found.route == "舌下含服"


def test_so_much_a_day_is_once_a_day() -> None:
    assert said("缬沙坦胶囊80mg/日", "缬沙坦")[0][:3] == (80, "mg", "qd")


def test_doses_in_words() -> None:
    assert said("格列美脲改成半片", "格列美脲")[0][:2] == (0.5, "片")


def test_a_clause_says_when_and_how_much_is_taken_as_needed() -> None:
    (puffs,) = said("沙丁胺醇气雾剂，喘息发作时吸2喷。", "沙丁胺醇")
    (tongue,) = said("硝酸甘油片，胸痛时舌下含服", "硝酸甘油")
    (meal,) = said("阿卡波糖片，进餐时服1片。", "阿卡波糖")
    other = said("布洛芬混悬液，发热时口服对乙酰氨基酚0.5g。", "布洛芬", "对乙酰氨基酚")
    assert puffs == Taken(2, "喷", "prn", "吸入")
    assert (tongue.frequency, tongue.route) == ("prn", "舌下含服")
    assert meal.frequency == "", "a meal is no need"
    assert [(one.dose, one.frequency) for one in other] == [(None, ""), (0.5, "")], "the clause is the other drug's"


def test_what_follows_in_another_clause_is_not_the_drugs() -> None:
    (found,) = said("予头孢唑林预防感染，产后出血约600ml", "头孢唑林")
    assert found.dose is None


def test_hours_between_doses_are_no_course() -> None:
    (found,) = said("亚胺培南1.0g q8h抗感染7天", "亚胺培南")
    assert (found.frequency, found.days) == ("q8h", 7)
