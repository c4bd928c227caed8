"""Who has sent how many bytes for what: a fold over the messages of a trace."""

from __future__ import annotations

import pandas as pd

from ..canvas import GROUND, INK, LOOKS, Picture, canvas, labelled, legend
from ..errors import JobError


def by_op(messages: pd.DataFrame) -> pd.DataFrame:
    """Bytes by op (rows, in the order of the first message) and sender (columns, by name, the TTP last)."""
    table = messages.pivot_table("bytes", "op", "sender", "sum", fill_value=0, sort=False)
    senders = sorted(table.columns, key=lambda sender: (sender == "ttp", sender))
    return table.reindex(index=messages["op"].drop_duplicates(), columns=senders).astype(int)


def traffic(job: str, messages: pd.DataFrame, unlisted: int) -> Picture:
    """Bytes by op and sender as bars."""
    if messages.empty:
        raise JobError(f"job {job} has no messages in its trace", hint='run it with trace="sizes" or "full"')
    table = by_op(messages)
    drawn = canvas(f"{job}: bytes by what they were sent for", (9, 1.8 + 0.5 * len(table)))
    axes, height = drawn.axes[0], 0.8 / len(table.columns)
    for i, (sender, look) in enumerate(zip(table.columns, LOOKS, strict=False)):
        sizes = table[sender].to_numpy()
        places = [row + (i - (len(table.columns) - 1) / 2) * height for row in range(len(table))]
        bars = axes.barh(
            places,
            sizes,
            height,
            color=look.colour,
            hatch=look.hatch,
            edgecolor=GROUND,
            linewidth=0.5,
            label=f"sent by {sender}: {sizes.sum():,}",
        )
        axes.bar_label(bars, [f"{sender} {size:,}" if size else "" for size in sizes], padding=3, fontsize=8, color=INK)
    axes.set_yticks(range(len(table)), table.index.tolist())
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="x", nbins=6)
    rest = f"; {unlisted:,} later messages are not listed by op" if unlisted else ""
    labelled(axes, f"{len(messages):,} messages, {table.to_numpy().sum():,} bytes{rest}", "bytes of payload", "op")
    legend(drawn, axes, len(LOOKS))
    return Picture(drawn.figure, _words(job, table, len(messages), rest))


def _words(job: str, table: pd.DataFrame, count: int, rest: str) -> str:
    ops = "; ".join(
        f"{op}: " + ", ".join(f"{sender} {size:,}" for sender, size in row.items() if size)
        for op, row in table.iterrows()
    )
    return f"{job}: {count:,} messages, {table.to_numpy().sum():,} bytes{rest}. By op, in bytes sent: {ops}."
