"""``yigong train-risk``: a risk model on the installation's own data, or how the one in use fits newer data."""

from __future__ import annotations

from typing import Annotated

import typer

from api.terminal import By, Command, DataDir, house


def train_risk(
    name: Annotated[str, typer.Argument(help="mortality, readmission, aki, sepsis …, or a name of your own")],
    data: Annotated[str, typer.Argument(help="a CSV file, or `repository`")],
    by: By,
    title: Annotated[str, typer.Option(help="what people read; empty: of the topic, or the name")] = "",
    kind: Annotated[str, typer.Option(help="boosting or logistic")] = "boosting",
    share: Annotated[float, typer.Option(min=0.001, max=0.5, help="share of cases that may raise an alarm")] = 0.1,
    check: Annotated[bool, typer.Option(help="train nothing: see how the model in use fits this data")] = False,
    data_dir: DataDir = None,
) -> None:
    """Train a risk model on this installation's own data, with its model card, or check the one in use.

    In order of time; used from then on unless it tells nobody apart. No model is shipped: what another hospital
    learned says little here."""
    from api.risk_training import check_on, trained_on
    from inference.learning import TrainingError

    opened = house(data_dir)
    try:
        if check:
            check_on(opened, name, data)
        else:
            trained_on(opened, name, data, by, title, kind, share)
    except TrainingError as error:
        raise typer.BadParameter(str(error), param_hint="data") from None


COMMANDS = (Command("train-risk", train_risk),)
