"""What landed in each minute of the last hour."""

MINUTES = 60
COUNTS = ("done", "failed", "skipped")


def last_hour(counted: list[tuple], now: int, since: int) -> dict:
    """Counts by minute, the current minute last.

    :param counted: (minute, done, failed, skipped) of the minutes in which something landed
    :param now: the current minute; minutes count from 1970
    :param since: the first minute that was counted as a whole

    >>> hour = last_hour([(100, 5, 1, 0), (20, 9, 9, 9)], now=100, since=99)
    >>> hour["first"], hour["done"], hour["failed"], hour["skipped"]
    (99, [0, 5], [0, 1], [0, 0])
    """
    first = min(max(since, now - MINUTES + 1), now)
    series = {name: [0] * (now - first + 1) for name in COUNTS}
    for minute, *counts in counted:
        if first <= minute <= now:
            for name, count in zip(COUNTS, counts, strict=True):
                series[name][minute - first] += count
    return {"first": first, **series}
