import pytest

from engine.progress import next_rate, percent, time_left


@pytest.mark.parametrize(
    ("total", "remaining", "expected"),
    [(0, 0, 0.0), (3, 3, 0.0), (3, 2, 33.33), (3, 0, 100.0), (1_000_000, 1, 100.0)],
)
def test_progress_goes_from_0_to_100(total, remaining, expected):
    """Progress goes from 0 to 100; an empty job has made none."""
    assert percent(total, remaining) == expected


@pytest.mark.parametrize(
    ("previous", "operations", "seconds", "expected"),
    [
        (0.0, 50, 0.5, 100.0),
        (100.0, 0, 1.0, 100.0),
        (100.0, 5, 0.0, 100.0),
        (50.0, 100, 5.0, 31.04),
    ],
)
def test_rate_is_smoothed(previous, operations, seconds, expected):
    """A measurement weighs by its length; none, or one without time, changes nothing."""
    assert next_rate(previous, operations, seconds) == pytest.approx(expected, abs=0.01)


def test_time_left_is_unknown_without_a_rate():
    """No rate, no promise; otherwise what remains at this rate."""
    assert (time_left(10, 0.0), time_left(10, 4.0), time_left(0, 4.0)) == (None, 2.5, 0.0)
