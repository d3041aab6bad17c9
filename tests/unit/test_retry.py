import pytest

from engine.retry import TRANSIENT_CODES, after_conflict, after_lost_worker, back_off


def test_which_errors_are_nobodys_fault():
    """Exactly serialization failure, deadlock and lock not available are tried again."""
    assert set(TRANSIENT_CODES) == {"40001", "40P01", "55P03"}


@pytest.mark.parametrize("conflicts", range(1, 20))
def test_waiting_grows_and_is_bounded(conflicts):
    """The wait lies between half and all of 0.2 s, 0.4 s, 0.8 s … 30 s."""
    longest = min(0.1 * 2**conflicts, 30.0)
    waits = [back_off(conflicts, jitter / 10) for jitter in range(11)]
    assert (waits[0], waits[-1]) == (longest / 2, longest)
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("conflicts", "size", "whole", "verdict"),
    [
        (1, 100, False, "wait"),
        (4, 100, False, "wait"),
        (5, 100, False, "split"),
        (5, 1, False, "fail"),
        (4, 1, False, "wait"),
        (5, 100, True, "fail"),
        (4, 100, True, "wait"),
    ],
)
def test_after_a_conflict(conflicts, size, whole, verdict):
    """Five tries, then smaller; an operation fails only if the conflict persists with it alone."""
    assert after_conflict(conflicts, size, whole) == verdict


@pytest.mark.parametrize(
    ("lost", "size", "whole", "verdict"),
    [
        (1, 100, False, "split"),
        (1, 1, False, "rerun"),
        (2, 1, False, "rerun"),
        (3, 1, False, "fail"),
        (1, 100, True, "rerun"),
        (2, 100, True, "rerun"),
        (3, 100, True, "fail"),
    ],
)
def test_after_a_lost_worker(lost, size, whole, verdict):
    """A lost worker makes its chunk smaller; three end what is not cut any more."""
    assert after_lost_worker(lost, size, whole) == verdict
