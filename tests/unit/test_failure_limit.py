"""When a job has failed enough."""

import pytest

from engine.failure_limit import check_max_failures, failures_of, is_reached
from engine.history import NOTHING, with_landed, with_skipped


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, None),
        (1, "1"),
        ("100", "100"),
        ("5%", "5%"),
        ("100%", "100%"),
        ("10.0%", "10%"),
        ("0.5%", "0.5%"),
    ],
)
def test_one_form_for_each_limit(given, stored):
    """However a limit is written, it is stored, and compared by an idempotency key, in one form."""
    assert check_max_failures("max_failures", given) == stored


@pytest.mark.parametrize(
    ("limit", "failures", "ended", "reached"),
    [
        (None, 10, 10, False),
        ("1", 0, 10, False),
        ("1", 1, 1, True),
        ("3", 2, 1_000, False),
        ("3", 4, 4, True),
        ("5%", 99, 99, False),
        ("5%", 5, 101, False),
        ("5%", 6, 120, True),
        ("0.1%", 1, 1_001, False),
        ("0.1%", 1, 1_000, True),
        ("100%", 100, 100, True),
        ("100%", 100, 101, False),
    ],
)
def test_when_it_is_reached(limit, failures, ended, reached):
    """A number counts at once, a share after 100 operations and to the last digit."""
    assert is_reached(limit, failures, ended) is reached


@pytest.mark.parametrize(
    ("policy", "limit", "failures"),
    [("isolate", "5%", 2), ("isolate", "9", 2), ("chunk", "9", 2), ("chunk", "5%", 6)],
)
def test_policy_says_what_counts(policy, limit, failures):
    """What failed counts; under `chunk` a share counts what was rolled back with it, too."""
    landed = {**NOTHING, "succeeded": 3, "failed": 2, "skipped": 4}
    job = {"policy": policy, "max_failures": limit, "unrecorded": landed}
    assert failures_of(job) == (failures, 9)
    assert failures_of({**job, "unrecorded": None}) == (0, 0)


def test_what_has_landed_adds_up():
    """Chunks are added to what has landed before, causes included; a cancel adds what it skips."""
    cause = {"type": "user_error", "model": "m", "field": None, "constraint": None, "message": "no"}
    chunk = {"succeeded": 1, "failed": 2, "skipped": 0, "duration": 0.5}
    chunk["causes"] = [{**cause, "count": 2}]
    landed = with_landed(with_landed(None, [chunk]), [chunk, {**chunk, "duration": None}])
    assert landed == {
        "succeeded": 3,
        "failed": 6,
        "skipped": 0,
        "seconds": 1.0,
        "causes": [{**cause, "count": 6}],
    }
    assert with_skipped(landed, 4) == {**landed, "skipped": 4}
    assert with_skipped(None, 4) == {**NOTHING, "skipped": 4}
