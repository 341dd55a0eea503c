"""Burns: Parkland formula.

Source: Baxter CR, Shires T. Ann N Y Acad Sci 1968;150:874-894.
"""

from inference.score import Answers, Band, Citation, Level, Score, Verdict, measured, number


def _parkland(answers: Answers) -> Verdict:
    """4 mL · kg · % of body surface, half of it in the first 8 hours after the burn."""
    total = 4 * answers.number("weight") * answers.number("surface")
    return Verdict(total, notes=(f"伤后前8小时{total / 2:.0f} mL，后16小时{total / 2:.0f} mL(自受伤时刻算起)。",))


SCORE = Score(
    name="parkland",
    title="Parkland 烧伤补液公式",
    purpose="估算成人烧伤首个24小时乳酸林格液量。",
    items=(
        measured("weight", hours=24 * 30),
        number("surface", "II度以上烧伤面积", "%", 1, 100, help="不计I度。"),
    ),
    bands=(
        Band(
            0,
            "首个24小时补液量",
            Level.HIGH,
            "首个24小时晶体液估计量。",
            "按尿量0.5 mL/kg/h与血流动力学调整，避免补液过量。",
        ),
    ),
    citation=Citation(
        "Physiological response to crystalloid resuscitation of severe burns", "Ann N Y Acad Sci", 1968
    ),
    diseases=("烧伤", "大面积烧伤"),
    judge=_parkland,
    unit="mL",
)
