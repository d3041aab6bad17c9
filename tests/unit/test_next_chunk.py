"""What a claim does next: a table of cases, without a database."""

import pytest

from engine.next_chunk import ChunkNow, Progress, Step, next_step


def chunk(number, **values):
    return ChunkNow(number, **values)


def alone(next_position=0, total=100):
    """A job with one chunk at a time."""
    return Progress(1, next_position, total)


def parallel(next_position=0, total=100, next_wave=0):
    """A job with two chunks at a time."""
    return Progress(2, next_position, total, next_wave)


CUT_WHOLE = 100  # the position after the last one

CASES = {
    "a new job is cut": ([], [], alone(), Step.CUT),
    "one at a time: a running chunk is waited for": ([chunk(1)], [], alone(50), Step.WAIT),
    "the first queued chunk is taken": ([], [chunk(1), chunk(2)], alone(50), 1),
    "in order: nothing overtakes a chunk that waits": (
        [],
        [chunk(1, waits=True), chunk(2)],
        alone(50),
        Step.WAIT,
    ),
    "in order: a chunk that waits keeps the next one from being cut": (
        [],
        [chunk(1, waits=True)],
        alone(50),
        Step.WAIT,
    ),
    "the last chunk has ended": ([], [], alone(CUT_WHOLE), Step.END),
    "the last chunk runs": ([chunk(1)], [], alone(CUT_WHOLE), Step.WAIT),
    "the last chunk waits": ([], [chunk(1, waits=True)], alone(CUT_WHOLE), Step.WAIT),
    "side by side: another chunk is cut": ([chunk(1)], [], parallel(50), Step.CUT),
    "side by side: not more than the job asks for": (
        [chunk(1), chunk(2)],
        [chunk(3)],
        parallel(50),
        Step.WAIT,
    ),
    "side by side: a chunk that waits is overtaken": (
        [],
        [chunk(1, waits=True), chunk(2)],
        parallel(50),
        2,
    ),
    "side by side: while all queued chunks wait, the next one is cut": (
        [],
        [chunk(1, waits=True)],
        parallel(50),
        Step.CUT,
    ),
    "suspects run one at a time": (
        [chunk(1, suspect=True)],
        [chunk(2, suspect=True), chunk(3)],
        parallel(CUT_WHOLE),
        3,
    ),
    "a suspect runs beside a chunk that is none": (
        [chunk(1)],
        [chunk(2, suspect=True)],
        parallel(CUT_WHOLE),
        2,
    ),
    "two suspects and nothing to cut": (
        [chunk(1, suspect=True)],
        [chunk(2, suspect=True)],
        parallel(CUT_WHOLE),
        Step.WAIT,
    ),
    "a wave waits for the running chunk of the wave before": (
        [chunk(1, wave=0)],
        [],
        parallel(50, next_wave=1),
        Step.WAIT,
    ),
    "a wave waits for a queued chunk of the wave before": (
        [],
        [chunk(1, wave=0, waits=True)],
        parallel(50, next_wave=1),
        Step.WAIT,
    ),
    "a wave is cut once the wave before has ended": (
        [],
        [],
        parallel(50, next_wave=1),
        Step.CUT,
    ),
    "a wave goes on beside its own chunk": (
        [chunk(1, wave=1)],
        [],
        parallel(50, next_wave=1),
        Step.CUT,
    ),
    "after a retry: a queued chunk of a later wave waits for the running one": (
        [chunk(1, wave=0)],
        [chunk(2, wave=1)],
        parallel(CUT_WHOLE),
        Step.WAIT,
    ),
    "after a retry: the earlier wave goes first": (
        [],
        [chunk(1, wave=1), chunk(2, wave=0)],
        parallel(CUT_WHOLE),
        2,
    ),
}


@pytest.mark.parametrize(("running", "queued", "progress", "expected"), CASES.values(), ids=CASES)
def test_next_step(running, queued, progress, expected):
    """Each case names the rule that it shows; a number is the id of the chunk to take."""
    step = next_step(running, queued, progress)
    assert (step.id if isinstance(step, ChunkNow) else step) == expected
