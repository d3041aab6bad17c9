"""A job's progress, rate and time left."""

import math
from datetime import datetime, timezone

PUBLISH_EVERY = 0.5  # seconds between two bus messages of one job
RATE_WINDOW = 5.0  # seconds


def percent(total: int, remaining: int) -> float:
    """Progress from 0 to 100.

    >>> percent(8, 2), percent(0, 0)
    (75.0, 0.0)
    """
    return round(100.0 * (total - remaining) / total, 2) if total else 0.0


def next_rate(previous: float, operations: int, seconds: float) -> float:
    """Operations per second, averaged over about the last five seconds.

    A longer measurement weighs more. Two chunks may end at almost the same moment: the measurement
    between them is very short, and its rate would be far too high.

    >>> next_rate(0.0, 100, 1.0)
    100.0
    >>> round(next_rate(100.0, 200, 1.0))
    118
    >>> round(next_rate(100.0, 100, 0.001))
    120
    """
    if operations <= 0 or seconds <= 0:
        return previous
    if not previous:
        return operations / seconds
    weight = 1 - math.exp(-seconds / RATE_WINDOW)
    return previous + weight * (operations / seconds - previous)


def time_left(remaining: int, rate: float) -> float | None:
    """Seconds until the job ends; None if the rate is unknown. At least 0.1 while work remains.

    >>> time_left(100, 50.0), time_left(1, 50.0), time_left(100, 0.0)
    (2.0, 0.1, None)
    """
    if not rate:
        return None
    return max(round(remaining / rate, 1), 0.1) if remaining else 0.0


def split_duration(seconds: float) -> tuple[int, int, int]:
    """Whole hours, minutes and seconds.

    >>> split_duration(3725.6), split_duration(0.4)
    ((1, 2, 5), (0, 0, 0))
    """
    minutes, rest = divmod(int(seconds), 60)
    return (*divmod(minutes, 60), rest)


def iso(moment: datetime | None) -> str | None:
    """A moment as Odoo stores it (UTC, without a zone) in ISO 8601, with the zone.

    >>> iso(datetime(2026, 1, 2, 3, 4, 5))
    '2026-01-02T03:04:05+00:00'
    """
    return moment.replace(tzinfo=timezone.utc).isoformat() if moment else None
