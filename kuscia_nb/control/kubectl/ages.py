"""How long ago, in the two or three figures that people need (spec: kuscia §1.10)."""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


def age(time: datetime | None, now: datetime) -> str:
    """3s, 2m5s, 7d23h, 2y; nothing for a time that is not set. Objects have their times to the second."""
    return "" if time is None else human(now - time.replace(microsecond=0))


def human(duration: timedelta) -> str:
    """A duration as kubectl has it."""
    seconds = int(duration.total_seconds())  # towards zero: clocks may differ by almost two seconds
    if seconds < -1:
        return "<invalid>"
    if seconds < 2 * MINUTE:
        return f"{max(seconds, 0)}s"
    if seconds < 10 * MINUTE:
        return _two(seconds, MINUTE, "m", 1, "s")
    if seconds < 3 * HOUR:
        return f"{seconds // MINUTE}m"
    if seconds < 8 * HOUR:
        return _two(seconds, HOUR, "h", MINUTE, "m")
    if seconds < 2 * DAY:
        return f"{seconds // HOUR}h"
    if seconds < 8 * DAY:
        return _two(seconds, DAY, "d", HOUR, "h")
    if seconds < 2 * YEAR:
        return f"{seconds // DAY}d"
    if seconds < 8 * YEAR:
        return _two(seconds, YEAR, "y", DAY, "d")
    return f"{seconds // YEAR}y"


def _two(seconds: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    """2m5s, or 2m when nothing is left."""
    rest = seconds % large // small
    return f"{seconds // large}{large_unit}" + (f"{rest}{small_unit}" if rest else "")
