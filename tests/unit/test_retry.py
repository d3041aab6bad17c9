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
    ("conflicts", "size", "policy", "verdict"),
    [
        (1, 100, "isolate", "wait"),
        (4, 100, "isolate", "wait"),
        (5, 100, "isolate", "split"),
        (5, 1, "isolate", "fail"),
        (4, 1, "isolate", "wait"),
        (5, 100, "all", "fail"),
        (4, 100, "all", "wait"),
    ],
)
def test_after_a_conflict(conflicts, size, policy, verdict):
    """Five tries, then smaller; an operation fails only if the conflict persists with it alone."""
    assert after_conflict(conflicts, size, policy) == verdict


@pytest.mark.parametrize(
    ("lost", "size", "policy", "verdict"),
    [
        (1, 100, "isolate", "split"),
        (1, 1, "isolate", "rerun"),
        (2, 1, "isolate", "rerun"),
        (3, 1, "isolate", "fail"),
        (1, 100, "all", "rerun"),
        (2, 100, "all", "fail"),
        (1, 1, "stop", "rerun"),
    ],
)
def test_after_a_lost_worker(lost, size, policy, verdict):
    """A lost worker makes its chunk smaller; three killed alone, or two by all, end it."""
    assert after_lost_worker(lost, size, policy) == verdict
