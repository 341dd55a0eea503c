"""Sore throat: Centor, McIsaac.

Sources: Centor RM, et al. Med Decis Making 1981;1:239-246. McIsaac WJ, et al. CMAJ 1998;158:75-83.
"""

from inference.score import Band, Citation, Level, Population, Score, age, at, measured, over, start, yes

_DISEASES = ("扁桃体炎", "咽炎")
_FINDINGS = ("咽痛",)
_COMMON = (
    yes("exudate", "扁桃体渗出(McIsaac：肿大或渗出)", 1),
    yes("nodes", "颈前淋巴结肿大压痛", 1),
    measured("temperature", start(0), over(38, 1), help="或病史中有>38℃。"),
    yes("no_cough", "无咳嗽", 1),
)

_CENTOR = Score(
    name="centor",
    title="Centor 咽炎评分",
    purpose="估计成人A组链球菌咽炎可能性。",
    items=_COMMON,
    bands=(
        Band(0, "低(0~2分)", Level.LOW, "链球菌感染可能性较低(约3%~17%)。", "对症治疗，不用抗菌药。"),
        Band(
            3,
            "高(3~4分)",
            Level.MODERATE,
            "链球菌感染可能性较高(约32%~56%)。",
            "行快速抗原检测或咽拭子培养，阳性者用青霉素类。",
        ),
    ),
    citation=Citation("The diagnosis of strep throat in adults in the emergency room", "Med Decis Making", 1981),
    population=Population("≥15岁", 15),
    diseases=_DISEASES,
    findings=_FINDINGS,
)

_MCISAAC = Score(
    name="mcisaac",
    title="McIsaac 咽炎评分(改良Centor)",
    purpose="估计A组链球菌咽炎可能性，含年龄校正。",
    items=(*_COMMON, age(at(3, 1), at(15, 0), at(45, -1), low=3)),
    bands=(
        Band(-1, "很低(≤0分)", Level.LOW, "链球菌感染可能性约1%~2.5%。", "对症治疗，不做检测，不用抗菌药。"),
        Band(1, "低(1分)", Level.LOW, "可能性约5%~10%。", "对症治疗，一般不做检测。"),
        Band(2, "中(2~3分)", Level.MODERATE, "可能性约11%~35%。", "快速抗原检测或培养，阳性才用抗菌药。"),
        Band(4, "高(≥4分)", Level.HIGH, "可能性约51%~53%。", "检测或经验性青霉素类治疗。"),
    ),
    citation=Citation(
        "A clinical score to reduce unnecessary antibiotic use in patients with sore throat", "CMAJ", 1998
    ),
    population=Population("≥3岁", 3),
    diseases=_DISEASES,
    findings=_FINDINGS,
)

SCORE = (_CENTOR, _MCISAAC)
