"""Where an installation keeps the models it trained: a folder for each, named by its digest, signed by the
installation's key. What is not signed by it is not opened: a stored model is code."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import msgspec

from base.security import SigningKey, sm3, verify
from inference.learned import Card, Model
from inference.learning import Trained

_CARD, _PAGE, _MODEL, _SIGNED = "card.json", "card.md", "model.bin", "signature"
_ACTIVE: Final = "ACTIVE"


class ModelError(Exception):
    """A model that cannot be stored or opened; the message says why."""


def store(folder: Path, trained: Trained, key: SigningKey, activate: bool = True) -> Path:
    """Keep a trained model under its digest; the one to be used from now on unless told otherwise. A model that tells
    nobody apart is kept but not used. Gives its folder."""
    card, model = msgspec.json.format(msgspec.json.encode(trained.card), indent=1), pickle.dumps(trained.estimator)
    digest = sm3(card + model)
    place = folder / trained.card.name / digest[:16]
    place.mkdir(parents=True, exist_ok=True)
    (place / _MODEL).write_bytes(model)
    (place / _CARD).write_bytes(card)
    (place / _PAGE).write_text(page(trained.card), "utf-8")
    (place / _SIGNED).write_text(key.sign(digest.encode()))
    if activate and trained.card.usable:
        mark = place.parent / f".{_ACTIVE}"
        mark.write_text(place.name)
        mark.replace(place.parent / _ACTIVE)
    return place


def active(folder: Path) -> dict[str, Path]:
    """Folders of the models in use, by name."""
    marks = folder.glob(f"*/{_ACTIVE}") if folder.is_dir() else ()
    return {mark.parent.name: mark.parent / mark.read_text().strip() for mark in sorted(marks)}


def opened(place: Path, keys: Collection[str]) -> Model:
    """A stored model. Raises ``ModelError`` when it was changed, was signed by nobody we know, or was made by another
    edition of scikit-learn."""
    try:
        card, model, signature = ((place / name).read_bytes() for name in (_CARD, _MODEL, _SIGNED))
    except OSError as error:
        raise ModelError(f"{place.name}: {error.strerror}") from None
    digest = sm3(card + model)
    if digest[:16] != place.name or not any(verify(key, digest.encode(), signature.decode()) for key in keys):
        raise ModelError(f"{place.name}: is not what was stored, or not signed by this installation: train it again")
    known = msgspec.json.decode(card, type=Card)
    _same_library(known)
    return Model(known, pickle.loads(model))  # signed by this installation


def _same_library(card: Card) -> None:
    import sklearn

    made = card.versions.get("scikit-learn", "")
    if made.split(".")[:2] != sklearn.__version__.split(".")[:2]:
        raise ModelError(f"{card.name}: made with scikit-learn {made}, here is {sklearn.__version__}: train it again")


def page(card: Card) -> str:
    """The card for people, as Markdown."""
    lines = [f"# 模型卡：{card.title}", "", f"- 名称：`{card.name}`，预测：{card.outcome}，算法：{card.kind}"]
    lines += [f"- 训练时间：{card.made}，训练者：{card.author or '未注明'}"]
    lines += [f"- 数据摘要(SM3)：`{card.data_digest}`", f"- 软件：{_pairs(card.versions)}", "", "## 数据", ""]
    lines += ["| 部分 | 例数 | 事件 | 起 | 止 |", "|---|---|---|---|---|"]
    lines += [f"| {name} | {p.cases} | {p.events} | {p.first} | {p.last} |" for name, p in card.parts.items()]
    lines += ["", "按时间先后划分；同一患者只进入一个部分。", "", "## 特征", "", "| 特征 | 训练集缺失 |", "|---|---|"]
    lines += [f"| {feature.title} | {card.missing[feature.title]:.0%} |" for feature in card.features]
    lines += ["", "## 测试集表现", "", "| 指标 | 值 |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in card.metrics.items()]
    lines += ["", "| 十分组 | 例数 | 平均预测 | 实际 |", "|---|---|---|---|"]
    rows = enumerate(card.calibration, start=1)
    lines += [f"| {n} | {b.cases} | {b.predicted:.3f} | {b.observed:.3f} |" for n, b in rows]
    lines += ["", f"报警阈值：{card.threshold:.3f}", "", "## 局限", ""]
    return "\n".join([*lines, *(f"- {limit}" for limit in card.limits), ""])


def _pairs(versions: dict[str, Any]) -> str:
    return "，".join(f"{name} {version}" for name, version in versions.items())
