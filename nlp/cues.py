"""Words of a question that tell what kind of knowledge is asked for, and what they are in pinyin and English."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from knowledge.model import Predicate
from nlp.spelling import pinyin

_P = Predicate
_CUES: Final[tuple[tuple[tuple[Predicate, ...], str], ...]] = (
    (
        (_P.INTERACTS_WITH,),
        r"相互作用 合用 同用 同服 联用 联合 一起(吃|用|服|开|打) 同时(吃|用|服|开) 碰上 加.{1,8}会 "
        r"和.{1,12}(一起|影响) 与.{1,12}(影响|风险)",
    ),
    (
        (_P.IV_INCOMPATIBLE, _P.INFUSION_LIMIT),
        r"配伍 同瓶 一瓶 同一?管路 同一瓶 续滴 变浑 浑浊 沉淀 Y型 混合 混在 里.{0,3}加 "
        r"用.{0,3}(盐水|糖水|葡萄糖|氯化钠|溶媒|液体) 稀释 配(吗|液|制)?$ NS\b GS\b",
    ),
    (
        (_P.INFUSION_LIMIT,),
        r"溶媒 浓度 滴速 泵速 速度 滴注 静滴 输液 输注 滴多[长久] 滴注时间 避光 静脉滴 非PVC 通路 补[钾钠液] "
        r"肠外营养 阳离子",
    ),
    ((_P.CONTRAINDICATED_IN,), r"禁忌 禁用 不能用 不宜 慎用 加重"),
    ((_P.PREGNANCY_LACTATION,), r"孕 妊娠 怀孕 备孕 哺乳 喂奶 致畸 胎儿 乳汁 宝妈 产妇"),
    (
        (_P.AGE_LIMIT, _P.DOSE_RANGE),
        r"儿童 小儿 小孩 孩子 婴 新生儿 宝宝 岁以下 岁以上 老人 老年 高龄 月龄 幼儿",
    ),
    ((_P.RENAL_LIMIT,), r"肾功 肾衰 肾损 肾病 尿毒症 透析 肌酐 eGFR CrCl CKD 血透 肾小球滤过"),
    ((_P.HEPATIC_LIMIT,), r"肝功 肝损 肝硬化 肝病 肝衰 肝胆 Child 转氨酶 肝不好"),
    (
        (_P.DOSE_RANGE,),
        r"剂量 用量 用法 起始量 维持量 负荷 最大 最多 几片 多少(毫克|mg|片) 每次 一次吃 怎么[吃用] "
        r"按(公斤|体重) mg/kg 预防量 吃多少 给多少 极量 一天",
    ),
    (
        (_P.DOSE_BOUND,),
        r"累积 终身 终生 最大.{0,8}(mg|ug|单位) 单次上限 上限 不一样 红线 总量 mg/kg最大 封顶 一次最多打",
    ),
    ((_P.FREQUENCY_LIMIT,), r"一周几次 几次 频次 间隔 多久一次 每周 每天几次 一天几次 隔多久"),
    ((_P.ROUTE_LIMIT,), r"静推 推注 直接推 肌注 肌内 皮下 雾化 静脉打 鞘内 途径 口服吗 外用 滴眼 静脉注射"),
    ((_P.ADMINISTRATION_LIMIT,), r"掰 嚼 磨碎 研碎 碾碎 鼻饲 打开胶囊 整片 缓释片 肠溶片 饭前 饭后"),
    (
        (_P.DRUG_FOOD,),
        r"酒 柚 菠菜 饮食 豆浆 牛奶 茶 咖啡 随餐 空腹 餐[前后] 饭[前后] 吸烟 抽烟 忌口 食物 奶酪 吃什么菜",
    ),
    ((_P.SKIN_TEST,), r"皮试 过敏试验"),
    ((_P.CROSS_REACTS, _P.ALLERGEN_OF), r"过敏 皮疹 HIT"),
    ((_P.CRITICAL_ACTION,), r"危急值 怎么处理 处置 低于 大于 高于 过低 过高 怎么办 [<>＜＞] 低.{0,3}输"),
    ((_P.REFERENCE_RANGE,), r"正常 参考(区间|范围|值) 范围"),
    ((_P.LAB_NEEDED,), r"多久查 监测 要查 复查 查什么 查.{0,6}吗 用药前.{0,4}查 前要查"),
    ((_P.LAB_LIMIT,), r"谷浓度 血药浓度 浓度 中毒 停药 多高 多少(不能|停|才能) 低钾 高钾 低于 不能用"),
    ((_P.LAB_INTERFERENCE,), r"化验 影响.{0,6}(检查|化验|检验|结果|甲功) 准不准 干扰 假(阳|阴)性"),
    ((_P.PHARMACOGENOMIC,), r"基因 HLA CYP 慢代谢 快代谢 代谢型 TPMT NUDT G6PD UGT DPYD"),
    (
        (_P.PROPHYLAXIS,),
        r"预防(用|感染|性) 术前.{0,8}(抗|头孢) 切皮 预防用药 预防.{0,3}抗 几小时停 切除.{0,4}预防 "
        r"手术.{0,8}抗生素",
    ),
    (
        (_P.PERIOPERATIVE,),
        r"术前 手术 围术 围手术 麻醉 拔牙 腰麻 椎管 内镜 肠镜 停几天 停多久 停药几天 桥接 应激",
    ),
    ((_P.PROCEDURE_NEEDS,), r"术前.{0,6}(查|检查) 输血前 全麻"),
    ((_P.PROCEDURE_LIMIT,), r"手术 切除术 能(做|手术) 做手术"),
    (
        (_P.EXAM_LIMIT,),
        r"核磁 MRI CT 增强 造影 胃镜 肠镜 腰穿 超声 肺功能 X线 起搏器 植入 检查 能.{0,2}做 行不行",
    ),
    (
        (_P.EXAM_INDICATED, _P.WORKUP),
        r"(做|查|首选|什么)检查 确诊 诊断 做.{0,3}(B超|CT|超声|彩超) 还是CT 彩超 监测吗 需要做 做什么 怀疑",
    ),
    ((_P.CONTROLLED,), r"管制 精神药 麻醉药 毒性 处方(量|限) 限量 开几天 第几类 红处方 精二 精一 麻精"),
    ((_P.HIGH_ALERT,), r"高警示 高危药 高危"),
    ((_P.TRANSFUSION_THRESHOLD,), r"输血 输注 血小板 血浆 红细胞 冷沉淀 指征"),
    ((_P.DISEASE_ALERT,), r"报卡 上报 报告 传染病 网报 几类 甲类 乙类 丙类 时限 紧急 急救 中毒"),
    ((_P.ANTIMICROBIAL_GRADE,), r"几级 特殊使用 限制使用 分级 非限制 能开 级抗菌"),
    ((_P.ORGANISM_RESISTANCE,), r"耐药 敏感 MRSA VRE ESBL CRE CRAB 铜绿 鲍曼 覆盖"),
    ((_P.HERB_INCOMPATIBLE,), r"十八反 十九畏 反 畏 一起开 相克"),
    ((_P.HERB_LIMIT,), r"煎 饮片 内服 先煎 用量 毒性"),
    ((_P.DUPLICATE_GROUP,), r"两种 重复 同时开 合用 一起开"),
    ((_P.DURATION_LIMIT,), r"疗程 几天 多少天 吃几天 用几天 多长时间 用多久 最长"),
    (
        (_P.PLAN,),
        r"治疗 用什么药 吃什么 吃啥 首选 方案 怎么治 选哪 几联 四联 怎么开 一线 溶栓 终止 急救 用药 怎么用 "
        r"抗凝 药",
    ),
    ((_P.INDICATED_FOR,), r"适应[症证] 能治 可以治 治.{1,6}吗 用于 主治 吃什么"),
    (
        (_P.PATHWAY_STEP,),
        r"首选 入院 要用 小时内 路径 先.{0,12}再 要不要用 要查 用哪些 怎么用 急性",
    ),
    ((_P.NURSING_RISK,), r"跌倒 压疮 压力性损伤 误吸 VTE 护理"),
    ((_P.INSURANCE_LIMIT,), r"医保 报销 支付 自费"),
    (
        (_P.BURDEN,),
        r"QT 5-?羟色胺 出血风险 中枢抑制 抗胆碱 低血糖 低钠 惊厥 骨髓抑制 肾毒 高钾 哪些.{0,6}(会|引起) 延长",
    ),
    ((_P.WASHOUT,), r"停了 停药 换 多久(才)?能 恢复 停.{1,6}(多久|几天) 洗脱"),
    ((_P.COMPANION,), r"必须.{0,2}用 解救 预处理 提前吃 单用 搭配 要不要(提前|加)"),
    ((_P.HAS_FINDING, _P.HAS_SYMPTOM), r"症状 表现 体征 有什么反应 特点"),
    ((_P.DIFFERS_FROM,), r"鉴别 区别 怎么区分 不同"),
    ((_P.COMPLICATED_BY,), r"并发症"),
    ((_P.TREATED_IN, _P.DISEASE_PROFILE), r"挂什么?科 看什么科 哪个科 科室"),
    ((_P.CONTAINS,), r"成分 含有 组成"),
    ((_P.GOOD_FOOD,), r"宜吃 吃什么好"),
    ((_P.BAD_FOOD,), r"忌吃 不能吃什么"),
)
"""What is asked for, and the words (regular expressions) that ask for it; the first of several is meant most."""
_VAGUE: Final[tuple[tuple[Predicate, str], ...]] = (
    (_P.CONTRAINDICATED_IN, r"能不?能?[吃用] 可以[吃用] 能否 患者 病人"),
    (_P.PATHWAY_STEP, r"能用.{1,8}吗"),
)
"""Words that ask for something of the kind when nothing else in the question says more."""
_VAGUELY, _BESIDE = 0.6, 0.6
_COMPILED_VAGUE: Final = tuple((re.compile("|".join(words.split())), meant) for meant, words in _VAGUE)
_COMPILED: Final = tuple((re.compile("|".join(words.split()), re.IGNORECASE), meant) for meant, words in _CUES)
_SPOKEN: Final = (
    "相互作用 合用 配伍 禁忌 禁用 孕妇 妊娠 怀孕 哺乳 儿童 小儿 新生儿 老人 老年 肾功能 肾衰 透析 肝功能 "
    "剂量 用量 用法 最大剂量 静推 肌注 皮下 雾化 途径 浓度 滴速 速度 输液 输注 溶媒 静滴 饮食 饮酒 喝酒 "
    "空腹 皮试 过敏 危急值 正常值 参考范围 监测 基因 预防 术前 手术 停药 报告 上报 分级 耐药 疗程 治疗 "
    "用药 适应症 适应证 症状 检查 诊断 鉴别 煎法 内服 高警示 医保 方案 首选 "
).split()
_ENGLISH: Final = {
    "interaction": "相互作用",
    "interactions": "相互作用",
    "contraindication": "禁忌",
    "contraindications": "禁忌",
    "pregnancy": "妊娠",
    "pregnant": "妊娠",
    "lactation": "哺乳",
    "breastfeeding": "哺乳",
    "renal": "肾功能",
    "kidney": "肾功能",
    "hepatic": "肝功能",
    "liver": "肝功能",
    "dose": "剂量",
    "dosage": "剂量",
    "dosing": "剂量",
    "adult": "成人",
    "child": "儿童",
    "children": "儿童",
    "pediatric": "儿童",
    "elderly": "老年",
    "infusion": "输注",
    "rate": "滴速",
    "concentration": "浓度",
    "food": "饮食",
    "alcohol": "饮酒",
    "allergy": "过敏",
    "monitoring": "监测",
    "indication": "适应证",
    "treatment": "治疗",
    "duration": "疗程",
    "diagnosis": "诊断",
    "symptoms": "症状",
}


_EVERYDAY: Final = {
    "糖水": "葡萄糖",
    "盐水": "氯化钠",
    "NS": "氯化钠",
    "GS": "葡萄糖",
    "维C": "维生素C",
    "沙坦": "血管紧张素II受体拮抗剂",
    "普利": "血管紧张素转换酶抑制剂",
    "洛尔": "β受体阻滞剂",
    "地平": "钙通道阻滞剂",
    "他汀": "他汀类",
    "拉唑": "质子泵抑制剂",
    "PPI": "质子泵抑制剂",
    "SSRI": "选择性5-羟色胺再摄取抑制剂",
    "LABA": "长效β2受体激动剂",
    "ICS": "吸入性糖皮质激素",
    "ARB": "血管紧张素II受体拮抗剂",
    "CCB": "钙通道阻滞剂",
    "DOAC": "直接口服抗凝药",
    "NOAC": "直接口服抗凝药",
    "含钙": "钙剂",
    "钙片": "钙剂",
    "含铁": "铁剂",
    "PD-1": "免疫检查点抑制剂",
    "PD-L1": "免疫检查点抑制剂",
    "激素": "全身用糖皮质激素",
    "降压药": "抗高血压药",
    "安眠药": "苯二氮䓬类",
    "止痛药": "非甾体抗炎药",
    "消炎药": "抗菌药",
    "抗生素": "抗菌药",
    "夹层": "主动脉夹层",
    "全麻": "全身麻醉下手术",
    "血浆": "血浆制剂",
    "血小板": "血小板计数",
    "造影剂": "碘对比剂",
}
"""Stems and words of the ward that name a class, and the name it has in the release."""
_MEANT: Final = {word.upper(): name for word, name in _EVERYDAY.items()}
_WARD: Final = re.compile(
    "|".join(
        rf"(?<![A-Za-z0-9]){re.escape(w)}(?![A-Za-z0-9])" if w.isascii() else re.escape(w)
        for w in sorted(_EVERYDAY, key=len, reverse=True)
    ),
    re.IGNORECASE,
)


def ward_words(text: str) -> list[tuple[int, int, str]]:
    """Words of the ward in a question: where, and the name that is meant."""
    return [(found.start(), found.end(), _MEANT[found[0].upper()]) for found in _WARD.finditer(text)]


def predicates(text: str) -> dict[Predicate, float]:
    """What a question asks for, each with a weight: a cue that stands for several kinds weighs less for each."""
    found: dict[Predicate, float] = {}
    for pattern, meant in _COMPILED:
        if pattern.search(text):
            for place, predicate in enumerate(meant):
                found[predicate] = max(found.get(predicate, 0.0), 1.0 if place == 0 else _BESIDE)
    for pattern, predicate in _COMPILED_VAGUE:
        if predicate not in found and pattern.search(text):
            found[predicate] = _VAGUELY if found else 1.0
    return found


def in_chinese(token: str) -> str:
    """What a Latin word of a question means, English or pinyin; empty when it is no such word."""
    return _ENGLISH.get(token) or _pinyins().get(token, "")


@lru_cache(1)
def _pinyins() -> dict[str, str]:
    return {pinyin(word)[0]: word for word in reversed(_SPOKEN)}
