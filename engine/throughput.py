"""The speed of a job over its time at work, in points of equal width."""

from datetime import datetime, timedelta


def filled(
    found: dict[int, tuple[datetime, float, float]], count: int, seconds: float
) -> list[dict]:
    """All points from the first to the last; at a point that was not found nothing was at work.

    :param found: number of a point -> (when it begins, rows per second, those that failed)
    :param count: how many points there are
    :param seconds: the width of a point

    >>> nine = datetime(2026, 1, 2, 9)
    >>> for point in filled({0: (nine, 50.0, 0.0), 2: (nine, 40.0, 2.0)}, 3, 10.0):
    ...     print(point["at"].time(), point["rate"], point["failed_rate"])
    09:00:00 50.0 0.0
    09:00:10 0.0 0.0
    09:00:00 40.0 2.0
    """
    points: list[dict] = []
    for number in range(count):
        if number in found:
            at, rate, failed = found[number]
        else:
            # the first point is always found
            at, rate, failed = points[-1]["at"] + timedelta(seconds=seconds), 0.0, 0.0
        points.append({"at": at, "rate": round(rate, 1), "failed_rate": round(failed, 1)})
    return points
