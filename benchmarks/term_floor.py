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
UNSEEN: Final = (
    "明天放假 晚上吃什么 电梯坏了 领导签字 发票抬头 请假三天 陪护证已办 押金不足 床头铃坏了 家属要求转院 已通知家属 患者签字 "
    "见医嘱单 复印病历 退费申请 预约挂号 王医生下班 不需要 没有了 略 详见附件 请勿修改 系统测试用 第一页 续前 上海市浦东新区 "
    "中国人民银行 李小明 13800138000 2026年11月 11月27日 上午十点 门诊大厅二楼 洗手间在哪里 谢谢医生 打车回家 天气很冷 "
    "孩子上学 买菜做饭 值班电话"
).split()
"""More of them, written after all that the floor looks at was chosen."""


class Asked(NamedTuple):
    """Written names with the names of the standard that each may mean."""

    texts: tuple[str, ...]
    meant: tuple[frozenset[str], ...]


class Kept(NamedTuple):
    """Shares of texts that something is offered for."""

    right: float
    strange: float
    by_hand: float
    unseen: float


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
        self._unseen: list[Distance] = []

    def add(self, index: Index, asked: Asked) -> None:
        known = frozenset(index.names)
        self._own += rightly_first(index, asked)
        self._strange += distances(index, [t for t in everyday() if normal_name(t) not in known])
        self._by_hand += [one for _, one in distances(index, BY_HAND)]
        self._unseen += [one for _, one in distances(index, UNSEEN)]

    def fitted(self) -> Floor:
        """The floor of the four fifths."""
        own, strange = ([one for text, one in held if not held_out(text)] for held in (self._own, self._strange))
        return Floor.fit(own, strange, _LOST)

    def kept(self, floor: Floor) -> Kept:
        """What a floor lets pass of the fifth, and of what was written by hand."""
        own, strange = ([one for text, one in held if held_out(text)] for held in (self._own, self._strange))
        asked = (own, strange, self._by_hand, self._unseen)
        return Kept(*(sum(map(floor.holds, held)) / len(held) for held in asked))


def report(trial: Trial) -> None:
    """Fit, measure, and print beside what is shipped."""
    fitted = trial.fitted()
    figures = ", ".join(f"{name} {value:.2f}" for name, value in fitted.weights._asdict().items())
    print(f"  floor fitted now: {figures}, intercept {fitted.intercept:.2f}, least {fitted.least:.3f}")
    for what, floor in (("fitted now", fitted), ("shipped", SHIPPED)):
        kept = trial.kept(floor)
        print(
            f"  floor {what}: offered for {kept.right:.1%} of names whose likeliest is right, {kept.strange:.1%} of "
            f"everyday words, {kept.by_hand:.1%} of texts written by hand, {kept.unseen:.1%} of those written later",
            flush=True,
        )


def offered(normaliser: Normaliser, system: str, texts: Sequence[str]) -> float:
    """The share of texts that anything is offered for."""
    return sum(any(parts) for parts in normaliser.many(texts, system)) / len(texts)


def foreign(whole: Snapshot, index: Index, system: str) -> list[str]:
    """Texts of the held-out fifth that mean nothing of a system, and those written by hand."""
    return [*filter(held_out, strangers(whole, system, frozenset(index.names))), *BY_HAND]
