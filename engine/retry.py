"""Transient database errors and lost workers: how long to wait, how often to try again."""

TRANSIENT_CODES = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55P03": "lock not available",
}
CONFLICT_BUDGET = 5  # tries of one chunk before the chunk is cut smaller
BACK_OFF_CAP = 30.0  # seconds
FURTHEST_WAIT = 2 * BACK_OFF_CAP  # a longer wait means that the server's clock was set back
LOST_BUDGET = 3  # workers that a chunk may cost if it cannot be cut smaller


def back_off(conflicts: int, jitter: float) -> float:
    """Seconds to wait after the n-th conflict: between half and all of 0.2, 0.4, 0.8 … 30.

    :param jitter: a random number from 0 to 1

    >>> [back_off(n, 1.0) for n in (1, 2, 3, 9)]
    [0.2, 0.4, 0.8, 30.0]
    >>> back_off(1, 0.0)
    0.1
    """
    longest = min(0.1 * 2**conflicts, BACK_OFF_CAP)
    return longest / 2 + longest / 2 * jitter


def after_conflict(conflicts: int, size: int, whole: bool) -> str:
    """What to do with a chunk after its n-th conflict in a row: 'wait', 'split' or 'fail'."""
    if conflicts < CONFLICT_BUDGET:
        return "wait"
    return "split" if size > 1 and not whole else "fail"


def after_lost_worker(lost: int, size: int, whole: bool) -> str:
    """What to do with a chunk that lost its n-th worker: 'rerun', 'split' or 'fail'."""
    if size > 1 and not whole:
        return "split"
    return "rerun" if lost < LOST_BUDGET else "fail"
