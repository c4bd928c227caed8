"""Parameters of ss_lr that work for most files, from what is public: how many rows and columns there are."""

from __future__ import annotations

import math
from typing import Any

_SLOPE = 8
"""Training diverges where learning_rate / 8 times the largest eigenvalue of X^T X / n is above 2 (spec: ss_lr §2)."""
_WAY = 150
"""Steps times learning rate after which a model of scaled columns hardly changes any more."""
_MOST_EPOCHS = 50


def suggest(rows: int, columns: int) -> dict[str, Any]:
    """scale, batch_size, learning_rate, num_epoch, l2_norm for files with so many rows, and columns of both parties.

    Of columns scaled to mean 0 and deviation 1, and the constant one, no eigenvalue is larger than their number. The
    rate is half of what is safe for that; batches are a power of two, about a hundred in an epoch.
    """
    batch_size = min(2 ** max(4, min(10, round(math.log2(max(rows, 1) / 100)))), max(rows, 1))
    rate = float(f"{min(0.5, _SLOPE / 2 / (columns + 1)):.1g}")
    epochs = math.ceil(_WAY / rate / max(1, rows // batch_size))
    return {
        "scale": "standard",
        "batch_size": batch_size,
        "learning_rate": rate,
        "num_epoch": min(_MOST_EPOCHS, epochs),
        "l2_norm": 0,
    }
