"""How well a floor tells names of a standard from what is nothing of the kind: fitted on four fifths of them and of
everyday words, measured on the fifth that is held out and on texts as people write them into fields of forms.

The floor that is shipped is fitted here: synonyms taken out of the starter release, and operation names as hospitals
write them where the shared data are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot, hash_key
from nlp.term_floor import SHIPPED, Distance, Floor
from nlp.term_index import Index
from nlp.term_scores import Scored
from nlp.term_strangers import everyday, strangers
from nlp.terms import Normaliser

EVERY: Final = 5
_LOST: Final = 0.03
BY_HAND: Final = (
    "asdf qwerty hello test123 xx 1234 20261103 ???? 。。。 今天天气不错 你好 我想请假 明天下午三点开会 好的谢谢 张三丰 "
    "北京市朝阳区 苹果手机 合同编号 随便写写 测试数据 见上 同前 同上 见附页 详见病历 待补充 家属已知情 下周复诊 "
    "注意休息 按时服药 请于餐后服用 自费 医保已报销 床位费 挂号费 张主任门诊 绿色通道 会议室预约 打印失败 "
    "系统升级 密码错误 联系电话 身份证号 停车场 食堂菜单 周末加班 快递到了"
).split()
"""What people write into a field that asks for a name."""


class Asked(NamedTuple):
    """Written names with the names of the standard that each may mean."""

    texts: tuple[str, ...]
    meant: tuple[frozenset[str], ...]


class Kept(NamedTuple):
    """Shares of texts that something is offered for."""

    right: float
    strange: float
    by_hand: float


def held_out(text: str) -> bool:
    return hash_key(text) % EVERY == 0


def rightly_first(index: Index, asked: Asked) -> Iterator[tuple[str, Distance]]:
    """Names whose likeliest one is right, and how far it is."""
    scored = Scored.of(index, index.read(asked.texts), None)
    for row, one in scored.distances.items():
        within = scored.within(row)
        first = within.start + int(scored.scores[within].argmax())
        if index.names[int(scored.found.places[first])] in asked.meant[row]:
            yield asked.texts[row], one


def distances(index: Index, texts: Sequence[str]) -> list[tuple[str, Distance]]:
    """How far texts are that mean nothing here."""
    return [(texts[row], one) for row, one in Scored.of(index, index.read(texts), None).distances.items()]


def synonyms(snapshot: Snapshot, asked: Sequence[tuple[str, str]]) -> Asked:
    """Synonyms with the id of the concept that they are taken from."""
    by_id = {concept.id: concept for concept in snapshot.concepts()}
    meant = [frozenset(normal_name(n) for n in (by_id[i].name, *by_id[i].synonyms)) for _, i in asked]
    return Asked(tuple(text for text, _ in asked), tuple(meant))


class Trial:
    """What the floor is fitted to and measured on, gathered system by system."""

    def __init__(self) -> None:
        self._own: list[tuple[str, Distance]] = []
        self._strange: list[tuple[str, Distance]] = []
        self._by_hand: list[Distance] = []

    def add(self, index: Index, asked: Asked) -> None:
        known = frozenset(index.names)
        self._own += rightly_first(index, asked)
        self._strange += distances(index, [t for t in everyday() if normal_name(t) not in known])
        self._by_hand += [one for _, one in distances(index, BY_HAND)]

    def fitted(self) -> Floor:
        """The floor of the four fifths."""
        own, strange = ([one for text, one in held if not held_out(text)] for held in (self._own, self._strange))
        return Floor.fit(own, strange, _LOST)

    def kept(self, floor: Floor) -> Kept:
        """What a floor lets pass of the fifth, and of what was written by hand."""
        own, strange = ([one for text, one in held if held_out(text)] for held in (self._own, self._strange))
        return Kept(*(sum(map(floor.holds, held)) / len(held) for held in (own, strange, self._by_hand)))


def report(trial: Trial) -> None:
    """Fit, measure, and print beside what is shipped."""
    fitted = trial.fitted()
    figures = ", ".join(f"{name} {value:.2f}" for name, value in fitted.weights._asdict().items())
    print(f"  floor fitted now: {figures}, intercept {fitted.intercept:.2f}, least {fitted.least:.3f}")
    for what, floor in (("fitted now", fitted), ("shipped", SHIPPED)):
        kept = trial.kept(floor)
        print(
            f"  floor {what}: offered for {kept.right:.1%} of names whose likeliest is right, {kept.strange:.1%} of "
            f"everyday words, {kept.by_hand:.1%} of texts written by hand",
            flush=True,
        )


def offered(normaliser: Normaliser, system: str, texts: Sequence[str]) -> float:
    """The share of texts that anything is offered for."""
    return sum(any(parts) for parts in normaliser.many(texts, system)) / len(texts)


def foreign(whole: Snapshot, index: Index, system: str) -> list[str]:
    """Texts of the held-out fifth that mean nothing of a system, and those written by hand."""
    return [*filter(held_out, strangers(whole, system, frozenset(index.names))), *BY_HAND]
