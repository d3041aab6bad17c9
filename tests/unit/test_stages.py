"""Where chunks end in a job with stages."""

import pytest

from engine.stages import ALONE, cut

CASES = {
    "within a stage a chunk has its size": ([(0, "a")], 0, (500, "a")),
    "a chunk ends with its stage": ([(0, "a"), (300, "b")], 0, (300, "a")),
    "a stage of exactly one chunk": ([(0, "a"), (500, "b")], 0, (500, "a")),
    "the rest of a stage is not filled up": (
        [(999, "a"), (1100, "b"), (1101, "c")],
        1000,
        (1100, "a"),
    ),
    "a stage that begins with the chunk has no chunk before": (
        [(999, "a"), (1000, "b"), (1001, "c")],
        1000,
        (1001, "b"),
    ),
    "several small stages make one chunk, which runs alone": (
        [(0, "a"), (1, "b"), (2, "a"), (400, "b")],
        0,
        (400, ALONE),
    ),
    "small stages to the job's end": ([(1599, "c"), (1600, "a"), (1700, "b")], 1600, (2000, ALONE)),
    "the last chunk of a stage at the job's end": ([(1699, "a")], 1700, (2000, "a")),
    "a stage that comes again is another one": (
        [(0, "a"), (100, "b"), (200, "a")],
        0,
        (200, ALONE),
    ),
}


@pytest.mark.parametrize(("starts", "first", "expected"), CASES.values(), ids=CASES)
def test_chunks_end_as_their_case_says(starts, first, expected):
    """Chunks of 500 of a job of 2,000; each case names the rule that it shows."""
    assert cut(starts, first, 500, 2_000) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_every_operation_once(size):
    """One chunk after another covers all positions, and no chunk but one that runs alone reaches
    over the end of a stage."""
    kinds = "aaaaaaaabcbcbcaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbcccc"
    starts = [n for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind]
    first = 0
    while first < len(kinds):
        window = [(n, kinds[n]) for n in starts if first - 1 < n <= first + size]
        if first and (not window or window[0][0] > first - 1):
            window.insert(0, (first - 1, kinds[first - 1]))
        end, stage = cut(window or [(0, kinds[0])], first, size, len(kinds))
        assert first < end <= first + size
        assert stage == ALONE or set(kinds[first:end]) == {stage}
        assert stage != ALONE or end == len(kinds) or end in starts
        first = end
