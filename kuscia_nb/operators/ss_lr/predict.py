"""ss_lr_predict: scores of rows with a model of which each party has a share; one party learns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ParameterError
from ...texts.sentence import Sentence
from ..component import Component
from ..parameter import Parameter
from ..party import Operator, Party, ranked_parties
from .metrics import probabilities
from .parameters import A_PARTY
from .results import Predictions
from .scores import Scorer, given, parameters_of

if TYPE_CHECKING:
    import pandas as pd

    from .metrics import Floats

_RECEIVER = "the party that learns the scores; left out, it is the one that had the label in the training"
PARAMETERS = parameters_of(Parameter("receiver", A_PARTY, None, "", _RECEIVER))

_LEARNS = (
    "{receiver} has learned {rows} scores. Each tells one number about a row of {other}: what its columns add to"
    " it. With many more rows than columns, {receiver} can also estimate the weights of its own columns."
)


async def ss_lr_predict(party: Party) -> None:
    """Score rows with a model of which each party has a share; one party learns the scores, the other nothing.

    The inputs are the result of ss_lr and, if an earlier task has made them, the rows; else each party names its file.
    Rows need no label. The receiver writes a CSV file: id (if there is one), score, probability = 0.5 + score / 8, cut
    to [0, 1] (the sigmoid of the training), and the predicted class, 1 from 0.5 on. A score says one number about the
    other party's row.
    """
    parameters = given(party, PARAMETERS, "ss_lr_predict")
    roles, wanted = ranked_parties(party.environment), parameters["receiver"]
    if wanted is not None and wanted not in roles:
        raise ParameterError(
            f"parameter receiver = {wanted!r} is not a party of this task; allowed: {', '.join(roles)}"
        )
    scorer = await Scorer.agree(party, parameters, {"receiver": wanted})
    had_label = [offer.had_label for offer in scorer.offers]
    to = roles.index(wanted) if wanted else had_label.index(True)
    scores = await scorer.open(to)
    receiver, other = party.domains[to], party.domains[1 - to]
    if scores is None:
        party.log(f"sent this party's share of {len(scorer.rows.features)} scores to {receiver}")
        party.describe_output("scores", {"receiver": receiver, "rows": len(scorer.rows.features)})
        return
    party.note(Sentence(_LEARNS, receiver=receiver, other=other, rows=f"{len(scores):,}"))
    party.write_csv("scores", _frame(scorer, scores))


def _frame(scorer: Scorer, scores: Floats) -> pd.DataFrame:
    import pandas as pd

    chances = probabilities(scores)
    columns = {"score": scores, "probability": chances, "predicted": (chances >= 0.5).astype(int)}
    if scorer.rows.ids is not None:
        columns = {scorer.rows.id_column or "id": scorer.rows.ids, **columns}
    return pd.DataFrame(columns)


SS_LR_PREDICT = Operator(
    Component("ss_lr_predict", "ss-lr-predict", inputs=("model", "train_data"), outputs=("scores",)),
    ss_lr_predict,
    image="ss-lr-predict",
    parameters=PARAMETERS,
    result=Predictions,
)
