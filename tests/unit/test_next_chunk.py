"""What a claim does next: a table of cases, without a database."""

import pytest

from engine.footprint import Footprint
from engine.next_chunk import ChunkNow, Progress, Step, next_step


def chunk(number, **values):
    return ChunkNow(number, **values)


def alone(next_position=0, total=100):
    """A job with one chunk at a time."""
    return Progress(1, next_position, total)


def parallel(next_position=0, total=100, next_wave=0):
    """A job with two chunks at a time."""
    return Progress(2, next_position, total, next_wave)


def stages(next_position=50, limit=4):
    """A job that leaves the number of chunks at once to the server; it is four now."""
    return Progress(limit, next_position, 100, in_stages=True)


def part(number, *targets, stage="writes", names=(), **values):
    """A chunk of a job with stages."""
    return ChunkNow(
        number, stage=stage, footprint=Footprint(frozenset(targets), frozenset(names)), **values
    )


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
    "stages: the next chunk is cut beside chunks of a stage": (
        [part(1, 7), part(2, 8)],
        [],
        stages(),
        Step.CUT,
    ),
    "stages: a chunk of the same stage runs beside": ([part(1, 7)], [part(2, 8)], stages(), 2),
    "stages: not more than the number of the moment": (
        [part(1, 7)],
        [part(2, 8)],
        stages(limit=1),
        Step.WAIT,
    ),
    "stages: the number may have become smaller meanwhile": (
        [part(1, 7), part(2, 8)],
        [part(3, 9)],
        stages(limit=1),
        Step.WAIT,
    ),
    "stages: a chunk that targets the same waits": (
        [part(1, 7)],
        [part(2, 7)],
        stages(),
        Step.WAIT,
    ),
    "stages: a chunk that targets what the other names waits": (
        [part(1, 7, names=[9])],
        [part(2, 9)],
        stages(),
        Step.WAIT,
    ),
    "stages: a chunk that names what the other targets waits": (
        [part(1, 7)],
        [part(2, 8, names=[7])],
        stages(),
        Step.WAIT,
    ),
    "stages: what both name does not count": (
        [part(1, 7, names=[9])],
        [part(2, 8, names=[9])],
        stages(),
        2,
    ),
    "stages: the next stage waits": (
        [part(1, 7)],
        [part(2, 8, stage="calls")],
        stages(),
        Step.WAIT,
    ),
    "stages: a chunk that runs alone waits for those before": (
        [part(1, 7)],
        [part(2, 8, stage="")],
        stages(),
        Step.WAIT,
    ),
    "stages: nothing is cut beside a chunk that runs alone": (
        [part(1, 7, stage="")],
        [],
        stages(),
        Step.WAIT,
    ),
    "stages: nothing is cut behind a chunk that may not begin": (
        [part(1, 7)],
        [part(2, 7)],
        stages(),
        Step.WAIT,
    ),
    "stages: a chunk overtakes one that it does not meet": (
        [part(1, 7)],
        [part(2, 7), part(3, 8)],
        stages(),
        3,
    ),
    "stages: no chunk overtakes one that it meets": (
        [part(1, 7)],
        [part(2, 7, 8), part(3, 8)],
        stages(),
        Step.WAIT,
    ),
    "stages: a chunk that waits is overtaken by what it does not meet": (
        [],
        [part(1, 7, waits=True), part(2, 8)],
        stages(),
        2,
    ),
    "stages: while all queued chunks wait, the next one is cut": (
        [],
        [part(1, 7, waits=True)],
        stages(),
        Step.CUT,
    ),
    "stages: a chunk that waits and runs alone is not overtaken": (
        [],
        [part(1, 7, stage="", waits=True), part(2, 8)],
        stages(),
        Step.WAIT,
    ),
    "stages: suspects run one at a time": (
        [part(1, 7, suspect=True)],
        [part(2, 8, suspect=True)],
        stages(CUT_WHOLE),
        Step.WAIT,
    ),
    "stages: what nobody has looked at runs alone": (
        [part(1, 7)],
        [ChunkNow(2, stage="writes")],
        stages(),
        Step.WAIT,
    ),
    "stages: the last chunk has ended": ([], [], stages(CUT_WHOLE), Step.END),
}


@pytest.mark.parametrize(("running", "queued", "progress", "expected"), CASES.values(), ids=CASES)
def test_each_case_has_its_step(running, queued, progress, expected):
    """Each case names the rule that it shows; a number is the id of the chunk to take."""
    step = next_step(running, queued, progress)
    assert (step.id if isinstance(step, ChunkNow) else step) == expected
