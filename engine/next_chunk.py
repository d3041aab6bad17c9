"""What a claim does next for a job: take a queued chunk, cut a new chunk, wait, or end the job."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class ChunkNow:
    """A chunk that has not ended: the facts that the decision needs.

    `suspect`: an earlier run of these operations did not end; the next run may kill its worker.
    `waits`: the chunk was put back after a conflict, and must wait before the next try.
    """

    id: int
    wave: int = 0
    suspect: bool = False
    waits: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a job has been cut into chunks, and how it may run.

    `next_wave`: the wave of the operation at `next_position`; 0 in a job without waves.
    """

    max_parallel: int
    next_position: int
    total: int
    next_wave: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether every operation belongs to a chunk."""
        return self.next_position >= self.total


class Step(Enum):
    """The decisions that name no chunk."""

    CUT = "cut the next chunk"
    WAIT = "leave the job to the runners at work, or to a later claim"
    END = "nothing is left"


def next_step(
    running: list[ChunkNow], queued: list[ChunkNow], progress: Progress
) -> ChunkNow | Step:
    """Decide what a claim does.

    :param running: chunks with a living worker
    :param queued: the first queued chunks of the job, in order of position
    :returns: the queued chunk to take, or a `Step`
    """
    if not queued and not running and progress.is_cut:
        return Step.END
    if len(running) >= progress.max_parallel:
        return Step.WAIT
    if queued and progress.max_parallel == 1:
        # keep the order of submission: no chunk overtakes a chunk that waits
        return Step.WAIT if queued[0].waits else queued[0]
    chunk = _first_ready(running, queued)
    if chunk:
        return chunk
    return Step.CUT if _may_cut(running, queued, progress) else Step.WAIT


def _first_ready(running: list[ChunkNow], queued: list[ChunkNow]) -> ChunkNow | None:
    """The first queued chunk of the lowest wave that may run beside the running ones."""
    wave = min((chunk.wave for chunk in [*running, *queued]), default=0)
    # suspects run one at a time: two suspects could kill all cron workers at once
    risky = any(chunk.suspect for chunk in running)
    for chunk in queued:
        if chunk.wave == wave and not chunk.waits and not (chunk.suspect and risky):
            return chunk
    return None


def _may_cut(running: list[ChunkNow], queued: list[ChunkNow], progress: Progress) -> bool:
    """Whether a new chunk may be cut. A wave begins only after the wave before has ended, because
    operations refer to records of earlier waves."""
    if progress.is_cut:
        return False
    return all(chunk.wave == progress.next_wave for chunk in [*running, *queued])
