"""What Kuscia's own ss-lr has left: on each node a text file with that party's shares (spec: kuscia §4.5).

They are printed in six digits, are shares of numbers of the order of 1, and as large as 2^45 themselves: six digits of
each do not add up to a weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError
from ...operators.results import Ran, Told
from ...texts.sentence import Sentence

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 6
_NO_MODEL = (
    "Kuscia's ss-lr writes each share in six digits: the two files cannot be added up again. job.shares() has them."
)


class PrintedShares:
    """The files of the nodes that can be read."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def shares(self, node: str) -> pd.DataFrame:
        """One node's own, as its file has them: feature, owner, ring (<NA>: the digits are lost), share.

        The file names no features. By the rules they are the columns of the guests, then of the hosts, then the
        intercept.
        """
        import pandas as pd

        values = self._values(node)
        names = [*(f"column {place}" for place in range(1, len(values))), "intercept"]
        owners = pd.array([pd.NA] * len(values), dtype="string")
        rings = pd.array([pd.NA] * len(values), dtype="UInt64")
        return pd.DataFrame({"feature": names, "owner": owners, "ring": rings, "share": values})

    def weights(self) -> pd.DataFrame:
        """Not to be had: a DataError says why, in numbers."""
        largest = max((np.max(np.abs(self._values(node)), initial=0.0) for node in self._ran.outputs), default=0.0)
        spacing = 10.0 ** (np.floor(np.log10(largest)) - _DIGITS + 1) if largest else 0.0
        what = (
            f"the weights of job {self._ran.job} cannot be put together: Kuscia prints shares in six digits, they are "
            f"as large as {largest:.3g}, and there two numbers that print the same are up to {spacing:.3g} apart"
        )
        raise DataError(what, hint="the same manifest with kn.connect(), whose files have every digit")

    def told(self) -> Told:
        """What the report says of it."""
        return Told(notes=[Sentence(_NO_MODEL)])

    def _values(self, node: str) -> Any:
        path = self._ran.output(node)
        try:
            lines = path.read_text("utf-8", "replace").split()
        except OSError as error:
            raise self._ran.gone(node) from error
        try:
            return np.array([float(line) for line in lines], np.float32).astype(np.float64)
        except ValueError as error:
            raise DataError(f"{path} is no file of shares: {error}") from error
